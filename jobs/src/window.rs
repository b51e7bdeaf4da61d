//! The hand-over between the owner of a stack of jobs and thieves: the part of the stack that is shared.
//!
//! Every worker keeps the jobs that it has spawned on a stack, an array that it alone writes. The newest jobs are
//! private: pushing and popping them touches no atomic at all. Only when somebody is without work does the owner move
//! the **window** over its oldest ones:
//!
//! ```text
//!   index   0      lo            hi              tail
//!           | gone  |   shared    |    private     |  free ->
//!           |       |◀── thieves  |  owner pops ──▶|
//!                                 |◀─ retract / publish ─▶
//! ```
//!
//! Thieves take from `lo`, so they get the oldest jobs, which are the largest where jobs spawn jobs. The owner moves
//! `hi` up to publish and down to retract. Both ends are one word, so that each move is one compare-exchange and no
//! job goes to two workers. This is the split deque of Dinan et al. (*Scalable Work Stealing*, SC 2009) and of Lace
//! (van Dijk and van de Pol, 2014), with one word instead of fences. `crossbeam-deque` lost on four counts: each push is
//! visible, so it pays a fence for thieves that are not there; a steal pins an epoch; it grows and shrinks by
//! allocating; and models cannot look into it.
//!
//! # Layout
//!
//! ```text
//! bits  0..16  lo: first shared job
//! bits 16..32  hi: one past the last shared job
//! bits 32..64  tag: what the owner of the stack says it is, see below
//! ```
//!
//! # The race to be afraid of
//!
//! A thief claims job `i` and only then reads it. If the owner used entry `i` again in between, the thief would get
//! another job's bytes, or half of them. So an entry is used again only when its thief has certainly read it, and the
//! two users of this file know that in different ways: a *join* waits for the end of each stolen job before it goes
//! below it; a *scope* counts thieves that are reading in the tag.
//!
//! A word may return to an older value between a thief's look and its exchange (owner retracts, pops, pushes another
//! job, publishes). That is harmless exactly because thieves read after the exchange, not before.

use crate::sync::{AcqRel, Acquire, AtomicU64, Relaxed, Release};

/// The shared part of one stack. See the module's head.
pub struct Window {
    word: AtomicU64,
}

/// Most entries of a stack that windows can move over.
pub(crate) const ENTRIES_MAX: usize = u16::MAX as usize;

const LO: u64 = 1;
const HI: u64 = 1 << 16;
const TAG: u64 = 1 << 32;

/// What a window was at one moment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct View(u64);

impl View {
    fn new(lo: u32, hi: u32, tag: u32) -> View {
        debug_assert!(lo <= hi && hi as usize <= ENTRIES_MAX);
        View(u64::from(lo) | u64::from(hi) << 16 | u64::from(tag) << 32)
    }

    /// First shared job.
    pub(crate) fn lo(self) -> u32 {
        u32::from(self.0 as u16)
    }

    /// One past the last shared job.
    pub(crate) fn hi(self) -> u32 {
        u32::from((self.0 >> 16) as u16)
    }

    /// How many jobs are shared.
    pub(crate) fn len(self) -> u32 {
        self.hi() - self.lo()
    }

    /// See the users.
    pub(crate) fn tag(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Everybody's.
impl Window {
    pub(crate) fn new() -> Window {
        Window {
            word: AtomicU64::new(0),
        }
    }

    /// What it is now.
    #[inline]
    pub(crate) fn view(&self) -> View {
        View(self.word.load(Relaxed))
    }

    /// Claims the `count` oldest jobs for the caller, and adds `tag` to the tag, if the window still is as `seen`. The
    /// caller may then read entries `seen.lo()..seen.lo() + count`.
    pub(crate) fn claim(&self, seen: View, count: u32, tag: u32) -> bool {
        debug_assert!(count > 0 && count <= seen.len());
        let claimed = seen.0 + u64::from(count) * LO + u64::from(tag) * TAG;
        // Acquire: pairs with the Release of `publish`, so what was pushed is seen. Release: what follows it in the
        // word's history goes on publishing that.
        self.word
            .compare_exchange(seen.0, claimed, AcqRel, Relaxed)
            .is_ok()
    }

    /// Takes `tag` off the tag again.
    pub(crate) fn untag(&self, tag: u32) {
        // Release: pairs with the Acquire of `settled`: the claimed entries have been read.
        self.word.fetch_sub(u64::from(tag) * TAG, Release);
    }
}

/// The owner's.
impl Window {
    /// Shares `count` more jobs, the oldest private ones.
    pub(crate) fn publish(&self, count: u32) {
        // Release: publishes the entries. Acquire is not needed, the owner wrote them.
        self.word.fetch_add(u64::from(count) * HI, Release);
    }

    /// Takes up to `most` of the newest shared jobs back, and says how many.
    pub(crate) fn retract(&self, most: u32) -> u32 {
        let mut seen = self.view();
        loop {
            let count = seen.len().min(most);
            if count == 0 {
                return 0;
            }
            let retracted = seen.0 - u64::from(count) * HI;
            // Relaxed would do for the entries, which are the owner's own. Release keeps the history publishing.
            match self
                .word
                .compare_exchange_weak(seen.0, retracted, AcqRel, Relaxed)
            {
                Ok(_) => return count,
                Err(now) => seen = View(now),
            }
        }
    }

    /// Nothing is shared, and the tag, if it counts readers, says that nobody reads.
    pub(crate) fn is_settled(&self) -> bool {
        // Acquire: pairs with the Release of `untag`.
        let seen = View(self.word.load(Acquire));
        seen.len() == 0 && seen.tag() == 0
    }

    /// Moves an empty window to `at`. By the owner; a thief's exchange expects a window that is not empty, so none can
    /// come in between.
    pub(crate) fn place(&self, at: u32, tag: u32) {
        debug_assert_eq!(self.view().len(), 0, "a window that is moved is empty");
        self.word.store(View::new(at, at, tag).0, Release);
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn thieves_take_the_oldest_and_the_owner_the_newest() {
        let window = Window::new();
        window.place(5, 9);
        window.publish(4);
        let seen = window.view();
        assert_eq!((seen.lo(), seen.hi(), seen.tag()), (5, 9, 9));
        assert!(window.claim(seen, 1, 0));
        assert!(!window.claim(seen, 1, 0), "it has changed since");
        assert_eq!(window.retract(2), 2);
        let seen = window.view();
        assert_eq!((seen.lo(), seen.hi(), seen.tag()), (6, 7, 9));
        assert_eq!(window.retract(2), 1);
        assert_eq!(window.retract(2), 0);
    }

    #[test]
    fn a_window_with_readers_is_not_settled() {
        let window = Window::new();
        assert!(window.is_settled());
        window.publish(3);
        assert!(!window.is_settled());
        assert!(window.claim(window.view(), 3, 1));
        assert!(!window.is_settled());
        window.untag(1);
        assert!(window.is_settled());
        window.place(0, 0);
    }
}
