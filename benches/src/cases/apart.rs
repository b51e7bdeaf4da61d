//! M5: what workers do with memory of their own on one arena, alone and two at a time.
//!
//! Workers who share nothing must not slow each other down. Two processors do anyway, where they are halves of one core or share a cache, so the
//! floor is the same work with an arena for each worker. What is above it is false sharing: things of two workers in one cache line.

use std::sync::Barrier;
use std::thread;

use anyhow::{Result, ensure};
use layerw_memory::alloc::Heap;
use layerw_memory::alloc::trace::Replay;
use layerw_memory::{Arena, MemoryConfig, Regions, Scratch, Tier};
use layerw_trace::now_ns;

use super::allocator;
use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "M5-scratch",
        about: "bumping scratch, one worker and two at once on one arena, against an arena each",
        figures: &[Figure::new("ns/allocation").goals(&[GOAL])],
        entries: |effort| entries(effort, scratches),
    },
    Case {
        name: "M5-regions",
        about: "taking, filling and venting regions, one worker and two at once on one arena, against an arena each",
        figures: &[Figure::new("ns/region").goals(&[GOAL])],
        entries: |effort| entries(effort, regions),
    },
    Case {
        name: "M5-heap",
        about: "allocating and freeing through caches of one heap, one worker and two at once, against a heap each",
        figures: &[Figure::new("ns/block").goals(&[GOAL])],
        entries: |effort| entries(effort, heap),
    },
];

/// Two workers on one arena are as fast as on two.
const GOAL: Goal = Goal::of_floor(2, 1.05, 1.0);

/// What one worker does in a turn; returns a sum that must come out.
type Turn = Box<dyn FnMut() -> Result<u64> + Send>;

/// The turns of all workers, made from an arena for each, and the operations of one turn.
type Prepare = fn(&[Arena]) -> Result<(Vec<Turn>, u64)>;

fn entries(effort: Effort, prepare: Prepare) -> Vec<Entry> {
    let entry = |name, workers: usize, together: bool| {
        Entry::new(name, workers, move || {
            let first = arena()?;
            let arenas = (0..workers).map(|_| match together {
                true => Ok(first.clone()),
                false => arena(),
            });
            let (turns, ops) = prepare(&arenas.collect::<Result<Vec<_>>>()?)?;
            measured(effort, turns, ops)
        })
    };
    vec![
        entry("layerw", 1, true),
        entry("layerw", 2, true),
        entry("floor-apart", 2, false),
    ]
}

fn arena() -> Result<Arena> {
    Ok(Arena::new(&MemoryConfig::with_total(1 << 30))?)
}

/// Lets all workers take their turns at once; yields the mean time that an operation took a worker.
fn measured(effort: Effort, mut turns: Vec<Turn>, ops: u64) -> Result<Round> {
    let mut repeat = effort.repeat();
    let workers = turns.len() as u64;
    single(move || {
        let (mut failed, mut wanted) = (None, None);
        let mean_ns = repeat.mean_of(|times| {
            let start = Barrier::new(turns.len());
            let work = |turn: &mut Turn| -> Result<(u64, u64)> {
                start.wait();
                let (start_ns, mut sum) = (now_ns(), 0);
                for _ in 0..times {
                    sum = turn()?;
                }
                Ok((now_ns() - start_ns, sum))
            };
            thread::scope(|scope| {
                let work = &work;
                let running: Vec<_> = turns
                    .iter_mut()
                    .map(|turn| scope.spawn(move || work(turn)))
                    .collect();
                let mut ns = 0;
                for worker in running {
                    match worker.join() {
                        Ok(Ok((its_ns, sum))) => {
                            ns += its_ns;
                            failed = failed.take().or((*wanted.get_or_insert(sum) != sum)
                                .then(|| anyhow::anyhow!("workers come to different sums")));
                        }
                        Ok(Err(refused)) => failed = Some(refused),
                        Err(_) => failed = Some(anyhow::anyhow!("a worker panicked")),
                    }
                }
                ns / workers
            })
        });
        failed.map_or(Ok(()), Err)?;
        ensure!(wanted.is_some_and(|sum| sum > 0), "nothing was done");
        Ok(mean_ns / ops as f64)
    })
}

/// Allocations of a turn, of 16 to 128 bytes.
const ALLOCATIONS: usize = 1_000;

fn scratches(arenas: &[Arena]) -> Result<(Vec<Turn>, u64)> {
    // As in the engine, next to each other.
    let scratches = arenas.iter().enumerate();
    let scratches: Vec<Scratch> = scratches
        .map(|(worker, arena)| Scratch::new(arena, worker, 1 << 20))
        .collect::<Result<_, _>>()?;
    let scratches = Box::leak(scratches.into_boxed_slice());
    let turn = |scratch: &'static mut Scratch| -> Turn {
        Box::new(move || {
            let mut sum = 0;
            for number in 0..ALLOCATIONS {
                let words = 2 + number % 15;
                let values = scratch.alloc_slice_copy(&[7_u64; 16][..words]);
                sum += std::hint::black_box(values)[words - 1];
            }
            scratch.vent();
            Ok(sum)
        })
    };
    let turns = scratches.iter_mut().map(turn).collect();
    Ok((turns, ALLOCATIONS as u64))
}

/// Regions of a turn, and how many each worker has.
const TAKEN: u64 = 100;
const OWN: usize = 3;

fn regions(arenas: &[Arena]) -> Result<(Vec<Turn>, u64)> {
    let turn = |(worker, arena): (usize, &Arena)| -> Result<Turn> {
        let own = Regions::new(arena, Tier::Gpu, &format!("staging {worker}"), 1, OWN)?;
        Ok(Box::new(move || {
            let mut sum = 0;
            for frame in 0..TAKEN {
                let mut region = own.take()?.fill(frame as u32);
                let values = region.push(&[frame; 4])?;
                let region = region.seal();
                sum += region.get(values)?[3];
                drop(region.vent());
            }
            Ok(sum)
        }))
    };
    let turns: Result<_> = arenas.iter().enumerate().map(turn).collect();
    Ok((turns?, TAKEN))
}

/// All caches are of one heap, or each of one of its own. A turn is a recorded program.
fn heap(arenas: &[Arena]) -> Result<(Vec<Turn>, u64)> {
    let trace = allocator::programs()?;
    let heap = |arena: &Arena| Heap::new(arena, Tier::Scene, "heap", arena.scene().bytes());
    let mut heaps = vec![heap(&arenas[0])?];
    for arena in &arenas[1..] {
        // The name is taken where the arena is the same.
        let own = heap(arena).unwrap_or_else(|_| heaps[0].clone());
        heaps.push(own);
    }
    let turn = |heap: &Heap| -> Result<Turn> {
        let replay = Replay::new(trace, heap.cache()?);
        Ok(Box::new(move || {
            replay.run().map(|()| 1).map_err(Into::into)
        }))
    };
    let turns: Result<_> = heaps.iter().map(turn).collect();
    Ok((turns?, trace.ops().len() as u64))
}
