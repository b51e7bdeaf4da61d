//! Where the heap of the whole process gets its pages: from the host and from no other allocator, for it is the allocator.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "linux", target_family = "wasm")))]
mod other;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(target_os = "linux")]
pub(crate) use linux::{PAGES, give_back, grow, reserve};
#[cfg(not(any(target_os = "linux", target_family = "wasm")))]
pub(crate) use other::{PAGES, give_back, grow, reserve};
#[cfg(target_family = "wasm")]
pub(crate) use wasm::{PAGES, give_back, grow, reserve};

use std::ops::Range;

/// Address space for pages.
#[derive(Debug)]
pub(crate) struct Space {
    /// Where counting of pages begins; a multiple of the page.
    pub(crate) base: *mut u8,
    /// Pages that there can ever be, counted from there.
    pub(crate) pages: usize,
    /// Pages that can be used from the start. They read as zero.
    pub(crate) usable: Range<usize>,
}
