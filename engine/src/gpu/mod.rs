//! GPU passes: systems whose work is a shader, with a twin on the CPU.
//!
//! What runs them is the feature `gpu` of this crate, since wgpu takes minutes to build. Without it `sim.gpu` is not there, and `--gpu require` says so.

#[cfg(not(feature = "gpu"))]
mod absent;
#[cfg(feature = "gpu")]
mod present;

#[cfg(not(feature = "gpu"))]
use absent as host;
#[cfg(feature = "gpu")]
use present as host;

pub(crate) use host::{Handle, Passes, adapters, prepare};
#[cfg(feature = "gpu")]
pub use present::{GpuPass, LoseGpu};

use serde::Serialize;

/// Whether passes run on a GPU. It does not change what comes out of exact passes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum GpuChoice {
    /// If there is one; a program on the CPU that pretends to be one is slower than jobs, and left out.
    #[default]
    Auto,
    /// Never: on their twins.
    Off,
    /// Always, also on a program that pretends to be one; without any it is an error.
    Require,
}

/// Why a pass cannot be, or not on the GPU that was asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The program was built without what runs passes.
    #[error(
        "this program was built without GPU passes; add the feature `gpu` of `layerw` to the project, or leave `--gpu require` out"
    )]
    Absent,
    /// A GPU is required and there is none to be had.
    #[error("{0}")]
    NoGpu(String),
    /// A shader is wrong, or does not fit the components or its twin; with file, line and column.
    #[error("{0}")]
    Shader(String),
}

/// What the report says of GPU passes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GpuFigures {
    /// The adapter; `None` where all passes ran on their twins.
    pub(crate) device: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) api: Option<String>,
    /// Why there is none, or none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why_not: Option<String>,
    /// Calls of the global allocator per step inside of the driver and its libraries, from step 60 on; they are not among `allocations_per_frame`.
    pub(crate) allocations_foreign_per_frame: Option<f64>,
    pub(crate) buffers_created: u64,
    pub(crate) submissions: u64,
    pub(crate) bytes_uploaded: u64,
    pub(crate) bytes_read: u64,
    pub(crate) passes: Vec<PassFigures>,
}

/// A pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct PassFigures {
    pub(crate) name: String,
    /// `exact` or `visual`.
    pub(crate) class: &'static str,
    /// Steps in which it ran on the GPU.
    pub(crate) on_gpu: u64,
    /// Steps in which its twin ran; not counted where there never was a GPU.
    pub(crate) on_twin: u64,
    /// Why its twin ran, the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why_twin: Option<String>,
    /// Milliseconds by the device's own clock, in all steps; `None` where it has none.
    pub(crate) device_ms: Option<f64>,
}
