//! What can go wrong when a pool of workers is made. Running jobs cannot fail: a panic in a job reaches its waiter.

/// Why there is no pool of workers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// No pool without workers.
    #[error("0 threads were asked for: give at least 1, which is the calling thread itself")]
    NoThreads,

    /// More workers than the counters of this crate hold, or than this host has threads.
    #[error(
        "{threads} threads were asked for, at most {most} are supported: give a smaller number"
    )]
    TooManyThreads {
        /// What was asked for.
        threads: usize,
        /// [`crate::threads_max`].
        most: usize,
    },

    /// A thread is worker 0 of one pool for as long as it lives.
    #[error(
        "this thread is worker 0 of a pool of {kept} threads, which it keeps for its life, and {threads} were asked \
         for: ask for {kept}, or make the new pool on a fresh thread (`jobs::on_fresh_thread`)"
    )]
    OtherThreads {
        /// Size of the pool that the thread has.
        kept: usize,
        /// What was asked for.
        threads: usize,
    },

    /// The thread already works for somebody else's pool.
    #[error(
        "this thread is worker {worker} of another pool and cannot be worker 0 of a new one: make the new pool on a \
         fresh thread (`jobs::on_fresh_thread`)"
    )]
    InsideAPool {
        /// Its index there.
        worker: usize,
    },

    /// The operating system gave no more threads, or rayon refused.
    #[error(
        "{threads} worker threads could not be started: {source}; ask for fewer threads, raise the limit, or use a \
         thread that is in no rayon pool"
    )]
    Threads {
        /// What was asked for.
        threads: usize,
        /// What rayon said.
        source: rayon::ThreadPoolBuildError,
    },
}
