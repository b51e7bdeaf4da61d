//! A recorded run of two thousand boids is the run that any number of workers does, in any order that the plan leaves open.

use std::path::{Path, PathBuf};
use std::process::Command;

const STEPS: usize = 60;

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it being gone.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the flock prints.
fn flock(folder: &Path, words: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flock"));
    let ended = command.args(words.split_whitespace()).current_dir(folder);
    let ended = ended.output().expect("the program can be started");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(ended.stdout), text(ended.stderr));
    assert!(ended.status.success(), "flock {words}: {out}{err}");
    out
}

#[test]
fn a_recording_replays_to_the_same_states_on_any_workers() {
    let folder = std::env::temp_dir().join(format!("layerw-flock-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the recording");
    let folder = Folder(folder);
    let hash = |out: &str| out.lines().last().unwrap_or_default().to_owned();
    let record = format!("run --set boids=2000 --seed 7 --frames {STEPS} --threads 1 --record r");
    let recorded = flock(&folder.0, &record);
    assert!(hash(&recorded).starts_with("hash "), "{recorded}");
    for how in [
        "--threads 1",
        "--threads 2 --shuffle 3",
        "--threads 3",
        "--threads 8",
    ] {
        let replayed = flock(&folder.0, &format!("run --replay r {how}"));
        let equal = format!("replayed `r`: {} states are equal", STEPS + 1);
        assert!(replayed.contains(&equal), "{how}: {replayed}");
        assert_eq!(hash(&replayed), hash(&recorded), "{how}");
    }
}
