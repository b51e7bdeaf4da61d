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

#[cfg(all(target_family = "wasm", not(target_os = "unknown")))]
mod one_thread;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod web;
#[cfg(all(target_family = "wasm", not(target_os = "unknown")))]
pub(crate) use one_thread::{build_pool, parallelism, run_apart, workers_max};
#[cfg(not(target_family = "wasm"))]
pub(crate) use threads::{build_pool, parallelism, run_apart, workers_max};
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use web::{build_pool, parallelism, run_apart, workers_max};

/// The CPUs that this thread may run on, in ascending order. Empty where the host does not tell.
pub(crate) fn allowed_cpus() -> Vec<usize> {
    imp::allowed_cpus()
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
