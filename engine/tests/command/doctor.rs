//! `doctor`: every thread has an owner, and every byte.

use crate::support::{Folder, Program};

#[test]
fn every_thread_of_a_project_has_an_owner() {
    let told = Program::project("doctor --threads 3").done().out;
    let threads = told
        .split("threads of this process\n")
        .nth(1)
        .expect("a list of threads");
    if threads.contains("does not tell") {
        return; // This host does not tell.
    }
    let owners: Vec<&str> = threads.lines().collect();
    // The process's first thread, the engine thread and the two workers beside it: no others.
    assert_eq!(owners.len(), 4, "{told}");
    let count = |owner: &str| owners.iter().filter(|line| line.ends_with(owner)).count();
    assert_eq!(count("waits for the engine thread"), 1, "{told}");
    assert_eq!(count("worker 0, owns the loop"), 1, "{told}");
    assert_eq!(count("a worker"), 2, "{told}");
}

#[test]
fn the_project_is_described() {
    let folder = Folder::new();
    folder.write(
        "layerw.toml",
        "[memory]\ntotal = '64 MiB'\n[memory.terrain]\npool = 'logic'\nbudget = 100\n",
    );
    let told = Program::project("doctor --set points=5 --memory")
        .with_default_memory()
        .within(&folder)
        .done()
        .out;
    for part in [
        "project   layerw-test-project in `.`",
        "entities  5",
        "  gravity\n",
        "`points` (a whole number from 1 to 1000000, by default 1000): number of points; now 5",
        "terrain asks for 100 B and gets whole pages: 64 KiB",
        "component Position, since frame 0",
        "scratch 0, since frame ",
        "free",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_machine_is_described_without_a_project() {
    let told = Program::tools("doctor").with_default_memory().done().out;
    for part in [
        "engine ",
        "host ",
        "CPUs ",
        "workers ",
        "features ",
        "memory\n  ",
        "  logic  0 B of 2 GiB in use",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
