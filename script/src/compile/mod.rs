//! The compiler: TypeScript in, WebAssembly and Rust out.

pub mod ir;
pub mod rust;
