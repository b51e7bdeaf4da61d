//! One place on the board: what is open, who may help, and who waits for the helpers.

use crossbeam_utils::CachePadded;

use super::Seats;
use crate::caught::Caught;
use crate::local::Local;
use crate::ranges::Ranges;
use crate::scope::Windows;
use crate::sync::{AtomicU32, Relaxed, UnsafeCell};

/// What a helper calls: the work's address, itself, and where it is posted.
///
/// It must not unwind: panics go to [`Slot::caught`].
pub(crate) type Help = unsafe fn(*const (), &Local, &Slot);

/// Open work: a function, and the data it needs, which lies on the stack of the slot's owner.
#[derive(Copy, Clone)]
pub(crate) struct Work {
    pub(crate) help: Help,
    pub(crate) data: *const (),
}

/// See the module's head.
pub(crate) struct Slot {
    pub(crate) seats: CachePadded<Seats>,
    work: UnsafeCell<Work>,
    /// Where on the board.
    pub(crate) index: u32,
    /// Index of the worker that opened it. Kept while it is open or drains.
    owner: AtomicU32,
    /// The slot inside of which it was opened, [`NOWHERE`] or [`IN_A_JOIN`] if none. Kept like the owner.
    parent: AtomicU32,
    /// How many more workers should be woken for it.
    pub(crate) calls: AtomicU32,
    /// A panic of a helper or of the owner.
    pub(crate) caught: Caught,
    /// For loops: the shares of the workers.
    pub(crate) ranges: Ranges,
    /// For scopes: what each worker shares.
    pub(crate) windows: Windows,
}

/// No slot.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// No slot either, but a join: what it waits for is not everything that there is.
pub(crate) const IN_A_JOIN: u32 = u32::MAX - 1;

// SAFETY: `work` holds a raw pointer. It is written by the owner while nobody is inside, and read by helpers while they
// are inside (`Seats` orders the two); that what it points to may be shared is the promise of `Slot::open`.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

impl Slot {
    pub(crate) fn new(index: u32, workers: usize) -> Slot {
        let nothing = Work {
            help: |_, _, _| (),
            data: std::ptr::null(),
        };
        Slot {
            seats: CachePadded::new(Seats::new()),
            work: UnsafeCell::new(nothing),
            index,
            owner: AtomicU32::new(0),
            parent: AtomicU32::new(NOWHERE),
            calls: AtomicU32::new(0),
            caught: Caught::new(),
            ranges: Ranges::new(workers),
            windows: Windows::new(workers),
        }
    }

    /// Sets who owns the slot and inside of which other one it is. By the worker that has claimed it.
    pub(crate) fn occupy(&self, owner: u32, parent: u32) {
        self.owner.store(owner, Relaxed);
        self.parent.store(parent, Relaxed);
        self.calls.store(0, Relaxed);
    }

    /// Opens the slot for `seats` helpers.
    ///
    /// # Safety
    ///
    /// The caller has claimed and occupied the slot and it is shut. `work.data` may be given to `work.help` on any
    /// thread, any number of times, until the caller has shut the slot and seen nobody inside.
    pub(crate) unsafe fn open(&self, work: Work, seats: usize) {
        // SAFETY: helpers read `work` only between an `enter` that succeeded and `leave`. The slot is shut, so none is
        // there, and none can come before `Seats::open` below publishes the write.
        self.work.with_mut(|old| unsafe { *old = work });
        self.seats.open(seats);
    }

    /// Helps with what is open.
    ///
    /// # Safety
    ///
    /// The caller has entered through `seats` and not left.
    pub(crate) unsafe fn help(&self, here: &Local) {
        // SAFETY: the caller is inside, so the owner does not write.
        let work = self.work.with(|work| unsafe { *work });
        // SAFETY: the promise of `open`: the data is valid until nobody is inside any more, and the caller is.
        unsafe { (work.help)(work.data, here, self) }
    }

    /// Index of the worker that opened it.
    pub(crate) fn owner(&self) -> usize {
        self.owner.load(Relaxed) as usize
    }

    /// The slot inside of which it was opened.
    pub(crate) fn parent(&self) -> u32 {
        self.parent.load(Relaxed)
    }
}
