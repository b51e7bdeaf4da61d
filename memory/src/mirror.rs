//! Pages of the arena at a second address, each with a right of its own: what a sandboxed script sees of the world.
//!
//! ```text
//! byte   0           own memory          window                         window + pool         bytes
//!        |<-- opened on demand -->| no |  run 7, read only | no | run 9 | no access | no access |
//!                                          same pages as in the arena
//! ```
//!
//! A mirror is one reservation of address space. Nothing in it can be touched at first. Its front can be [opened](Mirror::open) as
//! memory of its own; runs of one pool can be [shown](Mirror::show) at `window` plus their offset in the pool, readable or writable, and
//! [hidden](Mirror::hide) again. An offset so becomes an address by one addition, the same in every mirror.
//!
//! The rights are the memory unit's: a write to what is shown for reading faults, whoever does it. What faults mean is for those to say who
//! let somebody else's code loose in a mirror. Mapping costs microseconds a run, so that mirrors are kept, and changed only when runs come and go.

use crate::map::Second;
use crate::{Arena, MemoryError, PAGE, PageRun, Tier};
use std::io;
use std::ptr::NonNull;

/// A second view of a pool's pages. Dropping it unmaps them here; the arena keeps its own.
#[derive(Debug)]
pub struct Mirror {
    arena: Arena,
    tier: Tier,
    second: Second,
    bytes: usize,
    window: usize,
}

impl Mirror {
    /// Reserves `bytes` of address space of which the pool's pages may be shown from byte `window` on; both are multiples of a page. `None` where the arena's
    /// pages cannot be mapped twice: plain pages, hosts other than Linux.
    ///
    /// # Errors
    /// [`MemoryError::Map`] where the host has no room.
    ///
    /// # Panics
    /// `bytes` or `window` is no multiple of [`PAGE`], or the window lies outside.
    pub fn new(
        arena: &Arena,
        tier: Tier,
        bytes: usize,
        window: usize,
    ) -> Result<Option<Mirror>, MemoryError> {
        assert!(
            bytes.is_multiple_of(PAGE) && window.is_multiple_of(PAGE) && window <= bytes,
            "a mirror of {bytes} bytes with its window at {window}"
        );
        let second = Second::reserve(arena.mapping(), tier as usize, bytes, window);
        let second = second.map_err(|source| MemoryError::map(bytes as u64, source))?;
        Ok(second.map(|second| Mirror {
            arena: arena.clone(),
            tier,
            second,
            bytes,
            window,
        }))
    }

    /// The arena whose pages it shows.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// The address of byte 0; it stays. Touching what is neither opened nor shown faults.
    pub fn base(&self) -> NonNull<u8> {
        self.second.base()
    }

    /// Bytes of the reservation.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes bytes in front of the window readable and writable memory of the mirror's own; bytes never opened before read as zero.
    ///
    /// # Errors
    /// [`MemoryError::Map`] where the host has no room.
    ///
    /// # Panics
    /// The range is not made of whole pages in front of the window.
    pub fn open(&self, at: usize, bytes: usize) -> Result<(), MemoryError> {
        let end = at.checked_add(bytes);
        assert!(
            end.is_some_and(|end| end <= self.window)
                && at.is_multiple_of(PAGE)
                && bytes.is_multiple_of(PAGE),
            "bytes {at}+{bytes} in front of a window at {}",
            self.window
        );
        if bytes == 0 {
            return Ok(());
        }
        let opened = self.second.open(at, bytes);
        opened.map_err(|source| MemoryError::map(bytes as u64, source))
    }

    /// Shows a run of the pool at the window plus its offset, in place of what was shown there.
    ///
    /// # Errors
    /// [`MemoryError::Mirror`] where the run does not fit behind the window, or the host refuses.
    ///
    /// # Panics
    /// The pool has no such run.
    pub fn show(&self, run: PageRun, writable: bool) -> Result<(), MemoryError> {
        let pool = self.arena.pool(self.tier);
        assert!(
            run.offset() + run.bytes() <= pool.bytes(),
            "{run:?} of a pool of {} bytes",
            pool.bytes()
        );
        let refused = |source| self.refused(run, source);
        let (at, bytes) = self.place(run).map_err(refused)?;
        let offset = run.offset() as usize;
        let mapping = self.arena.mapping();
        self.second
            .show(mapping, self.tier as usize, offset, at, bytes, writable)
            .map_err(refused)
    }

    /// Makes the place of a run inaccessible.
    ///
    /// # Errors
    /// [`MemoryError::Mirror`]; what is shown there may then still be.
    pub fn hide(&self, run: PageRun) -> Result<(), MemoryError> {
        let refused = |source| self.refused(run, source);
        let (at, bytes) = self.place(run).map_err(refused)?;
        self.second.hide(at, bytes).map_err(refused)
    }

    /// Where a run is shown.
    fn place(&self, run: PageRun) -> io::Result<(usize, usize)> {
        let at = self.window as u64 + run.offset();
        if run.pages == 0 || at + run.bytes() > self.bytes as u64 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok((at as usize, run.bytes() as usize))
    }

    #[cold]
    fn refused(&self, run: PageRun, source: io::Error) -> MemoryError {
        MemoryError::Mirror {
            pool: self.tier.name(),
            offset: run.offset(),
            bytes: run.bytes(),
            room: (self.bytes - self.window) as u64,
            source,
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::{Backing, MemoryConfig};

    const WINDOW: usize = 16 << 20;
    const BYTES: usize = 256 << 20;

    fn arena(backing: Backing) -> Arena {
        let mut config = MemoryConfig::with_total(64 << 20);
        config.backing = backing;
        Arena::new(&config).expect("a small arena")
    }

    #[test]
    fn plain_pages_have_one_address_only() {
        let mirror = Mirror::new(&arena(Backing::Plain), Tier::Logic, BYTES, WINDOW);
        assert!(mirror.expect("nothing to reserve").is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "maps a file")]
    fn a_run_is_seen_at_both_addresses_until_it_is_hidden() {
        let arena = arena(Backing::Best);
        let Some(mirror) = Mirror::new(&arena, Tier::Logic, BYTES, WINDOW).expect("address space")
        else {
            return;
        };
        let logic = arena.logic();
        let owner = logic.owner("columns", 1 << 20).expect("room");
        let _before = logic.reserve(owner, 3).expect("room");
        let run = logic.reserve(owner, 2).expect("room");
        let first = logic.base().as_ptr().wrapping_add(run.offset() as usize);
        let second = mirror
            .base()
            .as_ptr()
            .wrapping_add(WINDOW + run.offset() as usize);
        mirror.show(run, true).expect("a mapping");
        // SAFETY: the run is ours and shown for writing, so both addresses lead to its pages.
        unsafe {
            first.add(5).write_volatile(7);
            assert_eq!(second.add(5).read_volatile(), 7);
            second.add(2 * PAGE - 1).write_volatile(9);
            assert_eq!(first.add(2 * PAGE - 1).read_volatile(), 9);
        }
        mirror.hide(run).expect("a mapping");
        mirror.show(run, false).expect("a mapping");
        // SAFETY: as above, for reading.
        assert_eq!(unsafe { second.add(5).read_volatile() }, 7);
        mirror.open(PAGE, PAGE).expect("memory");
        // SAFETY: the page was opened just now.
        unsafe {
            assert_eq!(mirror.base().add(PAGE).read_volatile(), 0);
            mirror.base().add(2 * PAGE - 1).write_volatile(1);
        }
        assert_eq!(
            mirror.base().as_ptr().addr() % (2 << 20),
            0,
            "huge pages fit both"
        );
    }

    #[test]
    #[cfg_attr(miri, ignore = "maps a file")]
    fn what_does_not_fit_behind_the_window_is_refused() {
        let arena = arena(Backing::Best);
        let Some(mirror) = Mirror::new(&arena, Tier::Logic, 2 * PAGE, PAGE).expect("address space")
        else {
            return;
        };
        mirror
            .show(PageRun { first: 0, pages: 1 }, false)
            .expect("fits");
        let refused = mirror
            .show(PageRun { first: 1, pages: 1 }, false)
            .expect_err("does not fit");
        assert!(refused.to_string().contains("pool logic"), "{refused}");
    }
}
