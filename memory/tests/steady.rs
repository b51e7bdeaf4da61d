//! Steady frames do not allocate. Alone in its binary, because the counters belong to the process.
#![cfg(not(feature = "loom"))]

use layerw_memory::counting::{self, CountingAllocator, Snapshot};
use layerw_memory::stream::{StreamConfig, StreamRegion, Want};
use layerw_memory::{Arena, MemoryConfig, Regions, ScratchSet, Tier};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_thousand_frames_of_ten_thousand_jobs_never_call_the_allocator() {
    let arena = Arena::new(&MemoryConfig::with_total(64 << 20)).unwrap();
    let mut scratch = ScratchSet::new(&arena, 2, 8 << 20).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", 1 << 20, 3).unwrap();
    let world = arena.logic().owner("world", 1 << 20).unwrap();
    let tiles = StreamConfig {
        granularity: 4 << 10,
        ..StreamConfig::new("tiles", 1 << 20)
    };
    let mut tiles = StreamRegion::new(&arena, &tiles).unwrap();
    let mut warm = Snapshot::default();
    let mut pages = 0;
    for frame in 0..1_060 {
        if frame == 60 {
            warm = counting::snapshot();
            pages = arena.scene().stats().used;
        }
        // SAFETY: this test is both workers.
        let workers = [0, 1].map(|index| unsafe { scratch.worker(index) });
        let mut sum = 0;
        for job in 0..10_000_usize {
            let mut values = workers[job % 2].vec::<usize>(0);
            values.extend(0..job % 17);
            sum += values.lend().get(scratch.guard()).unwrap().len();
        }
        let mut region = staging.take().unwrap().fill(frame as u32);
        region.push(&[sum as u64; 100]).unwrap();
        drop(region.seal().launch(frame));
        staging.land(frame.saturating_sub(2));
        stream(&mut tiles, frame + 1);
        let run = arena.logic().reserve(world, 1 + frame as u32 % 3).unwrap();
        arena.logic().release(world, run);
        scratch.vent();
    }
    assert_eq!(counting::snapshot() - warm, Snapshot::default());
    assert_eq!(
        arena.scene().stats().used,
        pages,
        "every page is used again"
    );
}

/// A frame that wants more than there are slots, so that every part of a decision takes place.
fn stream(tiles: &mut StreamRegion, frame: u64) {
    tiles.begin(frame).unwrap();
    for tile in 0..400 {
        let distance = (tile as f32 - frame as f32 % 300.0).abs();
        tiles.want(tile, Want::distance(distance)).unwrap();
        tiles
            .want(tile + frame % 50, Want::distance(distance).ahead(2.0))
            .unwrap();
    }
    tiles.decide().unwrap();
    for mut fill in tiles.fills() {
        fill.bytes()[0] = 1;
        fill.seal();
    }
    let nearest = frame % 300;
    // The camera jumps back every 300 frames; then slots have to drain first.
    assert!(nearest < 5 || tiles.reader().unwrap().bytes(nearest).is_some());
    tiles.end().unwrap();
    tiles.retire(frame.saturating_sub(2)).unwrap();
}
