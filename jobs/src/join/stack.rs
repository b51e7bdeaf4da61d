//! Each worker's stack of jobs that its joins have spawned.

use std::cell::Cell;

use crossbeam_utils::CachePadded;
use layerw_trace::zone;

use super::DEPTH_MAX;
use super::job::Header;
use crate::board::{IN_A_JOIN, NOWHERE};
use crate::latch::Thief;
use crate::local::Local;
use crate::sync::{AtomicPtr, Relaxed, now_ns};
use crate::window::Window;

/// The part that thieves see.
pub(crate) struct Shared {
    window: CachePadded<Window>,
    entries: Box<[AtomicPtr<Header>; DEPTH_MAX]>,
}

/// The part that only the owner sees.
pub(crate) struct Private {
    /// Depth of the joins that run: one past the newest entry.
    tail: Cell<u32>,
    /// One past the last entry that was shared: the window's `hi`.
    split: Cell<u32>,
    /// Joins until the clock is looked at.
    ticks: Cell<u32>,
    /// How many joins that were at the last look.
    period: Cell<u32>,
    /// When that was, in ns.
    tick_ns: Cell<u64>,
    /// Since when the outermost join runs or the last sleeper was called, in ns. 0: to be set at the next look.
    since_ns: Cell<u64>,
    /// The tag for the next stolen job.
    next_tag: Cell<u32>,
    /// How many sleepers the next join should call.
    wished: Cell<usize>,
    /// The entries of the shared part, which the pool keeps in place.
    entries: *const [AtomicPtr<Header>; DEPTH_MAX],
}

/// Joins between two looks at the clock: at first, and at most.
const TICKS_FIRST: u32 = 16;
const TICKS_MAX: u32 = 8_192;
/// How long the time between two looks should be, in ns.
const TICK_NS: u64 = 10_000;

impl Shared {
    pub(crate) fn new() -> Shared {
        Shared {
            window: CachePadded::new(Window::new()),
            entries: Box::new(std::array::from_fn(|_| AtomicPtr::default())),
        }
    }

    /// Something may be taken here.
    pub(crate) fn has_some(&self) -> bool {
        self.window.view().len() > 0
    }

    /// Claims the oldest job, if there is one and the tag is as asked for.
    fn claim(&self, tag: Option<u32>) -> Option<*const Header> {
        let seen = self.window.view();
        if seen.len() == 0 || tag.is_some_and(|tag| tag != seen.tag()) {
            return None;
        }
        let claimed = self.window.claim(seen, 1, 0);
        // Relaxed: the claim's Acquire pairs with the publishing after the entry was written. The entry stays until
        // the job has ended, since its owner waits for it before it goes below.
        claimed.then(|| self.entries[seen.lo() as usize].load(Relaxed).cast_const())
    }
}

impl Private {
    /// The private part to a shared part. It must not be used longer than that lives.
    pub(crate) fn new(shared: &Shared) -> Private {
        Private {
            wished: Cell::new(0),
            entries: &raw const *shared.entries,
            tail: Cell::new(0),
            split: Cell::new(0),
            ticks: Cell::new(TICKS_FIRST),
            period: Cell::new(TICKS_FIRST),
            tick_ns: Cell::new(0),
            since_ns: Cell::new(0),
            next_tag: Cell::new(1),
        }
    }
}

/// The owner's side.
impl Local {
    /// How many joins run on this worker, one inside of the other.
    #[inline]
    pub(crate) fn depth(&self) -> u32 {
        self.joins.tail.get()
    }

    /// Pushes a job at `depth`, the current one.
    ///
    /// # Safety
    ///
    /// The job stays in place until it was popped, or its latch is set.
    #[inline]
    pub(super) unsafe fn push(&self, depth: u32, job: *const Header) {
        debug_assert_eq!(depth, self.depth());
        // SAFETY: `Local` keeps the pool, and so the entries, alive.
        let entries = unsafe { &*self.joins.entries };
        entries[depth as usize].store(job.cast_mut(), Relaxed);
        self.joins.tail.set(depth + 1);
        let ticks = self.joins.ticks.get() - 1;
        self.joins.ticks.set(ticks);
        if ticks == 0 || self.pool().sleep.somebody_asks() {
            self.attend();
        }
    }

    /// Pops the job at `depth`. False if it was stolen; then it stays where it is until [`Local::sink`].
    #[inline]
    pub(super) fn pop(&self, depth: u32) -> bool {
        debug_assert_eq!(depth + 1, self.depth());
        if depth < self.joins.split.get() && !self.retract(depth) {
            return false;
        }
        self.joins.tail.set(depth);
        true
    }

    /// The stolen job at `depth` has ended.
    pub(super) fn sink(&self, depth: u32) {
        self.place(depth, self.me().joins.window.view().tag());
        self.joins.tail.set(depth);
    }

    /// An outermost join begins.
    #[inline]
    pub(super) fn begin(&self, start_ns: u64) {
        self.joins.since_ns.set(start_ns);
    }

    /// Has the next join call `count` sleepers.
    pub(super) fn wish(&self, count: usize) {
        if count > 0 {
            self.joins.wished.set(count);
            self.joins.ticks.set(1);
        }
    }

    /// Shares the oldest job, if nothing is shared, and wakes `count` sleepers to take it and what is shared later.
    fn share(&self, count: usize) {
        let (joins, shared) = (&self.joins, &self.me().joins);
        if joins.split.get() < joins.tail.get() && !shared.has_some() {
            shared.window.publish(1);
            joins.split.set(joins.split.get() + 1);
            self.pool().board.hint_share(self.index());
        }
        if count > 0 {
            self.pool().call_for_joins(count);
        }
    }

    #[cold]
    fn retract(&self, depth: u32) -> bool {
        if self.me().joins.window.retract(1) == 0 {
            return false;
        }
        self.joins.split.set(depth);
        true
    }

    fn place(&self, depth: u32, tag: u32) {
        self.me().joins.window.place(depth, tag);
        self.joins.split.set(depth);
    }

    /// Somebody asks for work, or it is time to look at the clock.
    #[cold]
    fn attend(&self) {
        let joins = &self.joins;
        let mut wakes = joins.wished.take();
        if joins.ticks.get() == 0 {
            let now = now_ns();
            let elapsed = now.saturating_sub(joins.tick_ns.replace(now)).max(1);
            let period = u64::from(joins.period.get()) * TICK_NS / elapsed;
            let period = period.clamp(
                1,
                u64::from(2 * joins.period.get()).min(u64::from(TICKS_MAX)),
            );
            joins.period.set(period as u32);
            joins.ticks.set(period as u32);
            let since = joins.since_ns.get();
            if since == 0 {
                joins.since_ns.set(now);
            } else if now.saturating_sub(since) >= self.pool().sleep.wake_ns() {
                joins.since_ns.set(now);
                wakes = wakes.max(1);
            }
        }
        if wakes > 0 || self.pool().sleep.somebody_asks() {
            self.share(wakes);
        }
    }
}

/// The thief's side.
impl Local {
    /// Takes a job that `victim` shares, if any, and runs it. With a tag: only what belongs to that stolen job.
    pub(crate) fn steal_join(&self, victim: usize, tag: Option<u32>) -> bool {
        let own = &self.me().joins;
        // Jobs of our own below would come between: see the head of `join`.
        if self.joins.tail.get() != self.joins.split.get() || own.has_some() {
            return false;
        }
        let Some(job) = self.pool().workers[victim].joins.claim(tag) else {
            return false;
        };
        let (base, outer_tag) = (self.depth(), own.window.view().tag());
        let tag = self.joins.next_tag.get();
        self.joins.next_tag.set(tag.wrapping_add(1));
        self.place(base, tag);
        // SAFETY: we have claimed the job, so it stays in place until we set its latch, and nobody else runs it.
        let (owner, context, latch) =
            unsafe { ((*job).owner, (*job).context, &raw const (*job).latch) };
        // SAFETY: as above.
        unsafe {
            (*latch).take(Thief {
                worker: self.index(),
                tag,
            })
        };
        let context = if context == NOWHERE {
            IN_A_JOIN
        } else {
            context
        };
        self.within(context, || {
            let _zone = zone(self.pool().join_label);
            // SAFETY: as above.
            unsafe { Header::run(job) };
        });
        debug_assert_eq!(self.depth(), base);
        self.place(base, outer_tag);
        self.patience.renew();
        // SAFETY: as above. After this the job may be gone.
        if unsafe { (*latch).set() } {
            self.pool().workers[owner as usize].parker.wake();
        }
        true
    }

    /// Takes a job that any worker's joins share, and runs it.
    pub(crate) fn steal_any_join(&self) -> bool {
        let board = &self.pool().board;
        let victims = board.sharing(self.index(), self.pool().threads());
        for victim in victims {
            if self.steal_join(victim, None) {
                return true;
            }
            board.unhint_share(victim, || self.pool().workers[victim].joins.has_some());
        }
        false
    }
}
