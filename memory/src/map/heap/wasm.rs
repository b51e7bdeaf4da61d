//! The linear memory itself: pages are counted from address 0, and there are more after `memory.grow`.

use std::ops::Range;
use std::ptr::{self, NonNull};

use super::Space;
use crate::PAGE;

/// Pages of the largest linear memory.
pub(crate) const PAGES: usize = 1 << 16;

/// All addresses; pages come from [`grow`].
pub(crate) fn reserve() -> Option<Space> {
    Some(Space {
        base: ptr::with_exposed_provenance_mut(0),
        pages: PAGES,
        usable: 0..0,
    })
}

/// More pages, if the host gives them: at least that many in one piece, reading as zero.
pub(crate) fn grow(pages: usize) -> Option<Range<usize>> {
    #[cfg(target_arch = "wasm32")]
    use core::arch::wasm32::memory_grow;
    #[cfg(target_arch = "wasm64")]
    use core::arch::wasm64::memory_grow;
    match memory_grow::<0>(pages) {
        usize::MAX => None,
        // The last page is left out: nothing ends at an address past the last.
        first => Some(first..(first + pages).min(PAGES - 1)),
    }
}

/// Linear memory does not shrink.
///
/// # Safety
/// None needed: nothing happens.
pub(crate) unsafe fn give_back(_start: NonNull<u8>, _pages: usize) -> bool {
    false
}

const _: () = assert!(PAGE == 65_536);
