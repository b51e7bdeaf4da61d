//! The memory of all lanes: one block, cut into equal parts, never freed.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::{Event, LANES_MAX};
use crate::error::TraceError;

/// A place for one event. Who may touch it when is the business of [`lane`](super::lane).
pub(super) type Cell = UnsafeCell<MaybeUninit<Event>>;

/// Room for the events of all lanes.
pub(super) struct Buffers {
    /// `LANES_MAX` parts of `capacity` events.
    cells: Box<[Cell]>,
    capacity: usize,
}

// SAFETY: a cell is written only by the owner of its lane at an index that it has not published yet, and read by others
// only below a length that they acquired; `lane` holds the argument.
unsafe impl Sync for Buffers {}

impl Buffers {
    /// The part of lane `lane`.
    #[inline]
    pub(super) fn of(&self, lane: usize) -> &[Cell] {
        &self.cells[lane * self.capacity..][..self.capacity]
    }
}

/// Makes sure that every lane has room for `events_per_thread`. Only for the holder of the recorder.
pub(super) fn prepare(events_per_thread: usize) -> Result<(), TraceError> {
    let bytes = events_per_thread as u128 * (LANES_MAX * size_of::<Cell>()) as u128;
    let refusal = TraceError::OutOfMemory {
        events_per_thread,
        bytes,
    };
    // Lengths are u32 in a lane's state.
    if events_per_thread > 1 << 31 {
        return Err(refusal);
    }
    let capacity = events_per_thread.next_power_of_two();
    if current().is_some_and(|buffers| buffers.capacity >= capacity) {
        return Ok(());
    }
    let Some(count) = capacity.checked_mul(LANES_MAX) else {
        return Err(refusal);
    };
    let mut cells: Vec<Cell> = Vec::new();
    if cells.try_reserve_exact(count).is_err() {
        return Err(refusal);
    }
    // SAFETY: the capacity is reserved, and a cell of MaybeUninit needs no initial value. (Writing one would touch,
    // and so commit, every page.)
    unsafe { cells.set_len(count) };
    let buffers = Box::leak(Box::new(Buffers {
        cells: cells.into_boxed_slice(),
        capacity,
    }));
    // Release: pairs with the acquire in `current`; the slice and its length are in place.
    BUFFERS.store(buffers, Ordering::Release);
    Ok(())
}

/// The present buffers, if a recording was ever started.
#[inline]
pub(super) fn current() -> Option<&'static Buffers> {
    // SAFETY: the pointer is null or came from Box::leak and is never freed; acquire pairs with the release above.
    unsafe { BUFFERS.load(Ordering::Acquire).as_ref() }
}

static BUFFERS: AtomicPtr<Buffers> = AtomicPtr::new(std::ptr::null_mut());
