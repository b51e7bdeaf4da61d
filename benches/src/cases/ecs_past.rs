//! E12, E13: states of the past, kept by copying what is about to be written.
//!
//! Nobody else has such a thing; what it costs is compared with a full copy, and with a step that keeps nothing.

use anyhow::{Context, Result, ensure};
use layerw::{Commands, Entity, Settings, Sim, World};
use layerw_memory::{Arena, MemoryConfig};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};
use crate::peers::ours;
use crate::peers::parts::{Extra, Position, Velocity, position, velocity};

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
    Case {
        name: "E13-churn",
        about: "a step in which a tenth of 100 000 entities go and as many come, that keeps the last 60; and one that keeps none",
        figures: &[Figure::new("ms")],
        entries: |effort| {
            [("layerw", 60), ("layerw-none", 0)]
                .map(|(peer, kept)| {
                    Entry::new(peer, 1, move || measured(effort, churn(effort), 1, kept))
                })
                .into()
        },
    },
];

/// Steps that an entity of the churn lives.
const LIFE: u32 = 10;

/// Entities that live for some steps, a part of them ending with each, and another beginning for each that ends.
fn churn(effort: Effort) -> Sim {
    fn live(age: &mut Extra, entity: Entity, mut commands: Commands) {
        age.0 += 1.0;
        if age.0 >= LIFE as f32 {
            commands.despawn(entity);
            commands.spawn((position(1), velocity(1), Extra(0.0)));
        }
    }
    let mut sim = Sim::new();
    let entity = |number| {
        let age = Extra((number % LIFE as usize) as f32);
        (position(number), velocity(number), age)
    };
    let count = effort.pick(100_000, 1_000);
    sim.world.spawn_batch((0..count).map(entity));
    sim.each(live);
    sim
}

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
    measured(effort, sim, threads, kept)
}

/// A step of a simulation that keeps past ones.
fn measured(effort: Effort, sim: Sim, threads: usize, kept: usize) -> Result<Round> {
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
