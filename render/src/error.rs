//! What can go wrong with a GPU, as answers.

/// Why no GPU is used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoGpu {
    /// Somebody said so.
    #[error("the GPU is switched off")]
    Off,
    /// There is no adapter that can compute.
    #[error(
        "there is no GPU that can compute: no Vulkan driver, and no OpenGL one of version 4.3 or ES 3.1, answers; install one (Debian: `apt-get install mesa-vulkan-drivers libvulkan1`)"
    )]
    NoAdapter,
    /// There is no adapter at all.
    #[error(
        "there is no GPU to draw with, and no program that stands in for one: neither Vulkan nor OpenGL has a driver; install one (Debian: `apt-get install mesa-vulkan-drivers libvulkan1`)"
    )]
    NothingDraws,
    /// No adapter draws in windows of this kind.
    #[error(
        "there is no GPU to draw in a window with, and no program that stands in for one: neither Vulkan nor OpenGL has a driver for this display; install one (Debian: `apt-get install mesa-vulkan-drivers libvulkan1`)"
    )]
    NothingShows,
    /// The window gives nothing to draw on.
    #[error("the window cannot be drawn on: {why}")]
    NoSurface {
        /// What the driver says.
        why: String,
    },
    /// There is only a program that pretends to be one.
    #[error(
        "the only GPU here is `{name}`, a program on the CPU, which is slower than jobs; `--gpu require` takes it"
    )]
    OnlySoftware {
        /// The adapter.
        name: String,
    },
    /// The adapter gives no device.
    #[error("the GPU `{name}` cannot be opened: {why}")]
    Refused {
        /// The adapter.
        name: String,
        /// What it says.
        why: String,
    },
}

/// A device that is gone, with what it did not do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the GPU `{name}` is lost: {why}")]
pub struct Lost {
    /// The adapter.
    pub name: String,
    /// What the driver says, in one line.
    pub why: String,
}
