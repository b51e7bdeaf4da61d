//! A process with little address space (`ulimit -v`): the default arena steps down and says so, one that was asked for is refused.

use std::ffi::OsString;
use std::process::{Command, Output};

use crate::support::{Folder, Program, hash_in};

/// Runs the program under a limit of so many MiB of address space; `None` where the host's shell cannot set one.
fn under(limit_mib: u64, program: Program) -> Option<Output> {
    let limit = format!("ulimit -v {}", limit_mib << 10);
    let possible = Command::new("sh").args(["-c", &limit]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        eprintln!("this host has no shell that limits address space: nothing to test");
        return None;
    }
    let inner = program.command();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{limit} && exec \"$0\" \"$@\""));
    shell.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.current_dir(inner.get_current_dir()?);
    Some(shell.output().expect("the shell starts"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn run(folder: &Folder, words: &str) -> Program {
    Program::project(&format!(
        "run --frames 5 --threads 2 --set points=100 {words}"
    ))
    .with_default_memory()
    .within(folder)
}

#[test]
fn the_default_arena_steps_down_and_says_so_once() {
    let folder = Folder::new();
    let free = run(&folder, "").done();
    for (limit, total, shown) in [
        (3_000, 2_048_u64, "2 GiB"),
        (1_800, 1_024, "1 GiB"),
        (1_200, 512, "512 MiB"),
    ] {
        let report: OsString = folder.file("report.json").into();
        let Some(ended) = under(limit, run(&folder, "--report").arg(report)) else {
            return;
        };
        let (out, err) = (text(&ended.stdout), text(&ended.stderr));
        assert!(ended.status.success(), "{err}");
        let said = err.lines().filter(|line| line.starts_with("memory: "));
        let said: Vec<_> = said.collect();
        assert_eq!(said.len(), 1, "{err}");
        assert!(
            said[0].starts_with("memory: this process has no 4 GiB of address space (it may use "),
            "{err}"
        );
        assert!(
            said[0].contains(&format!(
                "so the arena has {shown}; raise the limit (ulimit -v)"
            )),
            "{err}"
        );
        let report = folder.json("report.json");
        assert_eq!(report["memory"]["total"], total << 20, "{report:#}");
        assert_eq!(report["memory"]["reduced_from"], 4_u64 << 30);
        assert_eq!(
            hash_in(&out),
            free.hash(),
            "the arena's size decides nothing"
        );
    }
}

#[test]
fn a_total_that_was_asked_for_is_kept_or_refused() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[memory]\ntotal = '2 GiB'\n");
    let Some(ended) = under(1_200, run(&folder, "")) else {
        return;
    };
    let err = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(
        err.starts_with("memory: cannot reserve 2 GiB of address space: "),
        "{err}"
    );
    assert!(
        err.ends_with(", the process may use 1.17 GiB in all; lower the total, or raise the process's limit (ulimit -v)\n"),
        "{err}"
    );
    let small = under(1_200, run(&folder, "--memory-total 64MiB")).expect("as above");
    assert!(
        small.status.success() && small.stderr.is_empty(),
        "{small:?}"
    );
}

#[test]
fn where_nothing_fits_the_smallest_is_named() {
    let folder = Folder::new();
    let Some(ended) = under(500, run(&folder, "")) else {
        return;
    };
    let err = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{err}");
    assert!(
        err.starts_with("memory: cannot reserve 512 MiB of address space: "),
        "{err}"
    );
}
