//! What each worker owns during a step: its scratch and its log of commands.

use crate::commands::{Applying, Log};
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
    taken: Taken,
    /// Runs of systems on chunks, or on all rows, and parts of them, that this worker did.
    runs: Cell<u64>,
}

/// Scratch that systems took from one worker in this step.
#[derive(Default)]
struct Taken {
    /// Bytes by the system's place in written order.
    by_system: Box<[Cell<u64>]>,
    any: Cell<bool>,
    /// Whether a part is being counted; those that it opens itself are within.
    within: Cell<bool>,
}

impl Taken {
    fn add(&self, place: u32, bytes: u64) {
        if let Some(taken) = self.by_system.get(place as usize) {
            taken.set(taken.get() + bytes);
            self.any.set(true);
        }
    }
}

/// The workers' scratch and command logs, one each, so that recording needs no lock.
pub struct Workers {
    scratch: ScratchSet,
    own: Box<[Own]>,
    applying: Applying,
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
            applying: Applying::default(),
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

    /// Runs a system, or a part of it, and counts the scratch that it takes from this worker: a look at the bump pointer before and after.
    ///
    /// # Safety
    /// As [`Workers::scratch`].
    #[inline(always)]
    pub(crate) unsafe fn count(&self, index: usize, place: u32, run: impl FnOnce()) {
        // SAFETY: the caller's promise is passed on.
        let scratch = unsafe { self.scratch(index) };
        let before = scratch.used();
        run();
        let runs = &self.own[index].runs;
        runs.set(runs.get() + 1);
        let bytes = scratch.used() - before;
        if bytes > 0 {
            self.own[index].taken.add(place, bytes);
        }
    }

    /// As [`Workers::count`], for a part of a run that another worker opened. A part may open parts itself, and its worker helps with
    /// them: they are counted once.
    ///
    /// # Safety
    /// As [`Workers::scratch`].
    pub(crate) unsafe fn count_part(&self, index: usize, place: u32, run: impl FnOnce()) {
        let within = &self.own[index].taken.within;
        if within.replace(true) {
            return run();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { self.count(index, place, run) };
        within.set(false);
    }

    /// Makes room for counting what so many systems take.
    pub(crate) fn expect_systems(&mut self, systems: usize) {
        for own in &mut self.own {
            if own.taken.by_system.len() < systems {
                own.taken.by_system = vec![Cell::new(0); systems].into();
            }
        }
    }

    /// Calls `each` with the place of every system that took scratch and the bytes that it took over all workers, in written order, and
    /// forgets them.
    pub(crate) fn take_counts(&mut self, mut each: impl FnMut(usize, u64)) {
        let mut any = false;
        for own in &mut self.own {
            any |= own.taken.any.replace(false);
        }
        if !any {
            return;
        }
        let systems = self.own.iter().map(|own| own.taken.by_system.len()).min();
        for place in 0..systems.unwrap_or(0) {
            let bytes = self.own.iter().map(|own| own.taken.by_system[place].take());
            let bytes: u64 = bytes.sum();
            if bytes > 0 {
                each(place, bytes);
            }
        }
    }

    /// The permission to read what any worker lent in this frame.
    pub fn guard(&self) -> FrameGuard<'_> {
        self.scratch.guard()
    }

    /// How many runs of systems, on a chunk or whole, and parts of such runs each worker has done.
    pub fn runs(&mut self) -> impl Iterator<Item = u64> {
        self.own.iter_mut().map(|own| *own.runs.get_mut())
    }

    /// Applies all commands recorded so far to the world, in order of system, chunk and recording,
    /// whoever recorded them.
    pub fn apply(&mut self, world: &mut World) {
        let scratch = self.scratch.worker_exclusive(0);
        let logs = self.own.iter().map(|own| &own.log);
        self.applying.apply(logs, world, scratch);
    }

    /// Recycles all scratch. Commands that were not applied are forgotten with it.
    pub fn vent(&mut self) {
        for own in &mut self.own {
            own.log.clear();
            // A part that panicked left it set.
            own.taken.within.set(false);
        }
        self.scratch.vent();
    }

    /// Gives scratch that is not in use back to the pool; see [`ScratchSet::trim`].
    pub fn trim(&mut self) {
        self.scratch.trim();
    }

    /// The place of the system whose commands were being applied when that panicked; forgets it.
    pub(crate) fn take_applying(&mut self) -> Option<u32> {
        self.applying.take_applying()
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
