//! Actions from a timeline, recorded and repeated.

use std::fs;

use crate::support::{Folder, Program};

const RUN: &str = "run --frames 40 --set points=50";
const DRIVE: &str = "0 push 1\n10 jump 1\n12 jump 0\n20 push -0.5\n30 pointer 0.5 0.5\n";

fn run(folder: &Folder, words: &str) -> Program {
    Program::project(&format!("{RUN} {words}")).within(folder)
}

fn written(name: &str, text: &str) -> Folder {
    let folder = Folder::new();
    fs::write(folder.path().join(name), text).expect("room");
    folder
}

#[test]
fn what_the_player_does_changes_the_run_and_repeats() {
    let folder = written("drive", DRIVE);
    let idle = run(&folder, "").done();
    let played = run(&folder, "--input drive --threads 1 --record a").done();
    assert_ne!(played.hash(), idle.hash());
    let again = run(&folder, "--input drive --threads 3 --shuffle 5").done();
    assert_eq!(again.hash(), played.hash());
    // The recording knows what the player did.
    let replayed = Program::project("run --replay a").within(&folder).done();
    assert_eq!(replayed.hash(), played.hash());
}

#[test]
fn a_sparse_recording_knows_every_input() {
    let folder = written("drive", DRIVE);
    let played = run(&folder, "--input drive --hash-every 15 --record a").done();
    let replayed = Program::project("run --replay a").within(&folder).done();
    assert_eq!(replayed.hash(), played.hash());
}

#[test]
fn a_snapshot_goes_on_in_the_middle_of_an_input() {
    let folder = written("drive", DRIVE);
    let straight = run(&folder, "--input drive").done();
    Program::project("run --frames 11 --set points=50 --input drive --snapshot s")
        .within(&folder)
        .done();
    let rest = Program::project("run --frames 29 --restore s --input drive")
        .within(&folder)
        .done();
    assert_eq!(rest.hash(), straight.hash());
}

#[test]
fn actions_that_are_not_there_are_refused_with_those_that_are() {
    let folder = written("drive", "5 pull 1\n");
    let said = run(&folder, "--input drive").refused(1);
    assert_eq!(
        said,
        "`drive`, line 1: the project has no action `pull`; it has push, jump\n"
    );
    let said = run(&folder, "--input nowhere").refused(1);
    assert!(said.contains("`nowhere`"), "{said}");
}

#[test]
fn the_project_file_binds_actions() {
    let folder = written(
        "layerw.toml",
        "[input.jump]\nsources = [\"KeyJ\", \"Pad North\"]\n",
    );
    run(&folder, "").done();
    let folder = written("layerw.toml", "[input.jump]\nsources = [\"J\"]\n");
    let said = run(&folder, "").refused(1);
    assert!(
        said.starts_with(
            "action `jump` is bound to `J` (`layerw.toml`, line 1), which is no source"
        ),
        "{said}"
    );
    let folder = written("layerw.toml", "[input.leap]\nsources = [\"KeyJ\"]\n");
    let said = run(&folder, "").refused(1);
    assert_eq!(
        said,
        "`layerw.toml`, line 1: the project has no action `leap`; it has push, jump\n"
    );
}
