//! Declarations of components for the other language: what one side declares, the other need not write again.
//!
//! ```text
//!   #[component] structs ──Schema, ComponentDecl──> typescript() ──> classes for scripts
//!   classes of scripts ──compile──> rust() ──> #[component] structs
//! ```
//!
//! The same declarations give the same text. Both sides are compared field by field when a script is bound to a world, so a declaration that was made by hand is as good.

#[cfg(test)]
mod tests;
mod typescript;

pub use typescript::{BindingError, typescript};

use crate::compile::rust::{self, RustError};
use crate::compile::{Program, ir};

/// The components and resources of a script as Rust structs with `#[component]`.
///
/// # Errors
/// A name that Rust has not.
pub fn rust(program: &Program) -> Result<String, RustError> {
    let module = program.module();
    let components: &[ir::Component] = &module.components;
    rust::declarations(components, &module.sources)
}
