//! The sandbox: scripts run, each system over the columns that it declared and nothing else.
//!
//! ```text
//!   bytes ──limits──> manifest ──compile──> Script ──bind──> systems ──run──> an instance per worker and system
//!                                             │ world: layouts agree            │ memory: its own, and in a window the granted pages
//! ```
//!
//! ```no_run
//! # fn load(mut world: layerw_ecs::World) -> Result<(), Box<dyn std::error::Error>> {
//! use layerw_script::runtime::{Options, Script};
//!
//! let script = Script::load("movement", &std::fs::read("movement.wasm")?, &Options::default())?;
//! for system in script.bind(&mut world)? {
//!     // `sim.add(system)`, or an entry of a schedule
//! }
//! # Ok(())
//! # }
//! ```
//!
//! **What a script can do to others: nothing, and what it can do to itself.** It reads the columns, entities and resources that its manifest declares, writes those
//! that it declares to write, and records commands if it says so. Anything else is a trap, which names script, system, line and entity. Within a column that it
//! writes it can reach rows of other chunks, because pages hold more than one chunk's rows: a hostile script can so make its own columns depend on timing, but not
//! others'. Columns whose bytes can be invalid (`bool`, entities) are copied and looked at when a script writes them.
//!
//! **What is kept between calls** in a script's own memory and globals is kept per instance, so it differs from worker to worker: state belongs into components and
//! resources.
//!
//! **Forms.** [`Form::Mapped`]: a column's pages are mapped a second time into the script's memory, with its right, when a system first sees them, and stay:
//! the steady state copies nothing and makes no call of the system. [`Form::Copied`]: where the host or the arena cannot do that.
//!
//! **Runtimes.** What runs a script stands behind the traits of `host`: `native` is wasmtime, or the page's own engine in a browser, `interpreted` is wasmi, `javascript` is QuickJS. The rest is the same for all: what a
//! script may ask for, what a system is to the schedule, what a fault says. All give the same bits, but for which NaN a module leaves in memory that does not see to
//! that itself (`one_nan` of the manifest) and is interpreted; the state hash takes all NaNs for one.

// QuickJS alone runs no modules, and what modules may ask for is written once for those who do.
#![cfg_attr(
    not(any(feature = "wasmtime", feature = "wasmi")),
    allow(dead_code, unused_variables, unreachable_code)
)]

mod calls;
mod compile_limits;
mod debugger;
mod error;
#[allow(
    dead_code,
    reason = "for those who run modules and are not told what they are"
)]
mod externals;
mod fault;
mod host;
#[cfg(feature = "wasmi")]
mod interpreted;
#[cfg(feature = "quickjs")]
mod javascript;
#[allow(
    dead_code,
    reason = "for those who run modules and cannot ask them where they are"
)]
mod marks;
mod module;
mod native;
mod options;
mod pace;
mod script;
mod source_map;
mod system;

pub use debugger::{Debugger, Seen, Stopped, Value};
pub use error::ScriptError;
pub use fault::Fault;
pub use native::COMPILED_BEFORE;
pub use options::{Columns, CompileLimits, Form, OnFault, Options, Runtime};
pub use script::Script;
