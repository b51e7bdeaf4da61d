//! A script as JavaScript that was read once, to see that it can be.

use super::cell::{Cell, Failure};
use crate::abi::SystemDecl;
use crate::compile::js;
use crate::runtime::debugger::Debugger;
use crate::runtime::host::{Common, Program, Stop};
use crate::runtime::{Form, ScriptError};
use layerw_memory::Arena;
use std::sync::Arc;

/// The name of the text in what the engine says.
pub(super) const FILE: &str = "script.js";

/// A script that is interpreted from its text.
pub(in crate::runtime) struct Text {
    pub(super) common: Arc<Common>,
    pub(super) js: js::Text,
    pub(super) templates: Arc<Vec<Vec<crate::compile::ir::Scalar>>>,
    pub(super) statements: Arc<Vec<js::Statement>>,
    /// Who is asked before each statement, if the text does.
    pub(super) debugger: Option<Arc<dyn Debugger>>,
}

impl Text {
    /// Reads a text.
    pub(in crate::runtime) fn new(
        common: Arc<Common>,
        mut js: js::Text,
        debugger: Option<Arc<dyn Debugger>>,
    ) -> Result<Text, ScriptError> {
        let text = Text {
            templates: Arc::new(js.templates.clone()),
            statements: Arc::new(std::mem::take(&mut js.statements)),
            debugger,
            common,
            js,
        };
        for system in &text.common.manifest.systems {
            let made = Cell::new(&text, system, None, 0);
            made.map_err(|reason| ScriptError::Start {
                script: text.common.name.clone(),
                reason,
            })?;
        }
        Ok(text)
    }

    /// `file.ts:line:column` of the innermost place that an engine's stack names.
    fn place_of(&self, stack: &str) -> Option<String> {
        stack.lines().find_map(|frame| {
            let (_, place) = frame.rsplit_once(&format!("{FILE}:"))?;
            let (line, column) = place.trim_end_matches(')').split_once(':')?;
            let (line, column) = (line.parse::<u32>().ok()?, column.parse::<u32>().ok()?);
            let behind = self
                .js
                .places
                .partition_point(|place| (place.line, place.column) <= (line, column));
            let place = self.js.places.get(behind.checked_sub(1)?)?;
            (place.line == line).then(|| place.source.clone())
        })
    }
}

impl Program for Text {
    type Instance = Cell;

    const RUNTIME: &'static str = "quickjs";

    fn form(&self, _: &Arena) -> Form {
        Form::Mapped
    }

    fn why_copied(&self, _: &Arena) -> String {
        String::new()
    }

    fn prepare(&self, _: Form) -> Result<(), String> {
        Ok(())
    }

    fn instance(
        &self,
        system: &SystemDecl,
        _: Form,
        arena: &Arena,
        area: usize,
    ) -> Result<Cell, String> {
        Cell::new(self, system, Some(arena), area)
    }

    fn stop(&self, failure: Failure) -> Stop {
        let options = &self.common.options;
        let what = match failure.message.as_str() {
            _ if failure.late => {
                let limit = options.time_limit.unwrap_or_default();
                format!(
                    "a call took longer than {limit:?}; make the work smaller, or raise `time_limit`"
                )
            }
            "out of memory" => format!(
                "its memory of {} bytes is full; use less, or raise `memory_bytes`",
                options.memory_bytes
            ),
            message => message.to_owned(),
        };
        Stop {
            what,
            touched: None,
            at: self.place_of(&failure.stack),
            repeats: !failure.late,
        }
    }
}
