//! `play`: the driver with a window, which does steps at the pace of a clock and shows the moments between them.
//!
//! ```text
//!   frame N      │ look at the window │ steps that are due │ lists │ commands │ ··· until the display wants another ···
//!   the device   │        draws frame N-1                            │ draws frame N
//! ```
//!
//! Steps are the same as those of `run`, by the same code, and nothing of a window reaches the world but actions, which are recorded. How often pictures are shown, how large the
//! window is and how late a frame comes changes when a step is done, and never what comes out of it.

#[cfg(not(feature = "window"))]
mod absent;
#[cfg(feature = "window")]
mod pace;
#[cfg(feature = "window")]
mod present;

#[cfg(not(feature = "window"))]
pub(super) use absent::{Desk, Player, connect, is_stranded};
#[cfg(feature = "window")]
pub(super) use present::{Desk, Player, connect, is_stranded};
