//! Keyboard, mouse and gamepads: what happens to them ([`Event`]), how they stand ([`Devices`]), and the names under which projects bind
//! actions to them ([`Source`]). Whoever owns a window or a page makes the events.

mod devices;
mod event;
mod key;
mod source;

pub use devices::Devices;
pub use event::{Button, Event, PadAxis, PadButton, PadEvent};
pub use key::Key;
#[cfg(all(feature = "window", any(unix, windows)))]
pub(crate) use key::for_each_key;
pub use source::{Direction, SOURCES, Source};

/// Gamepads that are told apart.
pub const PADS_MAX: usize = 8;

#[cfg(test)]
mod tests;
