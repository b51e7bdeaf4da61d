//! What is looked at between steps: hashes to print, to record, to compare with a recording.
//!
//! Nothing here allocates once the world has stopped growing, except for a recording with detail, which lists every row of the world.

use layerw_ecs::{Hasher, StateHash, World};
use layerw_frame_graph::NodeId;
use layerw_jobs::Jobs;
use layerw_platform::files::{DiskDraft, FileError};
use layerw_platform::progress::Progress;
use layerw_platform::terminal::Stderr;
use layerw_trace::{Label, label, zone};

use super::output;
use super::replay::Replay;
use crate::error::Result;
use crate::input::{Input, Timeline};
use crate::record::{Header, Part, RowHash, Writer};
use crate::runner::Runner;

/// Looks at the state between steps.
pub(super) struct Watch {
    hasher: Hasher,
    /// Name and hash of each part of the state, as last hashed; keeps its memory.
    parts: Vec<Part>,
    /// Print every so many steps.
    every: Option<u64>,
    recorder: Option<Recorder>,
    replay: Option<Replay>,
    /// What the player does, unless the recording says it.
    timeline: Option<Timeline>,
    /// What the player does, where neither says it.
    live: Option<Input>,
    labels: Labels,
}

struct Recorder {
    writer: Writer<DiskDraft>,
    every: u64,
    detail: bool,
    /// The last step written.
    last: Option<u64>,
}

#[derive(Clone, Copy)]
struct Labels {
    hash: Label,
    record: Label,
}

impl Watch {
    /// Prints hashes every so many steps, and compares with `replay`. The player does what that says, or `timeline`.
    pub(super) fn new(
        every: Option<u64>,
        replay: Option<Replay>,
        timeline: Option<Timeline>,
    ) -> Watch {
        Watch {
            hasher: Hasher::default(),
            parts: Vec::new(),
            every,
            recorder: None,
            replay,
            timeline,
            live: None,
            labels: Labels {
                hash: label("state hash"),
                record: label("record"),
            },
        }
    }

    /// Records to `draft`, too.
    ///
    /// # Errors
    /// The host cannot write.
    pub(super) fn record(&mut self, draft: DiskDraft, header: &Header) -> Result<(), FileError> {
        self.recorder = Some(Recorder {
            writer: Writer::new(draft, header)?,
            every: header.every,
            detail: header.detail,
            last: None,
        });
        Ok(())
    }

    /// Does the next step: system by system, if that is to be recorded.
    ///
    /// # Errors
    /// A system failed, or the host cannot write.
    pub(super) fn run_step(&mut self, runner: &mut Runner) -> Result<()> {
        self.play(runner)?;
        let next = runner.world().step() + 1;
        let recorder = self.recorder.as_mut();
        let detailed =
            |recorder: &&mut Recorder| recorder.detail && next.is_multiple_of(recorder.every);
        let Some(recorder) = recorder.filter(detailed) else {
            return runner.step();
        };
        let jobs = runner.jobs().clone();
        let (hasher, parts) = (&mut self.hasher, &mut self.parts);
        let mut written = Ok(());
        runner.step_watched(&mut |node, world| {
            if written.is_ok() {
                hash(hasher, parts, world, &jobs);
                written = recorder.system(node, parts);
            }
        })?;
        Ok(written?)
    }

    /// What the player does in the next step, unless a recording or a timeline says it.
    #[cfg(feature = "window")]
    pub(super) fn play_live(&mut self, input: Input) {
        self.live = Some(input);
    }

    /// Sets and records what the player does in the next step.
    fn play(&mut self, runner: &mut Runner) -> Result<(), FileError> {
        let (step, before) = (runner.world().step(), runner.input());
        let input = match (&mut self.timeline, &self.replay) {
            (Some(timeline), _) => Some(timeline.at(step, &before)),
            (None, Some(replay)) => replay.input(step),
            (None, None) => self.live.take(),
        };
        let Some(input) = input.filter(|input| *input != before) else {
            return Ok(());
        };
        runner.set_input(input);
        match &mut self.recorder {
            Some(recorder) => recorder.writer.input(step, &input),
            None => Ok(()),
        }
    }

    /// The state before the first step.
    ///
    /// # Errors
    /// As [`Watch::step`].
    pub(super) fn start(&mut self, runner: &Runner) -> Result<()> {
        if self.recorder.is_some() || self.replay.is_some() {
            self.look(runner, false, true)?;
        }
        Ok(())
    }

    /// Ends the warm-up: the first hash may be asked for and printed long after it, so all buffers
    /// get their size here.
    pub(super) fn warm(&mut self, runner: &Runner) {
        if self.every.is_some() {
            hash(
                &mut self.hasher,
                &mut self.parts,
                runner.world(),
                runner.jobs(),
            );
            output::prepare();
        }
    }

    /// The state after a step.
    ///
    /// # Errors
    /// The host cannot write, or the step is not the recorded one.
    pub(super) fn step(&mut self, runner: &Runner, progress: &mut Progress<Stderr>) -> Result<()> {
        let step = runner.world().step();
        let print = self.every.is_some_and(|every| step.is_multiple_of(every));
        let record = self.recorder.as_ref();
        let record = record.is_some_and(|recorder| step.is_multiple_of(recorder.every));
        let compare = self
            .replay
            .as_ref()
            .is_some_and(|replay| replay.wants(step));
        if print || record || compare {
            if print {
                // Ends the bar's line: both may go to one terminal.
                progress.terminal();
            }
            self.look(runner, print, record)?;
        }
        Ok(())
    }

    /// Records the last state, if it is not one of every so many, and closes the recording. Returns how many states were compared.
    ///
    /// # Errors
    /// As [`Watch::step`].
    pub(super) fn finish(mut self, runner: &Runner) -> Result<Option<u64>> {
        let step = runner.world().step();
        let recorder = self.recorder.as_ref();
        if recorder.is_some_and(|recorder| recorder.last != Some(step)) {
            self.look(runner, false, true)?;
        }
        if let Some(recorder) = self.recorder {
            recorder.writer.finish()?;
        }
        Ok(self.replay.map(|replay| replay.compared()))
    }

    fn look(&mut self, runner: &Runner, print: bool, record: bool) -> Result<()> {
        let world = runner.world();
        let step = world.step();
        let hash = {
            let _zone = zone(self.labels.hash);
            hash(&mut self.hasher, &mut self.parts, world, runner.jobs())
        };
        if print {
            output::print_line(format_args!("step {step} hash {hash}"))?;
        }
        if let Some(recorder) = self.recorder.as_mut().filter(|_| record) {
            let _zone = zone(self.labels.record);
            if recorder.detail {
                recorder.rows(world)?;
            }
            let parts = self.parts.iter().map(|(name, hash)| (&**name, *hash));
            recorder.writer.step(step, hash.0, parts)?;
            recorder.last = Some(step);
        }
        if let Some(replay) = self.replay.as_mut().filter(|replay| replay.wants(step)) {
            replay.compare(step, hash, &self.parts)?;
        }
        Ok(())
    }
}

impl Recorder {
    /// What a system made of the state: all of it, not only what it declares to write, so that the guilty one is named even if it reached too far.
    fn system(&mut self, node: NodeId, parts: &[Part]) -> Result<(), FileError> {
        let parts = parts.iter().map(|(name, hash)| (&**name, *hash));
        self.writer.system(node.index() as u32, parts)
    }

    /// All rows of all hashed components.
    fn rows(&mut self, world: &World) -> Result<(), FileError> {
        for id in world.component_ids() {
            let schema = world.schema(id);
            if !schema.hashed {
                continue;
            }
            let rows = world.hash_rows(id);
            let row = |(entity, hash): &(layerw_ecs::Entity, u128)| RowHash {
                entity: entity.to_bits(),
                hash: *hash as u64,
            };
            self.writer.rows(&schema.name, rows.iter().map(row))?;
        }
        Ok(())
    }
}

/// The state hash, with its parts.
fn hash(hasher: &mut Hasher, parts: &mut Vec<Part>, world: &World, jobs: &Jobs) -> StateHash {
    let mut count = 0;
    let hash = hasher.hash_parts(world, jobs, &mut |name, digest| {
        match parts.get_mut(count) {
            Some(part) if &*part.0 == name => part.1 = digest,
            _ => {
                // A part came or went: the ones behind it are other parts now.
                parts.truncate(count);
                parts.push((name.into(), digest));
            }
        }
        count += 1;
    });
    parts.truncate(count);
    hash
}
