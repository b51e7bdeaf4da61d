//! Programs as test data: trees of loops, scopes, joins and teams inside of one another, grown from a seed, run by any
//! number of workers, and counted.

use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use layerw_jobs::{Jobs, Priority};
use layerw_trace::label;
use rayon::prelude::*;

use crate::{busy, panic_text, with_pools};

/// How many programs to run per number of workers; many more with `LAYERW_LONG=1`.
fn programs() -> u64 {
    if std::env::var_os("LAYERW_LONG").is_some() {
        3_000
    } else {
        40
    }
}

/// A program and what it has done.
struct Run<'a> {
    jobs: &'a Jobs,
    leaves: AtomicUsize,
    /// The sum over leaves of their seeds: which leaves ran, not only how many.
    sum: AtomicU64,
    /// The leaf that panics, if any.
    fatal: Option<u64>,
}

/// A step of SplitMix64.
fn mix(seed: u64, step: u64) -> u64 {
    let mut z = seed.wrapping_add(step.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Run<'_> {
    fn new(jobs: &Jobs, fatal: Option<u64>) -> Run<'_> {
        Run {
            jobs,
            leaves: AtomicUsize::new(0),
            sum: AtomicU64::new(0),
            fatal,
        }
    }

    fn node(&self, seed: u64, depth: u32) {
        let children = 1 + mix(seed, 100) % 6;
        if depth == 0 {
            return self.leaf(seed);
        }
        let child = |index: u64| self.node(mix(seed, index), depth - 1);
        match mix(seed, 200) % 7 {
            0 | 1 => self
                .jobs
                .par_for(label("mixed::loop"), children as usize, 1, |items, _| {
                    items.for_each(|item| child(item as u64));
                }),
            2 | 3 => self.jobs.scope(|scope| {
                for index in 0..children {
                    let child = &child;
                    match mix(seed, 300 + index) % 8 {
                        0 => {
                            scope.spawn_priority(Priority::High, label("mixed::high"), move || {
                                child(index)
                            })
                        }
                        1 => scope.spawn_priority(Priority::Low, label("mixed::low"), move || {
                            child(index)
                        }),
                        2 => scope.spawn_pinned(label("mixed::pinned"), move || child(index)),
                        _ => scope.spawn(label("mixed::job"), move || child(index)),
                    }
                }
            }),
            4 => self.join(seed, 0..children, depth),
            5 => {
                let (next, left) = (AtomicU64::new(0), AtomicU64::new(children));
                let over = AtomicBool::new(false);
                self.jobs.team(label("mixed::team"), 3, |member| {
                    loop {
                        let index = next.fetch_add(1, Relaxed);
                        if index < children {
                            child(index);
                            if left.fetch_sub(1, Relaxed) == 1 {
                                over.store(true, Release);
                                member.notify(usize::MAX);
                                member.wake_owner();
                            }
                        } else if over.load(Acquire) || !member.idle(|| over.load(Acquire)) {
                            return;
                        }
                    }
                });
            }
            // No pinned jobs may be waited for inside of rayon: leaves only.
            _ => (0..children)
                .into_par_iter()
                .for_each(|index| self.leaf(mix(seed, index))),
        }
    }

    fn join(&self, seed: u64, children: std::ops::Range<u64>, depth: u32) {
        if children.end - children.start <= 1 {
            children.for_each(|index| self.node(mix(seed, index), depth - 1));
            return;
        }
        let middle = (children.start + children.end) / 2;
        self.jobs.join(
            || self.join(seed, children.start..middle, depth),
            || self.join(seed, middle..children.end, depth),
        );
    }

    fn leaf(&self, seed: u64) {
        busy(mix(seed, 400) % 3_000);
        self.leaves.fetch_add(1, Relaxed);
        self.sum.fetch_add(seed, Relaxed);
        assert!(self.fatal != Some(seed), "leaf {seed}");
    }

    fn done(&self) -> (usize, u64) {
        (self.leaves.load(Relaxed), self.sum.load(Relaxed))
    }
}

/// What a program does, from walking it without any worker: leaves and their sum, and one leaf.
fn expected(seed: u64, depth: u32) -> (usize, u64, u64) {
    if depth == 0 {
        return (1, seed, seed);
    }
    let children = 1 + mix(seed, 100) % 6;
    let below = if mix(seed, 200) % 7 == 6 {
        0
    } else {
        depth - 1
    };
    (0..children)
        .map(|index| expected(mix(seed, index), below))
        .fold((0, 0, 0), |all, one| {
            (all.0 + one.0, all.1.wrapping_add(one.1), one.2)
        })
}

#[test]
fn every_leaf_of_any_program_runs_once() {
    with_pools(|jobs| {
        for seed in 0..programs() {
            let run = Run::new(jobs, None);
            run.node(seed, 4);
            let (leaves, sum, _) = expected(seed, 4);
            assert_eq!(run.done(), (leaves, sum), "program {seed}");
        }
    });
}

#[test]
fn a_panic_anywhere_reaches_the_top_and_the_pool_works_on() {
    with_pools(|jobs| {
        for seed in 0..programs() / 2 {
            let (_, _, fatal) = expected(seed, 3);
            let run = Run::new(jobs, Some(fatal));
            assert_eq!(
                panic_text(|| run.node(seed, 3)),
                format!("leaf {fatal}"),
                "program {seed}"
            );
            let run = Run::new(jobs, None);
            run.node(seed + 1, 3);
            let (leaves, sum, _) = expected(seed + 1, 3);
            assert_eq!(run.done(), (leaves, sum), "after program {seed}");
        }
    });
}

#[test]
fn nesting_deeper_than_the_board_works() {
    fn nest(jobs: &Jobs, left: usize, visits: &AtomicUsize) {
        visits.fetch_add(1, Relaxed);
        if left == 0 {
            return;
        }
        match left % 3 {
            0 => jobs.scope(|scope| {
                scope.spawn(label("mixed::deep"), || nest(jobs, left - 1, visits));
                scope.spawn(label("mixed::deep"), || busy(1_000));
            }),
            1 => jobs.team(label("mixed::deep team"), 2, |member| {
                if member.is_owner() {
                    nest(jobs, left - 1, visits);
                }
            }),
            _ => jobs.par_for(label("mixed::deep loop"), 2, 1, |items, _| {
                busy(100_000);
                if items.start == 0 {
                    nest(jobs, left - 1, visits);
                }
            }),
        }
    }
    with_pools(|jobs| {
        let visits = AtomicUsize::new(0);
        nest(jobs, 150, &visits);
        assert_eq!(visits.into_inner(), 151);
    });
}
