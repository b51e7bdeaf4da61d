//! The program of projects that have none: a folder with a layerw.toml and scripts.
//!
//! The `layerw` command builds it once and starts it with the project's folder. Everything such a project is stands in its scripts: their systems make the
//! entities at the first step and move them from then on.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use layerw::{Result, Settings, Sim};

fn main() -> ExitCode {
    layerw::main(sim)
}

fn sim(settings: &Settings) -> Result<Sim> {
    let mut sim = settings.sim()?;
    sim.scripts(settings)?;
    Ok(sim)
}
