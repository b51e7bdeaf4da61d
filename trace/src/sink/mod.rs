//! Where the crate touches the host: the clock and the Tracy client.
//!
//! The only folder of this crate in which code may depend on the target.

pub(crate) mod clock;

#[cfg(not(all(feature = "tracy", not(target_family = "wasm"))))]
#[path = "no_tracy.rs"]
pub(crate) mod tracy;
#[cfg(all(feature = "tracy", not(target_family = "wasm")))]
pub(crate) mod tracy;

pub(crate) use tracy::Site;

/// How a viewer shows the values of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlotUnit {
    /// Plain numbers.
    #[default]
    Number,
    /// Bytes, shown as KB, MB or GB.
    Bytes,
    /// Per cent, 100 being the whole.
    Percent,
}
