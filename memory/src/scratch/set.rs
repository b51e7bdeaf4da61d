//! The scratches of all workers, vented together: what one worker lends, all can read.

use super::{FrameGuard, Scratch};
use crate::sync::stamp;
use crate::{Arena, MemoryError};

/// One scratch per worker, in the same frame always.
///
/// Workers reach their own scratch through `&ScratchSet`, which is why [`worker`](Self::worker) is unsafe; readers of lent slices
/// need nothing but the [guard](Self::guard).
#[derive(Debug)]
pub struct ScratchSet {
    workers: Box<[Scratch]>,
    frame: u32,
    stamp: u64,
}

// SAFETY: `&ScratchSet` gives out a `&Scratch` only through `worker`, whose caller promises to be alone with it, and `guard`, which is
// plain data. So no scratch is used by two threads at once, and moving the set moves `Send` scratches.
unsafe impl Sync for ScratchSet {}

impl ScratchSet {
    /// Scratch for `workers` workers, each with at most `budget_bytes` of the Scene pool. Budgets may overlap: one worker may need
    /// what the others leave.
    ///
    /// # Errors
    /// Those of [`Scratch::new`].
    pub fn new(
        arena: &Arena,
        workers: usize,
        budget_bytes: u64,
    ) -> Result<ScratchSet, MemoryError> {
        let (frame, stamp) = (0, stamp());
        let make = |index| {
            let mut scratch = Scratch::new(arena, index, budget_bytes)?;
            scratch.stamp = stamp;
            Ok(scratch)
        };
        let workers = (0..workers).map(make).collect::<Result<_, MemoryError>>()?;
        Ok(ScratchSet {
            workers,
            frame,
            stamp,
        })
    }

    /// Number of workers.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// The scratch of one worker.
    ///
    /// # Safety
    /// While the reference (or anything that borrows from it and is not `Send`) is used, no other thread uses the scratch of this
    /// worker: the caller's thread runs as this worker, and no other does.
    ///
    /// # Panics
    /// When there is no such worker.
    #[inline]
    pub unsafe fn worker(&self, index: usize) -> &Scratch {
        &self.workers[index]
    }

    /// The scratch of one worker, through exclusive access to all.
    ///
    /// # Panics
    /// When there is no such worker.
    #[inline]
    pub fn worker_exclusive(&mut self, index: usize) -> &Scratch {
        &self.workers[index]
    }

    /// The permission to read what any worker lent in this frame. While it is used nothing can be vented.
    #[inline]
    pub fn guard(&self) -> FrameGuard<'_> {
        // SAFETY: the guard borrows the set, and all its scratches carry this stamp and are vented through `&mut self` only.
        unsafe { FrameGuard::new(self.frame, self.stamp) }
    }

    /// Number of the frame; goes from `u32::MAX` to 0.
    pub fn frame(&self) -> u32 {
        self.frame
    }

    /// Ends the frame of all workers; see [`Scratch::vent`].
    pub fn vent(&mut self) {
        self.vent_to(self.frame.wrapping_add(1));
    }

    /// As [`vent`](Self::vent), with the number of the frame that begins.
    pub fn vent_to(&mut self, frame: u32) {
        (self.frame, self.stamp) = (frame, stamp());
        for scratch in &mut self.workers {
            scratch.vent_as(frame, self.stamp);
        }
    }

    /// Gives blocks that this frame has not used back to the pool: right after venting, all but one a worker.
    pub fn trim(&mut self) {
        for scratch in &mut self.workers {
            scratch.trim();
        }
    }

    /// Bytes used in this frame, over all workers.
    pub fn used(&mut self) -> u64 {
        self.workers.iter().map(|scratch| scratch.used()).sum()
    }

    /// Sum over the workers of the most bytes that a frame used.
    pub fn peak(&mut self) -> u64 {
        self.workers.iter().map(|scratch| scratch.peak()).sum()
    }
}
