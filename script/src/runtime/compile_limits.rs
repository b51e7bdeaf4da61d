//! How large a module is, before the code generator sees it: that takes time and memory by the size of what it is given, and a module may come from
//! anybody.

use super::{CompileLimits, ScriptError};
use wasmparser::{ElementItems, Operator, Parser, Payload};

/// Refuses modules that are too large to compile. What is malformed is refused too, as far as it is read.
pub(super) fn check(
    script: &str,
    module: &[u8],
    limits: &CompileLimits,
) -> Result<(), ScriptError> {
    let check = Check { script };
    check.at_most(
        "bytes of its module",
        module.len() as u64,
        limits.module_bytes,
        "module_bytes",
    )?;
    let malformed = |error: wasmparser::BinaryReaderError| ScriptError::Compile {
        script: script.to_owned(),
        reason: error.to_string(),
    };
    let (mut code, mut number) = (0, 0);
    let mut entries = 0u64;
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(malformed)? {
            Payload::FunctionSection(reader) => {
                check.at_most(
                    "functions",
                    reader.count().into(),
                    limits.functions.into(),
                    "functions",
                )?;
            }
            Payload::CodeSectionStart { count, .. } => {
                check.at_most(
                    "functions",
                    count.into(),
                    limits.functions.into(),
                    "functions",
                )?;
            }
            Payload::CodeSectionEntry(body) => {
                let bytes = {
                    let range = body.range();
                    range.end - range.start
                };
                let what = || format!("bytes of function {number} of its code");
                check.at_most(what(), bytes, limits.function_bytes, "function_bytes")?;
                code += bytes;
                check.at_most("bytes of its code", code, limits.code_bytes, "code_bytes")?;
                let mut locals = 0u64;
                for local in body.get_locals_reader().map_err(malformed)? {
                    locals += u64::from(local.map_err(malformed)?.0);
                }
                let what = || format!("local variables of function {number} of its code");
                check.at_most(what(), locals, limits.locals.into(), "locals")?;
                let mut blocks = 1;
                for operator in body.get_operators_reader().map_err(malformed)? {
                    blocks += blocks_of(&operator.map_err(malformed)?);
                }
                let what =
                    || format!("blocks times local variables of function {number} of its code");
                check.at_most(what(), blocks * locals, limits.block_locals, "block_locals")?;
                number += 1;
            }
            Payload::TypeSection(reader) => entries += u64::from(reader.count()),
            Payload::ImportSection(reader) => entries += u64::from(reader.count()),
            Payload::ExportSection(reader) => entries += u64::from(reader.count()),
            Payload::GlobalSection(reader) => entries += u64::from(reader.count()),
            Payload::TableSection(reader) => entries += u64::from(reader.count()),
            Payload::DataSection(reader) => entries += u64::from(reader.count()),
            Payload::TagSection(reader) => entries += u64::from(reader.count()),
            Payload::ElementSection(reader) => {
                for element in reader {
                    entries += 1 + match element.map_err(malformed)?.items {
                        ElementItems::Functions(items) => u64::from(items.count()),
                        ElementItems::Expressions(_, items) => u64::from(items.count()),
                    };
                }
            }
            _ => {}
        }
        check.at_most(
            "types, imports, exports, globals, tables and segments",
            entries,
            limits.entries.into(),
            "entries",
        )?;
    }
    Ok(())
}

/// The blocks that an operator makes: those that begin with it, and those that it branches to.
fn blocks_of(operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Block { .. } | Operator::Loop { .. } | Operator::BrIf { .. } => 1,
        Operator::If { .. } => 2,
        Operator::BrTable { targets } => u64::from(targets.len()),
        _ => 0,
    }
}

struct Check<'a> {
    script: &'a str,
}

impl Check<'_> {
    fn at_most(
        &self,
        what: impl Into<String>,
        found: u64,
        limit: u64,
        setting: &'static str,
    ) -> Result<(), ScriptError> {
        if found <= limit {
            return Ok(());
        }
        Err(ScriptError::TooLarge {
            script: self.script.to_owned(),
            what: what.into(),
            found,
            limit,
            setting,
        })
    }
}
