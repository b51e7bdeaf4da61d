//! The scripts of a project: read from its folder, compiled where they are TypeScript, added as systems.
//!
//! What runs scripts is large, so it is the feature `scripts` of this crate, or `scripts-wasmi`, `scripts-quickjs` or `scripts-page`; without any a project that names scripts is told so.

#[cfg(not(feature = "scripting"))]
mod absent;
mod breakpoints;
#[cfg(feature = "scripting")]
mod choices;
#[cfg(feature = "scripting")]
mod packed;
#[cfg(feature = "scripting")]
mod present;
#[cfg(feature = "scripts-compiler")]
mod sources;
#[cfg(feature = "scripts-compiler")]
mod stepper;
#[cfg(feature = "scripts-compiler")]
mod told;
#[cfg(not(feature = "scripts-compiler"))]
mod untold;

#[cfg(not(feature = "scripting"))]
use absent as host;
#[cfg(feature = "scripting")]
use present as host;

pub(crate) use breakpoints::{Breakpoint, Breakpoints};
pub(crate) use host::{Loaded, load};
#[cfg(feature = "scripts-compiler")]
pub(crate) use told::{classes, parts, structs};
#[cfg(not(feature = "scripts-compiler"))]
pub(crate) use untold::{classes, parts, structs};

use std::path::PathBuf;

use layerw_platform::files::FileError;
use serde::Serialize;

use crate::error::Result;
use crate::settings::Settings;
use crate::sim::Sim;

/// Why the scripts of a project cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptsError {
    /// The program was built without what runs scripts.
    #[error("`{}` is a script, and this program runs none; add the feature `scripts` of `layerw` to the project", path.display())]
    Absent {
        /// The first script.
        path: PathBuf,
    },
    /// The program was built without what knows the other language's declarations.
    #[error(
        "this program knows no scripts and makes no bindings; add the feature `scripts` of `layerw` to the project"
    )]
    NoBindings,
    /// A script cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A script is not of a kind that is known.
    #[error("`{}` is no script; name files that end in .ts or .wasm", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// A script is no text.
    #[error("`{}` is no UTF-8 text from byte {offset} on; save it as UTF-8", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The first byte that is wrong, from 0.
        offset: usize,
    },
    /// A script was refused, with all that was wrong with it.
    #[error("{0}")]
    Refused(String),
    /// The program was built without what stops in scripts.
    #[error(
        "`--break {0}` needs scripts that can be stopped, and this program has none; name them in `[scripts]` of layerw.toml and add the feature `scripts-quickjs` of `layerw` to the project"
    )]
    NoStops(String),
    /// The project file names scripts, and the project never asked for them.
    #[error(
        "layerw.toml names the script `{0}`, and the project does not ask for its scripts; call `sim.scripts(settings)` where they belong in the order of systems"
    )]
    NotAsked(String),
}

/// Scripts that are compiled or loaded as one, for people who want to know what they are.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// As they stand in layerw.toml.
    pub(crate) files: Vec<String>,
    /// What each system reads and writes, and what became of its loops.
    pub(crate) report: String,
    /// What is made of them, by the extension of its file.
    pub(crate) outputs: Vec<(&'static str, Vec<u8>)>,
    /// Why there is no Rust text among it, if there is none.
    pub(crate) no_rust: Option<String>,
}

impl Part {
    /// What files that are made of it are called, without extension: after its first file, folders and all.
    pub(crate) fn stem(&self) -> String {
        let first = self.files.first().map_or("scripts", String::as_str);
        let stem = first.rsplit_once('.').map_or(first, |(stem, _)| stem);
        stem.replace(['/', '\\'], "-")
    }
}

/// The components of a world as classes for scripts.
#[derive(Clone, Debug)]
pub(crate) struct Classes {
    pub(crate) text: String,
    /// Why others have none, a sentence each.
    pub(crate) refused: Vec<String>,
}

/// What the report says of a script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ScriptFigures {
    pub(crate) name: String,
    /// What runs it.
    pub(crate) runtime: &'static str,
    /// `sandboxed`: it reaches what it declared and nothing else.
    pub(crate) trust: &'static str,
    /// `mapped` or `copied`: how it gets at columns.
    pub(crate) columns: &'static str,
    /// Why they are copied, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why_copied: Option<String>,
    /// Bytes of columns that were copied for it.
    pub(crate) bytes_copied: u64,
    /// What put systems of it into quarantine.
    pub(crate) faults: Vec<String>,
}

impl Sim {
    /// Adds, once, the systems of the scripts that `[scripts]` of layerw.toml names, in that order, after the systems that were added before.
    ///
    /// Files are read from the project's folder: `.ts` is compiled, scripts in a row together, `.wasm` is a module that was compiled before.
    ///
    /// # Errors
    /// A file that cannot be read, compiled or run, or a component that the world has with another layout.
    pub fn scripts(&mut self, settings: &Settings) -> Result<&mut Self> {
        settings.scripts_asked();
        let mut loaded = load(settings, &mut self.world)?;
        let first = self.systems.len();
        self.systems.append(&mut loaded.entries());
        self.script_places = first..self.systems.len();
        self.scripts = loaded;
        Ok(self)
    }
}
