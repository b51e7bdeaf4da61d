//! Results on standard output.

use std::fmt;
use std::io::{self, Write};

use layerw_platform::terminal::{Stderr, Terminal, stdout};

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {source}; send it somewhere else")]
pub struct OutputError {
    /// What the host said.
    source: io::Error,
}

/// Writes `text` to standard output. A reader that has seen enough and closed the pipe is no failure.
///
/// # Errors
/// The host cannot write.
pub(super) fn print(text: &str) -> Result<(), OutputError> {
    settle(stdout().write_all(text.as_bytes()))
}

/// Writes a line to standard output, without allocating.
///
/// # Errors
/// The host cannot write.
pub(super) fn print_line(line: fmt::Arguments<'_>) -> Result<(), OutputError> {
    let mut out = stdout();
    settle(out.write_fmt(line).and_then(|()| out.write_all(b"\n")))
}

/// Tells a person something that is no result, on standard error.
pub(super) fn say(text: fmt::Arguments<'_>) {
    let mut line = text.to_string();
    line.push('\n');
    Stderr::new().write(line.as_bytes());
}

/// Makes the buffer of standard output, which otherwise comes into being with the first line.
pub(super) fn prepare() {
    drop(stdout());
}

/// Waits until everything is written.
///
/// # Errors
/// The host cannot write.
pub(super) fn flush() -> Result<(), OutputError> {
    settle(stdout().flush())
}

fn settle(done: io::Result<()>) -> Result<(), OutputError> {
    match done {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(OutputError { source }),
        _ => Ok(()),
    }
}
