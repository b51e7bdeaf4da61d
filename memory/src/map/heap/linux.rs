//! One private anonymous reservation, committed as pages are touched.

use std::ops::Range;
use std::ptr::{self, NonNull};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

use super::Space;
use crate::PAGE;

/// Pages that are asked for at first: 64 GiB of addresses where those are wide, else 1 GiB.
pub(crate) const PAGES: usize = if usize::BITS >= 64 { 1 << 20 } else { 1 << 14 };

/// Pages below which it is not worth having: 4 MiB.
const PAGES_MIN: usize = 64;

/// Reserves what the host lets us have: a process with a limit on its addresses gets a smaller heap.
pub(crate) fn reserve() -> Option<Space> {
    let mut pages = PAGES;
    while pages >= PAGES_MIN {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        let bytes = (pages + 1) * PAGE;
        // SAFETY: a null hint lets the kernel choose, so no existing mapping is replaced.
        if let Ok(start) = unsafe { mmap_anonymous(ptr::null_mut(), bytes, prot, flags) } {
            let skip = start.align_offset(PAGE);
            let base = start.cast::<u8>().wrapping_add(skip);
            return Some(Space {
                base,
                pages,
                usable: 0..pages,
            });
        }
        pages /= 2;
    }
    None
}

/// The reservation is all there is.
pub(crate) fn grow(_pages: usize) -> Option<Range<usize>> {
    None
}

/// Gives the memory of pages back to the host; they read as zero then. False where they stay as they are.
///
/// # Safety
/// The pages lie in the reservation, and nobody uses them.
pub(crate) unsafe fn give_back(start: NonNull<u8>, pages: usize) -> bool {
    // SAFETY: by contract nobody has anything in there that could be lost.
    unsafe { madvise(start.as_ptr().cast(), pages * PAGE, Advice::LinuxDontNeed) }.is_ok()
}
