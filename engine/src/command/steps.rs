//! The loop of a run: one step with all that is looked at around it, and who decides when the next one is due.

use layerw_memory::counting::{self, Snapshot};
use layerw_platform::progress::Progress;
use layerw_platform::signals::Stop;
use layerw_platform::terminal::Stderr;
use layerw_trace::now_ns;

use super::capture::Capture;
use super::prepare::Project;
use super::reload::Reload;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
#[cfg(feature = "window")]
use crate::input::Input;
use crate::report::WindowFigures;
use crate::runner::Runner;

/// Steps that a run may warm up before its allocations count: buffers grow to their size in them.
const WARM_UP: u64 = 60;

/// Who decides when the next step is due, and does what is to be done between steps.
pub(super) trait Driver {
    /// Whether a run goes on until somebody ends it, where nobody says for how many steps.
    fn is_endless(&self) -> bool;

    /// What has ended a run that ends early, to complete "… after step N".
    fn stopped_by(&self) -> &'static str;

    /// Before there are files that are begun. `stop` ends the run.
    ///
    /// # Errors
    /// What the driver needs is missing.
    fn begin(&mut self, project: &Project, runner: &mut Runner, stop: &Stop) -> Result<()>;

    /// Does the steps. What goes wrong with the driver itself ends the run in order, with all its files: it is the answer.
    ///
    /// # Errors
    /// A step failed, or something around it.
    fn drive(&mut self, steps: &mut Steps<'_, '_>, runner: &mut Runner) -> Result<Option<Error>>;

    /// What the report says of it.
    fn figures(&self) -> Option<WindowFigures>;
}

/// Does steps as fast as they go, or at the pace of those who edit scripts meanwhile.
pub(super) struct Headless;

impl Driver for Headless {
    fn is_endless(&self) -> bool {
        false
    }

    fn stopped_by(&self) -> &'static str {
        "stopped by a signal"
    }

    fn begin(&mut self, _: &Project, _: &mut Runner, _: &Stop) -> Result<()> {
        Ok(())
    }

    fn drive(&mut self, steps: &mut Steps<'_, '_>, runner: &mut Runner) -> Result<Option<Error>> {
        while steps.has_more() {
            if steps.step(runner)? {
                steps.wait(runner);
            }
        }
        Ok(None)
    }

    fn figures(&self) -> Option<WindowFigures> {
        None
    }
}

/// The steps of a run. From step [`WARM_UP`] on nothing here allocates.
pub(super) struct Steps<'a, 's> {
    frames: u64,
    done: u64,
    start: u64,
    times: FrameTimes,
    counted: Option<Snapshot>,
    pub(super) stop: &'a Stop,
    pub(super) watch: &'a mut Watch,
    pub(super) progress: &'a mut Progress<Stderr>,
    pub(super) reload: Option<&'a mut Reload<'s>>,
    pub(super) capture: Option<&'a mut Capture>,
}

/// What the loop did.
pub(super) struct Looped {
    pub(super) frames: u64,
    pub(super) seconds: f64,
    pub(super) times: FrameTimes,
    pub(super) allocations_per_frame: Option<f64>,
    /// Those inside of libraries of others, which are not among the above.
    pub(super) foreign_per_frame: Option<f64>,
}

impl<'a, 's> Steps<'a, 's> {
    pub(super) fn new(
        frames: u64,
        stop: &'a Stop,
        watch: &'a mut Watch,
        progress: &'a mut Progress<Stderr>,
        reload: Option<&'a mut Reload<'s>>,
        capture: Option<&'a mut Capture>,
    ) -> Self {
        Steps {
            frames,
            done: 0,
            start: now_ns(),
            times: FrameTimes::new(),
            counted: None,
            stop,
            watch,
            progress,
            reload,
            capture,
        }
    }

    /// Whether there is another step to do.
    pub(super) fn has_more(&self) -> bool {
        self.done < self.frames && !self.stop.requested()
    }

    /// Steps done so far.
    #[cfg(feature = "window")]
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// What the player does in the next step, unless a file says it.
    #[cfg(feature = "window")]
    pub(super) fn play(&mut self, input: Input) {
        self.watch.play_live(input);
    }

    /// Does a step. False where it failed and is to be done once more, by scripts that have been mended.
    ///
    /// # Errors
    /// It failed for good, or what looks at it did.
    pub(super) fn step(&mut self, runner: &mut Runner) -> Result<bool> {
        if self.done == WARM_UP {
            self.watch.warm(runner);
            self.counted = Some(counting::snapshot());
        }
        let begin = now_ns();
        match (self.watch.run_step(runner), &mut self.reload) {
            (Ok(()), _) => {}
            (Err(error @ (Error::ScriptFault(_) | Error::System { .. })), Some(reload)) => {
                reload.mend(&error, runner)?;
                return Ok(false);
            }
            (Err(error), _) => return Err(error),
        }
        self.times.record(now_ns() - begin);
        self.done += 1;
        self.watch.step(runner, self.progress)?;
        if let Some(capture) = &mut self.capture {
            capture.look(runner)?;
        }
        if self.reload.is_none() && self.frames != u64::MAX {
            self.progress.show(self.done, self.seconds());
        }
        Ok(true)
    }

    /// Waits for the next step, where there is a pace.
    fn wait(&mut self, runner: &mut Runner) {
        if let Some(reload) = &mut self.reload {
            reload.wait(runner);
        }
    }

    fn seconds(&self) -> f64 {
        (now_ns() - self.start) as f64 / 1e9
    }

    /// Ends the loop.
    pub(super) fn finish(self) -> Looped {
        let spent = self.counted.map(|before| counting::snapshot() - before);
        let per_frame = |count: u64| count as f64 / (self.done - WARM_UP) as f64;
        let seconds = self.seconds();
        self.progress.finish(self.done, seconds);
        Looped {
            frames: self.done,
            seconds,
            times: self.times,
            allocations_per_frame: spent.map(|spent| per_frame(spent.allocations - spent.foreign)),
            foreign_per_frame: spent.map(|spent| per_frame(spent.foreign)),
        }
    }
}
