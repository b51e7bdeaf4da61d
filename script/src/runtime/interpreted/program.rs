//! A module that was looked at and is ready to be interpreted.

use super::cell::{Cell, Failure};
use crate::abi::SystemDecl;
use crate::runtime::calls::Misuse;
use crate::runtime::host::{Common, Program, Stop};
use crate::runtime::marks;
use crate::runtime::module::{External, Signature, Type, check_exports, check_imports};
use crate::runtime::source_map::Lines;
use crate::runtime::{Form, ScriptError};
use layerw_memory::Arena;
use std::sync::Arc;
use std::time::Duration;
use wasmi::{Config, Engine, Error, ExternType, FuncType, Module, Mutability, TrapCode, ValType};

/// Units of work for a second of the time limit: about what an ordinary machine does in one.
const FUEL_PER_SECOND: f64 = 500e6;

/// The deepest that functions may call each other, and the bytes of their values.
const DEPTH_MAX: usize = 1000;
const STACK: usize = 256 << 10;

/// A script that is interpreted.
pub(in crate::runtime) struct Interpreted {
    pub(super) common: Arc<Common>,
    pub(super) module: Module,
    /// Work that a call may do.
    pub(super) fuel: Option<u64>,
    /// Pages of its memory at first.
    pub(super) memory_pages: u64,
    lines: Option<Lines>,
}

impl Interpreted {
    /// Checks a module, and tries to start it.
    pub(in crate::runtime) fn new(
        common: Arc<Common>,
        bytes: &[u8],
        lines: Option<Lines>,
    ) -> Result<Interpreted, ScriptError> {
        let script = || common.name.clone();
        let malformed = |reason: String| ScriptError::Compile {
            script: script(),
            reason,
        };
        let time_limit = common.options.time_limit;
        let mut config = Config::default();
        config
            .consume_fuel(time_limit.is_some())
            .set_max_recursion_depth(DEPTH_MAX)
            .set_max_stack_height(STACK)
            .wasm_relaxed_simd(false)
            .wasm_multi_memory(false)
            .wasm_tail_call(false);
        let engine = Engine::new(&config);
        // As it came, so that what is wrong is said of it.
        Module::validate(&engine, bytes).map_err(|error| malformed(error.to_string()))?;
        let marked = match &lines {
            Some(lines) => {
                marks::mark(bytes, lines).map_err(|error| malformed(error.to_string()))?
            }
            None => bytes.to_vec(),
        };
        let module = Module::new(&engine, marked).map_err(|error| malformed(error.to_string()))?;
        let imports = module.imports().map(|import| {
            let names = (import.module().to_owned(), import.name().to_owned());
            (names.0, names.1, external(import.ty()))
        });
        let exports = module
            .exports()
            .map(|export| (export.name().to_owned(), external(export.ty())))
            .filter(|(name, _)| name != marks::AT_GLOBAL);
        let memory_pages = check_imports(&common, &imports.collect::<Vec<_>>())?;
        check_exports(&common, &exports.collect::<Vec<_>>())?;
        let program = Interpreted {
            module,
            fuel: time_limit.map(fuel),
            memory_pages,
            lines,
            common: common.clone(),
        };
        let tried = Cell::new(&program, None, 0);
        tried.map_err(|reason| ScriptError::Start {
            script: script(),
            reason,
        })?;
        Ok(program)
    }

    /// What went wrong, in words.
    pub(super) fn sentence(&self, error: &Error) -> String {
        if let Some(Misuse(what)) = error.downcast_ref() {
            return what.clone();
        }
        let Some(trap) = error.as_trap_code() else {
            return error.to_string();
        };
        match trap {
            TrapCode::MemoryOutOfBounds => {
                "touched memory that is not its own, or behind its last column".to_owned()
            }
            TrapCode::OutOfFuel => {
                let limit = self.common.options.time_limit.unwrap_or_default();
                format!(
                    "a call took longer than {limit:?} of an ordinary machine's work; make the work smaller, or raise `time_limit`"
                )
            }
            TrapCode::StackOverflow => {
                format!("called itself too deeply: {DEPTH_MAX} calls, or {STACK} bytes of values")
            }
            TrapCode::UnreachableCodeReached => {
                "gave up: it reached code that it marked as unreachable, as a failed check does"
                    .to_owned()
            }
            TrapCode::IntegerDivisionByZero => "divided an integer by zero".to_owned(),
            TrapCode::IntegerOverflow => {
                "an integer overflowed in a division or conversion".to_owned()
            }
            TrapCode::BadConversionToInteger => "converted NaN to an integer".to_owned(),
            TrapCode::TableOutOfBounds | TrapCode::IndirectCallToNull | TrapCode::BadSignature => {
                format!("called through a table what is no such function ({trap})")
            }
            other => other.to_string(),
        }
    }
}

impl Program for Interpreted {
    type Instance = Cell;

    const RUNTIME: &'static str = "wasmi";

    fn form(&self, _: &Arena) -> Form {
        Form::Copied
    }

    fn why_copied(&self, _: &Arena) -> String {
        "an interpreter looks at every address, so that nothing is gained by mapping".to_owned()
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
        Cell::new(self, Some(&system.export), area)
    }

    fn stop(&self, failure: Failure) -> Stop {
        let Failure { error, at } = failure;
        let place = self.lines.as_ref().zip(at);
        // What the compiler says of an instruction is nearer to the source than the trap's name.
        let ours = [
            TrapCode::MemoryOutOfBounds,
            TrapCode::OutOfFuel,
            TrapCode::StackOverflow,
        ];
        let says = match error.as_trap_code() {
            Some(trap) if !ours.contains(&trap) => place.and_then(|(lines, at)| lines.says(at)),
            _ => None,
        };
        Stop {
            what: says.map_or_else(|| self.sentence(&error), str::to_owned),
            touched: None,
            at: place.and_then(|(lines, at)| lines.at(at)),
            repeats: true,
        }
    }
}

fn fuel(limit: Duration) -> u64 {
    (limit.as_secs_f64() * FUEL_PER_SECOND) as u64
}

fn external(found: &ExternType) -> External {
    match found {
        ExternType::Func(found) => External::Function(signature(found)),
        ExternType::Memory(found) => External::Memory {
            minimum: found.minimum(),
            maximum: found.maximum(),
            odd: found.is_64(),
        },
        ExternType::Global(found) => External::Global {
            mutable: found.mutability() == Mutability::Var,
            ty: ty(&found.content()),
        },
        _ => External::Other,
    }
}

fn signature(found: &FuncType) -> Signature {
    Signature {
        params: found.params().iter().map(ty).collect(),
        results: found.results().iter().map(ty).collect(),
    }
}

fn ty(found: &ValType) -> Type {
    match found {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        other => Type::Other(format!("{other:?}").to_lowercase()),
    }
}
