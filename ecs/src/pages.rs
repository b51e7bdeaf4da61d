//! The world's pages: the Logic pool with the address of offset 0, and the history of what they held.
//!
//! Runs are taken and given back here and nowhere else, so that no page leaves the world before its bytes are kept for who still needs them.

use layerw_memory::{Arena, History, MemoryError, Owner, PAGE, PageRun, Pool};
use std::sync::Arc;

/// The pool that the world lives in. Everything inside is found by its offset from the pool's base, which fits in a u32.
#[derive(Clone)]
pub(crate) struct Pages {
    arena: Arena,
    base: *mut u8,
    history: Arc<History>,
}

// SAFETY: the address leads into the arena, which stands beside it; what it leads to is used under the rules of the world.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    pub(crate) fn new(arena: &Arena) -> Self {
        // SAFETY: whatever writes to the world's pages goes through `before_write`: tables in `Table`, columns where their ticks are set or rows
        // are granted, resources where their tick is set, events where they are sent, the root in `World::root_mut`, and runs as they are given
        // back below. Points are made and gone back to with `&mut World`.
        let history = unsafe { History::new(arena) };
        Pages {
            arena: arena.clone(),
            base: arena.logic().base().as_ptr(),
            history: Arc::new(history),
        }
    }

    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }

    pub(crate) fn pool(&self) -> &Pool {
        self.arena.logic()
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// What the pages held in the past.
    pub(crate) fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// The address of an offset.
    #[inline(always)]
    pub(crate) fn at(&self, offset: u32) -> *mut u8 {
        self.base.wrapping_add(offset as usize)
    }

    /// To be called before bytes are written.
    #[inline(always)]
    pub(crate) fn before_write(&self, offset: u32, bytes: usize) {
        self.history.before_write(offset, bytes);
    }

    /// Reserves a run that reads as zero: `wanted` pages where they are free, else `least`.
    pub(crate) fn reserve_at_least(
        &self,
        owner: Owner,
        least: u32,
        wanted: u32,
    ) -> Result<PageRun, MemoryError> {
        let run = self.pool().reserve_at_least(owner, least, wanted)?;
        self.history.fresh(run);
        Ok(run)
    }

    /// Gives a run back, whose next holder will write to it.
    pub(crate) fn release(&self, owner: Owner, run: PageRun) {
        self.before_write(run.first * PAGE as u32, run.bytes() as usize);
        self.pool().release(owner, run);
    }
}
