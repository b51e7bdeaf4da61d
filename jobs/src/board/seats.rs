//! The door of one slot: who is inside, whether it is open, whether the owner sleeps in front of it.
//!
//! ```text
//! bits  0..16  inside: helpers that have entered and not left
//! bit      16  open: helpers may enter
//! bit      17  owner waits: the last one to leave wakes it
//! bits 32..48  seats: how many helpers may be inside at once
//! ```
//!
//! ```text
//!            open(seats)                shut                     inside == 0
//!   closed ──────────────▶ open ──────────────────▶ draining ──────────────────▶ closed
//!                          ▲  │ enter: inside + 1      │ leave: inside - 1
//!                          └──┘ leave: inside - 1      └ owner waits: set before it sleeps, cleared after
//! ```
//!
//! # The races to be afraid of
//!
//! **A helper that comes late.** It loads "open", is delayed, and enters after the slot was shut or even opened again
//! for other work. Entering is therefore one unconditional increment, and what counts is the word that the increment
//! returns: shut, and the helper leaves at once without having looked at the work; open, and what it helps with is
//! what is open *now*, since the owner writes the work before it opens and not again before everybody has left. That
//! is why a slot needs no generation number.
//!
//! **An owner that leaves early.** Work lies on the owner's stack. The owner waits for `inside == 0` after shutting;
//! late helpers may still enter for a moment, see "shut" and leave. They touch the slot only, which lives as long as
//! the pool. A latch inside the owner's stack frame would be gone while the last helper still touches it.
//!
//! **A wake that is lost.** The owner sets "owner waits" in the word that helpers decrement: of the two changes the
//! later one sees the earlier one, so either the owner sees nobody inside or the last helper sees the bit.

use crate::sync::{AcqRel, Acquire, AtomicU64, Relaxed, Release};

/// See the module's head.
pub struct Seats {
    word: AtomicU64,
}

const INSIDE: u64 = 1;
const INSIDE_MASK: u64 = 0xFFFF;
const OPEN: u64 = 1 << 16;
const OWNER_WAITS: u64 = 1 << 17;
const SEATS_SHIFT: u32 = 32;

/// Most helpers that a slot can count.
pub(crate) const SEATS_MAX: usize = INSIDE_MASK as usize - 1;

/// What became of an attempt to enter.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The helper is inside and must leave later. `last_seat`: nobody else can enter now.
    Inside {
        /// No seat is left.
        last_seat: bool,
    },
    /// It is shut or full. `wake_owner`: the owner waits and nobody is inside, see [`Seats::leave`].
    Refused {
        /// The owner must be woken.
        wake_owner: bool,
    },
}

impl Seats {
    pub(crate) fn new() -> Seats {
        Seats {
            word: AtomicU64::new(0),
        }
    }

    /// Opens the door to `seats` helpers. Only the owner, after it has written the work.
    pub(crate) fn open(&self, seats: usize) {
        debug_assert!(seats <= SEATS_MAX);
        // A late helper of the last time may be inside for a moment, so the count stays as it is.
        let mut word = self.word.load(Relaxed);
        loop {
            debug_assert_eq!(word & (OPEN | OWNER_WAITS), 0, "a slot is opened once");
            let opened = word & INSIDE_MASK | OPEN | (seats as u64) << SEATS_SHIFT;
            // Release: publishes the work to those who enter.
            match self
                .word
                .compare_exchange_weak(word, opened, Release, Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Tries to enter.
    pub(crate) fn enter(&self) -> Entry {
        let seen = self.word.load(Relaxed);
        if seen & OPEN == 0 || inside(seen) >= seats(seen) {
            return Entry::Refused { wake_owner: false };
        }
        // Acquire: pairs with the Release of `open`, through the increments of others, so the work is seen.
        let before = self.word.fetch_add(INSIDE, Acquire);
        if before & OPEN != 0 && inside(before) < seats(before) {
            Entry::Inside {
                last_seat: inside(before) + 1 == seats(before),
            }
        } else {
            Entry::Refused {
                wake_owner: self.leave(),
            }
        }
    }

    /// Leaves. True if the caller must now wake the owner: it waits, and nobody is inside.
    #[must_use = "an owner that waits must be woken"]
    pub(crate) fn leave(&self) -> bool {
        // Release: the owner that sees nobody inside sees what the helper did. Acquire: a late helper that must wake
        // the owner sees who that is.
        let before = self.word.fetch_sub(INSIDE, AcqRel);
        debug_assert!(inside(before) > 0);
        inside(before) == 1 && before & OWNER_WAITS != 0
    }

    /// Shuts the door: from now on nobody gets in. Those inside go on.
    pub(crate) fn shut(&self) {
        self.word.fetch_and(!OPEN, AcqRel);
    }

    /// Nobody is inside. Once shut, that stays so but for late helpers that do nothing.
    pub(crate) fn is_empty(&self) -> bool {
        // Acquire: pairs with the Release of `leave`.
        self.word.load(Acquire) & INSIDE_MASK == 0
    }

    /// The owner is about to sleep until everybody has left. False if everybody has.
    pub(crate) fn owner_waits(&self) -> bool {
        // Acquire: as in `is_empty`.
        self.word.fetch_or(OWNER_WAITS, AcqRel) & INSIDE_MASK != 0
    }

    /// The owner is awake again.
    pub(crate) fn owner_rises(&self) {
        self.word.fetch_and(!OWNER_WAITS, AcqRel);
    }

    /// Still open.
    pub(crate) fn is_open(&self) -> bool {
        self.word.load(Acquire) & OPEN != 0
    }

    /// How many more helpers could enter now. A hint.
    pub(crate) fn free(&self) -> usize {
        let word = self.word.load(Relaxed);
        if word & OPEN == 0 {
            0
        } else {
            seats(word).saturating_sub(inside(word)) as usize
        }
    }
}

fn inside(word: u64) -> u64 {
    word & INSIDE_MASK
}

fn seats(word: u64) -> u64 {
    word >> SEATS_SHIFT
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn nobody_enters_a_door_that_is_shut_or_full() {
        let seats = Seats::new();
        assert_eq!(seats.enter(), Entry::Refused { wake_owner: false });
        seats.open(2);
        assert_eq!(seats.free(), 2);
        assert_eq!(seats.enter(), Entry::Inside { last_seat: false });
        assert_eq!(seats.enter(), Entry::Inside { last_seat: true });
        assert_eq!(seats.enter(), Entry::Refused { wake_owner: false });
        seats.shut();
        assert!(!seats.is_open() && !seats.is_empty());
        assert!(!seats.leave());
        assert_eq!(seats.enter(), Entry::Refused { wake_owner: false });
        assert!(!seats.leave());
        assert!(seats.is_empty());
    }

    #[test]
    fn the_last_one_to_leave_wakes_an_owner_that_waits() {
        let seats = Seats::new();
        seats.open(2);
        assert_eq!(seats.enter(), Entry::Inside { last_seat: false });
        assert_eq!(seats.enter(), Entry::Inside { last_seat: true });
        seats.shut();
        assert!(seats.owner_waits(), "two are inside");
        assert!(!seats.leave());
        assert!(seats.leave(), "the last one");
        assert!(!seats.owner_waits(), "nobody is inside");
        seats.owner_rises();
        seats.open(1);
    }
}
