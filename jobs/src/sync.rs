//! The one door to atomics, cells, locks and parking.
//!
//! Everything in this crate that two threads may touch comes from here, so that the feature `loom` can swap it for
//! loom's counterparts and the module `models` can run the real protocols, not copies of them, through every
//! interleaving. The cells have loom's form (`with`, `with_mut`): under loom each access is checked for races.

#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, fence},
    sync::{Mutex, OnceLock, PoisonError},
    thread::{Thread, current, park, yield_now},
};

#[cfg(feature = "loom")]
pub(crate) use loom::{
    hint::spin_loop,
    sync::Mutex,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, fence},
    thread::{Thread, current, park, yield_now},
};
#[cfg(feature = "loom")]
pub(crate) use std::sync::{OnceLock, PoisonError};

#[cfg(not(feature = "loom"))]
pub(crate) use crossbeam_queue::ArrayQueue;

/// A bounded queue with the contract of `crossbeam_queue::ArrayQueue`, which loom cannot look into.
#[cfg(feature = "loom")]
pub(crate) struct ArrayQueue<T> {
    items: Mutex<std::collections::VecDeque<T>>,
    capacity: usize,
}

#[cfg(feature = "loom")]
impl<T> ArrayQueue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        ArrayQueue {
            items: Mutex::new(std::collections::VecDeque::new()),
            capacity,
        }
    }

    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        if items.len() == self.capacity {
            return Err(item);
        }
        items.push_back(item);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.items
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }
}

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// How large something is: as small as possible in models, where each atomic costs.
pub(crate) const fn sized(usual: usize, in_models: usize) -> usize {
    if cfg!(feature = "loom") {
        in_models
    } else {
        usual
    }
}

#[cfg(not(feature = "loom"))]
pub(crate) use layerw_trace::now_ns;

/// Models have no clock: decisions that depend on time must come out the same in each run.
#[cfg(feature = "loom")]
pub(crate) fn now_ns() -> u64 {
    0
}

/// Parks like [`park`], for at most `ns` nanoseconds. May return early.
#[cfg(not(feature = "loom"))]
pub(crate) fn park_for(ns: u64) {
    std::thread::park_timeout(std::time::Duration::from_nanos(ns));
}

/// Models have no clock: a timer may fire at any moment, so it fires at once.
#[cfg(feature = "loom")]
pub(crate) fn park_for(_ns: u64) {
    yield_now();
}

/// `std::cell::UnsafeCell` with the interface of loom's, so that models can watch every access.
#[cfg(not(feature = "loom"))]
#[derive(Default)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(feature = "loom"))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Hands out a pointer for reading; whoever reads through it shows that nobody writes meanwhile.
    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Hands out a pointer for writing; whoever writes through it shows that nobody else looks meanwhile.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

#[cfg(feature = "loom")]
pub(crate) use loom::cell::UnsafeCell;
