//! What a worker knows about itself, and what it does while it has nothing to do.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::ptr;

use crate::board::{Entry, NOWHERE, SEATS_MAX, Slot, Which, Work};
use crate::caught::Payload;
use crate::join;
use crate::pool::{Pool, Worker};
use crate::scope::Share;
use crate::sleep::{Alarm, Call, Nap, Patience};
use crate::sync::{Arc, now_ns};

#[cfg(not(feature = "loom"))]
thread_local! {
    /// The worker that this thread is, null if it is none.
    static CURRENT: Cell<*const Local> = const { Cell::new(ptr::null()) };
}

#[cfg(feature = "loom")]
loom::thread_local! {
    static CURRENT: Cell<*const Local> = Cell::new(ptr::null());
}

/// A worker as its own thread sees it. Not `Sync`, so what is in here needs no atomics.
pub(crate) struct Local {
    pool: Arc<Pool>,
    index: usize,
    /// There are no other workers.
    alone: bool,
    /// Innermost slot that this worker owns or helps with.
    slot: Cell<u32>,
    /// State of a generator of random numbers, to measure small loops now and then.
    random: Cell<u32>,
    /// How long this worker has found nothing useful to do.
    pub(crate) patience: Patience,
    /// Its stack of jobs from joins.
    pub(crate) joins: join::Private,
    /// Its share in the innermost scope, null if none.
    pub(crate) share: Cell<*const Share<'static>>,
}

/// How long a worker looks for work before it lies down, in ns. About what a wake costs, see [`Patience`]; at 60 Hz it
/// keeps the idle CPU under 0.4 %.
const LOOK_NS: u64 = 50_000;

/// The same where there are more workers than CPUs: the CPU is needed elsewhere.
const LOOK_CROWDED_NS: u64 = 5_000;

impl Local {
    pub(crate) fn new(pool: Arc<Pool>, index: usize) -> Local {
        pool.workers[index].parker.adopt();
        let joins = join::Private::new(&pool.workers[index].joins);
        Local {
            alone: pool.threads() == 1,
            pool,
            index,
            slot: Cell::new(NOWHERE),
            random: Cell::new(1),
            patience: Patience::new(),
            joins,
            share: Cell::new(ptr::null()),
        }
    }

    /// Hands the calling thread's worker to `f`, None if it is not a worker.
    #[inline(always)]
    pub(crate) fn with<R>(f: impl FnOnce(Option<&Local>) -> R) -> R {
        let current = CURRENT.with(Cell::get);
        // SAFETY: `CURRENT` is null or was set by `enter`, whose caller keeps the worker alive and in place until it
        // has called `exit`; both happen on this thread, and not while `f` runs: workers are ended by nothing that
        // jobs can call.
        f(unsafe { current.as_ref() })
    }

    /// Makes this the calling thread's worker.
    ///
    /// # Safety
    ///
    /// The worker stays alive and in place until [`Local::exit`] is called on this thread.
    pub(crate) unsafe fn enter(&self) {
        CURRENT.with(|current| {
            debug_assert!(current.get().is_null(), "a thread is one worker");
            current.set(self);
        });
    }

    /// The calling thread is no worker any more.
    pub(crate) fn exit() {
        CURRENT.with(|current| current.set(ptr::null()));
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    #[inline]
    pub(crate) fn is_of(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn slot(&self) -> u32 {
        self.slot.get()
    }

    /// There are no other workers.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        self.alone
    }

    /// The part of this worker that others touch.
    #[inline]
    pub(crate) fn me(&self) -> &Worker {
        &self.pool.workers[self.index]
    }

    /// How long this worker looks before it rests.
    pub(crate) fn look_ns(&self) -> u64 {
        if self.pool.crowded {
            LOOK_CROWDED_NS
        } else {
            LOOK_NS
        }
    }

    /// True once in `period` calls on average: for measuring small loops now and then. At random, or of loops that
    /// follow each other in every frame always the same one could be chosen.
    pub(crate) fn now_and_then(&self, period: u32) -> bool {
        // Numerical Recipes' quick generator; its upper bits are good enough for this.
        let random = self
            .random
            .get()
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.random.set(random);
        (random >> 16).is_multiple_of(period)
    }
}

/// Being the owner of open work.
impl Local {
    /// Claims a slot, opens `work` on it for at most `seats` helpers, runs `own` here, and waits until all helpers have
    /// left. None, and `own` untouched, if there is no free slot. Helpers come once `own` sets the slot's hint.
    ///
    /// # Panics
    ///
    /// With the panic that was left in the slot, after everybody has left.
    ///
    /// # Safety
    ///
    /// `work.data` may be given to `work.help` on any thread, any number of times, until this returns.
    pub(crate) unsafe fn post<R>(
        &self,
        prepare: impl FnOnce(&Slot),
        work: Work,
        seats: usize,
        own: impl FnOnce(&Slot) -> R,
    ) -> Option<R> {
        let slot = self.pool.board.claim(self)?;
        prepare(slot);
        let posted = Posted {
            here: self,
            slot,
            outer: self.slot.replace(slot.index),
        };
        // SAFETY: just claimed, so shut and ours; dropping `posted` shuts it and waits, also when `own` unwinds.
        unsafe { slot.open(work, seats.min(SEATS_MAX)) };
        let result = own(slot);
        let panicked = posted.finish();
        std::mem::forget(posted);
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
        Some(result)
    }

    /// Waits until nobody is inside a slot that is shut. Helps meanwhile, but only with what helpers have opened
    /// inside of it.
    fn drain(&self, slot: &Slot) {
        let patience = Patience::new();
        while !slot.seats.is_empty() {
            if self.run_pinned() || self.help(Which::Below(slot)) {
                patience.renew();
            } else if !patience.turn(self.look_ns(), self.pool.crowded) {
                self.lie_waiting(|| slot.seats.owner_waits());
                slot.seats.owner_rises();
            }
        }
    }
}

/// Work that is open.
struct Posted<'a> {
    here: &'a Local,
    slot: &'a Slot,
    outer: u32,
}

impl Posted<'_> {
    /// Shuts the slot, waits for the helpers and gives the slot back. Returns the panic that was left in it.
    fn finish(&self) -> Option<Payload> {
        let board = &self.here.pool.board;
        board.unhint(self.slot);
        self.slot.seats.shut();
        self.here.drain(self.slot);
        // A helper that found work left may have set the hint again after it was cleared above.
        board.unhint(self.slot);
        self.here.slot.set(self.outer);
        let panicked = self.slot.caught.take();
        board.release(self.slot);
        panicked
    }
}

impl Drop for Posted<'_> {
    /// The owner unwinds: its helpers still use what is on its stack, so it waits. Its own panic is what counts.
    fn drop(&mut self) {
        self.finish();
    }
}

/// Being a helper.
impl Local {
    /// Enters one open slot and helps there until nothing is left to take, or takes a job that a join shares. False if
    /// there was none. What it helps with renews the worker's patience if there was something to do.
    pub(crate) fn help(&self, which: Which<'_>) -> bool {
        let board = &self.pool.board;
        for slot in board.hinted().filter(|slot| board.allows(which, slot)) {
            match slot.seats.enter() {
                Entry::Refused { wake_owner } => {
                    if wake_owner {
                        self.pool.wake_owner(slot);
                    }
                    board.unhint_full(slot);
                }
                Entry::Inside { last_seat } => {
                    if last_seat {
                        board.unhint_full(slot);
                    }
                    // The slot may have changed hands since the first look; now that we are inside it cannot.
                    let helps = board.allows(which, slot);
                    if helps {
                        // SAFETY: we are inside.
                        self.within(slot.index, || unsafe { slot.help(self) });
                    }
                    if slot.seats.leave() {
                        self.pool.wake_owner(slot);
                    }
                    if helps {
                        return true;
                    } else if last_seat {
                        board.hint(slot);
                    }
                }
            }
        }
        which.takes_joins() && self.steal_any_join()
    }

    /// Runs `f` as part of what is open on a slot.
    pub(crate) fn within<R>(&self, slot: u32, f: impl FnOnce() -> R) -> R {
        let outer = self.slot.replace(slot);
        let result = f();
        self.slot.set(outer);
        result
    }

    /// Sleeps until woken by whoever knows what this worker waits for, unless `blocked` says no.
    pub(crate) fn lie_waiting(&self, blocked: impl FnOnce() -> bool) {
        self.me()
            .parker
            .lie(Nap::Waiting, None, || blocked() && !self.has_pinned());
    }

    /// The life of a worker other than the first: helps, looks, rests.
    pub(crate) fn run(&self) {
        let (pool, sleep) = (&*self.pool, &self.pool.sleep);
        let patience = &self.patience;
        sleep.start_looking();
        while !pool.is_stopping() {
            if pool.board.has(Which::All) {
                sleep.stop_looking();
                let helped = self.help(Which::All);
                sleep.start_looking();
                if helped {
                    continue;
                }
            }
            if patience.turn(self.look_ns(), pool.crowded) {
                continue;
            }
            let alarm = sleep.alarm();
            let (nap, timeout_ns) = match Alarm::call(alarm, self.index, now_ns()) {
                Call::Sleep => (Nap::Idle, None),
                Call::SleepFor(ns) => (Nap::Timed, Some(ns)),
                Call::Look => {
                    patience.turn(u64::MAX, pool.crowded);
                    continue;
                }
            };
            let nothing =
                || !pool.board.has(Which::All) && !pool.is_stopping() && sleep.alarm() == alarm;
            if self.rest(nap, timeout_ns, nothing) {
                patience.renew();
                pool.pass_calls_on();
            }
        }
        sleep.stop_looking();
    }

    /// Sleeps while `blocked`, as [`crate::sleep::Parker::lie`] does, and counts as resting meanwhile. True if
    /// somebody called.
    pub(crate) fn rest(
        &self,
        nap: Nap,
        timeout_ns: Option<u64>,
        blocked: impl FnOnce() -> bool,
    ) -> bool {
        let sleep = &self.pool.sleep;
        sleep.start_resting();
        self.me()
            .parker
            .lie(nap, timeout_ns, || blocked() && !self.has_pinned());
        sleep.rise();
        match self.me().parker.delay_ns() {
            Some(delay_ns) => {
                sleep.learn_wake_ns(delay_ns);
                true
            }
            None => false,
        }
    }
}
