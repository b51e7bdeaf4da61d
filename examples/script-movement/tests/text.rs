//! What the compiler makes of the example's scripts, as files that a change shows up in; and the Rust text of them, in the engine, to the same bits.

use layerw::{Jobs, Result, Runner, RunnerOptions, Settings, Sim, StateHash, on_fresh_thread};
use layerw_script::abi;
use layerw_script::compile::{Program, Source, compile};

// As the compiler wrote it.
#[allow(clippy::all, clippy::pedantic)]
#[rustfmt::skip]
#[path = "golden/systems.rs"]
mod systems;

fn program() -> Program {
    let sources = ["movement.ts", "bounce.ts"].map(|name| {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        Source::new(
            name,
            std::fs::read_to_string(path).expect("the script is there"),
        )
    });
    compile(&sources).expect("the scripts are in the language")
}

/// Compares with a file in `golden/`; `LAYERW_BLESS=1` writes it instead.
fn check(file: &str, actual: &str) {
    let path = format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("LAYERW_BLESS").is_some() {
        std::fs::write(&path, actual).expect("the golden folder can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file exists");
    assert_eq!(
        actual, expected,
        "{path} differs; LAYERW_BLESS=1 re-records it"
    );
}

#[test]
fn the_rust_text_is_the_recorded_one() {
    let text = program().rust().expect("the systems have a Rust form");
    check("systems.rs", &text);
}

#[test]
fn the_manifest_is_the_recorded_one() {
    let manifest = abi::read(&program().wasm()).expect("the module has a manifest");
    let text = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON");
    check("manifest.json", &format!("{text}\n"));
}

/// The example's world, of the text's own components.
fn world_of_text(settings: &Settings) -> Result<Sim> {
    let example = script_movement::sim_in_rust(settings)?;
    let mut sim = settings.sim()?.hertz(60.0);
    let rows: Vec<_> = example
        .world
        .query::<(&script_movement::Position, &script_movement::Velocity)>()
        .map(|(position, velocity)| {
            let place = systems::Position(position.0.to_array());
            (place, systems::Velocity(velocity.0.to_array()))
        })
        .collect();
    sim.world.spawn_batch(rows);
    let room = example
        .world
        .resource::<script_movement::Room>()
        .expect("the room is there");
    sim.world.insert_resource(systems::Room {
        width: room.width,
        height: room.height,
        bounce: room.bounce,
    });
    systems::add(&mut sim);
    Ok(sim)
}

fn hash_of(build: fn(&Settings) -> Result<Sim>, threads: usize) -> StateHash {
    on_fresh_thread("engine", 8 << 20, || {
        let settings = Settings::new()
            .with("points", "5003")
            .with_seed(7)
            .with_project(env!("CARGO_MANIFEST_DIR"))
            .with_script("movement.ts")
            .with_script("bounce.ts");
        let sim = build(&settings).expect("the simulation is built");
        let jobs = Jobs::new(threads).expect("workers start on a fresh thread");
        let mut runner =
            Runner::new(sim, &jobs, RunnerOptions::default()).expect("the systems form a graph");
        for _ in 0..120 {
            runner.step().expect("the step is done");
        }
        runner.hash()
    })
}

#[test]
fn the_rust_text_in_the_engine_gives_the_bits_of_the_scripts() {
    let scripts = hash_of(script_movement::sim, 1);
    for threads in [1, 2] {
        assert_eq!(
            hash_of(world_of_text, threads),
            scripts,
            "{threads} workers"
        );
    }
}
