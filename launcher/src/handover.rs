//! The last act: this process becomes the project's program.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cargo;
use crate::error::Failure;

/// Tells the program which project it is of.
const PROJECT: &str = "LAYERW_PROJECT";

/// Starts the program in the same working folder. Its exit status is ours.
pub fn become_binary(
    binary: &Path,
    verb: impl Iterator<Item = &'static str>,
    project: Option<&Path>,
    options: &[OsString],
) -> Result<ExitCode, Failure> {
    let mut command = Command::new(binary);
    command.args(verb).args(options);
    cargo::forget_launcher(&mut command);
    match project {
        Some(folder) => command.env(PROJECT, folder),
        None => command.env_remove(PROJECT),
    };
    let start = |source| Failure::Start {
        binary: binary.to_owned(),
        source,
    };
    replace(command).map_err(start)
}

/// On Unix the process is replaced, so that signals reach the program and its death by a signal is seen by whoever waits for us.
#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Elsewhere the program is a child whose exit status is passed on. Ctrl-C reaches both; the program ends after its step even if we are gone.
#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Result<ExitCode> {
    let status = command.status()?;
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Ok(ExitCode::from(code))
}
