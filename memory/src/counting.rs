//! An allocator that counts: the proof that steady frames do not allocate.
//!
//! [`CountingAllocator`] stands before the system's allocator, on every thread, from the first instruction to the last, and cannot
//! be paused. A program installs it with `#[global_allocator]`; the counters belong to the process, so whoever reads them needs no
//! handle on it. Counting costs three relaxed additions a call, on a line that all threads share: little beside the allocation,
//! and nothing where there is none.
//!
//! ```
//! use layerw_memory::counting::{self, CountingAllocator};
//!
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = CountingAllocator;
//!
//! let before = counting::snapshot();
//! drop(vec![0_u8; 100]);
//! let spent = counting::snapshot() - before;
//! assert_eq!((spent.allocations, spent.deallocations, spent.bytes), (1, 1, 100));
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Sub;

use crate::sync::process::{AtomicU64, Ordering};

/// The system's allocator behind counters of the whole process.
#[derive(Copy, Clone, Debug, Default)]
pub struct CountingAllocator;

/// Any allocator behind the same counters, such as `Counting(GlobalHeap::new())`.
#[derive(Copy, Clone, Debug, Default)]
pub struct Counting<A>(pub A);

/// What the process has asked of its allocator since it started; or, subtracted, between two moments.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Snapshot {
    /// Calls that allocate; a reallocation counts as one.
    pub allocations: u64,
    /// Calls that free; a reallocation counts as one.
    pub deallocations: u64,
    /// Bytes asked for in all, never less than before; what is freed is not subtracted.
    pub bytes: u64,
    /// Of the calls that allocate, those inside of [`foreign`].
    pub foreign: u64,
}

/// The counters now. Other threads may be counting meanwhile, so the three may be some calls apart.
pub fn snapshot() -> Snapshot {
    // Relaxed: each counter is a statistic by itself. Whoever wants "no allocation in this frame" has joined the frame's work,
    // which orders all of its additions before these loads.
    let [allocations, deallocations, bytes, foreign] =
        [&ALLOCATIONS, &DEALLOCATIONS, &BYTES, &FOREIGN]
            .map(|counter| counter.load(Ordering::Relaxed));
    Snapshot {
        allocations,
        deallocations,
        bytes,
        foreign,
    }
}

/// While it lives, what this thread allocates is counted as a library's of others, beside being counted: such libraries allocate as they like, and how often is a
/// figure of its own.
#[must_use = "it counts until it is dropped: bind it to a name"]
pub struct Foreign {
    before: bool,
    _thread: PhantomData<*const ()>,
}

/// Begins a stretch in which a library of others works, such as a GPU's driver.
pub fn foreign() -> Foreign {
    Foreign {
        before: IS_FOREIGN.replace(true),
        _thread: PhantomData,
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        IS_FOREIGN.set(self.before);
    }
}

impl Sub for Snapshot {
    type Output = Snapshot;

    /// What happened since an earlier snapshot.
    fn sub(self, earlier: Snapshot) -> Snapshot {
        Snapshot {
            allocations: self.allocations - earlier.allocations,
            deallocations: self.deallocations - earlier.deallocations,
            bytes: self.bytes - earlier.bytes,
            foreign: self.foreign - earlier.foreign,
        }
    }
}

#[cfg(not(feature = "record"))]
const SYSTEM: Counting<System> = Counting(System);

/// The system's allocator with every call of the process written down.
#[cfg(feature = "record")]
const SYSTEM: Counting<crate::alloc::trace::Recorder<System>> =
    Counting(crate::alloc::trace::Recorder(System));

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static DEALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static FOREIGN: AtomicU64 = AtomicU64::new(0);

std::thread_local! {
    /// Whether this thread is in [`foreign`]. It has neither a destructor nor a lazy beginning, so looking at it allocates nothing, also while a thread begins and ends.
    static IS_FOREIGN: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: every call goes to the allocator behind with the arguments it came with, and its answer is returned unchanged, so its keeping
// of the contract is ours. Counting touches static atomics only: it cannot unwind or allocate.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is that of the allocator behind.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is that of the allocator behind.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_allocation(size);
        count_deallocation();
        // SAFETY: the caller keeps the contract of `realloc`, and `place` came from the allocator behind by way of this one.
        unsafe { self.0.realloc(place, layout, size) }
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count_deallocation();
        // SAFETY: the caller keeps the contract of `dealloc`, and `place` came from the allocator behind by way of this one.
        unsafe { self.0.dealloc(place, layout) }
    }
}

// SAFETY: every call goes to `Counting` unchanged, so its keeping of the contract is ours.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract, which is that of the allocator behind.
        unsafe { SYSTEM.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { SYSTEM.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above, and `place` came from there.
        unsafe { SYSTEM.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { SYSTEM.dealloc(place, layout) }
    }
}

fn count_allocation(bytes: usize) {
    // Relaxed: see `snapshot`.
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
    if IS_FOREIGN.get() {
        FOREIGN.fetch_add(1, Ordering::Relaxed);
    }
}

fn count_deallocation() {
    // Relaxed: see `snapshot`.
    DEALLOCATIONS.fetch_add(1, Ordering::Relaxed);
}
