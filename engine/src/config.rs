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
//! [memory.terrain]          # a part of a pool promised to an owner of that name
//! pool = "logic"
//! budget = "64 MiB"
//!
//! [run]                     # where the command line says nothing
//! frames = 600
//! threads = 2
//! dt = 0.02
//! seed = 7
//! ```
//!
//! Everything is optional, the file too. A key that is not known is an error, because it is a slip of the pen or meant for another version.

mod error;
mod reader;
mod size;

use std::path::{Path, PathBuf};

use layerw_jobs::THREADS_MAX;
use layerw_memory::{MemoryConfig, RegionConfig, Tier};
use layerw_platform::files::{FileError, Files};

pub use error::{ConfigError, Place};

use reader::Section;

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
    pub(crate) memory: MemoryConfig,
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
        let text = std::str::from_utf8(&bytes).map_err(|error| ConfigError::Encoding {
            path: path.clone(),
            offset: error.valid_up_to(),
        })?;
        Config::parse(&path, text)
    }

    /// Understands `text`, the content of `path`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
        reader::with_document(path, text, |mut document| {
            let mut config = Config::default();
            if let Some(mut project) = document.section("project")? {
                config.name = project.text("name", "a text of at least one letter", |name| {
                    (!name.is_empty()).then(|| name.to_owned())
                })?;
                project.finish()?;
            }
            if let Some(settings) = document.section("settings")? {
                config.settings = settings.scalars()?;
            }
            if let Some(memory) = document.section("memory")? {
                config.memory = read_memory(memory)?;
            }
            if let Some(mut run) = document.section("run")? {
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

/// Budgets and regions, and the proof that they fit.
fn read_memory(mut section: Section<'_>) -> Result<MemoryConfig, ConfigError> {
    const SIZE: &str = "a size such as 1048576 or \"64 MiB\"";
    let total = section.size("total", SIZE)?;
    let mut config = total.map_or_else(MemoryConfig::default, MemoryConfig::with_total);
    for (key, budget) in [
        ("logic", &mut config.logic),
        ("scene", &mut config.scene),
        ("gpu", &mut config.gpu),
    ] {
        if let Some(size) = section.size(key, SIZE)? {
            *budget = size;
        }
    }
    for (name, mut region) in section.subsections()? {
        let tier = region.text("pool", "\"logic\", \"scene\" or \"gpu\"", |pool| {
            Tier::ALL.into_iter().find(|tier| tier.name() == pool)
        })?;
        let budget = region.size("budget", SIZE)?;
        config.regions.push(RegionConfig {
            name,
            tier: region.required("pool", tier)?,
            budget: region.required("budget", budget)?,
        });
        region.finish()?;
    }
    let place = section.place();
    section.finish()?;
    match config.validate() {
        Ok(_) => Ok(config),
        Err(source) => Err(ConfigError::Memory { place, source }),
    }
}

#[cfg(test)]
mod tests;
