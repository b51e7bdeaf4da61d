//! Making pools, keeping them, and who may use them.

use std::time::Duration;

use layerw_jobs::{Jobs, JobsError, on_fresh_thread};
use layerw_trace::now_ns;

use crate::{panic_text, with_pool, with_pools};

#[test]
fn a_thread_keeps_its_pool() {
    with_pools(|jobs| {
        let again = Jobs::new(jobs.threads()).unwrap();
        assert_eq!(again.threads(), jobs.threads());
        assert_eq!((jobs.worker(), again.worker()), (Some(0), Some(0)));
        let error = Jobs::new(jobs.threads() + 1).err().unwrap();
        assert!(matches!(error, JobsError::OtherThreads { kept, threads }
            if kept == jobs.threads() && threads == kept + 1));
    });
}

#[test]
fn numbers_that_make_no_pool_are_refused() {
    assert!(matches!(Jobs::new(0), Err(JobsError::NoThreads)));
    let error = Jobs::new(5_000).err().unwrap().to_string();
    assert_eq!(
        error,
        "5000 threads were asked for, at most 1023 are supported: give a smaller number"
    );
}

#[test]
fn the_error_for_a_second_size_names_both_and_the_cure() {
    let error = with_pool(2, |_| Jobs::new(3).err().unwrap().to_string());
    assert_eq!(
        error,
        "this thread is worker 0 of a pool of 2 threads, which it keeps for its life, and 3 were asked for: ask for \
         2, or make the new pool on a fresh thread (`jobs::on_fresh_thread`)"
    );
}

#[test]
fn strangers_are_turned_away_with_a_name() {
    let jobs = with_pool(2, |jobs| jobs.clone());
    assert_eq!(jobs.worker(), None);
    let text = on_fresh_thread("stranger", 0, || {
        panic_text(|| jobs.par_for(layerw_trace::label("stranger"), 10, 1, |_, _| ()))
    });
    assert!(
        text.contains("Jobs::par_for") && text.contains("\"stranger\""),
        "{text}"
    );
}

#[test]
fn panics_and_results_come_back_from_a_fresh_thread() {
    assert_eq!(on_fresh_thread("seven", 0, || 7), 7);
    let text = panic_text(|| on_fresh_thread("lost", 0, || panic!("lost {}", 1)));
    assert_eq!(text, "lost 1");
}

#[test]
fn pools_that_are_no_longer_needed_end() {
    for _ in 0..20 {
        with_pool(8, |jobs| {
            jobs.par_for(layerw_trace::label("pools::short"), 100, 1, |_, _| ());
        });
    }
}

#[test]
fn pinning_is_a_wish() {
    on_fresh_thread("pinned", 0, || {
        let cpus = std::thread::available_parallelism().unwrap().get();
        let jobs = Jobs::builder().threads(cpus + 1).pin(true).build().unwrap();
        assert!(!jobs.is_pinned(), "more workers than CPUs");
    });
}

#[test]
fn armed_workers_rise_by_themselves_and_lie_down_again() {
    with_pool(3, |jobs| {
        // Eventually: how late a timer is depends on what else the machine does.
        let mut tries = 0..1_000;
        let rose = tries.any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            let at_ns = now_ns() + 500_000;
            jobs.arm(at_ns, 2);
            if jobs.somebody_looks() {
                return false; // still awake from the last time
            }
            while now_ns() < at_ns + 200_000 {
                if jobs.somebody_looks() {
                    return true;
                }
            }
            false
        });
        assert!(rose, "no worker rose ahead of a predicted frame");
        jobs.disarm();
        while jobs.somebody_looks() {
            std::thread::yield_now();
        }
    });
}
