//! Reading: what a frame wanted and found, while the frame lasts.

use std::fmt;
use std::slice;

use super::{StreamError, StreamRegion};

/// The permission to read the items of a frame. Borrows the region, so no slot is given away meanwhile. Cheap to copy, may be sent to threads.
#[derive(Copy, Clone)]
pub struct Reader<'r> {
    pub(super) region: &'r StreamRegion,
    pub(super) frame: u64,
    pub(super) stamp: u64,
}

/// Where an item is, in one frame: plain data that can be kept in lists and sent to threads. Reading takes a [`Reader`] of the same frame;
/// in every other, and with that of another region, it is an error.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Held {
    key: u64,
    frame: u64,
    stamp: u64,
    slot: u32,
}

impl<'r> Reader<'r> {
    /// An item that this frame wanted and that is there. What a frame has not wanted it cannot read, because that may be overwritten while the
    /// frame is in flight.
    pub fn find(&self, key: u64) -> Option<Held> {
        let slot = self.region.readable(key, self.frame)?;
        let &Reader { frame, stamp, .. } = self;
        Some(Held {
            key,
            frame,
            stamp,
            slot,
        })
    }

    /// The bytes of an item: a whole slot.
    ///
    /// # Errors
    /// [`StreamError::Stale`] for a handle found in another frame or region.
    pub fn get(&self, held: Held) -> Result<&'r [u8], StreamError> {
        let start = self.region.address(self.slot_of(held)?);
        // SAFETY: the stamp says that the slot was found in this frame of this region: it is sealed, and nobody writes to it while the
        // region is borrowed, since `fills` borrows it exclusively.
        Ok(unsafe { slice::from_raw_parts(start.as_ptr(), self.region.granularity() as usize) })
    }

    /// [`find`](Self::find) and [`get`](Self::get) in one.
    pub fn bytes(&self, key: u64) -> Option<&'r [u8]> {
        self.get(self.find(key)?).ok()
    }

    /// Where an item begins, in bytes from the pool's base: for devices that address memory by offset. Holds until the frame retires.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn offset(&self, held: Held) -> Result<u64, StreamError> {
        let slot = self.slot_of(held)?;
        Ok(self.region.run().offset() + u64::from(slot) * self.region.granularity())
    }

    /// The frame.
    pub fn frame(&self) -> u64 {
        self.frame
    }

    fn slot_of(&self, held: Held) -> Result<u32, StreamError> {
        if held.stamp == self.stamp {
            return Ok(held.slot);
        }
        Err(StreamError::Stale {
            region: self.region.name().to_owned(),
            key: held.key,
            found: held.frame,
            now: self.frame,
        })
    }
}

impl Held {
    /// The item.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// The slot, counted from the region's start.
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// The frame in which it was found.
    pub fn frame(&self) -> u64 {
        self.frame
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Reader(frame {} of {:?})",
            self.frame,
            self.region.name()
        )
    }
}
