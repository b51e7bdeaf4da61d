//! A module that was looked at and compiled: what all instances of a script share.

use super::clock::{Running, ticks};
use super::creator::PAGES_MAX;
use super::engine::{Form, engine, start_clock};
use super::fault::Fault;
use super::imports::{self, Misuse};
use super::source_map::Lines;
use super::{Options, ScriptError, compile_limits};
use crate::abi::{self, IMPORTS, Manifest, Param, ROW_GLOBAL, SystemDecl};
use std::sync::OnceLock;
use wasmtime::{Error, ExternType, FuncType, Module, Mutability, Trap, ValType, WasmBacktrace};

/// A compiled script.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) manifest: Manifest,
    pub(super) options: Options,
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

impl Program {
    /// Reads, checks and compiles a module.
    pub(super) fn new(
        name: &str,
        bytes: &[u8],
        options: &Options,
        form: Form,
    ) -> Result<Program, ScriptError> {
        let script = || name.to_owned();
        compile_limits::check(name, bytes, &options.compile)?;
        let unread = |source| ScriptError::Manifest {
            script: script(),
            source,
        };
        let manifest = abi::read(bytes).map_err(unread)?;
        let lines = abi::read_map(bytes).map_err(unread)?.and_then(Lines::read);
        let host = |reason| ScriptError::Host {
            script: script(),
            reason,
        };
        engine(form, options.time_limit.is_some()).map_err(host)?;
        let clock = match options.time_limit {
            Some(_) => Some(start_clock().map_err(|error| host(error.to_string()))?),
            None => None,
        };
        let mut program = Program {
            name: script(),
            manifest,
            options: options.clone(),
            ticks: options.time_limit.map(ticks),
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
        let pages = program.check_imports(module)?;
        program.check_exports(module)?;
        program.memory_pages = pages;
        Ok(program)
    }

    /// The module's code for a form.
    pub(super) fn module(&self, form: Form) -> Result<&Module, String> {
        let made = self.modules[usize::from(form == Form::Copied)].get_or_init(|| {
            let engine = engine(form, self.ticks.is_some())?;
            Module::new(engine, &self.bytes).map_err(|error| format!("{error:#}"))
        });
        made.as_ref().map_err(String::clone)
    }

    /// Looks at what the module asks for; returns the pages of its memory.
    fn check_imports(&self, module: &Module) -> Result<u64, ScriptError> {
        let refused = |import: String, reason: String| ScriptError::Import {
            script: self.name.clone(),
            import,
            reason,
        };
        let mut memory = None;
        for import in module.imports() {
            let name = format!("{}.{}", import.module(), import.name());
            let fault = match import.ty() {
                ExternType::Memory(found) if name == "env.memory" => {
                    memory = Some(found.minimum());
                    self.memory_fault(
                        found.minimum(),
                        found.maximum(),
                        found.is_shared() || found.is_64(),
                    )
                }
                ExternType::Func(found) if import.module() == IMPORTS => {
                    match imports::check(import.name(), &found) {
                        Ok(()) if imports::records(import.name()) && self.manifest.systems.iter().all(|system| !system.commands) => Some(
                            "no system of the manifest says that it records commands; add `\"commands\": true` to those that do".to_owned(),
                        ),
                        other => other.err(),
                    }
                }
                _ => Some(format!(
                    "it is not granted: a script gets `env.memory`, and functions of the module `{IMPORTS}` for commands; leave it out, or use the event and command functions"
                )),
            };
            if let Some(reason) = fault {
                return Err(refused(name, reason));
            }
        }
        let missing = || {
            refused(
                "env.memory".to_owned(),
                "it is missing, and columns can be reached through no other memory; compile with an imported memory (AssemblyScript: --importMemory)".to_owned(),
            )
        };
        memory.ok_or_else(missing)
    }

    fn memory_fault(&self, minimum: u64, maximum: Option<u64>, other_kind: bool) -> Option<String> {
        let limit = self.options.memory_bytes / (64 << 10);
        if other_kind {
            return Some("it is shared or of 64 bits; a script's memory is neither".to_owned());
        }
        if minimum > limit {
            return Some(format!(
                "it begins with {minimum} pages of 64 KiB, and {limit} are granted; raise `memory_bytes`, or use less"
            ));
        }
        let maximum = maximum?;
        (maximum < PAGES_MAX).then(|| {
            format!(
                "it ends at {maximum} pages, and columns lie behind; declare no maximum, or at least {PAGES_MAX} pages (the limit is `memory_bytes` anyway)"
            )
        })
    }

    /// Looks for the systems' functions.
    fn check_exports(&self, module: &Module) -> Result<(), ScriptError> {
        for system in &self.manifest.systems {
            let found = module.get_export(&system.export);
            let reason = match found {
                Some(ExternType::Func(found)) => fits(system, &found),
                Some(_) => Some(format!("export `{}` is no function", system.export)),
                None => {
                    let has: Vec<_> = module
                        .exports()
                        .map(|export| format!("`{}`", export.name()))
                        .collect();
                    Some(format!(
                        "the module has no export `{}`, it has {}; compile the script again",
                        system.export,
                        if has.is_empty() {
                            "none".to_owned()
                        } else {
                            has.join(", ")
                        }
                    ))
                }
            };
            if let Some(reason) = reason {
                return Err(ScriptError::System {
                    script: self.name.clone(),
                    system: system.name.clone(),
                    reason,
                });
            }
        }
        match module.get_export(ROW_GLOBAL) {
            None => Ok(()),
            Some(ExternType::Global(row))
                if row.mutability() == Mutability::Var
                    && ValType::eq(row.content(), &ValType::I32) =>
            {
                Ok(())
            }
            Some(_) => Err(ScriptError::Import {
                script: self.name.clone(),
                import: ROW_GLOBAL.to_owned(),
                reason: "the export of that name is no mutable i32; give it another name"
                    .to_owned(),
            }),
        }
    }

    /// What went wrong, in words, as far as the error tells; `faulted` says what is shown at an address.
    pub(super) fn sentence(
        &self,
        error: &Error,
        faulted: Option<&dyn Fn(u64) -> String>,
    ) -> String {
        if let Some(Misuse(what)) = error.downcast_ref() {
            return what.clone();
        }
        let Some(trap) = error.downcast_ref::<Trap>() else {
            return format!("{error:#}");
        };
        match trap {
            Trap::MemoryOutOfBounds => {
                let address = address_of(error);
                let place = address
                    .zip(faulted)
                    .map(|(address, faulted)| faulted(address));
                place.unwrap_or_else(|| "touched memory that is not its own with a bulk operation, or behind its last column".to_owned())
            }
            Trap::Interrupt => {
                let limit = self.options.time_limit.unwrap_or_default();
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

    /// A fault of a system.
    pub(super) fn fault(
        &self,
        system: &SystemDecl,
        step: u64,
        error: &Error,
        what: String,
    ) -> Fault {
        // What the compiler says of an instruction is nearer to the source than the trap's name; of memory, time and stack the host knows more.
        let ours = [
            Trap::MemoryOutOfBounds,
            Trap::Interrupt,
            Trap::StackOverflow,
        ];
        let known = error
            .downcast_ref()
            .is_some_and(|trap| !ours.contains(trap));
        let says = self
            .frame_of(error)
            .and_then(|(lines, offset)| lines.says(offset));
        let what = match says {
            Some(says) if known => says.to_owned(),
            _ => what,
        };
        Fault {
            script: self.name.clone(),
            system: system.name.clone(),
            at: self
                .frame_of(error)
                .and_then(|(lines, offset)| lines.at(offset)),
            entity: None,
            step,
            what,
            repeats: !matches!(error.downcast_ref(), Some(Trap::Interrupt)),
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

/// What is wrong with a function as that of a system.
fn fits(system: &SystemDecl, found: &FuncType) -> Option<String> {
    let wanted: Vec<ValType> = system.params.iter().map(wasm_type).collect();
    let same = found.results().len() == 0
        && found.params().len() == wanted.len()
        && found.params().zip(&wanted).all(|(a, b)| ValType::eq(&a, b));
    if same {
        return None;
    }
    let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    Some(format!(
        "export `{}` is {found}, and the manifest's parameters make it (func (param {})) without a result; compile the script again",
        system.export,
        wanted.join(" ")
    ))
}

fn wasm_type(param: &Param) -> ValType {
    match param {
        Param::Column { .. } | Param::Entities | Param::Count | Param::Resource { .. } => {
            ValType::I32
        }
        Param::Dt => ValType::F32,
        Param::Dt64 => ValType::F64,
        Param::Step | Param::Seed => ValType::I64,
    }
}

/// Whether a system writes a resource, so that it has the rows to itself.
pub(super) fn writes_resources(system: &SystemDecl) -> bool {
    let written = |param: &Param| matches!(param, Param::Resource { write: true, .. });
    system.params.iter().any(written)
}

/// Whether a system is called for chunks, and not once a step.
pub(super) fn runs_on_rows(system: &SystemDecl) -> bool {
    let rows =
        |param: &Param| matches!(param, Param::Column { .. } | Param::Entities | Param::Count);
    system.params.iter().any(rows) || !system.with.is_empty() || !system.without.is_empty()
}
