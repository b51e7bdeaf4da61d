//! The place of one worker's cache: magazines of blocks in front, the pages that the cache owns behind, and the inbox where others say
//! that they freed something of them.
//!
//! ```text
//!   alloc ◄── loaded ◄──swap── spare          per class, two stacks of at most a batch of blocks each
//!   free  ──►   │                 ▲
//!               └── when full ────┘──► pages the cache owns ◄── inbox ◄── other workers
//! ```
//!
//! Two stacks and not one, so that a program that allocates and frees around a full or an empty stack does not go to the pages each time (Bonwick
//! and Adams, "Magazines and Vmem", 2001). A block only ever goes into the magazine of the cache that owns its page: what a worker
//! frees of another's goes back to that one, and no two workers write into one page's blocks by turns.
//!
//! A slot is held by one thread, or is vacant; a vacant one belongs to whoever holds the machine's lock. Slots live as long as
//! the machine, so that a worker that was slow to notify finds the inbox that it read the name of.

use std::cell::Cell;
use std::ptr;

use super::classes::{CLASSES, batch};
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
    spare: Cell<*mut Block>,
    spares: Cell<u32>,
    batch: u32,
}

/// Where a cache lives.
#[repr(C)]
pub(crate) struct Slot {
    magazines: [Magazine; CLASSES],
    /// Pages that have blocks to give, per class; the first is used first.
    available: [Cell<*const Page>; CLASSES],
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
        let mut magazines = [const { Magazine::new(0) }; CLASSES];
        let mut class = 0;
        while class < CLASSES {
            magazines[class] = Magazine::new(class);
            class += 1;
        }
        Slot {
            magazines,
            available: [const { Cell::new(ptr::null()) }; CLASSES],
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
    const fn new(class: usize) -> Magazine {
        Magazine {
            loaded: Cell::new(ptr::null_mut()),
            state: AtomicU64::new(0),
            spare: Cell::new(ptr::null_mut()),
            spares: Cell::new(0),
            batch: batch(class),
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

    /// Puts a block on top. True when there are more than a batch now: the caller makes room.
    ///
    /// # Safety
    /// The caller holds the slot; nobody uses the block, which is of this class and of a page of this slot.
    #[inline(always)]
    pub(super) unsafe fn push(&self, block: *mut Block) -> bool {
        let next = self.loaded.get();
        // SAFETY: the block is the caller's to give, and large enough for a link.
        unsafe { block.write(Block { next }) };
        self.loaded.set(block);
        // Relaxed: see `state`.
        let state = self.state.load(Ordering::Relaxed).wrapping_add(1);
        self.state.store(state, Ordering::Relaxed);
        state as u32 > self.batch
    }

    /// Loads the spare stack, if there is one. Only where nothing is loaded.
    pub(super) fn load_spare(&self) -> bool {
        debug_assert!(self.loaded.get().is_null());
        let spare = self.spare.replace(ptr::null_mut());
        self.loaded.set(spare);
        add(&self.state, self.spares.replace(0) as u64);
        !spare.is_null()
    }

    /// Loads blocks that a page gave. Only where nothing is loaded.
    pub(super) fn load(&self, blocks: *mut Block, count: u32) {
        debug_assert!(self.loaded.get().is_null());
        self.loaded.set(blocks);
        add(&self.state, count as u64);
    }

    /// Makes the loaded stack the spare one and returns the spare one that was, for the pages.
    pub(super) fn unload(&self) -> *mut Block {
        let old = self.spare.replace(self.loaded.replace(ptr::null_mut()));
        // Relaxed: see `state`.
        let state = self.state.load(Ordering::Relaxed);
        self.spares.set(state as u32);
        self.state.store(state & !(TAKEN - 1), Ordering::Relaxed);
        old
    }

    pub(super) fn take_spare(&self) -> *mut Block {
        self.spares.set(0);
        self.spare.replace(ptr::null_mut())
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
        self.available[class].get()
    }

    /// Puts a page in front of those with blocks to give.
    ///
    /// # Safety
    /// The caller holds the slot, which owns the page; the page is not listed.
    pub(super) unsafe fn list(&self, page: &Page) {
        let head = &self.available[page.class.get() as usize];
        let first = head.replace(page);
        page.before.set(ptr::null());
        page.behind.set(first);
        if !first.is_null() {
            // SAFETY: listed pages are this slot's, and records outlive it.
            unsafe { (*first).before.set(page) };
        }
    }

    /// Takes a page off the list.
    ///
    /// # Safety
    /// The caller holds the slot, and the page is listed in it.
    pub(super) unsafe fn unlist(&self, page: &Page) {
        let (before, behind) = (page.before.get(), page.behind.get());
        if before.is_null() {
            self.available[page.class.get() as usize].set(behind);
        } else {
            // SAFETY: listed pages are this slot's, and records outlive it.
            unsafe { (*before).behind.set(behind) };
        }
        if !behind.is_null() {
            // SAFETY: as above.
            unsafe { (*behind).before.set(before) };
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
