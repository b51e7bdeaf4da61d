//! Scopes: any number of named jobs that may borrow from the caller, and one place that waits for all of them.
//!
//! A spawned job is a record of 64 bytes on its worker's stack of records ([`record`]). The newest jobs are private to
//! the worker, which takes the newest first; the oldest are shared through a [`Window`](crate::window) when there is
//! somebody who would take them and when they are worth it: jobs are moved in blocks, but even so a cache line each
//! goes to the other core. What a job costs is measured as jobs run and remembered per label ([`share`]).
//!
//! # Who may hold jobs
//!
//! No counter is touched when a job begins or ends. A worker holds jobs of a scope only while it is inside of the
//! scope's slot on the board, and leaves when it has none and finds none. So when the owner has no job left and nobody
//! is inside, all jobs have ended.
//!
//! # Memory
//!
//! Records live in arrays that belong to the workers and are used again. When an array is full, a new job runs at once
//! instead of being queued: fan-out without bound costs stack depth at worst, never memory.

mod pinned;
mod record;
mod share;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

use layerw_trace::{Label, zone};

use crate::Jobs;
use crate::board::{Slot, Work};
use crate::caught::Caught;
use crate::local::Local;
use crate::pool::Pool;
use crate::sync::{Acquire, Arc, AtomicU32};
pub(crate) use pinned::Pinned;
pub(crate) use record::Cells;
pub(crate) use share::{Records, Share, Windows};

/// Which of several jobs that are ready is taken first.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Before all others.
    High,
    /// Usual.
    #[default]
    Normal,
    /// When there is nothing else.
    Low,
}

impl Priority {
    /// In the order in which they are taken.
    pub(crate) const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];
}

impl Jobs {
    /// Calls `f` with a [`Scope`] to spawn jobs in, and returns when `f` and all jobs have ended. Jobs may borrow what
    /// outlives the call, and may spawn more jobs in the same scope. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If `f` or a job panics, after all jobs have ended: with the panic of `f`, else with that of the job that was
    /// spawned first. If the calling thread is not a worker of this pool.
    ///
    /// ```
    /// # layerw_jobs::on_fresh_thread("doc", 0, || {
    /// use layerw_jobs::{Jobs, Priority};
    /// use layerw_trace::label;
    /// let jobs = Jobs::new(2)?;
    /// let (mut a, mut b, mut c) = (0, 0, 0);
    /// jobs.scope(|scope| {
    ///     scope.spawn(label("a"), || {
    ///         a = 1;
    ///         scope.spawn(label("c"), || c = 3);
    ///     });
    ///     scope.spawn_priority(Priority::High, label("b"), || b = 2);
    /// });
    /// assert_eq!((a, b, c), (1, 2, 3));
    /// # Ok::<(), layerw_jobs::JobsError>(())
    /// # }).unwrap();
    /// ```
    pub fn scope<'env, R>(
        &self,
        f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    ) -> R {
        self.here("scope", |here| {
            let core = Core::new(here);
            let scope = Scope {
                core: &core,
                jobs: PhantomData,
                env: PhantomData,
            };
            let mut f = Some(f);
            let mut run = |slot: Option<&Slot>| {
                let f = f.take()?;
                let share = Share::new(here, &core, slot);
                share.enter(|| {
                    let result = core.caught.watch(&Cell::new(0), || f(&scope));
                    share.finish();
                    result
                })
            };
            let mut result = None;
            if !here.is_alone() {
                let work = Work {
                    help: share::help,
                    data: (&raw const core).cast(),
                };
                // SAFETY: `core` outlives the call, is `Sync`, and what `help` expects.
                result =
                    unsafe { here.post(|_| (), work, self.threads() - 1, |slot| run(Some(slot))) };
            }
            let result = result.unwrap_or_else(|| run(None));
            match (core.caught.take(), result) {
                (None, Some(result)) => result,
                (Some(payload), _) => std::panic::resume_unwind(payload),
                (None, None) => unreachable!("f has returned or panicked"),
            }
        })
    }
}

/// Where jobs are spawned. See [`Jobs::scope`].
///
/// Jobs run in no particular order but for their priorities: those that wait are taken by priority, whichever worker
/// holds them. Which worker runs a job is not specified either. Jobs must not wait for one another: with one worker
/// the other would never run.
pub struct Scope<'scope, 'env: 'scope> {
    core: &'scope Core,
    /// Invariant: jobs borrow for exactly `'scope`.
    jobs: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a job of normal priority. It is a zone named `label`, and the label stands for what it costs: give
    /// different work different labels.
    ///
    /// Up to six words of captured values are free, more cost an index from a queue. More than 1 KiB does not compile:
    ///
    /// ```compile_fail
    /// # use layerw_trace::label;
    /// # fn spawn(jobs: &layerw_jobs::Jobs) {
    /// let table = [0_u64; 200];
    /// jobs.scope(|scope| scope.spawn(label("sum"), move || drop(table)));
    /// # }
    /// # spawn(&layerw_jobs::Jobs::new(1).unwrap());
    /// ```
    ///
    /// A reference to it does:
    ///
    /// ```
    /// # use layerw_trace::label;
    /// # fn spawn(jobs: &layerw_jobs::Jobs) {
    /// let table = [0_u64; 200];
    /// jobs.scope(|scope| scope.spawn(label("sum"), || assert_eq!(table.iter().sum::<u64>(), 0)));
    /// # }
    /// # spawn(&layerw_jobs::Jobs::new(1).unwrap());
    /// ```
    #[inline]
    pub fn spawn(&'scope self, label: Label, job: impl FnOnce() + Send + 'scope) {
        self.spawn_priority(Priority::Normal, label, job);
    }

    /// Spawns a job.
    #[inline]
    pub fn spawn_priority(
        &'scope self,
        priority: Priority,
        label: Label,
        job: impl FnOnce() + Send + 'scope,
    ) {
        let refused =
            Local::with(
                |here| match here.and_then(|here| Share::current(here, self.core)) {
                    Some(share) => share.push(priority, label, job),
                    None => Err(job),
                },
            );
        if let Err(job) = refused {
            self.run(label, job);
        }
    }

    /// Spawns a job that only worker 0 runs, the thread that made the pool: for what the operating system or a library
    /// binds to one thread. Worker 0 runs it when it waits for something: in a scope, a team, a loop or a join. Such
    /// jobs may therefore run on top of unrelated jobs of worker 0.
    ///
    /// # Panics
    ///
    /// If the calling thread is not a worker of the scope's pool.
    ///
    /// # Deadlocks
    ///
    /// Do not spawn pinned jobs inside rayon's closures: worker 0 may wait for those inside of rayon, where it does
    /// not run pinned jobs.
    pub fn spawn_pinned(&'scope self, label: Label, job: impl FnOnce() + Send + 'scope) {
        let refused = Local::with(|here| match here {
            Some(here) if ptr::eq(Arc::as_ptr(here.pool()), self.core.pool) => {
                here.pin(self.core, label, job)
            }
            here => crate::stranger("spawn_pinned", here.is_some()),
        });
        if let Err(job) = refused {
            self.run(label, job);
        }
    }

    /// Runs a job that cannot be queued here and now.
    #[cold]
    fn run(&self, label: Label, job: impl FnOnce()) {
        let _zone = zone(label);
        self.core.caught.watch(&Cell::new(u64::MAX), job);
    }
}

/// What all workers know of a scope. On its owner's stack.
pub(crate) struct Core {
    /// Which pool it belongs to, for comparing.
    pool: *const Pool,
    /// Index of the worker that waits.
    owner: usize,
    caught: Caught,
    /// Pinned jobs that have not ended.
    pinned: AtomicU32,
    /// ns per job, as f32, averaged. 0: not known.
    job_ns: AtomicU32,
    /// Bit per priority that was ever used. Normal counts as used from the start.
    used: AtomicU32,
}

// SAFETY: the pointer is only compared.
unsafe impl Sync for Core {}

impl Core {
    fn new(here: &Local) -> Core {
        Core {
            pool: Arc::as_ptr(here.pool()),
            owner: here.index(),
            caught: Caught::new(),
            pinned: AtomicU32::new(0),
            job_ns: AtomicU32::new(0),
            used: AtomicU32::new(1 << Priority::Normal as u32),
        }
    }

    /// All pinned jobs have ended, and what they did is seen.
    fn no_pinned(&self) -> bool {
        // Acquire: pairs with the Release of `Local::run_pinned`.
        self.pinned.load(Acquire) == 0
    }
}
