//! The one place where this crate takes atomics and locks from, so that a model checker can replace them.
//!
//! With the feature `loom` the primitives are loom's and every interleaving of `tests/loom.rs` is tried. Statics are
//! the exception: loom has no constant constructors, and the process-wide counters in here order nothing (each
//! only hands out or counts numbers), so [`process`] is always std. So is what only its last drop makes a difference to, because every clone would
//! be one more point to branch at.

#[cfg(feature = "loom")]
pub use loom::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
};
#[cfg(feature = "loom")]
pub(crate) use loom::thread_local;
#[cfg(not(feature = "loom"))]
pub use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
};
#[cfg(not(feature = "loom"))]
pub(crate) use std::thread_local;

/// Primitives for statics: std's under every feature.
pub mod process {
    pub use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering};
    pub use std::sync::{Arc, Mutex, MutexGuard};
}

/// Locks, whether or not a panic passed through an earlier holder: every critical section of this crate checks
/// before it changes anything, so the state behind a poisoned lock is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Zeros, which come lazily from the host where it can do that.
#[cfg(not(feature = "loom"))]
pub(crate) fn zeroed(count: usize) -> Box<[AtomicU64]> {
    bytemuck::zeroed_slice_box(count)
}

/// Zeros.
#[cfg(feature = "loom")]
pub(crate) fn zeroed(count: usize) -> Box<[AtomicU64]> {
    (0..count).map(|_| AtomicU64::new(0)).collect()
}

/// One turn of waiting for what another thread does within a microsecond.
pub(crate) fn pause() {
    #[cfg(feature = "loom")]
    loom::thread::yield_now();
    #[cfg(not(feature = "loom"))]
    std::hint::spin_loop();
}

/// A number that no other call returned, in this process: u64 does not wrap within its life. Threads take them by the thousand, so that workers who
/// stamp something each microsecond share nothing.
pub(crate) fn stamp() -> u64 {
    const TAKEN: u64 = 1 << 10;
    static NEXT: process::AtomicU64 = process::AtomicU64::new(TAKEN);
    std::thread_local! {
        /// The last number given. A multiple of `TAKEN` is none: with it the ones taken have come to their end.
        static LAST: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
    }
    LAST.with(|last| {
        let mut number = last.get() + 1;
        if number % TAKEN <= 1 {
            // Relaxed: only uniqueness matters, which the atomicity of the addition gives.
            number = NEXT.fetch_add(TAKEN, process::Ordering::Relaxed) + 1;
        }
        last.set(number);
        number
    })
}
