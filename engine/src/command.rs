//! The command line of a project's program: `run`, `play`, `graph`, `diff`, `doctor` and `script`.
//!
//! The process's first thread reads the options and waits, or has the window; everything else happens on one engine thread, which is worker 0.
//!
//! Exit status: 0 done, also when Ctrl-C or SIGTERM ended the run after a step; 1 failed; 2 wrong usage. What went wrong is one sentence on
//! standard error. Results go to standard output, progress to standard error.

mod capture;
mod diff;
mod doctor;
mod graph;
mod options;
mod output;
mod outputs;
mod play;
mod prepare;
mod reload;
mod replay;
mod run;
mod script;
mod steps;
mod usage;
mod watch;

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use layerw_memory::protect::current;
use layerw_platform::terminal::shows_panics;

pub use output::OutputError;
pub use replay::ReplayError;
pub use usage::UsageError;

use crate::draw::DrawError;
use crate::error::Result;
use crate::settings::Settings;
use crate::sim::Sim;
use options::{Request, Verb};
use play::{Desk, Player};
use steps::Headless;

/// Runs a project's program: what its `main` is made of.
///
/// ```no_run
/// use layerw::{Result, Settings, Sim};
///
/// fn sim(settings: &Settings) -> Result<Sim> {
///     settings.sim()
/// }
///
/// fn main() -> std::process::ExitCode {
///     layerw::main(sim)
/// }
/// ```
///
/// `build` makes the simulation that the settings ask for. It is called at most once, on the engine thread.
pub fn main(build: impl FnOnce(&Settings) -> Result<Sim> + Send) -> ExitCode {
    prepare::note_caller(&build);
    match options::read(layerw_platform::arguments()) {
        Ok(request) => answer(request, Some(build)),
        Err(error) => fail(&error.into()),
    }
}

/// Runs the tools that need no project: what `layerw-tools` is made of.
#[doc(hidden)]
pub fn tools() -> ExitCode {
    match options::read_tools(layerw_platform::arguments()) {
        Ok(request) => answer(request, None::<fn(&Settings) -> Result<Sim>>),
        Err(error) => fail(&error.into()),
    }
}

/// Where a panic ends the process at once (WebAssembly), this is the only place that can still say in which system it was.
fn name_panics() {
    let message = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = current(|running| {
            running.map(|(worker, system)| {
                format!("it was in the system `{system}`, on worker {worker}; the run ends here")
            })
        });
        // At once: a page shows what was said last as the reason.
        match (shows_panics(), place) {
            (false, Some(place)) => output::say(format_args!("{info}\n{place}")),
            (false, None) => output::say(format_args!("{info}")),
            (true, place) => {
                message(info);
                place
                    .iter()
                    .for_each(|place| output::say(format_args!("{place}")));
            }
        }
        std::process::exit(1);
    }));
}

fn answer<B>(request: Request, build: Option<B>) -> ExitCode
where
    B: FnOnce(&Settings) -> Result<Sim> + Send,
{
    let verb = match request {
        Request::Text(text) => return print_text(&text),
        Request::Verb(verb) => verb,
    };
    if cfg!(panic = "abort") {
        name_panics();
    }
    let window = match &verb {
        Verb::Play(_) => match play::connect() {
            Ok(window) => Some(window),
            Err(error) => return fail(&error),
        },
        _ => None,
    };
    let (host, desk) = window.unzip();
    let engine = || {
        layerw_trace::name_thread(FIRST_WORKER);
        // A panic of the project's code has said what it has to say; all that is left is to end in order.
        let ended = catch_unwind(AssertUnwindSafe(|| follow(verb, build, desk)));
        if play::is_stranded() {
            let status = match &ended {
                Ok(Err(error)) => {
                    output::say(format_args!("{error}"));
                    error.exit_status()
                }
                Ok(Ok(_)) | Err(_) => 1,
            };
            std::process::exit(status.into());
        }
        ended
    };
    let serve = || {
        if let Some(host) = host {
            host.serve();
        }
    };
    match layerw_jobs::on_fresh_thread_beside(ENGINE_THREAD, 0, engine, serve) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => fail(&error),
        Err(_panic) => ExitCode::FAILURE,
    }
}

/// What the engine thread is called.
const ENGINE_THREAD: &str = "layerw-engine";

/// What it is called in traces, beside `worker 1` and the others that `layerw-jobs` names.
const FIRST_WORKER: &str = "worker 0";

fn follow<B>(verb: Verb, build: Option<B>, desk: Option<Desk>) -> Result<ExitCode>
where
    B: FnOnce(&Settings) -> Result<Sim>,
{
    match (verb, build) {
        (Verb::Play(options), Some(build)) => {
            let desk = desk.ok_or(DrawError::NoWindows)?;
            run::run(&options, build, &mut Player::new(desk))
        }
        (Verb::Diff(options), _) => diff::diff(&options),
        (Verb::Script(options), build) => script::script(&options, build),
        (Verb::Doctor(options), build) => doctor::doctor(&options, build),
        (Verb::Run(options), Some(build)) => run::run(&options, build, &mut Headless),
        (Verb::Graph(options), Some(build)) => graph::graph(&options, build),
        (Verb::Run(_) | Verb::Play(_) | Verb::Graph(_), None) => {
            unreachable!("the tools have no such verb")
        }
    }
}

fn print_text(text: &str) -> ExitCode {
    match output::print(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.into()),
    }
}

fn fail(error: &crate::Error) -> ExitCode {
    output::say(format_args!("{error}"));
    ExitCode::from(error.exit_status())
}
