//! Scenes that several tests run, and how they run them.

pub mod fountain;
pub mod terrain;

use layerw_memory::{Bytes, MemoryConfig};

use layerw::{Jobs, Runner, RunnerOptions, Settings, Sim, Spread, StateHash, on_fresh_thread};
use layerw_memory::Protection;

/// The memory that a test may have: the default, or the total in `LAYERW_MEMORY`, with which the whole suite is run once more.
pub fn memory() -> MemoryConfig {
    let Some(text) = std::env::var_os("LAYERW_MEMORY") else {
        return MemoryConfig::fitting().expect("address space");
    };
    let total = text.to_str().and_then(|text| text.parse().ok());
    let Bytes(total) = total.unwrap_or_else(|| panic!("LAYERW_MEMORY={text:?} is no size"));
    MemoryConfig::with_total(total)
}

/// An empty simulation in that memory.
pub fn sim() -> Sim {
    Sim::with_memory(&memory()).expect("address space")
}

/// A scene by name.
pub type Scene = fn() -> Sim;

/// Two thousand boids.
pub fn flock() -> Sim {
    flock_of(2_000)
}

/// As many boids as asked for.
pub fn flock_of(boids: usize) -> Sim {
    let mut sim = sim().hertz(60.0).seed(1);
    flock::populate(&mut sim, boids, 1);
    sim
}

/// The same boids as people see them.
pub fn seen_flock() -> Sim {
    let settings = Settings::new().with_memory(memory()).with("boids", "2000");
    flock::sim(&settings).expect("the settings are in range")
}

/// The solar system with two thousand asteroids.
pub fn solar() -> Sim {
    let settings = Settings::new()
        .with_memory(memory())
        .with("asteroids", "2000");
    solar_system::sim(&settings).expect("the settings are in range")
}

/// Runs `f` with a scene on `threads` workers of its own, all of which take part in every step.
pub fn on_workers<R: Send>(
    scene: impl FnOnce() -> Sim + Send,
    threads: usize,
    shuffle: Option<u64>,
    f: impl FnOnce(&mut Runner) -> R + Send,
) -> R {
    on_protected_workers(scene, threads, shuffle, Protection::Off, f)
}

/// The same over memory that is protected.
pub fn on_protected_workers<R: Send>(
    scene: impl FnOnce() -> Sim + Send,
    threads: usize,
    shuffle: Option<u64>,
    protection: Protection,
    f: impl FnOnce(&mut Runner) -> R + Send,
) -> R {
    on_fresh_thread("engine", 8 << 20, || {
        let jobs = Jobs::new(threads).expect("workers start on a fresh thread");
        let mut runner = Runner::new(
            scene(),
            &jobs,
            RunnerOptions {
                shuffle,
                spread: Spread::Always,
                protection,
                ..RunnerOptions::default()
            },
        )
        .expect("the scene's systems form a graph");
        f(&mut runner)
    })
}

/// The hash after each of `steps` steps.
pub fn hashes(runner: &mut Runner, steps: u64) -> Vec<StateHash> {
    (0..steps)
        .map(|_| {
            runner.step().expect("no system panics");
            runner.hash()
        })
        .collect()
}
