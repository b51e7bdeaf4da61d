//! `scope`: every job once, borrowing, nesting, priorities, pinned jobs, panics, closures of all sizes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use layerw_jobs::{Jobs, Priority, Scope};
use layerw_trace::label;

use crate::{busy, panic_text, with_pool, with_pools};

#[test]
fn every_job_runs_once_and_its_borrow_is_seen() {
    with_pools(|jobs| {
        for (count, ns) in [(0, 0), (1, 0), (7, 20_000), (10_000, 0), (300, 3_000)] {
            for _ in 0..3 {
                let mut slots = vec![0; count];
                let calls = AtomicUsize::new(0);
                let result = jobs.scope(|scope| {
                    for (index, slot) in slots.iter_mut().enumerate() {
                        let calls = &calls;
                        scope.spawn(label("scopes::fan"), move || {
                            busy(ns);
                            *slot = index + 1;
                            calls.fetch_add(1, Relaxed);
                        });
                    }
                    "spawned"
                });
                assert_eq!((result, calls.load(Relaxed)), ("spawned", count));
                assert!(
                    slots
                        .iter()
                        .enumerate()
                        .all(|(index, &slot)| slot == index + 1)
                );
            }
        }
    });
}

#[test]
fn jobs_spawn_jobs() {
    fn tree<'scope>(scope: &'scope Scope<'scope, '_>, leaves: &'scope AtomicUsize, depth: usize) {
        if depth == 0 {
            busy(1_000);
            leaves.fetch_add(1, Relaxed);
            return;
        }
        for _ in 0..3 {
            scope.spawn(label("scopes::tree"), move || {
                tree(scope, leaves, depth - 1)
            });
        }
    }
    with_pools(|jobs| {
        for _ in 0..3 {
            let leaves = AtomicUsize::new(0);
            jobs.scope(|scope| tree(scope, &leaves, 6));
            assert_eq!(leaves.into_inner(), 729);
        }
    });
}

#[test]
fn more_jobs_than_there_is_room_for() {
    with_pools(|jobs| {
        let sum = AtomicUsize::new(0);
        jobs.scope(|scope| {
            for value in 0..100_000 {
                let sum = &sum;
                scope.spawn(label("scopes::many"), move || {
                    _ = sum.fetch_add(value, Relaxed)
                });
            }
        });
        assert_eq!(sum.into_inner(), 4_999_950_000);
    });
}

#[test]
fn large_closures_are_jobs_too() {
    with_pools(|jobs| {
        let sum = AtomicUsize::new(0);
        jobs.scope(|scope| {
            for value in 0..1_000 {
                let (sum, many) = (&sum, [value; 100]);
                scope.spawn(label("scopes::large"), move || {
                    _ = sum.fetch_add(many.iter().sum(), Relaxed);
                });
            }
        });
        assert_eq!(sum.into_inner(), 49_950_000);
    });
}

#[test]
fn scopes_loops_and_joins_nest() {
    with_pools(|jobs| {
        for _ in 0..3 {
            let count = AtomicUsize::new(0);
            jobs.scope(|outer| {
                for _ in 0..6 {
                    outer.spawn(label("scopes::outer"), || {
                        jobs.scope(|inner| {
                            for _ in 0..10 {
                                inner.spawn(label("scopes::inner"), || {
                                    jobs.par_for(label("scopes::loop"), 20, 1, |_, _| {
                                        busy(500);
                                        count.fetch_add(1, Relaxed);
                                    });
                                });
                                // Into the scope around it, from inside of the inner one.
                                outer.spawn(label("scopes::out"), || {
                                    _ = count.fetch_add(1, Relaxed)
                                });
                            }
                        });
                        jobs.join(|| busy(2_000), || _ = count.fetch_add(1, Relaxed));
                    });
                }
            });
            assert_eq!(count.into_inner(), 6 * 10 * 20 + 6 * 10 + 6);
        }
    });
}

#[test]
fn one_worker_takes_jobs_by_priority() {
    with_pool(1, |jobs| {
        let order = Mutex::new(Vec::new());
        let push = |priority| order.lock().unwrap().push(priority);
        jobs.scope(|scope| {
            for priority in [
                Priority::Low,
                Priority::Normal,
                Priority::High,
                Priority::Low,
                Priority::High,
            ] {
                scope.spawn_priority(priority, label("scopes::priority"), move || push(priority));
            }
        });
        let order = order.into_inner().unwrap();
        assert!(order.is_sorted(), "{order:?}");
    });
}

#[test]
fn a_high_job_is_taken_before_normal_ones_that_wait() {
    with_pools(|jobs| {
        // Each normal job spawns an urgent one, which no normal job may overtake on the same worker.
        let waiting = AtomicUsize::new(0);
        let overtaken = AtomicUsize::new(0);
        jobs.scope(|scope| {
            for _ in 0..200 {
                scope.spawn(label("scopes::normal"), || {
                    overtaken.fetch_max(waiting.load(Relaxed), Relaxed);
                    waiting.fetch_add(1, Relaxed);
                    scope.spawn_priority(Priority::High, label("scopes::urgent"), || {
                        waiting.fetch_sub(1, Relaxed);
                    });
                    busy(1_000);
                });
            }
        });
        // One per other worker, which is between its job and the urgent one, or runs the urgent one.
        assert!(
            overtaken.into_inner() <= 2 * jobs.threads() - 2 + usize::from(jobs.threads() == 1)
        );
    });
}

#[test]
fn pinned_jobs_run_on_worker_0_only() {
    with_pools(|jobs| {
        let pinned = AtomicUsize::new(0);
        jobs.scope(|scope| {
            for _ in 0..50 {
                scope.spawn(label("scopes::any"), || {
                    busy(10_000);
                    for _ in 0..20 {
                        scope.spawn_pinned(label("scopes::pinned"), || {
                            assert_eq!(jobs.worker(), Some(0));
                            pinned.fetch_add(1, Relaxed);
                            scope.spawn(label("scopes::from pinned"), || busy(100));
                        });
                    }
                });
            }
        });
        assert_eq!(pinned.into_inner(), 1_000);
    });
}

#[test]
fn pinned_jobs_of_other_workers_scopes_are_waited_for() {
    with_pools(|jobs| {
        let pinned = AtomicUsize::new(0);
        // Scopes owned by whichever worker runs the block, while worker 0 works, or waits, or sleeps in a loop.
        jobs.par_for(label("scopes::owners"), 40, 1, |_, worker| {
            busy(if worker == 0 { 5_000 } else { 400_000 });
            let mut here = 0;
            jobs.scope(|scope| {
                scope.spawn_pinned(label("scopes::pinned"), || {
                    assert_eq!(jobs.worker(), Some(0));
                    pinned.fetch_add(1, Relaxed);
                    here = 1;
                });
            });
            assert_eq!(here, 1);
        });
        assert_eq!(pinned.into_inner(), 40);
    });
}

#[test]
fn panics_arrive_after_all_jobs_have_ended() {
    with_pools(|jobs| {
        for _ in 0..5 {
            let ran = AtomicUsize::new(0);
            let text = panic_text(|| {
                jobs.scope(|scope| {
                    for index in 0..200 {
                        let ran = &ran;
                        scope.spawn(label("scopes::panic"), move || {
                            busy(1_000);
                            ran.fetch_add(1, Relaxed);
                            assert!(index % 50 != 20, "job {index}");
                        });
                    }
                });
            });
            assert_eq!((text.as_str(), ran.into_inner()), ("job 20", 200));

            let ran = AtomicUsize::new(0);
            let text = panic_text(|| {
                jobs.scope(|scope| {
                    scope.spawn(label("scopes::panic"), || {
                        ran.fetch_add(1, Relaxed);
                        panic!("the job");
                    });
                    scope.spawn_pinned(label("scopes::panic"), || {
                        ran.fetch_add(1, Relaxed);
                        panic!("the pinned one");
                    });
                    panic!("the scope");
                });
            });
            assert_eq!((text.as_str(), ran.into_inner()), ("the scope", 2));
        }
        assert_eq!(sum(jobs), 4_950, "the pool works");
    });
}

fn sum(jobs: &Jobs) -> usize {
    let sum = AtomicUsize::new(0);
    jobs.scope(|scope| {
        for value in 0..100 {
            let sum = &sum;
            scope.spawn(label("scopes::sum"), move || {
                _ = sum.fetch_add(value, Relaxed)
            });
        }
    });
    sum.into_inner()
}
