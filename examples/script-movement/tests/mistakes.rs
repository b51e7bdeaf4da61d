//! Scripts that are wrong: one sentence with file, line and column, exit status 1, and nothing half-done.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A project's folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    /// With one script of that name.
    fn with(name: &str, script: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("layerw-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let folder = Folder(folder);
        folder.write("layerw.toml", &format!("[scripts]\nfiles = ['{name}']\n"));
        folder.write(name, script);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("written");
    }

    /// What a run that fails says.
    fn refusal(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_script-movement"))
            .args(["run", "--frames", "3", "--set", "points=100"])
            .current_dir(&self.0)
            .output()
            .expect("the program starts");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(output.stdout, b"", "no hash of a run that failed: {said}");
        assert_eq!(said.lines().count(), 1, "one sentence: {said}");
        said.trim_end().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_no_typescript_is_named_with_its_place() {
    let folder = Folder::with(
        "typo.ts",
        "class Movement {\n  update(positions: Vec2[] {\n  }\n}\n",
    );
    let said = folder.refusal();
    assert!(said.starts_with("typo.ts:2:"), "{said}");
}

#[test]
fn what_is_outside_of_the_language_says_what_to_write() {
    let folder = Folder::with(
        "list.ts",
        "class Movement {\n  update(positions: Vec2[]) {\n    const all = [1, 2];\n  }\n}\n",
    );
    let said = folder.refusal();
    assert!(said.starts_with("list.ts:3:17: "), "{said}");
}

#[test]
fn a_trap_names_script_system_line_entity_and_step() {
    let folder = Folder::with(
        "divide.ts",
        "class Count { now: i32; }\n\
         class Divide {\n  update(positions: Vec2[]) {\n    for (const position of positions) {\n      \
         const zero = i32(position.x * 0);\n      position.y = f32(i32(1) / zero);\n    }\n  }\n}\n",
    );
    let said = folder.refusal();
    assert!(
        said.starts_with("script `divide.ts`, system `Divide` at divide.ts:6:"),
        "{said}"
    );
    assert!(said.contains("entity 0v1, step 0: "), "{said}");
}

#[test]
fn a_component_of_another_layout_is_shown_field_by_field() {
    let folder = Folder::with(
        "room.ts",
        "class Room { width: number; }\n\
         class Grow {\n  update(positions: Vec2[], room: Room) {\n    for (const position of positions) {\n      \
         position.x = room.width;\n    }\n  }\n}\n",
    );
    let said = folder.refusal();
    assert!(
        said.contains("component `Room` has another layout"),
        "{said}"
    );
    assert!(said.contains("size: "), "{said}");
}

#[test]
fn files_that_are_no_scripts_are_named() {
    let folder = Folder::with("movement.js", "");
    assert!(
        folder
            .refusal()
            .contains("movement.js` is no script; name files that end in .ts or .wasm")
    );
    let folder = Folder::with("gone.ts", "");
    fs::remove_file(folder.0.join("gone.ts")).expect("it was there");
    assert!(folder.refusal().contains("gone.ts` does not exist"));
    let folder = Folder::with("nothing.wasm", "not a module");
    let said = folder.refusal();
    assert!(
        said.starts_with("script `nothing.wasm`: its module cannot be compiled: magic header"),
        "{said}"
    );
}

#[test]
fn a_system_in_quarantine_does_not_stop_the_others() {
    let folder = Folder::with(
        "two.ts",
        "class Divide {\n  update(positions: Vec2[]) {\n    for (const position of positions) {\n      \
         position.y = f32(i32(1) / i32(position.x * 0));\n    }\n  }\n}\n\
         class Move {\n  update(positions: Vec2[], velocities: Vec2[], dt: number) {\n    for (let i = 0; i < positions.length; i++) {\n      \
         positions[i].x += velocities[i].x * dt;\n    }\n  }\n}\n",
    );
    folder.write(
        "layerw.toml",
        "[scripts]\nfiles = ['two.ts']\non_trap = 'quarantine'\n",
    );
    let output = Command::new(env!("CARGO_BIN_EXE_script-movement"))
        .args([
            "run",
            "--frames",
            "3",
            "--set",
            "points=100",
            "--report",
            "/dev/stdout",
        ])
        .current_dir(&folder.0)
        .output()
        .expect("the program starts");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("script `two.ts`, system `Divide` at two.ts:4:"),
        "{said}"
    );
}
