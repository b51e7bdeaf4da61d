//! The end of one job that another worker runs, on the stack of the worker that waits for it.
//!
//! ```text
//! bit       0  set: the job has ended
//! bit       1  owner waits: it sleeps, or is about to
//! bit       2  taken: the fields below are valid
//! bits 16..32  index of the worker that runs it
//! bits 32..64  the tag of that worker's window while it runs it
//! ```
//!
//! The race to be afraid of: the owner sees the latch set, returns, and its stack frame is gone while the thief still
//! touches the latch, say to wake the owner. So setting is the last thing that a thief does with the latch; whether
//! somebody waits comes back from the same operation, and whom to wake was read before.

use crate::sync::{AcqRel, Acquire, AtomicU64, Relaxed};

/// See the module's head.
pub struct Latch {
    word: AtomicU64,
}

const SET: u64 = 1;
const OWNER_WAITS: u64 = 1 << 1;
const TAKEN: u64 = 1 << 2;
const THIEF_SHIFT: u32 = 16;
const TAG_SHIFT: u32 = 32;

/// Which worker runs a stolen job, and under which tag it shares what belongs to it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thief {
    pub(crate) worker: usize,
    pub(crate) tag: u32,
}

impl Latch {
    #[inline]
    pub(crate) fn new() -> Latch {
        Latch {
            word: AtomicU64::new(0),
        }
    }

    /// The thief says who it is.
    pub(crate) fn take(&self, thief: Thief) {
        let fields =
            TAKEN | (thief.worker as u64) << THIEF_SHIFT | u64::from(thief.tag) << TAG_SHIFT;
        // Relaxed: helping the thief needs no more than its name; its window does the publishing.
        self.word.fetch_or(fields, Relaxed);
    }

    /// Who runs the job, if somebody has said so.
    pub(crate) fn thief(&self) -> Option<Thief> {
        let word = self.word.load(Relaxed);
        (word & TAKEN != 0).then(|| Thief {
            worker: usize::from((word >> THIEF_SHIFT) as u16),
            tag: (word >> TAG_SHIFT) as u32,
        })
    }

    /// The job has ended. True if the owner must be woken. The caller may not touch the latch, nor anything else of
    /// the job, after this.
    #[must_use = "an owner that waits must be woken"]
    pub(crate) fn set(&self) -> bool {
        // Release: publishes the result. Acquire: not to wake before.
        self.word.fetch_or(SET, AcqRel) & OWNER_WAITS != 0
    }

    /// The job has ended, and its result may be read.
    pub(crate) fn is_set(&self) -> bool {
        // Acquire: pairs with the Release of `set`.
        self.word.load(Acquire) & SET != 0
    }

    /// The owner is about to sleep until the latch is set. False if it is.
    pub(crate) fn owner_waits(&self) -> bool {
        self.word.fetch_or(OWNER_WAITS, AcqRel) & SET == 0
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn a_latch_tells_who_and_when() {
        let latch = Latch::new();
        assert_eq!(latch.thief(), None);
        let thief = Thief {
            worker: 1_000,
            tag: u32::MAX,
        };
        latch.take(thief);
        assert_eq!(latch.thief(), Some(thief));
        assert!(!latch.is_set());
        assert!(!latch.set(), "nobody waits");
        assert!(latch.is_set());
        assert_eq!(latch.thief(), Some(thief));
    }

    #[test]
    fn an_owner_that_waits_is_reported_once_it_is_set() {
        let latch = Latch::new();
        assert!(latch.owner_waits());
        assert!(latch.set());
        assert!(!latch.owner_waits(), "set already");
    }
}
