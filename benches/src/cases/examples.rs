//! F1, F2, M4: whole simulations, the examples as they are, and one of them over protected memory.

use anyhow::{Result, ensure};
use layerw::{Runner, RunnerOptions, Settings, Sim};
use layerw_memory::Protection;
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Round, round, single};
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
    Case {
        name: "M4",
        about: "a step of the flock, 100 000 boids, without --protect, with pages, with checksums",
        figures: &[
            Figure::new("ms").suffix("-off"),
            Figure::new("ms").suffix("-pages"),
            Figure::new("ms").suffix("-checksums"),
        ],
        entries: protected,
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

/// The same steps three times, side by side; the hashes must be equal.
fn protected(effort: Effort) -> Vec<Entry> {
    let start = move |threads: usize| -> Result<Round> {
        let jobs = ours::jobs(threads)?;
        let runner = |protection| -> Result<Runner> {
            let options = RunnerOptions {
                protection,
                ..RunnerOptions::default()
            };
            Ok(Runner::new(flock(effort)?, &jobs, options)?)
        };
        let mut runners = [
            runner(Protection::Off)?,
            runner(Protection::Pages)?,
            runner(Protection::Checksums)?,
        ];
        let steps = effort.pick(8, 2);
        round(move || {
            let times = runners.each_mut().map(|runner| {
                let start_ns = now_ns();
                (0..steps).for_each(|_| ours::step(runner));
                (now_ns() - start_ns) as f64 / steps as f64 / 1e6
            });
            let [off, pages, checksums] = runners.each_ref().map(Runner::hash);
            ensure!(
                off == pages && off == checksums,
                "protection changes the hash {off} to {pages} or {checksums}"
            );
            Ok(times.to_vec())
        })
    };
    [1, 2]
        .map(|threads| Entry::new("layerw", threads, move || start(threads)))
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
