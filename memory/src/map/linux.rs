//! A memfd mapped once, whole, shared. Its pages can be mapped again elsewhere (a script's window), which an anonymous private map
//! could not offer.
//!
//! **The price is the first touch.** A fault of a shared 4 KiB page costs 2 to 4 µs, so that filling fresh memory is ten times slower
//! than filling used memory, and most machines give no huge pages to shared memory by themselves. They do when asked for one by one
//! (`MADV_COLLAPSE`, Linux 6.1): 2 MiB then cost about as much as 60 faults, and the range needs one entry in the TLB. So
//! [`Shared::commit`] asks for every huge page that a reservation touches, the first time it does. Where that is refused nothing is
//! lost: pages commit one by one on touch.
//!
//! Measured on Linux 6.18, ns per 4 KiB of fresh memory: touched one by one 2 400-4 000, `MADV_POPULATE_WRITE` 2 100-3 400,
//! collapsed 240-600 (and 95 to fill it then).

use std::ffi::{c_int, c_void};
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::ptr::{self, NonNull};

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous, munmap};

use rustix::param::page_size;

use crate::PAGE;
use crate::sync::{AtomicU32, Ordering};

/// Bytes of a huge page, on which the base is aligned. Where the host's huge pages are larger, it refuses ours.
const HUGE: usize = 2 << 20;

const _: () = assert!(HUGE.is_multiple_of(PAGE));

/// `MADV_COLLAPSE` of linux/mman.h: put a range into huge pages now, whatever is in it.
const MADV_COLLAPSE: c_int = 25;

unsafe extern "C" {
    /// madvise(2) of the C library that std links: rustix has no name for this advice yet.
    #[link_name = "madvise"]
    fn madvise_raw(start: *mut c_void, bytes: usize, advice: c_int) -> c_int;
}

/// The file and where it is mapped.
#[derive(Debug)]
pub(crate) struct Shared {
    base: NonNull<u8>,
    bytes: usize,
    file: OwnedFd,
    /// One bit per huge page, set when it was asked for.
    asked: Box<[AtomicU32]>,
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
            Reservation::new(bytes.checked_add(HUGE).ok_or(io::ErrorKind::OutOfMemory)?)?;
        let skip = reservation.start.align_offset(HUGE);
        // SAFETY: an aligned address lies less than `HUGE` after the start, and the reservation is that much longer.
        let place = unsafe { reservation.start.byte_add(skip) };
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: replaces pages of the reservation only, which was made above and which nothing uses.
        let base = unsafe { mmap(place, bytes, prot, flags, &file, 0)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let huge_pages = bytes / HUGE;
        let asked = (0..huge_pages.div_ceil(32))
            .map(|_| AtomicU32::new(0))
            .collect();
        Ok(Shared {
            base,
            bytes,
            file,
            asked,
            _reservation: reservation,
        })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// See [`Mapping::give_back`](super::Mapping::give_back), whose contract this is. Whole huge pages only: a hole in one would split
    /// it into small ones for good.
    ///
    /// # Safety
    /// The range lies within the mapping, starts and ends on pages, and nobody uses it meanwhile.
    pub(crate) unsafe fn give_back(&self, offset: usize, bytes: usize) -> Range<usize> {
        debug_assert!(offset + bytes <= self.bytes);
        let whole = offset.next_multiple_of(HUGE)..(offset + bytes) / HUGE * HUGE;
        let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if whole.is_empty()
            || fallocate(&self.file, punch, whole.start as u64, whole.len() as u64).is_err()
        {
            return offset..offset;
        }
        for huge in whole.start / HUGE..whole.end / HUGE {
            // Relaxed: a note on what was asked for, which orders nothing; at worst a huge page is asked for again.
            self.asked[huge / 32].fetch_and(!(1 << (huge % 32)), Ordering::Relaxed);
        }
        whole
    }

    /// Asks for the huge pages that a range touches, unless that was done before. Contents stay.
    #[inline]
    pub(crate) fn commit(&self, offset: usize, bytes: usize) {
        // Of the last huge page only whole ones count: past the end of the file there is nothing to put into it.
        for huge in offset / HUGE..(offset + bytes).div_ceil(HUGE).min(self.bytes / HUGE) {
            // Relaxed: see `give_back`. Reading first keeps the line shared in the usual case.
            if self.asked[huge / 32].load(Ordering::Relaxed) >> (huge % 32) & 1 == 0 {
                self.ask(huge);
            }
        }
    }

    #[cold]
    fn ask(&self, huge: usize) {
        let bit = 1 << (huge % 32);
        // Relaxed: see `give_back`. Whoever set the bit asks; others go on and touch pages, which the kernel sorts out.
        if self.asked[huge / 32].fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            return;
        }
        // The kernel collapses only where it finds a page table: one small page makes it. A refusal changes nothing.
        if self.prefault(huge * HUGE, page_size()).is_ok() {
            // SAFETY: the huge page lies within the mapping; the advice moves contents and changes none, so it is harmless to
            // whoever uses the range.
            unsafe {
                madvise_raw(
                    self.base.as_ptr().add(huge * HUGE).cast(),
                    HUGE,
                    MADV_COLLAPSE,
                )
            };
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
