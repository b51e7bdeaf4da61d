//! From WGSL to a kernel: text with includes, checked by naga, with what it binds found by looking at it.
//!
//! ```text
//!   text ──include──> one text ──naga──> module ──Kernel──> what each variable is, whose rows it touches
//!                     (and where             │
//!                      each line is from)    └─exact──> no operation with two results, no product fused into a sum
//! ```
//!
//! A kernel is a function `fn row(row: u32)` that is called for each row, and variables in storage that are named after what stands in them:
//!
//! ```wgsl
//! struct Velocity { x: f32, y: f32, z: f32 }
//! struct Position { x: f32, y: f32, z: f32 }
//! var<storage, read> velocities: array<Velocity>;
//! var<storage, read_write> positions: array<Position>;
//! fn row(row: u32) {
//!     positions[row].x += velocities[row].x * cx.dt;
//! }
//! ```
//!
//! The source is the declaration: `read` and `read_write` say what is touched, and the name of the struct whose. Places in bind groups are given here; the entry point
//! is written here too, because how rows become groups depends on the adapter.

mod exact;
mod kernel;
mod text;

pub(crate) use kernel::{CX_BYTES, ENTRY};
pub use kernel::{Column, Kernel, Rows, Scalar, ScalarAt, Shape};
pub use text::{Place, ShaderError, Source};

/// What a kernel promises.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// Every result has the same bits as on a CPU: integers, comparisons, `+`, `-`, `*`, `min`, `max`, `abs` and conversions, and no product fused into a sum.
    Exact,
    /// For the eye: results may differ between adapters.
    Visual,
}
