//! The player as its user meets it: a process in a folder that holds a layerw.toml and scripts.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let name = format!("layerw-player-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("written");
    }

    fn with_scripts(test: &str, files: &[(&str, &str)]) -> Folder {
        let folder = Folder::new(test);
        let names: Vec<_> = files.iter().map(|(name, _)| format!("{name:?}")).collect();
        folder.file(
            "layerw.toml",
            &format!("[scripts]\nfiles = [{}]\n", names.join(", ")),
        );
        files
            .iter()
            .for_each(|(name, text)| folder.file(name, text));
        folder
    }

    /// The player in this folder: exit status, standard output, standard error.
    fn player(&self, words: &str) -> (Option<i32>, String, String) {
        let output = self.command(words).output().expect("the player starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerw-player"));
        command
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .env_remove("LAYERW_PROJECT");
        command
    }

    fn has(&self, name: &str) -> bool {
        Path::new(&self.0).join(name).is_file()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MOVEMENT: &str = "class Movement {
  update(positions: Vec2[], velocities: Vec2[], dt: number) {
    for (let i = 0; i < positions.length; i++) {
      positions[i].x += velocities[i].x * dt;
      positions[i].y += velocities[i].y * dt;
    }
  }
}
";

const STILL: &str = "class Movement {
  update(positions: Vec2[]) {
    for (const position of positions) { position.x = 0; }
  }
}
";

#[test]
fn a_folder_of_scripts_runs() {
    let folder = Folder::with_scripts("runs", &[("movement.ts", MOVEMENT)]);
    let (code, out, err) = folder.player("run --frames 3 --memory-total 64MiB");
    assert_eq!(code, Some(0), "{err}");
    let last = out.lines().last().expect("lines");
    assert!(last.contains("hash"), "{out}");
}

#[test]
fn check_says_what_systems_touch_and_what_became_of_their_loops() {
    let folder = Folder::with_scripts("check", &[("movement.ts", MOVEMENT)]);
    let (code, out, err) = folder.player("script check");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "movement.ts",
            "  Movement: reads Position, Velocity; writes Position"
        ]
    );
    assert!(
        lines[2].starts_with("    loop 1: four words at a time"),
        "{out}"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = MOVEMENT.replace("velocities[i].y", "velocities[i].z");
    let folder = Folder::with_scripts("wrong", &[("movement.ts", &wrong)]);
    let said = "movement.ts:5:39: `Vec2` has no field `z`; it has x, y\n";
    for verb in ["script check", "script build", "run"] {
        let (code, out, err) = folder.player(verb);
        assert_eq!(
            (code, out.as_str(), err.as_str()),
            (Some(1), "", said),
            "{verb}"
        );
    }
    assert!(!folder.has("build/movement.wasm"));
}

#[test]
fn build_writes_module_rust_and_ir_and_the_module_runs_to_the_same_hash() {
    let folder = Folder::with_scripts("build", &[("movement.ts", MOVEMENT)]);
    let (code, out, err) = folder.player("script build --out out");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let names = ["out/movement.wasm", "out/movement.ir", "out/movement.rs"];
    assert_eq!(out.lines().collect::<Vec<_>>(), names);
    assert!(names.iter().all(|name| folder.has(name)));

    let run = "run --frames 2 --memory-total 64MiB";
    let (_, source, _) = folder.player(run);
    folder.file(
        "layerw.toml",
        "[scripts]\nfiles = [\"out/movement.wasm\"]\n",
    );
    let (_, module, err) = folder.player(run);
    assert_eq!(source.lines().last(), module.lines().last(), "{err}");
    let (_, told, _) = folder.player("script check");
    assert_eq!(
        told,
        "out/movement.wasm\n  Movement: reads Velocity; writes Position\n"
    );
}

#[test]
fn watch_says_it_again_after_a_change() {
    let folder = Folder::with_scripts("watch", &[("movement.ts", MOVEMENT)]);
    let mut watch = folder
        .command("script watch")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the player starts");
    let mut out = BufReader::new(watch.stdout.take().expect("piped")).lines();
    let mut err = BufReader::new(watch.stderr.take().expect("piped")).lines();
    let mut line = || out.next().expect("a line").expect("UTF-8");
    assert_eq!(line(), "movement.ts");
    assert_eq!(
        line(),
        "  Movement: reads Position, Velocity; writes Position"
    );
    line();

    folder.file("movement.ts", &MOVEMENT.replace("+=", "+"));
    let said = err.next().expect("a line").expect("UTF-8");
    assert!(said.starts_with("movement.ts:4:"), "{said}");

    folder.file("movement.ts", STILL);
    assert_eq!(line(), "movement.ts");
    assert_eq!(line(), "  Movement: reads nothing; writes Position");
    watch.kill().expect("it runs until it is stopped");
    watch.wait().expect("it ends");
}
