//! Layer-W: a parallel simulation engine.
//!
//! A simulation is a [`World`] and systems in order. Systems are plain functions whose signatures
//! declare what they read and write; the engine compiles them into a graph of jobs and runs it on
//! all workers. The written order is the meaning, parallelism only changes the speed: the same
//! inputs give the same bits for any number of workers.
//!
//! What decides trade-offs, in this order:
//!
//! 1. **Determinism**: one state hash, whatever the schedule, the host and the build.
//! 2. **No surprises in memory**: budgets per pool, a steady headless step allocates nothing.
//! 3. **Speed** of whole simulations, then of single loops.
//! 4. **A library, not a framework**: own the loop if you like, see [`Runner`].
//!
#![doc = include_str!("../../README.md")]

mod command;
mod config;
pub mod draw;
mod error;
mod frame_times;
mod gpu;
mod identity;
mod input;
mod record;
mod report;
mod runner;
mod scripts;
mod settings;
mod sim;
mod snapshot;

#[doc(hidden)]
pub use command::tools;
pub use command::{OutputError, ReplayError, UsageError, main};
#[doc(hidden)]
pub use config::check_config;
pub use config::{ConfigError, Place};
pub use config::{ScriptCompiler, ScriptRuntime};
pub use error::{Error, Result};
pub use gpu::{GpuChoice, GpuError};
#[cfg(feature = "gpu")]
pub use gpu::{GpuPass, LoseGpu};
pub use input::{ACTIONS_MAX, Action, Binding, Input, InputError};
pub use layerw_ecs as ecs;
pub use layerw_ecs::{
    Changed, Commands, Component, Cx, Entity, Events, IntoRow, IntoWhole, Local, LocalMut, Pending,
    Query, Random, Res, ResMut, StateHash, With, Without, World, math, par,
};
pub use layerw_ecs_macros::component_of_layerw as component;
pub use layerw_frame_graph::Spread;
pub use layerw_jobs::{Jobs, on_fresh_thread};
pub use layerw_memory as memory;
pub use layerw_memory::{FrameSlice, ScratchVec};
pub use layerw_platform::input as devices;
#[cfg(feature = "gpu")]
pub use layerw_render::Source as Wgsl;
pub use layerw_trace::{Label, label};
pub use record::{Damage, RecordingError};
pub use report::TakenKey;
pub use runner::{Runner, RunnerOptions};
pub use scripts::ScriptsError;
pub use settings::{Declared, Kind, Origin, SettingError, Settings};
pub use sim::{Finish, Sim};
pub use snapshot::SnapshotError;

/// The text of a file in WGSL, relative to the file in which this stands, for [`Sim::gpu`]: messages call it by its path.
#[cfg(feature = "gpu")]
#[macro_export]
macro_rules! wgsl {
    ($path:literal) => {
        $crate::Wgsl::new($path, include_str!($path))
    };
}

/// Counts every call of the global allocator, in every program that uses the engine; the price is
/// two relaxed additions per call.
#[global_allocator]
static ALLOCATOR: layerw_memory::counting::CountingAllocator =
    layerw_memory::counting::CountingAllocator;
