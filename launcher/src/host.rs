//! `layerw build`: a project's program for another host. `layerw web`: a project as a page.
//!
//! Cargo does the work; here is what cargo has to be told so that the standard library, a linker and a C library for that host are found, with
//! rustup's or with Debian's compiler ([`toolchain`]).

mod options;
mod toolchain;
mod wasi_libc;
pub mod web;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::arguments::Call;
use crate::build::{self, Target};
use crate::error::Failure;
use crate::project::Project;
use options::Options;
pub use toolchain::Toolchain;

/// Where programs can be built for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Host {
    /// WebAssembly with files and clocks: Wasmtime, Node and their like.
    Wasi,
    /// Windows on x86-64.
    Windows,
    /// WebAssembly in a browser, with workers over one memory.
    Web,
}

impl Host {
    /// Those whose programs are one file; a page is a folder, which [`web`] makes.
    const ALL: [Host; 2] = [Host::Wasi, Host::Windows];

    fn name(self) -> &'static str {
        match self {
            Host::Wasi => "wasi",
            Host::Windows => "windows",
            Host::Web => "web",
        }
    }

    /// As rustc calls it.
    pub fn target(self) -> &'static str {
        match self {
            Host::Wasi => "wasm32-wasip1",
            Host::Windows => "x86_64-pc-windows-gnu",
            Host::Web => "wasm32-unknown-unknown",
        }
    }

    /// What a project of scripts only needs of the player: code cannot be made at run time in WebAssembly but by the engine of a browser, and native code of scripts was
    /// not tried on Windows.
    fn player_features(self) -> Option<&'static str> {
        match self {
            Host::Wasi | Host::Windows => Some("scripts-wasmi"),
            Host::Web => Some("scripts-page"),
        }
    }

    /// Builds the project's program; where it is.
    fn build(self, project: &Project, call: &Call) -> Result<PathBuf, Failure> {
        let toolchain = Toolchain::find(self)?;
        let target = Target {
            toolchain: &toolchain,
            player_features: self.player_features(),
        };
        build::build(project, &call.build, Some(target))
    }
}

/// Builds the program, and prints where it is.
pub fn build(project: &Project, call: &Call) -> Result<ExitCode, Failure> {
    let Options { host, out } = Options::read(&call.options)?;
    let built = host.build(project, call)?;
    let program = match out {
        None => built,
        Some(out) => copy(&built, out)?,
    };
    println!("{}", program.display());
    Ok(ExitCode::SUCCESS)
}

fn copy(built: &Path, out: PathBuf) -> Result<PathBuf, Failure> {
    match fs::copy(built, &out) {
        Ok(_) => Ok(out),
        Err(source) => Err(Failure::Unwritable { path: out, source }),
    }
}
