//! Stream regions on camera flights over terrain: fewer misses than LRU and plain distance, the same log for any number of workers, and what is
//! near is there soon after a jump.

use layerw::{Jobs, label, on_fresh_thread};
use layerw_memory::stream::Fills;
use layerw_memory::{Arena, MemoryConfig};
use layerw_tests::terrain::flight::{Flight, SLOTS, TILE_BYTES, UPLOADS};
use layerw_tests::terrain::path::{FRAMES, LOADING, Path};
use layerw_tests::terrain::policy::{Belady, Distance, Lru, Policy};
use layerw_tests::terrain::streamed::{Streamed, is_painted, paint};
use layerw_tests::terrain::world::World;

/// The world and the flights of these tests.
const SEED: u64 = 11;

/// After a jump everything that a frame needs within this distance is there.
const NEAR: f32 = 600.0;

/// So many frames later: 1.7 s. Uploading all that a view needs, some 400 tiles, takes 100.
const NEAR_AFTER: usize = 100;

/// An arena of 64 MiB, all of which are slots.
fn budget() -> Arena {
    let total = TILE_BYTES * SLOTS as u64;
    assert_eq!(total, 64 << 20);
    let config = MemoryConfig {
        logic: 0,
        scene: 0,
        gpu: total,
        ..MemoryConfig::with_total(total)
    };
    Arena::new(&config).unwrap()
}

fn only_seal(fills: Fills<'_>) {
    fills.for_each(|fill| fill.seal());
}

fn sum(misses: &[u32]) -> u64 {
    misses[LOADING..]
        .iter()
        .map(|&misses| u64::from(misses))
        .sum()
}

#[test]
fn misses_a_fifth_less_than_lru_and_plain_distance_on_every_path() {
    let world = World::new(1);
    assert!(world.tiles() >= 100_000);
    for path in Path::ALL {
        let flight = Flight::new(&world, path, SEED, FRAMES);
        let arena = budget();
        let mut ours = Streamed::new(&arena, &flight, only_seal).unwrap();
        let misses = flight.misses(&mut ours).unwrap();
        let counted: u64 = misses.iter().map(|&misses| u64::from(misses)).sum();
        assert_eq!(
            ours.region.counters().misses,
            counted,
            "the region counts the same misses"
        );
        let ours = sum(&misses);
        let lru = sum(&flight.misses(&mut Lru::new(&flight, false)).unwrap());
        let ahead = sum(&flight.misses(&mut Lru::new(&flight, true)).unwrap());
        let distance = sum(&flight.misses(&mut Distance::new(&flight)).unwrap());
        let belady = sum(&flight.misses(&mut Belady::new(&flight)).unwrap());
        println!(
            "{}: ours {ours}, LRU {lru}, LRU that looks ahead {ahead}, distance {distance}, Belady {belady}",
            path.name()
        );
        for (name, theirs) in [("LRU", lru), ("distance", distance)] {
            assert!(
                5 * ours <= 4 * theirs,
                "{}: {ours} misses against {theirs} of {name}",
                path.name()
            );
        }
        assert!(
            belady <= ours,
            "{}: who knows the future misses least",
            path.name()
        );
    }
}

#[test]
fn the_log_is_the_same_for_one_worker_and_eight_and_near_to_far() {
    let world = World::new(1);
    let frames = FRAMES / 3 + 150;
    let flight = Flight::new(&world, Path::Teleport, SEED, frames);
    let hashes = [1, 8].map(|threads| {
        on_fresh_thread("filling", 8 << 20, || {
            let jobs = Jobs::new(threads).unwrap();
            let arena = budget();
            let fill = |fills: Fills<'_>| {
                jobs.scope(|scope| {
                    for mut fill in fills {
                        scope.spawn(label("fill"), move || {
                            paint(fill.key(), fill.bytes());
                            fill.seal();
                        });
                    }
                });
            };
            let mut ours = Streamed::new(&arena, &flight, fill).unwrap();
            for frame in 0..frames {
                ours.frame(frame).unwrap();
                let log = ours.region.log();
                assert!(log.len() <= UPLOADS);
                for record in log {
                    let gave_way = record.old_reach.unwrap_or(f32::INFINITY);
                    assert!(record.new_reach <= gave_way, "not near to far: {record:?}");
                }
                if frame % 50 == 0 {
                    check_bytes(&flight, &ours, frame);
                }
            }
            ours.region.log_hash()
        })
    });
    assert_eq!(hashes[0], hashes[1]);
    // The recorded hash holds on every host: a change that moves it says so and why.
    assert_eq!(format!("{:016x}", hashes[0]), "61ce4092cc647347");
}

/// Every tile that the frame finds holds what it is made of.
fn check_bytes<F: FnMut(Fills<'_>)>(flight: &Flight<'_>, ours: &Streamed<'_, F>, frame: usize) {
    let reader = ours.region.reader().unwrap();
    let mut found = 0;
    for &tile in flight.needed(frame) {
        if let Some(bytes) = reader.bytes(u64::from(tile)) {
            assert!(
                is_painted(u64::from(tile), bytes),
                "tile {tile} in frame {frame}"
            );
            found += 1;
        }
    }
    assert!(found >= frame.min(50), "frame {frame} finds {found} tiles");
}

#[test]
fn what_is_near_is_there_soon_after_a_jump() {
    let world = World::new(1);
    let flight = Flight::new(&world, Path::Teleport, SEED, FRAMES);
    let arena = budget();
    let mut ours = Streamed::new(&arena, &flight, only_seal).unwrap();
    let jumps = Path::Teleport.teleports();
    let mut after_jump = vec![0; jumps.len()];
    for frame in 0..FRAMES {
        ours.frame(frame).unwrap();
        let last = jumps.iter().rposition(|&jump| jump <= frame);
        let Some(last) = last else { continue };
        let view = &flight.views[frame];
        let mut near = flight
            .needed(frame)
            .iter()
            .filter(|&&tile| world.distance(view, tile) < NEAR);
        if near.any(|&tile| !ours.has(tile)) {
            after_jump[last] = frame + 1 - jumps[last];
        }
    }
    println!("frames from a jump until everything near is there, for good: {after_jump:?}");
    assert!(
        after_jump
            .iter()
            .all(|&frames| frames > 0 && frames <= NEAR_AFTER),
        "{after_jump:?}"
    );
}
