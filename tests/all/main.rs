//! What crosses crates, in one binary.

mod determinism;
mod failure;
mod order;
