//! One lane: the state by which a thread publishes its events and a finish reads them.
//!
//! ```text
//! state, u64:   bits 63..32 epoch of the events   bits 31..0 number of events
//! ```
//!
//! Epoch and length share a word so that a reader never sees the length of one recording with the epoch of another.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::Event;
use super::buffers::Cell;
use crate::active;
use crate::label::Label;

/// The state of one thread's buffer. Aligned so that no two threads write to one cache line, nor to the pair of lines
/// that x86 fetches together.
#[repr(align(128))]
pub(super) struct Lane {
    state: AtomicU64,
    /// Events of the same epoch that found no room.
    dropped: AtomicU64,
    /// The bits of the owner's name, or [`UNNAMED`].
    name: AtomicU32,
    owned: AtomicBool,
}

/// No label has these bits: a table of labels ends before.
pub(super) const UNNAMED: u32 = u32::MAX;

impl Lane {
    pub(super) const fn new() -> Lane {
        Lane {
            state: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            name: AtomicU32::new(UNNAMED),
            owned: AtomicBool::new(false),
        }
    }

    /// Takes the lane for the calling thread, unless it has an owner or holds events of `epoch` or a later one.
    ///
    /// `epoch` is what the thread found active. Where it is over by now, the lane might hold events of the next
    /// recording, left by an owner that has exited, and writing would destroy them; so the epoch is read again as owner.
    /// If it is still the same, the lane holds nothing newer: an owner that wrote for a newer epoch had seen it, released
    /// the lane after that, and we, who acquired the lane, would see it too.
    pub(super) fn claim(&self, epoch: u32, name: u32) -> bool {
        // Acquire: pairs with the release in `release`; all writes of the owner before are done. The first load only
        // spares a write to lanes that are taken.
        if self.owned.load(Ordering::Relaxed) || self.owned.swap(true, Ordering::Acquire) {
            return false;
        }
        // Relaxed: as the owner we see the last owner's stores, and nobody else stores.
        let holds = split(self.state.load(Ordering::Relaxed)).0;
        if holds == epoch || active::recording_epoch() != epoch {
            self.release();
            return false;
        }
        self.name.store(name, Ordering::Relaxed);
        true
    }

    /// Gives the lane back; the owner writes nothing more to it.
    pub(super) fn release(&self) {
        // Release: pairs with the acquire in `claim`.
        self.owned.store(false, Ordering::Release);
    }

    /// Renames the owner. Relaxed: a name is shown, nothing depends on it.
    pub(super) fn rename(&self, name: u32) {
        self.name.store(name, Ordering::Relaxed);
    }

    /// Appends `event` to the events of `epoch`, or counts it as dropped.
    ///
    /// # Safety
    ///
    /// The calling thread owns the lane, `cells` is this lane's part of some buffers that were never freed, and `epoch`
    /// was loaded with acquire from the active word by this thread, never going back.
    #[inline]
    pub(super) unsafe fn push(&self, cells: &[Cell], epoch: u32, event: Event) {
        // Relaxed: only this thread stores the state and the count.
        let (lane_epoch, mut len) = split(self.state.load(Ordering::Relaxed));
        if lane_epoch != epoch {
            // The first event of a new recording. The finish of the one before is done reading, since the epoch that we
            // acquired was released after it, so index 0 is ours again.
            self.dropped.store(0, Ordering::Relaxed);
            len = 0;
        }
        let Some(cell) = cells.get(len as usize) else {
            // Never the first event of an epoch, as a part is never empty: the state names the epoch already.
            let dropped = self.dropped.load(Ordering::Relaxed);
            self.dropped.store(dropped + 1, Ordering::Relaxed);
            return;
        };
        // SAFETY: this thread alone writes to the lane, and readers read only below the length that is published, which
        // this index is not: within an epoch lengths only grow, and between epochs see above.
        unsafe { (*cell.get()).write(event) };
        // Release: pairs with the acquire in `read`; publishes the event, and the reset of the count.
        self.state.store(join(epoch, len + 1), Ordering::Release);
    }

    /// The events of `epoch`, their count of dropped ones and the owner's name; None if the lane holds none.
    ///
    /// # Safety
    ///
    /// `cells` is this lane's part of the buffers of `epoch`, and no later epoch starts while the result is in use.
    pub(super) unsafe fn read<'b>(
        &self,
        cells: &'b [Cell],
        epoch: u32,
    ) -> Option<Contents<impl Iterator<Item = Event> + use<'b>>> {
        // Acquire: pairs with the release in `push`; the events below the length are written.
        let (lane_epoch, len) = split(self.state.load(Ordering::Acquire));
        if lane_epoch != epoch {
            return None;
        }
        // SAFETY: each cell below `len` was written before the state was published and is not written again until a
        // later epoch, which the caller excludes.
        let events = cells[..len as usize]
            .iter()
            .map(|cell| unsafe { (*cell.get()).assume_init() });
        Some(Contents {
            events,
            dropped: self.dropped.load(Ordering::Relaxed),
            name: self.name.load(Ordering::Relaxed),
        })
    }
}

/// What a lane holds.
pub(super) struct Contents<I> {
    pub(super) events: I,
    pub(super) dropped: u64,
    name: u32,
}

impl<I> Contents<I> {
    /// The owner's name, if it has one.
    pub(super) fn name(&self) -> Option<Label> {
        (self.name != UNNAMED).then(|| Label::from_bits(self.name))
    }
}

fn join(epoch: u32, len: u32) -> u64 {
    u64::from(epoch) << 32 | u64::from(len)
}

fn split(state: u64) -> (u32, u32) {
    ((state >> 32) as u32, state as u32)
}
