//! The frame graph: nodes with declared access in, a plan out, and the executor that runs it.
//!
//! What is decided here, in order of weight:
//! 1. **Written order is the meaning.** Nodes that conflict run in the order in which they were
//!    declared, on any number of workers; what is parallel is only faster.
//! 2. **Nothing is hidden.** Every edge knows its cause; the plan draws itself.
//! 3. **Small steps stay small.** A cheap graph runs on one worker without a single atomic; lanes
//!    make the rest nearly as cheap.
//!
//! [`plan`] is pure and knows neither threads nor what the nodes do. [`run`] executes a plan on
//! `layerw-jobs`. Neither knows the ECS or the GPU.

#![forbid(unsafe_code)]

pub mod plan;
pub mod run;
mod sync;

/// The parts that `tests/loom.rs` runs through every interleaving.
#[cfg(feature = "loom")]
#[doc(hidden)]
pub mod model {
    pub use crate::run::lane::{Lane, State, tagged};
}

pub use plan::{
    Access, Cause, Conflict, Edge, EdgeGrain, Grain, GraphBuilder, GraphError, GroupId, Key,
    Lifetime, Mode, NodeDecl, NodeId, NodeKind, Plan, Source, Task,
};
pub use run::{Executor, Failure, NodeCost, RunOptions, Spread, Work};
