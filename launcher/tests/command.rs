//! The command from outside: on real folders, with a stand-in for cargo that says what it was asked, and once with cargo itself.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test's own, removed at its end.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Place {
        let path = std::env::temp_dir().join(format!("layerw-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        Place(fs::canonicalize(path).expect("the folder"))
    }

    /// Writes a file of a folder that is made for it.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    /// Writes a program. Another process does the writing: were the file open for writing here while a neighbouring test starts a process,
    /// that process would hold it open for a moment, and a file held so cannot be executed.
    fn script(&self, name: &str, text: &str) -> PathBuf {
        let text = self.file(&format!("{name}.text"), &format!("#!/bin/sh\n{text}\n"));
        let script = self.0.join(name);
        let copy = r#"cat "$1" >"$2" && chmod 755 "$2""#;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", copy, "sh"]).arg(text).arg(&script);
        assert!(shell.status().expect("a shell").success());
        script
    }

    /// A project `p`, and a cargo that describes it by `package` (JSON), "builds" a program that says how it was called, and notes what it was asked.
    fn with_fake_cargo(&self, package: &str, program: &str) -> PathBuf {
        let manifest = self.file("p/Cargo.toml", "");
        self.with_fake_cargo_for(&manifest, package, program)
    }

    /// The same for a package that stands anywhere.
    fn with_fake_cargo_for(&self, manifest: &Path, package: &str, program: &str) -> PathBuf {
        let (folder, manifest) = (self.0.display(), manifest.display());
        let name = package.split('"').nth(3).expect("a name comes first");
        self.file(
            "metadata",
            &format!(r#"{{"packages":[{{"manifest_path":"{manifest}",{package}}},{ENGINE}]}}"#),
        );
        let program = self.script("program", program);
        self.file(
            "built",
            &format!(
                "{{\"reason\":\"compiler-artifact\",\"manifest_path\":\"{manifest}\",\"target\":{{\"name\":\"{name}\"}},\"executable\":null}}\n\
                 {{\"reason\":\"compiler-artifact\",\"manifest_path\":\"{manifest}\",\"target\":{{\"name\":\"{name}\"}},\"executable\":\"{}\"}}\n\
                 {{\"reason\":\"build-finished\",\"success\":true}}\n",
                program.display()
            ),
        );
        self.script(
            "cargo",
            &format!(
                "echo \"$@\" >>{folder}/asked\n\
                 case $1 in metadata) cat {folder}/metadata ;; build) echo Compiling >&2; cat {folder}/built ;; esac"
            ),
        )
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.0.join("asked")).expect("cargo was asked")
    }

    fn layerw(&self, cargo: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_layerw"))
            .args(arguments)
            .current_dir(&self.0)
            .env("CARGO", cargo)
            .output()
            .expect("the command starts")
    }

    /// The one sentence on standard error, after the exit status was seen to be `code`.
    fn refusal(&self, cargo: &Path, arguments: &[&str], code: i32) -> String {
        let output = self.layerw(cargo, arguments);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let sentence = said.strip_prefix("Compiling\n").unwrap_or(&said);
        assert_eq!(sentence.lines().count(), 1, "{arguments:?}: {said}");
        sentence
            .trim_end()
            .replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ENGINE: &str = r#"{"name":"layerw","manifest_path":"/engine/Cargo.toml","features":{"tracy":[]},"targets":[]}"#;
const PACKAGE: &str = r#""name":"p","features":{"own":[]},"dependencies":[{"name":"layerw"}],"targets":[{"kind":["lib"],"name":"p"},{"kind":["bin"],"name":"p"}]"#;
const TELL: &str = "echo called: \"$@\"\necho project: $LAYERW_PROJECT\necho folder: $PWD\nexit 7";
const NO_CARGO: &str = "/nonexistent/cargo";

#[test]
fn a_project_is_built_and_becomes_the_process() {
    let place = Place::new("handover");
    let cargo = place.with_fake_cargo(PACKAGE, TELL);
    for (arguments, called) in [
        (
            &["run", "p", "--frames", "3", "--help"][..],
            "run --frames 3 --help",
        ),
        (&["graph", "./p/", "--dot"], "graph --dot"),
        (&["doctor", "p"], "doctor"),
        (
            &["run", "p", "--set", "name=with space"],
            "run --set name=with space",
        ),
    ] {
        let output = place.layerw(&cargo, arguments);
        assert_eq!(output.status.code(), Some(7), "the program's own status");
        let folder = place.0.display();
        let told = String::from_utf8(output.stdout).expect("UTF-8");
        let (call, rest) = told.split_once('\n').expect("lines");
        assert_eq!(call, format!("called: {called}"));
        assert_eq!(
            rest.trim_end_matches('\n'),
            format!("project: {folder}/p\nfolder: {folder}")
        );
        assert_eq!(
            output.stderr, b"Compiling\n",
            "cargo's words pass through, and none are added"
        );
    }
}

#[test]
fn scripts_without_a_package_are_the_players() {
    let place = Place::new("player");
    let player = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("player");
    let package = r#""name":"layerw-player","features":{},"dependencies":[],"targets":[{"kind":["bin"],"name":"layerw-player"}]"#;
    let cargo = place.with_fake_cargo_for(&player.join("Cargo.toml"), package, TELL);
    place.file("s/layerw.toml", "[scripts]\nfiles = [\"a.ts\"]\n");
    place.file("rust/Cargo.toml", "");
    let folder = place.0.display();
    for (arguments, called) in [
        (&["run", "s", "--frames", "3"][..], "run --frames 3"),
        (&["script", "check", "s"], "script check"),
        (
            &["script", "build", "s", "--out", "o"],
            "script build --out o",
        ),
    ] {
        let output = place.layerw(&cargo, arguments);
        let told = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(
            told,
            format!("called: {called}\nproject: {folder}/s\nfolder: {folder}\n")
        );
    }
    // What scripts are is the player's to say, also where the project has a program of its own, which perhaps does not compile just now.
    let output = place.layerw(&cargo, &["script", "check", "rust"]);
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        told.starts_with(&format!("called: script check\nproject: {folder}/rust\n")),
        "{told}"
    );
}

#[test]
fn death_by_a_signal_is_passed_on() {
    let place = Place::new("signal");
    let cargo = place.with_fake_cargo(PACKAGE, "kill -TERM $$");
    assert_eq!(
        place.layerw(&cargo, &["run", "p"]).status.signal(),
        Some(15)
    );
}

#[test]
fn features_go_to_whoever_has_them() {
    let place = Place::new("features");
    let cargo = place.with_fake_cargo(PACKAGE, TELL);
    place.layerw(
        &cargo,
        &[
            "run",
            "p",
            "--features",
            "own,tracy",
            "--profile",
            "checked",
        ],
    );
    let asked = place.asked();
    let build = asked.lines().last().expect("a build");
    assert!(
        build.contains("--bin p --profile checked --features own,layerw/tracy"),
        "{build}"
    );
    place.layerw(&cargo, &["run", "p"]);
    let asked = place.asked();
    assert!(
        asked
            .lines()
            .last()
            .is_some_and(|build| build.contains("--bin p --profile release"))
    );

    assert_eq!(
        place.refusal(&cargo, &["run", "p", "--features", "window"], 2),
        "`p` has no feature `window`; it has own, tracy"
    );
}

#[test]
fn a_folder_that_is_no_project_is_named_with_its_cure() {
    let place = Place::new("no-project");
    let cargo = Path::new(NO_CARGO);
    fs::create_dir(place.0.join("empty")).expect("made");
    place.file("slip/layerw.toml", "[memory]\nlogic = 5\ntotal 4\n");
    place.file("slip/Cargo.toml", "");
    for (folder, code, sentence) in [
        (
            "none",
            2,
            "`none` does not exist; name the folder of a project",
        ),
        (
            "slip/layerw.toml",
            2,
            "`slip/layerw.toml` is a file; name the folder of a project",
        ),
        (
            "empty",
            2,
            "`empty` holds neither Cargo.toml nor layerw.toml; name the folder of a project, or make one with `cargo new`",
        ),
    ] {
        assert_eq!(place.refusal(cargo, &["run", folder], code), sentence);
    }
    let slip = place.refusal(cargo, &["run", "slip"], 1);
    assert!(slip.starts_with("`slip/layerw.toml`, line 3: "), "{slip}");
    assert!(slip.ends_with("; correct the line"), "{slip}");
}

#[test]
fn a_missing_cargo_is_named_with_its_cure() {
    let place = Place::new("no-cargo");
    place.file("p/Cargo.toml", "");
    let sentence = place.refusal(Path::new(NO_CARGO), &["run", "p"], 1);
    assert!(
        sentence.starts_with("cannot start `/nonexistent/cargo`: "),
        "{sentence}"
    );
    assert!(sentence.contains("install Rust"), "{sentence}");
}

#[test]
fn packages_without_a_clear_program_are_refused() {
    let place = Place::new("programs");
    let package = |targets: &str| {
        format!(r#""name":"p","features":{{}},"dependencies":[],"targets":[{targets}]"#)
    };
    let cargo = place.with_fake_cargo(&package(r#"{"kind":["lib"],"name":"p"}"#), TELL);
    assert_eq!(
        place.refusal(&cargo, &["run", "p"], 1),
        "`p` builds no program; add a src/main.rs that calls `layerw::main`"
    );
    let two = r#"{"kind":["bin"],"name":"a"},{"kind":["bin"],"name":"b"}"#;
    let cargo = place.with_fake_cargo(&package(two), TELL);
    assert_eq!(
        place.refusal(&cargo, &["run", "p"], 1),
        "`p` builds several programs (a, b); name one of them `default-run` in its Cargo.toml"
    );
}

#[test]
fn a_failed_build_says_so_after_cargos_own_words() {
    let place = Place::new("failed-build");
    place.with_fake_cargo(PACKAGE, TELL);
    let metadata = place.0.join("metadata");
    let fails = format!(
        "case $1 in metadata) cat {} ;; build) echo Compiling >&2; exit 101 ;; esac",
        metadata.display()
    );
    let cargo = place.script("cargo", &fails);
    assert_eq!(
        place.refusal(&cargo, &["run", "p"], 1),
        "`p` did not build (cargo ended with exit status: 101); the messages above name the place"
    );
}

#[test]
fn wrong_usage_ends_with_two() {
    let place = Place::new("usage");
    let cargo = Path::new(NO_CARGO);
    for arguments in [
        &[][..],
        &["rum", "p"],
        &["run"],
        &["run", "--frames", "3"],
        &["run", "p", "--features"],
    ] {
        place.refusal(cargo, arguments, 2);
    }
    let help = place.layerw(cargo, &["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
}

mod with_cargo_itself {
    use super::*;

    const CARGO: &str = env!("CARGO");

    /// A package that depends on nothing and ends as it is told.
    fn package(place: &Place) {
        place.file(
            "p/Cargo.toml",
            "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[features]\nloud = []\n",
        );
        place.file(
            "p/src/main.rs",
            r#"fn main() {
                let arguments: Vec<_> = std::env::args().skip(1).collect();
                println!("{} {}", arguments.join(" "), cfg!(feature = "loud"));
                std::process::exit(5);
            }"#,
        );
    }

    fn layerw(place: &Place, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_layerw"))
            .args(arguments)
            .current_dir(&place.0)
            .env("CARGO", CARGO)
            .env("CARGO_TARGET_DIR", place.0.join("target"))
            .output()
            .expect("the command starts")
    }

    #[test]
    fn a_package_is_built_and_run() {
        let place = Place::new("real");
        package(&place);
        let output = layerw(
            &place,
            &["run", "p", "--features", "loud", "--profile", "dev", "-x"],
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert_eq!(output.stdout, b"run -x true\n");
    }

    #[test]
    fn a_broken_manifest_is_one_sentence() {
        let place = Place::new("broken");
        let cargo = Path::new(CARGO);
        place.file("p/Cargo.toml", "[package]\nname = \"p\"\nversion == 3\n");
        let sentence = place.refusal(cargo, &["run", "p"], 1);
        assert!(
            sentence.starts_with("cargo cannot read `p/Cargo.toml`: "),
            "{sentence}"
        );
        assert!(
            sentence.ends_with("Cargo.toml:3:10; correct the file"),
            "{sentence}"
        );
    }

    #[test]
    fn a_workspace_names_its_projects() {
        let place = Place::new("workspace");
        place.file(
            "w/Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"engine\", \"a\", \"b\"]\n",
        );
        let member = |name: &str, dependencies: &str| {
            format!(
                "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\n{dependencies}\n"
            )
        };
        place.file("w/engine/Cargo.toml", &member("layerw", ""));
        place.file("w/engine/src/lib.rs", "");
        place.file(
            "w/a/Cargo.toml",
            &member("a", "layerw = { path = \"../engine\" }"),
        );
        place.file("w/a/src/main.rs", "");
        place.file("w/b/Cargo.toml", &member("b", ""));
        place.file("w/b/src/main.rs", "");
        assert_eq!(
            place.refusal(Path::new(CARGO), &["run", "w"], 2),
            "`w` is a workspace, not a project; name one of its members: a"
        );
    }

    #[test]
    fn code_that_does_not_compile_shows_the_compilers_words() {
        let place = Place::new("wrong-code");
        package(&place);
        place.file("p/src/main.rs", "fn main() { let x: u32 = \"text\"; }");
        let output = layerw(&place, &["run", "p", "--profile", "dev"]);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(1), 0),
            "{said}"
        );
        assert!(
            said.contains("mismatched types") && said.contains("src/main.rs:1:26"),
            "{said}"
        );
        assert!(
            said.ends_with("the messages above name the place\n"),
            "{said}"
        );
    }
}
