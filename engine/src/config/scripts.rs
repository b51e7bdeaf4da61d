//! `[scripts]`: the scripts of a project and what they may take.

use super::error::ConfigError;
use super::memory::SIZE;
use super::reader::Section;
use std::num::NonZeroU32;

/// The section `[scripts]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ScriptsConfig {
    /// Paths as they stand in the file, relative to the project's folder, in order.
    pub(crate) files: Vec<String>,
    /// What compiles those that are sources.
    pub(crate) compiler: ScriptCompiler,
    /// What runs them; the best there is unless set.
    pub(crate) runtime: Option<ScriptRuntime>,
    /// What becomes of a system that fails.
    pub(crate) on_trap: OnTrap,
    /// The most that a script may hold of memory of its own, for each worker, in bytes.
    pub(crate) memory: Option<u64>,
    /// The most that a call may take, in seconds.
    pub(crate) seconds: Option<f64>,
    /// The most rows that a call is for; all of a chunk unless set.
    pub(crate) batch: Option<NonZeroU32>,
}

/// What compiles the sources of scripts. What both take, both compile to the same bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ScriptCompiler {
    /// The engine's own: for systems that run at full speed over columns.
    #[default]
    Layerw,
    /// AssemblyScript, for scripts that want objects, arrays and maps of their own. It needs node 20 or later, and the package `assemblyscript` in the project's folder or
    /// above it.
    AssemblyScript,
}

/// What runs scripts. All give the same bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ScriptRuntime {
    /// Native code: the fastest, and the default where it is built in (feature `scripts`).
    Wasmtime,
    /// An interpreter (feature `scripts-wasmi`), for hosts where no code may be made at run time.
    Wasmi,
    /// JavaScript (feature `scripts-quickjs`), which runs sooner after an edit than anything else; of sources only.
    QuickJs,
}

impl ScriptRuntime {
    fn named(name: &str) -> Option<ScriptRuntime> {
        Some(match name {
            "wasmtime" => ScriptRuntime::Wasmtime,
            "wasmi" => ScriptRuntime::Wasmi,
            "quickjs" => ScriptRuntime::QuickJs,
            _ => return None,
        })
    }
}

/// What becomes of a system that fails.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum OnTrap {
    /// The run stops.
    #[default]
    Stop,
    /// The run goes on without it from the next step on.
    Quarantine,
}

/// Reads `[scripts]`.
pub(super) fn read(mut section: Section<'_>) -> Result<ScriptsConfig, ConfigError> {
    let files = section.texts("files", "a list of files, such as [\"movement.ts\"]")?;
    let files = section.required("files", files)?;
    let compiler = section.text(
        "compiler",
        "\"layerw\" or \"assemblyscript\"",
        |text| match text {
            "layerw" => Some(ScriptCompiler::Layerw),
            "assemblyscript" => Some(ScriptCompiler::AssemblyScript),
            _ => None,
        },
    )?;
    let runtime = section.text(
        "runtime",
        "\"wasmtime\", \"wasmi\" or \"quickjs\"",
        ScriptRuntime::named,
    )?;
    let on_trap = section.text("on_trap", "\"stop\" or \"quarantine\"", |text| match text {
        "stop" => Some(OnTrap::Stop),
        "quarantine" => Some(OnTrap::Quarantine),
        _ => None,
    })?;
    let memory = section.size("memory", SIZE)?;
    let seconds = section.number("seconds", "a number of seconds above 0", |seconds| {
        (seconds.is_finite() && seconds > 0.0).then_some(seconds)
    })?;
    let batch = section.number("batch", "a whole number of rows from 1 on", |rows| {
        (rows.fract() == 0.0 && rows <= f64::from(u32::MAX))
            .then(|| NonZeroU32::new(rows as u32))
            .flatten()
    })?;
    section.finish()?;
    Ok(ScriptsConfig {
        files,
        compiler: compiler.unwrap_or_default(),
        runtime,
        on_trap: on_trap.unwrap_or_default(),
        memory,
        seconds,
        batch,
    })
}
