//! Workers, and what runs on them: parallel loops, teams, joins, scopes.
//!
//! ```
//! # layerw_jobs::on_fresh_thread("doc", 0, || {
//! use layerw_jobs::Jobs;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! let jobs = Jobs::new(2)?; // this thread is worker 0, and one more is started
//! let sum = AtomicU64::new(0);
//! jobs.par_for(layerw_trace::label("sum"), 10_000, 256, |items, _worker| {
//!     sum.fetch_add(items.map(|item| item as u64).sum(), Ordering::Relaxed);
//! });
//! assert_eq!(sum.into_inner(), 49_995_000);
//! # Ok::<(), layerw_jobs::JobsError>(())
//! # }).unwrap();
//! ```
//!
//! Priorities, in this order:
//!
//! 1. **Predictable.** Which blocks a loop has, which panic arrives, who may run on top of whom: the same for any
//!    number of workers. A worker that waits runs nothing unrelated.
//! 2. **One worker is first class.** With `Jobs::new(1)` everything runs in order on the calling thread, without
//!    atomics.
//! 3. **Small stays small.** Waking a worker costs 5 µs and helps 60 µs later, so nothing small wakes anybody.
//! 4. **Nothing is allocated** once a pool runs.
//! 5. **Silence is free.** Idle workers sleep.

mod board;
mod caught;
mod costs;
mod error;
mod host;
mod join;
mod latch;
mod local;
#[cfg(all(test, feature = "loom"))]
mod models;
mod par_for;
mod pool;
mod ranges;
mod rayon_help;
mod scope;
mod sleep;
mod start;
mod sync;
mod team;
mod window;

pub use error::JobsError;
pub use ranges::Ranges;
pub use scope::{Priority, Scope};
pub use start::{Builder, THREADS_MAX, on_fresh_thread, on_fresh_thread_beside, threads_max};
pub use team::Member;

use local::Local;
use pool::Pool;
use sleep::Alarm;
use sync::Arc;

/// A handle to a pool of workers. Cheap to clone; the pool lives as long as the thread that made it.
#[derive(Clone)]
pub struct Jobs {
    pool: Arc<Pool>,
}

impl Jobs {
    /// A pool of `threads` workers, the calling thread included: it is worker 0. Made once per thread and kept: the
    /// same number gives the same pool.
    ///
    /// # Errors
    ///
    /// For 0 threads, for more than [`threads_max`], if this thread has a pool of another size, and if the system
    /// gives no threads.
    pub fn new(threads: usize) -> Result<Jobs, JobsError> {
        Jobs::builder().threads(threads).build()
    }

    /// A pool with settings.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// How many workers there are.
    #[must_use]
    #[inline]
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The calling thread's index, `0..threads`, if it is a worker of this pool.
    #[must_use]
    #[inline]
    pub fn worker(&self) -> Option<usize> {
        Local::with(|here| here.filter(|here| here.is_of(&self.pool)).map(Local::index))
    }

    /// Each worker stays on a CPU of its own.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.pool.stays_put
    }

    /// How long it takes from a wake until the woken worker starts, in ns, as measured lately.
    #[must_use]
    pub fn wake_ns(&self) -> u64 {
        self.pool.sleep.wake_ns()
    }

    /// Some worker is awake and without work: it would join a team at once, without being woken. A hint.
    #[must_use]
    #[inline]
    pub fn somebody_looks(&self) -> bool {
        self.pool.sleep.somebody_looks()
    }

    /// Predicts that `workers` workers will be wanted at `at_ns`, on the clock of [`layerw_trace::now_ns`]: they wake
    /// by their own timers 0.1 ms before and look for work until 0.25 ms after, instead of being woken 40-80 µs late.
    ///
    /// For frames at a fixed rate; best called at the end of the frame before, while workers are still awake. Each call
    /// replaces the prediction before.
    pub fn arm(&self, at_ns: u64, workers: usize) {
        self.pool.arm(Some(Alarm { at_ns, workers }));
    }

    /// Takes the prediction back.
    pub fn disarm(&self) {
        self.pool.arm(None);
    }

    /// Hands the calling worker to `f`.
    #[inline(always)]
    fn here<R>(&self, what: &str, f: impl FnOnce(&Local) -> R) -> R {
        Local::with(|here| match here {
            Some(here) if here.is_of(&self.pool) => f(here),
            here => stranger(what, here.is_some()),
        })
    }
}

/// Work came from a thread that has no place in the pool.
#[cold]
fn stranger(what: &str, elsewhere: bool) -> ! {
    let thread = std::thread::current();
    panic!(
        "Jobs::{what} was called on the thread {:?}, which {}: call it on the thread that made this Jobs, or inside \
         of its jobs",
        thread.name().unwrap_or("without a name"),
        if elsewhere {
            "is a worker of another pool"
        } else {
            "is not a worker"
        },
    )
}
