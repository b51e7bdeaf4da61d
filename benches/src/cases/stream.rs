//! S1, S2, S3: what stream regions miss on camera flights, what granularity costs, and what a decision takes.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use layerw_memory::stream::{Fills, StreamConfig, StreamRegion, Want};
use layerw_memory::{Arena, MemoryConfig};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Round, round, single};
use terrain::flight::{Flight, SLOTS, TILE_BYTES, UPLOADS};
use terrain::path::{FRAMES, LOADING, Path};
use terrain::policy::{Belady, Distance, Lru};
use terrain::streamed::{Streamed, is_painted, paint};
use terrain::world::{TOLERANCE, World};

/// The scene of the tests.
#[path = "../../../tests/scenes/terrain/mod.rs"]
mod terrain;

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "S1",
        about: "tiles missed in a minute of flight over terrain, 64 MiB, four uploads a frame",
        figures: &[
            Figure::new("misses").suffix("-weave"),
            Figure::new("misses").suffix("-survey"),
            Figure::new("misses").suffix("-teleport"),
        ],
        entries: misses,
    },
    Case {
        name: "S2",
        about: "bytes of slots filled for each byte of tiles of 4-64 KiB, by granularity",
        figures: &[
            Figure::new("bytes/byte").suffix("-1KiB"),
            Figure::new("bytes/byte").suffix("-4KiB"),
            Figure::new("bytes/byte").suffix("-16KiB"),
            Figure::new("bytes/byte").suffix("-64KiB"),
            Figure::new("bytes/byte").suffix("-256KiB"),
        ],
        entries: granularities,
    },
    Case {
        name: "S3",
        about: "deciding a frame that wants 100 000 tiles in 65 536 slots",
        figures: &[Figure::new("ns/tile")],
        entries: decisions,
    },
];

/// The world of all cases, and the seed of all flights.
const SEEDS: (u64, u64) = (1, 11);

fn misses(effort: Effort) -> Vec<Entry> {
    /// A round of flights along all paths under one policy, which is checked against the slots that there are.
    fn fly(
        effort: Effort,
        policy: impl Fn(&Flight<'_>) -> Result<Vec<u32>> + 'static,
    ) -> Result<Round> {
        let world = World::new(SEEDS.0);
        round(move || {
            let mut sums = Vec::new();
            for path in Path::ALL {
                // As far as the first jump, if only answers count.
                let frames = effort.pick(FRAMES, FRAMES / 3 + 100);
                let flight = Flight::new(&world, path, SEEDS.1, frames);
                let misses = policy(&flight)?;
                for (frame, &missed) in misses.iter().enumerate() {
                    // What was uploaded up to here is all that there can be.
                    let most = (UPLOADS * (frame + 1)).min(SLOTS);
                    let found = flight.needed(frame).len() - missed as usize;
                    ensure!(
                        found <= most,
                        "{}: frame {frame} finds {found} of at most {most} tiles",
                        path.name()
                    );
                }
                let sum: u32 = misses[LOADING..].iter().sum();
                sums.push(f64::from(sum));
            }
            Ok(sums)
        })
    }
    vec![
        Entry::new("layerw", 1, move || {
            fly(effort, |flight| {
                let arena = Arena::new(&MemoryConfig::default())?;
                let seal = |fills: Fills<'_>| fills.for_each(|fill| fill.seal());
                let mut streamed = Streamed::new(&arena, flight, seal)?;
                let misses = flight.misses(&mut streamed)?;
                let counted = streamed.region.counters().misses;
                let sum: u64 = misses.iter().map(|&misses| u64::from(misses)).sum();
                ensure!(counted == sum, "{counted} misses counted instead of {sum}");
                Ok(misses)
            })
        }),
        Entry::new("lru", 1, move || {
            fly(effort, |flight| {
                Ok(flight.misses(&mut Lru::new(flight, false))?)
            })
        }),
        Entry::new("lru-ahead", 1, move || {
            fly(effort, |flight| {
                Ok(flight.misses(&mut Lru::new(flight, true))?)
            })
        }),
        Entry::new("distance", 1, move || {
            fly(effort, |flight| {
                Ok(flight.misses(&mut Distance::new(flight))?)
            })
        }),
        Entry::new("floor-belady", 1, move || {
            fly(
                effort,
                |flight| Ok(flight.misses(&mut Belady::new(flight))?),
            )
        }),
    ]
}

/// Bytes of a tile as stored: 4 to 64 KiB.
fn stored(tile: u32) -> u64 {
    (4 << 10) + terrain::world::mix(u64::from(tile)) % (60 << 10)
}

fn granularities(effort: Effort) -> Vec<Entry> {
    /// Flies with tiles cut into slots of a size; returns bytes filled by bytes needed.
    fn fly(flight: &Flight<'_>, granularity: u64) -> Result<f64> {
        let config = StreamConfig {
            granularity,
            // 1 MiB a frame.
            overwrites_max: ((16 * TILE_BYTES) / granularity) as usize,
            wants_max: 1 << 17,
            ..StreamConfig::new("tiles", TILE_BYTES * SLOTS as u64)
        };
        let arena = Arena::new(&MemoryConfig::default())?;
        let mut region = StreamRegion::new(&arena, &config)?;
        let (mut filled, mut needed) = (0, 0);
        for number in 0..flight.views.len() {
            let frame = number as u64 + 1;
            region.begin(frame)?;
            let mut refused = Ok(());
            let mut want = |tile: u32, want: Want| {
                for part in 0..stored(tile).div_ceil(granularity) {
                    if refused.is_ok() {
                        refused = region.want(u64::from(tile) << 8 | part, want);
                    }
                }
            };
            let seen = |error: f32| Want::screen_error(error / TOLERANCE);
            let world = flight.world;
            world.cut(&flight.views[number], |tile, error| want(tile, seen(error)));
            flight.foreseen(number, |ahead, tile, error| {
                want(tile, seen(error).ahead(ahead));
            });
            refused?;
            region.decide()?;
            for mut fill in region.fills() {
                let (tile, part) = ((fill.key() >> 8) as u32, fill.key() & 0xFF);
                needed += (stored(tile) - part * granularity).min(granularity);
                filled += granularity;
                paint(fill.key(), fill.bytes());
                fill.seal();
            }
            let reader = region.reader()?;
            if let Some(&tile) = flight.needed(number).first()
                && let Some(bytes) = reader.bytes(u64::from(tile) << 8)
            {
                ensure!(
                    is_painted(u64::from(tile) << 8, bytes),
                    "tile {tile} is not what it was"
                );
            }
            region.end()?;
            region.retire(frame)?;
        }
        let counters = region.counters();
        ensure!(
            counters.fills * granularity == filled && needed > 0 && needed <= filled,
            "{filled} B were filled for {needed} B in {} fills",
            counters.fills
        );
        Ok(filled as f64 / needed as f64)
    }
    vec![Entry::new("layerw", 1, move || {
        let world = World::new(SEEDS.0);
        round(move || {
            let frames = effort.pick(400, 40);
            let flight = Flight::new(&world, Path::Weave, SEEDS.1, LOADING + frames);
            [1, 4, 16, 64, 256]
                .map(|kib| fly(&flight, kib << 10))
                .into_iter()
                .collect()
        })
    })]
}

/// Tiles of a side of the square.
const SIDE: u64 = 317;

/// Slots, and what a frame may overwrite of them.
const ROOM: usize = 65_536;
const CHANGES: usize = 512;

/// Every tile of the square and its distance from the camera.
fn wants(frame: u64, side: u64) -> impl Iterator<Item = (u64, f32)> {
    let camera = (frame % side) as f32;
    (0..side * side).map(move |tile| {
        let (x, y) = ((tile % side) as f32, (tile / side) as f32);
        let (dx, dy) = (x - camera, y - side as f32 / 2.0);
        (tile, (dx * dx + dy * dy).sqrt())
    })
}

fn decisions(effort: Effort) -> Vec<Entry> {
    let side = effort.pick(SIDE as usize, 40) as u64;
    let room = effort.pick(ROOM, 1_024);
    // Until every slot is taken, and the camera has crossed the square.
    let warm = (room / CHANGES) as u64 + 20;
    /// A frame's decision is timed; afterwards the nearest tile must be there.
    fn run(
        warm: u64,
        side: u64,
        effort: Effort,
        mut frame: impl FnMut(u64) -> Result<bool> + 'static,
    ) -> Result<Round> {
        let mut number = 0;
        while number < warm {
            number += 1;
            frame(number)?;
        }
        let mut repeat = effort.repeat();
        single(move || {
            let mut failed = Ok(());
            let mean_ns = repeat.mean_counted_ns(|| {
                number += 1;
                let start_ns = now_ns();
                let done = frame(number);
                let ns = now_ns() - start_ns;
                if failed.is_ok() {
                    failed = done.and_then(|there| {
                        ensure!(there, "frame {number}: the nearest tile is not there");
                        Ok(())
                    });
                }
                ns
            });
            failed?;
            Ok(mean_ns / (side * side) as f64)
        })
    }
    /// The tile under the camera.
    fn nearest(frame: u64, side: u64) -> u64 {
        side / 2 * side + frame % side
    }
    vec![
        Entry::new("layerw", 1, move || {
            let config = StreamConfig {
                granularity: 64,
                overwrites_max: CHANGES,
                wants_max: (SIDE * SIDE) as usize,
                ..StreamConfig::new("tiles", 64 * room as u64)
            };
            let arena = Arena::new(&MemoryConfig::default())?;
            let mut region = StreamRegion::new(&arena, &config)?;
            run(warm, side, effort, move |frame| {
                region.begin(frame)?;
                for (tile, distance) in wants(frame, side) {
                    region.want(tile, Want::distance(distance))?;
                }
                region.decide()?;
                region.fills().for_each(|fill| fill.seal());
                let is_there = region.reader()?.find(nearest(frame, side)).is_some();
                region.end()?;
                region.retire(frame)?;
                Ok(is_there)
            })
        }),
        // Sorts all that is wanted, keeps the nearest, and gives the slots of the others to those that are missing.
        Entry::new("sort-all", 1, move || {
            let mut slots: BTreeMap<u64, u32> = BTreeMap::new();
            let mut free: Vec<u32> = (0..room as u32).collect();
            let mut order = Vec::new();
            run(warm, side, effort, move |frame| {
                order.clear();
                order.extend(wants(frame, side));
                order.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                let (near, far) = order.split_at(room.min(order.len()));
                let missing = near.iter().filter(|(tile, _)| !slots.contains_key(tile));
                let missing: Vec<u64> = missing.take(CHANGES).map(|&(tile, _)| tile).collect();
                let mut far = far.iter().rev();
                for tile in missing {
                    let victim = || far.find_map(|(old, _)| slots.remove(old));
                    let Some(slot) = free.pop().or_else(victim) else {
                        break;
                    };
                    slots.insert(tile, slot);
                }
                Ok(slots.contains_key(&nearest(frame, side)))
            })
        }),
    ]
}
