//! What a module asks for and offers, held against its manifest: the same for everything that runs WebAssembly.

use super::host::Common;
use super::{ScriptError, calls};
use crate::abi::{IMPORTS, Param, ROW_GLOBAL, SystemDecl};
use std::fmt;

/// Pages of 64 KiB that a script's memory can have at most as far as its code is concerned; all addresses of the window must look possible.
pub(super) const PAGES_MAX: u64 = 65_535;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    I32,
    I64,
    F32,
    F64,
    /// Nothing that a script is called with.
    Other(String),
}

/// The type of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) params: Vec<Type>,
    pub(super) results: Vec<Type>,
}

/// What is imported or exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum External {
    Function(Signature),
    Memory {
        /// Pages.
        minimum: u64,
        /// Pages.
        maximum: Option<u64>,
        /// Shared, or of 64 bits.
        odd: bool,
    },
    Global {
        /// Whether it can be set.
        mutable: bool,
        ty: Type,
    },
    Other,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Other(name) => name,
        })
    }
}

/// `(func (param i32 f32) (result i32))`
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for (word, types) in [("param", &self.params), ("result", &self.results)] {
            if types.is_empty() {
                continue;
            }
            write!(f, " ({word}")?;
            for ty in types {
                write!(f, " {ty}")?;
            }
            f.write_str(")")?;
        }
        f.write_str(")")
    }
}

/// Looks at what a module asks for, each with the names of its module and itself; returns the pages of its memory.
pub(super) fn check_imports(
    common: &Common,
    imports: &[(String, String, External)],
) -> Result<u64, ScriptError> {
    let refused = |import: String, reason: String| ScriptError::Import {
        script: common.name.clone(),
        import,
        reason,
    };
    let mut memory = None;
    for (module, name, external) in imports {
        let path = format!("{module}.{name}");
        let fault = match external {
            &External::Memory {
                minimum,
                maximum,
                odd,
            } if path == "env.memory" => {
                memory = Some(minimum);
                memory_fault(common, minimum, maximum, odd)
            }
            External::Function(found) if module == IMPORTS => match calls::check(name, found) {
                Ok(()) if calls::records(name) && common.manifest.systems.iter().all(|system| !system.commands) => Some(
                    "no system of the manifest says that it records commands; add `\"commands\": true` to those that do".to_owned(),
                ),
                other => other.err(),
            },
            _ => Some(format!(
                "it is not granted: a script gets `env.memory`, and functions of the module `{IMPORTS}` for commands; leave it out, or use the event and command functions"
            )),
        };
        if let Some(reason) = fault {
            return Err(refused(path, reason));
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

fn memory_fault(common: &Common, minimum: u64, maximum: Option<u64>, odd: bool) -> Option<String> {
    let limit = common.options.memory_bytes / (64 << 10);
    if odd {
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

/// Looks for the systems' functions among the exports.
pub(super) fn check_exports(
    common: &Common,
    exports: &[(String, External)],
) -> Result<(), ScriptError> {
    let find = |name: &str| {
        let found = exports.iter().find(|(known, _)| known == name);
        found.map(|(_, external)| external)
    };
    for system in &common.manifest.systems {
        let reason = match find(&system.export) {
            Some(External::Function(found)) => fits(system, found),
            Some(_) => Some(format!("export `{}` is no function", system.export)),
            None => {
                let has: Vec<_> = exports
                    .iter()
                    .map(|(name, _)| format!("`{name}`"))
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
                script: common.name.clone(),
                system: system.name.clone(),
                reason,
            });
        }
    }
    match find(ROW_GLOBAL) {
        None
        | Some(External::Global {
            mutable: true,
            ty: Type::I32,
        }) => Ok(()),
        Some(_) => Err(ScriptError::Import {
            script: common.name.clone(),
            import: ROW_GLOBAL.to_owned(),
            reason: "the export of that name is no mutable i32; give it another name".to_owned(),
        }),
    }
}

/// What is wrong with a function as that of a system.
fn fits(system: &SystemDecl, found: &Signature) -> Option<String> {
    let wanted: Vec<Type> = system.params.iter().map(wasm_type).collect();
    if found.results.is_empty() && found.params == wanted {
        return None;
    }
    let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    Some(format!(
        "export `{}` is {found}, and the manifest's parameters make it (func (param {})) without a result; compile the script again",
        system.export,
        wanted.join(" ")
    ))
}

fn wasm_type(param: &Param) -> Type {
    match param {
        Param::Column { .. }
        | Param::Entities
        | Param::Count
        | Param::Resource { .. }
        | Param::Events { .. }
        | Param::EventCount { .. } => Type::I32,
        Param::Dt => Type::F32,
        Param::Dt64 => Type::F64,
        Param::Step | Param::Seed => Type::I64,
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
