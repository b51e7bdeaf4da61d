//! Writes down what a program asks of its allocator.

use std::alloc::{GlobalAlloc, Layout};
use std::collections::HashMap;

use super::{ALIGN_MAX, Op, Slots, Trace};
use crate::sync::process::{Mutex, MutexGuard};

/// An allocator whose calls are written down between [`start`](Recorder::start) and [`stop`](Recorder::stop), from all threads, in one order. While it
/// writes, calls wait for each other.
#[derive(Copy, Clone, Debug, Default)]
pub struct Recorder<A>(pub A);

/// A call with addresses, as they come.
#[derive(Copy, Clone)]
struct Event {
    /// What was allocated before, 0 for nothing.
    old: usize,
    /// What is allocated after, 0 for nothing.
    new: usize,
    size: usize,
    align: u32,
    zeroed: bool,
}

/// Events so far. Its memory was made before recording began, so that writing one down allocates nothing.
static EVENTS: Mutex<Option<Vec<Event>>> = Mutex::new(None);

impl<A> Recorder<A> {
    /// Begins to record, up to `calls` calls; what comes after those is not written down.
    pub fn start(calls: usize) {
        let events = Vec::with_capacity(calls);
        *lock() = Some(events);
    }

    /// Ends recording. What was allocated before the start does not show; what was not freed stays. Alignments above 64 KiB and sizes from 2 GiB on
    /// are left out.
    pub fn stop() -> Trace {
        let events = lock().take().unwrap_or_default();
        Trace::new(ops(&events)).unwrap_or_default()
    }
}

fn lock() -> MutexGuard<'static, Option<Vec<Event>>> {
    EVENTS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Makes a call, and writes it down if recording.
fn recorded(
    call: impl FnOnce() -> *mut u8,
    event: impl FnOnce(*mut u8) -> Option<Event>,
) -> *mut u8 {
    // The guard stays while the call is made, so that what it frees is not given to another thread before that is written down.
    let mut events = lock();
    let place = call();
    if let Some(events) = events.as_mut()
        && events.len() < events.capacity()
        && let Some(event) = event(place)
    {
        events.push(event);
    }
    drop(events);
    place
}

/// The calls of the events, with slots for addresses.
fn ops(events: &[Event]) -> Vec<Op> {
    let (mut slots, mut places) = (Slots::default(), HashMap::new());
    let mut ops = Vec::with_capacity(events.len());
    for event in events {
        let fits = event.align <= ALIGN_MAX && event.size < i32::MAX as usize - ALIGN_MAX as usize;
        let (size, align) = (event.size as u32, event.align);
        let slot = places.remove(&event.old);
        match (slot, event.new) {
            (Some(slot), new) if new != 0 && fits => {
                ops.push(Op::Realloc { slot, size });
                places.insert(new, slot);
            }
            (Some(slot), _) => {
                ops.push(Op::Free { slot });
                slots.empty(slot);
            }
            (None, new) if new != 0 && fits => {
                ops.push(if event.zeroed {
                    Op::AllocZeroed { size, align }
                } else {
                    Op::Alloc { size, align }
                });
                places.insert(new, slots.fill());
            }
            _ => {}
        }
    }
    ops
}

fn event(old: *mut u8, new: *mut u8, layout: Layout, zeroed: bool) -> Event {
    Event {
        old: old.addr(),
        new: new.addr(),
        size: layout.size(),
        align: layout.align() as u32,
        zeroed,
    }
}

const NOTHING: *mut u8 = std::ptr::null_mut();

// SAFETY: every call goes to the allocator behind with the arguments it came with, and its answer is returned unchanged. Writing down
// neither allocates (the memory is there) nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Recorder<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        recorded(
            // SAFETY: the caller keeps the contract, which is that of the allocator behind.
            || unsafe { self.0.alloc(layout) },
            |new| (!new.is_null()).then(|| event(NOTHING, new, layout, false)),
        )
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        recorded(
            // SAFETY: as above.
            || unsafe { self.0.alloc_zeroed(layout) },
            |new| (!new.is_null()).then(|| event(NOTHING, new, layout, true)),
        )
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        recorded(
            // SAFETY: as above, and `place` came from there.
            || unsafe { self.0.realloc(place, layout, size) },
            |new| {
                let wanted = Layout::from_size_align(size, layout.align()).ok()?;
                (!new.is_null()).then(|| event(place, new, wanted, false))
            },
        )
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        recorded(
            || {
                // SAFETY: as above, and `place` came from there.
                unsafe { self.0.dealloc(place, layout) };
                NOTHING
            },
            |_| Some(event(place, NOTHING, layout, false)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;

    #[test]
    fn calls_are_written_down_and_foreign_ones_left_out() {
        let recorder = Recorder(System);
        let layout = |size| Layout::from_size_align(size, 16).unwrap();
        // SAFETY: each place is used with its layout and freed once.
        let trace = unsafe {
            let before = recorder.alloc(layout(10));
            Recorder::<System>::start(6);
            let one = recorder.alloc(layout(20));
            let two = recorder.alloc_zeroed(layout(30));
            recorder.dealloc(before, layout(10));
            let one = recorder.realloc(one, layout(20), 4_000);
            recorder.dealloc(two, layout(30));
            let three = recorder.alloc(layout(50));
            // The seventh call is over what was asked for.
            recorder.dealloc(three, layout(50));
            let trace = Recorder::<System>::stop();
            recorder.dealloc(one, layout(4_000));
            trace
        };
        let (align, slot) = (16, 0);
        assert_eq!(
            trace.ops(),
            [
                Op::Alloc { size: 20, align },
                Op::AllocZeroed { size: 30, align },
                Op::Realloc { slot, size: 4_000 },
                Op::Free { slot: 1 },
                Op::Alloc { size: 50, align },
            ]
        );
    }
}
