//! A program that runs scripts.

use core::time::Duration;
use std::path::Path;

use layerw_ecs::World;
use layerw_ecs::schedule::Entry;
use layerw_ecs::system::SystemDecl;
use layerw_memory::Arena;
use layerw_script::packed::{self, Part};
use layerw_script::runtime::{Form, OnFault, Options, Runtime, Script, ScriptError};

use super::{ScriptFigures, ScriptsError, choices};
use crate::config::scripts::OnTrap;
use crate::config::{ScriptRuntime, ScriptsConfig};
use crate::error::Result as Outcome;
use crate::settings::Settings;

/// The scripts of a simulation, and systems of theirs that were not added yet.
#[derive(Default)]
pub(crate) struct Loaded {
    scripts: Vec<Script>,
    systems: Vec<SystemDecl>,
}

/// Reads, compiles and binds the scripts of a project.
pub(crate) fn load(settings: &Settings, world: &mut World) -> Outcome<Loaded> {
    let mut loaded = Loaded::default();
    for script in scripts(settings)? {
        choices::take(script.manifest(), settings, world)?;
        loaded.systems.extend(script.bind(world).map_err(refused)?);
        loaded.scripts.push(script);
    }
    Ok(loaded)
}

fn scripts(settings: &Settings) -> Outcome<Vec<Script>> {
    #[cfg(feature = "scripts-compiler")]
    if !layerw_script::runtime::COMPILED_BEFORE {
        return super::sources::load(settings);
    }
    super::packed::load(settings)
}

/// What is loaded as one. Files have the names that they have in layerw.toml, in messages too.
pub(super) fn parts<'c>(
    folder: &Path,
    config: &'c ScriptsConfig,
) -> Result<Vec<Part<'c>>, ScriptsError> {
    packed::parts(&config.files).map_err(|file| ScriptsError::Kind {
        path: folder.join(file),
    })
}

pub(super) fn options(config: &ScriptsConfig, seconds: Option<f64>) -> Options {
    let default = Options::default();
    Options {
        runtime: match config.runtime {
            None => Runtime::Best,
            Some(ScriptRuntime::Wasmtime) => Runtime::Wasmtime,
            Some(ScriptRuntime::Wasmi) => Runtime::Wasmi,
            Some(ScriptRuntime::QuickJs) => Runtime::QuickJs,
        },
        time_limit: seconds.map(Duration::from_secs_f64),
        memory_bytes: config.memory.unwrap_or(default.memory_bytes),
        batch_rows: config.batch,
        on_fault: match config.on_trap {
            OnTrap::Stop => OnFault::Stop,
            OnTrap::Quarantine => OnFault::Quarantine,
        },
        ..default
    }
}

/// As one line: parsers of bytes show what they found in several.
pub(super) fn refused(error: ScriptError) -> ScriptsError {
    let said = error.to_string();
    let words: Vec<&str> = said.split_whitespace().collect();
    ScriptsError::Refused(words.join(" "))
}

impl Loaded {
    /// Their systems in written order, for a schedule; once.
    pub(crate) fn entries(&mut self) -> Vec<Entry> {
        let systems = std::mem::take(&mut self.systems);
        systems.into_iter().map(Entry::System).collect()
    }

    pub(crate) fn figures(&self, arena: &Arena) -> Vec<ScriptFigures> {
        let figures = |script: &Script| ScriptFigures {
            name: script.name().to_owned(),
            runtime: script.runtime(),
            trust: "sandboxed",
            columns: match script.form(arena) {
                Form::Mapped => "mapped",
                Form::Copied => "copied",
            },
            why_copied: script.why_copied(arena),
            bytes_copied: script.bytes_copied(),
            faults: script.faults().iter().map(ToString::to_string).collect(),
        };
        self.scripts.iter().map(figures).collect()
    }
}
