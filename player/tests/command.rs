//! The player as its user meets it: a process in a folder that holds a layerw.toml and scripts.

mod support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use support::Folder;

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

const HEALTH: &str = "class Health { now: f32; most: f32 = 10; }
class Heal {
  update(healths: Health[], positions: Vec2[]) {
    for (const health of healths) health.now = health.most;
  }
}
";

#[test]
fn bindings_declare_what_the_other_language_knows() {
    let folder = Folder::with_scripts("bindings", &[("heal.ts", HEALTH)]);
    let (code, out, err) = folder.player("script bindings");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let health = "#[component]
#[derive(Debug, PartialEq)]
pub struct Health {
    /// `now`.
    pub now: f32,
    /// `most`.
    pub most: f32,
}
";
    assert!(out.contains(health), "{out}");
    assert_eq!(folder.player("script bindings --rust").1, out);
    let (code, out, err) = folder.player("script bindings --typescript");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    for part in [
        "class Health {\n  now: f32;\n  most: f32;\n}\n",
        "// `Position` is the column `positions: Vec2[]`.",
    ] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
    let (code, _, said) = folder.player("script check --rust");
    assert_eq!(
        (code, said.as_str()),
        (
            Some(2),
            "`--rust` needs `script bindings`; give both or neither\n"
        )
    );
}

#[test]
fn another_compiler_is_asked_for_and_missed_with_the_cure() {
    let folder = Folder::with_scripts("compiler", &[("movement.ts", MOVEMENT)]);
    let with = |compiler: &str| {
        let text = format!("[scripts]\nfiles = [\"movement.ts\"]\ncompiler = \"{compiler}\"\n");
        folder.file("layerw.toml", &text);
        folder.player("script check")
    };
    assert_eq!(with("layerw").0, Some(0));
    let (code, _, said) = with("assemblyscript");
    assert_eq!(code, Some(1));
    // Node or the package is missing in the folder of the test.
    assert!(
        said.ends_with("; or leave `compiler = \"assemblyscript\"` out of layerw.toml\n"),
        "{said}"
    );
    let (code, _, said) = with("tsc");
    assert_ne!(code, Some(0));
    assert!(said.contains("\"layerw\" or \"assemblyscript\""), "{said}");
}
