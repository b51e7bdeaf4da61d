//! A memfd mapped once, shared, each pool at a place of its own in one reservation. Its pages can be mapped again elsewhere (a script's
//! window), which an anonymous private map could not offer.
//!
//! ```text
//! address  |guard|<-- Logic -->|guard|<-- Scene -->|guard|<-- GPU -->|guard|      guards are reserved and inaccessible
//! file           |<-- Logic -->|<-- Scene -->|<-- GPU -->|                        page p of the arena is at byte p × 64 KiB
//! ```
//!
//! **The guards lie between the pools' addresses and not in the file**, so that they cost no page of a budget and change no offset. Address
//! and file offset agree modulo a huge page, which makes each guard between two pools 2 MiB long.
//!
//! **The price is the first touch.** A fault of a shared 4 KiB page costs 2 to 4 µs, so that filling fresh memory is ten times slower
//! than filling used memory, and most machines give no huge pages to shared memory by themselves. They do when asked for one by one
//! (`MADV_COLLAPSE`, Linux 6.1): 2 MiB then cost about as much as 60 faults, and the range needs one entry in the TLB. So
//! [`Shared::commit`] asks for every huge page that a reservation touches, the first time it does. Where that is refused nothing is
//! lost: pages commit one by one on touch.
//!
//! Measured on Linux 6.18, ns per 4 KiB of fresh memory: touched one by one 2 400-4 000, `MADV_POPULATE_WRITE` 2 100-3 400,
//! collapsed 240-600 (and 95 to fill it then).

mod fault;
mod mirror;

use std::ffi::{c_int, c_void};
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::ptr::{self, NonNull};

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};
use rustix::param::page_size;

use super::Access;
use crate::PAGE;
use crate::Window;
use crate::sync::{AtomicU32, Ordering};

pub(crate) use fault::catch_faults;
pub(crate) use mirror::Mirrored;

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

/// See [`super::prefer_huge`].
pub(crate) fn prefer_huge(memory: &[u8]) {
    // Whole huge pages only: others stay as they are, and the call wants pages.
    let skip = memory.as_ptr().align_offset(HUGE);
    let bytes = memory.len().saturating_sub(skip) / HUGE * HUGE;
    if bytes > 0 {
        let start = memory.as_ptr().wrapping_add(skip).cast_mut();
        // SAFETY: the range lies within memory that the caller holds; the advice changes no byte of it. A refusal changes nothing.
        let _ = unsafe { madvise(start.cast(), bytes, Advice::LinuxHugepage) };
    }
}

/// The file and where it is mapped.
#[derive(Debug)]
pub(crate) struct Shared {
    places: [Place; 3],
    file: OwnedFd,
    /// One bit per huge page of the file, set when it was asked for.
    asked: Box<[AtomicU32]>,
    /// Holds the mappings, the guards around them, and the slack that the alignment costs.
    reservation: Reservation,
}

/// Where a window of the file is mapped.
#[derive(Copy, Clone, Debug)]
struct Place {
    /// Offsets of the window in the file.
    first: usize,
    end: usize,
    /// The address of `first`.
    base: NonNull<u8>,
}

// SAFETY: the pointers are addresses of a mapping that this value owns; what they point to is shared by contract of
// the pools, and the file descriptor is thread-safe.
unsafe impl Send for Shared {}
// SAFETY: as above; `&Shared` offers addresses and system calls that the kernel serialises.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn reserve(windows: &[Window; 3], bytes: usize) -> io::Result<Shared> {
        let file = memfd_create("layerw-arena", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, bytes as u64)?;
        // Before the first window at most a guard and what aligning it costs, a huge page before each other one, a guard at the end.
        let room = bytes.checked_add(5 * HUGE);
        let reservation = Reservation::new(room.ok_or(io::ErrorKind::OutOfMemory)?)?;
        // The address of byte 0 of the file, were the first window mapped there.
        let mut zero = reservation.start.cast::<u8>().wrapping_add(PAGE);
        zero = zero.wrapping_add(zero.align_offset(HUGE));
        let mut places = [None; 3];
        for (place, window) in places.iter_mut().zip(windows) {
            let (first, len) = (window.first as usize * PAGE, window.pages as usize * PAGE);
            let base = zero.wrapping_add(first);
            if len > 0 {
                let prot = ProtFlags::READ | ProtFlags::WRITE;
                let flags = MapFlags::SHARED | MapFlags::NORESERVE | MapFlags::FIXED;
                // SAFETY: replaces pages of the reservation only, which was made above and which nothing uses: windows follow one another
                // within `bytes`, and each is shifted by a huge page more than the one before.
                unsafe { mmap(base.cast(), len, prot, flags, &file, first as u64)? };
            }
            let base = NonNull::new(base).ok_or(io::ErrorKind::OutOfMemory)?;
            let end = first + len;
            *place = Some(Place { first, end, base });
            zero = zero.wrapping_add(HUGE);
        }
        let [Some(logic), Some(scene), Some(gpu)] = places else {
            unreachable!("every window was given a place")
        };
        let asked = (0..(bytes / HUGE).div_ceil(32))
            .map(|_| AtomicU32::new(0))
            .collect();
        Ok(Shared {
            places: [logic, scene, gpu],
            file,
            asked,
            reservation,
        })
    }

    pub(crate) fn base(&self, pool: usize) -> NonNull<u8> {
        self.places[pool].base
    }

    /// All addresses that belong to the arena, guards included.
    pub(crate) fn reach(&self) -> Range<usize> {
        let start = self.reservation.start.addr();
        start..start + self.reservation.bytes
    }

    /// The file, and the byte of it at which a pool's window begins.
    pub(crate) fn file(&self, pool: usize) -> (&OwnedFd, usize) {
        (&self.file, self.places[pool].first)
    }

    /// The window that a range of the file lies in.
    #[inline]
    fn place(&self, offset: usize, bytes: usize) -> &Place {
        let within = |place: &&Place| place.first <= offset && offset + bytes <= place.end;
        let found = self.places.iter().find(within);
        found.expect("a run lies within its pool's window")
    }

    /// See [`Mapping::protect`](super::Mapping::protect).
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn protect(
        &self,
        offset: usize,
        bytes: usize,
        access: Access,
    ) -> io::Result<()> {
        let flags = match access {
            Access::None => MprotectFlags::empty(),
            Access::Read => MprotectFlags::READ,
            Access::Write => MprotectFlags::READ | MprotectFlags::WRITE,
        };
        let start = self.place(offset, bytes).address(offset);
        // SAFETY: the range lies within a window that is mapped; who uses it meanwhile is the caller's promise.
        unsafe { mprotect(start.as_ptr().cast(), bytes, flags)? };
        Ok(())
    }

    /// See [`Mapping::give_back`](super::Mapping::give_back), whose contract this is. Whole huge pages only: a hole in one would split
    /// it into small ones for good.
    ///
    /// # Safety
    /// The range lies within the mapping, starts and ends on pages, and nobody uses it meanwhile.
    pub(crate) unsafe fn give_back(&self, offset: usize, bytes: usize) -> Range<usize> {
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
        if bytes == 0 {
            return;
        }
        let place = self.place(offset, bytes);
        // Whole ones of this window only: others cannot be put into one piece.
        let whole = place.first.div_ceil(HUGE)..place.end / HUGE;
        let touched = offset / HUGE..(offset + bytes).div_ceil(HUGE);
        for huge in touched.start.max(whole.start)..touched.end.min(whole.end) {
            // Relaxed: see `give_back`. Reading first keeps the line shared in the usual case.
            if self.asked[huge / 32].load(Ordering::Relaxed) >> (huge % 32) & 1 == 0 {
                self.ask(place, huge);
            }
        }
    }

    #[cold]
    fn ask(&self, place: &Place, huge: usize) {
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
                let start = place.address(huge * HUGE).as_ptr().cast();
                madvise_raw(start, HUGE, MADV_COLLAPSE)
            };
        }
    }

    pub(crate) fn prefault(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let start = self.place(offset, bytes).address(offset).as_ptr();
        // SAFETY: the range lies within the mapping (callers pass checked runs), and the advice commits pages as a
        // write would while it leaves their contents alone, so it is harmless to whoever uses the range.
        let advised = unsafe { madvise(start.cast(), bytes, Advice::LinuxPopulateWrite) };
        match advised {
            // Older than Linux 5.14: pages commit on touch, as always.
            Err(Errno::INVAL) => Ok(()),
            other => Ok(other?),
        }
    }
}

impl Place {
    /// The address of a byte of the file that lies within, or just behind.
    #[inline]
    fn address(&self, offset: usize) -> NonNull<u8> {
        debug_assert!(self.first <= offset && offset <= self.end);
        // SAFETY: within the window that is mapped at `base`, or just behind it.
        unsafe { self.base.add(offset - self.first) }
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
