//! Scratch: memory for the frame, one bump pointer per worker, no lock, nothing to free.
//!
//! ```text
//!   spent blocks        the block in use            blocks kept for later in the frame
//!  |■■■■■■■■■■■■|    |■■■■■■■·············|    |··············|
//!                            ^ cursor     ^ end
//! ```
//!
//! - **Allocating** aligns the cursor, compares with the end and stores the cursor: the fast path. When the block is full, the next
//!   kept one is taken, or pages are reserved from the Scene pool: the cold path (`blocks`).
//! - **Venting** puts the cursor back to the first block. Blocks stay with their worker, so the next frame writes to memory that is
//!   in its cache; a block unused for many frames goes back to the pool. Cost: per block, not per object.
//! - **Nothing survives.** What `alloc` returns borrows the scratch, and [`vent`](Scratch::vent) needs it exclusively: a
//!   reference kept across frames does not compile. Values are `Copy`, so nothing needs dropping.
//! - **Sharing.** A scratch belongs to one thread at a time. [`Scratch::lend`] makes a [`FrameSlice`], plain data that any
//!   thread may read in the same frame while the owner goes on allocating: what was lent is never written again.
//!
//! Debug builds fill what was used with [`POISON`] on vent; [protection](crate::protect) makes it inaccessible until it is handed out
//! again, and puts an edge around every block.

mod blocks;
mod lend;
mod set;
#[cfg(all(test, not(feature = "loom")))]
mod tests;
mod vec;

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::num::NonZero;
use std::ptr::NonNull;
use std::slice;

use crate::consts::PAGE;
use crate::sync::stamp;
use crate::{Arena, MemoryError};
use blocks::Blocks;

pub use lend::{FrameGuard, FrameSlice};
pub use set::ScratchSet;
pub use vec::ScratchVec;

/// What debug builds fill vented memory with: a number that stands out in a dump and is no small value of any type.
pub const POISON: u8 = 0xDD;

/// One worker's memory for the frame. See the [module](self). It takes pairs of cache lines (which x86 prefetches together) for itself, so that the
/// cursors of two workers never share one.
///
/// ```
/// use layerw_memory::{Arena, MemoryConfig, Scratch};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let mut scratch = Scratch::new(&arena, 0, 1 << 20)?;
/// let squares = scratch.alloc_slice_with(4, |i| i * i);
/// squares[0] = 100;
/// assert_eq!(squares, [100, 1, 4, 9]);
/// scratch.vent();                                 // `squares` may not be used from here on
/// assert_eq!((scratch.frame(), scratch.used()), (1, 0));
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
#[repr(align(128))]
pub struct Scratch {
    /// Where the next allocation begins, before alignment. Carries the right to the whole mapping.
    cursor: Cell<NonNull<u8>>,
    /// Address behind the block in use. Always on a page, which the fast path leans on.
    end: Cell<usize>,
    /// What to add to the cursor's address for the bytes used in this frame; wraps.
    origin: Cell<usize>,
    blocks: RefCell<Blocks>,
    peak: Cell<u64>,
    frame: u32,
    /// Unique to this scratch (or its set) and frame: what a lent slice is recognised by.
    stamp: u64,
}

// SAFETY: all that the pointers lead to is pages of this scratch's own owner, which nobody else can recycle; no other thread
// holds references into them but readers of lent slices, who keep the scratch borrowed. Everything else is Send by itself.
unsafe impl Send for Scratch {}

impl Scratch {
    /// Scratch of one worker, with at most this many bytes of the Scene pool. Takes no pages before they are needed. Its owner
    /// in the table is named `scratch N` after the worker, so one arena has one scratch per worker at a time.
    ///
    /// # Errors
    /// Those of [`Pool::owner`](crate::Pool::owner).
    pub fn new(arena: &Arena, worker: usize, budget_bytes: u64) -> Result<Scratch, MemoryError> {
        let blocks = Blocks::new(arena, worker, budget_bytes)?;
        let nowhere = arena.scene().base();
        Ok(Scratch {
            cursor: Cell::new(nowhere),
            end: Cell::new(nowhere.addr().get()),
            origin: Cell::new(origin(nowhere, 0)),
            blocks: RefCell::new(blocks),
            peak: Cell::new(0),
            frame: 0,
            stamp: stamp(),
        })
    }

    /// Moves a value into scratch.
    ///
    /// # Panics
    /// With the message of [`try_alloc_layout`](Self::try_alloc_layout)'s error when the budget is spent; so do all that follow.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "every call returns memory that no other call returned in this frame"
    )]
    pub fn alloc<T: Copy>(&self, value: T) -> &mut T {
        let slot = self.place(Layout::new::<T>()).cast::<T>();
        // SAFETY: `place` gave memory of T's size and alignment that is in use for nothing else until the next vent, which needs
        // `&mut self` and so waits for the returned borrow; it is initialised here.
        unsafe {
            slot.write(value);
            &mut *slot.as_ptr()
        }
    }

    /// Copies a slice into scratch.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "every call returns memory that no other call returned in this frame"
    )]
    pub fn alloc_slice_copy<T: Copy>(&self, values: &[T]) -> &mut [T] {
        let first = self.place(Layout::for_value(values)).cast::<T>();
        // SAFETY: `place` gave memory for so many values that is in use for nothing else until the next vent, as in `alloc`; it
        // cannot overlap `values`, which is live. All of it is initialised here.
        unsafe {
            first.copy_from_nonoverlapping(NonNull::from_ref(values).cast(), values.len());
            slice::from_raw_parts_mut(first.as_ptr(), values.len())
        }
    }

    /// Fills a slice in scratch from a function of the index. The function may allocate from the same scratch.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "every call returns memory that no other call returned in this frame"
    )]
    pub fn alloc_slice_with<T: Copy>(
        &self,
        len: usize,
        mut value: impl FnMut(usize) -> T,
    ) -> &mut [T] {
        let first = self.place_array::<T>(len);
        for index in 0..len {
            // SAFETY: `place_array` gave memory for `len` values that is in use for nothing else, also while `value` allocates.
            unsafe { first.add(index).write(value(index)) };
        }
        // SAFETY: all `len` values were written above, and the memory is in use for nothing else until the next vent, as in `alloc`.
        unsafe { slice::from_raw_parts_mut(first.as_ptr(), len) }
    }

    /// Memory for a layout, until the next vent. Contents are unspecified but initialised bytes.
    ///
    /// # Errors
    /// [`MemoryError::OverBudget`] or [`Exhausted`](MemoryError::Exhausted) when no pages are to be had,
    /// [`Alignment`](MemoryError::Alignment) for more than a page's. Scratch stays usable.
    #[inline]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        match self.bump(layout) {
            Some(start) => Ok(start),
            None => self.refill(layout),
        }
    }

    /// An empty vector with room for so many values, growing in scratch.
    #[inline]
    pub fn vec<T: Copy>(&self, capacity: usize) -> ScratchVec<'_, T> {
        ScratchVec::new(self, capacity)
    }

    /// Copies a slice into scratch for others to read in this frame: any thread that has a [`FrameGuard`] of it.
    /// [`ScratchVec::lend`] does it without the copy.
    #[inline]
    pub fn lend<T: Copy + Sync>(&self, values: &[T]) -> FrameSlice<T> {
        let first = self.place(Layout::for_value(values)).cast::<T>();
        // SAFETY: as in `alloc_slice_copy`.
        unsafe { first.copy_from_nonoverlapping(NonNull::from_ref(values).cast(), values.len()) };
        // SAFETY: the values were written above, and nobody else learns of this memory.
        unsafe { FrameSlice::new(first, values.len(), self.guard()) }
    }

    /// The permission to read what this scratch lent in this frame. While it is used the scratch cannot be vented.
    #[inline]
    pub fn guard(&self) -> FrameGuard<'_> {
        // SAFETY: the guard borrows this scratch, whose memory stays as it is until it is vented or dropped.
        unsafe { FrameGuard::new(self.frame, self.stamp) }
    }

    /// Number of the frame: counts vents, and goes from `u32::MAX` to 0.
    #[inline]
    pub fn frame(&self) -> u32 {
        self.frame
    }

    /// Bytes used in this frame, with gaps for alignment. Two loads: cheap enough to ask before and after every job.
    #[inline]
    pub fn used(&self) -> u64 {
        self.cursor
            .get()
            .addr()
            .get()
            .wrapping_add(self.origin.get()) as u64
    }

    /// Most bytes that a frame used.
    pub fn peak(&self) -> u64 {
        self.peak.get().max(self.used())
    }

    /// Ends the frame: all that was allocated is gone, and its memory is used again in the next frame.
    pub fn vent(&mut self) {
        self.vent_to(self.frame.wrapping_add(1));
    }

    /// As [`vent`](Self::vent), with the number of the frame that begins: after a restore it need not be the next one.
    pub fn vent_to(&mut self, frame: u32) {
        self.vent_as(frame, stamp());
    }

    /// Gives blocks that this frame has not used back to the pool.
    pub fn trim(&mut self) {
        self.blocks.get_mut().trim();
    }

    fn vent_as(&mut self, frame: u32, stamp: u64) {
        self.peak.set(self.peak());
        let (cursor, end) = self.blocks.get_mut().rewind(self.cursor.get());
        self.cursor.set(cursor);
        self.end.set(end);
        self.origin.set(origin(cursor, 0));
        self.frame = frame;
        self.stamp = stamp;
    }

    /// Memory for a layout, or the panic that says who holds what.
    #[inline(always)]
    fn place(&self, layout: Layout) -> NonNull<u8> {
        match self.bump(layout) {
            Some(start) => start,
            None => self.refill_or_panic(layout),
        }
    }

    #[inline(always)]
    fn place_array<T>(&self, len: usize) -> NonNull<T> {
        // Too many for the address space is too many for every budget: let the cold path refuse it with names.
        let layout = Layout::array::<T>(len).unwrap_or(TOO_LARGE);
        self.place(layout).cast()
    }

    /// The fast path. `None` when the block in use has no room.
    #[inline(always)]
    fn bump(&self, layout: Layout) -> Option<NonNull<u8>> {
        let (size, align) = (layout.size(), layout.align());
        if align > PAGE {
            return None;
        }
        let cursor = self.cursor.get();
        let start = cursor.addr().get().wrapping_add(align - 1) & !(align - 1);
        // `end` is a multiple of every alignment up to a page and not before the cursor, so aligning never passes it and
        // the difference does not wrap. (Nor does the addition: no block is the last page of the address space.)
        if size > self.end.get() - start {
            return None;
        }
        // SAFETY: `start` is at least the cursor's address, which is not zero.
        let start = cursor.with_addr(unsafe { NonZero::new_unchecked(start) });
        // SAFETY: `start + size` is at most the end of the block, within the mapping.
        self.cursor.set(unsafe { start.add(size) });
        Some(start)
    }

    /// Lengthens the allocation that ends at `end` by `bytes`, if it is the last one and the block has room.
    #[inline]
    fn extend_in_place(&self, end: NonNull<u8>, bytes: usize) -> bool {
        let cursor = self.cursor.get();
        let fits = cursor == end && bytes <= self.end.get() - cursor.addr().get();
        if fits {
            // SAFETY: at most the end of the block, within the mapping.
            self.cursor.set(unsafe { cursor.add(bytes) });
        }
        fits
    }

    #[cold]
    #[inline(never)]
    fn refill(&self, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        let mut blocks = self.blocks.borrow_mut();
        let taken = blocks.take(layout, self.cursor.get(), self.end.get())?;
        self.cursor.set(taken.cursor);
        self.end.set(taken.end);
        self.origin
            .set(origin(taken.cursor, blocks.used(taken.cursor)));
        Ok(taken.start)
    }

    #[cold]
    #[inline(never)]
    fn refill_or_panic(&self, layout: Layout) -> NonNull<u8> {
        self.refill(layout)
            .unwrap_or_else(|refused| panic!("{refused}"))
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Scratch");
        text.field("frame", &self.frame)
            .field("used", &self.used())
            .finish_non_exhaustive()
    }
}

/// See [`Scratch::origin`].
fn origin(cursor: NonNull<u8>, used: u64) -> usize {
    (used as usize).wrapping_sub(cursor.addr().get())
}

/// More than any arena holds.
const TOO_LARGE: Layout = match Layout::from_size_align(isize::MAX as usize, 1) {
    Ok(layout) => layout,
    Err(_) => panic!("the largest size has a layout"),
};
