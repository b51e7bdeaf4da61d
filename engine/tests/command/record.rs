//! Recordings: repeated, compared, and blamed.

use std::fs;
use std::path::Path;

use crate::support::{Folder, Program};

fn record(folder: &Folder, name: &str, words: &str) -> Program {
    Program::project(&format!("run {words} --record {name}")).within(folder)
}

fn diff(folder: &Folder, a: &str, b: &str) -> Program {
    Program::tools(&format!("diff {a} {b}")).within(folder)
}

fn replay(folder: &Folder, words: &str) -> Program {
    Program::project(&format!("run --replay {words}")).within(folder)
}

#[test]
fn a_recorded_run_can_be_repeated() {
    let folder = Folder::new();
    let options = "--frames 30 --threads 1 --set points=50 --seed 3 --dt 0.1";
    let first = record(&folder, "a", options).done();
    let again = replay(&folder, "a --threads 3 --shuffle 5").done();
    assert_eq!(again.hash(), first.hash());
    assert!(
        again.out.contains("replayed `a`: 31 states are equal\n"),
        "{again:?}"
    );
    let part = replay(&folder, "a --frames 10").done();
    assert!(
        part.out.contains("replayed `a`: 11 states are equal\n"),
        "{part:?}"
    );
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn sparse_recordings_keep_the_last_state() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 25 --hash-every 10").done();
    let again = replay(&folder, "a").done();
    assert!(
        again.out.contains("replayed `a`: 4 states are equal\n"),
        "{again:?}"
    );
}

#[test]
fn a_repeated_run_that_goes_astray_names_step_and_component() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 30").done();
    let said = replay(&folder, "a").fault("NUDGE", 11).refused(1);
    // The nudge is made in the step that follows state 11, so state 12 shows it.
    assert!(
        said.starts_with("step 12 is not the one in `a`: component `Velocity` differs, hash "),
        "{said}"
    );
    assert!(
        said.ends_with("; record both runs with --record-detail and compare them with `diff`\n"),
        "{said}"
    );
    record(&folder, "b", "--frames 30 --hash-every 10").done();
    let said = replay(&folder, "b").fault("NUDGE", 11).refused(1);
    assert!(
        said.starts_with("step 20 is not the one in `b`: "),
        "{said}"
    );
    assert!(
        said.contains(" (step 10 was equal, and nothing is recorded between); "),
        "{said}"
    );
}

/// A recording whose header was changed so that it checks says that another run was made than was: the first state shows it.
#[test]
fn a_tampered_setting_is_found_at_the_first_step() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 5 --set height=10").done();
    let mut bytes = fs::read(folder.file("a")).expect("the recording");
    // Magic and version, then the header: tag, length, JSON, check.
    let length = u32::from_le_bytes(bytes[13..17].try_into().expect("four bytes")) as usize;
    let (from, to) = (12, 17 + length);
    let header = String::from_utf8(bytes[17..to].to_vec()).expect("JSON");
    let tampered = header.replace(r#""height":"10.0""#, r#""height":"11.0""#);
    assert_ne!(header, tampered);
    bytes[17..to].copy_from_slice(tampered.as_bytes());
    let check = xxhash_rust::xxh3::xxh3_64_with_seed(&bytes[from..to], 0);
    bytes[to..to + 8].copy_from_slice(&check.to_le_bytes());
    folder.write("a", bytes);
    let said = replay(&folder, "a").refused(1);
    assert!(
        said.starts_with("step 0 is not the one in `a`: component `Position` differs, hash "),
        "{said}"
    );
}

#[test]
fn contradicting_a_recording_is_wrong_usage() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 10 --set points=30").done();
    for (options, sentence) in [
        (
            "a --seed 8",
            "`--seed 8` contradicts `a`, which was made with seed 0; leave the option out",
        ),
        (
            "a --frames 11",
            "`--frames 11` contradicts `a`, which was made with 10 steps; leave the option out",
        ),
        (
            "a --set points=31",
            "`--set points=31` contradicts `a`, which was made with `points=30`; leave the option out or begin a new run",
        ),
    ] {
        assert_eq!(replay(&folder, options).refused(2), format!("{sentence}\n"));
    }
    folder.write("layerw.toml", "[project]\nname = 'other'\n");
    assert_eq!(
        replay(&folder, "a").refused(1),
        "`a` is a recording of project `layerw-test-project`, and this is `other`; replay it with its own project\n"
    );
}

#[test]
fn a_recording_of_a_continued_run_needs_its_snapshot() {
    let folder = Folder::new();
    Program::project("run --frames 5 --snapshot s")
        .within(&folder)
        .done();
    record(&folder, "a", "--frames 5 --restore s").done();
    assert_eq!(
        replay(&folder, "a").refused(1),
        "`a` begins at step 5, and this run at step 0; give the snapshot that it went on from with --restore\n"
    );
    let again = replay(&folder, "a --restore s").done();
    assert!(
        again.out.contains("replayed `a`: 6 states are equal\n"),
        "{again:?}"
    );
    record(&folder, "b", "--frames 5").done();
    assert_eq!(
        replay(&folder, "b --restore s").refused(1),
        "`b` begins at step 0, and this run at step 5; leave --restore out\n"
    );
}

#[test]
fn equal_recordings_are_equal() {
    let folder = Folder::new();
    let run = record(&folder, "a", "--frames 20 --threads 1").done();
    record(&folder, "b", "--frames 20 --threads 2 --shuffle 7").done();
    let detailed = record(&folder, "c", "--frames 20 --threads 2 --record-detail").done();
    assert_eq!(detailed.hash(), run.hash(), "being watched changes nothing");
    let equal = format!(
        "equal: 21 states, the last after step 20 with hash {}\n",
        run.hash()
    );
    for (a, b) in [("a", "b"), ("a", "c"), ("c", "c")] {
        assert_eq!(diff(&folder, a, b).done().out, equal);
    }
    assert_eq!(
        Program::project("diff a b").within(&folder).done().out,
        equal,
        "the project's program compares, too"
    );
}

#[test]
fn the_first_difference_is_named_with_step_system_component_and_entity() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 20 --threads 1 --record-detail").done();
    record(&folder, "b", "--frames 20 --threads 2 --record-detail")
        .fault("NUDGE", 11)
        .done();
    let ended = diff(&folder, "a", "b").end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], "different at step 12");
    assert!(lines[1].starts_with("hash       "), "{ended:?}");
    assert_eq!(
        lines[2..],
        [
            "system     nudge",
            "component  Velocity",
            "entity     3v2, by its Velocity"
        ],
        "{ended:?}"
    );
}

#[test]
fn without_detail_the_suspects_are_named() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 20").done();
    record(&folder, "b", "--frames 20")
        .fault("NUDGE", 11)
        .done();
    let ended = diff(&folder, "a", "b").end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.starts_with("different at step 12\n"), "{ended:?}");
    assert!(
        ended
            .out
            .contains("which declare to write it; --record-detail tells\n"),
        "{ended:?}"
    );
}

#[test]
fn different_runs_are_told_apart_by_what_they_were_asked() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 5").done();
    record(&folder, "b", "--frames 5 --seed 1 --set points=7").done();
    let ended = diff(&folder, "a", "b").end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.out,
        "different runs: setting `points` `1000` and `7`, seed 0 and 1\n"
    );
}

#[test]
fn files_that_are_no_recordings_are_named() {
    let folder = Folder::new();
    record(&folder, "a", "--frames 5").done();
    let whole = fs::read(folder.file("a")).expect("the recording");
    for (bytes, problem) in [
        (
            b"PNG image".to_vec(),
            "`b` is no recording; give a file that `run --record` wrote\n",
        ),
        (
            whole[..whole.len() / 2].to_vec(),
            "is not whole; copy it again, or record again\n",
        ),
    ] {
        folder.write("b", bytes);
        assert!(diff(&folder, "a", "b").refused(1).ends_with(problem));
        assert!(replay(&folder, "b").refused(1).ends_with(problem));
    }
    let mut changed = whole;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    folder.write("b", changed);
    let said = replay(&folder, "b").refused(1);
    assert!(
        said.starts_with("`b` is damaged at byte ") || said.contains("cut off"),
        "{said}"
    );
    assert!(Path::new(&folder.file("b")).exists());
}
