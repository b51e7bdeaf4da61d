//! A module that was looked at and is ready for the page's engine.

use super::cell::{Cell, Failure};
use super::{imports, js};
use crate::abi::{IMPORTS, Param, SystemDecl};
use crate::runtime::calls::Misuse;
use crate::runtime::host::{Common, Program, Stop};
use crate::runtime::module::{External, check_exports, check_imports};
use crate::runtime::source_map::Lines;
use crate::runtime::{Form, ScriptError, externals, marks};
use layerw_memory::{Arena, PAGE};
use std::sync::Arc;

/// A script that the page's engine runs.
pub(in crate::runtime) struct Page {
    module: Arc<Module>,
    lines: Option<Lines>,
}

/// What its instances are made of, in every worker.
pub(super) struct Module {
    /// The number that its workers know it under.
    pub(super) number: u32,
    pub(super) bytes: Vec<u8>,
    /// The imported functions, with commas between them, and their places in the table.
    pub(super) names: String,
    pub(super) functions: Vec<u32>,
    /// Pages of its memory at first, and at most.
    pub(super) pages: u64,
    pub(super) pages_most: u64,
}

impl Page {
    /// Checks a module, and tries to start it.
    pub(in crate::runtime) fn new(
        common: Arc<Common>,
        bytes: &[u8],
        lines: Option<Lines>,
    ) -> Result<Page, ScriptError> {
        let malformed = |error: wasmparser::BinaryReaderError| ScriptError::Compile {
            script: common.name.clone(),
            reason: error.to_string(),
        };
        // As it came, so that what is wrong is said of it.
        let externals = externals::read(bytes).map_err(malformed)?;
        let pages = check_imports(&common, &externals.imports)?;
        check_exports(&common, &externals.exports)?;
        let bytes = match &lines {
            Some(lines) => marks::mark(bytes, lines).map_err(malformed)?,
            None => bytes.to_vec(),
        };
        let mut names: Vec<&str> = Vec::new();
        for (module, name, external) in &externals.imports {
            let is_function = matches!(external, External::Function(_));
            if module == IMPORTS && is_function && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let functions = names.iter().filter_map(|name| imports::function(name));
        let module = Arc::new(Module {
            number: js::fresh(),
            bytes,
            functions: functions.collect(),
            names: names.join(","),
            pages,
            pages_most: common.options.memory_bytes / PAGE as u64,
        });
        let tried = Cell::new(module.clone(), (String::new(), String::new()), 0).make();
        tried.map_err(|reason| ScriptError::Start {
            script: common.name.clone(),
            reason,
        })?;
        Ok(Page { module, lines })
    }
}

impl Program for Page {
    type Instance = Cell;

    const RUNTIME: &'static str = "page";

    fn form(&self, _: &Arena) -> Form {
        Form::Copied
    }

    fn why_copied(&self, _: &Arena) -> String {
        "a page has no second mapping of its memory".to_owned()
    }

    fn prepare(&self, _: Form) -> Result<(), String> {
        Ok(())
    }

    fn instance(
        &self,
        system: &SystemDecl,
        _: Form,
        _: &Arena,
        area: usize,
    ) -> Result<Cell, String> {
        let types = system.params.iter().map(letter).collect();
        Ok(Cell::new(
            self.module.clone(),
            (system.export.clone(), types),
            area,
        ))
    }

    fn stop(&self, failure: Failure) -> Stop {
        let (said, at) = match failure {
            Failure::Misused(Misuse(what)) => {
                return Stop {
                    what,
                    touched: None,
                    at: None,
                    repeats: true,
                };
            }
            Failure::Trapped { said, at } => (said, at),
        };
        let place = self.lines.as_ref().zip(at);
        // Browsers have words of their own for each trap; what the compiler says of an instruction is nearer to the source, where the trap is that instruction's.
        let lower = said.to_lowercase();
        let outside = lower.contains("memory access") || lower.contains("index out of bounds");
        let deep = lower.contains("call stack") || lower.contains("recursion");
        let what = match place.and_then(|(lines, at)| lines.says(at)) {
            _ if outside => {
                "touched memory that is not its own, or behind its last column".to_owned()
            }
            _ if deep => "called itself too deeply for this browser".to_owned(),
            Some(says) => says.to_owned(),
            None => format!("stopped, as the browser says: {said}"),
        };
        Stop {
            what,
            touched: None,
            at: place.and_then(|(lines, at)| lines.at(at)),
            // How deep calls may go is each browser's own.
            repeats: !deep,
        }
    }
}

/// Whether a parameter is a whole number of 64 bits, which JavaScript has a type of its own for, or any other number.
fn letter(param: &Param) -> char {
    match param {
        Param::Step | Param::Seed => 'l',
        _ => 'n',
    }
}
