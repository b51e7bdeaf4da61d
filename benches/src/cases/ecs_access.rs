//! E7, E10: entities looked up and walked over.

use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use layerw::math::{Mat4, Vec3};
use layerw::{Entity, IntoWhole, Query, Sim, World};
use layerw_memory::{Arena, MemoryConfig};
use legion::IntoQuery;
use shipyard::{IntoIter, View, ViewMut};

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};
use crate::peers::ours;
use crate::peers::parts::*;

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "E7",
        about: "read a component of 1M entities in random order",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 13.0, 12.0)])],
        entries: looked_up,
    },
    Case {
        name: "E10-iter",
        about: "simple_iter of the public suite: position += velocity of 10 000 entities of 100 B",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 0.70, 0.66)])],
        entries: walked,
    },
    Case {
        name: "E10-fragmented",
        about: "fragmented_iter of the public suite: 26 archetypes of 20 entities",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 0.37, 0.15)])],
        entries: fragmented,
    },
];

fn pair(number: usize) -> (Position, Velocity) {
    (position(number), velocity(number))
}

/// The same random order for everybody.
fn shuffled<T>(mut items: Vec<T>) -> Vec<T> {
    let mut state = 1_u64;
    for last in (1..items.len()).rev() {
        state = state
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
    items
}

fn looked_up(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 10_000);
    /// A round of `f`, which sums the velocities along x of all entities.
    fn round(effort: Effort, count: usize, mut f: impl FnMut() -> f64 + 'static) -> Result<Round> {
        let wanted: f64 = (0..count)
            .map(|number| f64::from(velocity(number).0.x))
            .sum();
        let mut repeat = effort.repeat();
        single(move || {
            let mut sum = 0.0;
            let mean_ns = repeat.mean_ns(|| sum = f());
            ensure!(
                sum == wanted,
                "the sum of what was read is {sum} instead of {wanted}"
            );
            Ok(mean_ns / count as f64)
        })
    }
    vec![
        Entry::new("layerw", 1, move || looked_up_inside(effort, count)),
        Entry::new("layerw-world", 1, move || {
            let arena = Arena::new(&MemoryConfig::default())?;
            let mut world = World::new(&arena)?;
            let entities: Vec<Entity> = shuffled(world.spawn_batch((0..count).map(pair)).collect());
            round(effort, count, move || {
                let read = |&entity: &Entity| {
                    world
                        .get::<Velocity>(entity)
                        .map_or(0.0, |velocity| f64::from(velocity.0.x))
                };
                entities.iter().map(read).sum()
            })
        }),
        Entry::new("hecs", 1, move || {
            let mut world = hecs::World::new();
            let entities: Vec<_> = shuffled(world.spawn_batch((0..count).map(pair)).collect());
            round(effort, count, move || {
                let view = world.view::<&Velocity>();
                let read = |&entity: &hecs::Entity| {
                    view.get(entity)
                        .map_or(0.0, |velocity| f64::from(velocity.0.x))
                };
                entities.iter().map(read).sum()
            })
        }),
        Entry::new("sparsey", 1, move || {
            let mut world = sparsey::World::builder()
                .register::<Position>()
                .register::<Velocity>()
                .build();
            let entities = shuffled(world.extend((0..count).map(pair)).to_vec());
            round(effort, count, move || {
                let view = world.borrow::<Velocity>();
                let read = |&entity: &sparsey::entity::Entity| {
                    view.get(entity)
                        .map_or(0.0, |velocity| f64::from(velocity.0.x))
                };
                entities.iter().map(read).sum()
            })
        }),
        Entry::new("bevy_ecs", 1, move || {
            let mut world = bevy_ecs::world::World::new();
            let entities: Vec<_> = shuffled(world.spawn_batch((0..count).map(pair)).collect());
            let mut query = world.query::<&Velocity>();
            round(effort, count, move || {
                let query = query.query(&world);
                let read = |&entity: &bevy_ecs::entity::Entity| {
                    query
                        .get(entity)
                        .map_or(0.0, |velocity| f64::from(velocity.0.x))
                };
                entities.iter().map(read).sum()
            })
        }),
    ]
}

/// Through a query, in a system, as the peers do through views and queries.
fn looked_up_inside(effort: Effort, count: usize) -> Result<Round> {
    let mut sim = Sim::new();
    let entities: Vec<Entity> = shuffled(sim.world.spawn_batch((0..count).map(pair)).collect());
    let wanted: f64 = (0..count)
        .map(|number| f64::from(velocity(number).0.x))
        .sum();
    let shared = Arc::new((
        Mutex::new(effort.repeat()),
        AtomicU64::new(0),
        AtomicU64::new(0),
    ));
    let inside = shared.clone();
    let look = move |velocities: Query<&Velocity>| {
        let (repeat, ns, sum) = &*inside;
        let Ok(mut repeat) = repeat.lock() else {
            return;
        };
        let mut total = 0.0_f64;
        let mean_ns = repeat.mean_ns(|| {
            let read = |&entity: &Entity| {
                velocities
                    .get(entity)
                    .map_or(0.0, |velocity| f64::from(velocity.0.x))
            };
            total = entities.iter().map(read).sum();
        });
        ns.store(mean_ns.to_bits(), Relaxed);
        sum.store(total.to_bits(), Relaxed);
    };
    sim.system(look.named("look"));
    let mut runner = ours::runner(sim, &ours::jobs(1)?)?;
    single(move || {
        ours::step(&mut runner);
        let (_, ns, sum) = &*shared;
        let sum = f64::from_bits(sum.load(Relaxed));
        ensure!(
            sum == wanted,
            "the sum of what was read is {sum} instead of {wanted}"
        );
        Ok(f64::from_bits(ns.load(Relaxed)) / count as f64)
    })
}

/// An entity of the public suite.
fn body(_: usize) -> (Transform, Position, Rotation, Velocity) {
    (
        Transform(Mat4::IDENTITY),
        Position(Vec3::ZERO),
        Rotation(Vec3::X),
        Velocity(Vec3::X),
    )
}

#[inline(always)]
fn walk(position: &mut Position, velocity: &Velocity) {
    position.0 += velocity.0;
}

/// A round of `walk_all`, then the check of what `positions` reads.
fn walk_round<W: 'static>(
    effort: Effort,
    count: usize,
    mut world: W,
    mut walk_all: impl FnMut(&mut W) + 'static,
    mut positions: impl FnMut(&mut W, &mut dyn FnMut(&Position)) + 'static,
) -> Result<Round> {
    let (mut repeat, mut steps) = (effort.repeat(), 0_u32);
    single(move || {
        let mean_ns = repeat.mean_ns(|| {
            steps += 1;
            walk_all(&mut world);
        });
        let (mut seen, mut wrong) = (0, 0);
        // From 2^24 on a float does not grow by 1 any more.
        let wanted = steps.min(1 << 24) as f32;
        positions(&mut world, &mut |position| {
            seen += 1;
            wrong += usize::from(position.0.x != wanted);
        });
        ensure!(
            seen == count && wrong == 0,
            "{wrong} of {seen} positions are not {wanted}, and there should be {count}"
        );
        Ok(mean_ns / count as f64)
    })
}

fn walked(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(10_000, 1_000);
    vec![
        Entry::new("layerw", 1, move || {
            let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
            world.spawn_batch((0..count).map(body));
            walk_round(
                effort,
                count,
                world,
                |world| {
                    world
                        .query_mut::<(&mut Position, &Velocity)>()
                        .for_each(|(position, velocity)| walk(position, velocity))
                },
                |world, see| world.query::<&Position>().for_each(see),
            )
        }),
        Entry::new("layerw-step", 1, move || {
            let mut sim = layerw::Sim::new();
            sim.world.spawn_batch((0..count).map(body));
            sim.each(walk);
            let runner = ours::runner(sim, &ours::jobs(1)?)?;
            walk_round(effort, count, runner, ours::step, |runner, see| {
                runner.world().query::<&Position>().for_each(see);
            })
        }),
        Entry::new("hecs", 1, move || {
            let mut world = hecs::World::new();
            world.spawn_batch((0..count).map(body));
            walk_round(
                effort,
                count,
                world,
                |world| {
                    world
                        .query_mut::<(&mut Position, &Velocity)>()
                        .into_iter()
                        .for_each(|(position, velocity)| walk(position, velocity))
                },
                |world, see| world.query_mut::<&Position>().into_iter().for_each(see),
            )
        }),
        Entry::new("legion", 1, move || {
            let mut world = legion::World::default();
            world.extend((0..count).map(body));
            let mut query = <(&mut Position, &Velocity)>::query();
            walk_round(
                effort,
                count,
                world,
                move |world| {
                    query.for_each_mut(world, |(position, velocity)| walk(position, velocity))
                },
                |world, see| <&Position>::query().iter(world).for_each(see),
            )
        }),
        Entry::new("shipyard", 1, move || {
            let mut world = shipyard::World::new();
            world.bulk_add_entity((0..count).map(body));
            walk_round(
                effort,
                count,
                world,
                |world| {
                    world.run(
                        |mut positions: ViewMut<Position>, velocities: View<Velocity>| {
                            (&mut positions, &velocities)
                                .iter()
                                .for_each(|(position, velocity)| walk(position, velocity));
                        },
                    );
                },
                |world, see| {
                    world.run(|positions: View<Position>| (&positions).iter().for_each(see))
                },
            )
        }),
        Entry::new("bevy_ecs", 1, move || {
            let mut world = bevy_ecs::world::World::new();
            world.spawn_batch((0..count).map(body));
            let mut query = world.query::<(&mut Position, &Velocity)>();
            walk_round(
                effort,
                count,
                world,
                move |world| {
                    query
                        .iter_mut(world)
                        .for_each(|(mut position, velocity)| walk(&mut position, velocity))
                },
                |world, see| world.query::<&Position>().iter(world).for_each(see),
            )
        }),
    ]
}

/// Entities of each of the 26 kinds.
const KIND: usize = 20;

/// What is done to each value; it comes back to itself after two times.
#[inline(always)]
fn flip(data: &mut Data) {
    data.0 = 3.0 - data.0;
}

/// A round of `flip_all`, then the check of what `values` reads.
fn flip_round<W: 'static>(
    effort: Effort,
    mut world: W,
    mut flip_all: impl FnMut(&mut W) + 'static,
    mut values: impl FnMut(&mut W, &mut dyn FnMut(&Data)) + 'static,
) -> Result<Round> {
    let (mut repeat, mut steps) = (effort.repeat(), 0_u64);
    single(move || {
        let mean_ns = repeat.mean_ns(|| {
            steps += 1;
            flip_all(black_box(&mut world));
        });
        let (mut seen, mut wrong) = (0, 0);
        let wanted = if steps % 2 == 0 { 1.0 } else { 2.0 };
        values(&mut world, &mut |data| {
            seen += 1;
            wrong += usize::from(data.0 != wanted);
        });
        ensure!(
            seen == 26 * KIND && wrong == 0,
            "{wrong} of {seen} values are not {wanted}, and there should be {}",
            26 * KIND
        );
        Ok(mean_ns / (26 * KIND) as f64)
    })
}

fn fragmented(effort: Effort) -> Vec<Entry> {
    vec![
        Entry::new("layerw", 1, move || {
            let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
            macro_rules! spawn {
                ($($name:ident)*) => {$(world.spawn_batch((0..KIND).map(|_| ($name(0.0), Data(1.0))));)*};
            }
            letters!(spawn);
            flip_round(
                effort,
                world,
                |world| world.query_mut::<&mut Data>().for_each(flip),
                |world, see| world.query::<&Data>().for_each(see),
            )
        }),
        Entry::new("hecs", 1, move || {
            let mut world = hecs::World::new();
            macro_rules! spawn {
                ($($name:ident)*) => {$(world.spawn_batch((0..KIND).map(|_| ($name(0.0), Data(1.0))));)*};
            }
            letters!(spawn);
            flip_round(
                effort,
                world,
                |world| world.query_mut::<&mut Data>().into_iter().for_each(flip),
                |world, see| world.query_mut::<&Data>().into_iter().for_each(see),
            )
        }),
        Entry::new("legion", 1, move || {
            let mut world = legion::World::default();
            macro_rules! spawn {
                ($($name:ident)*) => {$(world.extend((0..KIND).map(|_| ($name(0.0), Data(1.0))));)*};
            }
            letters!(spawn);
            let mut query = <&mut Data>::query();
            flip_round(
                effort,
                world,
                move |world| query.for_each_mut(world, flip),
                |world, see| <&Data>::query().iter(world).for_each(see),
            )
        }),
        Entry::new("shipyard", 1, move || {
            let mut world = shipyard::World::new();
            macro_rules! spawn {
                ($($name:ident)*) => {$(world.bulk_add_entity((0..KIND).map(|_| ($name(0.0), Data(1.0))));)*};
            }
            letters!(spawn);
            flip_round(
                effort,
                world,
                |world| world.run(|mut data: ViewMut<Data>| (&mut data).iter().for_each(flip)),
                |world, see| world.run(|data: View<Data>| (&data).iter().for_each(see)),
            )
        }),
        Entry::new("bevy_ecs", 1, move || {
            let mut world = bevy_ecs::world::World::new();
            macro_rules! spawn {
                ($($name:ident)*) => {$(world.spawn_batch((0..KIND).map(|_| ($name(0.0), Data(1.0))));)*};
            }
            letters!(spawn);
            let mut query = world.query::<&mut Data>();
            flip_round(
                effort,
                world,
                move |world| query.iter_mut(world).for_each(|mut data| flip(&mut data)),
                |world, see| world.query::<&Data>().iter(world).for_each(see),
            )
        }),
    ]
}
