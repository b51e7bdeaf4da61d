//! What holders of pages do with protection: close, grant, revoke, open. All of it does nothing where the arena is not protected.

use super::fault::Kind;
use super::{Describe, Protection, Shield};
use crate::map::Access;
use crate::{MemoryError, PageRun, Pool};

impl Pool {
    /// How the pool is protected.
    #[inline]
    pub fn protection(&self) -> Protection {
        self.shield().map_or(Protection::Off, Shield::mode)
    }

    /// Takes everyone's right to write to these pages away until they are [opened](Self::open), but for those with a
    /// [grant](Self::grant). Pages that are closed stay as they are, with their grants.
    ///
    /// # Safety
    /// The caller holds the pages, and nobody writes to them during the call; who writes to them later without a grant means to be caught.
    ///
    /// # Panics
    /// The pages are not all within the pool, or the host cannot set their rights.
    pub unsafe fn close(&self, run: PageRun) {
        if let Some(shield) = self.shield() {
            // SAFETY: the caller's promise.
            unsafe { shield.close(run) };
        }
    }

    /// Gives everyone the right to write to closed pages again, and ends all grants.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] where checksums show that somebody wrote without a grant; the pages are open all the same.
    ///
    /// # Safety
    /// The caller holds the pages, and nobody writes to them during the call.
    ///
    /// # Panics
    /// As [`close`](Self::close).
    pub unsafe fn open(&self, run: PageRun) -> Result<(), MemoryError> {
        match self.shield() {
            // SAFETY: the caller's promise.
            Some(shield) => unsafe { shield.open(run) },
            None => Ok(()),
        }
    }

    /// Gives the right to write to closed pages until it is [revoked](Self::revoke). Grants are counted by page, so several may hold one.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] where checksums show that somebody wrote without a grant; the grant is given all the same.
    ///
    /// # Safety
    /// The caller holds the pages, and during the call nobody writes to them without a grant.
    ///
    /// # Panics
    /// As [`close`](Self::close).
    pub unsafe fn grant(&self, run: PageRun) -> Result<(), MemoryError> {
        match self.shield() {
            // SAFETY: the caller's promise.
            Some(shield) => unsafe { shield.grant(run) },
            None => Ok(()),
        }
    }

    /// Ends a grant of exactly these pages.
    ///
    /// # Safety
    /// As [`grant`](Self::grant).
    ///
    /// # Panics
    /// As [`close`](Self::close).
    pub unsafe fn revoke(&self, run: PageRun) {
        if let Some(shield) = self.shield() {
            // SAFETY: the caller's promise.
            unsafe { shield.revoke(run) };
        }
    }

    /// Names somebody who knows what lies where in the pool, for the sentence about a fault. The first to be named stays.
    ///
    /// # Safety
    /// The function keeps to what [`Describe`] says, for this pool.
    pub unsafe fn set_describe(&self, describe: Describe) {
        if let Some(shield) = self.shield() {
            shield.set_describe(describe);
        }
    }

    /// Pages that protection adds before and behind what is handed out: 1 where it is on.
    pub(crate) fn edge_pages(&self) -> u32 {
        u32::from(self.shield().is_some())
    }

    /// Makes the first and last page of a run edges, and returns what is between them. All of it without protection.
    pub(crate) fn set_edges(&self, run: PageRun, edge: u32) -> PageRun {
        let (first, pages) = (run.first, edge);
        if let (Some(shield), 1..) = (self.shield(), edge) {
            shield.edge(PageRun { first, pages });
            let first = run.first + run.pages - edge;
            shield.edge(PageRun { first, pages });
        }
        PageRun {
            first: run.first + edge,
            pages: run.pages - 2 * edge,
        }
    }

    /// Nobody may touch these pages until they are [lent](Self::lend_out) again.
    pub(crate) fn take_in(&self, run: PageRun) {
        if let Some(shield) = self.shield() {
            shield.set(run, Access::None, Kind::Vented);
        }
    }

    /// Whoever holds these pages may use them.
    pub(crate) fn lend_out(&self, run: PageRun) {
        if let Some(shield) = self.shield() {
            shield.set(run, Access::Write, Kind::Open);
        }
    }

    /// These pages are read only from now on.
    pub(crate) fn seal(&self, run: PageRun) {
        if let Some(shield) = self.shield() {
            shield.set(run, Access::Read, Kind::Sealed);
        }
    }

    /// Whether what is vented is to be filled with [`POISON`](crate::POISON): in debug builds, and where protection is on.
    pub(crate) fn poisons(&self) -> bool {
        cfg!(debug_assertions) || self.shield().is_some()
    }
}
