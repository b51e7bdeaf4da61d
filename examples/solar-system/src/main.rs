//! Runs the solar system.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerw::main(solar_system::sim)
}
