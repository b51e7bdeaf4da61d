//! `--replay`: a recorded run, repeated and compared.

use std::path::{Path, PathBuf};

use layerw_ecs::StateHash;
use layerw_platform::files::{Disk, Files};

use super::usage::UsageError;
use crate::error::Result;
use crate::identity::Identity;
use crate::input::Input;
use crate::record::{self, Header, Part, Reader, StepRecord};

/// Why a run is not the recorded one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A step came out differently.
    #[error(
        "step {step} is not the one in `{}`: {}, hash {found} instead of {recorded}{}; record both runs with --record-detail and compare them with `diff`",
        file.display(), differing(component.as_deref()), since(*step, *before)
    )]
    Differs {
        /// The recording.
        file: PathBuf,
        /// The first step that differs.
        step: u64,
        /// The recorded step before it, which is equal.
        before: Option<u64>,
        /// The first component that differs, by name; None where all are equal.
        component: Option<String>,
        /// The hash now.
        found: StateHash,
        /// The hash then.
        recorded: StateHash,
    },
    /// The recording begins at another step.
    #[error("`{}` begins at step {recorded}, and this run at step {here}; {}", file.display(), start(*recorded))]
    Start {
        /// The recording.
        file: PathBuf,
        /// Its first step.
        recorded: u64,
        /// The step that this run begins with.
        here: u64,
    },
    /// The recording is another project's.
    #[error("`{}` is a recording of project `{found}`, and this is `{here}`; replay it with its own project", file.display())]
    Project {
        /// The recording.
        file: PathBuf,
        /// The project in it.
        found: String,
        /// This one.
        here: String,
    },
}

/// A recording that a run is compared with, step by step.
pub(super) struct Replay {
    reader: Reader<<Disk as Files>::Source>,
    next: Option<StepRecord>,
    /// The last recorded step.
    last: u64,
    before: Option<u64>,
    compared: u64,
}

impl Replay {
    /// Opens a recording of `project`. The whole file is read once, so that damage is found before anything runs.
    ///
    /// # Errors
    /// The file cannot be read, is something else, cut, damaged, or of another project.
    pub(super) fn open(path: &Path, project: &str) -> Result<Replay> {
        let mut scan = Reader::open(&Disk, path)?;
        let found = &scan.header().identity.project;
        if found != project {
            let error = ReplayError::Project {
                file: path.to_owned(),
                found: found.clone(),
                here: project.to_owned(),
            };
            return Err(error.into());
        }
        let mut last = scan.header().first_step;
        while let Some(step) = scan.next_step()? {
            last = step.step;
        }
        let mut reader = Reader::open(&Disk, path)?;
        Ok(Replay {
            next: reader.next_step()?,
            reader,
            last,
            before: None,
            compared: 0,
        })
    }

    pub(super) fn header(&self) -> &Header {
        self.reader.header()
    }

    pub(super) fn path(&self) -> &Path {
        self.reader.path()
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.header().identity
    }

    /// States compared so far.
    pub(super) fn compared(&self) -> u64 {
        self.compared
    }

    /// How many steps to do, where `asked` of them are asked for and the run begins at step `here`.
    ///
    /// # Errors
    /// The run begins elsewhere, or more steps are asked for than were recorded.
    pub(super) fn frames(&self, here: u64, asked: Option<u64>) -> Result<u64> {
        let first = self.header().first_step;
        if first != here {
            let error = ReplayError::Start {
                file: self.path().to_owned(),
                recorded: first,
                here,
            };
            return Err(error.into());
        }
        let recorded = self.last - first;
        match asked {
            Some(frames) if frames > recorded => {
                let error = UsageError::Contradiction {
                    option: "--frames",
                    value: frames.to_string(),
                    file: self.path().to_owned(),
                    stored: format!("{recorded} steps"),
                };
                Err(error.into())
            }
            _ => Ok(asked.unwrap_or(recorded)),
        }
    }

    /// What the player did from the step on that begins when `step` are done, if it was anything else than before.
    pub(super) fn input(&self, step: u64) -> Option<Input> {
        let mut inputs = self.next.as_ref()?.inputs.iter();
        inputs
            .find(|(from, _)| *from == step)
            .map(|(_, input)| *input)
    }

    /// Whether `step` is one to compare.
    pub(super) fn wants(&self, step: u64) -> bool {
        self.next.as_ref().is_some_and(|next| next.step == step)
    }

    /// Compares a step that [`Replay::wants`].
    ///
    /// # Errors
    /// [`ReplayError::Differs`]; or the file was changed since it was opened.
    pub(super) fn compare(
        &mut self,
        step: u64,
        found: StateHash,
        components: &[Part],
    ) -> Result<()> {
        let Some(recorded) = self.next.take() else {
            return Ok(());
        };
        if recorded.hash != found.0 {
            let component = record::first_component(&recorded.components, components);
            let error = ReplayError::Differs {
                file: self.path().to_owned(),
                step,
                before: self.before,
                component: component.map(|name| name.as_ref().to_owned()),
                found,
                recorded: StateHash(recorded.hash),
            };
            return Err(error.into());
        }
        self.before = Some(step);
        self.compared += 1;
        self.next = self.reader.next_step()?;
        Ok(())
    }
}

fn differing(component: Option<&str>) -> String {
    match component {
        Some(name) => format!("component `{name}` differs"),
        None => "no single component differs".to_owned(),
    }
}

fn since(step: u64, before: Option<u64>) -> String {
    match before {
        Some(before) if before + 1 < step => {
            format!(" (step {before} was equal, and nothing is recorded between)")
        }
        _ => String::new(),
    }
}

fn start(recorded: u64) -> &'static str {
    match recorded {
        0 => "leave --restore out",
        _ => "give the snapshot that it went on from with --restore",
    }
}
