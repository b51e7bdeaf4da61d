//! A cache where an interface asks for std's trait, such as the [replay of a trace](super::trace::Replay).

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::{self, NonNull};

use super::heap::Cache;
use crate::MemoryError;

fn or_null(place: Result<NonNull<u8>, MemoryError>) -> *mut u8 {
    place.map_or(ptr::null_mut(), NonNull::as_ptr)
}

// SAFETY: memory comes from the heap, which gives each block to one caller until it is freed, and which the cache keeps; running out of
// memory is answered with null. What must not unwind is the allocator of the process, and a cache cannot be that: it is not Sync.
unsafe impl GlobalAlloc for Cache {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        or_null(Cache::alloc(self, layout))
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        or_null(Cache::alloc_zeroed(self, layout))
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller passes what `alloc` gave, which is not null, with its layout, for the last time.
        unsafe { Cache::dealloc(self, NonNull::new_unchecked(place), layout) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; the size is the caller's promise.
        or_null(unsafe { Cache::realloc(self, NonNull::new_unchecked(place), layout, size) })
    }
}
