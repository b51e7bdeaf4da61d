//! `team`: members come and go, nothing that becomes ready is left lying, panics end it.

use std::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use layerw_jobs::Jobs;
use layerw_trace::label;

use crate::{busy, panic_text, with_pool, with_pools};

/// A queue of `tasks` numbered tasks, worked off by a team, where task n becomes ready when n - 1 is done.
fn relay(jobs: &Jobs, wanted: usize, tasks: usize, task_ns: u64) -> usize {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ready = || done.load(Acquire) == tasks || next.load(Acquire) == done.load(Acquire);
    jobs.team(label("teams::relay"), wanted, |member| {
        loop {
            let task = done.load(Acquire);
            if task == tasks {
                return;
            }
            if next
                .compare_exchange(task, task + 1, Relaxed, Relaxed)
                .is_ok()
            {
                busy(task_ns);
                done.store(task + 1, Release);
                member.notify(if task + 1 == tasks { usize::MAX } else { 1 });
            } else if !member.idle(ready) {
                return;
            }
        }
    });
    done.into_inner()
}

#[test]
fn a_team_does_everything_whoever_comes() {
    with_pools(|jobs| {
        for wanted in [0, 1, 2, 8, 100] {
            assert_eq!(relay(jobs, wanted, 1_000, 0), 1_000);
            assert_eq!(relay(jobs, wanted, 20, 30_000), 20);
        }
    });
}

#[test]
fn sleepers_are_called_back_when_something_becomes_ready() {
    // Tasks long enough that everybody without one goes to sleep each time.
    with_pools(|jobs| assert_eq!(relay(jobs, jobs.threads(), 10, 400_000), 10));
}

#[test]
fn the_owner_can_sleep_and_is_woken() {
    with_pools(|jobs| {
        for _ in 0..5 {
            let (taken, done) = (AtomicBool::new(false), AtomicBool::new(false));
            jobs.team(label("teams::owner"), jobs.threads(), |member| {
                // Whoever comes first does the one long task; alone, that is the owner.
                let helper = !member.is_owner() || jobs.threads() == 1;
                if helper && !taken.swap(true, Relaxed) {
                    busy(300_000);
                    done.store(true, Release);
                    member.wake_owner();
                }
                while !done.load(Acquire) {
                    if !member.idle(|| done.load(Acquire)) {
                        return;
                    }
                }
            });
            assert!(done.into_inner());
        }
    });
}

#[test]
fn members_that_wait_help_with_loops_of_others() {
    with_pools(|jobs| {
        for _ in 0..3 {
            let (items, done) = (AtomicUsize::new(0), AtomicBool::new(false));
            jobs.team(label("teams::loop"), jobs.threads(), |member| {
                if member.is_owner() {
                    jobs.par_for(label("teams::inside"), 100, 1, |_, _| {
                        busy(5_000);
                        items.fetch_add(1, Relaxed);
                    });
                    done.store(true, Release);
                    member.notify(usize::MAX);
                }
                while !done.load(Acquire) {
                    if !member.idle(|| done.load(Acquire)) {
                        return;
                    }
                }
            });
            assert_eq!(items.into_inner(), 100);
        }
    });
}

#[test]
fn a_panic_of_a_member_reaches_the_caller_and_ends_the_team() {
    with_pools(|jobs| {
        for _ in 0..5 {
            let text = panic_text(|| {
                jobs.team(label("teams::panic"), jobs.threads(), |member| {
                    if member.is_owner() {
                        panic!("member {} failed", member.worker());
                    }
                    while member.idle(|| false) {}
                });
            });
            assert_eq!(text, "member 0 failed");
            assert_eq!(relay(jobs, 8, 50, 0), 50);
        }
    });
}

#[test]
fn a_panic_of_a_helper_wakes_an_owner_that_sleeps() {
    with_pool(2, |jobs| {
        let text = panic_text(|| {
            jobs.team(label("teams::helper panic"), 2, |member| {
                if !member.is_owner() {
                    busy(300_000);
                    panic!("the helper failed");
                }
                while member.idle(|| false) {}
            });
        });
        assert_eq!(text, "the helper failed");
    });
}

#[test]
fn teams_of_one_run_in_place() {
    with_pools(|jobs| {
        let calls = AtomicUsize::new(0);
        jobs.team(label("teams::one"), 1, |member| {
            assert!(member.is_owner() && member.is_open());
            assert_eq!(member.worker(), 0);
            assert!(member.idle(|| true));
            calls.fetch_add(1, Relaxed);
        });
        assert_eq!(calls.into_inner(), 1);
    });
}
