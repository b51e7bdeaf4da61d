//! What can go wrong, with a stable code for each sort.

use layerw_ecs::EcsError;
use layerw_ecs::schedule::ScheduleError;
use layerw_frame_graph::GraphError;
use layerw_jobs::JobsError;
use layerw_memory::protect::FAULT_STATUS;
use layerw_memory::{Bytes, MemoryError};
use layerw_platform::files::FileError;
use layerw_platform::signals::SignalError;
use layerw_trace::TraceError;

use crate::command::{OutputError, ReplayError, UsageError};
use crate::config::ConfigError;
use crate::draw::DrawError;
use crate::gpu::GpuError;
use crate::input::InputError;
use crate::record::RecordingError;
use crate::report::TakenKey;
use crate::scripts::ScriptsError;
use crate::settings::SettingError;
use crate::snapshot::SnapshotError;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that the engine reports to its caller. The message is one sentence that names the thing, the value, the place and the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Memory ran out, or a budget does not fit.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The workers could not be started.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// The systems do not form a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The world refused something.
    #[error(transparent)]
    World(#[from] EcsError),
    /// A system panicked; the step was stopped.
    #[error("system `{system}` panicked{place} in step {step}: {message}")]
    System {
        /// The system.
        system: String,
        /// Where, as far as it is known: ` at entity …`.
        place: String,
        /// The step that was stopped.
        step: u64,
        /// What the panic said.
        message: String,
    },
    /// A step was asked of a world that a panic left half-done.
    #[error(
        "the world is poisoned: {cause}; restore a snapshot or go back to a kept step before the next one"
    )]
    Poisoned {
        /// The message of the failure that poisoned it.
        cause: String,
    },
    /// A system took more scratch in a step than its budget; the step is whole.
    #[error(
        "system `{system}` took {} of scratch in step {step}, more than its budget of {}; raise `[systems.{system}] scratch`, set `over = \"degrade\"`, or take less",
        Bytes(*taken), Bytes(*budget)
    )]
    ScratchBudget {
        /// The system.
        system: String,
        /// The step.
        step: u64,
        /// Bytes that it took, over all its runs.
        taken: u64,
        /// Bytes that it may take.
        budget: u64,
    },
    /// The command line is wrong.
    #[error(transparent)]
    Usage(Box<UsageError>),
    /// An action or its input is wrong.
    #[error(transparent)]
    Input(Box<InputError>),
    /// A setting is wrong.
    #[error(transparent)]
    Setting(Box<SettingError>),
    /// The project's layerw.toml is wrong.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// A script cannot be used.
    #[error(transparent)]
    Script(Box<ScriptsError>),
    /// A system of a script failed; the step was stopped.
    #[error("{0}")]
    ScriptFault(String),
    /// A GPU pass cannot be, or there is no GPU where one is required.
    #[error(transparent)]
    Gpu(Box<GpuError>),
    /// There is no picture to be had.
    #[error(transparent)]
    Draw(Box<DrawError>),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A snapshot could not be understood.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A recording could not be understood.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A repeated run came out differently.
    #[error(transparent)]
    Replay(Box<ReplayError>),
    /// A key of the report is taken.
    #[error(transparent)]
    Report(#[from] TakenKey),
    /// The trace could not be recorded.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Signals cannot be watched.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// What the command has to say could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A project's own failure.
    #[error("{0}")]
    Project(String),
}

impl From<ScheduleError> for Error {
    fn from(error: ScheduleError) -> Self {
        match error {
            ScheduleError::World(error) => Error::World(error),
            ScheduleError::Graph(error) => Error::Graph(error),
        }
    }
}

impl Error {
    /// A code that stays the same between versions.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Memory(_) => "memory",
            Error::Jobs(_) => "jobs",
            Error::Graph(_) => "graph",
            Error::World(_) => "world",
            Error::System { .. } => "system",
            Error::Poisoned { .. } => "poisoned",
            Error::ScratchBudget { .. } => "scratch-budget",
            Error::Usage(_) => "usage",
            Error::Input(_) => "input",
            Error::Setting(_) => "setting",
            Error::Config(_) => "config",
            Error::Script(_) => "script",
            Error::ScriptFault(_) => "script-fault",
            Error::Gpu(_) => "gpu",
            Error::Draw(_) => "draw",
            Error::File(_) => "file",
            Error::Snapshot(_) => "snapshot",
            Error::Recording(_) => "recording",
            Error::Replay(_) => "replay",
            Error::Report(_) => "report",
            Error::Trace(_) => "trace",
            Error::Signal(_) => "signal",
            Error::Output(_) => "output",
            Error::Project(_) => "project",
        }
    }

    /// The exit status of the command: 2 for wrong usage, 3 where protection found memory that was written without leave, 1 for everything else.
    pub fn exit_status(&self) -> u8 {
        match self {
            Error::Memory(MemoryError::Damaged(_)) => FAULT_STATUS as u8,
            Error::Usage(_) => 2,
            Error::Setting(error) if error.is_usage() => 2,
            _ => 1,
        }
    }
}

// By hand, because what is boxed, so that a `Result` stays small, is to be had from `?` all the same.
macro_rules! boxed {
    ($($variant:ident($error:ty)),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Error {
                Error::$variant(Box::new(error))
            }
        }
    )*};
}

boxed!(
    Usage(UsageError),
    Input(InputError),
    Setting(SettingError),
    Config(ConfigError),
    Script(ScriptsError),
    Gpu(GpuError),
    Draw(DrawError),
    Replay(ReplayError)
);
