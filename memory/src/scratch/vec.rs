//! A vector in scratch. It grows where it stands while it is the last thing allocated, and moves otherwise; the memory it
//! leaves behind comes back at the next vent.

use std::fmt;
use std::mem::{MaybeUninit, size_of};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

use super::{FrameSlice, Scratch};

/// A growable array of `Copy` values that lives until its scratch is vented. Made by [`Scratch::vec`].
pub struct ScratchVec<'f, T> {
    scratch: &'f Scratch,
    first: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<'f, T: Copy> ScratchVec<'f, T> {
    #[inline]
    pub(super) fn new(scratch: &'f Scratch, capacity: usize) -> Self {
        ScratchVec {
            scratch,
            first: scratch.place_array(capacity),
            len: 0,
            capacity,
        }
    }

    /// Appends a value.
    ///
    /// # Panics
    /// When the scratch's budget is spent, like all that grow.
    #[inline]
    pub fn push(&mut self, value: T) {
        if self.len == self.capacity {
            self.grow(1);
        }
        // SAFETY: there is room for one more value, and all of the vector's memory is its own.
        unsafe { self.first.add(self.len).write(value) };
        self.len += 1;
    }

    /// Appends copies of all values.
    #[inline]
    pub fn extend_from_slice(&mut self, values: &[T]) {
        self.reserve(values.len());
        // SAFETY: there is room for so many more values, in memory that is the vector's own and so apart from `values`.
        unsafe {
            let end = self.first.add(self.len);
            end.copy_from_nonoverlapping(NonNull::from_ref(values).cast(), values.len());
        }
        self.len += values.len();
    }

    /// Makes room for `more` values.
    #[inline]
    pub fn reserve(&mut self, more: usize) {
        if more > self.capacity - self.len {
            self.grow(more);
        }
    }

    /// Takes the last value off.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.as_slice().last().copied();
        self.len = self.len.saturating_sub(1);
        last
    }

    /// Shortens to `len` values; nothing when it is shorter already.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets all values and keeps the room.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Values that fit without growing.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The room behind the values, for those who fill it in place and then call [`set_len`](Self::set_len).
    #[inline]
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: `len` is at most `capacity`, so the start lies within or just behind the vector's memory.
        let start = unsafe { self.first.add(self.len) };
        // SAFETY: the rest of the capacity is the vector's own memory, borrowed exclusively; it may be uninitialised.
        unsafe { slice::from_raw_parts_mut(start.as_ptr().cast(), self.capacity - self.len) }
    }

    /// Says how many values there are.
    ///
    /// # Safety
    /// `len` is at most the capacity, and the first `len` values were written.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.capacity);
        self.len = len;
    }

    /// The values.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the first `len` values are initialised, and the memory is the vector's own until the next vent, which the
        // borrow of the scratch rules out.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }

    /// The values, to change.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`; the vector is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.first.as_ptr(), self.len) }
    }

    /// The values, for the rest of the frame.
    #[inline]
    pub fn into_slice(self) -> &'f mut [T] {
        // SAFETY: as in `as_slice`; the vector, sole owner of the memory, is gone.
        unsafe { slice::from_raw_parts_mut(self.first.as_ptr(), self.len) }
    }

    /// Lends the values to all who read in this frame; see [`Scratch::lend`]. Copies nothing: they cannot change any more.
    #[inline]
    pub fn lend(self) -> FrameSlice<T>
    where
        T: Sync,
    {
        // SAFETY: the first `len` values are initialised, and the vector, sole owner of the memory, is gone.
        unsafe { FrameSlice::new(self.first, self.len, self.scratch.guard()) }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        // Saturated sizes are refused by the scratch with names; values without size have room for ever.
        let needed = self.len.saturating_add(more);
        if size_of::<T>() == 0 {
            self.capacity = usize::MAX;
            return;
        }
        let comfortable = needed.max(self.capacity.saturating_mul(2)).max(8);
        // SAFETY: the capacity was allocated, so its end lies within or just behind the same block.
        let end = unsafe { self.first.add(self.capacity) }.cast::<u8>();
        for capacity in [comfortable, needed] {
            let bytes = (capacity - self.capacity).saturating_mul(size_of::<T>());
            if self.scratch.extend_in_place(end, bytes) {
                self.capacity = capacity;
                return;
            }
        }
        let moved = self.scratch.place_array::<T>(comfortable);
        // SAFETY: the old memory holds `len` values, the new has room for more, and the two are different allocations.
        unsafe { moved.copy_from_nonoverlapping(self.first, self.len) };
        (self.first, self.capacity) = (moved, comfortable);
    }
}

impl<T: Copy> Deref for ScratchVec<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Copy> DerefMut for ScratchVec<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T: Copy> Extend<T> for ScratchVec<'_, T> {
    #[inline]
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        let values = values.into_iter();
        self.reserve(values.size_hint().0);
        values.for_each(|value| self.push(value));
    }
}

impl<'v, T: Copy> IntoIterator for &'v ScratchVec<'_, T> {
    type Item = &'v T;
    type IntoIter = slice::Iter<'v, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for ScratchVec<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}
