//! What each worker owns during a step: its scratch and its log of commands.

use crate::commands::{Log, Pendings};
use crate::entity::Entity;
use crate::world::World;
use layerw_memory::{Arena, FrameGuard, MemoryError, Scratch, ScratchSet};
use std::cell::Cell;

/// One worker's own things, padded so that two workers never write the same pair of cache lines.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Own {
    pub(crate) log: Log,
    /// The system's place and the entity at which this worker's last panic began.
    pub(crate) failed: Cell<Option<(u32, Entity)>>,
}

/// The workers' scratch and command logs, one each, so that recording needs no lock.
pub struct Workers {
    scratch: ScratchSet,
    own: Box<[Own]>,
    pendings: Pendings,
}

// SAFETY: an `Own` is only reached through `Workers::own`, whose caller promises to be the one thread that
// runs as that worker, or through `&mut self`; so none is ever used by two threads at once.
unsafe impl Sync for Workers {}

impl Workers {
    /// Scratch for `count` workers, each with `budget_bytes` of the Scene pool at most.
    ///
    /// # Errors
    /// The Scene pool cannot hold the budgets.
    pub fn new(arena: &Arena, count: usize, budget_bytes: u64) -> Result<Self, MemoryError> {
        let scratch = ScratchSet::new(arena, count, budget_bytes)?;
        let own = (0..count).map(|_| Own::default()).collect();
        Ok(Workers {
            scratch,
            own,
            pendings: Pendings::default(),
        })
    }

    /// The scratch of a worker.
    ///
    /// # Safety
    /// The calling thread runs as worker `index`, and no other thread does.
    #[inline]
    pub unsafe fn scratch(&self, index: usize) -> &Scratch {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.scratch.worker(index) }
    }

    /// What else belongs to a worker.
    ///
    /// # Safety
    /// As [`Workers::scratch`].
    #[inline]
    pub(crate) unsafe fn own(&self, index: usize) -> &Own {
        &self.own[index]
    }

    /// The permission to read what any worker lent in this frame.
    pub fn guard(&self) -> FrameGuard<'_> {
        self.scratch.guard()
    }

    /// Applies all commands recorded so far to the world, in order of system, chunk and recording,
    /// whoever recorded them.
    pub fn apply(&mut self, world: &mut World) {
        self.pendings
            .apply(self.own.iter_mut().map(|own| &mut own.log), world);
    }

    /// Recycles all scratch. Commands that were not applied are forgotten with it.
    pub fn vent(&mut self) {
        for own in &mut self.own {
            own.log.clear();
        }
        self.scratch.vent();
    }

    /// The place of the system whose commands were being applied when that panicked; forgets it.
    pub(crate) fn take_applying(&mut self) -> Option<u32> {
        self.pendings.take_applying()
    }

    /// The entity at which the system at `place` panicked, if it is known; forgets all others.
    pub(crate) fn take_failed_row(&mut self, place: u32) -> Option<Entity> {
        let failed = self.own.iter_mut().filter_map(|own| own.failed.take());
        failed
            .filter(|(at, _)| *at == place)
            .map(|(_, entity)| entity)
            .min()
    }
}
