//! E1, E2: many small systems.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Result, ensure};
use bevy_ecs::system::Query as BevyQuery;
use layerw::{IntoRow, IntoWhole, Sim};
use legion::storage::IntoSoa;
use legion::{IntoQuery, Write};
use shipyard::{IntoIter, View, ViewMut, Workload};

use crate::harness::{Case, Effort, Entry, Figure, Goal, Repeat, single};
use crate::peers::parts::{C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, ten};
use crate::peers::{bevy, ours, rayon};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "E1",
        about: "100 empty systems, dispatched; each bumps a counter that is checked",
        figures: &[Figure::new("ns/system").goals(&[Goal::ratio(2, 60.0, 361.0)])],
        entries: empty,
    },
    Case {
        name: "E2",
        about: "100 small systems, ten on each of ten f32 components of 10 000 entities",
        figures: &[Figure::new("us/system").goals(&[Goal::of_floor(2, 1.6, 1.62)])],
        entries: small,
    },
];

const SYSTEMS: usize = 100;

/// A counter per system, each on cache lines of its own.
struct Counters([Counter; SYSTEMS]);

#[repr(align(128))]
struct Counter(AtomicU64);

impl Counters {
    fn new() -> Arc<Counters> {
        Arc::new(Counters([const { Counter(AtomicU64::new(0)) }; SYSTEMS]))
    }

    /// What an empty system does. Each has a counter of its own, so a load and a store do.
    #[inline(always)]
    fn bump(&self, system: usize) {
        let counter = &self.0[system].0;
        counter.store(counter.load(Relaxed) + 1, Relaxed);
    }

    fn check(&self, steps: u64) -> Result<()> {
        let wrong = self
            .0
            .iter()
            .filter(|counter| counter.0.load(Relaxed) != steps)
            .count();
        ensure!(wrong == 0, "{wrong} systems did not run once a step");
        Ok(())
    }
}

/// An empty system of a type of its own.
fn bump<const SYSTEM: usize>(counters: &Arc<Counters>) -> impl Fn() + Send + Sync + use<SYSTEM> {
    let counters = counters.clone();
    move || counters.bump(SYSTEM)
}

fn empty(effort: Effort) -> Vec<Entry> {
    /// One round: ns per system of steps that `step` does.
    fn round(
        repeat: &mut Repeat,
        counters: &Counters,
        steps: &mut u64,
        mut step: impl FnMut(),
    ) -> Result<f64> {
        let mean_ns = repeat.mean_ns(|| {
            *steps += 1;
            step();
        });
        counters.check(*steps)?;
        Ok(mean_ns / SYSTEMS as f64)
    }
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            let (counters, mut steps, mut repeat) = (Counters::new(), 0, effort.repeat());
            let mut sim = Sim::new();
            for system in 0..SYSTEMS {
                let counters = counters.clone();
                sim.system((move || counters.bump(system)).named(&format!("system {system}")));
            }
            let mut runner = ours::runner(sim, &ours::jobs(threads)?)?;
            single(move || {
                round(&mut repeat, &counters, &mut steps, || {
                    ours::step(&mut runner)
                })
            })
        }));
        entries.push(Entry::new("bevy_ecs", threads, move || {
            let (counters, mut steps, mut repeat) = (Counters::new(), 0, effort.repeat());
            let (mut world, mut schedule) =
                (bevy_ecs::world::World::new(), bevy::schedule(threads));
            for system in 0..SYSTEMS {
                let counters = counters.clone();
                schedule.add_systems(move || counters.bump(system));
            }
            single(move || {
                round(&mut repeat, &counters, &mut steps, || {
                    schedule.run(&mut world)
                })
            })
        }));
        entries.push(Entry::new("legion", threads, move || {
            let (counters, mut steps, mut repeat) = (Counters::new(), 0, effort.repeat());
            let (mut world, mut resources) =
                (legion::World::default(), legion::Resources::default());
            let mut builder = legion::Schedule::builder();
            for system in 0..SYSTEMS {
                let counters = counters.clone();
                let name = format!("system {system}");
                builder.add_system(
                    legion::SystemBuilder::new(name)
                        .build(move |_, _, (), ()| counters.bump(system)),
                );
            }
            let (mut schedule, pool) = (builder.build(), rayon::pool(threads)?);
            single(move || {
                // A schedule may not be sent, so there is no `install`; this thread belongs to the pool anyway.
                let _pool = &pool;
                round(&mut repeat, &counters, &mut steps, || {
                    schedule.execute(&mut world, &mut resources)
                })
            })
        }));
        entries.push(Entry::new("shipyard", threads, move || {
            let (counters, mut steps, mut repeat) = (Counters::new(), 0, effort.repeat());
            let (world, pool) = (shipyard::World::new(), rayon::pool(threads)?);
            let mut workload = Workload::new("empty");
            // shipyard tells systems apart by type.
            macro_rules! systems {
                ($($tens:literal)*) => {$(systems!($tens: 0 1 2 3 4 5 6 7 8 9);)*};
                ($tens:literal: $($ones:literal)*) => {$(
                    workload = workload.with_system(bump::<{ 10 * $tens + $ones }>(&counters));
                )*};
            }
            systems!(0 1 2 3 4 5 6 7 8 9);
            workload.add_to_world(&world)?;
            let mut failed = None;
            single(move || {
                let ns = pool.install(|| {
                    round(&mut repeat, &counters, &mut steps, || {
                        failed = world.run_workload("empty").err()
                    })
                });
                ensure!(failed.is_none(), "shipyard: {failed:?}");
                ns
            })
        }));
    }
    entries
}

/// What a small system adds to each value.
const MORE: f32 = 0.5;

/// Entities, and how often the systems went over them.
struct Small {
    count: usize,
    steps: usize,
    repeat: Repeat,
}

impl Small {
    fn new(effort: Effort) -> Small {
        Small {
            count: effort.pick(10_000, 1_000),
            steps: 0,
            repeat: effort.repeat(),
        }
    }

    /// One round: us per system of steps that `step` does.
    fn us(&mut self, mut step: impl FnMut()) -> f64 {
        let mean_ns = self.repeat.mean_ns(|| {
            self.steps += 1;
            step();
        });
        mean_ns / (1e3 * SYSTEMS as f64)
    }

    /// The values of one component.
    fn check(&self, values: impl Iterator<Item = f32>) -> Result<()> {
        // Beyond 2^23 halves are not exact any more; rounds that long do not happen.
        let wanted = (10 * self.steps) as f32 * MORE;
        let (mut seen, mut wrong) = (0, 0);
        for value in values {
            seen += 1;
            wrong += usize::from(value != wanted);
        }
        ensure!(
            seen == self.count,
            "{seen} entities instead of {}",
            self.count
        );
        ensure!(wrong == 0, "{wrong} of {seen} values are not {wanted}");
        Ok(())
    }
}

type All = (C0, C1, C2, C3, C4, C5, C6, C7, C8, C9);

fn all(_: usize) -> All {
    (
        C0(0.0),
        C1(0.0),
        C2(0.0),
        C3(0.0),
        C4(0.0),
        C5(0.0),
        C6(0.0),
        C7(0.0),
        C8(0.0),
        C9(0.0),
    )
}

/// legion's tuples end at eight.
fn legion_all(world: &mut legion::World, count: usize) {
    let columns = || (0..count).map(|_| 0.0_f32);
    macro_rules! columns {
        ($($name:ident)*) => {
            ($(columns().map($name).collect::<Vec<_>>(),)*)
        };
    }
    let entities = world
        .extend(IntoSoa::into_soa(columns!(C0 C1 C2 C3 C4 C5 C6 C7)))
        .to_vec();
    for entity in entities {
        if let Some(mut entry) = world.entry(entity) {
            entry.add_component(C8(0.0));
            entry.add_component(C9(0.0));
        }
    }
}

fn small(effort: Effort) -> Vec<Entry> {
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            let mut small = Small::new(effort);
            let mut sim = Sim::new();
            sim.world.spawn_batch((0..small.count).map(all));
            for turn in 0..SYSTEMS / 10 {
                macro_rules! systems {
                    ($($name:ident)*) => {$(
                        sim.each((|value: &mut $name| value.0 += MORE).named(&format!("{} {turn}", stringify!($name))));
                    )*};
                }
                ten!(systems);
            }
            let mut runner = ours::runner(sim, &ours::jobs(threads)?)?;
            single(move || {
                let us = small.us(|| ours::step(&mut runner));
                macro_rules! check {
                    ($($name:ident)*) => {$(small.check(runner.world().query::<&$name>().map(|value| value.0))?;)*};
                }
                ten!(check);
                Ok(us)
            })
        }));
        entries.push(Entry::new("bevy_ecs", threads, move || {
            let mut small = Small::new(effort);
            let (mut world, mut schedule) = (bevy_ecs::world::World::new(), bevy::schedule(threads));
            world.spawn_batch((0..small.count).map(all));
            for _ in 0..SYSTEMS / 10 {
                macro_rules! systems {
                    ($($name:ident)*) => {$(
                        schedule.add_systems(|mut query: BevyQuery<&mut $name>| {
                            query.iter_mut().for_each(|mut value| value.0 += MORE);
                        });
                    )*};
                }
                ten!(systems);
            }
            single(move || {
                let us = small.us(|| schedule.run(&mut world));
                macro_rules! check {
                    ($($name:ident)*) => {$(small.check(world.query::<&$name>().iter(&world).map(|value| value.0))?;)*};
                }
                ten!(check);
                Ok(us)
            })
        }));
        entries.push(Entry::new("legion", threads, move || {
            let mut small = Small::new(effort);
            let (mut world, mut resources) = (legion::World::default(), legion::Resources::default());
            legion_all(&mut world, small.count);
            let mut builder = legion::Schedule::builder();
            for turn in 0..SYSTEMS / 10 {
                macro_rules! systems {
                    ($($name:ident)*) => {$(
                        builder.add_system(
                            legion::SystemBuilder::new(format!("{} {turn}", stringify!($name)))
                                .with_query(<Write<$name>>::query())
                                .build(|_, world, (), query| query.for_each_mut(world, |value| value.0 += MORE)),
                        );
                    )*};
                }
                ten!(systems);
            }
            let (mut schedule, pool) = (builder.build(), rayon::pool(threads)?);
            single(move || {
                let _pool = &pool;
                let us = small.us(|| schedule.execute(&mut world, &mut resources));
                macro_rules! check {
                    ($($name:ident)*) => {$(small.check(<&$name>::query().iter(&world).map(|value| value.0))?;)*};
                }
                ten!(check);
                Ok(us)
            })
        }));
        entries.push(Entry::new("shipyard", threads, move || {
            let mut small = Small::new(effort);
            let (mut world, pool) = (shipyard::World::new(), rayon::pool(threads)?);
            world.bulk_add_entity((0..small.count).map(all));
            let mut workload = Workload::new("small");
            for _ in 0..SYSTEMS / 10 {
                macro_rules! systems {
                    ($($name:ident)*) => {$(
                        workload = workload.with_system(|mut values: ViewMut<$name>| {
                            (&mut values).iter().for_each(|value| value.0 += MORE);
                        });
                    )*};
                }
                ten!(systems);
            }
            workload.add_to_world(&world)?;
            let mut failed = None;
            single(move || {
                let us = pool.install(|| small.us(|| failed = world.run_workload("small").err()));
                ensure!(failed.is_none(), "shipyard: {failed:?}");
                macro_rules! check {
                    ($($name:ident)*) => {$(
                        world.run(|values: View<$name>| small.check((&values).iter().map(|value| value.0)))?;
                    )*};
                }
                ten!(check);
                Ok(us)
            })
        }));
    }
    entries.push(Entry::new("hecs", 1, move || {
        let mut small = Small::new(effort);
        let mut world = hecs::World::new();
        world.spawn_batch((0..small.count).map(all));
        single(move || {
            let us = small.us(|| {
                for _ in 0..SYSTEMS / 10 {
                    macro_rules! systems {
                        ($($name:ident)*) => {$(
                            world.query_mut::<&mut $name>().into_iter().for_each(|value| value.0 += MORE);
                        )*};
                    }
                    ten!(systems);
                }
            });
            macro_rules! check {
                ($($name:ident)*) => {$(small.check(world.query_mut::<&$name>().into_iter().map(|value| value.0))?;)*};
            }
            ten!(check);
            Ok(us)
        })
    }));
    for threads in [1, 2] {
        // On one thread: the floor for both.
        entries.push(Entry::new("floor-arrays-t1", threads, move || {
            let mut small = Small::new(effort);
            let mut columns = vec![vec![0.0_f32; small.count]; 10];
            single(move || {
                let us = small.us(|| {
                    for system in 0..SYSTEMS {
                        columns[system % 10]
                            .iter_mut()
                            .for_each(|value| *value += MORE);
                    }
                });
                for column in &columns {
                    small.check(column.iter().copied())?;
                }
                Ok(us)
            })
        }));
    }
    entries
}
