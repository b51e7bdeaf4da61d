//! Slices that one worker lends to all others for the rest of the frame.
//!
//! A [`FrameSlice`] is plain data without a lifetime, so it can be kept in resources, sent to threads and forgotten. Reading needs a
//! [`FrameGuard`], which borrows the scratch (or the [set](super::ScratchSet) of all workers' scratches) and so proves that nothing
//! is vented meanwhile. Slice and guard carry a stamp that is unique to scratch and frame in this process; where the stamps
//! differ the memory may be anyone's by now, and the answer is an error that names both frames. The frame's number alone would not
//! do: it comes round after 2^32 frames, and another scratch has the same numbers.
//!
//! **Why no atomics.** Bytes are written before the handle exists and never again in this frame, while the owner bumps on elsewhere.
//! Whatever brought the handle to another thread (a job's start, a channel, a lock) ordered those writes before its reads.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

use crate::MemoryError;

/// The permission to read what was lent in one frame, while that frame lasts. Cheap to copy, may be sent to threads.
#[derive(Copy, Clone, Debug)]
pub struct FrameGuard<'f> {
    frame: u32,
    stamp: u64,
    scratch: PhantomData<&'f ()>,
}

impl FrameGuard<'_> {
    /// # Safety
    /// `stamp` is that of a scratch (or set) in its present frame, borrowed for the guard's lifetime.
    #[inline]
    pub(super) unsafe fn new(frame: u32, stamp: u64) -> Self {
        FrameGuard {
            frame,
            stamp,
            scratch: PhantomData,
        }
    }

    /// Number of the frame.
    pub fn frame(&self) -> u32 {
        self.frame
    }
}

/// Values in some worker's scratch, readable in the frame in which they were lent.
///
/// ```
/// use layerw_memory::{Arena, MemoryConfig, Scratch};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let mut scratch = Scratch::new(&arena, 0, 1 << 20)?;
/// let lent = scratch.lend(&[1, 2, 3]);
/// assert_eq!(lent.get(scratch.guard())?, [1, 2, 3]);
/// scratch.vent();
/// assert_eq!(
///     lent.get(scratch.guard()).unwrap_err().to_string(),
///     "memory: a slice lent in frame 0 is read in frame 1, but what is lent lasts one frame; \
///      lend it again in this frame",
/// );
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
pub struct FrameSlice<T> {
    first: NonNull<T>,
    len: usize,
    stamp: u64,
    frame: u32,
}

// SAFETY: the handle gives out `&T` only, to whoever has a guard, which `T: Sync` allows on any thread.
unsafe impl<T: Sync> Send for FrameSlice<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for FrameSlice<T> {}

/// A stamp that no scratch ever has: they count from 1.
const NEVER: u64 = 0;

impl<T> FrameSlice<T> {
    /// # Safety
    /// `first` leads to `len` initialised values in the scratch (or set) of the guard, and nobody writes to them in this frame.
    #[inline]
    pub(super) unsafe fn new(first: NonNull<T>, len: usize, guard: FrameGuard<'_>) -> Self {
        FrameSlice {
            first,
            len,
            stamp: guard.stamp,
            frame: guard.frame,
        }
    }

    /// The values.
    ///
    /// # Errors
    /// [`MemoryError::Stale`] when they were lent in another frame, or by a scratch that the guard is not of.
    #[inline]
    pub fn get<'f>(&self, guard: FrameGuard<'f>) -> Result<&'f [T], MemoryError> {
        if self.stamp != guard.stamp {
            return Err(self.stale(guard));
        }
        // SAFETY: the guard's stamp says that the values were lent in the present frame of a scratch that is borrowed for 'f, so the
        // memory is still theirs, initialised and written by nobody, until 'f ends.
        Ok(unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) })
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of the frame in which they were lent.
    pub fn frame(&self) -> u32 {
        self.frame
    }

    #[cold]
    fn stale(&self, guard: FrameGuard<'_>) -> MemoryError {
        MemoryError::Stale {
            what: "slice",
            lent: self.frame,
            now: guard.frame,
        }
    }
}

/// Nothing, lent never: reading it is an error in every frame, as with any slice from before. For structs whose slices are lent later.
impl<T> Default for FrameSlice<T> {
    fn default() -> Self {
        FrameSlice {
            first: NonNull::dangling(),
            len: 0,
            stamp: NEVER,
            frame: 0,
        }
    }
}

impl<T> Clone for FrameSlice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FrameSlice<T> {}

impl<T> fmt::Debug for FrameSlice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameSlice")
            .field("len", &self.len)
            .field("frame", &self.frame)
            .finish_non_exhaustive()
    }
}
