//! What the command line asks for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use layerw_jobs::THREADS_MAX;

use super::usage::{self, UsageError};
use crate::config::{SIZE, WORKERS, size};
use crate::scripts::Breakpoint;

/// What every help ends with.
const EXIT_STATUS: &str = "Exit status: 0 done, also when Ctrl-C or SIGTERM ended a run after its step; 1 failed; 2 wrong usage; 3 memory that --protect guards was touched.";

/// What the help of `play` ends with.
const PLAY_HELP: &str = "Keys, unless the project has bound them: Escape leaves, P or Pause stands still and goes on, the full stop does one step meanwhile, F11 covers the screen.
Exit status: 0 done, also when the window was closed; 1 failed; 2 wrong usage; 3 memory that --protect guards was touched.";

/// What the help of `diff` ends with.
const DIFF_STATUS: &str =
    "Exit status: 0 equal; 1 different, or a file cannot be read; 2 wrong usage.";

/// Steps that `--rewind` can keep.
const REWIND_MAX: usize = 10_000;

/// Runs a simulation headless and looks into it.
#[derive(Debug, Parser)]
#[command(
    name = "layerw",
    version,
    about,
    after_help = EXIT_STATUS,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct ProjectCommand {
    #[command(subcommand)]
    verb: Verb,
}

/// Compares recordings and describes this machine; what concerns a project is asked of the project's own program.
#[derive(Debug, Parser)]
#[command(
    name = "layerw-tools",
    version,
    about,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct ToolsCommand {
    #[command(subcommand)]
    verb: ToolVerb,
}

/// What a project's program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Simulate headless; the last line is the hash of the state
    #[command(after_help = EXIT_STATUS)]
    Run(Box<RunOptions>),
    /// Simulate in a window, until it is closed or --frames steps are done; the last line is the hash of the state
    #[command(after_help = PLAY_HELP)]
    Play(Box<RunOptions>),
    /// Print the compiled graph of systems, as DOT unless told otherwise
    Graph(GraphOptions),
    /// Name the first step, system, component and entity in which two recordings differ
    #[command(after_help = DIFF_STATUS)]
    Diff(DiffOptions),
    /// Describe this machine, the project's settings, memory budgets and every thread of the process
    Doctor(DoctorOptions),
    /// Say what the scripts of a project read, write and became, or write what is made of them
    Script(ScriptOptions),
}

#[derive(Debug, Subcommand)]
enum ToolVerb {
    /// Name the first step, system, component and entity in which two recordings differ
    #[command(after_help = DIFF_STATUS)]
    Diff(DiffOptions),
    /// Describe this machine, the memory budgets and every thread of the process
    Doctor(DoctorOptions),
}

/// Options of every verb that builds the simulation.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct BuildOptions {
    /// Folder of the project, with its layerw.toml and assets [default: the variable LAYERW_PROJECT, or here]
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Give a setting of the project a value; may be given for each setting
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = set)]
    pub(crate) sets: Vec<(String, String)>,
    /// Seed of all randomness [default: the project's, or 0]
    #[arg(long, value_name = "S", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Simulated seconds a step [default: the project's]
    #[arg(long, value_name = "S", value_parser = dt, allow_negative_numbers = true)]
    pub(crate) dt: Option<f64>,
    /// Number of workers [default: the CPUs that this process may use]
    #[arg(long, value_name = "T", value_parser = threads, allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
    /// Bytes of the whole arena, such as 64MiB [default: the variable LAYERW_MEMORY, the project's, or 4 GiB]
    #[arg(long, value_name = "SIZE", value_parser = size, allow_negative_numbers = true)]
    pub(crate) memory_total: Option<u64>,
    /// Take the budgets, `[memory]` and `[systems]`, from this file and not from layerw.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) budget: Option<PathBuf>,
}

/// Options of `run` and `play`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) build: BuildOptions,
    /// Number of steps to do now [default: the project's]
    #[arg(long, value_name = "N", value_parser = frames, allow_negative_numbers = true)]
    pub(crate) frames: Option<u64>,
    /// Keep each worker on one CPU
    #[arg(
        long,
        value_name = "on|off",
        default_value = "off",
        hide_possible_values = true
    )]
    pub(crate) pin: Switch,
    /// Run ready jobs in an order drawn from this seed; the result must not change
    #[arg(long, value_name = "SEED", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) shuffle: Option<u64>,
    /// Run GPU passes on a GPU if there is one, on their CPU twins, or on any GPU or not at all
    #[arg(
        long,
        value_name = "auto|off|require",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) gpu: Gpu,
    /// Guard memory: whoever writes what no system declared, or reads what was vented, is named and the run ends with exit status 3; slower, to the
    /// same hash. `checksums` finds writes in the same step, on every host
    #[arg(
        long,
        value_name = "pages|checksums",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "pages",
        hide_possible_values = true
    )]
    pub(crate) protect: Option<Protect>,
    /// Print the hash of every K-th step, and record every K-th step only
    #[arg(long, value_name = "K", value_parser = every, allow_negative_numbers = true)]
    pub(crate) hash_every: Option<u64>,
    /// Write figures of the run as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the state after the last step, to go on from with --restore
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: Option<PathBuf>,
    /// Go on from a snapshot, with its settings
    #[arg(long, value_name = "FILE")]
    pub(crate) restore: Option<PathBuf>,
    /// Keep the last N steps in memory: where a step fails or is not the replayed one, go back, and write the --snapshot of the
    /// last good step
    #[arg(long, value_name = "N", value_parser = rewind, allow_negative_numbers = true)]
    pub(crate) rewind: Option<usize>,
    /// Record the hash of every step, for --replay and `diff`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Record every entity and system too, so that `diff` can name them; slow and large
    #[arg(long, requires = "record")]
    pub(crate) record_detail: bool,
    /// Repeat a recorded run with its settings and compare every recorded step
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// Play the project's actions from a file with lines STEP ACTION VALUE
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) input: Option<PathBuf>,
    /// Stop in a script before a line, show what can be seen there, and ask what to do; `help` there lists what. Where standard input has ended, show and
    /// go on. May be given for each line; runs on one worker, to the same hash
    #[arg(long = "break", value_name = "FILE:LINE[@ENTITY]", value_parser = breakpoint, conflicts_with = "watch")]
    pub(crate) breakpoints: Vec<Breakpoint>,
    /// Write what ran when as Chrome JSON, for ui.perfetto.dev
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Write a picture of the project as PNG, as it looks after the last step
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
    /// Take the picture after step N and not after the last
    #[arg(long, value_name = "N", value_parser = frames, requires = "capture", allow_negative_numbers = true)]
    pub(crate) at: Option<u64>,
    /// Take a picture after every K-th step, with the step in the file's name
    #[arg(long, value_name = "K", value_parser = every, requires = "capture", conflicts_with = "at", allow_negative_numbers = true)]
    pub(crate) capture_every: Option<u64>,
    /// Go on at the pace of a clock until stopped, and take up the project's scripts again, between two steps, whenever one is changed; a script that
    /// fails waits for its correction
    #[arg(long, conflicts_with_all = ["record", "replay", "hash_every"])]
    pub(crate) watch: bool,
}

/// Options of `graph`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GraphOptions {
    #[command(flatten)]
    pub(crate) build: BuildOptions,
    /// Print Graphviz DOT (the default)
    #[arg(long, conflicts_with = "json")]
    pub(crate) dot: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `diff`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DiffOptions {
    /// One recording
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,
    /// The other
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,
}

/// Options of `doctor`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorOptions {
    #[command(flatten)]
    pub(crate) build: BuildOptions,
    /// Print the live map of memory and who holds what, after one step of a project; and this machine's limits
    #[arg(long)]
    pub(crate) memory: bool,
    /// Print the same as JSON, and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `script`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScriptOptions {
    /// What to do: bindings prints declarations for the other language; check says what each system reads and writes and what became of its loops; build writes modules (.wasm), Rust text (.rs) and what the
    /// compiler works on (.ir); watch checks again whenever a script changes
    #[arg(value_name = "check|build|watch|bindings", hide_possible_values = true)]
    pub(crate) action: ScriptAction,
    /// Folder of the project [default: the variable LAYERW_PROJECT, or here]
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Where build writes [default: the folder `build` of the project]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Of bindings: the classes of the scripts as structs in Rust (the default)
    #[arg(long, conflicts_with = "typescript")]
    pub(crate) rust: bool,
    /// Of bindings: the components of the project's world as classes in TypeScript
    #[arg(long)]
    pub(crate) typescript: bool,
}

impl ScriptOptions {
    /// What finds the project.
    pub(crate) fn build(&self) -> BuildOptions {
        BuildOptions {
            project: self.project.clone(),
            ..BuildOptions::default()
        }
    }
}

/// What is done with scripts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ScriptAction {
    /// Says what they are.
    Check,
    /// Writes what is made of them.
    Build,
    /// Says what they are after each change.
    Watch,
    /// Declares the components of one language for the other.
    Bindings,
}

/// On or off.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    #[default]
    Off,
}

/// Whether a GPU is used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Gpu {
    /// If there is one.
    #[default]
    Auto,
    /// No.
    Off,
    /// Yes, or fail.
    Require,
}

/// How memory is guarded.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Protect {
    /// By the rights of pages, where the host has them.
    Pages,
    /// By checksums.
    Checksums,
}

/// What the arguments come to.
#[derive(Debug)]
pub(crate) enum Request {
    /// Do it.
    Verb(Verb),
    /// Print this: help or version.
    Text(String),
}

/// Reads the arguments of a project's program; the first is the program's name.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, UsageError> {
    parse::<ProjectCommand>(arguments).map(|parsed| parsed.map_or_text(|command| command.verb))
}

/// Reads the arguments of the tools that need no project.
pub(crate) fn read_tools(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Request, UsageError> {
    let verb = |command: ToolsCommand| match command.verb {
        ToolVerb::Diff(options) => Verb::Diff(options),
        ToolVerb::Doctor(options) => Verb::Doctor(options),
    };
    parse::<ToolsCommand>(arguments).map(|parsed| parsed.map_or_text(verb))
}

enum Parsed<T> {
    Command(T),
    Text(String),
}

impl<T> Parsed<T> {
    fn map_or_text(self, verb: impl FnOnce(T) -> Verb) -> Request {
        match self {
            Parsed::Command(command) => Request::Verb(verb(command)),
            Parsed::Text(text) => Request::Text(text),
        }
    }
}

fn parse<T: CommandFactory + FromArgMatches>(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Parsed<T>, UsageError> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = T::command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| T::from_arg_matches(&matches));
    match parsed {
        Ok(command) => Ok(Parsed::Command(command)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ok(Parsed::Text(error.render().to_string()))
            }
            _ => Err(usage::shape(&error, T::command(), &arguments)),
        },
    }
}

// What follows completes the sentence "`--option VALUE` cannot be used; give …".

fn set(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a setting and its value as NAME=VALUE"),
    }
}

fn breakpoint(text: &str) -> Result<Breakpoint, &'static str> {
    text.parse()
}

fn threads(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok();
    let possible = number.filter(|threads| (1..=THREADS_MAX).contains(threads));
    possible.ok_or(WORKERS)
}

fn size(text: &str) -> Result<u64, &'static str> {
    size::parse(text).ok_or(SIZE)
}

fn frames(text: &str) -> Result<u64, &'static str> {
    text.parse()
        .map_err(|_| "a whole number of steps, 0 or more")
}

fn every(text: &str) -> Result<u64, &'static str> {
    let number = text.parse().ok().filter(|&every| every > 0);
    number.ok_or("a whole number of steps, 1 or more")
}

fn rewind(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok();
    let possible = number.filter(|steps| (1..=REWIND_MAX).contains(steps));
    possible.ok_or("a whole number of steps from 1 to 10000")
}

fn seed(text: &str) -> Result<u64, &'static str> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "a whole number from 0 to 18446744073709551615, or one such as 0x2a")
}

fn dt(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok();
    let possible = number.filter(|dt: &f64| dt.is_finite() && *dt > 0.0);
    possible.ok_or("a number of seconds above 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &str) -> Result<Request, UsageError> {
        let program = "program".to_owned();
        read(
            std::iter::once(program)
                .chain(words.split_whitespace().map(str::to_owned))
                .map(OsString::from),
        )
    }

    fn run(words: &str) -> RunOptions {
        match read_words(words).expect("right usage") {
            Request::Verb(Verb::Run(options)) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(words: &str) -> String {
        read_words(words).expect_err("wrong usage").to_string()
    }

    #[test]
    fn clap_finds_no_fault_in_the_declaration() {
        ProjectCommand::command().debug_assert();
        ToolsCommand::command().debug_assert();
    }

    #[test]
    fn everything_can_be_asked() {
        let options = run(
            "run --frames 10 --threads 2 --seed 0x2a --dt 0.5 --set a=1 --set b=c=d --pin on --shuffle 3 --hash-every 5 \
             --memory-total 64MiB --budget b --report r --record R --record-detail --replay P --snapshot s --restore S --rewind 60 --trace t --project p \
             --protect=checksums --gpu off --capture c.png --at 7 --break a.ts:3 --break a.ts:4@2",
        );
        let build = BuildOptions {
            project: Some("p".into()),
            sets: vec![("a".into(), "1".into()), ("b".into(), "c=d".into())],
            seed: Some(42),
            dt: Some(0.5),
            threads: Some(2),
            memory_total: Some(64 << 20),
            budget: Some("b".into()),
        };
        let expected = RunOptions {
            build,
            frames: Some(10),
            pin: Switch::On,
            shuffle: Some(3),
            protect: Some(Protect::Checksums),
            gpu: Gpu::Off,
            hash_every: Some(5),
            report: Some("r".into()),
            snapshot: Some("s".into()),
            restore: Some("S".into()),
            rewind: Some(60),
            record: Some("R".into()),
            record_detail: true,
            replay: Some("P".into()),
            trace: Some("t".into()),
            capture: Some("c.png".into()),
            at: Some(7),
            capture_every: None,
            input: None,
            breakpoints: vec![
                "a.ts:3".parse().expect("a line"),
                "a.ts:4@2".parse().expect("a line"),
            ],
            watch: false,
        };
        assert_eq!(options, expected);
        assert_eq!(run("run"), RunOptions::default());
        assert_eq!(run("run --protect").protect, Some(Protect::Pages));
    }

    #[test]
    fn wrong_usage_is_one_sentence_with_the_value_and_the_cure() {
        for (words, sentence) in [
            (
                "",
                "no verb given; verbs are run, play, graph, diff, doctor, script",
            ),
            ("rum", "`rum` is no verb; did you mean `run`?"),
            (
                "xyzzy",
                "`xyzzy` is no verb; verbs are run, play, graph, diff, doctor, script",
            ),
            (
                "run --threads 0",
                "`--threads 0` cannot be used; give a whole number of workers from 1 to 1023",
            ),
            (
                "run --threads=two",
                "`--threads two` cannot be used; give a whole number of workers from 1 to 1023",
            ),
            (
                "run --frames -1",
                "`--frames -1` cannot be used; give a whole number of steps, 0 or more",
            ),
            (
                "run --rewind 0",
                "`--rewind 0` cannot be used; give a whole number of steps from 1 to 10000",
            ),
            (
                "run --dt 0",
                "`--dt 0` cannot be used; give a number of seconds above 0",
            ),
            (
                "run --dt nan",
                "`--dt nan` cannot be used; give a number of seconds above 0",
            ),
            (
                "run --seed x",
                "`--seed x` cannot be used; give a whole number from 0 to 18446744073709551615, or one such as 0x2a",
            ),
            (
                "run --set boids",
                "`--set boids` cannot be used; give a setting and its value as NAME=VALUE",
            ),
            (
                "run --pin maybe",
                "`--pin maybe` cannot be used; give on or off",
            ),
            (
                "run --frames",
                "`--frames` needs a value; give one as `--frames N`",
            ),
            (
                "run --frame 5",
                "`run` has no option `--frame`; did you mean `--frames`?",
            ),
            (
                "run --protect=walls",
                "`--protect walls` cannot be used; give pages or checksums",
            ),
            (
                "run --xyzzy",
                "`run` has no option `--xyzzy`; `run --help` lists those it has",
            ),
            (
                "run --break flock.ts",
                "`--break flock.ts` cannot be used; give a line of a script as FILE:LINE, or FILE:LINE@ENTITY with the number of an entity",
            ),
            (
                "run --gpu on",
                "`--gpu on` cannot be used; give auto, off or require",
            ),
            (
                "run here",
                "`run` takes no argument `here`; `run --help` lists what it takes",
            ),
            (
                "run --record-detail",
                "`--record-detail` needs `--record`; give both or neither",
            ),
            (
                "run --at 7",
                "`--at` needs `--capture`; give both or neither",
            ),
            (
                "run --capture-every 7",
                "`--capture-every` needs `--capture`; give both or neither",
            ),
            (
                "run --capture a --at 7 --capture-every 7",
                "`--at` and `--capture-every` exclude each other; give one of them",
            ),
            (
                "run --frames 1 --frames 2",
                "`--frames` is given twice; give it once",
            ),
            (
                "graph --dot --json",
                "`--dot` and `--json` exclude each other; give one of them",
            ),
            ("diff a", "`diff` needs B; `diff --help` tells what it is"),
            (
                "diff",
                "`diff` needs A and B; `diff --help` tells what they are",
            ),
            (
                "doctor --memory=1",
                "`--memory` takes no value; leave `1` out",
            ),
        ] {
            assert_eq!(refusal(words), sentence, "{words}");
        }
    }

    #[test]
    fn help_is_no_error() {
        for (words, part) in [
            ("--help", "doctor"),
            ("run --help", "--hash-every <K>"),
            ("graph -h", "--json"),
            ("--version", env!("CARGO_PKG_VERSION")),
        ] {
            match read_words(words).expect("no error") {
                Request::Text(text) => assert!(text.contains(part), "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
