//! Zeroed memory from the system's allocator, as it commits what is touched.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::ptr::NonNull;

use super::Space;
use crate::PAGE;

/// Pages that are asked for: 1 GiB, which hosts that promise memory before it is touched still promise.
pub(crate) const PAGES: usize = 1 << 14;

/// Reserves them.
pub(crate) fn reserve() -> Option<Space> {
    let layout = Layout::from_size_align((PAGES + 1) * PAGE, 1).ok()?;
    // SAFETY: the size is not zero.
    let start = unsafe { System.alloc_zeroed(layout) };
    let skip = start.align_offset(PAGE);
    (!start.is_null()).then(|| Space {
        base: start.wrapping_add(skip),
        pages: PAGES,
        usable: 0..PAGES,
    })
}

/// The reservation is all there is.
pub(crate) fn grow(_pages: usize) -> Option<Range<usize>> {
    None
}

/// The system's allocator takes nothing back in parts.
///
/// # Safety
/// None needed: nothing happens.
pub(crate) unsafe fn give_back(_start: NonNull<u8>, _pages: usize) -> bool {
    false
}
