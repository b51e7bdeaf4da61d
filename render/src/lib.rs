//! The GPU: adapters, shaders, buffers that are recycled, compute passes, and pictures. Knows nothing of entities; `engine` brings the two together.
//!
//! What a picture shows is said in [`scene`], which is there without the feature `device`, so that whoever cannot draw can still say it.
//!
//! What decides trade-offs, in this order:
//!
//! 1. **Nothing here ends a program.** A shader that is wrong, an adapter that lacks something and a device that is lost are answers, and whoever asked goes on
//!    without the GPU.
//! 2. **Exact means exact.** A kernel that says so is held to operations that have one result, and an adapter is probed before it is trusted.
//! 3. **A steady frame makes nothing.** Buffers, staging memory and bind groups are kept and recycled when the frame that used them has passed its fence.
//!
//! All objects of a device stay on the thread that opened it: a rule of the web, kept everywhere.

#![forbid(unsafe_code)]

#[cfg(feature = "device")]
mod device;
#[cfg(feature = "device")]
mod draw;
#[cfg(feature = "device")]
mod error;
#[cfg(feature = "device")]
mod probe;
pub mod scene;
#[cfg(feature = "device")]
mod shader;
#[cfg(feature = "device")]
mod work;

#[cfg(feature = "device")]
pub use device::{Adapter, Choice, Kind, Limits, Wanted, adapters};
#[cfg(feature = "device")]
pub use draw::{Difference, DrawError, Exposure, Picture, Quality, Renderer, Screen, Window};
#[cfg(feature = "device")]
pub use error::{Lost, NoGpu};
#[cfg(feature = "device")]
pub use probe::probe;
#[cfg(feature = "device")]
pub use shader::{
    Class, Column, Kernel, Place, Rows, Scalar, ScalarAt, ShaderError, Shape, Source,
};
#[cfg(feature = "device")]
pub use work::{Array, Bound, Context, Figures, Gpu, Pass, Reading};
