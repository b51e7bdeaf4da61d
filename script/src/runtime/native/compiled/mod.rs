//! Modules compiled by wasmtime, over columns that are mapped into their memory.
//!
//! The only runtime that touches columns where they are *and* knows what it may touch: what a system declared is what its pages' rights say.

mod cell;
mod clock;
mod creator;
mod engine;
mod imports;
mod program;

pub(super) use program::Native;
