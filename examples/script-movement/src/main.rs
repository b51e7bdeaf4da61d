//! Points that Rust makes and TypeScript moves; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerw::main(script_movement::sim)
}
