//! From options to a simulation that is ready to step: what `run`, `graph` and `doctor` have in common.

use std::any::type_name;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use layerw_ecs::{World, component};
use layerw_jobs::Jobs;
use layerw_memory::{Backing, Bytes, Fitting, MemoryConfig, RESERVE_DEFAULT};
use layerw_platform::files::{Disk, is_folder};

use super::options::{BuildOptions, Switch};
use super::output;
use super::usage::UsageError;
use crate::config::{Config, ConfigError, MemoryBudgets, SIZE, size};
use crate::error::Result;
use crate::identity::Identity;
use crate::runner::{Runner, RunnerOptions};
use crate::scripts::Breakpoints;
use crate::settings::{Origin, Settings};
use crate::sim::Sim;

/// The launcher names the project's folder here.
const PROJECT: &str = "LAYERW_PROJECT";

/// The project where nobody names one: the working folder.
const HERE: &str = ".";

/// Whoever runs many projects says here how much memory each may have.
const MEMORY: &str = "LAYERW_MEMORY";

/// A project's folder and what its file says.
#[derive(Debug)]
pub(super) struct Project {
    /// In snapshots and recordings.
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) config: Config,
    /// The budgets of the arena.
    pub(super) memory: MemoryConfig,
    /// The default total, where this process has too little address space for it.
    pub(super) reduced_from: Option<u64>,
    /// Where scripts stop.
    pub(super) breakpoints: Option<Breakpoints>,
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

/// The folder that the options, the environment or the working folder name.
pub(super) fn folder(options: &BuildOptions) -> PathBuf {
    let named = options.project.clone();
    let named = named.or_else(|| std::env::var_os(PROJECT).map(PathBuf::from));
    named.unwrap_or_else(|| PathBuf::from(HERE))
}

impl Project {
    /// Finds the project that the options, the environment or the current folder name.
    ///
    /// # Errors
    /// There is no such folder, its layerw.toml or the file of budgets is wrong, or there is no address space.
    pub(super) fn open(options: &BuildOptions) -> Result<Project> {
        let folder = folder(options);
        // Nobody named the working folder, and there are hosts where a program sees no files at all.
        if !is_folder(&folder) && folder != Path::new(HERE) {
            return Err(UsageError::NoProject { folder }.into());
        }
        let mut config = match is_folder(&folder) {
            true => Config::load(&Disk, &folder)?,
            false => Config::default(),
        };
        if let Some(path) = &options.budget {
            config.take_budgets(&Disk, path)?;
        }
        let (memory, reduced_from) = memory(options, &config.memory)?;
        Ok(Project {
            name: config.name.clone().unwrap_or_else(program),
            folder,
            config,
            memory,
            reduced_from,
            breakpoints: None,
        })
    }

    /// The workers, of which this thread is the first.
    ///
    /// # Errors
    /// The host gives no threads.
    pub(super) fn workers(&self, options: &BuildOptions, pin: Switch) -> Result<Jobs> {
        let threads = options.threads.or(self.config.run.threads);
        let threads = threads.unwrap_or_else(layerw_platform::available_cpus);
        let most = layerw_jobs::threads_max();
        if threads > most {
            output::say(format_args!(
                "threads: this host gives a program {most}, so {most} of {threads} workers run; the result is the same"
            ));
        }
        let threads = threads.min(most);
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
        sim.actions.rebind(&self.config.input)?;
        settings.check_all_asked()?;
        settings.check_scripts_asked()?;
        if let Some(Stored { file, identity }) = stored {
            identity.check_settings(file, &settings, &options.sets)?;
            for later in identity.later_defaults(&settings) {
                let (file, name) = (file.display(), &later.name);
                output::say(format_args!(
                    "`{file}` was written before this project had the setting `{name}`; it is `{}`, its default: give another value with \
                     `--set {name}=…`",
                    later.value
                ));
            }
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
        let mut runner = Runner::new(sim, jobs, runner)?;
        for budget in &self.config.systems {
            let place = || budget.place.clone();
            let set = runner.set_scratch_budget(&budget.name, budget.scratch);
            set.map_err(|source| ConfigError::System {
                place: place(),
                source,
            })?;
        }
        Ok(Prepared {
            runner,
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
            .with_memory(self.memory.clone())
            .with_scripts(self.config.scripts.clone())
            .with_breakpoints(self.breakpoints.clone())
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

/// The budgets: those of the file, with the total of the option, of the environment, of the file, or the largest that fits; and the
/// default total where that did not fit.
fn memory(options: &BuildOptions, said: &MemoryBudgets) -> Result<(MemoryConfig, Option<u64>)> {
    let given = match std::env::var_os(MEMORY) {
        _ if options.memory_total.is_some() => options.memory_total,
        None => None,
        Some(text) => {
            Some(
                text.to_str()
                    .and_then(size::parse)
                    .ok_or_else(|| UsageError::Value {
                        option: MEMORY.to_owned(),
                        value: text.to_string_lossy().into_owned(),
                        allowed: SIZE.to_owned(),
                    })?,
            )
        }
    };
    if let Some(total) = given.or(said.total) {
        return Ok((said.with_total(total), None));
    }
    let fitting = Fitting::find(Backing::Best)?;
    if !fitting.is_reduced() {
        return Ok((said.config(), None));
    }
    let limit = fitting.limit.map_or(String::new(), |limit| {
        format!(" (it may use {} in all)", Bytes(limit))
    });
    output::say(format_args!(
        "memory: this process has no {} of address space{limit}, so the arena has {}; raise the limit (ulimit -v), or ask for another \
         total with `--memory-total` or in `[memory]`",
        Bytes(RESERVE_DEFAULT),
        Bytes(fitting.total),
    ));
    Ok((said.with_total(fitting.total), Some(RESERVE_DEFAULT)))
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

/// The crate that calls [`crate::main`], by the path of what it gives it.
static CALLER: OnceLock<&'static str> = OnceLock::new();

/// Notes who calls, for hosts that do not tell a program where it is.
pub(super) fn note_caller<B>(_build: &B) {
    // The first call stands.
    let _ = CALLER.set(type_name::<B>());
}

/// The name of this program, without what cargo appends to test programs.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else {
        let caller = CALLER.get().copied().unwrap_or_default();
        // Packages have hyphens where crates have not.
        return caller
            .split("::")
            .next()
            .unwrap_or_default()
            .replace('_', "-");
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = |text: &str| text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit());
    let name = match stem.rsplit_once('-') {
        Some((name, tail)) if hash(tail) => name,
        _ => &stem,
    };
    name.to_owned()
}
