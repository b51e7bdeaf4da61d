//! Runs the bodies.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerw::main(nbody_gpu::sim)
}
