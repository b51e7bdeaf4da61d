//! From options to a simulation that is ready to step: what `run`, `graph` and `doctor` have in common.

use std::path::{Path, PathBuf};

use layerw_ecs::{World, component};
use layerw_jobs::Jobs;
use layerw_platform::files::Disk;

use super::options::{BuildOptions, Switch};
use super::usage::UsageError;
use crate::config::Config;
use crate::error::Result;
use crate::identity::Identity;
use crate::runner::{Runner, RunnerOptions};
use crate::settings::{Origin, Settings};
use crate::sim::Sim;

/// The launcher names the project's folder here.
const PROJECT: &str = "LAYERW_PROJECT";

/// A project's folder and what its file says.
#[derive(Debug)]
pub(super) struct Project {
    /// In snapshots and recordings.
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) config: Config,
}

/// A simulation that is ready to step.
pub(super) struct Prepared {
    pub(super) runner: Runner,
    pub(super) settings: Settings,
    pub(super) identity: Identity,
    /// Steps of a run that does not say.
    pub(super) frames: u64,
}

/// A snapshot or recording that the run continues or repeats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a> {
    pub(super) file: &'a Path,
    pub(super) identity: &'a Identity,
}

/// Makes the settings a part of the state, hence of its hash.
#[component(name = "layerw settings")]
#[derive(Debug, Eq, PartialEq)]
struct Fingerprint {
    words: [u64; 2],
}

impl Project {
    /// Finds the project that the options, the environment or the current folder name.
    ///
    /// # Errors
    /// There is no such folder, or its layerw.toml is wrong.
    pub(super) fn open(options: &BuildOptions) -> Result<Project> {
        let named = options.project.clone();
        let named = named.or_else(|| std::env::var_os(PROJECT).map(PathBuf::from));
        let folder = named.unwrap_or_else(|| PathBuf::from("."));
        if !folder.is_dir() {
            return Err(UsageError::NoProject { folder }.into());
        }
        let config = Config::load(&Disk, &folder)?;
        Ok(Project {
            name: config.name.clone().unwrap_or_else(program),
            folder,
            config,
        })
    }

    /// The workers, of which this thread is the first.
    ///
    /// # Errors
    /// The host gives no threads.
    pub(super) fn workers(&self, options: &BuildOptions, pin: Switch) -> Result<Jobs> {
        let threads = options.threads.or(self.config.run.threads);
        let threads = threads.unwrap_or_else(layerw_platform::available_cpus);
        let jobs = Jobs::builder().threads(threads).pin(pin == Switch::On);
        Ok(jobs.build()?)
    }

    /// Builds the simulation and binds it to its workers.
    ///
    /// # Errors
    /// A value is wrong or contradicts `stored`, or the project itself fails.
    pub(super) fn prepare(
        &self,
        build: impl FnOnce(&Settings) -> Result<Sim>,
        options: &BuildOptions,
        jobs: &Jobs,
        runner: RunnerOptions,
        stored: Option<Stored<'_>>,
    ) -> Result<Prepared> {
        if let Some(stored) = stored {
            let Stored { file, identity } = stored;
            identity.check_options(file, options.seed, options.dt)?;
        }
        let kept = stored.map(|stored| stored.identity);
        let run = &self.config.run;
        let seed = kept.map(|kept| kept.seed).or(options.seed).or(run.seed);
        let dt = kept.map(|kept| kept.dt).or(options.dt).or(run.dt);

        let settings = self.settings(options, seed, dt, stored);
        let mut sim = build(&settings)?;
        settings.check_all_asked()?;
        if let Some(Stored { file, identity }) = stored {
            identity.check_settings(file, &settings, &options.sets)?;
        }
        // A project may have its own ideas; whoever runs it has the last word.
        if let Some(seed) = seed {
            sim.world.set_seed(seed);
        }
        if let Some(dt) = dt {
            sim.world.set_dt(dt);
        }
        mark(&mut sim.world, &settings);
        let (seed, dt, frames) = (sim.world.seed(), sim.world.dt(), sim.frames);
        Ok(Prepared {
            runner: Runner::new(sim, jobs, runner)?,
            identity: Identity::new(&self.name, &settings, seed, dt),
            settings,
            frames: run.frames.unwrap_or(frames),
        })
    }

    fn settings(
        &self,
        options: &BuildOptions,
        seed: Option<u64>,
        dt: Option<f64>,
        stored: Option<Stored<'_>>,
    ) -> Settings {
        let mut settings = Settings::new()
            .with_project(&self.folder)
            .with_memory(self.config.memory.clone())
            .with_seed(seed.unwrap_or(0));
        settings.set_dt(dt);
        for line in &self.config.settings {
            let origin = Origin::File {
                path: line.path.clone(),
                line: line.line,
            };
            settings.give(&line.name, &line.text, origin);
        }
        for (name, value) in &options.sets {
            settings.give(name, value, Origin::Option);
        }
        // Last, because what is continued keeps its settings. `--set` is checked against them when it is known what they mean.
        if let Some(Stored { file, identity }) = stored {
            identity.give(file, &mut settings);
        }
        settings
    }
}

/// Puts the settings into the state. A state that has them already stays as it is, so that a restored run is the run that it continues.
pub(super) fn mark(world: &mut World, settings: &Settings) {
    let fingerprint = settings.fingerprint();
    let words = [fingerprint as u64, (fingerprint >> 64) as u64];
    let mark = Fingerprint { words };
    if world.resource::<Fingerprint>() != Some(&mark) {
        world.insert_resource(mark);
    }
}

/// The name of this program, without what cargo appends to test programs.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = |text: &str| text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit());
    let name = match stem.rsplit_once('-') {
        Some((name, tail)) if hash(tail) => name,
        _ => &stem,
    };
    name.to_owned()
}
