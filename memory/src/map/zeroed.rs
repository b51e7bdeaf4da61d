//! Zeroed memory for a whole arena, from the allocator.
//!
//! Asked for with the alignment of a byte and aligned by hand: allocators serve that with fresh zero pages of the host
//! (calloc), lazily committed where the host does so, while a request with page alignment is filled with zeros byte
//! by byte, which commits gigabytes at start.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

/// Memory that reads as zero; `None` where there is none.
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    if layout.size() == 0 {
        return None;
    }
    // SAFETY: the size is not zero.
    NonNull::new(unsafe { alloc_zeroed(layout) })
}

/// Gives it back. Whether it was `touched` is for hosts that need to know.
///
/// # Safety
/// It came from [`take`] with this layout, and nobody uses it any more.
pub(super) unsafe fn give(memory: NonNull<u8>, layout: Layout, _touched: bool) {
    // SAFETY: the caller's promise.
    unsafe { dealloc(memory.as_ptr(), layout) };
}
