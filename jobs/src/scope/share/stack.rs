//! Where the jobs of a share lie: taking them, from its own array and from others'.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use crossbeam_utils::CachePadded;

use super::Share;
use crate::scope::Priority;
use crate::scope::record::Record;
use crate::sync::{Relaxed, UnsafeCell, sized};
use crate::window::{ENTRIES_MAX, Window};

/// Most jobs that a worker holds, by priority: 1 MiB and twice 256 KiB of address space, touched as used.
const ENTRIES: [usize; 3] = [sized(4_096, 1), sized(16_384, 4), sized(4_096, 1)];
const _: () = assert!(ENTRIES[1] <= ENTRIES_MAX);

/// Jobs that a thief takes at once, at most.
const BLOCK: u32 = 32;

/// The arrays of records of one worker.
pub(crate) struct Records([Box<[Entry]>; 3]);

pub(super) type Entry = UnsafeCell<MaybeUninit<Record>>;

// SAFETY: an entry is written by the worker that owns the array, and read by whoever has claimed it; `Window` sees to
// it that these are never two at the same time. Records are `Send`.
unsafe impl Sync for Records {}

impl Records {
    pub(crate) fn new() -> Records {
        Records(ENTRIES.map(|entries| {
            (0..entries)
                .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
                .collect()
        }))
    }
}

/// What the workers share in one scope: a window per priority and worker.
pub(crate) struct Windows([Box<[CachePadded<Window>]>; 3]);

impl Windows {
    pub(crate) fn new(workers: usize) -> Windows {
        Windows(Priority::ALL.map(|_| {
            (0..workers)
                .map(|_| CachePadded::new(Window::new()))
                .collect()
        }))
    }

    /// Some worker shares something.
    pub(super) fn any(&self) -> bool {
        self.0
            .iter()
            .flatten()
            .any(|window| window.view().len() > 0)
    }
}

/// A stretch of one array of records.
pub(super) struct Segment {
    /// Where it begins: above those of the outer shares.
    pub(super) base: u32,
    /// One past the last job that is shared.
    pub(super) split: Cell<u32>,
    /// One past the last job.
    pub(super) tail: Cell<u32>,
}

impl Segment {
    /// An empty one.
    pub(super) fn new(base: u32) -> Segment {
        Segment {
            base,
            split: Cell::new(base),
            tail: Cell::new(base),
        }
    }

    /// How many jobs are not shared.
    pub(super) fn private(&self) -> u32 {
        self.tail.get() - self.split.get()
    }
}

impl Share<'_> {
    /// Takes the next job: of the highest priority that anybody holds, and of that the newest of its own, else the
    /// oldest of somebody else's.
    pub(super) fn take(&self) -> Option<*mut Record> {
        let used = self.core.used.load(Relaxed);
        Priority::ALL
            .into_iter()
            .filter(|&priority| used & 1 << priority as u32 != 0)
            .find_map(|priority| self.pop(priority).or_else(|| self.steal(priority)))
    }

    /// Pops the newest job that this worker holds.
    #[inline]
    fn pop(&self, priority: Priority) -> Option<*mut Record> {
        let segment = &self.segments[priority as usize];
        if segment.private() == 0 && !self.retract(priority) {
            return None;
        }
        let tail = segment.tail.get() - 1;
        segment.tail.set(tail);
        Some(self.entries(priority)[tail as usize].with_mut(|entry| entry.cast()))
    }

    /// Takes some shared jobs back. False if there are none.
    #[cold]
    fn retract(&self, priority: Priority) -> bool {
        let segment = &self.segments[priority as usize];
        let Some(window) = self.window(priority) else {
            return false;
        };
        let count = window.retract(self.kept().min(BLOCK));
        segment.split.set(segment.split.get() - count);
        if count == 0 && segment.split.get() > segment.base && window.is_settled() {
            // All were stolen and have been copied: begin again at the bottom.
            window.place(segment.base, 0);
            segment.split.set(segment.base);
            segment.tail.set(segment.base);
        }
        count > 0
    }

    /// Takes a block of jobs from another worker, and pops the newest of them.
    #[cold]
    fn steal(&self, priority: Priority) -> Option<*mut Record> {
        let slot = self.slot?;
        let workers = &self.here.pool().workers;
        let thief = self.here.index();
        let segment = &self.segments[priority as usize];
        let tail = segment.tail.get();
        let room = self.entries(priority).len() as u32 - tail;
        for victim in (1..workers.len()).map(|step| (thief + step) % workers.len()) {
            let window = &slot.windows.0[priority as usize][victim];
            let seen = window.view();
            let count = seen.len().div_ceil(2).min(BLOCK).min(room);
            if count == 0 || !window.claim(seen, count, 1) {
                continue;
            }
            let theirs = &workers[victim].records.0[priority as usize];
            let ours = self.entries(priority);
            for step in 0..count {
                let (from, to) = (seen.lo() + step, tail + step);
                theirs[from as usize].with(|from| {
                    ours[to as usize].with_mut(|to| {
                        // SAFETY: `from` is claimed by us, and not used again before we take our tag off. `to` is
                        // beyond our tail. The record is moved: nobody runs the original.
                        unsafe { ptr::copy_nonoverlapping(from, to, 1) }
                    });
                });
            }
            window.untag(1);
            segment.tail.set(tail + count);
            return self.pop(priority);
        }
        None
    }

    #[inline]
    pub(super) fn entries(&self, priority: Priority) -> &[Entry] {
        &self.here.me().records.0[priority as usize]
    }

    pub(super) fn window(&self, priority: Priority) -> Option<&Window> {
        self.slot
            .map(|slot| &*slot.windows.0[priority as usize][self.here.index()])
    }
}
