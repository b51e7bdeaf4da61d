//! `--rewind`: a run that fails leaves the last good state behind.

use std::path::Path;

use crate::support::{Folder, Program};

fn run(words: &str) -> Program {
    Program::project(&format!("run {words}"))
}

/// The hash of a snapshot's state.
fn hash_of(folder: &Folder, snapshot: &str) -> String {
    let run = run("--frames 0 --restore").arg(folder.file(snapshot));
    run.done().hash()
}

#[test]
fn a_step_that_fails_leaves_the_one_before_it() {
    let folder = Folder::new();
    let words = "--set points=200 --threads 2";
    let straight = run(&format!("--frames 30 --hash-every 1 {words}")).done();
    let said = run(&format!(
        "--frames 30 --rewind 3 --snapshot s --report r {words}"
    ))
    .fault("PANIC", 20)
    .within(&folder)
    .refused(1);
    assert!(
        said.ends_with(
            "\nwent back to step 20, the last good one, and wrote it to `s`\n\
             system `complain` panicked at entity 5v4 in step 20: no more, at 0\n"
        ),
        "{said}"
    );
    assert_eq!(folder.names(), ["s"]);
    assert_eq!(hash_of(&folder, "s"), straight.hash_of(20));
    // What was in the way is mended, and the run goes on where it was good.
    let on = run("--frames 10 --restore s").within(&folder).done();
    assert_eq!(on.hash(), straight.hash());
}

#[test]
fn without_it_a_failed_run_leaves_no_snapshot() {
    let folder = Folder::new();
    run("--frames 30 --set points=50 --snapshot s")
        .fault("PANIC", 5)
        .within(&folder)
        .refused(1);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_replay_that_differs_leaves_the_last_step_that_agreed() {
    let folder = Folder::new();
    let words = "--set points=200";
    let straight = run(&format!("--frames 30 --hash-every 1 {words} --record R"))
        .within(&folder)
        .done();
    let replay = |more: &str| {
        run(&format!("--replay R --snapshot s {more}"))
            .fault("NUDGE", 12)
            .within(&folder)
            .refused(1)
    };
    let said = replay("--rewind 2");
    assert!(
        said.starts_with("went back to step 12, the last good one, and wrote it to `s`\n"),
        "{said}"
    );
    assert!(said.contains("step 13 is not the one in `R`"), "{said}");
    assert_eq!(hash_of(&folder, "s"), straight.hash_of(12));

    // Of a recording of every tenth step, the last that agreed may be too long ago.
    run(&format!("--frames 30 --hash-every 10 {words} --record R"))
        .within(&folder)
        .done();
    std::fs::remove_file(folder.file("s")).expect("a snapshot");
    let said = replay("--rewind 5");
    assert!(
        said.starts_with(
            "no snapshot of step 10: world: step 10 is not kept, and those from 15 to 19 are;"
        ),
        "{said}"
    );
    assert!(!Path::exists(&folder.file("s")));
    replay("--rewind 10");
    assert_eq!(hash_of(&folder, "s"), straight.hash_of(10));
}

#[test]
fn the_report_says_what_is_kept_and_the_hash_does_not_move() {
    let folder = Folder::new();
    let words = "--frames 90 --set points=2000 --threads 2";
    let straight = run(words).done();
    let kept = run(&format!("{words} --rewind 20 --report r"))
        .within(&folder)
        .done();
    assert_eq!(kept.hash(), straight.hash());
    let report = folder.json("r");
    let rewind = &report["rewind"];
    assert_eq!(
        (&rewind["steps"], &rewind["oldest"], &rewind["dropped"]),
        (&20.into(), &70.into(), &0.into()),
        "{report}"
    );
    assert!(rewind["bytes"].as_u64() > Some(20 * 2_000 * 24), "{report}");
    assert_eq!(report["allocations_per_frame"], 0.0, "{report}");

    // With a region of that name, the project decides what it may take.
    folder.write(
        "layerw.toml",
        "[memory.rewind]\npool = 'scene'\nbudget = '1 MiB'\n",
    );
    run(&format!("{words} --rewind 200 --report r"))
        .within(&folder)
        .done();
    let report = folder.json("r");
    let rewind = &report["rewind"];
    assert_eq!(rewind["budget"], 1 << 20, "{report}");
    let (steps, dropped) = (rewind["steps"].as_u64(), rewind["dropped"].as_u64());
    assert_eq!(steps.zip(dropped).map(|(a, b)| a + b), Some(90), "{report}");
    assert!(rewind["peak"].as_u64() <= Some(1 << 20), "{report}");
}
