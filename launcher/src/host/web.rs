//! `layerw web`: a project as a folder of files that any server can serve.

use std::process::{Command, ExitCode};

use super::Host;
use super::options::out_of;
use crate::arguments::{BuildOptions, Call};
use crate::build;
use crate::cargo;
use crate::error::Failure;
use crate::project::Project;

/// Builds the program, has it packed, and prints where the page is.
///
/// The packer is a program of its own, because wasm-bindgen and the compiler of scripts, which it is made of, take minutes to build, and who only runs projects should not wait for it.
pub fn web(project: &Project, call: &Call) -> Result<ExitCode, Failure> {
    let out = out_of(&call.options)?;
    let program = Host::Web.build(project, call)?;
    let packer = Project::of_ours("web-pack", "layerw-web-pack")?;
    let packer = build::build(&packer, &BuildOptions::default(), None)?;
    let name = project.folder.file_name().unwrap_or_default();
    let mut command = Command::new(&packer);
    command.arg(&program).arg(name).arg(&project.folder);
    command.arg(&out);
    cargo::forget_launcher(&mut command);
    let status = command.status().map_err(|source| Failure::Start {
        binary: packer,
        source,
    })?;
    // What was wrong, it has said.
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    println!("{}", out.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}
