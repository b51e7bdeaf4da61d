//! The one door to atomics and locks, so that the feature `loom` can swap them for loom's and
//! `tests/loom.rs` can run the real lane protocol through every interleaving.

#[cfg(feature = "loom")]
pub(crate) use loom::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, AtomicU64},
};
#[cfg(not(feature = "loom"))]
pub(crate) use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, AtomicU64},
};

pub(crate) use std::sync::PoisonError;
pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
