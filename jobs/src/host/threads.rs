//! Starting a thread, where the host has them.

/// Most workers that a pool can have here.
pub(crate) fn workers_max() -> usize {
    usize::MAX
}

/// Runs `f` on a thread of its own and `meanwhile` on this one, and waits for both. The error is a panic's payload.
///
/// # Panics
///
/// If the system gives no thread.
pub(crate) fn run_apart<R: Send>(
    name: &str,
    stack_bytes: usize,
    f: impl FnOnce() -> R + Send,
    meanwhile: impl FnOnce(),
) -> std::thread::Result<R> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(stack_bytes)
            .spawn_scoped(scope, f);
        match thread {
            Ok(thread) => {
                meanwhile();
                thread.join()
            }
            Err(error) => {
                panic!("the thread {name:?} could not be started: {error}; end some threads first")
            }
        }
    })
}

/// Makes the pool; rayon starts the threads.
pub(crate) fn build_pool(
    builder: rayon::ThreadPoolBuilder,
) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    builder.build()
}

/// How many threads can run at the same time: at least 1.
pub(crate) fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
