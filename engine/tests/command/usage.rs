//! Wrong usage and failures: one sentence each, with the value and the cure, and the exit status.

use std::path::Path;

use crate::support::{Folder, Program};

/// Options, exit status and the whole of standard error.
const REFUSALS: &[(&str, i32, &str)] = &[
    (
        "",
        2,
        "no verb given; verbs are run, play, graph, diff, doctor, script",
    ),
    (
        "run --frame 5",
        2,
        "`run` has no option `--frame`; did you mean `--frames`?",
    ),
    (
        "run --threads 0",
        2,
        "`--threads 0` cannot be used; give a whole number of workers from 1 to 1023",
    ),
    (
        "run --frames ten",
        2,
        "`--frames ten` cannot be used; give a whole number of steps, 0 or more",
    ),
    (
        "run --threads 5000",
        2,
        "`--threads 5000` cannot be used; give a whole number of workers from 1 to 1023",
    ),
    (
        "run --project nowhere",
        2,
        "`nowhere` is no folder; name the folder of a project",
    ),
    (
        "run --set points=many",
        2,
        "`--set` gives `points=many`, but `many` is no whole number; give a whole number from 1 to 1000000",
    ),
    (
        "run --set height=-1",
        2,
        "`--set` gives `height=-1`, but `-1` is out of range; give a number of 0.0 or more",
    ),
    (
        "run --set pints=5",
        2,
        "`--set` gives `pints=5`, but this project has no setting `pints`; it has \
         `fail` (true or false, by default false): fail while building; \
         `height` (a number of 0.0 or more, by default 10.0): where they start, metres; \
         `points` (a whole number from 1 to 1000000, by default 1000): number of points; \
         `title` (a text, by default falling points): what the run is called",
    ),
    ("run --set fail=true", 1, "the project cannot be built"),
    (
        "run --frames 5 --capture a.png --at 6",
        2,
        "`--at 6` cannot be used; give a step of this run, from 0 to 5",
    ),
    (
        "run --frames 5 --capture a.png",
        1,
        "this project does not say what it looks like; add `sim.camera(…).draw(…)`, or leave `--capture` out",
    ),
    // The program of these tests has no windows.
    #[cfg(not(feature = "window"))]
    (
        "play",
        1,
        "this program was built without what opens windows; use `layerw play`, which builds it with `--features layerw/window`, or `layerw run`, which needs no window",
    ),
    (
        "run --restore nothing.snapshot",
        1,
        "`nothing.snapshot` does not exist; check the name and the working folder",
    ),
    (
        "run --replay nothing.recording",
        1,
        "`nothing.recording` does not exist; check the name and the working folder",
    ),
    (
        "run --report nowhere/report.json",
        1,
        "cannot write `nowhere/report.json`: the folder `nowhere` does not exist; create it or name another",
    ),
    ("run --snapshot .", 1, "`.` is a folder; name a file"),
    (
        "graph --set pints=5 --dot --json",
        2,
        "`--dot` and `--json` exclude each other; give one of them",
    ),
    (
        "diff a b",
        1,
        "`a` does not exist; check the name and the working folder",
    ),
];

#[test]
fn each_mistake_has_its_sentence_and_status() {
    let folder = Folder::new();
    for (words, code, sentence) in REFUSALS {
        let said = Program::project(words).within(&folder).refused(*code);
        assert_eq!(said, format!("{sentence}\n"), "{words}");
    }
    assert_eq!(folder.names(), [""; 0], "nothing may be left behind");
}

#[test]
fn mistakes_in_the_projects_file_are_named_with_their_line() {
    for (text, sentence) in [
        (
            "[run]\nthreds = 2\n",
            "`layerw.toml`, line 2: `run.threds` is not known here; allowed: frames, threads, dt, seed",
        ),
        (
            "[settings]\nboids = 5\n",
            "`layerw.toml`, line 2 gives `boids=5`, but this project has no setting `boids`; it has \
             `fail` (true or false, by default false): fail while building; \
             `height` (a number of 0.0 or more, by default 10.0): where they start, metres; \
             `points` (a whole number from 1 to 1000000, by default 1000): number of points; \
             `title` (a text, by default falling points): what the run is called",
        ),
        (
            "[settings]\n\npoints = 0\n",
            "`layerw.toml`, line 3 gives `points=0`, but `0` is out of range; give a whole number from 1 to 1000000",
        ),
        (
            "[scripts]\nfiles = ['a.ts']\n",
            "layerw.toml names the script `a.ts`, and the project does not ask for its scripts; call `sim.scripts(settings)` where they belong in the \
             order of systems",
        ),
        (
            "[memory]\ntotal = '1 MiB'\nlogic = '2 MiB'\n",
            "`layerw.toml`, line 1: memory: the pools logic (2 MiB), scene (256 KiB) and gpu (256 KiB) need 2.50 MiB together, \
             more than the total of 1 MiB; lower a pool's budget or raise the total",
        ),
    ] {
        let folder = Folder::new();
        folder.write("layerw.toml", text);
        let said = Program::project("run").within(&folder).refused(1);
        assert_eq!(said, format!("{sentence}\n"));
    }
}

#[test]
fn a_pool_that_is_too_small_says_who_holds_what() {
    let folder = Folder::new();
    folder.write(
        "layerw.toml",
        "[memory]\ntotal = '16 MiB'\nlogic = '1 MiB'\n",
    );
    let ended = Program::project("run --frames 1 --set points=1000000")
        .with_default_memory()
        .within(&folder)
        .end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("logic") && ended.err.contains("component Position"),
        "{ended:?}"
    );
    assert!(ended.err.contains("raise the pool's budget"), "{ended:?}");
}

#[test]
fn a_panic_of_the_project_is_a_failure() {
    let ended = Program::project("run").fault("PANIC_BUILDING", 1).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("the project's own panic"), "{ended:?}");
}

#[test]
fn a_panic_in_a_system_is_named_with_step_and_entity() {
    for threads in ["1", "2"] {
        let folder = Folder::new();
        let run = Program::project(
            "run --set height=0 --snapshot s --report r --record R --trace t --threads",
        );
        let ended = run.arg(threads).within(&folder).fault("PANIC", 4).end();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let last = ended.err.lines().last().unwrap_or_default();
        assert_eq!(
            last, "system `complain` panicked at entity 5v1 in step 4: no more, at 0",
            "{ended:?}"
        );
        assert!(!ended.out.contains("hash"), "{ended:?}");
        assert_eq!(folder.names(), [""; 0], "nothing half-written");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    let help = Program::project("run --help").done();
    assert!(
        help.out.contains("--hash-every <K>") && help.err.is_empty(),
        "{help:?}"
    );
    let version = Program::tools("--version").done();
    assert!(
        version.out.contains(env!("CARGO_PKG_VERSION")),
        "{version:?}"
    );
}

#[test]
fn a_full_disk_is_a_failure() {
    if !Path::new("/dev/full").exists() {
        return; // This host has no disk that is always full.
    }
    let said = Program::project("run --frames 1 --report /dev/full").end();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(
        said.err,
        "cannot write `/dev/full`: No space left on device (os error 28); free space or name another place\n"
    );
}
