//! M3: a general allocator, on the calls that programs made.

use std::alloc::{GlobalAlloc, System};
use std::thread;

use anyhow::{Result, ensure};
use layerw_memory::alloc::GlobalHeap;
use layerw_memory::alloc::trace::{Replay, Trace};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, round, single};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "M3",
        about: "the allocator's calls of three programs, from command line to report, replayed",
        figures: &[Figure::new("ns/call").goals(&[Goal::ratio(1, 1.0, 1.0)])],
        entries: |effort| everybody(effort, 1),
    },
    Case {
        name: "M3-threads",
        about: "the same on two threads at once, which free a quarter of it for each other",
        figures: &[Figure::new("ns/call").goals(&[Goal::ratio(2, 1.0, 1.0)])],
        entries: |effort| everybody(effort, 2),
    },
    Case {
        name: "M3-hits",
        about: "how often the cache of the thread had a block at hand, cold and after it was flushed each round",
        figures: &[
            Figure::new("%")
                .suffix("-cold")
                .more_is_better()
                .goals(&[Goal::value(1, 95.0)]),
            Figure::new("%")
                .suffix("-flushed")
                .more_is_better()
                .goals(&[Goal::value(1, 95.0)]),
        ],
        entries: |effort| vec![Entry::new("layerw", 1, move || hits(effort))],
    },
];

/// Recorded by `record-allocations`.
static PROGRAMS: &[u8] = include_bytes!("../../traces/programs.lwalloc");

/// The trace; it is kept for the rest of the process, because every peer replays it.
pub(super) fn programs() -> Result<&'static Trace> {
    Ok(Box::leak(Box::new(Trace::from_bytes(PROGRAMS)?)))
}

fn everybody(effort: Effort, threads: usize) -> Vec<Entry> {
    vec![
        entry("layerw", effort, threads, GlobalHeap::new()),
        entry("mimalloc", effort, threads, mimalloc::MiMalloc),
        entry("dlmalloc", effort, threads, dlmalloc::GlobalDlmalloc),
        entry("malloc", effort, threads, System),
    ]
}

fn entry<A: GlobalAlloc + Send + Sync + 'static>(
    name: &'static str,
    effort: Effort,
    threads: usize,
    allocator: A,
) -> Entry {
    Entry::new(name, threads, move || {
        let trace = programs()?;
        let calls = (threads * trace.ops().len()) as f64;
        let replay = Replay::new(trace, allocator).workers(threads);
        let mut repeat = effort.repeat();
        single(move || {
            let mut result = Ok(());
            let mean_ns = repeat.mean_of(|times| {
                let start_ns = now_ns();
                let done = if threads == 1 {
                    (0..times).try_for_each(|_| replay.run())
                } else {
                    together(&replay, threads, times)
                };
                let ns = now_ns() - start_ns;
                result = std::mem::replace(&mut result, Ok(())).and(done);
                ns
            });
            result?;
            Ok(mean_ns / calls)
        })
    })
}

/// Replays a number of times on each of several threads.
fn together<A: GlobalAlloc + Sync>(
    replay: &Replay<'_, A>,
    threads: usize,
    times: u64,
) -> Result<(), layerw_memory::alloc::trace::TraceError> {
    let work = |worker| (0..times).try_for_each(|_| replay.run_passing(worker));
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        let own = work(0);
        // A panic of another is passed on by the scope.
        others.into_iter().fold(own, |result, other| {
            result.and(other.join().unwrap_or(Ok(())))
        })
    })?;
    replay.collect()
}

/// Hit rates in percent, each over one replay: on a new thread, whose cache is empty, and on one that flushes it after each replay.
fn hits(effort: Effort) -> Result<crate::harness::Round> {
    let trace = programs()?;
    let heap = GlobalHeap::new();
    let rate = move |before: layerw_memory::alloc::Usage| {
        let after = heap.usage();
        let (hits, misses) = (after.hits - before.hits, after.misses - before.misses);
        100.0 * hits as f64 / (hits + misses) as f64
    };
    let times = effort.pick(10, 1);
    round(move || {
        let replay = Replay::new(trace, heap);
        let cold = thread::scope(|scope| {
            let alone = scope.spawn(|| -> Result<f64> {
                heap.trim();
                let before = heap.usage();
                replay.run()?;
                Ok(rate(before))
            });
            alone.join().unwrap_or_else(|_| Ok(0.0))
        })?;
        let before = heap.usage();
        for _ in 0..times {
            replay.run()?;
            heap.flush();
        }
        let flushed = rate(before);
        ensure!(cold > 0.0, "the replay panicked");
        Ok(vec![cold, flushed])
    })
}
