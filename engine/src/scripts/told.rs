//! What scripts are, without a world to run in: for `layerw script`.

use std::fmt::Write;
use std::path::Path;

use layerw_ecs::World;
use layerw_platform::files::{Disk, Files};
use layerw_script::abi::{self, ComponentDecl};
use layerw_script::{bindings, packed};

use super::{Classes, Part, ScriptsError, present, sources};
use crate::config::{ScriptCompiler, ScriptsConfig};

/// Reads and compiles the scripts of a project.
pub(crate) fn parts(folder: &Path, config: &ScriptsConfig) -> Result<Vec<Part>, ScriptsError> {
    let parts = present::parts(folder, config)?;
    parts
        .into_iter()
        .map(|part| match part {
            packed::Part::Sources(names) if config.compiler == ScriptCompiler::AssemblyScript => {
                let module = sources::compile_by_asc(folder, &names)?;
                let why = "AssemblyScript makes modules only; leave `compiler` out of layerw.toml";
                Ok(Part {
                    no_rust: Some(why.to_owned()),
                    ..of_module(&names, module)?
                })
            }
            packed::Part::Sources(names) => of_sources(folder, &names),
            packed::Part::Module(name) => of_module(&[name], Disk.read(&folder.join(name))?),
        })
        .collect()
}

/// The classes of the sources of a project as structs in Rust, a text for each script.
pub(crate) fn structs(folder: &Path, config: &ScriptsConfig) -> Result<Vec<String>, ScriptsError> {
    let mut texts = Vec::new();
    for part in present::parts(folder, config)? {
        let packed::Part::Sources(names) = part else {
            continue;
        };
        let program = sources::compile(folder, &names)?;
        let text = bindings::rust(&program);
        texts.push(text.map_err(|error| ScriptsError::Refused(error.to_string()))?);
    }
    Ok(texts)
}

/// The components of a world, but for those that are the engine's own, as classes for scripts.
pub(crate) fn classes(world: &World) -> Result<Classes, ScriptsError> {
    let (mut fit, mut refused) = (Vec::new(), Vec::new());
    for id in world.component_ids() {
        let component = ComponentDecl::of(world.schema(id));
        let letter = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
        if !component.name.chars().all(letter) {
            continue;
        }
        match bindings::typescript(std::slice::from_ref(&component)) {
            Ok(_) => fit.push(component),
            Err(error) => refused.push(error.to_string()),
        }
    }
    let text = bindings::typescript(&fit);
    let text = text.map_err(|error| ScriptsError::Refused(error.to_string()))?;
    Ok(Classes { text, refused })
}

fn of_sources(folder: &Path, names: &[&str]) -> Result<Part, ScriptsError> {
    let program = sources::compile(folder, names)?;
    let mut outputs = vec![
        ("wasm", program.wasm()),
        ("ir", program.ir_text().into_bytes()),
    ];
    let no_rust = match program.rust() {
        Ok(text) => {
            outputs.push(("rs", text.into_bytes()));
            None
        }
        Err(reason) => Some(reason.to_string()),
    };
    Ok(Part {
        files: names.iter().map(|&name| name.to_owned()).collect(),
        report: program.report(),
        outputs,
        no_rust,
    })
}

/// Of a module that was compiled before, what its manifest says.
fn of_module(names: &[&str], bytes: Vec<u8>) -> Result<Part, ScriptsError> {
    let manifest = abi::read(&bytes).map_err(|error| {
        ScriptsError::Refused(format!("script `{}`: {error}", names.join(", ")))
    })?;
    let mut report = String::new();
    for system in &manifest.systems {
        let named = |write: bool| {
            let touched = system.touched().filter(|(_, writes)| *writes == write);
            let names: Vec<&str> = touched.map(|(component, _)| component).collect();
            match names.is_empty() {
                true => "nothing".to_owned(),
                false => names.join(", "),
            }
        };
        let (name, reads, writes) = (&system.name, named(false), named(true));
        // A String takes everything.
        let _ = writeln!(report, "{name}: reads {reads}; writes {writes}");
    }
    Ok(Part {
        files: names.iter().map(|&name| name.to_owned()).collect(),
        report,
        outputs: vec![("wasm", bytes)],
        no_rust: None,
    })
}
