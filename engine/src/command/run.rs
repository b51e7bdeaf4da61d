//! `run` and `play`: from options to a run, and what it leaves behind. Who decides when a step is done is the driver's part.

use std::path::Path;
use std::process::ExitCode;

use layerw_memory::Protection;
use layerw_platform::clock::{Clock, SystemClock};
use layerw_platform::files::Disk;
use layerw_platform::progress::Progress;
use layerw_platform::signals::{self, Stop};
use layerw_platform::terminal::Stderr;

use super::capture::Capture;
use super::options::{BuildOptions, Gpu, Protect, RunOptions};
use super::output;
use super::outputs::{Output, Tracing};
use super::prepare::{self, Prepared, Project, Stored};
use super::reload::Reload;
use super::replay::{Replay, ReplayError};
use super::steps::{Driver, Looped, Steps};
use super::usage::UsageError;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::gpu::{GpuChoice, GpuFigures};
use crate::input::Timeline;
use crate::record::{self, Header};
use crate::report::{
    self, ArenaFigures, Report, RewindFigures, SystemFigures, WindowFigures, WorkerFigures,
};
use crate::runner::{Runner, RunnerOptions};
use crate::scripts::Breakpoints;
use crate::settings::Settings;
use crate::sim::Sim;
use crate::snapshot::{self, Snapshot};

/// Runs a project.
pub(super) fn run(
    options: &RunOptions,
    build: impl FnOnce(&Settings) -> Result<Sim>,
    driver: &mut dyn Driver,
) -> Result<ExitCode> {
    let mut project = Project::open(&options.build)?;
    let stop = Stop::new();
    if let Some(first) = options.breakpoints.first() {
        if options.build.threads.is_some_and(|threads| threads != 1) {
            return Err(UsageError::Exclude {
                option: "--threads".to_owned(),
                other: format!("--break {first}"),
            }
            .into());
        }
        project.breakpoints = Some(Breakpoints {
            places: options.breakpoints.clone(),
            stop: stop.clone(),
        });
    }
    let mut stage = Stage::set(&project, options, build, driver.is_endless())?;
    driver.begin(&project, &mut stage.runner, &stop)?;
    // Before there are drafts that a signal could orphan.
    signals::watch_for(&stop)?;
    let mut capture = Capture::begin(
        options,
        &project.config.view.picture,
        stage.frames,
        &mut stage.runner,
    )?;
    let files = Files::begin(options)?;

    let timeline = |path: &std::path::PathBuf| Timeline::read(&Disk, path, stage.runner.actions());
    let timeline = options.input.as_ref().map(timeline).transpose()?;
    let mut watch = Watch::new(options.hash_every, stage.replay.take(), timeline);
    if let Some(output) = files.recording {
        watch.record(output.into_draft(), &stage.header(options))?;
    }
    let mut progress = Progress::new(Stderr::new(), stage.frames);
    // From here on until it is stopped: what happens before is not the simulation.
    let tracing = files.trace.map(Tracing::start).transpose()?;
    watch.start(&stage.runner)?;
    let mut reload = options.watch.then(|| {
        Reload::new(
            &stage.settings,
            project.config.clone(),
            &stop,
            &stage.runner,
        )
    });
    let mut steps = Steps::new(
        stage.frames,
        &stop,
        &mut watch,
        &mut progress,
        reload.as_mut(),
        capture.as_mut(),
    );
    let (looped, ended) = match driver.drive(&mut steps, &mut stage.runner) {
        Ok(ended) => (steps.finish(), ended),
        Err(error) => {
            drop(progress);
            if options.rewind.is_some() {
                stage.save_last_good(&error, files.snapshot);
            }
            return Err(error);
        }
    };
    let compared = watch.finish(&stage.runner)?;
    let dropped = tracing.map(Tracing::finish).transpose()?;
    drop(progress);

    if looped.frames < stage.frames && stage.frames != u64::MAX {
        let left = stage.frames - looped.frames;
        let step = stage.runner.world().step();
        output::say(format_args!(
            "{} after step {step}, {left} of {} steps not done",
            driver.stopped_by(),
            stage.frames
        ));
    }
    if let Some(events @ 1..) = dropped {
        output::say(format_args!(
            "the trace lacks {events} events that did not fit into its buffers; trace fewer frames"
        ));
    }
    if let Some(note) = stage.runner.gpu_note() {
        output::say(format_args!("{note}"));
    }
    if let (Some(compared), Some(file)) = (compared, &options.replay) {
        output::print_line(format_args!(
            "replayed `{}`: {compared} states are equal",
            file.display()
        ))?;
    }
    if let Some(output) = files.snapshot {
        snapshot::write(output.into_draft(), &stage.identity, stage.runner.world())?;
    }
    let code = stage.conclude(&looped, files.report, driver.figures())?;
    ended.map_or(Ok(code), Err)
}

/// A run that is ready for its first step.
struct Stage {
    runner: Runner,
    settings: Settings,
    identity: crate::identity::Identity,
    frames: u64,
    replay: Option<Replay>,
    /// Whether past steps are kept.
    rewind: bool,
    /// See [`Project::reduced_from`].
    reduced_from: Option<u64>,
}

impl Stage {
    fn set(
        project: &Project,
        options: &RunOptions,
        build: impl FnOnce(&Settings) -> Result<Sim>,
        is_endless: bool,
    ) -> Result<Stage> {
        let open = |path: &Path| Snapshot::read(&Disk, path, &project.name);
        let snapshot = options.restore.as_deref().map(open).transpose()?;
        let open = |path: &Path| Replay::open(path, &project.name);
        let replay = options.replay.as_deref().map(open).transpose()?;
        let stored = match (&replay, &snapshot, &options.restore) {
            (Some(replay), ..) => Some(Stored {
                file: replay.path(),
                identity: replay.identity(),
            }),
            (None, Some(snapshot), Some(file)) => Some(Stored {
                file,
                identity: &snapshot.header.identity,
            }),
            _ => None,
        };
        let threads = match &project.breakpoints {
            // The others would go on while a person looks.
            Some(_) => Some(1),
            None => options.build.threads,
        };
        let workers = BuildOptions {
            threads,
            ..options.build.clone()
        };
        let jobs = project.workers(&workers, options.pin)?;
        let shuffle = options.shuffle;
        let Prepared {
            mut runner,
            settings,
            identity,
            frames,
        } = project.prepare(
            build,
            &options.build,
            &jobs,
            RunnerOptions {
                shuffle,
                protection: options.protect.map_or(Protection::Off, Protection::from),
                gpu: options.gpu.into(),
                ..RunnerOptions::default()
            },
            stored,
        )?;
        if let Some(snapshot) = snapshot {
            snapshot.restore(runner.world_mut())?;
            runner.restored();
            prepare::mark(runner.world_mut(), &settings);
        }
        // A watched run goes back to the beginning of a step in which a script fails.
        let watched = options.watch.then_some(1);
        if let Some(steps) = options.rewind.or(watched) {
            runner.keep(steps)?;
        }
        let frames = match &replay {
            Some(replay) => replay.frames(runner.world().step(), options.frames)?,
            None if options.watch || is_endless => options.frames.unwrap_or(u64::MAX),
            None => options.frames.unwrap_or(frames),
        };
        Ok(Stage {
            runner,
            settings,
            identity,
            frames,
            replay,
            rewind: options.rewind.is_some(),
            reduced_from: project.reduced_from,
        })
    }

    /// What a recording of this run says before its first step.
    fn header(&self, options: &RunOptions) -> Header {
        Header {
            identity: self.identity.clone(),
            first_step: self.runner.world().step(),
            every: options.hash_every.unwrap_or(1),
            detail: options.record_detail,
            components: record::components(self.runner.world()),
            systems: record::systems(self.runner.plan()),
        }
    }

    /// After an error of the loop: goes back to the last step without it, and writes that as the snapshot that was asked for. Says what came of it; the
    /// error itself is the caller's to report.
    fn save_last_good(&mut self, error: &Error, snapshot: Option<Output>) {
        let step = match error {
            Error::System { step, .. } => *step,
            Error::Replay(differs) => match **differs {
                ReplayError::Differs {
                    before: Some(before),
                    ..
                } => before,
                _ => return,
            },
            _ => return,
        };
        let Some(output) = snapshot else { return };
        let path = output.path().to_owned();
        let written = self.runner.rewind_to(step).and_then(|()| {
            snapshot::write(output.into_draft(), &self.identity, self.runner.world())
        });
        match written {
            Ok(()) => output::say(format_args!(
                "went back to step {step}, the last good one, and wrote it to `{}`",
                path.display()
            )),
            Err(refusal) => output::say(format_args!("no snapshot of step {step}: {refusal}")),
        }
    }

    /// Lets the project speak, writes the report, and prints the hash last.
    fn conclude(
        mut self,
        looped: &Looped,
        report: Option<Output>,
        window: Option<WindowFigures>,
    ) -> Result<ExitCode> {
        let hash = self.runner.hash();
        let figures = Report {
            window,
            ..self.figures(looped, hash.to_string())
        };
        let (keys, lines) = self.runner.finish(looped.frames).into_parts();
        if let Some(output) = report {
            output.write(&figures.to_json(keys)?)?;
        }
        output::print(&lines)?;
        output::print_line(format_args!("hash {hash}"))?;
        output::flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn figures(&mut self, looped: &Looped, hash: String) -> Report {
        let workers = self.runner.jobs_done().into_iter();
        let arena = self.runner.arena();
        let systems = self.runner.costs().map(|cost| SystemFigures {
            name: cost.name.to_owned(),
            calls: cost.calls,
            ms: cost.ns as f64 / 1e6,
            scratch_peak: cost.scratch.peak,
            scratch_budget: cost.scratch.budget.map(|budget| budget.bytes),
            scratch_over: cost.scratch.over,
        });
        let kept = self.runner.world().kept();
        let missing = looped.allocations_per_frame.is_none();
        Report {
            project: self.identity.project.clone(),
            engine: env!("CARGO_PKG_VERSION"),
            date: SystemClock.date().to_string(),
            host: layerw_platform::host(),
            threads: self.runner.jobs().threads(),
            frames: looped.frames,
            stopped: looped.frames < self.frames,
            step: self.runner.world().step(),
            hash,
            seed: self.identity.seed,
            dt: self.identity.dt,
            settings: self.settings.values(),
            wall_seconds: looped.seconds,
            frame_ms: looped.times.milliseconds(),
            allocations_per_frame: looped.allocations_per_frame,
            allocations_per_frame_missing: missing
                .then_some("fewer than 61 frames, of which the first 60 do not count"),
            rewind: self.rewind.then_some(RewindFigures {
                steps: kept.steps,
                oldest: kept.oldest,
                bytes: kept.bytes,
                peak: kept.peak,
                budget: kept.budget,
                dropped: kept.dropped,
            }),
            memory: ArenaFigures::of(arena, self.reduced_from),
            pools: report::pools(arena),
            regions: report::regions(arena),
            systems: systems.collect(),
            workers: workers.map(|runs| WorkerFigures { runs }).collect(),
            scripts: self.runner.script_figures(),
            window: None,
            gpu: self.runner.gpu_figures().map(|figures| GpuFigures {
                allocations_foreign_per_frame: looped.foreign_per_frame,
                ..figures
            }),
        }
    }
}

/// The files that the run will write.
struct Files {
    snapshot: Option<Output>,
    report: Option<Output>,
    recording: Option<Output>,
    trace: Option<Output>,
}

impl Files {
    fn begin(options: &RunOptions) -> Result<Files> {
        let begin = |path: &Option<std::path::PathBuf>| Output::begin(path.as_deref());
        Ok(Files {
            snapshot: begin(&options.snapshot)?,
            report: begin(&options.report)?,
            recording: begin(&options.record)?,
            trace: begin(&options.trace)?,
        })
    }
}

impl From<Gpu> for GpuChoice {
    fn from(asked: Gpu) -> GpuChoice {
        match asked {
            Gpu::Auto => GpuChoice::Auto,
            Gpu::Off => GpuChoice::Off,
            Gpu::Require => GpuChoice::Require,
        }
    }
}

impl From<Protect> for Protection {
    fn from(asked: Protect) -> Protection {
        match asked {
            Protect::Pages => Protection::Pages,
            Protect::Checksums => Protection::Checksums,
        }
    }
}
