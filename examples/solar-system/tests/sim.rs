//! The simulation as a whole: same bits for any number of workers, a report that names the bodies, settings that say no.

use layerw::{Jobs, Runner, RunnerOptions, Settings, StateHash, on_fresh_thread};
use solar_system::sim;

/// The state after some steps, with 3 000 asteroids, for a number of workers.
fn hash(threads: usize, seed: u64) -> StateHash {
    on_fresh_thread("run", 0, || {
        let settings = Settings::new().with("asteroids", "3000").with_seed(seed);
        let jobs = Jobs::new(threads).expect("the workers start");
        let mut runner = Runner::new(
            sim(&settings).expect("the settings are right"),
            &jobs,
            RunnerOptions::default(),
        )
        .expect("the systems form a graph");
        for _ in 0..20 {
            runner.step().expect("no system fails");
        }
        runner.hash()
    })
}

/// What the simulation says to a setting that it cannot use.
fn refusal(name: &str, value: &str) -> String {
    let settings = Settings::new().with("asteroids", "0").with(name, value);
    sim(&settings)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_else(|| panic!("{name}={value} was accepted"))
}

#[test]
fn workers_do_not_change_a_bit() {
    let one = hash(1, 5);
    assert_eq!(one, hash(2, 5));
    assert_eq!(one, hash(3, 5));
    assert_ne!(one, hash(1, 6));
}

#[test]
fn the_world_holds_bodies_and_asteroids() {
    on_fresh_thread("run", 0, || {
        let settings = Settings::new()
            .with("asteroids", "10")
            .with("start", "2436934.5");
        let jobs = Jobs::new(1).expect("one worker starts");
        let mut runner = Runner::new(
            sim(&settings).expect("the settings are right"),
            &jobs,
            RunnerOptions::default(),
        )
        .expect("the systems form a graph");
        for _ in 0..30 {
            runner.step().expect("no system fails");
        }
        let world = runner.world();
        assert_eq!(world.query::<&sim::Body>().count(), 14);
        assert_eq!(world.query::<&sim::Position>().count(), 10);
    });
}

#[test]
fn impossible_settings_are_refused() {
    assert!(
        refusal("start", "2400000").contains("start"),
        "{}",
        refusal("start", "2400000")
    );
    assert!(refusal("start", "NaN").contains("start"));
    assert!(refusal("asteroids", "-1").contains("asteroids"));
    assert!(refusal("without", "sun").contains("mercury, venus, earth"));
    assert!(refusal("without", "Vulcan").contains("Vulcan"));
}
