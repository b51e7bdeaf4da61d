//! Scripts: systems written in TypeScript, compiled to WebAssembly, run in a sandbox over the world's own columns.
//!
//! ```text
//!   .ts ──compile──> module (.wasm + manifest) ──load, check──> sandbox, one instance per worker ──> systems
//! ```
//!
//! - [`abi`] is what a module and its host agree on: exports, parameters, the manifest that says what each system touches.
//! - `compile` (feature `compiler`) turns TypeScript into such modules.
//! - `bindings` (feature `compiler`) declares the components of one language in the other.
//! - [`packed`] is how modules that were compiled for a page are listed there.
//! - `runtime` (features `wasmtime`, `wasmi`, `quickjs`, `page`) loads them and runs their systems in a sandbox.
//!
//! Priorities, in this order: a script cannot harm the process or see what it did not declare; the same bits as the same system in
//! Rust; speed; and errors that name the script's own lines.

pub mod abi;
#[cfg(feature = "compiler")]
pub mod bindings;
#[cfg(feature = "compiler")]
pub mod compile;
pub mod packed;
#[cfg(feature = "runtime")]
pub mod runtime;
