//! E8: a copy of the world to come back to.
//!
//! Nobody else has such a thing, so the peers do what their users do: clone the columns.

use std::hint::black_box;

use anyhow::{Result, ensure};
use layerw::ecs::Checkpoint;
use layerw::{Entity, World};
use layerw_memory::{Arena, Copies, MemoryConfig};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};
use crate::peers::parts::{Position, Velocity, position, velocity};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "E8-full",
        about: "copy 1M entities of 24 B over the copy before, all of them changed",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 8.0, 18.6)])],
        entries: |effort| copied(effort, Changed::All),
    },
    Case {
        name: "E8-memcpy",
        about: "copy all bytes of a world of 1M entities into warm memory, beside a plain memcpy of as many",
        figures: &[Figure::new("ns/entity").goals(&[Goal::of_floor(1, 1.3, 1.0)])],
        entries: whole,
    },
    Case {
        name: "E8-changed",
        about: "the same after 1 % of the entities, beside each other, have changed",
        figures: &[Figure::new("ns/entity").goals(&[Goal::ratio(1, 0.3, 18.6)])],
        entries: |effort| copied(effort, Changed::Hundredth),
    },
    Case {
        name: "E8-first",
        about: "the first copy, into new memory",
        figures: &[Figure::new("ns/entity")],
        entries: first,
    },
];

fn pair(number: usize) -> (Position, Velocity) {
    (position(number), velocity(number))
}

/// What has changed since the copy before.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Changed {
    All,
    Hundredth,
}

fn copied(effort: Effort, changed: Changed) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 100_000);
    let mut entries = vec![
        Entry::new("layerw", 1, move || updated(effort, count, changed)),
        // Who does not know what has changed copies all in both cases.
        Entry::new("hecs", 1, move || {
            let mut world = hecs::World::new();
            world.spawn_batch((0..count).map(pair));
            let (mut columns, mut repeat) = (Columns::default(), effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| columns.copy(&world));
                columns.check(count)?;
                Ok(mean_ns / count as f64)
            })
        }),
    ];
    if changed == Changed::All {
        entries.push(Entry::new("bevy_ecs", 1, move || {
            let mut world = bevy_ecs::world::World::new();
            world.spawn_batch((0..count).map(pair));
            let mut query = world.query::<(bevy_ecs::entity::Entity, &Position, &Velocity)>();
            let (mut rows, mut repeat) = (Vec::new(), effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    rows.clear();
                    rows.extend(
                        query
                            .iter(&world)
                            .map(|(id, position, velocity)| (id, *position, *velocity)),
                    );
                });
                ensure!(
                    rows.len() == count,
                    "{} of {count} entities were copied",
                    rows.len()
                );
                Ok(mean_ns / count as f64)
            })
        }));
    }
    entries
}

/// The columns of a hecs world of pairs.
#[derive(Default)]
struct Columns {
    ids: Vec<u32>,
    positions: Vec<Position>,
    velocities: Vec<Velocity>,
}

impl Columns {
    fn copy(&mut self, world: &hecs::World) {
        self.ids.clear();
        self.positions.clear();
        self.velocities.clear();
        for archetype in world.archetypes() {
            if let (Some(positions), Some(velocities)) =
                (archetype.get::<&Position>(), archetype.get::<&Velocity>())
            {
                self.ids.extend_from_slice(archetype.ids());
                self.positions.extend_from_slice(&positions);
                self.velocities.extend_from_slice(&velocities);
            }
        }
    }

    fn check(&self, count: usize) -> Result<()> {
        let all = [self.ids.len(), self.positions.len(), self.velocities.len()];
        ensure!(
            all == [count; 3],
            "{all:?} values of {count} entities were copied"
        );
        Ok(())
    }
}

/// The engine, whose copy is brought up to date.
fn updated(effort: Effort, count: usize, changed: Changed) -> Result<Round> {
    let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
    let mut entities: Vec<Entity> = world.spawn_batch((0..count).map(pair)).collect();
    let mut checkpoint = world.checkpoint();
    let mut repeat = effort.repeat();
    let mut turn = 0;
    single(move || {
        let mean_ns = repeat.mean_counted_ns(|| {
            world.set_tick(world.tick() + 1);
            match changed {
                Changed::All => change_all(&mut world, &mut entities),
                Changed::Hundredth => {
                    turn = (turn + 1) % 100;
                    let part = count / 100;
                    change(&mut world, &entities[turn * part..(turn + 1) * part]);
                }
            }
            let start_ns = now_ns();
            checkpoint.update(&world);
            now_ns() - start_ns
        });
        check(&mut world, &checkpoint)?;
        Ok(mean_ns / count as f64)
    })
}

/// Every value, and who lives.
fn change_all(world: &mut World, entities: &mut [Entity]) {
    for (position, velocity) in world.query_mut::<(&mut Position, &mut Velocity)>() {
        position.0.x += 1.0;
        velocity.0.y += 1.0;
    }
    if let Some(last) = entities.last_mut()
        && world.despawn(*last).is_ok()
    {
        *last = world.spawn(pair(0));
    }
}

fn change(world: &mut World, entities: &[Entity]) {
    for &entity in entities {
        if let Some(position) = world.get_mut::<Position>(entity) {
            position.0.x += 1.0;
        }
    }
}

/// What comes back from a copy is the world, bit for bit.
fn check(world: &mut World, checkpoint: &Checkpoint) -> Result<()> {
    let hash = world.hash();
    for position in world.query_mut::<&mut Position>() {
        position.0.z -= 1.0;
    }
    world.roll_back(checkpoint)?;
    ensure!(world.hash() == hash, "what comes back differs");
    Ok(())
}

/// All bytes: a copy of one of two worlds is made one of the other by turns, so that nothing in it is up to date.
fn whole(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 100_000);
    let world = move || -> Result<World> {
        let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
        world.spawn_batch((0..count).map(pair));
        Ok(world)
    };
    vec![
        Entry::new("layerw", 1, move || {
            let mut worlds = [world()?, world()?];
            let (mut copy, mut turn) = (worlds[0].checkpoint(), 0);
            let mut repeat = effort.repeat();
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    turn += 1;
                    copy.update(&worlds[turn % 2]);
                });
                check(&mut worlds[turn % 2], &copy)?;
                Ok(mean_ns / count as f64)
            })
        }),
        Entry::new("floor-memcpy", 1, move || {
            // The best place for a plain copy that we know, so that what is left is the copy.
            let bytes = world()?.checkpoint().bytes();
            let sources = [1_u8, 2].map(|value| {
                let mut source = Copies::default();
                source.set_len(bytes);
                source.write(0, &vec![value; bytes]);
                source
            });
            let mut target = Copies::default();
            target.set_len(bytes);
            let (mut turn, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    turn += 1;
                    black_box(&mut target[..]).copy_from_slice(&sources[turn % 2]);
                });
                ensure!(
                    *target == *sources[turn % 2],
                    "what was copied differs from its source"
                );
                Ok(mean_ns / count as f64)
            })
        }),
    ]
}

fn first(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000_000, 100_000);
    vec![
        Entry::new("layerw", 1, move || {
            let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
            world.spawn_batch((0..count).map(pair));
            let mut repeat = effort.repeat();
            single(move || {
                let mut copy = None;
                let mean_ns = repeat.mean_counted_ns(|| {
                    copy = None;
                    let start_ns = now_ns();
                    copy = Some(world.checkpoint());
                    now_ns() - start_ns
                });
                if let Some(copy) = &copy {
                    check(&mut world, copy)?;
                }
                Ok(mean_ns / count as f64)
            })
        }),
        // With a checksum, ready to be a file.
        Entry::new("layerw-image", 1, move || {
            let mut world = World::new(&Arena::new(&MemoryConfig::default())?)?;
            world.spawn_batch((0..count).map(pair));
            let mut repeat = effort.repeat();
            single(move || {
                let (mut image, mut failed) = (Vec::new(), None);
                let mean_ns = repeat.mean_counted_ns(|| {
                    image = Vec::new();
                    let start_ns = now_ns();
                    failed = world.snapshot(&mut image, b"").err();
                    now_ns() - start_ns
                });
                failed.map_or(Ok(()), Err)?;
                let mut restored = World::new(&Arena::new(&MemoryConfig::default())?)?;
                restored.restore(&image)?;
                ensure!(restored.hash() == world.hash(), "what comes back differs");
                Ok(mean_ns / count as f64)
            })
        }),
        Entry::new("hecs", 1, move || {
            let mut world = hecs::World::new();
            world.spawn_batch((0..count).map(pair));
            let mut repeat = effort.repeat();
            single(move || {
                let mut columns = Columns::default();
                let mean_ns = repeat.mean_counted_ns(|| {
                    columns = Columns::default();
                    let start_ns = now_ns();
                    columns.copy(&world);
                    now_ns() - start_ns
                });
                columns.check(count)?;
                Ok(mean_ns / count as f64)
            })
        }),
    ]
}
