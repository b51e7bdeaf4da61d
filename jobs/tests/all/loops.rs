//! `par_for`: every item once, the same blocks for any number of workers, panics, nesting, rayon inside.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use layerw_trace::label;
use rayon::prelude::*;

use crate::{busy, panic_text, with_pool, with_pools};

#[test]
fn every_item_is_visited_once_in_the_same_blocks() {
    with_pools(|jobs| {
        for (count, grain) in [
            (0, 1),
            (1, 1),
            (10, 3),
            (1_000, 1),
            (1_000, 64),
            (5, 100),
            (77, 0),
        ] {
            // Several times: unknown cost at first, then small, then measured again.
            for _ in 0..20 {
                let visits: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                jobs.par_for(label("loops::visits"), count, grain, |items, worker| {
                    assert!(worker < jobs.threads() && Some(worker) == jobs.worker());
                    assert!(items.start % grain.max(1) == 0 && items.len() <= grain.max(1));
                    assert!(items.len() == grain.max(1) || items.end == count);
                    items.for_each(|item| _ = visits[item].fetch_add(1, Relaxed));
                });
                assert!(visits.iter().all(|visits| visits.load(Relaxed) == 1));
            }
        }
    });
}

#[test]
fn long_loops_are_shared_and_the_results_seen() {
    with_pools(|jobs| {
        let workers = Mutex::new(BTreeSet::new());
        for _ in 0..5 {
            let mut values = vec![0_u64; 400];
            let cells: Vec<Mutex<&mut u64>> = values.iter_mut().map(Mutex::new).collect();
            jobs.par_for(label("loops::long"), 400, 1, |items, worker| {
                busy(10_000);
                workers.lock().unwrap().insert(worker);
                items.for_each(|item| **cells[item].lock().unwrap() = item as u64 * 3);
            });
            drop(cells);
            assert!(
                values
                    .iter()
                    .enumerate()
                    .all(|(item, &value)| value == item as u64 * 3)
            );
        }
        assert!(workers.into_inner().unwrap().len() <= jobs.threads());
    });
}

#[test]
fn loops_nest() {
    with_pools(|jobs| {
        for _ in 0..3 {
            let total = AtomicUsize::new(0);
            jobs.par_for(label("loops::outer"), 12, 1, |outer, _| {
                jobs.par_for(label("loops::middle"), 10, 1, |middle, _| {
                    jobs.par_for(label("loops::inner"), 50, 1, |inner, _| {
                        busy(500);
                        total.fetch_add(outer.len() * middle.len() * inner.len(), Relaxed);
                    });
                });
            });
            assert_eq!(total.into_inner(), 12 * 10 * 50);
        }
    });
}

#[test]
fn the_panic_of_the_lowest_block_seen_reaches_the_caller() {
    with_pools(|jobs| {
        for _ in 0..10 {
            let text = panic_text(|| {
                jobs.par_for(label("loops::panic"), 200, 1, |items, _| {
                    busy(2_000);
                    // Block 0 is the first of worker 0, so it always runs.
                    if items.start == 0 || items.start == 150 {
                        panic!("block {} failed", items.start);
                    }
                });
            });
            assert_eq!(text, "block 0 failed");
            // And the pool works.
            let sum = AtomicUsize::new(0);
            jobs.par_for(label("loops::after"), 1_000, 10, |items, _| {
                sum.fetch_add(items.len(), Relaxed);
            });
            assert_eq!(sum.into_inner(), 1_000);
        }
    });
}

#[test]
fn panics_pass_through_nested_loops() {
    with_pools(|jobs| {
        let text = panic_text(|| {
            jobs.par_for(label("loops::outer panic"), 8, 1, |outer, _| {
                jobs.par_for(label("loops::inner panic"), 100, 1, |inner, _| {
                    busy(1_000);
                    assert!(
                        outer.start != 0 || inner.start != 50,
                        "inner {}",
                        inner.start
                    );
                });
            });
        });
        assert_eq!(text, "inner 50");
    });
}

#[test]
fn rayon_inside_a_job_runs_on_our_workers() {
    with_pools(|jobs| {
        jobs.par_for(label("loops::rayon"), 8, 1, |_, _| {
            busy(20_000);
            let sum: usize = (0..1_000_usize)
                .into_par_iter()
                .map(|item| {
                    assert!(
                        jobs.worker().is_some(),
                        "rayon's work ran on a foreign thread"
                    );
                    item
                })
                .sum();
            assert_eq!(sum, 499_500);
        });
        let indices = jobs.rayon(|| {
            assert_eq!(rayon::current_num_threads(), jobs.threads());
            (0..2_000)
                .into_par_iter()
                .map(|_| {
                    busy(1_000);
                    jobs.worker().unwrap()
                })
                .collect::<BTreeSet<_>>()
        });
        assert!(indices.iter().all(|&worker| worker < jobs.threads()));
    });
}

#[test]
fn a_panic_inside_rayon_reaches_the_caller() {
    with_pools(|jobs| {
        let text = panic_text(|| {
            jobs.rayon(|| {
                (0..100)
                    .into_par_iter()
                    .for_each(|item| assert!(item != 40, "item {item}"))
            })
        });
        assert_eq!(text, "item 40");
        assert_eq!(
            jobs.rayon(|| (0..100).into_par_iter().sum::<usize>()),
            4_950
        );
    });
}

#[test]
fn a_panic_that_nobody_waits_for_does_not_end_the_process() {
    with_pools(|jobs| {
        let text = panic_text(|| {
            jobs.rayon(|| rayon::spawn(|| panic!("left alone")));
            // It arrives with one of the next calls.
            loop {
                jobs.rayon(rayon::yield_now);
            }
        });
        assert_eq!(text, "left alone");
        jobs.rayon(|| ());
    });
}

#[test]
fn a_worker_gets_the_same_part_each_time() {
    let threads = 2;
    with_pool(threads, |jobs| {
        let owner: Vec<AtomicUsize> = (0..64).map(|_| AtomicUsize::new(usize::MAX)).collect();
        for _ in 0..50 {
            jobs.par_for(label("loops::owner"), 64, 1, |items, worker| {
                busy(5_000);
                owner[items.start].store(worker, Relaxed);
            });
        }
        // Worker 0 posts the loop, so its own front block is always its own.
        assert_eq!(owner[0].load(Relaxed), 0);
    });
}
