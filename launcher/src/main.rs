//! The `layerw` command: finds a project, builds it through cargo and becomes it.
//!
//! It knows nothing of the engine and so builds in seconds; what a verb means and which options it takes is the project's own binary's to say,
//! which is started with the same verb and options in the same working folder. The binary learns its project from the environment variable
//! `LAYERW_PROJECT`, an absolute path: its `layerw.toml` and assets are there, wherever the command was given.
//!
//! Exit status: the project's own; otherwise 1 if something failed and 2 if the command was wrong.

#![forbid(unsafe_code)]

mod arguments;
mod build;
mod cargo;
mod error;
mod handover;
mod project;

use std::path::Path;
use std::process::ExitCode;

use arguments::{Call, Request};
use error::Failure;
use project::Project;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    let ended = match arguments::read(arguments) {
        Ok(Request::Call(call)) => answer(&call),
        Ok(Request::Text(text)) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => Err(failure),
    };
    ended.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::from(failure.exit_code())
    })
}

fn answer(call: &Call) -> Result<ExitCode, Failure> {
    let project = match &call.project {
        Some(folder) => Project::find(folder)?,
        None => engine_tools(call.verb)?,
    };
    let binary = build::build(&project, &call.build)?;
    // Without a project there is nothing whose files the binary should look at.
    let folder = call.project.as_ref().map(|_| project.folder.as_path());
    handover::become_binary(&binary, call.verb, folder, &call.options)
}

/// The engine's own binary answers verbs that concern no project, such as `diff`, which compares two files.
///
/// It is built from the sources that this command was built from.
fn engine_tools(verb: &'static str) -> Result<Project, Failure> {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("engine");
    if !engine.join("Cargo.toml").is_file() {
        return Err(Failure::NoEngine { verb, engine });
    }
    Ok(Project {
        binary: Some("layerw-tools"),
        ..Project::find(&engine)?
    })
}
