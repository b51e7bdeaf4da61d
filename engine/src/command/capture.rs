//! `--capture`: pictures of a run.

use std::path::{Path, PathBuf};

use super::options::RunOptions;
use super::outputs::Output;
use super::usage::UsageError;
use crate::draw::{DrawError, PictureOptions};
use crate::error::Result;
use crate::runner::Runner;

/// When pictures are taken, and where they go.
pub(super) struct Capture {
    options: PictureOptions,
    when: When,
}

enum When {
    /// After this step, into this file, until it is done.
    Once(u64, Option<Output>),
    /// After each multiple of this number, into files of this kind.
    Every(u64, PathBuf),
}

impl Capture {
    /// Begins the file and opens a device, so that what is missing costs no hour of simulation; takes the picture, if it is of the state before the first step.
    ///
    /// # Errors
    /// The run does not come by the step, the project does not say what it looks like, nothing here draws, or the file cannot be.
    pub(super) fn begin(
        options: &RunOptions,
        picture: &PictureOptions,
        frames: u64,
        runner: &mut Runner,
    ) -> Result<Option<Capture>> {
        let Some(path) = &options.capture else {
            return Ok(None);
        };
        let first = runner.world().step();
        let last = first.saturating_add(frames);
        let at = options.at.unwrap_or(last);
        if !(first..=last).contains(&at) {
            return Err(UsageError::Value {
                option: "--at".to_owned(),
                value: at.to_string(),
                allowed: format!("a step of this run, from {first} to {last}"),
            }
            .into());
        }
        if !runner.has_look() {
            return Err(DrawError::NoLook.into());
        }
        runner.prepare_pictures(picture)?;
        let when = match options.capture_every {
            Some(every) => When::Every(every, path.clone()),
            None => When::Once(at, Output::begin(Some(path))?),
        };
        let mut capture = Capture {
            options: *picture,
            when,
        };
        capture.look(runner)?;
        Ok(Some(capture))
    }

    /// Takes a picture of the state after a step, if its time has come.
    ///
    /// # Errors
    /// The device is lost, or the file cannot be written.
    pub(super) fn look(&mut self, runner: &mut Runner) -> Result<()> {
        let step = runner.world().step();
        let output = match &mut self.when {
            When::Once(at, output) if *at == step => output.take(),
            When::Every(every, path) if step.is_multiple_of(*every) => {
                Output::begin(Some(&numbered(path, step)))?
            }
            When::Once(..) | When::Every(..) => None,
        };
        let Some(output) = output else {
            return Ok(());
        };
        let file = runner.png(&self.options)?;
        Ok(output.write(&file)?)
    }
}

/// `film/flock.png` of step 40 is `film/flock-000040.png`, so that names sort as steps do.
fn numbered(path: &Path, step: u64) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(kind) => format!("{stem}-{step:06}.{}", kind.to_string_lossy()),
        None => format!("{stem}-{step:06}"),
    };
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_a_film_sort_as_their_steps() {
        let name = |path: &str, step| numbered(Path::new(path), step);
        assert_eq!(name("a/b.c.png", 40), Path::new("a/b.c-000040.png"));
        assert_eq!(name("film", 1_234_567), Path::new("film-1234567"));
    }
}
