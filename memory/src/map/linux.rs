//! A memfd mapped once, whole, shared. Its pages are committed on first touch and can be mapped again elsewhere (a
//! script's window); an anonymous private map could do the first but not the second.
//!
//! The price is the first touch: a fault of a shared 4 KiB page costs more than one of an anonymous page, and bulk
//! work that runs into fresh pages feels it. [`Shared::prefault`] pays for a range in one system call.

use std::ffi::c_void;
use std::io;
use std::os::fd::OwnedFd;
use std::ptr::{self, NonNull};

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous, munmap};

use crate::PAGE;

/// Alignment of the base: a huge page, for hosts that back shared memory with them; a multiple of the page.
const ALIGN: usize = 2 << 20;

const _: () = assert!(ALIGN.is_multiple_of(PAGE));

/// The file and where it is mapped.
#[derive(Debug)]
pub(crate) struct Shared {
    base: NonNull<u8>,
    bytes: usize,
    file: OwnedFd,
    /// Holds the mapping and the slack around it, which the alignment costs.
    _reservation: Reservation,
}

// SAFETY: the pointers are addresses of a mapping that this value owns; what they point to is shared by contract of
// the pools, and the file descriptor is thread-safe.
unsafe impl Send for Shared {}
// SAFETY: as above; `&Shared` offers addresses and system calls that the kernel serialises.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn reserve(bytes: usize) -> io::Result<Shared> {
        let file = memfd_create("layerw-arena", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, bytes as u64)?;
        let reservation =
            Reservation::new(bytes.checked_add(ALIGN).ok_or(io::ErrorKind::OutOfMemory)?)?;
        let skip = reservation.start.align_offset(ALIGN);
        // SAFETY: an aligned address lies less than `ALIGN` after the start, and the reservation is that much longer.
        let place = unsafe { reservation.start.byte_add(skip) };
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: replaces pages of the reservation only, which was made above and which nothing uses.
        let base = unsafe { mmap(place, bytes, prot, flags, &file, 0)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Shared {
            base,
            bytes,
            file,
            _reservation: reservation,
        })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// See [`Mapping::discard`](super::Mapping::discard), whose contract this is.
    ///
    /// # Safety
    /// The range lies within the mapping, starts and ends on pages, and nobody uses it meanwhile.
    pub(crate) unsafe fn discard(&self, offset: usize, bytes: usize) {
        debug_assert!(offset + bytes <= self.bytes);
        let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if fallocate(&self.file, punch, offset as u64, bytes as u64).is_err() {
            // A kernel without holes still owes the zeros.
            // SAFETY: the caller promises a range within the mapping that nobody uses.
            unsafe { self.base.add(offset).write_bytes(0, bytes) };
        }
    }

    pub(crate) fn prefault(&self, offset: usize, bytes: usize) -> io::Result<()> {
        debug_assert!(offset + bytes <= self.bytes);
        // SAFETY: the range lies within the mapping (callers pass checked runs), and the advice commits pages as a
        // write would while it leaves their contents alone, so it is harmless to whoever uses the range.
        let advised = unsafe {
            let start = self.base.as_ptr().add(offset).cast::<c_void>();
            madvise(start, bytes, Advice::LinuxPopulateWrite)
        };
        match advised {
            // Older than Linux 5.14: pages commit on touch, as always.
            Err(Errno::INVAL) => Ok(()),
            other => Ok(other?),
        }
    }
}

/// Address space that nothing else will be mapped into; unmapped on drop with all that was mapped over it.
#[derive(Debug)]
struct Reservation {
    start: *mut c_void,
    bytes: usize,
}

impl Reservation {
    fn new(bytes: usize) -> io::Result<Reservation> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a null hint lets the kernel choose, so no existing mapping is replaced.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), bytes, ProtFlags::empty(), flags)? };
        Ok(Reservation { start, bytes })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: start and length are those of the mapping made in `new`, unmapped here once; the arena that owned
        // it is gone, so by the pools' contract no pointer into it is used again.
        let _ = unsafe { munmap(self.start, self.bytes) };
    }
}
