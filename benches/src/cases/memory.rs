//! M1, M2: memory for the frame, and regions of pages.

use anyhow::{Result, ensure};
use layerw_memory::{Arena, MemoryConfig, PAGE, Scratch};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "M1",
        about: "100 000 allocations of 16-256 B a frame, filled, and the end of the frame",
        figures: &[Figure::new("ns/allocation").goals(&[Goal::ratio(1, 6.4, 6.4)])],
        entries: scratch,
    },
    Case {
        name: "M2",
        about: "take a region of 64 KiB",
        figures: &[Figure::new("ns/region").goals(&[Goal::value(1, 50.0)])],
        entries: region,
    },
];

/// What is copied into each allocation, as much as it takes.
static WORDS: [u64; 32] = [7; 32];

/// How long each allocation is, in words: 2 to 32, in random order.
fn lengths(effort: Effort) -> Vec<usize> {
    let mut state = 1_u64;
    let length = |_| {
        state = state
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        2 + (state >> 33) as usize % 31
    };
    (0..effort.pick(100_000, 1_000)).map(length).collect()
}

fn scratch(effort: Effort) -> Vec<Entry> {
    /// A round of `frame`, which makes all allocations and returns the sum of their last words.
    fn round(effort: Effort, mut frame: impl FnMut(&[usize]) -> u64 + 'static) -> Result<Round> {
        let (lengths, mut repeat) = (lengths(effort), effort.repeat());
        single(move || {
            let mut sum = 0;
            let mean_ns = repeat.mean_ns(|| sum = frame(&lengths));
            let wanted = WORDS[0] * lengths.len() as u64;
            ensure!(
                sum == wanted,
                "the last words sum up to {sum} instead of {wanted}"
            );
            Ok(mean_ns / lengths.len() as f64)
        })
    }
    /// What stands at the end.
    #[inline(always)]
    fn last(words: &[u64]) -> u64 {
        std::hint::black_box(words).last().copied().unwrap_or(0)
    }
    vec![
        Entry::new("layerw", 1, move || {
            let arena = Arena::new(&MemoryConfig::default())?;
            let mut scratch = Scratch::new(&arena, 0, 64 << 20)?;
            round(effort, move |lengths| {
                let sum = lengths
                    .iter()
                    .map(|&length| last(scratch.alloc_slice_copy(&WORDS[..length])))
                    .sum();
                scratch.vent();
                sum
            })
        }),
        Entry::new("bumpalo", 1, move || {
            let mut bump = bumpalo::Bump::new();
            round(effort, move |lengths| {
                let sum = lengths
                    .iter()
                    .map(|&length| last(bump.alloc_slice_copy(&WORDS[..length])))
                    .sum();
                bump.reset();
                sum
            })
        }),
        Entry::new("bump-scope", 1, move || {
            let mut bump: bump_scope::Bump = bump_scope::Bump::new();
            round(effort, move |lengths| {
                let sum = lengths
                    .iter()
                    .map(|&length| last(bump.alloc_slice_copy(&WORDS[..length]).as_ref()))
                    .sum();
                bump.reset();
                sum
            })
        }),
        Entry::new("malloc", 1, move || {
            let mut frame: Vec<Box<[u64]>> = Vec::new();
            round(effort, move |lengths| {
                frame.extend(lengths.iter().map(|&length| Box::from(&WORDS[..length])));
                let sum = frame.iter().map(|words| last(words)).sum();
                frame.clear();
                sum
            })
        }),
    ]
}

/// Regions held at a time, so that reading the clock does not count.
const HELD: usize = 16;

fn region(effort: Effort) -> Vec<Entry> {
    vec![
        Entry::new("layerw", 1, move || {
            let arena = Arena::new(&MemoryConfig::default())?;
            let owner = arena.scene().owner("region", (HELD * PAGE) as u64)?;
            let mut repeat = effort.repeat();
            single(move || {
                let (pool, mut failed) = (arena.scene(), None);
                let mut held = Vec::with_capacity(HELD);
                let mean_ns = repeat.mean_counted_ns(|| {
                    let start_ns = now_ns();
                    for _ in 0..HELD {
                        match pool.reserve_unzeroed(owner, 1) {
                            Ok(run) => held.push(run),
                            Err(error) => failed = Some(error),
                        }
                    }
                    let ns = now_ns() - start_ns;
                    held.drain(..).for_each(|run| pool.release(owner, run));
                    ns
                });
                failed.map_or(Ok(()), Err)?;
                ensure!(pool.holding(owner).used == 0, "pages were not given back");
                Ok(mean_ns / HELD as f64)
            })
        }),
        Entry::new("malloc", 1, move || {
            let mut repeat = effort.repeat();
            single(move || {
                let mut held = Vec::with_capacity(HELD);
                let mean_ns = repeat.mean_counted_ns(|| {
                    let start_ns = now_ns();
                    held.extend((0..HELD).map(|_| Vec::<u8>::with_capacity(PAGE)));
                    let ns = now_ns() - start_ns;
                    std::hint::black_box(&held);
                    held.clear();
                    ns
                });
                Ok(mean_ns / HELD as f64)
            })
        }),
    ]
}
