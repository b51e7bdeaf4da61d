//! The sandbox from outside: scripts as modules written by hand, over worlds, in schedules beside Rust systems.

mod agreement;
mod mapping;
mod support;
