//! What all workers of a pool share, and waking them.

use crossbeam_utils::CachePadded;
use layerw_trace::{Label, label};

use crate::board::{Board, Slot};
use crate::caught::Caught;
use crate::costs::Costs;
use crate::join;
use crate::scope::{Cells, Pinned, Records};
use crate::sleep::{Alarm, Nap, Parker, Sleep};
use crate::sync::{Acquire, AtomicBool, AtomicU32, Relaxed, Release};

/// One pool of workers. Lives as long as any of its threads or handles.
pub(crate) struct Pool {
    pub(crate) workers: Box<[CachePadded<Worker>]>,
    pub(crate) board: Board,
    pub(crate) sleep: Sleep,
    pub(crate) costs: Costs,
    /// Where large closures of spawned jobs lie.
    pub(crate) cells: Cells,
    /// Jobs for worker 0.
    pub(crate) pinned: Pinned,
    /// A panic of a task that was given to rayon and that nobody waits for.
    pub(crate) stray: Caught,
    /// There are more workers than CPUs: spinning keeps others from working.
    pub(crate) crowded: bool,
    /// Each worker stays on a CPU of its own.
    pub(crate) stays_put: bool,
    /// Name of the zone in which a worker serves rayon.
    pub(crate) rayon_label: Label,
    /// Name of the zone of a join's stolen job.
    pub(crate) join_label: Label,
    /// How many more workers should be woken for joins.
    join_calls: AtomicU32,
    /// The thread that owns the pool has ended; so should the workers.
    stop: AtomicBool,
}

/// The part of a worker that others touch.
pub(crate) struct Worker {
    pub(crate) parker: Parker,
    pub(crate) joins: join::Shared,
    pub(crate) records: Records,
}

/// How many wakes a woken worker passes on: two, so that n workers are up after log2(n) wakes, and no single one pays
/// for all.
const WAKES_PASSED_ON: usize = 2;

impl Pool {
    pub(crate) fn new(threads: usize, crowded: bool, stays_put: bool) -> Pool {
        let worker = || {
            CachePadded::new(Worker {
                parker: Parker::new(),
                joins: join::Shared::new(),
                records: Records::new(),
            })
        };
        Pool {
            workers: (0..threads).map(|_| worker()).collect(),
            board: Board::new(threads),
            sleep: Sleep::new(),
            costs: Costs::new(),
            cells: Cells::new(),
            pinned: Pinned::new(),
            stray: Caught::new(),
            crowded,
            stays_put,
            rayon_label: label("rayon"),
            join_label: label("join"),
            join_calls: AtomicU32::new(0),
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.len()
    }

    /// Wants `count` sleeping workers for what is open on `slot`: wakes the first, which wakes the next.
    ///
    /// The caller has a `SeqCst` fence behind it since it opened or hinted the slot ([`Sleep::settle`]).
    pub(crate) fn call(&self, slot: &Slot, count: usize) {
        if count > 0 {
            slot.calls.store(count as u32 - 1, Relaxed);
            self.call_one(Some(slot));
        }
    }

    /// Wants `count` sleeping workers for what a join has just shared.
    pub(crate) fn call_for_joins(&self, count: usize) {
        let (_, resting) = self.sleep.settle();
        if resting > 0 {
            self.join_calls.store(count as u32 - 1, Relaxed);
            self.call_one(None);
        }
    }

    /// A worker that was woken wakes others, as long as slots ask for them.
    pub(crate) fn pass_calls_on(&self) {
        let mut wakes = WAKES_PASSED_ON;
        for slot in self.board.hinted() {
            while wakes > 0 && take_one(&slot.calls) && self.call_one(Some(slot)) {
                wakes -= 1;
            }
        }
        while wakes > 0 && take_one(&self.join_calls) && self.call_one(None) {
            wakes -= 1;
        }
    }

    /// Wakes the worker that owns `slot`, whatever it waits for.
    pub(crate) fn wake_owner(&self, slot: &Slot) {
        self.workers[slot.owner()].parker.wake();
    }

    /// Sets when the next frame will start and for how many workers, or that nobody knows.
    pub(crate) fn arm(&self, alarm: Option<Alarm>) {
        self.sleep.set_alarm(alarm);
        let Some(alarm) = alarm else { return };
        let (_, resting) = self.sleep.settle();
        if resting > 0 {
            // They sleep without a timer: they get up, see the alarm and lie down with one.
            let armed = self.workers.iter().take(alarm.workers);
            armed.for_each(|worker| {
                worker.parker.call(|nap| nap == Nap::Idle);
            });
        }
    }

    /// The workers should end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Release);
        for worker in self
            .workers
            .iter()
            .filter(|worker| worker.parker.is_adopted())
        {
            worker.parker.wake();
        }
    }

    /// [`Pool::stop`] was called.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Acquire)
    }

    /// Wakes one worker that sleeps and may help with `slot`, or with joins: the slot's owner if it is one, else the
    /// first in order, so that the same few workers, whose caches are warm, work on small frames. False if there was
    /// none.
    fn call_one(&self, slot: Option<&Slot>) -> bool {
        let answers = |nap| self.board.answers(nap, slot);
        slot.is_some_and(|slot| self.workers[slot.owner()].parker.call(answers))
            || self
                .workers
                .iter()
                .any(|worker| worker.parker.call(answers))
    }
}

/// Takes one of the wakes that are still asked for.
fn take_one(calls: &AtomicU32) -> bool {
    let mut left = calls.load(Relaxed);
    while left > 0 {
        match calls.compare_exchange_weak(left, left - 1, Relaxed, Relaxed) {
            Ok(_) => return true,
            Err(now) => left = now,
        }
    }
    false
}
