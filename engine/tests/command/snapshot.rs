//! Snapshots: a run that is continued is the run that was never interrupted.

use std::fs;
use std::path::Path;

use crate::support::{Ended, Folder, Program};

fn run(words: &str) -> Program {
    Program::project(&format!("run {words}"))
}

/// Takes a snapshot after `frames` steps.
fn take(folder: &Folder, name: &str, words: &str) -> Ended {
    run(words).arg("--snapshot").arg(folder.file(name)).done()
}

fn restore(path: &Path, words: &str) -> Program {
    let run = Program::project("run --restore").arg(path);
    words.split_whitespace().fold(run, Program::arg)
}

#[test]
fn a_restored_run_ends_like_the_straight_one() {
    let folder = Folder::new();
    let straight = run("--frames 60 --threads 1 --hash-every 15").done();
    let first = take(&folder, "a", "--frames 15 --threads 2");
    assert_eq!(first.hash(), straight.hash_of(15));
    let none = restore(&folder.file("a"), "--frames 0").done();
    assert_eq!(
        none.hash(),
        straight.hash_of(15),
        "restoring changes nothing"
    );
    let second = restore(&folder.file("a"), "--frames 15 --threads 3 --snapshot")
        .arg(folder.file("b"))
        .done();
    assert_eq!(second.hash(), straight.hash_of(30));
    let third = restore(&folder.file("b"), "--frames 30 --hash-every 15").done();
    assert_eq!(third.hash_of(45), straight.hash_of(45));
    assert_eq!(third.hash(), straight.hash());
    assert_eq!(folder.names(), ["a", "b"]);
}

#[test]
fn a_snapshot_brings_its_settings_seed_and_dt() {
    let folder = Folder::new();
    let options = "--set points=30 --set title=mine --seed 9 --dt 0.25";
    let straight = run(&format!("--frames 20 {options}")).done();
    take(&folder, "a", &format!("--frames 10 {options}"));
    // Another default in the project's file does not reach a run that goes on.
    folder.write(
        "layerw.toml",
        "[settings]\npoints = 7\n[run]\nseed = 1\ndt = 0.5\n",
    );
    let report = folder.file("report.json");
    let on = restore(&folder.file("a"), "--frames 10 --report")
        .arg(&report)
        .within(&folder)
        .done();
    assert_eq!(on.hash(), straight.hash());
    let report = folder.json("report.json");
    assert_eq!(
        (&report["settings"]["points"], &report["settings"]["title"]),
        (&"30".into(), &"mine".into())
    );
    assert_eq!(
        (
            &report["seed"],
            &report["dt"],
            &report["step"],
            &report["frames"]
        ),
        (&9.into(), &0.25.into(), &20.into(), &10.into())
    );
    let said_again = restore(&folder.file("a"), &format!("--frames 10 {options}")).done();
    assert_eq!(
        said_again.hash(),
        straight.hash(),
        "options may repeat what the snapshot holds"
    );
}

#[test]
fn contradicting_a_snapshot_is_wrong_usage() {
    let folder = Folder::new();
    take(
        &folder,
        "a.snapshot",
        "--frames 2 --set points=30 --seed 9 --dt 0.25",
    );
    for (options, sentence) in [
        (
            "--seed 8",
            "`--seed 8` contradicts `a.snapshot`, which was made with seed 9; leave the option out",
        ),
        (
            "--dt 0.5",
            "`--dt 0.5` contradicts `a.snapshot`, which was made with steps of 0.25 seconds; leave the option out",
        ),
        (
            "--set points=31",
            "`--set points=31` contradicts `a.snapshot`, which was made with `points=30`; leave the option out or begin a new run",
        ),
    ] {
        let said = restore(Path::new("a.snapshot"), options)
            .within(&folder)
            .refused(2);
        assert_eq!(said, format!("{sentence}\n"));
    }
}

#[test]
fn a_setting_that_the_project_got_later_is_named() {
    let folder = Folder::new();
    take(&folder, "a", "--frames 2");
    let said = |words: &str| {
        let on = restore(Path::new("a"), words).fault("WIND", 1);
        on.within(&folder).done().err
    };
    assert_eq!(
        said("--frames 1"),
        "`a` was written before this project had the setting `wind`; it is `0.5`, its default: give another value with `--set wind=…`\n"
    );
    assert_eq!(said("--frames 1 --set wind=0.5"), "");
    folder.write("layerw.toml", "[settings]\nwind = 2\n");
    assert_eq!(said("--frames 1"), "");
}

#[test]
fn files_that_are_no_snapshots_are_named() {
    let folder = Folder::new();
    take(&folder, "a", "--frames 2 --set points=10");
    let whole = fs::read(folder.file("a")).expect("the snapshot");
    let refused = |bytes: &[u8]| {
        folder.write("b", bytes);
        let said = restore(Path::new("b"), "--frames 1")
            .within(&folder)
            .refused(1);
        assert!(
            said.starts_with("`b`: image: ") && said.lines().count() == 1,
            "{said}"
        );
        said
    };
    assert!(refused(b"PNG image").contains("no Layer-W image"));
    assert!(refused(b"").contains("0 bytes"));
    for end in [4, 40, 100, whole.len() / 2, whole.len() - 1] {
        assert!(refused(&whole[..end]).contains("cut short"), "{end}");
    }
    for at in [20, 60, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        refused(&changed);
    }
    let mut version = whole.clone();
    version[8] = 99;
    assert!(refused(&version).contains("format version 99"));
}

#[test]
fn a_snapshot_of_another_project_is_refused() {
    let folder = Folder::new();
    folder.write("layerw.toml", "[project]\nname = 'other'\n");
    run("--frames 1 --snapshot a").within(&folder).done();
    let said = restore(&folder.file("a"), "--frames 1").refused(1);
    let path = folder.file("a");
    assert_eq!(
        said,
        format!(
            "`{}` is a snapshot of project `other`, and this is `layerw-test-project`; restore it with its own project\n",
            path.display()
        )
    );
}

#[test]
fn a_pool_that_is_too_small_for_the_snapshot_says_so() {
    let folder = Folder::new();
    take(&folder, "a", "--frames 1 --set points=100000");
    folder.write(
        "layerw.toml",
        "[memory]\ntotal = '64 MiB'\nlogic = '2 MiB'\n",
    );
    let ended = restore(Path::new("a"), "--frames 1").within(&folder).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
}
