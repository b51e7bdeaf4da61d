//! `diff A B`: where two recordings differ first.

use std::process::ExitCode;

use layerw_platform::files::Disk;

use super::options::DiffOptions;
use super::output;
use crate::error::Result;
use crate::record::{self, Reader};

/// Compares and prints. Exit status 1 where they differ, as `diff` and `cmp` do.
pub(super) fn diff(options: &DiffOptions) -> Result<ExitCode> {
    let mut a = Reader::open(&Disk, &options.a)?;
    let mut b = Reader::open(&Disk, &options.b)?;
    let verdict = record::diff(&mut a, &mut b)?;
    output::print_line(format_args!("{verdict}"))?;
    Ok(if verdict.is_equal() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
