//! `run --watch`: a run at the pace of a clock whose scripts are edited meanwhile.

use core::time::Duration;
use std::path::PathBuf;

use layerw_platform::files::{Disk, Watched};
use layerw_platform::signals::Stop;
use layerw_platform::threads::sleep;
use layerw_trace::now_ns;

use super::output;
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::runner::{HERTZ, Runner};
use crate::settings::Settings;

/// Looks at the scripts between steps, and waits for the time of the next step.
pub(super) struct Reload<'s> {
    settings: Settings,
    stop: &'s Stop,
    watched: Watched,
    /// What layerw.toml says.
    config: Config,
    /// Between two steps, in nanoseconds.
    pace: u64,
    /// When the next step is due, and when the scripts are to be looked at, on the clock of [`now_ns`].
    due: u64,
    look_at: u64,
}

impl<'s> Reload<'s> {
    pub(super) fn new(
        settings: &Settings,
        config: Config,
        stop: &'s Stop,
        runner: &Runner,
    ) -> Self {
        let paths = watched(settings);
        let names: Vec<_> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let watched = Watched::new(paths);
        output::say(format_args!(
            "watches {}; Ctrl-C ends the run",
            names.join(", ")
        ));
        let now = now_ns();
        Reload {
            settings: settings.clone(),
            stop,
            watched,
            config,
            pace: (1e9 / runner.rate().unwrap_or(HERTZ)) as u64,
            due: now,
            look_at: now,
        }
    }

    /// Waits until the next step is due or somebody stops the run.
    pub(super) fn wait(&mut self, runner: &mut Runner) {
        // Who is late does not hurry for more than a few steps.
        self.due = (self.due + self.pace).max(now_ns().saturating_sub(4 * self.pace));
        loop {
            let now = now_ns();
            self.look(runner);
            let next = self.due.min(self.look_at);
            if now >= self.due || self.stop.requested() {
                return;
            }
            sleep(Duration::from_nanos(next.saturating_sub(now)));
        }
    }

    /// Takes up the scripts if they have changed; looks no oftener than needs be.
    pub(super) fn look(&mut self, runner: &mut Runner) {
        let now = now_ns();
        if now >= self.look_at {
            self.look_at = now + Watched::PAUSE.as_nanos() as u64;
            if self.watched.changed() {
                self.reload(runner);
            }
        }
    }

    /// After a step that failed: goes back to where it began, and waits for scripts that can be taken up, or for the end of the run.
    ///
    /// # Errors
    /// There is no way back.
    pub(super) fn mend(&mut self, error: &Error, runner: &mut Runner) -> Result<()> {
        output::say(format_args!("{error}"));
        runner.rewind(0)?;
        output::say(format_args!(
            "went back to step {} and waits for a change of the scripts",
            runner.world().step()
        ));
        while self.watched.wait(|| self.stop.requested()) && !self.reload(runner) {}
        self.due = now_ns();
        Ok(())
    }

    /// Whether the scripts are those of the files now.
    fn reload(&mut self, runner: &mut Runner) -> bool {
        let begin = now_ns();
        let step = runner.world().step();
        if let Err(refused) = self.read_config() {
            output::say(format_args!("{refused}\nthe scripts from before go on"));
            return false;
        }
        match runner.reload_scripts(&self.settings) {
            Ok(()) => {
                let ms = (now_ns() - begin) as f64 / 1e6;
                output::say(format_args!(
                    "took up the scripts after step {step}, in {ms:.1} ms"
                ));
                true
            }
            Err(refused) => {
                output::say(format_args!("{refused}\nthe scripts from before go on"));
                false
            }
        }
    }

    /// Takes up what layerw.toml says of scripts, and says what of it waits for the next run.
    ///
    /// # Errors
    /// The file is wrong; what it said before holds.
    fn read_config(&mut self) -> Result<()> {
        let config = Config::load(&Disk, self.settings.project())?;
        if config == self.config {
            return Ok(());
        }
        let waits = waiting(&self.config, &config);
        if !waits.is_empty() {
            output::say(format_args!(
                "what {} says in {} counts from the next run on",
                config::FILE,
                waits.join(", ")
            ));
        }
        if config.scripts != self.config.scripts {
            self.settings = self.settings.clone().with_scripts(config.scripts.clone());
            self.watched = Watched::new(watched(&self.settings));
        }
        self.config = config;
        Ok(())
    }
}

/// The scripts, and the file that names them.
fn watched(settings: &Settings) -> Vec<PathBuf> {
    let mut paths = settings.script_paths();
    paths.push(settings.project().join(config::FILE));
    paths
}

/// The sections that say something else and are not taken up while a run goes on.
fn waiting(before: &Config, now: &Config) -> Vec<&'static str> {
    let sections = [
        ("[project]", before.name != now.name),
        ("[settings]", texts(before) != texts(now)),
        ("[memory]", before.memory != now.memory),
        ("[systems]", before.systems != now.systems),
        ("[input]", before.input != now.input),
        ("[view]", before.view != now.view),
        ("[run]", before.run != now.run),
    ];
    let changed = sections.iter().filter(|(_, differs)| *differs);
    changed.map(|(name, _)| *name).collect()
}

/// The values of `[settings]`, wherever in the file they stand.
fn texts(config: &Config) -> Vec<(&str, &str)> {
    let settings = config.settings.iter();
    settings
        .map(|one| (one.name.as_str(), one.text.as_str()))
        .collect()
}
