//! A program that compiles the scripts that it runs.

use std::path::Path;
use std::sync::Arc;

use layerw_platform::files::{Disk, Files};
use layerw_script::compile::assemblyscript::{Asc, AscError};
use layerw_script::compile::{self, Program, Source};
use layerw_script::packed::Part;
use layerw_script::runtime::{Debugger, Script};

use super::ScriptsError;
use super::present::{options, parts, refused};
use super::stepper::Stepper;
use crate::config::{ScriptCompiler, ScriptsConfig};
use crate::error::Result as Outcome;
use crate::settings::Settings;

/// Reads and compiles the scripts of a project.
pub(super) fn load(settings: &Settings) -> Outcome<Vec<Script>> {
    let (folder, config) = (settings.project(), settings.scripts());
    let stepper = settings.breakpoints().map(Stepper::new).map(Arc::new);
    let mut scripts = Vec::new();
    for part in parts(folder, config)? {
        scripts.push(match part {
            Part::Sources(names) => load_sources(folder, &names, config, stepper.as_ref())?,
            Part::Module(name) => {
                let module = Disk.read(&folder.join(name))?;
                let options = options(config, Some(config.seconds.unwrap_or(1.0)));
                Script::load(name, &module, &options).map_err(refused)?
            }
        });
    }
    if let Some(stepper) = stepper {
        stepper.check()?;
    }
    Ok(scripts)
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
