//! E3, E4, E11: the same change to every row.

use ::rayon::prelude::*;
use anyhow::{Result, ensure};
use bevy_ecs::system::Query as BevyQuery;
use layerw::math::Mat4;
use layerw::{IntoRow, Runner, Sim};
use shipyard::{IntoIter, View, ViewMut};
use sparsey::World as SparseyWorld;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, round, single};
use crate::peers::parts::{
    A, B, C, Position, Rotation, Transform, Velocity, advance, position, velocity,
};
use crate::peers::{bevy, ours, rayon};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "E3",
        about: "1M entities: position += velocity * dt",
        figures: &[Figure::new("ns/entity")
            .goals(&[Goal::ratio(1, 1.5, 1.48), Goal::ratio(2, 0.85, 0.82)])],
        entries: movement,
    },
    Case {
        name: "E4-1M",
        about: CHAIN,
        figures: CHAIN_FIGURES_1M,
        entries: |effort| chain(effort, effort.pick(1_000_000, 10_000)),
    },
    Case {
        name: "E4-8M",
        about: CHAIN,
        figures: CHAIN_FIGURES_8M,
        entries: |effort| chain(effort, effort.pick(8_000_000, 20_000)),
    },
    Case {
        name: "E11",
        about: "heavy_compute of the public suite: 1 000 entities, 100 inversions of a 4×4 matrix each",
        figures: &[Figure::new("us").goals(&[Goal::ratio(2, 1_135.0, 1_110.0)])],
        entries: heavy,
    },
];

const CHAIN: &str = "chain of ten row systems over three f32 columns: chunk by chunk by ten passes";
const CHAIN_FIGURES_1M: &[Figure] = &chain_figures(&[Goal::value(1, 0.65), Goal::value(2, 0.65)]);
const CHAIN_FIGURES_8M: &[Figure] = &chain_figures(&[Goal::value(1, 0.40), Goal::value(2, 0.40)]);

const fn chain_figures(goals: &'static [Goal]) -> [Figure; 3] {
    [
        Figure::new("of ten passes").suffix("-ratio").goals(goals),
        Figure::new("ns/row/system").suffix("-fused"),
        Figure::new("ns/row/system").suffix("-passes"),
    ]
}

fn movement(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 10_000);
    let start = move || (0..count).map(|number| (position(number), velocity(number)));
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            let mut sim = Sim::new();
            sim.world.spawn_batch(start());
            sim.each(advance);
            let mut runner = ours::runner(sim, &ours::jobs(threads)?)?;
            let mut steps = 0;
            let mut repeat = effort.repeat();
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    steps += 1;
                    ours::step(&mut runner);
                });
                check_moved(runner.world().query::<&Position>(), count, steps)?;
                Ok(mean_ns / count as f64)
            })
        }));
        entries.push(Entry::new("bevy_ecs", threads, move || {
            let mut world = bevy_ecs::world::World::new();
            world.spawn_batch(start());
            let mut schedule = bevy::schedule(threads);
            if threads == 1 {
                schedule.add_systems(|mut query: BevyQuery<(&mut Position, &Velocity)>| {
                    query
                        .iter_mut()
                        .for_each(|(mut position, velocity)| advance(&mut position, velocity));
                });
            } else {
                schedule.add_systems(|mut query: BevyQuery<(&mut Position, &Velocity)>| {
                    query
                        .par_iter_mut()
                        .for_each(|(mut position, velocity)| advance(&mut position, velocity));
                });
            }
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    steps += 1;
                    schedule.run(&mut world);
                });
                check_moved(world.query::<&Position>().iter(&world), count, steps)?;
                Ok(mean_ns / count as f64)
            })
        }));
        entries.push(Entry::new("sparsey", threads, move || {
            let mut world = SparseyWorld::builder()
                .add_group::<(Position, Velocity)>()
                .build();
            world.extend(start());
            let pool = rayon::pool(threads)?;
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = pool.install(|| {
                    repeat.mean_ns(|| {
                        steps += 1;
                        if threads == 1 {
                            world.for_each::<(&mut Position, &Velocity)>(|(position, velocity)| {
                                advance(position, velocity)
                            });
                        } else {
                            world.par_for_each::<(&mut Position, &Velocity)>(
                                |(position, velocity)| advance(position, velocity),
                            );
                        }
                    })
                });
                let positions = world.borrow::<Position>();
                check_moved(positions.as_slice().iter(), count, steps)?;
                Ok(mean_ns / count as f64)
            })
        }));
        entries.push(Entry::new("floor-arrays", threads, move || {
            let (mut positions, velocities): (Vec<_>, Vec<_>) = start().unzip();
            let pool = rayon::pool(threads)?;
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = pool.install(|| {
                    repeat.mean_ns(|| {
                        steps += 1;
                        // One part per thread.
                        let part = count.div_ceil(threads);
                        positions
                            .par_chunks_mut(part)
                            .zip(velocities.par_chunks(part))
                            .for_each(|(positions, velocities)| {
                                positions
                                    .iter_mut()
                                    .zip(velocities)
                                    .for_each(|(position, velocity)| advance(position, velocity));
                            });
                    })
                });
                check_moved(positions.iter(), count, steps)?;
                Ok(mean_ns / count as f64)
            })
        }));
    }
    entries.push(Entry::new("hecs", 1, move || {
        let mut world = hecs::World::new();
        world.spawn_batch(start());
        let (mut steps, mut repeat) = (0, effort.repeat());
        single(move || {
            let mean_ns = repeat.mean_ns(|| {
                steps += 1;
                world
                    .query_mut::<(&mut Position, &Velocity)>()
                    .into_iter()
                    .for_each(|(position, velocity)| advance(position, velocity));
            });
            check_moved(world.query_mut::<&Position>().into_iter(), count, steps)?;
            Ok(mean_ns / count as f64)
        })
    }));
    entries
}

/// Every entity has moved as often as it should, in whatever order they come.
fn check_moved<'p>(
    positions: impl Iterator<Item = &'p Position>,
    count: usize,
    steps: usize,
) -> Result<()> {
    /// Beyond, movement by 1/64 is not exact any more.
    const EXACT_STEPS: usize = 1 << 17;
    let mut seen = 0;
    let mut wrong = 0;
    for position in positions {
        seen += 1;
        // All y start at 0 and move by DT a step.
        wrong += usize::from(position.0.y != steps as f32 * crate::peers::parts::DT);
    }
    ensure!(seen == count, "{seen} entities instead of {count}");
    ensure!(
        wrong == 0 || steps > EXACT_STEPS,
        "{wrong} of {count} entities are not where they should be after {steps} steps"
    );
    Ok(())
}

/// The ten systems of the chain, in order: each changes one column by another. Behind a column stands its place.
macro_rules! chain_of {
    ($call:ident) => {
        $call!(A 0 B 1 0.9, B 1 C 2 0.8, C 2 A 0 0.7, A 0 C 2 0.6, B 1 A 0 0.5, C 2 B 1 0.4, A 0 B 1 0.3, B 1 C 2 0.2, C 2 A 0 0.1, A 0 C 2 0.05)
    };
}

/// What a system of the chain does to a row. Values stay near 1.
#[inline(always)]
fn mix(to: &mut f32, from: f32, share: f32) {
    *to += (from - *to) * share;
}

fn abc(number: usize) -> (A, B, C) {
    let value = (number % 1_000) as f32 / 1_000.0;
    (A(value), B(value + 0.25), C(value + 0.5))
}

fn chain(effort: Effort, count: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            layerw_chain(effort, threads, count)
        }));
    }
    entries.push(Entry::new("hecs", 1, move || hecs_chain(effort, count)));
    entries
}

fn layerw_chain(effort: Effort, threads: usize, count: usize) -> Result<Round> {
    let jobs = ours::jobs(threads)?;
    let start = |apart: bool| -> Result<Runner> {
        let mut sim = Sim::new();
        sim.world.spawn_batch((0..count).map(abc));
        let mut number = 0;
        macro_rules! systems {
            ($($to:ident $t:literal $from:ident $f:literal $share:literal),*) => {$(
                number += 1;
                sim.each((|to: &mut $to, from: &$from| mix(&mut to.0, from.0, $share)).named(&format!("mix {number}")));
                if apart {
                    // A barrier: nothing of the next system starts before all of this one has ended.
                    sim.apply();
                }
            )*};
        }
        chain_of!(systems);
        ours::runner(sim, &jobs)
    };
    let (mut fused, mut passes) = (start(false)?, start(true)?);
    let (mut fused_repeat, mut passes_repeat) = (effort.repeat(), effort.repeat());
    let (mut fused_steps, mut passes_steps) = (0, 0);
    round(move || {
        let fused_ns = fused_repeat.mean_ns(|| {
            fused_steps += 1;
            ours::step(&mut fused);
        });
        let passes_ns = passes_repeat.mean_ns(|| {
            passes_steps += 1;
            ours::step(&mut passes);
        });
        for (runner, steps) in [(&fused, fused_steps), (&passes, passes_steps)] {
            check_mixed(
                runner
                    .world()
                    .query::<(&A, &B, &C)>()
                    .map(|(a, b, c)| [a.0, b.0, c.0]),
                count,
                steps,
            )?;
        }
        let rows = 10.0 * count as f64;
        Ok(vec![
            fused_ns / passes_ns,
            fused_ns / rows,
            passes_ns / rows,
        ])
    })
}

/// Ten passes, as everybody else does it.
fn hecs_chain(effort: Effort, count: usize) -> Result<Round> {
    let mut world = hecs::World::new();
    world.spawn_batch((0..count).map(abc));
    let (mut steps, mut repeat) = (0, effort.repeat());
    round(move || {
        let mean_ns = repeat.mean_ns(|| {
            steps += 1;
            macro_rules! systems {
                ($($to:ident $t:literal $from:ident $f:literal $share:literal),*) => {$(
                    world.query_mut::<(&mut $to, &$from)>().into_iter().for_each(|(to, from)| mix(&mut to.0, from.0, $share));
                )*};
            }
            chain_of!(systems);
        });
        check_mixed(
            world
                .query_mut::<(&A, &B, &C)>()
                .into_iter()
                .map(|(a, b, c)| [a.0, b.0, c.0]),
            count,
            steps,
        )?;
        let ns = mean_ns / (10.0 * count as f64);
        Ok(vec![1.0, ns, ns])
    })
}

/// Every row of the first thousand kinds was mixed as often as it should, bit for bit.
fn check_mixed(rows: impl Iterator<Item = [f32; 3]>, count: usize, steps: usize) -> Result<()> {
    let kind = |number| {
        let (a, b, c) = abc(number);
        let mut row = [a.0, b.0, c.0];
        for _ in 0..steps {
            macro_rules! systems {
                ($($to:ident $t:literal $from:ident $f:literal $share:literal),*) => {$(
                    let from = row[$f];
                    mix(&mut row[$t], from, $share);
                )*};
            }
            chain_of!(systems);
        }
        row.map(f32::to_bits)
    };
    let kinds: Vec<_> = (0..1_000).map(kind).collect();
    let (mut seen, mut wrong) = (0, 0);
    for (number, row) in rows.enumerate() {
        seen += 1;
        wrong += usize::from(row.map(f32::to_bits) != kinds[number % 1_000]);
    }
    ensure!(
        seen == count && wrong == 0,
        "{wrong} of {seen} rows are wrong, and there should be {count}"
    );
    Ok(())
}

/// An entity of the public suite.
type Body = (Transform, Position, Rotation, Velocity);

fn body() -> Body {
    use layerw::math::Vec3;
    let turned = Mat4::from_rotation_x(1.2);
    (
        Transform(turned),
        Position(Vec3::X),
        Rotation(Vec3::X),
        Velocity(Vec3::X),
    )
}

/// What the suite does to it.
fn invert(position: &mut Position, transform: &mut Transform) {
    for _ in 0..100 {
        transform.0 = transform.0.inverse();
    }
    position.0 = transform.0.transform_vector3(position.0);
}

/// The answer after so many runs, bit for bit.
fn inverted(steps: usize) -> (Position, Transform) {
    let (mut transform, mut position, ..) = body();
    for _ in 0..steps {
        invert(&mut position, &mut transform);
    }
    (position, transform)
}

fn heavy(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000, 100);
    let check = move |rows: &mut dyn Iterator<Item = (&Position, &Transform)>, steps: usize| {
        let wanted = inverted(steps);
        let (mut seen, mut wrong) = (0, 0);
        for (position, transform) in rows {
            seen += 1;
            wrong += usize::from((*position, *transform) != wanted);
        }
        ensure!(
            seen == count && wrong == 0,
            "{wrong} of {seen} entities are wrong, and there should be {count}"
        );
        Ok(())
    };
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            let mut sim = Sim::new();
            sim.world.spawn_batch((0..count).map(|_| body()));
            sim.each(invert);
            let mut runner = ours::runner(sim, &ours::jobs(threads)?)?;
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    steps += 1;
                    ours::step(&mut runner);
                });
                check(
                    &mut runner.world().query::<(&Position, &Transform)>(),
                    steps,
                )?;
                Ok(mean_ns / 1e3)
            })
        }));
        entries.push(Entry::new("bevy_ecs", threads, move || {
            let mut world = bevy_ecs::world::World::new();
            world.spawn_batch((0..count).map(|_| body()));
            let mut schedule = bevy::schedule(threads);
            schedule.add_systems(|mut query: BevyQuery<(&mut Position, &mut Transform)>| {
                query
                    .par_iter_mut()
                    .for_each(|(mut position, mut transform)| {
                        invert(&mut position, &mut transform)
                    });
            });
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    steps += 1;
                    schedule.run(&mut world);
                });
                check(
                    &mut world.query::<(&Position, &Transform)>().iter(&world),
                    steps,
                )?;
                Ok(mean_ns / 1e3)
            })
        }));
        entries.push(Entry::new("legion", threads, move || {
            use legion::IntoQuery;
            let mut world = legion::World::default();
            world.extend((0..count).map(|_| body()));
            let pool = rayon::pool(threads)?;
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mut query = <(&mut Position, &mut Transform)>::query();
                let mean_ns = pool.install(|| {
                    repeat.mean_ns(|| {
                        steps += 1;
                        query.par_for_each_mut(&mut world, |(position, transform)| {
                            invert(position, transform)
                        });
                    })
                });
                check(&mut <(&Position, &Transform)>::query().iter(&world), steps)?;
                Ok(mean_ns / 1e3)
            })
        }));
        entries.push(Entry::new("shipyard", threads, move || {
            let mut world = shipyard::World::new();
            world.bulk_add_entity((0..count).map(|_| body()));
            let pool = rayon::pool(threads)?;
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = pool.install(|| {
                    repeat.mean_ns(|| {
                        steps += 1;
                        world.run(
                            |mut positions: ViewMut<Position>,
                             mut transforms: ViewMut<Transform>| {
                                (&mut positions, &mut transforms)
                                    .par_iter()
                                    .for_each(|(position, transform)| invert(position, transform));
                            },
                        );
                    })
                });
                world.run(|positions: View<Position>, transforms: View<Transform>| {
                    check(&mut (&positions, &transforms).iter(), steps)
                })?;
                Ok(mean_ns / 1e3)
            })
        }));
    }
    entries
}
