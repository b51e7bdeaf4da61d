//! Runs the flock.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerw::main(flock::sim)
}
