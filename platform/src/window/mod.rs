//! A window: what is asked of one, how it stands, and where in it a picture goes.
//!
//! ```text
//!   first thread                                  engine thread
//!   Host::serve ──keys, mouse, size──> State <──look── who draws
//!        ^                               (one lock)       │
//!        └────────open, close──────── Desk <──────────────┘
//! ```
//!
//! Window systems want the thread that a program begins with, and simulations must not wait for them. So the two meet in a [`State`] behind one lock, which is held for a few
//! instructions by either: events are added up there as they come, nothing is queued and nothing allocated, and a step never blocks on the window.

#[cfg(all(feature = "window", any(unix, windows)))]
mod host;
#[cfg(all(feature = "window", any(unix, windows)))]
mod keys;
mod state;
#[cfg(all(feature = "window", target_os = "linux"))]
#[allow(
    unsafe_code,
    reason = "Xlib asks for a function of C, and ends the program where there is none"
)]
mod x11;

#[cfg(all(feature = "window", any(unix, windows)))]
pub use host::{Desk, Host, Window, connect, is_stranded};
pub use state::{Command, State};

use crate::input::Key;
use crate::signals::Stop;

/// What a window is to be.
#[derive(Clone, Debug)]
pub struct WindowOptions {
    /// Above it.
    pub title: String,
    /// Width and height of the picture, in pixels: the window is as large at first, or as many times as large as the screen's scale says.
    pub picture: [u32; 2],
    /// Whether it covers the screen from the beginning.
    pub fullscreen: bool,
    /// Keys that mean something to the window, and do not reach the devices.
    pub commands: Vec<(Key, Command)>,
    /// Asked when the window is closed.
    pub stop: Stop,
}

/// Why there is no window.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no window to be had: {why}")]
pub struct WindowError {
    /// What the host says, in one line.
    pub why: String,
}

/// A part of a window, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// Its upper left corner.
    pub at: [u32; 2],
    /// Width and height.
    pub size: [u32; 2],
}

/// The largest place in the middle of a window that has the shape of a picture; what is left of the window are bars at two sides. At least a pixel large, unless the window is not.
///
/// ```
/// use layerw_platform::window::{Place, fit};
/// assert_eq!(fit([1280, 720], [1280, 800]), Place { at: [0, 40], size: [1280, 720] });
/// ```
pub fn fit(picture: [u32; 2], window: [u32; 2]) -> Place {
    let [width, height] = picture.map(|edge| u64::from(edge.max(1)));
    let [across, down] = window.map(u64::from);
    // Whichever edge of the window is reached first.
    let size = if across * height <= down * width {
        [across, (across * height + width / 2) / width]
    } else {
        [(down * width + height / 2) / height, down]
    };
    let size = [
        size[0].clamp(across.min(1), across),
        size[1].clamp(down.min(1), down),
    ];
    Place {
        at: [(across - size[0]) / 2, (down - size[1]) / 2].map(|edge| edge as u32),
        size: size.map(|edge| edge as u32),
    }
}

impl Place {
    /// Where a point of the window is in the picture: x from -1 on the left to 1, y from -1 at the bottom to 1, beyond that outside.
    pub fn within(self, [x, y]: [f64; 2]) -> [f32; 2] {
        let part = |at: f64, from: u32, edge: u32| {
            2.0 * (at - f64::from(from)) / f64::from(edge.max(1)) - 1.0
        };
        [
            part(x, self.at[0], self.size[0]) as f32,
            -part(y, self.at[1], self.size[1]) as f32,
        ]
    }
}

#[cfg(test)]
mod tests;
