//! The GPU: adapters, shaders, buffers that are recycled, compute passes. Knows nothing of entities; `engine` brings the two together.
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

mod device;
mod error;
mod probe;
mod shader;
mod work;

pub use device::{Adapter, Choice, Kind, Limits, Wanted, adapters};
pub use error::{Lost, NoGpu};
pub use probe::probe;
pub use shader::{
    Class, Column, Kernel, Place, Rows, Scalar, ScalarAt, ShaderError, Shape, Source,
};
pub use work::{Array, Bound, Context, Figures, Gpu, Pass, Reading};
