//! Files appear whole or not at all.

use std::fs;
use std::path::Path;

use crate::support::{Folder, Program};

#[test]
fn a_run_that_fails_leaves_the_old_files() {
    let folder = Folder::new();
    for name in ["s", "r", "R", "t"] {
        folder.write(name, "old");
    }
    let run = Program::project("run --frames 30 --snapshot s --report r --record R --trace t");
    let ended = run.within(&folder).fault("PANIC", 20).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(folder.names(), ["R", "r", "s", "t"]);
    for name in ["s", "r", "R", "t"] {
        assert_eq!(fs::read(folder.file(name)).expect("the old file"), b"old");
    }
}

#[test]
fn results_can_go_to_a_pipe() {
    if !Path::new("/dev/stdout").exists() {
        return; // This host has no name for it.
    }
    let ended = Program::project("run --frames 1 --report /dev/stdout").done();
    assert!(ended.out.contains("\"frames\": 1"), "{ended:?}");
    ended.hash();
}
