//! Steady frames do not allocate. Alone in its binary, because the counters belong to the process.
#![cfg(not(feature = "loom"))]

use layerw_memory::counting::{self, CountingAllocator, Snapshot};
use layerw_memory::{Arena, MemoryConfig, Regions, ScratchSet, Tier};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_thousand_frames_of_ten_thousand_jobs_never_call_the_allocator() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let mut scratch = ScratchSet::new(&arena, 2, 64 << 20).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", 1 << 20, 3).unwrap();
    let world = arena.logic().owner("world", 1 << 20).unwrap();
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
