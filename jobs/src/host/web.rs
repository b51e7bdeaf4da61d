//! Workers of a browser page. A program cannot start threads there: the page starts web workers over the program's memory, each of which calls
//! [`layerw_worker`] and waits for a thread that it is to be.
//!
//! Why not wasm-bindgen-rayon, which does the same for rayon's global pool: all its threads are new ones, and the engine's own thread has to be worker 0,
//! where pinned jobs run and which owns what belongs to one thread. rayon's spawn handler leaves thread 0 to the caller, as natively.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};

use rayon::ThreadBuilder;
use wasm_bindgen::prelude::wasm_bindgen;

static WANTED: Mutex<VecDeque<ThreadBuilder>> = Mutex::new(VecDeque::new());
static MORE: Condvar = Condvar::new();

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = layerw, js_name = workers, thread_local_v2)]
    static WORKERS: f64;
    #[wasm_bindgen(js_namespace = layerw, js_name = cpus, thread_local_v2)]
    static CPUS: f64;
}

/// The life of a web worker of the pool; ends with the pool.
#[wasm_bindgen]
pub fn layerw_worker() {
    let mut wanted = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = loop {
        match wanted.pop_front() {
            Some(thread) => break thread,
            None => wanted = MORE.wait(wanted).unwrap_or_else(PoisonError::into_inner),
        }
    };
    drop(wanted);
    thread.run();
}

/// Most workers that a pool can have here: those that the page has started.
pub(crate) fn workers_max() -> usize {
    WORKERS.with(|workers| (*workers as usize).max(1))
}

/// How many threads can run at the same time, as far as the browser tells: at least 1.
pub(crate) fn parallelism() -> usize {
    CPUS.with(|cpus| (*cpus as usize).max(1))
}

/// Makes the pool, whose threads web workers become.
pub(crate) fn build_pool(
    builder: rayon::ThreadPoolBuilder,
) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    builder
        .spawn_handler(|thread| {
            let mut wanted = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.push_back(thread);
            MORE.notify_one();
            Ok(())
        })
        .build()
}

/// Runs `f` on the calling thread. The error is a panic's payload.
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
