//! F1, F2: whole simulations, the examples as they are.

use anyhow::{Result, ensure};
use layerw::{Settings, Sim};

use crate::harness::{Case, Effort, Entry, Figure, Round, single};
use crate::peers::ours;

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "F1",
        about: "a step of the flock, 100 000 boids",
        figures: &[Figure::new("ms")],
        entries: |effort| entries(effort, flock),
    },
    Case {
        name: "F2",
        about: "a step of the solar system, 100 000 asteroids",
        figures: &[Figure::new("ms")],
        entries: |effort| entries(effort, solar_system),
    },
];

fn flock(effort: Effort) -> Result<Sim> {
    let count = effort.pick(100_000, 1_000).to_string();
    Ok(flock::sim(&Settings::new().with("boids", &count))?)
}

fn solar_system(effort: Effort) -> Result<Sim> {
    let count = effort.pick(100_000, 1_000).to_string();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/solar-system");
    Ok(solar_system::sim(
        &Settings::new()
            .with_project(folder)
            .with("asteroids", &count),
    )?)
}

fn entries(effort: Effort, sim: fn(Effort) -> Result<Sim>) -> Vec<Entry> {
    [1, 2]
        .map(|threads| Entry::new("layerw", threads, move || steps(effort, threads, sim)))
        .into()
}

fn steps(effort: Effort, threads: usize, sim: fn(Effort) -> Result<Sim>) -> Result<Round> {
    let mut runner = ours::runner(sim(effort)?, &ours::jobs(threads)?)?;
    // The answer: the state after some steps is that of one worker, bit for bit.
    let first = effort.pick(10, 3);
    (0..first).for_each(|_| ours::step(&mut runner));
    let (hash, mut checked) = (runner.hash(), false);
    let mut repeat = effort.repeat();
    single(move || {
        if !checked {
            let wanted = layerw::on_fresh_thread("alone", 0, || -> Result<_> {
                let mut alone = ours::runner(sim(effort)?, &ours::jobs(1)?)?;
                (0..first).for_each(|_| ours::step(&mut alone));
                Ok(alone.hash())
            })?;
            ensure!(
                hash == wanted,
                "the hash after {first} steps is {hash} instead of {wanted}"
            );
            checked = true;
        }
        Ok(repeat.mean_ns(|| ours::step(&mut runner)) / 1e6)
    })
}
