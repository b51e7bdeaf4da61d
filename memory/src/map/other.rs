//! Plain zeroed memory, with no rights and no second place: every host has it.
//!
//! The pages between the pools are there but can be touched: what protects them is a pattern that is looked at, see
//! [`protect`](crate::protect).

use std::alloc::Layout;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use super::source;
use crate::{PAGE, Window};

/// An allocation, and the first page of each window in it, with a page before and behind each.
#[derive(Debug)]
pub(crate) struct Plain {
    allocation: NonNull<u8>,
    layout: Layout,
    bases: [NonNull<u8>; 3],
    /// Pages were handed out, so they may read as something else than zero.
    touched: AtomicBool,
}

// SAFETY: the pointers are addresses of an allocation that this value owns; what they point to is shared by
// contract of the pools.
unsafe impl Send for Plain {}
// SAFETY: as above; `&Plain` offers nothing but the address.
unsafe impl Sync for Plain {}

impl Plain {
    pub(crate) fn reserve(windows: &[Window; 3]) -> io::Result<Plain> {
        let refused = || io::Error::from(io::ErrorKind::OutOfMemory);
        // A page for the alignment, four guards, and the windows.
        let used = windows.iter().map(|window| u64::from(window.pages));
        let bytes = (used.sum::<u64>() + 5).checked_mul(PAGE as u64);
        let bytes = usize::try_from(bytes.ok_or_else(refused)?).map_err(|_| refused())?;
        let layout = Layout::from_size_align(bytes, 1).map_err(|_| refused())?;
        let allocation = source::take(layout).ok_or_else(refused)?;
        let skip = allocation.as_ptr().align_offset(PAGE);
        let mut pages = 1;
        let bases = windows.map(|window| {
            // SAFETY: a page boundary lies less than a page after the start; the windows up to here and a guard before each
            // fit behind it, as counted above.
            let base = unsafe { allocation.add(skip + pages * PAGE) };
            pages += window.pages as usize + 1;
            base
        });
        Ok(Plain {
            allocation,
            layout,
            bases,
            touched: AtomicBool::new(false),
        })
    }

    pub(crate) fn base(&self, pool: usize) -> NonNull<u8> {
        self.bases[pool]
    }

    /// All addresses of the allocation.
    pub(crate) fn reach(&self) -> Range<usize> {
        let start = self.allocation.addr().get();
        start..start + self.layout.size()
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
    pub(crate) fn commit(&self, _offset: usize, _bytes: usize) {
        // Relaxed: read by whoever drops this, which comes after all else. Looked at first, so that the line stays shared.
        if !self.touched.load(Ordering::Relaxed) {
            self.touched.store(true, Ordering::Relaxed);
        }
    }

    /// Pages commit on touch.
    pub(crate) fn prefault(&self, _offset: usize, _bytes: usize) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let touched = *self.touched.get_mut();
        // SAFETY: taken in `reserve` with this layout, given back here once; by the pools' contract nobody uses it any more.
        unsafe { source::give(self.allocation, self.layout, touched) };
    }
}
