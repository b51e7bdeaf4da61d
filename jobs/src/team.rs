//! Teams: one function, run by several workers at the same time, that decides for itself what each of them does.
//!
//! This is the frame of the graph executor. A **member** works off what it finds; when it finds nothing it calls
//! [`Member::idle`], which goes down the ladder of idleness:
//!
//! 1. look whether something is ready again;
//! 2. run pinned jobs, on worker 0;
//! 3. help with loops and scopes that other members' work has opened;
//! 4. help rayon's own tasks, so that `par_iter` in a member's work is parallel;
//! 5. spin for about as long as a wake takes;
//! 6. rest.
//!
//! # Resting without holding up the end
//!
//! A member that slept inside would have to be woken only to leave, 60 µs after everything is done. So a member that
//! wants to rest leaves: `idle` says so, the function returns, the worker lies down outside, and is let in again when
//! [`Member::notify`] calls. Only the owner, for whom nobody waits, sleeps inside.
//!
//! # The race to be afraid of
//!
//! A member finds nothing, and before it lies down somebody makes something ready and sees nobody to wake: a lost
//! wake-up. Therefore `idle` is given a function `ready`, which it asks once more *after* it has taken the slot's hint
//! down or announced its nap; and `notify`, called *after* something was made ready, looks for both. A `SeqCst` fence
//! lies between the two steps on each side, so one of them sees the other.

use std::cell::Cell;

use layerw_trace::{Label, zone};

use crate::Jobs;
use crate::board::{Slot, Which, Work};
use crate::local::Local;
use crate::sleep::Nap;
use crate::sync::{SeqCst, fence, yield_now};

impl Jobs {
    /// Runs `f` on the calling worker, and on up to `wanted - 1` others as soon as they are awake, each as a
    /// [`Member`]. Returns when `f` has returned here and everywhere.
    ///
    /// Others may never come, come late, or come several times. So `f` must be able to do everything alone, and return
    /// when nothing is left to do. With one worker it simply runs. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If `f` panics: of several panics the one of the lowest worker, after all members have left. Members see
    /// `false` from [`Member::idle`] and [`Member::is_open`] once somebody has panicked.
    ///
    /// If the calling thread is not a worker of this pool.
    pub fn team<F>(&self, label: Label, wanted: usize, f: F)
    where
        F: Fn(&Member<'_>) + Sync,
    {
        let team = Team { f: &f, label };
        self.here("team", |here| {
            let seats = wanted.min(self.threads()).saturating_sub(1);
            if seats == 0 || !team.open(here, seats) {
                let _zone = zone(label);
                (team.f)(&Member::new(here, true, None));
            }
        });
    }
}

/// One worker's part in a team. See [`Jobs::team`].
pub struct Member<'a> {
    here: &'a Local,
    owner: bool,
    /// None: a team of one.
    slot: Option<&'a Slot>,
    turns: Cell<u32>,
}

/// Looking for rayon's tasks takes a look at each worker's queue, so it is done once in so many turns.
const RAYON_TURNS: u32 = 4;

impl<'a> Member<'a> {
    fn new(here: &'a Local, owner: bool, slot: Option<&'a Slot>) -> Member<'a> {
        Member {
            here,
            owner,
            slot,
            turns: Cell::new(0),
        }
    }

    /// Index of the worker, `0..threads`.
    #[must_use]
    pub fn worker(&self) -> usize {
        self.here.index()
    }

    /// This member runs on the worker that called [`Jobs::team`].
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.owner
    }

    /// False when the team is over for this member: its owner has returned, or somebody has panicked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.slot
            .is_none_or(|slot| (self.owner || slot.seats.is_open()) && !slot.caught.any())
    }

    /// Waits, usefully where it can, until there may be something to do for this member, and returns true; or returns
    /// false, and then `f` should return: the team is over, or the worker rests outside until [`Member::notify`]
    /// calls it in again.
    ///
    /// `ready` says whether there is something to do, or whether everything is done. It is called many times, also
    /// while the worker goes to sleep: it must be quick and must not call this crate. What makes it true must be
    /// followed by a [`notify`](Member::notify) or [`wake_owner`](Member::wake_owner), or the owner may sleep on.
    pub fn idle(&self, ready: impl Fn() -> bool) -> bool {
        if ready() {
            self.here.patience.renew();
            return self.is_open();
        }
        let Some(slot) = self.slot else {
            self.turn_alone();
            return true;
        };
        let sleep = &self.here.pool().sleep;
        sleep.start_looking();
        let stays = loop {
            if !self.is_open() {
                break false;
            }
            if ready() {
                self.here.patience.renew();
                break true;
            }
            if self.help(slot) {
                self.here.patience.renew();
                break true;
            }
            if self
                .here
                .patience
                .turn(self.here.look_ns(), self.here.pool().crowded)
            {
                continue;
            }
            if self.is_owner() {
                let board = &self.here.pool().board;
                let blocked = || !ready() && !board.has(Which::Team(slot)) && self.is_open();
                if self.here.rest(Nap::Team(slot.index), None, blocked) {
                    self.here.pool().pass_calls_on();
                }
                self.here.patience.renew();
            } else if self.leaves(slot, &ready) {
                break false;
            }
        };
        sleep.stop_looking();
        stays
    }

    /// Says that `count` more members would find something ready now. Call it after making that visible to `ready`.
    ///
    /// Members that are awake see it anyway; sleepers are called as far as those are too few. A wake costs the caller
    /// 5 µs and helps 40-80 µs later, so do not ask for what is done sooner. Costs one fence when nobody sleeps.
    pub fn notify(&self, count: usize) {
        let Some(slot) = self.slot else { return };
        let pool = self.here.pool();
        let (looking, resting) = pool.sleep.settle();
        if looking + resting == 0 {
            return;
        }
        // Whoever left for lack of work has taken the hint down.
        if slot.seats.free() > 0 {
            pool.board.hint(slot);
        }
        if resting > 0 {
            pool.call(slot, count.saturating_sub(looking).min(resting));
        }
    }

    /// Wakes the owner if it sleeps: for what only the owner can do. Call it after making that visible to `ready`.
    pub fn wake_owner(&self) {
        if let Some(slot) = self.slot {
            self.here.pool().wake_owner(slot);
        }
    }

    /// How long it takes from a wake until the woken worker starts, in ns, as measured lately.
    #[must_use]
    pub fn wake_ns(&self) -> u64 {
        self.here.pool().sleep.wake_ns()
    }

    /// One step on the ladder: does something for others. False if there was nothing.
    fn help(&self, slot: &Slot) -> bool {
        let pool = self.here.pool();
        if self.here.run_pinned() {
            return true;
        }
        if pool.board.has(Which::Team(slot)) {
            // Busy with something else: not looking.
            pool.sleep.stop_looking();
            let helped = self.here.help(Which::Team(slot));
            pool.sleep.start_looking();
            if helped {
                return true;
            }
        }
        let turn = self.turns.get();
        self.turns.set(turn.wrapping_add(1));
        turn.is_multiple_of(RAYON_TURNS) && rayon::yield_now() == Some(rayon::Yield::Executed)
    }

    /// The member wants to rest. False if something turned up at the last moment.
    fn leaves(&self, slot: &Slot, ready: impl Fn() -> bool) -> bool {
        let board = &self.here.pool().board;
        board.unhint(slot);
        // Pairs with the fence in `notify` (`Sleep::settle`): either `ready` is true now, or the notifier sees that
        // the hint is down and sets it, and the worker, on its way to bed, sees the hint.
        fence(SeqCst);
        let stays = ready();
        if stays {
            board.hint(slot);
        }
        !stays
    }

    /// A team of one has nobody to wait for, but for rayon's tasks and for what other threads make ready.
    fn turn_alone(&self) {
        if self.here.run_pinned() {
            return;
        }
        if rayon::yield_now() != Some(rayon::Yield::Executed) {
            yield_now();
        }
    }
}

/// A team, on the stack of its owner.
struct Team<'f, F> {
    f: &'f F,
    label: Label,
}

impl<F: Fn(&Member<'_>) + Sync> Team<'_, F> {
    /// Posts the team and is its first member. False, and nothing has happened, if the board is full.
    fn open(&self, here: &Local, seats: usize) -> bool {
        let pool = &**here.pool();
        let work = Work {
            help: Self::help,
            data: (&raw const *self).cast(),
        };
        let own = |slot: &Slot| {
            pool.board.hint(slot);
            let (looking, resting) = pool.sleep.settle();
            pool.call(slot, seats.saturating_sub(looking).min(resting));
            self.member(here, true, slot);
        };
        // SAFETY: `self` outlives the call; `help` only calls `f`, which is `Sync`.
        unsafe { here.post(|_| (), work, seats, own) }.is_some()
    }

    fn member(&self, here: &Local, owner: bool, slot: &Slot) {
        slot.caught.watch(&Cell::new(here.index() as u64), || {
            let _zone = zone(self.label);
            (self.f)(&Member::new(here, owner, Some(slot)));
        });
    }

    /// What other workers call.
    ///
    /// # Safety
    ///
    /// `data` is a `Team<F>` that is posted on `slot`, which the caller is inside of.
    unsafe fn help(data: *const (), here: &Local, slot: &Slot) {
        // SAFETY: the caller's promise.
        let this = unsafe { &*data.cast::<Self>() };
        here.patience.renew();
        this.member(here, false, slot);
        // The owner may sleep, waiting for what this member has just done or failed to do.
        here.pool().wake_owner(slot);
    }
}
