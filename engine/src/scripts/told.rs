//! What scripts are, without a world to run in: for `layerw script`.

use std::fmt::Write;
use std::path::Path;

use layerw_platform::files::{Disk, Files};
use layerw_script::abi;

use super::{Part, ScriptsError, present};
use crate::config::ScriptsConfig;

/// Reads and compiles the scripts of a project.
pub(crate) fn parts(folder: &Path, config: &ScriptsConfig) -> Result<Vec<Part>, ScriptsError> {
    let parts = present::parts(folder, config)?;
    parts
        .into_iter()
        .map(|part| match part {
            present::Part::Sources(names) => sources(folder, &names),
            present::Part::Module(name) => module(folder, name),
        })
        .collect()
}

fn sources(folder: &Path, names: &[&str]) -> Result<Part, ScriptsError> {
    let program = present::compile(folder, names)?;
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
fn module(folder: &Path, name: &str) -> Result<Part, ScriptsError> {
    let bytes = Disk.read(&folder.join(name))?;
    let manifest = abi::read(&bytes)
        .map_err(|error| ScriptsError::Refused(format!("script `{name}`: {error}")))?;
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
        files: vec![name.to_owned()],
        report,
        outputs: vec![("wasm", bytes)],
        no_rust: None,
    })
}
