//! The sandbox from outside: scripts as modules written by hand, over worlds, in schedules beside Rust systems.

mod agreement;
#[cfg(feature = "compiler")]
mod batches;
mod commands;
#[cfg(feature = "compiler")]
mod flock;
mod illegal;
#[cfg(feature = "compiler")]
mod language;
mod loading;
mod mapping;
#[cfg(feature = "quickjs")]
mod quickjs;
mod shared;
mod support;
