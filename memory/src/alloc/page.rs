//! What is known of a page: a record outside of it, so that blocks begin at the page's start and records of neighbours share no
//! cache set.
//!
//! Blocks of a page that nobody uses hang in two lists, linked through their first words:
//!
//! - `free`, of the page's **owner**: a plain list, touched by nobody else;
//! - `remote`, of all others who free a block of it: pushed with compare-and-swap and taken whole, so that there is no ABA.
//!
//! Whoever pushes to a `remote` without the mark [`NOTIFIED`] sets that mark in the same exchange, and owes the owner's inbox the page
//! ([`Slot::notify`](super::slot::Slot::notify)). The mark is removed only by who took the page out of an inbox. So a page is in at most one
//! inbox. What hangs in `remote` counts as used, so a page without used blocks is in no inbox and about to be in none: it may be given back.

use std::cell::Cell;
use std::ptr;

use super::slot::Slot;
use crate::sync::process::AtomicU8;
use crate::sync::{AtomicPtr, Ordering};

/// A block that nobody uses.
#[repr(C)]
pub(super) struct Block {
    pub(super) next: *mut Block,
}

/// Bit 0 of `remote`: the page is in an inbox, or on its way into one. Blocks are aligned to 8, so the bit is free.
const NOTIFIED: usize = 1;

/// What a page is used for.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Nothing that this allocator knows of. All bits zero, as tables of pages begin.
    None = 0,
    /// Blocks of one class.
    Blocks = 1,
    /// The first page of a run that was given out as a whole.
    Run = 2,
    /// Slots of caches.
    Slots = 3,
}

/// The record of one page. All bits zero is a page that nobody uses.
#[repr(C)]
pub(crate) struct Page {
    /// The cache that the page belongs to.
    owner: AtomicPtr<Slot>,
    remote: AtomicPtr<Block>,
    /// The next page in an inbox. Written by who owes the page to an inbox, read by who took it out.
    pub(super) next_notified: AtomicPtr<Page>,
    // From here on the owner's alone.
    pub(super) free: Cell<*mut Block>,
    /// Neighbours among the owner's pages of this class that have blocks to give.
    pub(super) before: Cell<*const Page>,
    pub(super) behind: Cell<*const Page>,
    /// Pages of a run.
    pub(super) pages: Cell<usize>,
    /// Blocks that are not in the page: used, or in the owner's cache.
    pub(super) used: Cell<u16>,
    /// Blocks that were ever given out; those behind were never touched.
    pub(super) carved: Cell<u16>,
    pub(super) class: Cell<u8>,
    /// Atomic, for whoever asks about an address that may be anybody's.
    kind: AtomicU8,
}

// SAFETY: the atomics are shared; the cells are touched only by the holder of the slot that `owner` names, or, where that slot is
// vacant or the page nobody's, by whoever holds the machine's lock or was just given the page by its source.
unsafe impl Sync for Page {}
// SAFETY: as above; nothing in here belongs to a thread.
unsafe impl Send for Page {}

impl Page {
    /// A page that nobody uses. For atomics that cannot be made of zeros.
    #[cfg(feature = "loom")]
    pub(super) fn new() -> Page {
        Page {
            owner: AtomicPtr::new(ptr::null_mut()),
            remote: AtomicPtr::new(ptr::null_mut()),
            next_notified: AtomicPtr::new(ptr::null_mut()),
            free: Cell::new(ptr::null_mut()),
            before: Cell::new(ptr::null()),
            behind: Cell::new(ptr::null()),
            pages: Cell::new(0),
            used: Cell::new(0),
            carved: Cell::new(0),
            class: Cell::new(0),
            kind: AtomicU8::new(Kind::None as u8),
        }
    }

    /// What the page is used for.
    pub(super) fn kind(&self) -> Kind {
        // Relaxed: whoever has something in the page was given it after this was written.
        match self.kind.load(Ordering::Relaxed) {
            1 => Kind::Blocks,
            2 => Kind::Run,
            3 => Kind::Slots,
            _ => Kind::None,
        }
    }

    pub(super) fn set_kind(&self, kind: Kind) {
        // Relaxed: see `kind`.
        self.kind.store(kind as u8, Ordering::Relaxed);
    }

    /// Whether the page belongs to this cache. Whoever asks for itself gets a certain answer: nobody takes a page from a cache
    /// that is held.
    #[inline(always)]
    pub(super) fn is_of(&self, slot: &Slot) -> bool {
        // Relaxed: an owner sees its own store; any other value, old or new, is somebody else's.
        ptr::eq(self.owner.load(Ordering::Relaxed), slot)
    }

    /// Whose the page is.
    pub(super) fn owner(&self) -> *const Slot {
        // Acquire: pairs with the store of `set_owner`, so that the slot is seen as it was made.
        self.owner.load(Ordering::Acquire)
    }

    pub(super) fn set_owner(&self, slot: *const Slot) {
        // Release: see `owner`.
        self.owner.store(slot.cast_mut(), Ordering::Release);
    }

    /// Adds a block that somebody else frees. True when the caller now owes the page to its owner's inbox.
    ///
    /// # Safety
    /// The block is one of this page, in use until now, and nobody uses it from now on.
    pub(super) unsafe fn push_remote(&self, block: *mut Block) -> bool {
        // Relaxed: only the value is needed; what hangs behind it is read by who takes the list.
        let mut head = self.remote.load(Ordering::Relaxed);
        loop {
            let next = head.map_addr(|address| address & !NOTIFIED);
            // SAFETY: the block is the caller's to give, and large enough for a link.
            unsafe { block.write(Block { next }) };
            let marked = block.map_addr(|address| address | NOTIFIED);
            // Release: the link above, and all that the caller did with the block, before who takes the list.
            match self.remote.compare_exchange_weak(
                head,
                marked,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return head.addr() & NOTIFIED == 0,
                Err(now) => head = now,
            }
        }
    }

    /// Takes the blocks that others freed, and the mark. Only for who took the page out of an inbox and is, or acts for, its owner.
    pub(super) fn take_remote(&self) -> *mut Block {
        // Acquire: pairs with the exchange of `push_remote`.
        self.remote
            .swap(ptr::null_mut(), Ordering::Acquire)
            .map_addr(|address| address & !NOTIFIED)
    }

    /// Whether no inbox holds the page or is about to.
    pub(super) fn is_quiet(&self) -> bool {
        // Acquire: pairs with the swap of a drainer that acted for an earlier owner, after which it did not touch the page.
        self.remote.load(Ordering::Acquire).is_null()
    }
}
