//! What workers promise, seen from outside. Each test makes its pools on threads of their own, with more workers than
//! this machine has CPUs among them.
#![cfg(not(feature = "loom"))]

mod joins;
mod loops;
mod mixed;
mod pools;
mod scopes;
mod teams;

use layerw_jobs::{Jobs, on_fresh_thread};

/// Numbers of workers to try everything with.
const THREADS: [usize; 4] = [1, 2, 3, 8];

/// Runs `f` with pools of several sizes.
fn with_pools(f: impl Fn(&Jobs) + Sync) {
    for threads in THREADS {
        with_pool(threads, &f);
    }
}

/// Runs `f` with a pool of `threads` workers.
fn with_pool<R: Send>(threads: usize, f: impl FnOnce(&Jobs) -> R + Send) -> R {
    on_fresh_thread("test", 0, || f(&Jobs::new(threads).unwrap()))
}

/// The panic of `f` as text.
fn panic_text<R>(f: impl FnOnce() -> R) -> String {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    match caught.map(|_| ()).unwrap_err().downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other
            .downcast::<&str>()
            .map_or("not a text".into(), |text| text.to_string()),
    }
}

/// Keeps a worker busy for about `ns`.
fn busy(ns: u64) {
    let end = layerw_trace::now_ns() + ns;
    while layerw_trace::now_ns() < end {
        std::hint::spin_loop();
    }
}
