//! Why there is no picture.

use crate::error::{Lost, NoGpu};

/// Why there is no picture.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// No adapter.
    #[error(transparent)]
    NoGpu(#[from] NoGpu),
    /// The device is gone, or refused something.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// More pixels than the adapter has textures for.
    #[error(
        "a picture of {width} by {height} pixels is more than the GPU `{name}` can draw; ask for at most {most} each way"
    )]
    Size {
        /// Asked for.
        width: u32,
        /// Asked for.
        height: u32,
        /// The adapter.
        name: String,
        /// What it can.
        most: u32,
    },
}
