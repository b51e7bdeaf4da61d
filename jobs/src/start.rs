//! Starting a pool and keeping it.
//!
//! rayon supplies the threads, so that `par_iter` in a user's job runs on our workers and nobody else's: a
//! `rayon::ThreadPool` whose thread 0 is the calling thread, and one broadcast that never returns on the others: our
//! loop ([`Local::run`]). rayon binds its thread 0 for good, so a thread has one pool for its life, kept here.

use std::cell::RefCell;

use rayon::ThreadPoolBuilder;

use crate::Jobs;
use crate::error::JobsError;
use crate::host;
use crate::local::Local;
use crate::pool::Pool;
use crate::sync::{Arc, yield_now};

/// Most workers of a pool, on hosts with threads.
pub const THREADS_MAX: usize = 1023;

/// Most workers of a pool on this host: [`THREADS_MAX`], or 1 where a program is one thread.
#[must_use]
pub fn threads_max() -> usize {
    THREADS_MAX.min(host::workers_max())
}

/// Stack of a worker, in bytes, unless said otherwise: what Linux gives the main thread.
const STACK_BYTES: usize = 8 << 20;

/// How a pool shall be. See [`Jobs::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    threads: usize,
    pin: bool,
    stack_bytes: usize,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            threads: 1,
            pin: false,
            stack_bytes: STACK_BYTES,
        }
    }
}

impl Builder {
    /// How many workers, the calling thread included: from 1 to [`threads_max`], by default 1.
    #[must_use]
    pub fn threads(self, threads: usize) -> Builder {
        Builder { threads, ..self }
    }

    /// Whether each worker, the calling thread included, stays on a CPU of its own; by default not. It keeps caches
    /// warm and lets a woken worker start on an idle core instead of its waker's. Ignored where there are fewer CPUs
    /// than workers, or no way to do it.
    #[must_use]
    pub fn pin(self, pin: bool) -> Builder {
        Builder { pin, ..self }
    }

    /// Stack of each worker but the calling thread, in bytes; by default 8 MiB. Waiting workers help with what was
    /// opened below them, so their stacks grow deeper than those of the same functions run alone.
    #[must_use]
    pub fn stack_bytes(self, stack_bytes: usize) -> Builder {
        Builder {
            stack_bytes,
            ..self
        }
    }

    /// Starts the pool, with the calling thread as worker 0, or returns the one that this thread has already, as it
    /// was made.
    ///
    /// # Errors
    ///
    /// See [`JobsError`].
    pub fn build(self) -> Result<Jobs, JobsError> {
        let Builder { threads, .. } = self;
        if threads == 0 {
            return Err(JobsError::NoThreads);
        }
        let most = threads_max();
        if threads > most {
            return Err(JobsError::TooManyThreads { threads, most });
        }
        KEPT.with_borrow_mut(|kept| match kept {
            Some(kept) if kept.jobs.threads() == threads => Ok(kept.jobs.clone()),
            Some(kept) => Err(JobsError::OtherThreads {
                kept: kept.jobs.threads(),
                threads,
            }),
            None => {
                let started = self.start()?;
                Ok(kept.insert(started).jobs.clone())
            }
        })
    }

    fn start(self) -> Result<Kept, JobsError> {
        let Builder {
            threads,
            pin,
            stack_bytes,
        } = self;
        if let Some(worker) = Local::with(|here| here.map(Local::index)) {
            return Err(JobsError::InsideAPool { worker });
        }
        let cpus = if pin {
            host::allowed_cpus()
        } else {
            Vec::new()
        };
        let cpu = move |worker: usize| (cpus.len() >= threads).then(|| cpus[worker]);

        let pool = Arc::new(Pool::new(
            threads,
            threads > host::parallelism(),
            cpu(0).is_some(),
        ));
        // Weak, because rayon never frees what belongs to a thread 0 that was not its own.
        let weak = Arc::downgrade(&pool);
        let rayon = ThreadPoolBuilder::new()
            .panic_handler(move |payload| {
                if let Some(pool) = weak.upgrade() {
                    pool.stray.offer(0, payload);
                }
            })
            .num_threads(threads)
            .use_current_thread()
            .thread_name(|worker| format!("layerw-{worker}"))
            .stack_size(stack_bytes);
        let rayon =
            host::build_pool(rayon).map_err(|source| JobsError::Threads { threads, source })?;

        rayon.spawn_broadcast({
            let (pool, cpu) = (pool.clone(), cpu.clone());
            move |thread| {
                if thread.index() > 0 {
                    work(&pool, thread.index(), cpu(thread.index()));
                }
            }
        });
        // This thread's copy of the broadcast ends at once, but it has to be run: rayon ends no pool before that.
        while rayon.yield_local() == Some(rayon::Yield::Executed) {}

        if let Some(cpu) = cpu(0) {
            host::pin_to(cpu);
        }
        let local = Box::new(Local::new(pool.clone(), 0));
        // SAFETY: the box goes into `KEPT`, whose destructor calls `exit`; moving a box does not move what is in it.
        unsafe { local.enter() };
        while !pool.workers.iter().all(|worker| worker.parker.is_adopted()) {
            yield_now();
        }
        Ok(Kept {
            jobs: Jobs { pool },
            _local: local,
            _rayon: rayon,
        })
    }
}

/// The life of a thread other than the first.
fn work(pool: &Arc<Pool>, index: usize, cpu: Option<usize>) {
    layerw_trace::name_thread(&format!("worker {index}"));
    host::exact_timers();
    if let Some(cpu) = cpu {
        host::pin_to(cpu);
    }
    // The first look into rayon's queues sets up what it keeps per thread; better now than in a frame.
    rayon::yield_now();
    let local = Local::new(pool.clone(), index);
    // SAFETY: `local` stays on this stack until `exit` below. `run` does not unwind: jobs' panics are caught.
    unsafe { local.enter() };
    local.run();
    Local::exit();
}

thread_local! {
    /// The pool of which this thread is worker 0.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// What lives as long as the thread that made the pool.
struct Kept {
    jobs: Jobs,
    _local: Box<Local>,
    _rayon: rayon::ThreadPool,
}

impl Drop for Kept {
    fn drop(&mut self) {
        Local::exit();
        // Our loops end; then, with the rayon pool, its threads. rayon itself keeps some KiB of a pool whose thread 0
        // was not its own.
        self.jobs.pool.stop();
    }
}

/// Runs `f` on a new thread and returns what it returns: for tests and programs that need several pools, since a
/// thread keeps the one pool that it has made. `stack_bytes` 0 stands for the default of 8 MiB. Where a program is one thread (see
/// [`threads_max`]), `f` runs on that one.
///
/// ```
/// use layerw_jobs::{Jobs, on_fresh_thread};
/// for threads in [1, 2, 3] {
///     let name = format!("with {threads}");
///     let seen = on_fresh_thread(&name, 0, || Jobs::new(threads).unwrap().threads());
///     assert_eq!(seen, threads);
/// }
/// ```
///
/// # Panics
///
/// With the panic of `f`, or if the system gives no thread.
pub fn on_fresh_thread<R: Send>(name: &str, stack_bytes: usize, f: impl FnOnce() -> R + Send) -> R {
    on_fresh_thread_beside(name, stack_bytes, f, || ())
}

/// The same, while the calling thread does something else: for what has to be on the thread that a program begins with, such as a window. Returns when both are done. Where a host
/// gives no thread, they run one after the other.
///
/// # Panics
///
/// As [`on_fresh_thread`], or with the panic of `meanwhile` when `f` has ended, too.
pub fn on_fresh_thread_beside<R: Send>(
    name: &str,
    stack_bytes: usize,
    f: impl FnOnce() -> R + Send,
    meanwhile: impl FnOnce(),
) -> R {
    let stack_bytes = if stack_bytes == 0 {
        STACK_BYTES
    } else {
        stack_bytes
    };
    match host::run_apart(name, stack_bytes, f, meanwhile) {
        Ok(result) => result,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}
