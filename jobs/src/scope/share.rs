//! One worker's share in one scope: the jobs that it holds, how it runs them, and when it shares them.

use std::cell::Cell;
use std::ptr;

use crossbeam_utils::CachePadded;
use layerw_trace::{Label, zone};

use super::record::Record;
use super::{Core, Priority};
use crate::board::{Slot, Which};
use crate::costs::Key;
use crate::local::Local;
use crate::sleep::{Nap, Patience};
use crate::sync::{Relaxed, UnsafeCell, now_ns, sized, spin_loop};
use crate::window::{ENTRIES_MAX, Window};

/// Most jobs that a worker holds, by priority: 1 MiB and twice 256 KiB of address space, touched as used.
const ENTRIES: [usize; 3] = [sized(4_096, 1), sized(16_384, 4), sized(4_096, 1)];
const _: () = assert!(ENTRIES[1] <= ENTRIES_MAX);

/// Jobs that a thief takes at once, at most.
const BLOCK: u32 = 32;

/// What a worker keeps to itself while others look for work, in ns of jobs.
const KEEP_NS: f32 = 2_000.0;

/// Jobs that cost less are not shared, in ns: fetching the record from the other core's cache takes longer.
const SHARED_NS_MIN: f32 = 20.0;

/// Fewer ns of jobs are not offered while nobody looks: they end before somebody comes.
const OFFERED_NS: f32 = 10_000.0;

/// Jobs run between two readings of the clock: as many as take about so long, in ns, but never more than so many.
const BATCH_NS: f32 = 2_000.0;
const BATCH_MAX: u32 = 256;

/// Spawns between two looks at whether sleepers should be called.
const TICKS: u32 = 64;

/// The arrays of records of one worker.
pub(crate) struct Records([Box<[Entry]>; 3]);

type Entry = UnsafeCell<std::mem::MaybeUninit<Record>>;

// SAFETY: an entry is written by the worker that owns the array, and read by whoever has claimed it; `Window` sees to
// it that these are never two at the same time. Records are `Send`.
unsafe impl Sync for Records {}

impl Records {
    pub(crate) fn new() -> Records {
        Records(ENTRIES.map(|entries| {
            (0..entries)
                .map(|_| UnsafeCell::new(std::mem::MaybeUninit::uninit()))
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
    fn any(&self) -> bool {
        self.0
            .iter()
            .flatten()
            .any(|window| window.view().len() > 0)
    }
}

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

/// A stretch of one array of records.
struct Segment {
    /// Where it begins: above those of the outer shares.
    base: u32,
    /// One past the last job that is shared.
    split: Cell<u32>,
    /// One past the last job.
    tail: Cell<u32>,
}

impl Segment {
    fn private(&self) -> u32 {
        self.tail.get() - self.split.get()
    }
}

/// Coming and going.
impl<'a> Share<'a> {
    pub(super) fn new(here: &'a Local, core: &'a Core, slot: Option<&'a Slot>) -> Share<'a> {
        let outer = here.share.get();
        // SAFETY: the chain holds shares that are still on this thread's stack, see `enter`.
        let outer_share = unsafe { outer.as_ref() };
        let segments = [0, 1, 2].map(|priority| {
            let base = outer_share.map_or(0, |outer| outer.segments[priority].tail.get());
            Segment {
                base,
                split: Cell::new(base),
                tail: Cell::new(base),
            }
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
}

/// Running.
impl Share<'_> {
    /// The owner's end of the scope: runs jobs until there are none anywhere.
    pub(super) fn finish(&self) {
        let here = self.here;
        let patience = Patience::new();
        loop {
            if self.work() {
                patience.renew();
            }
            if here.run_pinned() {
                // It may have spawned.
                continue;
            }
            if self.is_over() {
                break;
            }
            if self.slot.is_some_and(|slot| here.help(Which::Below(slot))) {
                patience.renew();
            } else if !patience.turn(here.look_ns(), here.pool().crowded) {
                self.doze();
                patience.renew();
            }
        }
        if let (Some(key), Some(job_ns)) = (self.key.get(), self.job_ns()) {
            // The table wants a time and a count: 64 jobs keep six more bits of the average.
            here.pool().costs.learn(key, (job_ns * 64.0) as u64, 64);
        }
    }

    /// Runs what it holds and what it can take from others until there is nothing. False if there was nothing.
    pub(super) fn work(&self) -> bool {
        let mut worked = false;
        loop {
            if self.slot.is_some() {
                self.offer(true);
            }
            let jobs = self.batch();
            if jobs == 0 {
                let Some(slot) = self.slot else { break };
                let board = &self.here.pool().board;
                board.unhint(slot);
                if !slot.windows.any() {
                    break;
                }
                board.hint(slot);
                continue;
            }
            worked = true;
            self.here.patience.renew();
        }
        worked
    }

    /// Runs some jobs, highest priority first, and measures them. Returns how many.
    fn batch(&self) -> u32 {
        let most = self
            .job_ns()
            .map_or(1.0, |job_ns| BATCH_NS / job_ns.max(1.0));
        let most = (most as u32).clamp(1, BATCH_MAX);
        let (position, ran) = (Cell::new(0), Cell::new(0));
        let start_ns = now_ns();
        self.core.caught.watch(&position, || {
            while ran.get() < most {
                let Some(record) = self.take() else { break };
                ran.set(ran.get() + 1);
                // SAFETY: taken, so it is ours, to run once. Its entry is free again as soon as the closure has moved
                // out, which `Record::run` sees to before it calls it.
                unsafe {
                    position.set(1 + u64::from((*record).number()));
                    let _zone = zone((*record).label());
                    Record::run(record, &self.here.pool().cells);
                }
            }
        });
        let ran = ran.get();
        if ran > 0 {
            let measured = (now_ns() - start_ns) as f32 / ran as f32;
            let averaged = self
                .job_ns()
                .map_or(measured, |old| old + (measured - old) * 0.25);
            // Racing workers may drop one another's measurements: it is an estimate.
            self.core
                .job_ns
                .store(averaged.max(f32::MIN_POSITIVE).to_bits(), Relaxed);
        }
        ran
    }

    /// Takes the next job: of the highest priority that anybody holds, and of that the newest of its own, else the
    /// oldest of somebody else's.
    fn take(&self) -> Option<*mut Record> {
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
}

/// Sharing.
impl Share<'_> {
    /// Shares what others should have, and with `calls`, calls sleepers if what is left is worth it.
    fn offer(&self, calls: bool) {
        let Some(slot) = self.slot else { return };
        let pool = self.here.pool();
        let job_ns = self.job_ns();
        let held = self.segments.iter().map(Segment::private).sum();
        let total_ns = job_ns.map(|job_ns| job_ns * held as f32);
        let nobody = !pool.sleep.somebody_looks();
        if job_ns.is_some_and(|job_ns| job_ns < SHARED_NS_MIN)
            || nobody && total_ns.is_some_and(|total_ns| total_ns < OFFERED_NS)
        {
            return;
        }
        let mut published = false;
        for priority in Priority::ALL {
            let (segment, Some(window)) =
                (&self.segments[priority as usize], self.window(priority))
            else {
                continue;
            };
            let spare = segment.private().saturating_sub(self.kept());
            if spare > 0 && window.view().len() == 0 {
                window.publish(spare);
                segment.split.set(segment.split.get() + spare);
                published = true;
            }
        }
        if published {
            pool.board.hint(slot);
        }
        if calls && held > 1 {
            self.call(slot, held, job_ns);
        }
    }

    /// Calls as many sleepers as have at least a wake's time to work.
    fn call(&self, slot: &Slot, held: u32, job_ns: Option<f32>) {
        let sleep = &self.here.pool().sleep;
        let (looking, resting) = sleep.settle();
        if resting == 0 {
            return;
        }
        let wake_ns = sleep.wake_ns();
        let worth = match job_ns {
            // Not known: one wake is a small price for finding out that they take a second each.
            None => 1,
            Some(job_ns) => {
                let total_ns = job_ns * held as f32;
                if total_ns < 2.0 * wake_ns as f32 {
                    0
                } else {
                    (total_ns / wake_ns as f32) as usize
                }
            }
        };
        let count = worth
            .min(held as usize - 1)
            .saturating_sub(looking)
            .min(resting);
        let now = now_ns();
        if count > 0 && now.saturating_sub(self.called_ns.get()) > wake_ns {
            self.called_ns.set(now);
            self.here.pool().call(slot, count);
        }
    }

    /// How many jobs a worker keeps to itself: some µs of work, and at least the one that it runs next.
    fn kept(&self) -> u32 {
        self.job_ns()
            .map_or(1, |job_ns| ((KEEP_NS / job_ns.max(1.0)) as u32).max(1))
    }
}

/// Looking and waiting.
impl Share<'_> {
    /// No job of the scope is left anywhere. Only the owner knows, and only when it holds none.
    fn is_over(&self) -> bool {
        self.core.no_pinned()
            && self
                .slot
                .is_none_or(|slot| slot.seats.is_empty() && !slot.windows.any())
    }

    /// The owner sleeps until the helpers have left, something is shared, or a pinned job ends or comes.
    fn doze(&self) {
        let (here, core) = (self.here, self.core);
        let sleep = &here.pool().sleep;
        sleep.start_looking();
        match self.slot {
            Some(slot) => {
                let board = &here.pool().board;
                here.rest(Nap::Below(slot.index), None, || {
                    let inside = slot.seats.owner_waits();
                    (inside || !core.no_pinned()) && !board.is_hinted(slot)
                });
                slot.seats.owner_rises();
            }
            None => {
                here.rest(Nap::Waiting, None, || !core.no_pinned());
            }
        }
        sleep.stop_looking();
    }

    fn job_ns(&self) -> Option<f32> {
        let job_ns = f32::from_bits(self.core.job_ns.load(Relaxed));
        (job_ns > 0.0).then_some(job_ns)
    }

    #[inline]
    fn entries(&self, priority: Priority) -> &[Entry] {
        &self.here.me().records.0[priority as usize]
    }

    fn window(&self, priority: Priority) -> Option<&Window> {
        self.slot
            .map(|slot| &*slot.windows.0[priority as usize][self.here.index()])
    }
}
