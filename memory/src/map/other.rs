//! Plain zeroed memory from the allocator: every host has it.
//!
//! Asked for with the alignment of a byte and aligned by hand: allocators serve that with fresh zero pages of the host
//! (calloc), lazily committed where the host does so, while a request with page alignment is filled with zeros byte
//! by byte, which commits gigabytes at start.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use crate::PAGE;

/// An allocation one page larger than asked for, and the first page boundary in it.
#[derive(Debug)]
pub(crate) struct Plain {
    allocation: NonNull<u8>,
    layout: Layout,
    base: NonNull<u8>,
}

// SAFETY: the pointers are addresses of an allocation that this value owns; what they point to is shared by
// contract of the pools.
unsafe impl Send for Plain {}
// SAFETY: as above; `&Plain` offers nothing but the address.
unsafe impl Sync for Plain {}

impl Plain {
    pub(crate) fn reserve(bytes: usize) -> io::Result<Plain> {
        let refused = || io::Error::from(io::ErrorKind::OutOfMemory);
        let padded = bytes.checked_add(PAGE).ok_or_else(refused)?;
        let layout = Layout::from_size_align(padded, 1).map_err(|_| refused())?;
        // SAFETY: the size is at least a page, so not zero.
        let allocation = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(refused)?;
        let skip = allocation.as_ptr().align_offset(PAGE);
        // SAFETY: a page boundary lies less than a page after the start, and the allocation is a page longer than asked.
        let base = unsafe { allocation.add(skip) };
        Ok(Plain {
            allocation,
            layout,
            base,
        })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The allocator takes nothing back in parts.
    ///
    /// # Safety
    /// None needed: nothing happens. The contract is that of [`Mapping::give_back`](super::Mapping::give_back).
    pub(crate) unsafe fn give_back(&self, offset: usize, _bytes: usize) -> Range<usize> {
        offset..offset
    }

    /// Pages commit on touch.
    #[inline]
    pub(crate) fn commit(&self, _offset: usize, _bytes: usize) {}

    /// Pages commit on touch.
    pub(crate) fn prefault(&self, _offset: usize, _bytes: usize) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        // SAFETY: allocated in `reserve` with this layout, freed here once.
        unsafe { dealloc(self.allocation.as_ptr(), self.layout) };
    }
}
