//! E5, E6, E9 and simple_insert: entities and components come and go.

use anyhow::{Result, ensure};
use layerw::World;
use layerw::math::{Mat4, Vec3};
use layerw_memory::{Arena, MemoryConfig};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};
use crate::peers::parts::{Extra, Position, Rotation, Transform, Velocity, position, velocity};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "E5-bulk",
        about: "spawn 1M entities of 24 B in bulk, into a new world on new memory",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 16.0, 18.6)])],
        entries: |effort| spawned(effort, true, false),
    },
    Case {
        name: "E5-one",
        about: "the same one by one",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 45.0, 45.0)])],
        entries: |effort| spawned(effort, false, false),
    },
    Case {
        name: "E5-bulk-again",
        about: "spawn 1M entities in bulk where a million were before",
        figures: &[Figure::new("ns/entity")],
        entries: |effort| spawned(effort, true, true),
    },
    Case {
        name: "E5-one-again",
        about: "the same one by one",
        figures: &[Figure::new("ns/entity")],
        entries: |effort| spawned(effort, false, true),
    },
    Case {
        name: "E6",
        about: "despawn 1M entities one by one",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 17.0, 17.0)])],
        entries: despawned,
    },
    Case {
        name: "E9",
        about: "add a component to each of 10 000 entities, and remove it from each",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 41.0, 14.0)])],
        entries: changed,
    },
    Case {
        name: "E10-insert",
        about: "simple_insert of the public suite: a new world, 10 000 entities of 100 B, and its end",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 20.0, 8.7)])],
        entries: inserted,
    },
];

fn pair(number: usize) -> (Position, Velocity) {
    (position(number), velocity(number))
}

/// Entities by which what was spawned is known: their number, and the sum of all velocities along x.
#[derive(Debug, PartialEq)]
struct Census {
    count: usize,
    sum: f64,
}

impl Census {
    fn of<'v>(velocities: impl Iterator<Item = &'v Velocity>) -> Census {
        let mut census = Census { count: 0, sum: 0.0 };
        for velocity in velocities {
            census.count += 1;
            census.sum += f64::from(velocity.0.x);
        }
        census
    }

    fn check(self, count: usize) -> Result<()> {
        let velocities: Vec<_> = (0..count).map(velocity).collect();
        let wanted = Census::of(velocities.iter());
        ensure!(self == wanted, "{self:?} instead of {wanted:?}");
        Ok(())
    }
}

fn spawned(effort: Effort, bulk: bool, again: bool) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 10_000);
    vec![
        Entry::new("layerw", 1, move || {
            spawned_layerw(effort, count, bulk, again)
        }),
        Entry::new("hecs", 1, move || {
            let mut repeat = effort.repeat();
            let mut world = hecs::World::new();
            single(move || {
                let mean_ns = repeat.mean_counted_ns(|| {
                    if again {
                        world.clear();
                    } else {
                        world = hecs::World::new();
                    }
                    let start_ns = now_ns();
                    if bulk {
                        world.spawn_batch((0..count).map(pair));
                    } else {
                        for number in 0..count {
                            world.spawn(pair(number));
                        }
                    }
                    now_ns() - start_ns
                });
                Census::of(world.query_mut::<&Velocity>().into_iter()).check(count)?;
                Ok(mean_ns / count as f64)
            })
        }),
        Entry::new("bevy_ecs", 1, move || {
            let mut repeat = effort.repeat();
            let mut world = bevy_ecs::world::World::new();
            single(move || {
                let mean_ns = repeat.mean_counted_ns(|| {
                    if again {
                        world.clear_entities();
                    } else {
                        world = bevy_ecs::world::World::new();
                    }
                    let start_ns = now_ns();
                    if bulk {
                        world.spawn_batch((0..count).map(pair));
                    } else {
                        for number in 0..count {
                            world.spawn(pair(number));
                        }
                    }
                    now_ns() - start_ns
                });
                Census::of(world.query::<&Velocity>().iter(&world)).check(count)?;
                Ok(mean_ns / count as f64)
            })
        }),
    ]
}

fn spawned_layerw(effort: Effort, count: usize, bulk: bool, again: bool) -> Result<Round> {
    let mut repeat = effort.repeat();
    let mut arena = Arena::new(&MemoryConfig::default())?;
    let mut world = Some(World::new(&arena)?);
    single(move || {
        let mut failed = None;
        let mean_ns = repeat.mean_counted_ns(|| {
            world = None;
            let mut start = || -> Result<World> {
                if !again {
                    arena = Arena::new(&MemoryConfig::default())?;
                }
                Ok(World::new(&arena)?)
            };
            let mut fresh = match start() {
                Ok(fresh) => fresh,
                Err(error) => {
                    failed = Some(error);
                    return 0;
                }
            };
            let start_ns = now_ns();
            if bulk {
                fresh.spawn_batch((0..count).map(pair));
            } else {
                for number in 0..count {
                    fresh.spawn(pair(number));
                }
            }
            let ns = now_ns() - start_ns;
            world = Some(fresh);
            ns
        });
        failed.map_or(Ok(()), Err)?;
        if let Some(world) = &world {
            Census::of(world.query::<&Velocity>()).check(count)?;
        }
        Ok(mean_ns / count as f64)
    })
}

fn despawned(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 10_000);
    vec![
        Entry::new("layerw", 1, move || {
            let (arena, mut repeat) = (Arena::new(&MemoryConfig::default())?, effort.repeat());
            let mut world = World::new(&arena)?;
            single(move || {
                let mut gone = 0;
                let mean_ns = repeat.mean_counted_ns(|| {
                    let entities: Vec<_> = world.spawn_batch((0..count).map(pair)).collect();
                    let start_ns = now_ns();
                    gone = entities
                        .iter()
                        .filter(|&&entity| world.despawn(entity).is_ok())
                        .count();
                    now_ns() - start_ns
                });
                ensure!(
                    gone == count && world.is_empty(),
                    "{gone} of {count} despawned, {} left",
                    world.len()
                );
                Ok(mean_ns / count as f64)
            })
        }),
        Entry::new("hecs", 1, move || {
            let (mut world, mut repeat) = (hecs::World::new(), effort.repeat());
            single(move || {
                let mut gone = 0;
                let mean_ns = repeat.mean_counted_ns(|| {
                    let entities: Vec<_> = world.spawn_batch((0..count).map(pair)).collect();
                    let start_ns = now_ns();
                    gone = entities
                        .iter()
                        .filter(|&&entity| world.despawn(entity).is_ok())
                        .count();
                    now_ns() - start_ns
                });
                ensure!(
                    gone == count && world.is_empty(),
                    "{gone} of {count} despawned, {} left",
                    world.len()
                );
                Ok(mean_ns / count as f64)
            })
        }),
        Entry::new("bevy_ecs", 1, move || {
            let (mut world, mut repeat) = (bevy_ecs::world::World::new(), effort.repeat());
            single(move || {
                let mut gone = 0;
                let mean_ns = repeat.mean_counted_ns(|| {
                    let entities: Vec<_> = world.spawn_batch((0..count).map(pair)).collect();
                    let start_ns = now_ns();
                    gone = entities
                        .iter()
                        .filter(|&&entity| world.despawn(entity))
                        .count();
                    now_ns() - start_ns
                });
                let left = world.query::<&Velocity>().iter(&world).count();
                ensure!(
                    gone == count && left == 0,
                    "{gone} of {count} despawned, {left} left"
                );
                Ok(mean_ns / count as f64)
            })
        }),
    ]
}

/// Entities that a component is added to and removed from.
fn changed(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(10_000, 1_000);
    /// A mean over calls of `f`, which says how many entities it changed.
    fn round(
        effort: Effort,
        count: usize,
        mut f: impl FnMut() -> usize + 'static,
    ) -> Result<Round> {
        let mut repeat = effort.repeat();
        single(move || {
            let mut done = 0;
            let mean_ns = repeat.mean_ns(|| done = f());
            ensure!(
                done == count,
                "{done} of {count} entities were given a component and lost it"
            );
            Ok(mean_ns / count as f64)
        })
    }
    vec![
        Entry::new("layerw", 1, move || {
            let arena = Arena::new(&MemoryConfig::default())?;
            let mut world = World::new(&arena)?;
            let entities: Vec<_> = world.spawn_batch((0..count).map(pair)).collect();
            round(effort, count, move || {
                let given = entities
                    .iter()
                    .filter(|&&entity| world.insert(entity, (Extra(1.0),)).is_ok())
                    .count();
                let has = world.query::<&Extra>().count();
                let lost = entities
                    .iter()
                    .filter(|&&entity| world.remove::<(Extra,)>(entity).is_ok())
                    .count();
                given.min(has).min(lost) - world.query::<&Extra>().count()
            })
        }),
        Entry::new("hecs", 1, move || {
            let mut world = hecs::World::new();
            let entities: Vec<_> = world.spawn_batch((0..count).map(pair)).collect();
            round(effort, count, move || {
                let given = entities
                    .iter()
                    .filter(|&&entity| world.insert_one(entity, Extra(1.0)).is_ok())
                    .count();
                let has = world.query_mut::<&Extra>().into_iter().count();
                let lost = entities
                    .iter()
                    .filter(|&&entity| world.remove_one::<Extra>(entity).is_ok())
                    .count();
                given.min(has).min(lost) - world.query_mut::<&Extra>().into_iter().count()
            })
        }),
        Entry::new("sparsey", 1, move || {
            let mut world = sparsey::World::builder()
                .register::<Position>()
                .register::<Velocity>()
                .register::<Extra>()
                .build();
            let entities = world.extend((0..count).map(pair)).to_vec();
            round(effort, count, move || {
                let given = entities
                    .iter()
                    .filter(|&&entity| world.insert(entity, (Extra(1.0),)))
                    .count();
                let has = world.query_all::<&Extra>().iter().count();
                entities
                    .iter()
                    .for_each(|&entity| world.delete::<(Extra,)>(entity));
                given.min(has) - world.query_all::<&Extra>().iter().count()
            })
        }),
        Entry::new("bevy_ecs", 1, move || {
            let mut world = bevy_ecs::world::World::new();
            let entities: Vec<_> = world.spawn_batch((0..count).map(pair)).collect();
            let mut query = world.query::<&Extra>();
            round(effort, count, move || {
                for &entity in &entities {
                    world.entity_mut(entity).insert(Extra(1.0));
                }
                let has = query.iter(&world).count();
                for &entity in &entities {
                    world.entity_mut(entity).remove::<Extra>();
                }
                has - query.iter(&world).count()
            })
        }),
    ]
}

fn inserted(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(10_000, 1_000);
    let body = |_| {
        (
            Transform(Mat4::IDENTITY),
            Position(Vec3::X),
            Rotation(Vec3::X),
            Velocity(Vec3::X),
        )
    };
    /// A mean over calls of `f`, which says how many entities it made.
    fn round(
        effort: Effort,
        count: usize,
        mut f: impl FnMut() -> usize + 'static,
    ) -> Result<Round> {
        let mut repeat = effort.repeat();
        single(move || {
            let mut made = 0;
            let mean_ns = repeat.mean_ns(|| made = f());
            ensure!(made == count, "{made} entities instead of {count}");
            Ok(mean_ns / count as f64)
        })
    }
    vec![
        Entry::new("layerw", 1, move || {
            let arena = Arena::new(&MemoryConfig::default())?;
            round(effort, count, move || {
                let Ok(mut world) = World::new(&arena) else {
                    return 0;
                };
                world.spawn_batch((0..count).map(body));
                world.len()
            })
        }),
        Entry::new("hecs", 1, move || {
            round(effort, count, move || {
                let mut world = hecs::World::new();
                world.spawn_batch((0..count).map(body));
                world.len() as usize
            })
        }),
        Entry::new("shipyard", 1, move || {
            round(effort, count, move || {
                let mut world = shipyard::World::new();
                world.bulk_add_entity((0..count).map(body)).count()
            })
        }),
        Entry::new("legion", 1, move || {
            round(effort, count, move || {
                let mut world = legion::World::default();
                world.extend((0..count).map(body)).len()
            })
        }),
        Entry::new("bevy_ecs", 1, move || {
            round(effort, count, move || {
                let mut world = bevy_ecs::world::World::new();
                world.spawn_batch((0..count).map(body)).count()
            })
        }),
    ]
}
