//! Pages of an owner of a pool: what is given out counts against that owner's budget.

use std::ptr::NonNull;

use super::page::{Kind, Page};
use super::records::Records;
use super::source::Source;
use crate::{Arena, MemoryError, Owner, PAGE, PageRun, Pool, Tier};

/// An owner's pages.
pub(super) struct PoolPages {
    /// Keeps the pool.
    arena: Arena,
    tier: Tier,
    owner: Owner,
    /// The pool's. Here as well, because every call asks for it, and the pool is written by whoever reserves.
    base: NonNull<u8>,
    /// Of all pages of the pool: the host commits what is touched.
    table: Records,
}

impl PoolPages {
    /// Registers an owner and takes its pages from now on.
    pub(super) fn new(
        arena: &Arena,
        tier: Tier,
        name: &str,
        budget_bytes: u64,
    ) -> Result<PoolPages, MemoryError> {
        if tier == Tier::Logic {
            return Err(MemoryError::HeapInLogic { owner: name.into() });
        }
        let pool = arena.pool(tier);
        let owner = pool.owner(name, budget_bytes)?;
        Ok(PoolPages {
            arena: arena.clone(),
            tier,
            owner,
            base: pool.base(),
            table: Records::new(pool.pages() as usize),
        })
    }

    pub(super) fn pool(&self) -> &Pool {
        self.arena.pool(self.tier)
    }

    pub(super) fn owner(&self) -> Owner {
        self.owner
    }

    /// The record of the page that an address lies in, if that is one of the pool.
    pub(super) fn find(&self, place: *const u8) -> Option<&Page> {
        let offset = place.addr().checked_sub(self.base().addr())?;
        self.table.get(offset / PAGE)
    }

    fn run(&self, start: NonNull<u8>, pages: usize) -> PageRun {
        let first = (start.addr().get() - self.base().addr()) / PAGE;
        PageRun {
            first: first as u32,
            pages: pages as u32,
        }
    }
}

// SAFETY: the base is an address, used by whoever was given pages; everything else is Send and Sync by itself.
unsafe impl Send for PoolPages {}
// SAFETY: as above.
unsafe impl Sync for PoolPages {}

// SAFETY: the pool gives pages to one owner at a time, and ours is private; the base of a pool does not move, and the table has a
// record for each of its pages, as long as this lives.
unsafe impl Source for PoolPages {
    type Refused = MemoryError;

    #[inline(always)]
    fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    #[inline(always)]
    fn table(&self) -> *const Page {
        self.table.as_ptr()
    }

    fn reserve(
        &self,
        pages: usize,
        align: usize,
        zeroed: bool,
    ) -> Result<NonNull<u8>, MemoryError> {
        let pool = self.pool();
        if align > 1 {
            return Err(MemoryError::Alignment {
                owner: pool.holding(self.owner).owner,
                asked: align as u64 * PAGE as u64,
                max: PAGE as u64,
            });
        }
        // More pages than u32 counts are more than any pool has.
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let run = if zeroed {
            pool.reserve(self.owner, pages)?
        } else {
            pool.reserve_unzeroed(self.owner, pages)?
        };
        Ok(pool.address(run))
    }

    unsafe fn release(&self, start: NonNull<u8>, pages: usize) {
        self.pool().release(self.owner, self.run(start, pages));
    }
}

impl Drop for PoolPages {
    fn drop(&mut self) {
        let pages = self.table.iter().enumerate();
        for (first, page) in pages.filter(|(_, page)| page.kind() != Kind::None) {
            let length = match page.kind() {
                Kind::Run => page.pages.get() as u32,
                _ => 1,
            };
            let run = PageRun {
                first: first as u32,
                pages: length,
            };
            self.pool().release(self.owner, run);
        }
        self.pool().retire(self.owner);
    }
}
