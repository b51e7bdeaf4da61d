//! Modules run by the engine of the page's browser, in memory of their own: what they are given for a call is copied there and, where written, back, and counted.
//!
//! ```text
//!   System ──arguments──> Cell ──copy, call──> scripts.js of the page ──> instance, in this worker's own realm
//!                          ^                                                 │ commands, functions of numbers
//!                          └───────────── functions of this program, through its table ──┘
//! ```
//!
//! - **A realm for each worker.** What WebAssembly makes belongs to the worker that made it, so a [`Cell`](cell::Cell) is numbers, and the instance behind it is made by the worker that first
//!   runs it. That allocates nothing of the program's.
//! - **Why JavaScript stands in between.** Only it catches a trap, which would end the program otherwise. What a module calls during a call does not pass through it.
//! - **A limit of time there is none**, because nothing in a browser interrupts a worker. Loops of our compiler come to an end or to a trap of their own.

mod cell;
mod imports;
mod js;
mod program;

pub(super) use program::Page;
