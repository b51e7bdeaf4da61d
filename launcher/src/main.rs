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
mod host;
mod project;

use std::process::ExitCode;

use arguments::{BuildOptions, Call, Request};
use error::Failure;
use project::Project;

/// The engine's feature that opens windows.
const WINDOW: &str = "layerw/window";

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

/// What the build is asked for: a window, too, where one is wanted. A project of scripts has nothing to show, and is told so without that.
fn features(call: &Call, project: &Project) -> BuildOptions {
    let mut build = call.build.clone();
    if call.verb == arguments::PLAY && project.binary.is_none() {
        build.features.push(WINDOW.to_owned());
    }
    build
}

fn answer(call: &Call) -> Result<ExitCode, Failure> {
    let project = match (&call.project, call.action) {
        // The components of a world are for the program that makes it to say.
        (Some(folder), Some("bindings")) => Project::find(folder)?,
        // What scripts are is not the project's program to say, which may not even compile.
        (Some(folder), Some(_)) => Project::find(folder)?.by_player()?,
        (Some(folder), None) => Project::find(folder)?,
        // The engine's own binary answers verbs that concern no project, such as `diff`, which compares two files.
        (None, _) => Project::of_ours("engine", "layerw-tools")?,
    };
    if call.verb == arguments::BUILD {
        return host::build(&project, call);
    }
    if call.verb == arguments::WEB {
        return host::web::web(&project, call);
    }
    let binary = build::build(&project, &features(call, &project), None)?;
    // Without a project there is nothing whose files the binary should look at.
    let folder = call.project.as_ref().map(|_| project.folder.as_path());
    let words = std::iter::once(call.verb).chain(call.action);
    handover::become_binary(&binary, words, folder, &call.options)
}
