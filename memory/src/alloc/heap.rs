//! The general allocator over an owner of a pool, and the caches that workers put in front of it.

use std::alloc::Layout;
use std::fmt;
use std::ptr::NonNull;

use super::machine::Machine;
use super::page::Kind;
use super::pool_pages::PoolPages;
use super::slot::Slot;
use super::usage::Usage;
use crate::sync::{Arc, process};
use crate::{Arena, MemoryError, Pool, Registration, Rung, Tier};

/// A general allocator whose memory counts against the budget of one owner: for what does not live as long as a frame or a world, such as what
/// foreign code asks for. Clones are cheap and share it.
///
/// Calls of the heap itself take a lock; a worker that allocates often makes itself a [`Cache`].
///
/// Where the pool runs out, for whomever, the heap gives up the pages that nobody uses, as by [`trim`](Self::trim).
///
/// ```
/// use std::alloc::Layout;
/// use layerw_memory::{Arena, MemoryConfig, Tier, alloc::Heap};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let heap = Heap::new(&arena, Tier::Scene, "decoder", 16 << 20)?;
/// let cache = heap.cache()?;
/// let layout = Layout::new::<[u64; 4]>();
/// let place = cache.alloc(layout)?;
/// // SAFETY: allocated above with this layout, used and freed once.
/// unsafe {
///     place.cast::<[u64; 4]>().write([7; 4]);
///     cache.dealloc(place, layout);
/// }
/// println!("{}", heap.usage());
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
#[derive(Clone)]
pub struct Heap {
    /// In front, so that the pool stops calling before the machine ends.
    _recycling: process::Arc<Registration>,
    machine: Arc<Machine<PoolPages>>,
}

/// One worker's way into a [`Heap`]: blocks at hand, so that most calls touch nothing shared. It can be sent to another thread, but not
/// used by two. What it holds goes back when it is dropped, at the latest.
pub struct Cache {
    heap: Heap,
    /// Held by this value alone.
    slot: NonNull<Slot>,
}

// SAFETY: the slot is held by this value, and may be used from any thread, one at a time. It is not Sync.
unsafe impl Send for Cache {}

impl Heap {
    /// A heap over a new owner of a pool. `budget_bytes` is rounded up to pages; it covers what is given out, what caches hold, and the
    /// caches themselves.
    ///
    /// # Errors
    /// [`MemoryError::HeapInLogic`] for the pool that is hashed and stored: its images hold offsets and no pointers. Whatever
    /// [`Pool::owner`](crate::Pool::owner) refuses.
    pub fn new(
        arena: &Arena,
        tier: Tier,
        name: &str,
        budget_bytes: u64,
    ) -> Result<Heap, MemoryError> {
        let pages = PoolPages::new(arena, tier, name, budget_bytes)?;
        let owner = pages.owner();
        let machine = Arc::new(Machine::new(pages));
        let idle = machine.clone();
        let relieve = move |_: &Pool, _| idle.relieve();
        let recycling = arena.pool(tier).on_pressure(owner, Rung::Recycle, relieve);
        Ok(Heap {
            _recycling: process::Arc::new(recycling),
            machine,
        })
    }

    /// A cache for one worker.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc), when there is no page for it.
    pub fn cache(&self) -> Result<Cache, MemoryError> {
        let slot = NonNull::from(self.machine.enter()?);
        let heap = self.clone();
        Ok(Cache { heap, slot })
    }

    /// Memory of at least `layout.size()` bytes, aligned to `layout.align()`, of unspecified contents. It stays where it is until it is freed,
    /// or until the last handle on the heap is gone: whoever keeps the memory keeps a clone.
    ///
    /// A layout of no bytes gets an address that may not be read, and nothing to free.
    ///
    /// # Errors
    /// [`MemoryError::OverBudget`] and [`Exhausted`](MemoryError::Exhausted) with a table of who holds what, after everything that lies idle
    /// was collected; [`Alignment`](MemoryError::Alignment) above 64 KiB.
    pub fn alloc(&self, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        self.machine
            // SAFETY: the machine lends its common slot under a lock.
            .with_common(|slot| unsafe { self.machine.alloc(slot, layout) })?
    }

    /// As [`alloc`](Self::alloc), filled with zeros.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    pub fn alloc_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        self.machine
            // SAFETY: the machine lends its common slot under a lock.
            .with_common(|slot| unsafe { self.machine.alloc_zeroed(slot, layout) })?
    }

    /// Frees memory.
    ///
    /// # Safety
    /// It came from this heap or a cache of it, with this layout, and nobody uses it any more.
    pub unsafe fn dealloc(&self, place: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        self.check(place);
        let freed = self
            .machine
            // SAFETY: the machine lends its common slot under a lock; the rest is the caller's promise.
            .with_common(|slot| unsafe { self.machine.dealloc(slot, place, layout) });
        if freed.is_err() {
            // There is no page for a slot.
            // SAFETY: the caller's promise.
            unsafe { self.machine.dealloc_without_slot(place, layout) };
        }
    }

    /// Changes the size of an allocation, keeping its contents up to the smaller size; on an error it is as it was.
    ///
    /// # Safety
    /// As [`dealloc`](Self::dealloc); after success only the place returned is used. `size` rounded up to the alignment does not exceed
    /// `isize::MAX`.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    pub unsafe fn realloc(
        &self,
        place: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> Result<NonNull<u8>, MemoryError> {
        self.machine
            // SAFETY: the machine lends its common slot under a lock; the rest is the caller's promise.
            .with_common(|slot| unsafe { self.realloc_in(slot, place, layout, size) })?
    }

    /// Whether memory at this address was given out by this heap or a cache of it, and its page not freed since.
    pub fn holds(&self, place: NonNull<u8>) -> bool {
        let page = self.machine.source.find(place.as_ptr());
        page.is_some_and(|page| page.kind() != Kind::None)
    }

    /// Gives pages that nobody uses back to the owner: those of dropped caches and of calls without a cache.
    pub fn trim(&self) {
        self.machine.trim();
    }

    /// Bytes held against the budget, and how well the caches did.
    pub fn usage(&self) -> Usage {
        let source = &self.machine.source;
        let holding = source.pool().holding(source.owner());
        let counts = self.machine.counts();
        Usage::new(holding.used, holding.peak, holding.budget, counts)
    }

    /// The pool that the pages come from.
    pub fn tier(&self) -> Tier {
        self.machine.source.pool().tier()
    }

    /// # Safety
    /// The caller holds the slot; the rest as [`realloc`](Self::realloc).
    pub(super) unsafe fn realloc_in(
        &self,
        slot: &Slot,
        place: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> Result<NonNull<u8>, MemoryError> {
        // SAFETY: the alignment is a layout's, and the size does not overflow by contract.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (layout.size(), size) {
            (0, 0) => Ok(place),
            // SAFETY: the caller holds the slot.
            (0, _) => unsafe { self.machine.alloc(slot, wanted) },
            (_, 0) => {
                // SAFETY: as above, and the caller gives the memory.
                unsafe { self.machine.dealloc(slot, place, layout) };
                Ok(dangling(wanted))
            }
            // SAFETY: as above.
            _ => unsafe { self.machine.realloc(slot, place, layout, size) },
        }
    }

    /// In debug builds: that the memory can be ours.
    fn check(&self, place: NonNull<u8>) {
        debug_assert!(
            self.holds(place),
            "memory: {place:p} is freed but was not given out by this heap; free it where it was allocated, once"
        );
    }
}

impl Cache {
    /// As [`Heap::alloc`], from what is at hand.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    #[inline]
    pub fn alloc(&self, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        // SAFETY: this value holds the slot.
        unsafe { self.heap.machine.alloc(self.slot(), layout) }
    }

    /// As [`Heap::alloc_zeroed`], from what is at hand.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    #[inline]
    pub fn alloc_zeroed(&self, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        // SAFETY: this value holds the slot.
        unsafe { self.heap.machine.alloc_zeroed(self.slot(), layout) }
    }

    /// Frees memory. What another worker's page holds goes back to that worker.
    ///
    /// # Safety
    /// As [`Heap::dealloc`].
    #[inline]
    pub unsafe fn dealloc(&self, place: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        self.heap.check(place);
        // SAFETY: this value holds the slot; the rest is the caller's promise.
        unsafe { self.heap.machine.dealloc(self.slot(), place, layout) };
    }

    /// As [`Heap::realloc`], from what is at hand.
    ///
    /// # Safety
    /// As [`Heap::realloc`].
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    #[inline]
    pub unsafe fn realloc(
        &self,
        place: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> Result<NonNull<u8>, MemoryError> {
        // SAFETY: this value holds the slot; the rest is the caller's promise.
        unsafe { self.heap.realloc_in(self.slot(), place, layout, size) }
    }

    /// For the end of a frame: collects what other workers freed, so that empty pages go back, and adds up the counts.
    pub fn flush(&self) {
        // SAFETY: this value holds the slot.
        unsafe { self.heap.machine.flush(self.slot(), false) };
    }

    /// The heap behind.
    pub fn heap(&self) -> &Heap {
        &self.heap
    }

    fn slot(&self) -> &Slot {
        // SAFETY: slots live as long as the machine, of which the heap in here is a handle.
        unsafe { self.slot.as_ref() }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // SAFETY: this value holds the slot, and is gone after this.
        unsafe { self.heap.machine.leave(self.slot()) };
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap")
            .field("tier", &self.tier())
            .field("usage", &self.usage())
            .finish()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cache").field(&self.heap).finish()
    }
}

/// The address of an allocation of no bytes: aligned, and not to be read.
fn dangling(layout: Layout) -> NonNull<u8> {
    NonNull::without_provenance(
        std::num::NonZero::new(layout.align()).unwrap_or(std::num::NonZero::<usize>::MIN),
    )
}
