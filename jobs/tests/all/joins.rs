//! `join`: results, stealing, waiting only with what belongs to the stolen job, panics on either side.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use layerw_jobs::Jobs;
use layerw_trace::label;

use crate::{busy, panic_text, with_pools};

fn fib(jobs: &Jobs, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = jobs.join(|| fib(jobs, n - 1), || fib(jobs, n - 2));
    a + b
}

/// The same with leaves that are worth stealing.
fn slow_fib(jobs: &Jobs, n: u64) -> u64 {
    if n < 2 {
        busy(2_000);
        return n;
    }
    let (a, b) = jobs.join(|| slow_fib(jobs, n - 1), || slow_fib(jobs, n - 2));
    a + b
}

#[test]
fn recursion_gives_the_right_answer() {
    with_pools(|jobs| {
        for _ in 0..3 {
            assert_eq!(fib(jobs, 20), 6_765);
            assert_eq!(slow_fib(jobs, 12), 144);
        }
    });
}

#[test]
fn results_may_be_anything() {
    with_pools(|jobs| {
        let text = String::from("left");
        let rc = std::rc::Rc::new(5);
        // The first closure stays here, so it may use what must not leave its thread.
        let (left, right) = jobs.join(|| (text, *rc), || vec![1, 2, 3]);
        assert_eq!((left.0.as_str(), left.1, right.len()), ("left", 5, 3));
    });
}

#[test]
fn unbalanced_recursion_deeper_than_the_stack_of_jobs() {
    fn chain(jobs: &Jobs, n: usize) -> usize {
        if n == 0 {
            return 0;
        }
        let (rest, one) = jobs.join(|| chain(jobs, n - 1), || 1);
        rest + one
    }
    with_pools(|jobs| assert_eq!(chain(jobs, 3_000), 3_000));
}

#[test]
fn joins_in_loops_in_joins() {
    with_pools(|jobs| {
        let total = AtomicUsize::new(0);
        let side = || {
            jobs.par_for(label("joins::loop"), 20, 1, |_, _| {
                busy(2_000);
                total.fetch_add(fib(jobs, 10) as usize, Relaxed);
            });
        };
        for _ in 0..5 {
            jobs.join(|| jobs.join(side, side), || jobs.join(side, side));
        }
        assert_eq!(total.into_inner(), 5 * 4 * 20 * 55);
    });
}

#[test]
fn panics_of_either_side_arrive_after_both_have_ended() {
    with_pools(|jobs| {
        for _ in 0..10 {
            let ended = AtomicBool::new(false);
            let text = panic_text(|| {
                jobs.join(
                    || {
                        busy(100_000);
                        ended.store(true, Relaxed);
                    },
                    || panic!("right"),
                )
            });
            assert_eq!((text.as_str(), ended.load(Relaxed)), ("right", true));
            let text = panic_text(|| jobs.join(|| panic!("left"), || busy(50_000)));
            assert_eq!(text, "left");
            let text = panic_text(|| {
                jobs.join(
                    || {
                        busy(100_000);
                        panic!("left of two")
                    },
                    || panic!("right of two"),
                )
            });
            assert_eq!(text, "left of two");
            assert_eq!(fib(jobs, 10), 55, "the pool works");
        }
    });
}

#[test]
fn panics_come_up_from_the_depth() {
    fn dig(jobs: &Jobs, n: u64) {
        if n == 0 {
            busy(1_000);
            panic!("bottom");
        }
        jobs.join(|| dig(jobs, n - 1), || slow_fib(jobs, 4));
    }
    with_pools(|jobs| {
        for _ in 0..5 {
            assert_eq!(panic_text(|| dig(jobs, 20)), "bottom");
        }
    });
}

#[test]
fn nothing_is_dropped_twice_or_forgotten() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    with_pools(|jobs| {
        let drops = AtomicUsize::new(0);
        for round in 0..50 {
            let (left, right) = (Counted(&drops), Counted(&drops));
            let joined = || {
                jobs.join(
                    move || {
                        busy(20_000);
                        assert!(round % 2 == 0, "odd");
                        left
                    },
                    move || right,
                )
            };
            if round % 2 == 0 {
                drop(joined());
            } else {
                panic_text(joined);
            }
            assert_eq!(drops.load(Relaxed), 2 * (round + 1));
        }
    });
}

#[test]
fn a_waiting_worker_runs_nothing_unrelated() {
    // Both sides of the outer join hold a flag while they join inside. Were a waiting side to take unrelated work, it
    // could run the other side on top of itself.
    with_pools(|jobs| {
        let inside = || {
            thread_local!(static INSIDE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
            assert!(
                !INSIDE.replace(true),
                "unrelated work on top of a waiting job"
            );
            slow_fib(jobs, 8);
            INSIDE.set(false);
        };
        let four = || jobs.join(|| jobs.join(inside, inside), || jobs.join(inside, inside));
        for _ in 0..10 {
            jobs.join(four, four);
        }
    });
}
