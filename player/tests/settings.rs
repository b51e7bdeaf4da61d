//! What scripts let their users choose: the class `Settings`.

mod support;

use std::path::PathBuf;

use layerw::{Entity, Jobs, Runner, RunnerOptions, Settings, on_fresh_thread};
use support::Folder;

const SCRIPT: &str = "class Settings {
  points: i32 = 5;
  startSpeed = 0.1;
  closed = true;
  _1 = false; _2 = false; _3 = false;
}

class Fill {
  start(settings: Settings, world: World) {
    for (let i = 0; i < settings.points; i++) world.spawn({ speeds: settings.closed ? settings.startSpeed : 0 });
  }
}
";

fn last_line(folder: &Folder, words: &str) -> String {
    let (code, out, err) = folder.player(&format!("run --frames 2 --memory-total 64MiB {words}"));
    assert_eq!((code, err.as_str()), (Some(0), ""), "{words}");
    out.lines().last().expect("a hash").to_owned()
}

#[test]
fn what_is_given_is_what_stands_in_the_script() {
    let folder = Folder::with_scripts("settings", &[("fill.ts", SCRIPT)]);
    let plain = last_line(&folder, "");
    let given = last_line(
        &folder,
        "--set points=7 --set start-speed=2.5 --set closed=false",
    );
    assert_ne!(plain, given);
    assert_eq!(plain, last_line(&folder, "--set start-speed=0.1"));
    folder.file(
        "fill.ts",
        &SCRIPT
            .replace("= 5", "= 7")
            .replace("= 0.1", "= 2.5")
            .replace("= true", "= false"),
    );
    assert_eq!(last_line(&folder, ""), given);
}

#[test]
fn what_cannot_be_given_is_said() {
    let folder = Folder::with_scripts("settings-wrong", &[("fill.ts", SCRIPT)]);
    let refused = |words: &str| {
        let (code, out, err) = folder.player(&format!("run --memory-total 64MiB {words}"));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{words}: {err}");
        err
    };
    let unknown = refused("--set point=7");
    for part in [
        "`point`",
        "`points` (a whole number from -2147483648 to 2147483647, by default 5)",
        "`start-speed` (a number",
        "by default 0.1): `startSpeed` of the scripts' class `Settings`",
        "`closed` (true or false, by default true)",
    ] {
        assert!(unknown.contains(part), "{part} is not in {unknown}");
    }
    for (words, part) in [
        ("--set points=many", "a whole number"),
        ("--set points=7000000000", "a whole number from"),
        ("--set start-speed=fast", "a number"),
        ("--set closed=1", "true or false"),
    ] {
        let said = refused(words);
        assert!(said.contains(part), "{said}");
    }
    folder.file(
        "fill.ts",
        &SCRIPT.replace(
            "points: i32 = 5;",
            "points: i32 = 5; from = new Vec2(1, 2);",
        ),
    );
    let (code, _, said) = folder.player("run --memory-total 64MiB");
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("field `from` of the scripts' class `Settings` cannot be a setting;"),
        "{said}"
    );
}

#[test]
fn the_examples_are_of_the_size_that_is_given() {
    let count = |example: &str, file: &str, name: &str| {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).with_file_name("examples");
        let settings = Settings::new()
            .with_project(folder.join(example))
            .with_script(file)
            .with(name, "321");
        on_fresh_thread("test", 8 << 20, move || {
            let mut sim = settings.sim().expect("room");
            sim.scripts(&settings).expect("a right script");
            let jobs = Jobs::new(1).expect("a worker");
            let mut runner = Runner::new(sim, &jobs, RunnerOptions::default()).expect("a graph");
            (0..3).for_each(|_| runner.step().expect("a step"));
            runner.world().query::<Entity>().count()
        })
    };
    assert_eq!(count("script-flock", "flock.ts", "boids"), 321);
    assert_eq!(count("particles", "sand.ts", "grains"), 321);
}
