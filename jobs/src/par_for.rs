//! Parallel loops.
//!
//! A loop is cut into blocks of `grain` items, the same blocks for any number of workers. Three things can happen to
//! it, decided by what it cost the last times ([`Costs`](crate::costs::Costs)) or, the first time, by its first blocks:
//!
//! | predicted cost | what happens |
//! |---|---|
//! | under [`WIDE_NS`] | runs here: a plain loop and one look into a table |
//! | under two wakes | posted on the board: who is awake and idle helps, nobody is woken |
//! | more | posted, and as many sleepers are woken as have at least a wake's time to work |
//!
//! Why two wakes: a woken worker starts 40-80 µs later and costs the waker 5 µs, so a loop of two times 50 µs is done
//! sooner alone.

use std::cell::Cell;
use std::ops::Range;

use layerw_trace::{Label, zone_value};

use crate::Jobs;
use crate::board::{Slot, Work};
use crate::costs::Key;
use crate::local::Local;
use crate::ranges::part_of;
use crate::sync::now_ns;

/// Loops that cost less stay on their worker even when others are idle, in ns: two cache lines to the other core and
/// back for the work, two for the data, and the data's later way back.
const WIDE_NS: f32 = 2_000.0;

/// Work taken from a share at a time, in ns: makes the 5 ns of taking it 0.5 %.
const BATCH_NS: f32 = 1_000.0;

/// Of loops known to be small one in so many is measured again; a clock reading costs as much as a tiny loop.
const SMALL_MEASURED: u32 = 16;

impl Jobs {
    /// Calls `f(items, worker)` for each block of `grain` items of `0..count`: `0..grain`, `grain..2 * grain` and so
    /// on, the last one may be shorter. Which worker gets which block is not specified, the blocks are: they are the
    /// same for any number of workers. Returns when all calls have returned.
    ///
    /// The same worker gets the same part of the range each time where it can, so that its data stays in its cache.
    /// Small loops run on the calling worker. `grain` 0 counts as 1. Nothing is allocated.
    ///
    /// Each block is a zone named `label` whose value is the block's number. The label also stands for the cost of
    /// the loop: give different loops different labels.
    ///
    /// # Panics
    ///
    /// If `f` panics: of several panics the one of the lowest block that was seen, after all running blocks have
    /// ended. Blocks that had not begun may be left out. The pool stays usable.
    ///
    /// If the calling thread is not a worker of this pool, or with 2³² or more blocks.
    #[inline]
    pub fn par_for<F>(&self, label: Label, count: usize, grain: usize, f: F)
    where
        F: Fn(Range<usize>, usize) + Sync,
    {
        let grain = grain.max(1);
        let looped = Loop {
            f: &f,
            label,
            count,
            grain,
            blocks: count.div_ceil(grain),
            batch: Cell::new(1),
        };
        self.here("par_for", |here| {
            if self.threads() == 1 || looped.blocks <= 1 {
                looped.serial(0..looped.blocks, here);
            } else {
                looped.run(here);
            }
        });
    }
}

/// A loop, on the stack of the worker that runs it.
struct Loop<'f, F> {
    f: &'f F,
    label: Label,
    count: usize,
    grain: usize,
    blocks: usize,
    /// Blocks to take at a time. Set before the loop is posted.
    batch: Cell<usize>,
}

impl<F: Fn(Range<usize>, usize) + Sync> Loop<'_, F> {
    /// Decides where the loop runs, and runs it.
    #[inline]
    fn run(&self, here: &Local) {
        let costs = &here.pool().costs;
        let key = Key::new(self.label, Self::help as *const () as usize);
        match costs.estimate(key) {
            Some(item_ns) if item_ns * (self.count as f32) < WIDE_NS => {
                if here.now_and_then(SMALL_MEASURED) {
                    let start_ns = now_ns();
                    self.serial(0..self.blocks, here);
                    costs.learn(key, now_ns() - start_ns, self.count);
                } else {
                    self.serial(0..self.blocks, here);
                }
            }
            Some(item_ns) => self.wide(here, key, 0, item_ns * self.grain as f32),
            None => self.probe(here, key),
        }
    }

    /// The first time: runs blocks of this worker's own share until their cost is known.
    #[cold]
    fn probe(&self, here: &Local, key: Key) {
        let threads = here.pool().threads();
        let own = part_of(&(0..self.blocks), here.index(), threads);
        let start_ns = now_ns();
        let (mut done, mut elapsed_ns) = (0, 0);
        while done < own.len() && (elapsed_ns as f32) < WIDE_NS / 2.0 {
            let next = (2 * done).clamp(1, own.len());
            self.serial(own.start + done..own.start + next, here);
            done = next;
            elapsed_ns = now_ns() - start_ns;
        }
        let block_ns = elapsed_ns as f32 / done.max(1) as f32;
        if done > 0 && block_ns * (self.blocks as f32) < WIDE_NS {
            self.serial(own.start + done..self.blocks, here);
            self.serial(0..own.start, here);
            here.pool()
                .costs
                .learn(key, now_ns() - start_ns, self.count);
        } else {
            self.wide(here, key, done, block_ns);
        }
    }

    /// Posts the loop; `done` blocks at the front of this worker's own share have run already.
    #[cold]
    fn wide(&self, here: &Local, key: Key, done: usize, block_ns: f32) {
        let pool = &**here.pool();
        let left = self.blocks - done;
        let seats = (pool.threads() - 1).min(left.saturating_sub(1));
        let batch = (BATCH_NS / block_ns.max(1.0)) as usize;
        self.batch
            .set(batch.clamp(1, 1 + left / (8 * pool.threads())));

        let work = Work {
            help: Self::help,
            data: (&raw const *self).cast(),
        };
        // The front of this worker's own share is taken before anybody can see it, so it is never stolen.
        let first = Cell::new(None);
        let prepare = |slot: &Slot| {
            slot.ranges.reset(self.blocks);
            if done > 0 {
                slot.ranges.next(here.index(), done);
            }
            first.set(slot.ranges.next(here.index(), self.batch.get()));
        };
        let own = |slot: &Slot| {
            pool.board.hint(slot);
            pool.call(slot, self.wakes(here, seats, block_ns * left as f32));
            let start_ns = now_ns();
            let blocks = self.work(here, slot, first.take());
            pool.costs
                .learn(key, now_ns() - start_ns, blocks * self.grain);
        };
        // SAFETY: `self` outlives the call. `help` reads `f`, which is `Sync`, plain numbers, and `batch`, which nobody
        // writes any more.
        let posted = unsafe { here.post(prepare, work, seats, own) };
        if posted.is_none() {
            let own = part_of(&(0..self.blocks), here.index(), pool.threads());
            self.serial(own.start + done..self.blocks, here);
            self.serial(0..own.start, here);
        }
    }

    /// How many sleepers a loop is worth that will take `total_ns`.
    fn wakes(&self, here: &Local, seats: usize, total_ns: f32) -> usize {
        let sleep = &here.pool().sleep;
        let (looking, resting) = sleep.settle();
        let wake_ns = sleep.wake_ns() as f32;
        if resting == 0 || total_ns < 2.0 * wake_ns {
            return 0;
        }
        seats
            .min((total_ns / wake_ns) as usize)
            .saturating_sub(looking)
            .min(resting)
    }

    /// Runs `first`, takes more blocks and runs them until none is left to take. Returns how many it ran.
    fn work(&self, here: &Local, slot: &Slot, first: Option<Range<usize>>) -> usize {
        let (position, worked) = (Cell::new(0), Cell::new(0));
        let finished = slot.caught.watch(&position, || {
            let take = || slot.ranges.next(here.index(), self.batch.get());
            let mut taken = first.or_else(take);
            while let Some(blocks) = taken {
                worked.set(worked.get() + blocks.len());
                for block in blocks {
                    position.set(block as u64);
                    self.block(block, here);
                }
                taken = take();
            }
        });
        if finished.is_none() {
            slot.ranges.clear();
        }
        // Nothing is left to take, so nobody else need come.
        here.pool().board.unhint(slot);
        worked.get()
    }

    /// What helpers call.
    ///
    /// # Safety
    ///
    /// `data` is a `Loop<F>` that may be shared and is posted on `slot`, which the caller is inside of.
    unsafe fn help(data: *const (), here: &Local, slot: &Slot) {
        // SAFETY: the caller's promise.
        let this = unsafe { &*data.cast::<Self>() };
        if this.work(here, slot, None) > 0 {
            here.patience.renew();
        }
    }

    /// Runs blocks here, one after the other.
    #[inline]
    fn serial(&self, blocks: Range<usize>, here: &Local) {
        for block in blocks {
            self.block(block, here);
        }
    }

    #[inline]
    fn block(&self, block: usize, here: &Local) {
        let _zone = zone_value(self.label, block as u64);
        let first = block * self.grain;
        (self.f)(first..self.count.min(first + self.grain), here.index());
    }
}
