//! Hosts where a program is one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most workers that a pool can have here.
pub(crate) fn workers_max() -> usize {
    1
}

/// Runs `f` on the calling thread, the only one. The error is a panic's payload.
pub(crate) fn run_apart<R: Send>(
    _name: &str,
    _stack_bytes: usize,
    f: impl FnOnce() -> R + Send,
    meanwhile: impl FnOnce(),
) -> std::thread::Result<R> {
    // Unwind safety: as for a thread, what `f` leaves behind is the caller's to judge.
    let done = catch_unwind(AssertUnwindSafe(f));
    meanwhile();
    done
}

/// Makes the pool; rayon starts the threads.
pub(crate) fn build_pool(
    builder: rayon::ThreadPoolBuilder,
) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    builder.build()
}

/// How many threads can run at the same time.
pub(crate) fn parallelism() -> usize {
    1
}
