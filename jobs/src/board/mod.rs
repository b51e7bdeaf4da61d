//! The board: where open work is posted so that workers without work find it.
//!
//! A parallel loop, a scope or a team is posted on one of a few **slots** that live as long as the pool. Idle workers
//! look at one word, [`Board::hints`], and enter a slot; its owner works too, shuts it when nothing is left to take, and
//! waits until everybody has left. So nothing is allocated, nobody touches a stack frame that is gone ([`Seats`]), and
//! *who helps whom* is known at any time. Joins need no slot, each of their jobs is waited for by itself; the board
//! only says which workers share some ([`Board::shares`]).
//!
//! # A waiting worker helps only with its own
//!
//! Each slot knows inside of which other slot it was opened. An owner that waits for its helpers may help with slots
//! *below* its own and with nothing else. Schedulers that let a waiter run anything stack unrelated jobs on top of it:
//! it wakes up late, locks that it holds meet themselves, stacks overflow. What rayon runs inside of its own waits is
//! beyond our reach; and pinned jobs run on worker 0 whatever it waits for.
//!
//! # Hints
//!
//! A set bit says "worth entering". It is set on opening and cleared by whoever takes the last seat or finds nothing
//! left to take, so that nobody walks in and out of a slot whose last piece is being worked on, and so that sleeping
//! is possible while a slot is full. A bit too many costs a look, a bit too few costs parallelism: owners finish their
//! work alone if need be.

mod seats;
mod slot;

use crossbeam_utils::CachePadded;

pub(crate) use seats::SEATS_MAX;
pub use seats::{Entry, Seats};
pub(crate) use slot::{IN_A_JOIN, NOWHERE, Slot, Work};

use crate::local::Local;
use crate::sleep::Nap;
use crate::sync::{AcqRel, Acquire, AtomicU64, Relaxed, Release, sized};

/// Most slots: bits of a word. Beyond them work runs on the worker that has it, which is always right.
const SLOTS_MAX: usize = sized(64, 1);

/// See the module's head.
pub(crate) struct Board {
    /// Bit per slot: somebody owns it.
    used: CachePadded<AtomicU64>,
    /// Bit per slot: worth entering.
    hints: CachePadded<AtomicU64>,
    /// Bit per worker, modulo 64: its joins share jobs.
    shares: CachePadded<AtomicU64>,
    slots: Box<[Slot]>,
}

/// Which open work a worker may help with.
#[derive(Copy, Clone)]
pub(crate) enum Which<'a> {
    /// Any: it has no work.
    All,
    /// What was opened inside of the team that it is a member of. If that is inside of nothing else, everything is.
    Team(&'a Slot),
    /// What was opened inside of the slot whose helpers it waits for.
    Below(&'a Slot),
}

impl Which<'_> {
    /// Jobs that joins share carry no slot that could be asked before taking them.
    pub(crate) fn takes_joins(self) -> bool {
        match self {
            Which::All => true,
            Which::Team(slot) => slot.parent() == NOWHERE,
            Which::Below(_) => false,
        }
    }
}

impl Board {
    pub(crate) fn new(workers: usize) -> Board {
        // Four levels of nesting on every worker at once, and some.
        let slots = (8 + 4 * workers).min(SLOTS_MAX);
        Board {
            used: CachePadded::new(AtomicU64::new(0)),
            hints: CachePadded::new(AtomicU64::new(0)),
            shares: CachePadded::new(AtomicU64::new(0)),
            slots: (0..slots)
                .map(|index| Slot::new(index as u32, workers))
                .collect(),
        }
    }

    /// Makes the caller owner of a slot. None if all are taken.
    pub(crate) fn claim(&self, here: &Local) -> Option<&Slot> {
        let mut used = self.used.load(Relaxed);
        loop {
            let index = (!used).trailing_zeros();
            let slot = self.slots.get(index as usize)?;
            // Acquire: pairs with the Release of `release`, so the slot is as its last owner left it.
            match self
                .used
                .compare_exchange_weak(used, used | 1 << index, Acquire, Relaxed)
            {
                Ok(_) => {
                    let inside = if here.depth() == 0 {
                        NOWHERE
                    } else {
                        IN_A_JOIN
                    };
                    let parent = if here.slot() == NOWHERE {
                        inside
                    } else {
                        here.slot()
                    };
                    slot.occupy(here.index() as u32, parent);
                    return Some(slot);
                }
                Err(now) => used = now,
            }
        }
    }

    /// Gives the slot back. By its owner, when nobody is inside.
    pub(crate) fn release(&self, slot: &Slot) {
        self.used.fetch_and(!bit(slot), Release);
    }

    /// Says that the slot is worth entering.
    pub(crate) fn hint(&self, slot: &Slot) {
        // The load spares the line when the bit is set. Nobody relies on the order of hints but sleepers, which are
        // looked for behind a fence (`Sleep::settle`).
        if self.hints.load(Relaxed) & bit(slot) == 0 {
            self.hints.fetch_or(bit(slot), AcqRel);
        }
    }

    /// Says that entering the slot is pointless.
    pub(crate) fn unhint(&self, slot: &Slot) {
        if self.hints.load(Relaxed) & bit(slot) != 0 {
            self.hints.fetch_and(!bit(slot), AcqRel);
        }
    }

    /// Somebody has said so, and nobody the contrary.
    pub(crate) fn is_hinted(&self, slot: &Slot) -> bool {
        self.hints.load(Relaxed) & bit(slot) != 0
    }

    /// Says that entering the slot is pointless while it is full.
    pub(crate) fn unhint_full(&self, slot: &Slot) {
        self.unhint(slot);
        // Somebody may have left, or opened the slot anew, between the refusal and now.
        if slot.seats.free() > 0 {
            self.hint(slot);
        }
    }

    /// Something that `which` allows is worth entering, or taking.
    pub(crate) fn has(&self, which: Which<'_>) -> bool {
        let any = self.hints.load(Relaxed) != 0
            && match which {
                Which::All => true,
                Which::Team(_) | Which::Below(_) => {
                    self.hinted().any(|slot| self.allows(which, slot))
                }
            };
        any || which.takes_joins() && self.shares.load(Relaxed) != 0
    }

    /// The slots worth entering.
    pub(crate) fn hinted(&self) -> impl Iterator<Item = &Slot> {
        let mut bits = self.hints.load(Acquire);
        std::iter::from_fn(move || {
            let slot = self.slots.get(bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some(slot)
        })
    }

    /// `which` allows entering `slot`. Exact while the caller is inside of it, a hint otherwise.
    pub(crate) fn allows(&self, which: Which<'_>, slot: &Slot) -> bool {
        match which {
            Which::All => true,
            Which::Team(above) | Which::Below(above) => self.is_below(slot, above.index),
        }
    }

    /// Says that joins of `worker` share jobs.
    pub(crate) fn hint_share(&self, worker: usize) {
        if self.shares.load(Relaxed) & share_bit(worker) == 0 {
            self.shares.fetch_or(share_bit(worker), AcqRel);
        }
    }

    /// Says that nothing was found with `worker`, unless `some` says that there is now.
    pub(crate) fn unhint_share(&self, worker: usize, some: impl FnOnce() -> bool) {
        self.shares.fetch_and(!share_bit(worker), AcqRel);
        if some() {
            self.hint_share(worker);
        }
    }

    /// The workers among `0..workers` whose joins may share jobs, those after `thief` first.
    pub(crate) fn sharing(&self, thief: usize, workers: usize) -> impl Iterator<Item = usize> {
        let shares = self.shares.load(Acquire);
        let all = if shares == 0 { 0 } else { workers };
        (0..all)
            .map(move |step| (thief + step) % workers)
            .filter(move |&worker| shares & share_bit(worker) != 0)
    }

    /// A worker with this nap may help with `slot`, or if there is none, with joins. A hint.
    pub(crate) fn answers(&self, nap: Nap, slot: Option<&Slot>) -> bool {
        match (nap, slot) {
            (Nap::Awake | Nap::Waiting, _) | (Nap::Below(_), None) => false,
            (Nap::Idle | Nap::Timed, _) => true,
            (Nap::Team(own) | Nap::Below(own), Some(slot)) => {
                slot.index == own || self.is_below(slot, own)
            }
            (Nap::Team(own), None) => Which::Team(&self.slots[own as usize]).takes_joins(),
        }
    }

    /// `slot` was opened inside of the slot `above`, directly or not. Exact while the caller is inside `slot` (then
    /// everything above it stays open), a hint otherwise.
    fn is_below(&self, slot: &Slot, above: u32) -> bool {
        let mut parent = slot.parent();
        for _ in 0..self.slots.len() {
            if parent == above {
                return true;
            }
            match self.slots.get(parent as usize) {
                Some(slot) => parent = slot.parent(),
                None => return false,
            }
        }
        false
    }
}

fn bit(slot: &Slot) -> u64 {
    1 << slot.index
}

fn share_bit(worker: usize) -> u64 {
    1 << (worker % u64::BITS as usize)
}
