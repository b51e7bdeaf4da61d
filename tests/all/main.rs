//! What crosses crates, in one binary.

mod chunks;
mod determinism;
mod errors;
mod failure;
mod memory;
mod order;
mod terrain;
