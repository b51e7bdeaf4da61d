//! The sandbox from outside: scripts as modules written by hand, over worlds, in schedules beside Rust systems.

mod agreement;
mod commands;
mod illegal;
mod loading;
mod mapping;
mod support;
