//! The place of one worker's cache: magazines of blocks in front, the pages that the cache owns behind, and the inbox where others say
//! that they freed something of them.
//!
//! ```text
//!   alloc ◄── loaded ◄── all free blocks of one page, taken as they are ◄── pages with room, in turn
//!   free  ──► loaded, for a block of that page; else the list of its own page
//! ```
//!
//! So blocks that are allocated one after the other lie in one page, even in a heap that has been stirred for long, and what was freed last is
//! used first only within that page. A magazine that takes whatever is freed (Bonwick) has more hits and fewer lines of code; on recorded programs it
//! took almost twice as long (M3), because after a while its blocks come from everywhere. And a block only ever goes into the magazine of the cache that
//! owns its page: what a worker frees of another's goes back to that one, and no two workers write into one page's blocks by turns.
//!
//! A slot is held by one thread, or is vacant; a vacant one belongs to whoever holds the machine's lock. Slots live as long as
//! the machine, so that a worker that was slow to notify finds the inbox that it read the name of.

use std::cell::Cell;
use std::ptr;

use super::classes::CLASSES;
use super::page::{Block, Page};
use crate::sync::process::AtomicU64;
use crate::sync::{AtomicPtr, Ordering};

/// Blocks of one class that are at hand.
#[repr(C)]
pub(super) struct Magazine {
    loaded: Cell<*mut Block>,
    /// Low half: blocks loaded. High half: blocks taken since the slot last counted. One word, so that taking one is one addition. Atomic for
    /// whoever reads the statistics meanwhile; only the holder writes, so plain loads and stores do.
    state: AtomicU64,
    /// The page that they were taken from. Only compared: it may be somebody else's by now.
    page: Cell<*const Page>,
}

/// Pages of one class with blocks to give. The first is used first; who gets room again goes last, so that more of it is free when its turn comes.
struct Queue {
    first: Cell<*const Page>,
    last: Cell<*const Page>,
}

impl Queue {
    const fn new() -> Queue {
        Queue {
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
        }
    }
}

/// Where a cache lives: on pairs of cache lines of its own (x86 prefetches them together), because slots stand one after the other.
#[repr(C, align(128))]
pub(crate) struct Slot {
    magazines: [Magazine; CLASSES],
    /// Pages that have blocks to give, per class.
    available: [Queue; CLASSES],
    /// Pages with `remote` blocks, see [`Page`].
    inbox: AtomicPtr<Page>,
    /// The next slot of the machine; set once, when the slot is made.
    pub(super) next: Cell<*const Slot>,
    /// The next vacant slot. Under the machine's lock.
    pub(super) next_vacant: Cell<*const Slot>,
    hits: AtomicU64,
    misses: AtomicU64,
    remote_frees: AtomicU64,
}

// SAFETY: the inbox and the counters are atomics; the cells are touched by the holder alone, or under the machine's lock.
unsafe impl Sync for Slot {}
// SAFETY: as above; a slot may be handed from thread to thread.
unsafe impl Send for Slot {}

/// The one body of [`Slot::new`], which is constant wherever atomics are.
macro_rules! slot {
    () => {{
        Slot {
            magazines: [const { Magazine::new() }; CLASSES],
            available: [const { Queue::new() }; CLASSES],
            inbox: AtomicPtr::new(ptr::null_mut()),
            next: Cell::new(ptr::null()),
            next_vacant: Cell::new(ptr::null()),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            remote_frees: AtomicU64::new(0),
        }
    }};
}

/// A taken block in a magazine's state.
const TAKEN: u64 = 1 << 32;

/// Adds to a counter that only the caller writes.
fn add(counter: &AtomicU64, number: u64) {
    // Relaxed: statistics order nothing; with one writer nothing is lost between load and store.
    counter.store(counter.load(Ordering::Relaxed) + number, Ordering::Relaxed);
}

impl Magazine {
    const fn new() -> Magazine {
        Magazine {
            loaded: Cell::new(ptr::null_mut()),
            state: AtomicU64::new(0),
            page: Cell::new(ptr::null()),
        }
    }

    /// Takes a loaded block, if there is one.
    ///
    /// # Safety
    /// The caller holds the slot.
    #[inline(always)]
    pub(super) unsafe fn pop(&self) -> *mut Block {
        let block = self.loaded.get();
        if !block.is_null() {
            // SAFETY: loaded blocks are used by nobody else and hold a link.
            self.loaded.set(unsafe { (*block).next });
            // Relaxed: see `state`. One block less and one taken more; there is at least one, so nothing is borrowed.
            let state = self.state.load(Ordering::Relaxed);
            self.state
                .store(state.wrapping_add(TAKEN - 1), Ordering::Relaxed);
        }
        block
    }

    /// Whether blocks of this page are put here.
    #[inline(always)]
    pub(super) fn is_from(&self, page: &Page) -> bool {
        ptr::eq(self.page.get(), page)
    }

    /// Puts a block on top.
    ///
    /// # Safety
    /// The caller holds the slot; nobody uses the block, which is of this class and of a page of this slot.
    #[inline(always)]
    pub(super) unsafe fn push(&self, block: *mut Block) {
        let next = self.loaded.get();
        // SAFETY: the block is the caller's to give, and large enough for a link.
        unsafe { block.write(Block { next }) };
        self.loaded.set(block);
        // Relaxed: see `state`.
        let state = self.state.load(Ordering::Relaxed);
        self.state.store(state.wrapping_add(1), Ordering::Relaxed);
    }

    /// Loads blocks that a page gave. Only where nothing is loaded.
    pub(super) fn load(&self, page: &Page, blocks: *mut Block, count: u32) {
        debug_assert!(self.loaded.get().is_null());
        self.page.set(page);
        self.loaded.set(blocks);
        add(&self.state, count as u64);
    }

    /// Takes everything out.
    pub(super) fn unload(&self) -> *mut Block {
        // Relaxed: see `state`.
        let state = self.state.load(Ordering::Relaxed);
        self.state.store(state & !(TAKEN - 1), Ordering::Relaxed);
        self.page.set(ptr::null());
        self.loaded.replace(ptr::null_mut())
    }

    /// Blocks taken since this was last asked.
    fn take_taken(&self) -> u64 {
        // Relaxed: see `state`.
        let state = self.state.load(Ordering::Relaxed);
        self.state.store(state & (TAKEN - 1), Ordering::Relaxed);
        state / TAKEN
    }
}

impl Slot {
    /// The place of a cache that has nothing.
    #[cfg(not(feature = "loom"))]
    pub(super) const fn new() -> Slot {
        slot!()
    }

    /// The place of a cache that has nothing.
    #[cfg(feature = "loom")]
    pub(super) fn new() -> Slot {
        slot!()
    }

    #[inline(always)]
    pub(super) fn magazine(&self, class: usize) -> &Magazine {
        &self.magazines[class]
    }

    /// The first page of a class with blocks to give, or null.
    pub(super) fn available(&self, class: usize) -> *const Page {
        self.available[class].first.get()
    }

    /// Puts a page behind those with blocks to give.
    ///
    /// # Safety
    /// The caller holds the slot, which owns the page; the page is not listed.
    pub(super) unsafe fn list(&self, page: &Page) {
        let queue = &self.available[page.class.get() as usize];
        let last = queue.last.replace(page);
        page.before.set(last);
        page.behind.set(ptr::null());
        if last.is_null() {
            queue.first.set(page);
        } else {
            // SAFETY: listed pages are this slot's, and records outlive it.
            unsafe { (*last).behind.set(page) };
        }
    }

    /// Takes a page off the list.
    ///
    /// # Safety
    /// The caller holds the slot, and the page is listed in it.
    pub(super) unsafe fn unlist(&self, page: &Page) {
        let queue = &self.available[page.class.get() as usize];
        let (before, behind) = (page.before.get(), page.behind.get());
        // SAFETY: listed pages are this slot's, and records outlive it.
        match unsafe { before.as_ref() } {
            Some(before) => before.behind.set(behind),
            None => queue.first.set(behind),
        }
        // SAFETY: as above.
        match unsafe { behind.as_ref() } {
            Some(behind) => behind.before.set(before),
            None => queue.last.set(before),
        }
    }

    /// Puts a page into the inbox. For who owes it (see [`Page`]), from any thread.
    pub(super) fn notify(&self, page: &Page) {
        // Relaxed: only the value is needed.
        let mut first = self.inbox.load(Ordering::Relaxed);
        loop {
            // Relaxed: published by the exchange below.
            page.next_notified.store(first, Ordering::Relaxed);
            // Release: the link, before who takes the inbox.
            match self.inbox.compare_exchange_weak(
                first,
                ptr::from_ref(page).cast_mut(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes all pages out of the inbox: a chain through `next_notified`.
    pub(super) fn take_inbox(&self) -> *const Page {
        // Relaxed: an empty inbox is the usual case, and a page that is missed now is found the next time.
        if self.inbox.load(Ordering::Relaxed).is_null() {
            return ptr::null();
        }
        // Acquire: pairs with the exchange of `notify`.
        self.inbox.swap(ptr::null_mut(), Ordering::Acquire)
    }

    /// Counts a trip to the pages.
    pub(super) fn count_miss(&self) {
        add(&self.misses, 1);
    }

    /// Counts blocks of others that the holder freed.
    pub(super) fn count_remote_free(&self) {
        add(&self.remote_frees, 1);
    }

    /// Adds up what a magazine counted. Often enough that 32 bits do not overflow.
    pub(super) fn count_hits(&self, class: usize) {
        let taken = self.magazines[class].take_taken();
        add(&self.hits, taken);
    }

    /// Blocks taken from magazines, trips to the pages, and frees of others' blocks.
    pub(super) fn counts(&self) -> [u64; 3] {
        // Relaxed: statistics. A count moved from magazine to slot meanwhile may show in neither or both, once.
        let taken = |magazine: &Magazine| magazine.state.load(Ordering::Relaxed) / TAKEN;
        let hits: u64 = self.magazines.iter().map(taken).sum();
        [
            self.hits.load(Ordering::Relaxed) + hits,
            self.misses.load(Ordering::Relaxed),
            self.remote_frees.load(Ordering::Relaxed),
        ]
    }
}
