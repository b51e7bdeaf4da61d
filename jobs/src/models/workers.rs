//! Whole workers, as they run, with their pool.

use layerw_trace::Label;
use loom::thread;

use super::explore;
use crate::board::{Slot, Work};
use crate::join::join_at;
use crate::local::Local;
use crate::pool::Pool;
use crate::sync::{Arc, AtomicU32, Relaxed};
use crate::team::{Member, Team};

/// Runs `owner` on worker 0 of a pool of two, while worker 1 lives its life, and ends the pool.
fn with_a_worker(preemptions: usize, owner: impl Fn(&Local) + Copy + Send + Sync + 'static) {
    explore(preemptions, move || {
        let pool = Arc::new(Pool::new(2, false, false));
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || Local::new(pool, 1).run())
        };
        // Not on the main thread: loom's `join` there trips over a token that was left behind.
        let owner = thread::spawn(move || {
            owner(&Local::new(pool.clone(), 0));
            pool.stop();
        });
        owner.join().unwrap();
        worker.join().unwrap();
    });
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
    with_a_worker(2, |here| {
        let pool = here.pool();
        for _ in 0..2 {
            let tickets = Tickets::default();
            let work = Work {
                help: Tickets::help,
                data: (&raw const tickets).cast(),
            };
            let own = |slot: &Slot| {
                pool.board.hint(slot);
                let (_, resting) = pool.sleep.settle();
                pool.call(slot, resting);
                tickets.take_all();
            };
            // SAFETY: tickets may be taken from anywhere, and outlive the call.
            let posted = unsafe { here.post(|_| (), work, 1, own) };
            assert!(posted.is_some());
            assert_eq!(tickets.done.load(Relaxed), 2);
        }
    });
}

#[test]
fn a_join_gets_both_results() {
    with_a_worker(2, |here| {
        here.wish(1);
        let both = join_at(here, 0, || 1, || 2);
        assert_eq!(both, (1, 2));
    });
}

#[test]
fn a_team_passes_a_baton() {
    with_a_worker(2, |here| {
        // One step that only a helper could be late for: the owner makes it ready, and whoever comes takes it.
        let steps = AtomicU32::new(0);
        let f = |member: &Member<'_>| {
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
        };
        assert!(
            Team {
                f: &f,
                label: Label::default()
            }
            .open(here, 1)
        );
        assert_eq!(steps.load(Relaxed), 2);
    });
}
