//! One worker's share in one scope: the jobs that it holds, how it runs them, and when it shares them.

mod offer;
mod run;
mod stack;

use std::cell::Cell;
use std::ptr;

use layerw_trace::Label;

use super::record::Record;
use super::{Core, Priority};
use crate::board::Slot;
use crate::costs::Key;
use crate::local::Local;
use crate::sync::{Relaxed, spin_loop};
use stack::Segment;
pub(crate) use stack::{Records, Windows};

/// Spawns between two looks at whether sleepers should be called.
const TICKS: u32 = 64;

/// See the module's head. On the worker's stack, in a chain from the innermost scope outwards.
pub(crate) struct Share<'a> {
    here: &'a Local,
    core: &'a Core,
    /// None: nobody helps.
    slot: Option<&'a Slot>,
    /// The share that this worker was at before.
    outer: *const Share<'static>,
    segments: [Segment; 3],
    /// Jobs spawned here.
    spawned: Cell<u32>,
    /// What the first of them was.
    key: Cell<Option<Key>>,
    ticks: Cell<u32>,
    /// When sleepers were called last, in ns.
    called_ns: Cell<u64>,
}

/// Coming and going.
impl<'a> Share<'a> {
    pub(super) fn new(here: &'a Local, core: &'a Core, slot: Option<&'a Slot>) -> Share<'a> {
        let outer = here.share.get();
        // SAFETY: the chain holds shares that are still on this thread's stack, see `enter`.
        let outer_share = unsafe { outer.as_ref() };
        let segments = [0, 1, 2].map(|priority| {
            let base = outer_share.map_or(0, |outer| outer.segments[priority].tail.get());
            Segment::new(base)
        });
        let share = Share {
            here,
            core,
            slot,
            outer,
            segments,
            spawned: Cell::new(0),
            key: Cell::new(None),
            ticks: Cell::new(TICKS),
            called_ns: Cell::new(0),
        };
        for priority in Priority::ALL {
            if let Some(window) = share.window(priority) {
                window.place(share.segments[priority as usize].base, 0);
            }
        }
        share
    }

    /// Makes this the worker's innermost share while `f` runs. When `f` ends it must be empty; `f` must not unwind.
    pub(super) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        // The lifetime is erased for storing; the pointer is taken back below, before `self` can go.
        self.here.share.set(ptr::from_ref(self).cast());
        let result = f();
        for priority in Priority::ALL {
            let segment = &self.segments[priority as usize];
            debug_assert_eq!(segment.private(), 0, "a share that is left is empty");
            if let Some(window) = self.window(priority) {
                // A thief may still copy what it has claimed from the array that others will use next.
                while !window.is_settled() {
                    spin_loop();
                }
            }
        }
        self.here.share.set(self.outer);
        result
    }

    /// The worker's innermost share, if it is one in `core`'s scope.
    #[inline]
    pub(super) fn current<'h>(here: &'h Local, core: &Core) -> Option<&'h Share<'h>> {
        // SAFETY: the innermost share is on this thread's stack, below whoever calls.
        let share = unsafe { here.share.get().as_ref() };
        share.filter(|share| ptr::eq(share.core, core))
    }
}

/// Taking part in a scope that another worker owns.
///
/// # Safety
///
/// `data` is the `Core` of the scope that is posted on `slot`, which the caller is inside of.
pub(super) unsafe fn help(data: *const (), here: &Local, slot: &Slot) {
    // SAFETY: the caller's promise.
    let core = unsafe { &*data.cast::<Core>() };
    let share = Share::new(here, core, Some(slot));
    share.enter(|| share.work());
}

/// Spawning.
impl Share<'_> {
    /// Queues a job. Gives it back if there is no room.
    #[inline]
    pub(super) fn push<F: FnOnce() + Send>(
        &self,
        priority: Priority,
        label: Label,
        job: F,
    ) -> Result<(), F> {
        let segment = &self.segments[priority as usize];
        let tail = segment.tail.get();
        let Some(entry) = self.entries(priority).get(tail as usize) else {
            return Err(job);
        };
        let number = self.spawned.get();
        let record = Record::new(label, number, job, &self.here.pool().cells)?;
        if number == 0 || priority != Priority::Normal {
            self.first(priority, &record);
        }
        // SAFETY: entries from the tail on are this worker's alone.
        entry.with_mut(|entry| unsafe { (*entry).write(record) });
        segment.tail.set(tail + 1);
        self.spawned.set(number.wrapping_add(1));
        let ticks = self.ticks.get() - 1;
        self.ticks.set(ticks);
        if ticks == 0 || self.here.pool().sleep.somebody_looks() {
            self.attend(ticks == 0);
        }
        Ok(())
    }

    /// The first job of a share, or one of a priority that is not usual.
    #[cold]
    fn first(&self, priority: Priority, record: &Record) {
        self.core.used.fetch_or(1 << priority as u32, Relaxed);
        if self.key.get().is_none() {
            let key = Key::new(record.label(), record.code());
            self.key.set(Some(key));
            if let (None, Some(job_ns)) = (self.job_ns(), self.here.pool().costs.estimate(key)) {
                self.core.job_ns.store(job_ns.to_bits(), Relaxed);
            }
        }
    }

    /// Somebody looks for work, or it is time to see whether sleepers should be called.
    #[cold]
    fn attend(&self, tick: bool) {
        if tick {
            self.ticks.set(TICKS);
        }
        let known = self.job_ns().is_some();
        if self.slot.is_some() && (known || !tick) {
            self.offer(tick);
        }
    }

    /// What a job costs, in ns, if that is known.
    fn job_ns(&self) -> Option<f32> {
        let job_ns = f32::from_bits(self.core.job_ns.load(Relaxed));
        (job_ns > 0.0).then_some(job_ns)
    }
}
