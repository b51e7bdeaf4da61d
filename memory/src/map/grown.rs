//! Zeroed memory for a whole arena, from the linear memory itself: `memory.grow` gives pages that read as zero and that the host commits on
//! touch. The allocator, asked for as much, fills it with zeros byte by byte, which commits half a gibibyte at start.
//!
//! Linear memory does not shrink, so pages that an arena gave back wait here for the next one.

use std::alloc::Layout;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use super::spare::Spare;
use crate::PAGE;

static SPARE: Mutex<Spare> = Mutex::new(Spare::new());

/// Memory that reads as zero, from a page's start; `None` where there is none.
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    let pages = layout.size().div_ceil(PAGE);
    let spare = SPARE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take(pages);
    let (first, clean) = match spare {
        Some(run) => (run.first, run.clean),
        // The last page is left out: nothing ends at an address past the last.
        None => (
            super::heap::grow(pages)
                .filter(|run| run.len() == pages)?
                .start,
            true,
        ),
    };
    let start = NonNull::new(ptr::with_exposed_provenance_mut::<u8>(first * PAGE))?;
    if !clean {
        // SAFETY: the run lies within linear memory and belongs to nobody else: it was given back, and taken out of the list just now.
        unsafe { start.write_bytes(0, pages * PAGE) };
    }
    Some(start)
}

/// Gives it back for the next arena, which need not fill it with zeros if it was never `touched`.
///
/// # Safety
/// It came from [`take`] with this layout, and nobody uses it any more.
pub(super) unsafe fn give(memory: NonNull<u8>, layout: Layout, touched: bool) {
    let pages = layout.size().div_ceil(PAGE);
    let first = memory.addr().get() / PAGE;
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    spare.give(first, pages, !touched);
}
