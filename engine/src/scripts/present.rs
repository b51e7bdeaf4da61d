//! A program that runs scripts.

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use layerw_ecs::World;
use layerw_ecs::schedule::Entry;
use layerw_ecs::system::SystemDecl;
use layerw_memory::Arena;
use layerw_platform::files::{Disk, Files};
use layerw_script::compile::assemblyscript::{Asc, AscError};
use layerw_script::compile::{self, Program, Source};
use layerw_script::runtime::{Debugger, Form, OnFault, Options, Runtime, Script, ScriptError};

use super::stepper::Stepper;
use super::{ScriptFigures, ScriptsError, choices};
use crate::config::scripts::OnTrap;
use crate::config::{ScriptCompiler, ScriptRuntime, ScriptsConfig};
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
    let config = settings.scripts();
    let mut loaded = Loaded::default();
    let stepper = settings.breakpoints().map(Stepper::new).map(Arc::new);
    for part in parts(settings.project(), config)? {
        let script = match part {
            Part::Sources(names) => {
                load_sources(settings.project(), &names, config, stepper.as_ref())?
            }
            Part::Module(name) => {
                let module = Disk.read(&settings.project().join(name))?;
                let options = options(config, Some(config.seconds.unwrap_or(1.0)));
                Script::load(name, &module, &options).map_err(refused)?
            }
        };
        choices::take(script.manifest(), settings, world)?;
        loaded.systems.extend(script.bind(world).map_err(refused)?);
        loaded.scripts.push(script);
    }
    if let Some(stepper) = stepper {
        stepper.check()?;
    }
    Ok(loaded)
}

/// What is loaded as one. Files have the names that they have in layerw.toml, in messages too.
pub(super) enum Part<'c> {
    /// Sources in a row, which know each other's components and functions.
    Sources(Vec<&'c str>),
    Module(&'c str),
}

pub(super) fn parts<'c>(
    folder: &Path,
    config: &'c ScriptsConfig,
) -> Result<Vec<Part<'c>>, ScriptsError> {
    let mut parts = Vec::new();
    for file in &config.files {
        let extension = Path::new(file).extension();
        match extension.and_then(|extension| extension.to_str()) {
            Some("ts") => match parts.last_mut() {
                Some(Part::Sources(sources)) => sources.push(file.as_str()),
                _ => parts.push(Part::Sources(vec![file])),
            },
            Some("wasm") => parts.push(Part::Module(file)),
            _ => {
                let path = folder.join(file);
                return Err(ScriptsError::Kind { path });
            }
        }
    }
    Ok(parts)
}

fn load_sources(
    folder: &Path,
    names: &[&str],
    config: &ScriptsConfig,
    stepper: Option<&Arc<Stepper>>,
) -> Result<Script, ScriptsError> {
    if let Some(stepper) = stepper {
        let program = compile(folder, names)?;
        stepper.learn(&program.js_with_steps().statements);
        let debugger: Arc<dyn Debugger> = stepper.clone();
        let options = options(config, None);
        let name = names.join(", ");
        return Script::of_program_debugged(&name, &program, &options, debugger).map_err(refused);
    }
    if config.compiler == ScriptCompiler::AssemblyScript {
        let module = compile_by_asc(folder, names)?;
        let options = options(config, Some(config.seconds.unwrap_or(1.0)));
        return Script::load(&names.join(", "), &module, &options).map_err(refused);
    }
    let program = compile(folder, names)?;
    // Its loops come to an end, or to a trap of their own.
    let options = options(config, config.seconds);
    Script::of_program(&names.join(", "), &program, &options).map_err(refused)
}

/// Reads and compiles sources, as one.
pub(super) fn compile(folder: &Path, names: &[&str]) -> Result<Program, ScriptsError> {
    compile::compile(&read(folder, names)?).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        ScriptsError::Refused(lines.join("\n"))
    })
}

/// The same by way of AssemblyScript, whose package lies in the project's folder or above it.
pub(super) fn compile_by_asc(folder: &Path, names: &[&str]) -> Result<Vec<u8>, ScriptsError> {
    let module = Asc::at(folder).compile(&read(folder, names)?);
    module.map_err(|error| {
        let said = error.to_string();
        ScriptsError::Refused(match error {
            AscError::Node { .. } | AscError::Package(_) => {
                format!("{said}; or leave `compiler = \"assemblyscript\"` out of layerw.toml")
            }
            _ => said,
        })
    })
}

fn read(folder: &Path, names: &[&str]) -> Result<Vec<Source>, ScriptsError> {
    let mut sources = Vec::new();
    for &name in names {
        let path = folder.join(name);
        let text =
            String::from_utf8(Disk.read(&path)?).map_err(|error| ScriptsError::Encoding {
                offset: error.utf8_error().valid_up_to(),
                path,
            })?;
        sources.push(Source::new(name, text));
    }
    Ok(sources)
}

fn options(config: &ScriptsConfig, seconds: Option<f64>) -> Options {
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
fn refused(error: ScriptError) -> ScriptsError {
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
