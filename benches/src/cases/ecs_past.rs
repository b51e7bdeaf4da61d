//! E12, E13: states of the past, kept by copying what is about to be written.
//!
//! Nobody else has such a thing; what it costs is compared with a full copy, and with a step that keeps nothing.

use anyhow::{Context, Result, ensure};
use layerw::{Settings, World};
use layerw_memory::{Arena, MemoryConfig};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};
use crate::peers::ours;
use crate::peers::parts::{Position, Velocity, position, velocity};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "E12",
        about: "a fork of a world of 1 GiB, to read while the world goes on; and a full copy of it",
        figures: &[Figure::new("ms").goals(&[Goal::value(1, 5.0)])],
        entries: forks,
    },
    Case {
        name: "E13",
        about: "a step of the flock, 100 000 boids, that keeps the last 60 steps; and one that keeps none",
        figures: &[Figure::new("ms")],
        entries: |effort| {
            [("layerw", 60), ("layerw-none", 0)]
                .into_iter()
                .flat_map(|(peer, kept)| {
                    [1, 2].map(|threads| {
                        Entry::new(peer, threads, move || steps(effort, threads, kept))
                    })
                })
                .collect()
        },
    },
];

/// Bytes of an entity with position and velocity: its values, its id, its slot.
const ENTITY_BYTES: usize = 24 + 8 + 8;

fn world(effort: Effort) -> Result<World> {
    let count = effort.pick((1 << 30) / ENTITY_BYTES, 100_000);
    let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
    world.spawn_batch((0..count).map(|number| (position(number), velocity(number))));
    Ok(world)
}

fn forks(effort: Effort) -> Vec<Entry> {
    vec![
        Entry::new("layerw", 1, move || {
            let mut world = world(effort)?;
            let (mut repeat, mut checked) = (effort.repeat(), false);
            single(move || {
                if !checked {
                    check(&mut world)?;
                    checked = true;
                }
                let mut refused = None;
                let mean_ns = repeat.mean_counted_ns(|| {
                    let start_ns = now_ns();
                    let fork = world.fork();
                    let ns = now_ns() - start_ns;
                    refused = fork.err();
                    ns
                });
                refused.map_or(Ok(()), Err)?;
                Ok(mean_ns / 1e6)
            })
        }),
        Entry::new("layerw-copy", 1, move || {
            let world = world(effort)?;
            let (hash, mut repeat) = (world.hash(), effort.repeat());
            single(move || {
                let mut copy = None;
                let mean_ns = repeat.mean_counted_ns(|| {
                    copy = None;
                    let start_ns = now_ns();
                    copy = Some(world.copy());
                    now_ns() - start_ns
                });
                let copy = copy.context("the copy was never made")??;
                ensure!(copy.hash() == hash, "the copy is another world");
                Ok(mean_ns / 1e6)
            })
        }),
    ]
}

/// A fork is the world of its moment, whatever is written since.
fn check(world: &mut World) -> Result<()> {
    let hash = world.hash();
    let fork = world.fork()?;
    for (position, velocity) in world
        .query_mut::<(&mut Position, &mut Velocity)>()
        .take(50_000)
    {
        position.0.x += 1.0;
        velocity.0.y += 1.0;
    }
    ensure!(world.hash() != hash, "nothing was written");
    ensure!(
        fork.world()?.hash() == hash,
        "the fork is another world than that of its moment"
    );
    Ok(())
}

fn steps(effort: Effort, threads: usize, kept: usize) -> Result<Round> {
    let count = effort.pick(100_000, 1_000).to_string();
    let sim = flock::sim(&Settings::new().with("boids", &count))?;
    let mut runner = ours::runner(sim, &ours::jobs(threads)?)?;
    runner.keep(kept)?;
    // Until the ring is full, and every buffer has its size.
    (0..61).for_each(|_| ours::step(&mut runner));
    let mut repeat = effort.repeat();
    single(move || {
        let mean_ns = repeat.mean_ns(|| ours::step(&mut runner));
        if kept > 0 {
            // The answer: going back and on again ends in the same state.
            let hash = runner.hash();
            let back = runner.world().kept().steps.min(3);
            ensure!(back > 0, "not one step was kept");
            runner.rewind(back as u64)?;
            (0..back).for_each(|_| ours::step(&mut runner));
            ensure!(runner.hash() == hash, "what comes after going back differs");
        }
        Ok(mean_ns / 1e6)
    })
}
