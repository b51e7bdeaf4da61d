//! layerw.toml: what a project says about itself, for those who run it.
//!
//! ```toml
//! [project]
//! name = "flock"            # in snapshots and recordings; by default the program's name
//!
//! [settings]                # values of the settings that the project asks for
//! boids = 2000
//!
//! [memory]                  # budgets in bytes or as "64 MiB"; what is left out is split as by default
//! total = "1 GiB"
//! logic = "512 MiB"
//!
//! [memory.terrain]          # a part of a pool promised to an owner of that name, and the most that it may hold; the world's
//!                           # owners, such as "component Position", can be given one as well
//! pool = "logic"
//! budget = "64 MiB"
//!
//! [systems.look]            # what a system may take of scratch in one step
//! scratch = "1 MiB"
//! over = "error"            # or "degrade": go on slower, and count the steps
//!
//! [scripts]                 # systems in TypeScript, after those in Rust, in written order
//! files = ["movement.ts"]   # from this folder
//! compiler = "layerw"       # or "assemblyscript", which needs node and the package of that name
//! runtime = "wasmtime"      # or "wasmi", "quickjs": what runs them
//! on_trap = "stop"          # or "quarantine": the run goes on without the system
//! memory = "64 MiB"         # of a script's own, for each worker
//! seconds = 1               # that a call may take
//! batch = 64                # rows that a call is for at most; 1 is a call for each entity, and without it it is a chunk
//!
//! [input.jump]              # what an action of the project is bound to
//! sources = ["Space", "Pad South"]
//!
//! [input.steer]
//! negative = ["KeyA"]       # those that count as -1
//! sources = ["KeyD", "Pad LeftX"]
//!
//! [view]                    # what pictures of the project are to be
//! width = 1280
//! height = 720
//! quality = "auto"          # or "low", "medium", "high"
//! fullscreen = false        # whether the window of `play` covers the screen
//!
//! [run]                     # where the command line says nothing
//! frames = 600
//! threads = 2
//! dt = 0.02
//! seed = 7
//! ```
//!
//! Sizes are in bytes; those of `[memory]` are rounded up to pages of 64 KiB. Everything is optional, the file too. A key that is not known is an error, because it is a slip of the pen or meant for another version.

mod error;
mod input;
mod memory;
mod reader;
pub(crate) mod scripts;
pub(crate) mod size;
mod systems;
mod view;

use std::path::{Path, PathBuf};

use layerw_jobs::THREADS_MAX;
use layerw_platform::files::{FileError, Files};

pub use error::{ConfigError, Place};

pub(crate) use input::InputBinding;
pub(crate) use memory::{MemoryBudgets, SIZE};
pub(crate) use scripts::ScriptsConfig;
pub use scripts::{ScriptCompiler, ScriptRuntime};
pub(crate) use systems::SystemBudget;
pub(crate) use view::ViewConfig;

/// The name of the file in a project's folder.
pub const FILE: &str = "layerw.toml";

/// What a number of workers may be.
pub(crate) const WORKERS: &str = "a whole number of workers from 1 to 1023";
const _: () = assert!(THREADS_MAX == 1023);

/// What a layerw.toml says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config {
    /// `project.name`.
    pub(crate) name: Option<String>,
    /// `[settings]`, in order of name.
    pub(crate) settings: Vec<FileSetting>,
    /// `[memory]` with its regions, validated.
    pub(crate) memory: MemoryBudgets,
    /// `[systems]`, in order of name.
    pub(crate) systems: Vec<SystemBudget>,
    /// `[scripts]`.
    pub(crate) scripts: ScriptsConfig,
    /// `[input]`, in order of name.
    pub(crate) input: Vec<InputBinding>,
    /// `[view]`.
    pub(crate) view: ViewConfig,
    /// `[run]`.
    pub(crate) run: RunDefaults,
}

/// One line of `[settings]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FileSetting {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) path: PathBuf,
    pub(crate) line: usize,
}

/// What a run does where the command line says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RunDefaults {
    pub(crate) frames: Option<u64>,
    pub(crate) threads: Option<usize>,
    pub(crate) dt: Option<f64>,
    pub(crate) seed: Option<u64>,
}

impl Config {
    /// Reads the file in `folder`. No file is an empty one.
    pub(crate) fn load(files: &impl Files, folder: &Path) -> Result<Config, ConfigError> {
        // "./layerw.toml" reads worse than "layerw.toml".
        let path = if folder == Path::new(".") {
            PathBuf::from(FILE)
        } else {
            folder.join(FILE)
        };
        let bytes = match files.read(&path) {
            Ok(bytes) => bytes,
            Err(FileError::Missing { .. }) => return Ok(Config::default()),
            Err(error) => return Err(error.into()),
        };
        Config::parse(&path, text_of(&path, &bytes)?)
    }

    /// Takes the budgets, `[memory]` and `[systems]`, from another file in place of its own. The file must be there and hold nothing else.
    pub(crate) fn take_budgets(
        &mut self,
        files: &impl Files,
        path: &Path,
    ) -> Result<(), ConfigError> {
        let bytes = files.read(path)?;
        let budgets = Config::parse_kinds(path, text_of(path, &bytes)?, Kinds::Budgets)?;
        (self.memory, self.systems) = (budgets.memory, budgets.systems);
        Ok(())
    }

    /// Understands `text`, the content of `path`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
        Config::parse_kinds(path, text, Kinds::All)
    }

    fn parse_kinds(path: &Path, text: &str, kinds: Kinds) -> Result<Config, ConfigError> {
        reader::with_document(path, text, |mut document| {
            let mut config = Config::default();
            let all = kinds == Kinds::All;
            if all && let Some(mut project) = document.section("project")? {
                config.name = project.text("name", "a text of at least one letter", |name| {
                    (!name.is_empty()).then(|| name.to_owned())
                })?;
                project.finish()?;
            }
            if all && let Some(settings) = document.section("settings")? {
                config.settings = settings.scalars()?;
            }
            if let Some(memory) = document.section("memory")? {
                config.memory = memory::read(memory)?;
            }
            if let Some(systems) = document.section("systems")? {
                config.systems = systems::read(systems)?;
            }
            if all && let Some(scripts) = document.section("scripts")? {
                config.scripts = scripts::read(scripts)?;
            }
            if all && let Some(input) = document.section("input")? {
                config.input = input::read(input)?;
            }
            if all && let Some(view) = document.section("view")? {
                config.view = view::read(view)?;
            }
            if all && let Some(mut run) = document.section("run")? {
                config.run = RunDefaults {
                    frames: run.whole("frames", "a whole number of steps, 0 or more", Some)?,
                    threads: run.whole("threads", WORKERS, |threads| {
                        let number = usize::try_from(threads).ok();
                        number.filter(|threads| (1..=THREADS_MAX).contains(threads))
                    })?,
                    dt: run.number("dt", "a number of seconds above 0", |dt| {
                        (dt.is_finite() && dt > 0.0).then_some(dt)
                    })?,
                    seed: run.whole("seed", "a whole number of 0 or more", Some)?,
                };
                run.finish()?;
            }
            document.finish()?;
            Ok(config)
        })
    }
}

/// Which sections may stand in a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kinds {
    All,
    /// `[memory]` and `[systems]`.
    Budgets,
}

/// Understands the text of a layerw.toml without using it: for those who look for texts that break the reader.
///
/// # Errors
/// What is wrong with it.
#[doc(hidden)]
pub fn check_config(text: &str) -> Result<(), ConfigError> {
    Config::parse(Path::new(FILE), text).map(drop)
}

fn text_of<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, ConfigError> {
    std::str::from_utf8(bytes).map_err(|error| ConfigError::Encoding {
        path: path.to_owned(),
        offset: error.valid_up_to(),
    })
}

#[cfg(test)]
mod tests;
