//! A module that was looked at and compiled: what all instances of a script share.

use super::cell::Cell;
use super::clock::{Running, ticks};
use super::engine::{Kind, engine, mapping, start_clock};
use crate::abi::SystemDecl;
use crate::runtime::calls::Misuse;
use crate::runtime::host::{Common, Program, Stop};
use crate::runtime::module::{External, Signature, Type, check_exports, check_imports};
use crate::runtime::source_map::Lines;
use crate::runtime::{Columns, Form, ScriptError};
use layerw_memory::{Arena, Backing, MemoryConfig};
use std::sync::{Arc, OnceLock};
use wasmtime::{Error, ExternType, FuncType, Module, Mutability, Trap, ValType, WasmBacktrace};

/// A compiled script.
pub(in crate::runtime) struct Native {
    pub(super) common: Arc<Common>,
    /// Counts of the clock that a call may take.
    pub(super) ticks: Option<u64>,
    /// Pages of its memory at first.
    pub(super) memory_pages: u64,
    bytes: Box<[u8]>,
    /// By form; the second is compiled only for an arena that needs it.
    modules: [OnceLock<Result<Module, String>>; 2],
    lines: Option<Lines>,
    _clock: Option<Running>,
}

impl Native {
    /// Checks and compiles a module, and tries to start it.
    pub(in crate::runtime) fn new(
        common: Arc<Common>,
        bytes: &[u8],
        lines: Option<Lines>,
    ) -> Result<Native, ScriptError> {
        let script = || common.name.clone();
        let (form, arena) = match mapping() {
            Ok(arena) if common.options.columns == Columns::Best => (Form::Mapped, arena.clone()),
            _ => (Form::Copied, nowhere(&common.name)?),
        };
        let host = |reason| ScriptError::Host {
            script: script(),
            reason,
        };
        let time_limit = common.options.time_limit;
        let kind = Kind {
            form,
            limited: time_limit.is_some(),
            one_nan: common.manifest.one_nan,
        };
        engine(kind).map_err(host)?;
        let clock = match time_limit {
            Some(_) => Some(start_clock().map_err(|error| host(error.to_string()))?),
            None => None,
        };
        let mut program = Native {
            common: common.clone(),
            ticks: time_limit.map(ticks),
            memory_pages: 0,
            bytes: bytes.into(),
            modules: [const { OnceLock::new() }; 2],
            lines,
            _clock: clock,
        };
        let module = program.module(form);
        let module = module.map_err(|reason| ScriptError::Compile {
            script: script(),
            reason,
        })?;
        let imports = module.imports().map(|import| {
            let names = (import.module().to_owned(), import.name().to_owned());
            (names.0, names.1, external(&import.ty()))
        });
        let exports = module
            .exports()
            .map(|export| (export.name().to_owned(), external(&export.ty())));
        let pages = check_imports(&common, &imports.collect::<Vec<_>>())?;
        check_exports(&common, &exports.collect::<Vec<_>>())?;
        program.memory_pages = pages;
        let tried = Cell::new(&program, None, form, &arena, 0);
        tried.map_err(|reason| ScriptError::Start {
            script: script(),
            reason,
        })?;
        Ok(program)
    }

    /// The module's code for a form.
    pub(super) fn module(&self, form: Form) -> Result<&Module, String> {
        let made = self.modules[usize::from(form == Form::Copied)].get_or_init(|| {
            let engine = engine(Kind {
                form,
                limited: self.ticks.is_some(),
                one_nan: self.common.manifest.one_nan,
            })?;
            Module::new(engine, &self.bytes).map_err(|error| format!("{error:#}"))
        });
        made.as_ref().map_err(String::clone)
    }

    /// What went wrong, in words, as far as the error tells.
    pub(super) fn sentence(&self, error: &Error) -> String {
        if let Some(Misuse(what)) = error.downcast_ref() {
            return what.clone();
        }
        let Some(trap) = error.downcast_ref::<Trap>() else {
            return format!("{error:#}");
        };
        match trap {
            Trap::MemoryOutOfBounds => {
                "touched memory that is not its own with a bulk operation, or behind its last column".to_owned()
            }
            Trap::Interrupt => {
                let limit = self.common.options.time_limit.unwrap_or_default();
                format!(
                    "a call took longer than {limit:?}; make the work smaller, or raise `time_limit`"
                )
            }
            Trap::StackOverflow => {
                "called itself too deeply: the stack of 256 KiB is full".to_owned()
            }
            Trap::UnreachableCodeReached => {
                "gave up: it reached code that it marked as unreachable, as a failed check does"
                    .to_owned()
            }
            Trap::IntegerDivisionByZero => "divided an integer by zero".to_owned(),
            Trap::IntegerOverflow => "an integer overflowed in a division or conversion".to_owned(),
            Trap::BadConversionToInteger => "converted NaN to an integer".to_owned(),
            Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature => {
                format!("called through a table what is no such function ({trap})")
            }
            other => other.to_string(),
        }
    }

    /// The innermost frame whose place in the source is known: its offset in the module.
    fn frame_of(&self, error: &Error) -> Option<(&Lines, usize)> {
        let lines = self.lines.as_ref()?;
        let trace = error.downcast_ref::<WasmBacktrace>()?;
        let mut offsets = trace
            .frames()
            .iter()
            .filter_map(|frame| frame.module_offset());
        let offset = offsets.find(|&offset| lines.at(offset).is_some())?;
        Some((lines, offset))
    }
}

impl Program for Native {
    type Instance = Cell;

    const RUNTIME: &'static str = "wasmtime";

    fn form(&self, arena: &Arena) -> Form {
        let mapped = self.common.options.columns == Columns::Best
            && arena.backing() == "memfd"
            && mapping().is_ok();
        if mapped { Form::Mapped } else { Form::Copied }
    }

    fn why_copied(&self, arena: &Arena) -> String {
        match mapping() {
            Err(reason) => reason,
            Ok(_) => format!("the arena stands on {}", arena.backing()),
        }
    }

    fn prepare(&self, form: Form) -> Result<(), String> {
        self.module(form).map(drop)
    }

    fn instance(
        &self,
        system: &SystemDecl,
        form: Form,
        arena: &Arena,
        area: usize,
    ) -> Result<Cell, String> {
        Cell::new(self, Some(&system.export), form, arena, area)
    }

    fn stop(&self, error: Error) -> Stop {
        // What the compiler says of an instruction is nearer to the source than the trap's name; of memory, time and stack the host knows more.
        let ours = [
            Trap::MemoryOutOfBounds,
            Trap::Interrupt,
            Trap::StackOverflow,
        ];
        let trap = error.downcast_ref::<Trap>();
        let frame = self.frame_of(&error);
        let says = match trap {
            Some(trap) if !ours.contains(trap) => {
                frame.and_then(|(lines, offset)| lines.says(offset))
            }
            _ => None,
        };
        Stop {
            what: says.map_or_else(|| self.sentence(&error), str::to_owned),
            touched: match trap {
                Some(Trap::MemoryOutOfBounds) => address_of(&error),
                _ => None,
            },
            at: frame.and_then(|(lines, offset)| lines.at(offset)),
            repeats: trap != Some(&Trap::Interrupt),
        }
    }
}

/// The address that a fault names. wasmtime puts it into the error's text only.
fn address_of(error: &Error) -> Option<u64> {
    error.chain().find_map(|cause| {
        let text = cause.to_string();
        let (_, rest) = text.split_once("memory fault at wasm address 0x")?;
        let digits = rest
            .split(|letter: char| !letter.is_ascii_hexdigit())
            .next()?;
        u64::from_str_radix(digits, 16).ok()
    })
}

fn external(found: &ExternType) -> External {
    match found {
        ExternType::Func(found) => External::Function(signature(found)),
        ExternType::Memory(found) => External::Memory {
            minimum: found.minimum(),
            maximum: found.maximum(),
            odd: found.is_shared() || found.is_64(),
        },
        ExternType::Global(found) => External::Global {
            mutable: found.mutability() == Mutability::Var,
            ty: ty(found.content()),
        },
        _ => External::Other,
    }
}

fn signature(found: &FuncType) -> Signature {
    Signature {
        params: found.params().map(|found| ty(&found)).collect(),
        results: found.results().map(|found| ty(&found)).collect(),
    }
}

fn ty(found: &ValType) -> Type {
    match found {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        other => Type::Other(other.to_string()),
    }
}

/// An arena for a script that is tried where columns are copied: nothing of it is used.
fn nowhere(script: &str) -> Result<Arena, ScriptError> {
    let mut config = MemoryConfig::with_total(64 << 20);
    config.backing = Backing::Plain;
    Arena::new(&config).map_err(|refusal| ScriptError::Host {
        script: script.to_owned(),
        reason: refusal.to_string(),
    })
}
