//! A second reservation, over which pages of the arena's file are mapped again.

use std::io;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect};

use super::{HUGE, Reservation, Shared};

/// Address space of its own; nothing in it can be touched until it is opened or shown.
#[derive(Debug)]
pub(crate) struct Mirrored {
    base: NonNull<u8>,
    bytes: usize,
    /// Holds the mappings.
    _reservation: Reservation,
}

// SAFETY: addresses of a reservation that this value owns; the system calls made on it are serialised by the kernel.
unsafe impl Send for Mirrored {}
// SAFETY: as above.
unsafe impl Sync for Mirrored {}

impl Mirrored {
    /// A reservation in which byte `window` has the same place in a huge page as the pool has in the file, so that huge pages can be mapped as such.
    pub(crate) fn new(
        shared: &Shared,
        pool: usize,
        bytes: usize,
        window: usize,
    ) -> io::Result<Mirrored> {
        let (_, first) = shared.file(pool);
        let room = bytes
            .checked_add(2 * HUGE)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let reservation = Reservation::new(room)?;
        let start = reservation.start.cast::<u8>();
        let phase = (first % HUGE + HUGE - window % HUGE) % HUGE;
        let base = start.wrapping_add(start.align_offset(HUGE) + phase);
        Ok(Mirrored {
            base: NonNull::new(base).ok_or(io::ErrorKind::OutOfMemory)?,
            bytes,
            _reservation: reservation,
        })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The address of a range that lies within.
    fn at(&self, at: usize, bytes: usize) -> *mut u8 {
        let end = at.checked_add(bytes);
        assert!(
            end.is_some_and(|end| end <= self.bytes),
            "bytes {at}+{bytes} of a mirror of {}",
            self.bytes
        );
        self.base.as_ptr().wrapping_add(at)
    }

    /// Makes a range readable and writable memory of nobody else.
    pub(crate) fn open(&self, at: usize, bytes: usize) -> io::Result<()> {
        let start = self.at(at, bytes).cast();
        // SAFETY: the range lies within the reservation; rights that are added harm nobody.
        unsafe { mprotect(start, bytes, MprotectFlags::READ | MprotectFlags::WRITE)? };
        Ok(())
    }

    /// Maps bytes of the file.
    pub(crate) fn show(
        &self,
        shared: &Shared,
        pool: usize,
        offset: usize,
        at: usize,
        bytes: usize,
        writable: bool,
    ) -> io::Result<()> {
        let (file, first) = shared.file(pool);
        let rights = if writable {
            ProtFlags::READ | ProtFlags::WRITE
        } else {
            ProtFlags::READ
        };
        // Page tables are filled now: what is shown is about to be walked over.
        let flags = MapFlags::SHARED | MapFlags::NORESERVE | MapFlags::FIXED | MapFlags::POPULATE;
        let start = self.at(at, bytes).cast();
        // SAFETY: replaces pages of the reservation only, which this value owns. Whoever touches addresses in it knows what is shown there.
        unsafe { mmap(start, bytes, rights, flags, file, (first + offset) as u64)? };
        Ok(())
    }

    /// Makes a range inaccessible again.
    pub(crate) fn hide(&self, at: usize, bytes: usize) -> io::Result<()> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        let start = self.at(at, bytes).cast();
        // SAFETY: replaces pages of the reservation only, as in `show`.
        unsafe { mmap_anonymous(start, bytes, ProtFlags::empty(), flags)? };
        Ok(())
    }
}
