//! Makes a trace's calls of an allocator.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;

use super::{Op, Slots, Trace, TraceError};
use crate::sync::process::{Mutex, MutexGuard};

/// A trace and the allocator to make its calls of.
pub struct Replay<'t, A> {
    trace: &'t Trace,
    /// For each allocating call and the others their slots, found beforehand.
    slots: Vec<u32>,
    allocator: A,
    /// What others left to each worker to free. In here, so that it is freed by the allocator that it came from.
    boxes: Vec<Mutex<Vec<Parcel>>>,
}

/// An allocation, and the bytes that it begins with.
#[derive(Copy, Clone)]
struct Parcel {
    place: NonNull<u8>,
    layout: Layout,
    mark: u64,
}

// SAFETY: an allocation may be used and freed by any thread, one at a time.
unsafe impl Send for Parcel {}

/// Parcels that are put into another's box at once.
const PARCELS: usize = 64;

/// Bytes between two that are touched: the smallest page of a host.
const TOUCHED: usize = 4_096;

impl<'t, A: GlobalAlloc> Replay<'t, A> {
    /// Prepares: what [`run`](Self::run) does then is calls and little else.
    pub fn new(trace: &'t Trace, allocator: A) -> Replay<'t, A> {
        let mut slots = Slots::default();
        Replay {
            trace,
            slots: trace.ops.iter().map(|&op| slots.apply(op)).collect(),
            allocator,
            boxes: Vec::new(),
        }
    }

    /// For this many workers at once.
    pub fn workers(self, workers: usize) -> Replay<'t, A> {
        let room = || Mutex::new(Vec::with_capacity(16 * PARCELS));
        Replay {
            boxes: (0..workers).map(|_| room()).collect(),
            ..self
        }
    }

    /// Makes all calls, and frees what is left. Each allocation is touched once per 4 KiB and marked at its start; the mark is checked when
    /// it is resized and freed.
    ///
    /// # Errors
    /// [`TraceError::Refused`] and [`TraceError::Lost`]. What was allocated until then is freed.
    pub fn run(&self) -> Result<(), TraceError> {
        self.replay(|call, _, parcel| self.free(call, parcel))
    }

    /// As [`run`](Self::run), on one of several [`workers`](Self::workers) at once: every fourth free is left to the next worker. What is still left when all
    /// have ended is freed by [`collect`](Self::collect).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Panics
    /// When there are not as many workers.
    pub fn run_passing(&self, worker: usize) -> Result<(), TraceError> {
        assert!(
            worker < self.boxes.len(),
            "trace: worker {worker} of {}; ask for more with `workers`",
            self.boxes.len()
        );
        let next = (worker + 1) % self.boxes.len();
        let mut out = Vec::with_capacity(PARCELS);
        let mut arrived = Vec::with_capacity(16 * PARCELS);
        let result = self.replay(|call, slot, parcel| {
            if slot % 4 != 0 {
                return self.free(call, parcel);
            }
            out.push(parcel);
            if out.len() < PARCELS {
                return Ok(());
            }
            self.post(next, &mut out);
            self.exchange(worker, &mut arrived);
            arrived
                .drain(..)
                .try_for_each(|parcel| self.free(call, parcel))
        });
        self.post(next, &mut out);
        result
    }

    /// Frees what nobody took out of the boxes.
    ///
    /// # Errors
    /// [`TraceError::Lost`].
    pub fn collect(&self) -> Result<(), TraceError> {
        let mut rest = Vec::new();
        for worker in 0..self.boxes.len() {
            self.exchange(worker, &mut rest);
            rest.drain(..)
                .try_for_each(|parcel| self.free(self.trace.ops.len(), parcel))?;
        }
        Ok(())
    }

    /// Gives a worker's box for one that is empty.
    fn exchange(&self, worker: usize, parcels: &mut Vec<Parcel>) {
        std::mem::swap(&mut *self.open(worker), parcels);
    }

    fn post(&self, worker: usize, parcels: &mut Vec<Parcel>) {
        self.open(worker).append(parcels);
    }

    fn open(&self, worker: usize) -> MutexGuard<'_, Vec<Parcel>> {
        let parcels = &self.boxes[worker];
        parcels
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn replay(
        &self,
        mut free: impl FnMut(usize, u32, Parcel) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        let mut held: Vec<Option<Parcel>> = vec![None; self.trace.slots as usize];
        let mut result = Ok(());
        for (call, (&op, &slot)) in self.trace.ops.iter().zip(&self.slots).enumerate() {
            let here = &mut held[slot as usize];
            let done = match (op, *here) {
                (Op::Alloc { size, align }, _) => self
                    .alloc(call, size, align, false)
                    .map(|parcel| *here = Some(parcel)),
                (Op::AllocZeroed { size, align }, _) => self
                    .alloc(call, size, align, true)
                    .map(|parcel| *here = Some(parcel)),
                (Op::Realloc { size, .. }, Some(parcel)) => self
                    .realloc(call, parcel, size)
                    .map(|parcel| *here = Some(parcel)),
                (Op::Free { .. }, Some(parcel)) => {
                    *here = None;
                    free(call, slot, parcel)
                }
                // A trace is checked when it is made.
                (_, None) => Ok(()),
            };
            if done.is_err() {
                result = done;
                break;
            }
        }
        let call = self.trace.ops.len();
        for parcel in held.into_iter().flatten() {
            result = result.and(self.free(call, parcel));
        }
        result
    }

    fn alloc(
        &self,
        call: usize,
        size: u32,
        align: u32,
        zeroed: bool,
    ) -> Result<Parcel, TraceError> {
        let layout = Layout::from_size_align(size as usize, align as usize)
            .map_err(|_| TraceError::Refused { call, size })?;
        // SAFETY: the size of a trace's allocation is not zero.
        let place = unsafe {
            if zeroed {
                self.allocator.alloc_zeroed(layout)
            } else {
                self.allocator.alloc(layout)
            }
        };
        let place = NonNull::new(place).ok_or(TraceError::Refused { call, size })?;
        let mut parcel = Parcel {
            place,
            layout,
            mark: 0,
        };
        parcel.mark(call, 0);
        Ok(parcel)
    }

    fn realloc(&self, call: usize, parcel: Parcel, size: u32) -> Result<Parcel, TraceError> {
        parcel.check(call)?;
        let Parcel { place, layout, .. } = parcel;
        // SAFETY: allocated with this layout and not freed; the size is checked when a trace is made.
        let moved = unsafe {
            self.allocator
                .realloc(place.as_ptr(), layout, size as usize)
        };
        let place = NonNull::new(moved).ok_or(TraceError::Refused { call, size })?;
        let touched = layout.size();
        let layout = Layout::from_size_align(size as usize, layout.align())
            .map_err(|_| TraceError::Refused { call, size })?;
        let mut moved = Parcel {
            place,
            layout,
            mark: parcel.mark,
        };
        if size >= 8 && touched >= 8 {
            moved.check(call)?;
        }
        moved.mark(call, touched);
        Ok(moved)
    }

    fn free(&self, call: usize, parcel: Parcel) -> Result<(), TraceError> {
        let checked = parcel.check(call);
        // SAFETY: allocated with this layout; parcels are freed once, for they are taken out of where they were held.
        unsafe { self.allocator.dealloc(parcel.place.as_ptr(), parcel.layout) };
        checked
    }
}

impl Parcel {
    /// Writes the call's number to the start, and a byte into each page of the host from `touched` on.
    fn mark(&mut self, call: usize, touched: usize) {
        self.mark = call as u64;
        // SAFETY: within the allocation.
        unsafe {
            if self.layout.size() >= 8 {
                self.place.cast::<u64>().write_unaligned(self.mark);
            } else {
                self.place.write(self.mark as u8);
            }
            for offset in (touched.next_multiple_of(TOUCHED)..self.layout.size())
                .step_by(TOUCHED)
                .filter(|&offset| offset >= 8)
            {
                self.place.add(offset).write(1);
            }
        }
    }

    fn check(&self, call: usize) -> Result<(), TraceError> {
        // SAFETY: within the allocation, which was marked.
        let kept = unsafe {
            if self.layout.size() >= 8 {
                self.place.cast::<u64>().read_unaligned() == self.mark
            } else {
                self.place.read() == self.mark as u8
            }
        };
        if kept {
            Ok(())
        } else {
            Err(TraceError::Lost { call })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::GlobalHeap;

    fn trace() -> Trace {
        let alloc = |number: u32| match number % 3 {
            0 => Op::AllocZeroed {
                size: number,
                align: 1,
            },
            _ => Op::Alloc {
                size: number * 20,
                align: 16,
            },
        };
        let mut ops: Vec<Op> = (1..600).map(alloc).collect();
        ops.extend((0..300).map(|slot| Op::Realloc {
            slot,
            size: 7_000 - slot,
        }));
        ops.extend((0..500).map(|slot| Op::Free { slot }));
        Trace::new(ops).unwrap()
    }

    #[test]
    fn all_is_freed_by_one_and_by_two_that_free_for_each_other() {
        let trace = trace();
        let used = GlobalHeap::new().usage().used;
        let replay = Replay::new(&trace, GlobalHeap::new()).workers(2);
        for _ in 0..20 {
            replay.run().unwrap();
            std::thread::scope(|scope| {
                for worker in 0..2 {
                    let replay = &replay;
                    scope.spawn(move || replay.run_passing(worker).unwrap());
                }
            });
            replay.collect().unwrap();
        }
        // A leak of every round would be more.
        assert!(GlobalHeap::new().usage().used < used + (20 << 20));
    }

    /// Gives the same block to everybody.
    struct Broken(std::cell::UnsafeCell<[u64; 2_000]>);

    // SAFETY: wrong on purpose, but the memory is there and large enough for what the test asks of it.
    unsafe impl GlobalAlloc for Broken {
        unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
            self.0.get().cast()
        }

        unsafe fn dealloc(&self, _place: *mut u8, _layout: Layout) {}

        unsafe fn realloc(&self, place: *mut u8, _layout: Layout, _size: usize) -> *mut u8 {
            place
        }
    }

    #[test]
    fn an_allocator_that_gives_a_block_out_twice_is_caught() {
        let broken = Broken([0; 2_000].into());
        let failed = Replay::new(&trace(), broken).run();
        assert!(matches!(failed, Err(TraceError::Lost { .. })));
    }
}
