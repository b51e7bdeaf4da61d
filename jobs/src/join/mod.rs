//! `join`: two closures, the second of which anybody may take.
//!
//! The lazy way, after chili (`dragostis/chili`) and Lace: a join pushes its second closure on a private stack, calls
//! the first, pops, and calls the second. Nobody else is involved until somebody is without work; then the next join
//! shares the *oldest* job on its stack, which is the largest. So a join that nobody needs is a store, a counter and
//! two predictable branches.
//!
//! # Waiting for a thief
//!
//! If the second closure was stolen, its owner waits, and helps the thief meanwhile: it takes jobs that the thief has
//! shared (leapfrogging, Wagner and Calder 1993). All of these belong to the stolen job. That is so because a worker
//! that waits has nothing left on its stack: thieves take the oldest, so everything older than the stolen job is gone
//! too, and everything newer has ended. The tag of a worker's [`Window`](crate::window) says which stolen job it is
//! at; a waiter takes only under the tag of its own, so it is not fooled by a thief that has just ended and begun
//! something else.
//!
//! # Sleepers
//!
//! Who sleeps does not ask for work. So an outermost join wakes a worker if it is known to take longer than two wakes
//! (or not known at all), and every so many joins the clock is looked at, and a sleeper is woken once the work has
//! lasted for as long as a wake takes.

mod job;
mod stack;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::Jobs;
use crate::costs::Key;
use crate::local::Local;
use crate::sleep::Patience;
use crate::sync::{now_ns, sized};
use job::Job;
pub(crate) use stack::{Private, Shared};

/// Deepest nesting of joins that can be shared; deeper ones run their closures one after the other.
const DEPTH_MAX: usize = sized(1024, 4);

/// Outermost joins that cost less are measured only now and then, in ns.
const SMALL_NS: f32 = 2_000.0;
/// One in so many of them.
const SMALL_MEASURED: u32 = 16;

impl Jobs {
    /// Calls `a` here and `b` here or on another worker, perhaps at the same time, and returns what both return.
    ///
    /// Small joins cost next to nothing, so recursion need not be cut off by hand. While it waits for a `b` that
    /// another worker has taken, the calling worker helps with that `b` and with nothing else. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If `a` or `b` panics, after both have ended; with the panic of `a` if both do. If `a` panics, `b` may be left
    /// out. If there are several workers and the calling thread is none of them.
    ///
    /// ```
    /// # layerw_jobs::on_fresh_thread("doc", 0, || {
    /// # use layerw_jobs::Jobs;
    /// fn sum(jobs: &Jobs, values: &[u64]) -> u64 {
    ///     if values.len() <= 8 {
    ///         return values.iter().sum();
    ///     }
    ///     let (left, right) = values.split_at(values.len() / 2);
    ///     let (left, right) = jobs.join(|| sum(jobs, left), || sum(jobs, right));
    ///     left + right
    /// }
    /// let jobs = Jobs::new(2)?;
    /// assert_eq!(sum(&jobs, &Vec::from_iter(0..1_000)), 499_500);
    /// # Ok::<(), layerw_jobs::JobsError>(())
    /// # }).unwrap();
    /// ```
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        if self.threads() == 1 {
            return (a(), b());
        }
        self.here("join", |here| {
            let depth = here.depth();
            if depth as usize >= DEPTH_MAX {
                (a(), b())
            } else if depth == 0 {
                outermost(here, a, b)
            } else {
                join_at(here, depth, a, b)
            }
        })
    }
}

/// A join that is not inside of another one on this worker: decides whether sleepers are called for it.
fn outermost<A, B, RA, RB>(here: &Local, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let pool = here.pool();
    let key = Key::new(
        pool.join_label,
        outermost::<A, B, RA, RB> as *const () as usize,
    );
    let estimate = pool.costs.estimate(key);
    if estimate.is_some_and(|ns| ns < SMALL_NS) && !here.now_and_then(SMALL_MEASURED) {
        here.begin(0);
        return join_at(here, 0, a, b);
    }
    let start_ns = now_ns();
    here.begin(start_ns);
    here.wish(wakes(here, estimate));
    let both = join_at(here, 0, a, b);
    pool.costs.learn(key, now_ns() - start_ns, 1);
    both
}

/// How many sleepers a join is worth.
fn wakes(here: &Local, estimate: Option<f32>) -> usize {
    let sleep = &here.pool().sleep;
    let (looking, resting) = sleep.settle();
    let wake_ns = sleep.wake_ns() as f32;
    let worth = match estimate {
        // Not known: one wake is a small price for finding out that it takes a second.
        None => 1,
        Some(ns) if ns < 2.0 * wake_ns => 0,
        Some(ns) => (ns / wake_ns) as usize,
    };
    worth.saturating_sub(looking).min(resting)
}

/// The join proper.
#[inline]
fn join_at<A, B, RA, RB>(here: &Local, depth: u32, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let job = Job::new(here, b);
    // SAFETY: `job` stays until it was popped or its latch was seen set: by the code below, or by `unwinding` if `a`
    // panics.
    unsafe { here.push(depth, (&raw const job).cast()) };
    let unwinding = Unwinding {
        here,
        depth,
        job: &job,
    };
    let a = a();
    std::mem::forget(unwinding);
    let b = if here.pop(depth) {
        // SAFETY: popped, so no thief has claimed it, and none can any more.
        let b = unsafe { job.take() };
        b()
    } else {
        wait(here, depth, &job)
    };
    (a, b)
}

/// Waits for the thief of `job`, and helps it.
#[cold]
fn wait<B, R>(here: &Local, depth: u32, job: &Job<B, R>) -> R
where
    B: FnOnce() -> R + Send,
    R: Send,
{
    let (pool, latch) = (here.pool(), &job.header.latch);
    let patience = Patience::new();
    // The thief shares what it can when somebody asks.
    pool.sleep.start_asking();
    while !latch.is_set() {
        if here.run_pinned()
            || latch
                .thief()
                .is_some_and(|thief| here.steal_join(thief.worker, Some(thief.tag)))
        {
            patience.renew();
        } else if !patience.turn(here.look_ns(), pool.crowded) {
            pool.sleep.stop_asking();
            here.lie_waiting(|| latch.owner_waits());
            pool.sleep.start_asking();
        }
    }
    pool.sleep.stop_asking();
    here.sink(depth);
    // SAFETY: the latch is set.
    match unsafe { job.result() } {
        Ok(result) => result,
        Err(payload) => resume_unwind(payload),
    }
}

/// Dropped if the first closure panics: the second one is left out, or its thief waited for.
struct Unwinding<'a, B: FnOnce() -> R + Send, R: Send> {
    here: &'a Local,
    depth: u32,
    job: &'a Job<B, R>,
}

impl<B: FnOnce() -> R + Send, R: Send> Drop for Unwinding<'_, B, R> {
    #[inline(always)]
    fn drop(&mut self) {
        // By value, so that the fields need not lie in memory while all goes well.
        retreat(self.here, self.depth, self.job);
    }
}

/// The first closure has panicked.
#[cold]
#[inline(never)]
fn retreat<B: FnOnce() -> R + Send, R: Send>(here: &Local, depth: u32, job: &Job<B, R>) {
    if here.pop(depth) {
        // SAFETY: popped, so no thief has claimed it.
        drop(unsafe { job.take() });
    } else {
        // Its panic, if any, comes second to the one that is on its way; raising it here would abort.
        let waited = || wait(here, depth, job);
        drop(catch_unwind(AssertUnwindSafe(waited)));
    }
}
