//! What differs between operating systems: whether there are threads, which CPUs there are, staying on one of them, and exact timers.
//!
//! All but the threads are favours that a host may refuse: callers go on without them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as imp;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other as imp;

#[cfg(target_family = "wasm")]
mod one_thread;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[cfg(target_family = "wasm")]
pub(crate) use one_thread::{run_apart, workers_max};
#[cfg(not(target_family = "wasm"))]
pub(crate) use threads::{run_apart, workers_max};

/// The CPUs that this thread may run on, in ascending order. Empty where the host does not tell.
pub(crate) fn allowed_cpus() -> Vec<usize> {
    imp::allowed_cpus()
}

/// How many threads can run at the same time: at least 1.
pub(crate) fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Binds the calling thread to one CPU. False where the host refused.
pub(crate) fn pin_to(cpu: usize) -> bool {
    imp::pin_to(cpu)
}

/// Asks for timers that fire when they are due: Linux otherwise bundles them into steps of 50 µs, half of the time
/// that a worker wakes ahead of a predicted frame.
pub(crate) fn exact_timers() {
    imp::exact_timers();
}
