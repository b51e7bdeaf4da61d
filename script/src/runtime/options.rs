//! What a script may use, and what happens when it takes more.

use super::ScriptError;
use core::num::NonZeroU32;
use core::time::Duration;

/// How a script is run. The default is for code that nobody here wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What runs it.
    pub runtime: Runtime,
    /// How it gets at columns.
    pub columns: Columns,
    /// The most that one call may take, on one chunk or one step; rounded up to 10 ms. `None` leaves out the checks in loops, which cost a movement system a
    /// third: for modules that are known to come to an end, those of our compiler. 1 s unless set.
    pub time_limit: Option<Duration>,
    /// Bytes that each instance may have for itself, in pages of 64 KiB; `memory.grow` beyond that fails. There is an instance for each worker and system.
    /// 64 MiB unless set, at most 255 MiB.
    pub memory_bytes: u64,
    /// Rows that a system is called with at most; `None`, the default, is all of a chunk, which is up to 4 096 and the fastest. 1 is a call for each entity. It changes no state: systems whose
    /// rows depend on each other are called for whole chunks all the same.
    pub batch_rows: Option<NonZeroU32>,
    /// What happens when a system of it fails.
    pub on_fault: OnFault,
    /// What is looked at before any of it is compiled.
    pub compile: CompileLimits,
}

/// What runs a script. All give the same bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runtime {
    /// The fastest that is built in and takes what is loaded. The default.
    #[default]
    Best,
    /// Native code (feature `wasmtime`).
    Wasmtime,
    /// An interpreter of modules (feature `wasmi`).
    Wasmi,
    /// An interpreter of the JavaScript that the compiler makes of sources (feature `quickjs`); modules it cannot run.
    QuickJs,
}

impl Runtime {
    /// As it stands in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Best => "best",
            Runtime::Wasmtime => "wasmtime",
            Runtime::Wasmi => "wasmi",
            Runtime::QuickJs => "quickjs",
        }
    }

    /// That it is not there.
    pub(super) fn missing(self, script: &str) -> ScriptError {
        ScriptError::Host {
            script: script.to_owned(),
            reason: format!(
                "nothing that is built in runs this as `{}`; build with a feature of that name, or choose another runtime (`quickjs` runs sources and no modules)",
                self.name()
            ),
        }
    }
}

/// How a script gets at the columns that its systems declare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Columns {
    /// Mapped into its memory where the host and the arena can do that, else copied. The default.
    #[default]
    Best,
    /// Copied in and, where written, out again; every host can do that. Counted, see [`Script::bytes_copied`](super::Script::bytes_copied).
    Copied,
}

/// How columns come into a script's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Their pages are mapped: no byte is copied.
    Mapped,
    /// Their rows are copied in and, where written, out again.
    Copied,
}

/// What happens when a system of a script fails: a trap, a value that is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFault {
    /// The step fails with what happened, as when a Rust system panics. The default.
    #[default]
    Stop,
    /// The chunk keeps what was written to its rows, other chunks finish, and the system is left out from the next step on; see
    /// [`Script::faults`](super::Script::faults). Only for faults that come again with the same world: a call that took too long stops the run.
    Quarantine,
}

/// The largest module that is given to the code generator. Compiling takes about a second for each 700 KB of code, and each function is compiled as a
/// whole, so that one huge function costs more than many small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of the module, sections without code included. 8 MiB unless set.
    pub module_bytes: u64,
    /// Bytes of all functions' bodies. 2 MiB unless set.
    pub code_bytes: u64,
    /// Bytes of one function's body. 256 KiB unless set.
    pub function_bytes: u64,
    /// Functions. 10 000 unless set.
    pub functions: u32,
    /// Local variables of one function. 5 000 unless set.
    pub locals: u32,
    /// Blocks of one function times its local variables: the code generator may need a note for each pair, in memory. 4 million unless set.
    pub block_locals: u64,
    /// Entries of anything else: types, imports, exports, globals, tables, segments, and what the segments of tables hold. 20 000 unless set.
    pub entries: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            runtime: Runtime::Best,
            columns: Columns::Best,
            time_limit: Some(Duration::from_secs(1)),
            memory_bytes: 64 << 20,
            batch_rows: None,
            on_fault: OnFault::Stop,
            compile: CompileLimits::default(),
        }
    }
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits {
            module_bytes: 8 << 20,
            code_bytes: 2 << 20,
            function_bytes: 256 << 10,
            functions: 10_000,
            locals: 5_000,
            block_locals: 4_000_000,
            entries: 20_000,
        }
    }
}
