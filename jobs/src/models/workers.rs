//! Whole workers, as they run, with their pool.

use layerw_trace::Label;
use loom::thread;

use super::explore;
use crate::Jobs;
use crate::board::{Slot, Work};
use crate::local::Local;
use crate::pool::Pool;
use crate::sync::{Arc, AtomicU32, Relaxed};

/// Runs `owner` on worker 0 of a pool of two, while worker 1 lives its life, and ends the pool.
fn with_a_worker(preemptions: usize, owner: impl Fn(&Jobs) + Copy + Send + Sync + 'static) {
    explore(preemptions, move || {
        let pool = Arc::new(Pool::new(2, false, false));
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || as_worker(pool, 1, Local::run))
        };
        // Not on the main thread: loom's `join` there trips over a token that was left behind.
        let owner = thread::spawn(move || {
            let jobs = Jobs { pool: pool.clone() };
            as_worker(pool, 0, |_| owner(&jobs));
            jobs.pool.stop();
        });
        owner.join().unwrap();
        worker.join().unwrap();
    });
}

/// Makes the calling thread a worker while `f` runs.
fn as_worker(pool: Arc<Pool>, index: usize, f: impl FnOnce(&Local)) {
    let local = Local::new(pool, index);
    // SAFETY: `local` stays until `exit`; a panic of `f` ends the model.
    unsafe { local.enter() };
    f(&local);
    Local::exit();
}

/// Work for everybody: two tickets, taken one by one.
#[derive(Default)]
struct Tickets {
    taken: AtomicU32,
    done: AtomicU32,
}

impl Tickets {
    fn take_all(&self) {
        while self.taken.fetch_add(1, Relaxed) < 2 {
            self.done.fetch_add(1, Relaxed);
        }
    }

    unsafe fn help(data: *const (), here: &Local, slot: &Slot) {
        // SAFETY: the model posts tickets.
        unsafe { &*data.cast::<Tickets>() }.take_all();
        here.pool().board.unhint(slot);
    }
}

#[test]
fn work_that_is_posted_is_done_and_its_owner_comes_back() {
    with_a_worker(2, |jobs| {
        for _ in 0..2 {
            let tickets = Tickets::default();
            let work = Work {
                help: Tickets::help,
                data: (&raw const tickets).cast(),
            };
            let own = |slot: &Slot| {
                jobs.pool.board.hint(slot);
                let (_, resting) = jobs.pool.sleep.settle();
                jobs.pool.call(slot, resting);
                tickets.take_all();
            };
            // SAFETY: tickets may be taken from anywhere, and outlive the call.
            let posted = jobs.here("post", |here| unsafe { here.post(|_| (), work, 1, own) });
            assert!(posted.is_some());
            assert_eq!(tickets.done.load(Relaxed), 2);
        }
    });
}

#[test]
fn a_join_gets_both_results() {
    // What it costs is not known, so it calls the sleeper.
    with_a_worker(3, |jobs| assert_eq!(jobs.join(|| 1, || 2), (1, 2)));
}

#[test]
fn a_scope_ends_when_all_its_jobs_have() {
    with_a_worker(1, |jobs| {
        let done = AtomicU32::new(0);
        jobs.scope(|scope| {
            for _ in 0..2 {
                scope.spawn(Label::default(), || _ = done.fetch_add(1, Relaxed));
            }
        });
        assert_eq!(done.load(Relaxed), 2);
    });
}

#[test]
fn a_pinned_job_wakes_a_worker_0_that_waits() {
    with_a_worker(3, |jobs| {
        let done = AtomicU32::new(0);
        // Run by whichever worker takes it, while the other waits for it or sleeps.
        let pin = || {
            jobs.scope(|scope| {
                scope.spawn_pinned(Label::default(), || {
                    assert_eq!(jobs.worker(), Some(0));
                    done.fetch_add(1, Relaxed);
                });
            });
        };
        jobs.join(|| (), pin);
        assert_eq!(done.load(Relaxed), 1);
    });
}

#[test]
fn a_team_passes_a_baton() {
    with_a_worker(2, |jobs| {
        // The owner makes one step ready, and whoever comes takes it.
        let steps = AtomicU32::new(0);
        jobs.team(Label::default(), 2, |member| {
            if member.is_owner() {
                steps.store(1, Relaxed);
                member.notify(1);
            }
            loop {
                if steps.compare_exchange(1, 2, Relaxed, Relaxed).is_ok() {
                    member.wake_owner();
                }
                if steps.load(Relaxed) == 2 || !member.idle(|| steps.load(Relaxed) > 0) {
                    return;
                }
            }
        });
        assert_eq!(steps.load(Relaxed), 2);
    });
}
