//! Scratch under random programs: whatever is alive in a frame is aligned, disjoint, and keeps its contents.

use std::alloc::Layout;

use layerw_memory::{Arena, FrameSlice, MemoryConfig, PAGE, POISON, Scratch, ScratchVec};

use crate::random::{Random, length};

const ALLOCATIONS: usize = 1_000_000;

#[test]
fn live_allocations_never_overlap_over_a_million_of_them() {
    let mut done = 0;
    for seed in 0..4 * length() {
        done += frames(seed, ALLOCATIONS / 4);
    }
    assert!(done >= ALLOCATIONS, "{done}");
}

/// Bytes that the program believes to be its own, and what it wrote to them.
struct Live {
    address: usize,
    bytes: usize,
    fill: u8,
}

fn frames(seed: u64, allocations: usize) -> usize {
    let mut random = Random::new(seed);
    let config = MemoryConfig {
        logic: 0,
        scene: 64 << 20,
        gpu: 0,
        ..MemoryConfig::with_total(64 << 20)
    };
    let arena = Arena::new(&config).unwrap();
    let mut scratch = Scratch::new(&arena, 0, 64 << 20).unwrap();
    let mut live = Vec::new();
    let mut stale: Option<FrameSlice<u8>> = None;
    let mut done = 0;
    while done < allocations {
        live.clear();
        let count = random.below(400);
        let lent = frame(&scratch, &mut random, count, &mut live);
        done += count;
        check(&scratch, &mut live, seed);
        assert_eq!(
            lent.get(scratch.guard()).unwrap(),
            [lent.frame() as u8; 9],
            "seed {seed}"
        );
        if let Some(stale) = stale.replace(lent) {
            assert!(stale.get(scratch.guard()).is_err(), "seed {seed}");
        }
        scratch.vent();
        if cfg!(debug_assertions) {
            let poisoned = |live: &Live| byte(&arena, live.address) == POISON;
            assert!(live.iter().all(poisoned), "seed {seed}");
        }
    }
    assert!(scratch.peak() <= 64 << 20);
    done
}

/// One frame of random allocations, written full.
fn frame(
    scratch: &Scratch,
    random: &mut Random,
    count: usize,
    live: &mut Vec<Live>,
) -> FrameSlice<u8> {
    let mut vectors: [ScratchVec<u32>; 2] = [scratch.vec(0), scratch.vec(3)];
    for _ in 0..count {
        let fill = random.next() as u8;
        let size = [0, 1, 8, 100, 3_000, 70_000][random.below(6)];
        let size = random.below(size + 1);
        match random.below(20) {
            0..4 => remember(live, scratch.alloc([fill; 3]), fill),
            4..8 => remember(live, scratch.alloc(u64::from_ne_bytes([fill; 8])), fill),
            8..12 => remember(live, scratch.alloc_slice_with(size, |_| fill), fill),
            12..14 => remember(
                live,
                scratch.alloc_slice_copy(&vec![u32::from_ne_bytes([fill; 4]); size / 4]),
                fill,
            ),
            14..16 => {
                let layout = Layout::from_size_align(size, 1 << random.below(17)).unwrap();
                let start = scratch.try_alloc_layout(layout).unwrap();
                assert_eq!(start.addr().get() % layout.align(), 0);
                // SAFETY: so many bytes were allocated just now.
                unsafe { start.write_bytes(fill, size) };
                live.push(Live {
                    address: start.addr().get(),
                    bytes: size,
                    fill,
                });
            }
            _ => vectors[random.below(2)].extend((0..size as u32 / 16).map(|_| 0x5555_5555)),
        }
    }
    for vector in vectors {
        remember(live, vector.into_slice(), 0x55);
    }
    scratch.lend(&[scratch.frame() as u8; 9])
}

fn remember<T: ?Sized>(live: &mut Vec<Live>, value: &mut T, fill: u8) {
    let address = (&raw const *value).addr();
    assert_eq!(address % align_of_val(value), 0);
    live.push(Live {
        address,
        bytes: size_of_val(value),
        fill,
    });
}

fn check(scratch: &Scratch, live: &mut Vec<Live>, seed: u64) {
    // What is empty may lie anywhere, also at the end of a vector that grew over it later.
    live.retain(|live| live.bytes > 0);
    live.sort_unstable_by_key(|live| live.address);
    for pair in live.windows(2) {
        assert!(
            pair[0].address + pair[0].bytes <= pair[1].address,
            "seed {seed}: two live allocations overlap"
        );
    }
    let sum: usize = live.iter().map(|live| live.bytes).sum();
    assert!(scratch.used() >= sum as u64, "seed {seed}");
    for live in live {
        for offset in [0, live.bytes / 2, live.bytes - 1] {
            // SAFETY: within an allocation of this frame, which nobody has a reference to any more.
            let byte =
                unsafe { std::ptr::with_exposed_provenance::<u8>(live.address + offset).read() };
            assert_eq!(byte, live.fill, "seed {seed}: written over");
        }
    }
}

fn byte(arena: &Arena, address: usize) -> u8 {
    let base = arena.scene().base();
    let offset = address - base.addr().get();
    assert!(offset < arena.scene().bytes() as usize && PAGE.is_power_of_two());
    // SAFETY: within the Scene pool; what was there is vented, so nobody has a reference to it.
    unsafe { base.add(offset).read() }
}
