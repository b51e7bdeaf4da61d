//! Any order of allocating, resizing and freeing: every block keeps its bytes, refusals lose nothing, and in the end every page comes back.
//!
//! The calls are replayed as a trace, which marks and checks every block, through the cache of one worker, and again through that of another, who
//! finds what the first one left behind.
#![no_main]

use arbitrary::Arbitrary;
use layerw_memory::alloc::Heap;
use layerw_memory::alloc::trace::{Op, Replay, Trace, TraceError};
use layerw_memory::{Arena, MemoryConfig, PAGE, Tier};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Call {
    Alloc { size: u16, align: u8, zeroed: bool },
    Pages { pages: u8, align: u8, zeroed: bool },
    Resize { at: u8, size: u32 },
    Free { at: u8 },
}

/// Bytes of the largest block, a few more than fit.
const LARGEST: u32 = 70 * PAGE as u32;

thread_local! {
    static HEAP: Heap = {
        let scene = 64 * PAGE as u64;
        let config = MemoryConfig { logic: 0, scene, gpu: 0, ..MemoryConfig::with_total(scene) };
        let arena = Arena::new(&config).expect("4 MiB");
        Heap::new(&arena, Tier::Scene, "heap", scene).expect("a fresh arena")
    };
}

/// The calls with slots that hold something: a block goes where one was freed last, else into a new slot.
fn trace(calls: Vec<Call>) -> Trace {
    let (mut live, mut free, mut slots) = (Vec::new(), Vec::new(), 0);
    let mut ops = Vec::new();
    for call in calls {
        let (size, align, zeroed) = match call {
            Call::Alloc {
                size,
                align,
                zeroed,
            } => (u32::from(size) + 1, align, zeroed),
            Call::Pages {
                pages,
                align,
                zeroed,
            } => (u32::from(pages % 70 + 1) * PAGE as u32 - 7, align, zeroed),
            Call::Resize { at, size } if !live.is_empty() => {
                let slot = live[usize::from(at) % live.len()];
                ops.push(Op::Realloc {
                    slot,
                    size: size % LARGEST + 1,
                });
                continue;
            }
            Call::Free { at } if !live.is_empty() => {
                let slot = live.swap_remove(usize::from(at) % live.len());
                ops.push(Op::Free { slot });
                free.push(slot);
                continue;
            }
            _ => continue,
        };
        let align = 1 << (align % 17);
        ops.push(match zeroed {
            true => Op::AllocZeroed { size, align },
            false => Op::Alloc { size, align },
        });
        live.push(free.pop().unwrap_or_else(|| {
            slots += 1;
            slots - 1
        }));
    }
    Trace::new(ops).expect("calls that fit together")
}

fuzz_target!(|calls: Vec<Call>| {
    let trace = trace(calls);
    HEAP.with(|heap| {
        for _ in 0..2 {
            let cache = heap.cache().expect("a page of slots");
            match Replay::new(&trace, cache).run() {
                Ok(()) | Err(TraceError::Refused { .. }) => {}
                Err(fault) => panic!("{fault}"),
            }
        }
        heap.trim();
        assert_eq!(heap.usage().used, PAGE as u64, "pages were lost");
    });
});
