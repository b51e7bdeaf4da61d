//! A program that opens windows.

use core::time::Duration;

use layerw_memory::counting::foreign;
use layerw_platform::input::Key;
use layerw_platform::signals::Stop;
use layerw_platform::window::{self, Command, State, Window, WindowError, WindowOptions};
use layerw_trace::now_ns;

use super::super::output;
use super::super::prepare::Project;
use super::super::steps::{Driver, Steps};
use super::pace::{CATCH_UP, Pace};
use crate::draw::{Display, DrawError, Moment, PictureOptions};
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::report::WindowFigures;
use crate::runner::{HERTZ, Runner};

pub(crate) use layerw_platform::window::Desk;

/// Keys that are the window's, unless an action of the project is bound to them.
const KEYS: [(Key, Command); 5] = [
    (Key::Escape, Command::Leave),
    (Key::KeyP, Command::Pause),
    (Key::Pause, Command::Pause),
    (Key::Period, Command::Step),
    (Key::F11, Command::Fullscreen),
];

/// Pictures a second, where the display does not tell.
const HERTZ_SHOWN: f64 = 60.0;

/// Of the time between two pictures: who is back sooner was not held back by the display, and waits by itself.
const TOO_SOON: f64 = 0.6;

/// How long one waits for the news that the display is gone, where drawing fails.
const NEWS: Duration = Duration::from_millis(200);

/// How often a world that stands still is drawn again, if nothing happens.
const STILL: Duration = Duration::from_millis(100);

/// Devices that may be lost in one run, each with a new one after it.
const LOST_MOST: usize = 3;

/// The side of the window that stays on the first thread.
pub(crate) struct Host(window::Host);

/// Connects to the display. Call it on the thread that the program began with.
pub(crate) fn connect() -> Result<(Host, Desk)> {
    let _foreign = foreign();
    let (host, desk) = window::connect().map_err(DrawError::from)?;
    Ok((Host(host), desk))
}

/// Whether the first thread never comes back from its display, so that the engine's has to end the program.
pub(crate) fn is_stranded() -> bool {
    window::is_stranded()
}

impl From<WindowError> for DrawError {
    fn from(error: WindowError) -> DrawError {
        DrawError::Window(error.to_string())
    }
}

impl Host {
    /// Serves the window until nobody wants one any more.
    pub(crate) fn serve(self) {
        let _foreign = foreign();
        self.0.serve();
    }
}

/// The driver with a window.
pub(crate) struct Player {
    desk: Desk,
    open: Option<Open>,
    times: FrameTimes,
    frames: u64,
    dropped: u64,
}

struct Open {
    window: Window,
    display: Display,
    options: PictureOptions,
    /// Devices lost so far.
    lost: usize,
}

/// What is looked at once a frame.
struct Seen {
    pauses: u32,
    steps: u32,
    size: [u32; 2],
    can_be_seen: bool,
    lost: Option<String>,
}

impl Seen {
    fn new(state: &mut State) -> Seen {
        Seen {
            pauses: state.take(Command::Pause),
            steps: state.take(Command::Step),
            size: state.size,
            can_be_seen: state.can_be_seen(),
            lost: state.lost.take(),
        }
    }
}

impl Player {
    pub(crate) fn new(desk: Desk) -> Player {
        Player {
            desk,
            open: None,
            times: FrameTimes::new(),
            frames: 0,
            dropped: 0,
        }
    }

    fn open(&mut self, project: &Project, runner: &mut Runner, stop: &Stop) -> Result<Open> {
        if !runner.has_look() {
            return Err(DrawError::NothingToPlay.into());
        }
        let view = &project.config.view;
        let options = view.picture;
        let _foreign = foreign();
        let own = |(key, _): &(Key, Command)| !runner.actions().binds(*key);
        let window = self.desk.open(WindowOptions {
            title: project.name.clone(),
            picture: [options.width, options.height],
            fullscreen: view.fullscreen,
            commands: KEYS.into_iter().filter(own).collect(),
            stop: stop.clone(),
        });
        let window = window.map_err(DrawError::from)?;
        Ok(Open {
            display: runner.display(window.clone(), &options)?,
            window,
            options,
            lost: 0,
        })
    }
}

impl Driver for Player {
    fn is_endless(&self) -> bool {
        true
    }

    fn stopped_by(&self) -> &'static str {
        "ended"
    }

    fn begin(&mut self, project: &Project, runner: &mut Runner, stop: &Stop) -> Result<()> {
        self.open = Some(self.open(project, runner, stop)?);
        Ok(())
    }

    fn drive(&mut self, steps: &mut Steps<'_, '_>, runner: &mut Runner) -> Result<Option<Error>> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        let rate = runner.rate().unwrap_or(HERTZ);
        let between = 1e9 / open.window.look(|state| state.hertz).unwrap_or(HERTZ_SHOWN);
        let mut begin = now_ns();
        let mut pace = Pace::new(rate, begin);
        let mut is_paused = false;
        let ended = loop {
            if !steps.has_more() {
                break None;
            }
            let seen = open.window.look(Seen::new);
            if let Some(why) = seen.lost {
                break Some(DrawError::Lost(why).into());
            }
            is_paused ^= seen.pauses % 2 == 1;
            let due = if is_paused {
                pace.hold(begin);
                u64::from(seen.steps).min(CATCH_UP)
            } else {
                pace.due(begin)
            };
            for done in 0..due {
                if !steps.has_more() {
                    break;
                }
                if done > 0 && !is_paused && !pace.has_time(begin, now_ns()) {
                    pace.drop(due - done);
                    break;
                }
                let sample = |state: &mut State| runner.sample(&mut state.devices);
                steps.play(open.window.look(sample));
                steps.step(runner)?;
            }
            if let Some(reload) = &mut steps.reload {
                reload.look(runner);
            }
            let behind = if steps.done() == 0 {
                0.0
            } else {
                pace.behind()
            };
            let moment = Moment {
                behind: (behind * runner.world().dt()) as f32,
                window: seen.size,
            };
            let shown = if seen.can_be_seen {
                match open.show(runner, &moment) {
                    Ok(shown) => shown,
                    Err(error) => break Some(error),
                }
            } else {
                false
            };
            let spent = now_ns().saturating_sub(begin) as f64;
            let left = Duration::from_nanos(pace.left());
            match (is_paused, shown) {
                (true, _) => open.window.wait(STILL),
                (false, true) if spent < TOO_SOON * between => {
                    open.window
                        .wait(Duration::from_nanos((between - spent) as u64));
                }
                (false, true) => {}
                (false, false) => open
                    .window
                    .wait(left.saturating_sub(Duration::from_nanos(spent as u64))),
            }
            let end = now_ns();
            if shown {
                self.times.record(end - begin);
                self.frames += 1;
            }
            begin = end;
        };
        self.dropped = pace.dropped();
        let times = self.times.milliseconds();
        if let (Some(half), Some(most)) = (times.p50, times.p99) {
            output::print_line(format_args!(
                "window: {} frames, half of them within {half:.2} ms and 99 of 100 within {most:.2} ms; {} steps left out",
                self.frames, self.dropped
            ))?;
        }
        Ok(ended)
    }

    fn figures(&self) -> Option<WindowFigures> {
        Some(WindowFigures {
            frames: self.frames,
            frame_ms: self.times.milliseconds(),
            steps_dropped: self.dropped,
        })
    }
}

impl Open {
    /// Shows a picture; on another device, where that before is lost.
    fn show(&mut self, runner: &Runner, moment: &Moment) -> Result<bool> {
        let error = match runner.show(&mut self.display, moment) {
            Ok(shown) => return Ok(shown),
            Err(error) => error,
        };
        self.lost += 1;
        self.window.wait(NEWS);
        if let Some(why) = self.window.look(|state| state.lost.take()) {
            return Err(DrawError::Lost(why).into());
        }
        if self.lost > LOST_MOST {
            return Err(error);
        }
        output::say(format_args!("{error}; goes on with another device"));
        self.display = runner.display(self.window.clone(), &self.options)?;
        Ok(false)
    }
}
