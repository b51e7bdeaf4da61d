//! What the command line asks for. Only the verb, the project and two options of the build are read here; the rest is the project's.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, value_parser};

use crate::error::Failure;

/// What to do.
#[derive(Debug)]
pub enum Request {
    /// Build something and hand over to it.
    Call(Call),
    /// Print this: help or version.
    Text(String),
}

/// One verb on one project.
#[derive(Debug)]
pub struct Call {
    /// Passed to the binary as its first argument.
    pub verb: &'static str,
    /// What a verb does of several things; passed on behind it.
    pub action: Option<&'static str>,
    /// None for verbs that concern none.
    pub project: Option<PathBuf>,
    /// Passed to the binary as they came.
    pub options: Vec<OsString>,
    /// For cargo.
    pub build: BuildOptions,
}

/// What the user says about the build.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BuildOptions {
    /// Features of the project or of the engine.
    pub features: Vec<String>,
    /// A profile other than `release`.
    pub profile: Option<String>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    /// `layerw VERB PROJECT [OPTION…]`
    Required,
    /// `layerw VERB [PROJECT] [OPTION…]`
    Optional,
    /// `layerw VERB ACTION PROJECT [OPTION…]`
    AfterAction(&'static [&'static str]),
    /// `layerw VERB [ARGUMENT…]`
    None,
}

struct Verb {
    name: &'static str,
    about: &'static str,
    usage: &'static str,
    project: Place,
}

/// The verb that wants a program with more in it.
pub const PLAY: &str = "play";

/// Verbs that hand over to nobody.
pub const BUILD: &str = "build";
pub const WEB: &str = "web";

const VERBS: [Verb; 8] = [
    Verb {
        name: "run",
        about: "Simulate a project headless; the last line is the hash of its state",
        usage: "layerw run PROJECT [--features LIST] [--profile NAME] [OPTION...]",
        project: Place::Required,
    },
    Verb {
        name: PLAY,
        about: "Simulate a project in a window, with keyboard and mouse",
        usage: "layerw play PROJECT [--features LIST] [--profile NAME] [OPTION...]",
        project: Place::Required,
    },
    Verb {
        name: BUILD,
        about: "Build a project's program for another host, and print where it is",
        usage: "layerw build PROJECT --host wasi|windows [--out FILE] [--features LIST] [--profile NAME]",
        project: Place::Required,
    },
    Verb {
        name: WEB,
        about: "Make a page of a project: a folder that any file server can serve",
        usage: "layerw web PROJECT --out FOLDER [--features LIST] [--profile NAME]",
        project: Place::Required,
    },
    Verb {
        name: "graph",
        about: "Print the compiled graph of a project: --dot or --json",
        usage: "layerw graph PROJECT [OPTION...]",
        project: Place::Required,
    },
    Verb {
        name: "script",
        about: "Check, build or watch the scripts of a project, or print their declarations for Rust and back",
        usage: "layerw script check|build|watch|bindings PROJECT [OPTION...]",
        project: Place::AfterAction(&["check", "build", "watch", "bindings"]),
    },
    Verb {
        name: "diff",
        about: "Name the first step, system, component and entity in which two recordings differ",
        usage: "layerw diff A B [OPTION...]",
        project: Place::None,
    },
    Verb {
        name: "doctor",
        about: "Say what this machine offers, and who holds threads and memory",
        usage: "layerw doctor [PROJECT] [OPTION...]",
        project: Place::Optional,
    },
];

const AFTER_HELP: &str = "\
A PROJECT is a folder with a Cargo.toml whose program ends in `layerw::main`, or with a layerw.toml that names scripts.
`layerw VERB PROJECT --help` lists what a project takes.";

/// Reads the arguments that follow the command's name.
pub fn read(arguments: Vec<OsString>) -> Result<Request, Failure> {
    let mut matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => return Ok(Request::Text(error.to_string())),
        Err(error) => return Err(wrong(&error)),
    };
    let Some((name, mut verb_matches)) = matches.remove_subcommand() else {
        return Err(Failure::NoVerb);
    };
    let words: Vec<OsString> = verb_matches
        .remove_many("words")
        .map(Iterator::collect)
        .unwrap_or_default();
    match VERBS.iter().find(|verb| verb.name == name) {
        Some(verb) => verb.read(words),
        None => Err(Failure::UnknownVerb {
            verb: name,
            instead: String::new(),
        }),
    }
}

impl Verb {
    fn read(&self, words: Vec<OsString>) -> Result<Request, Failure> {
        let mut words = words.into_iter().peekable();
        let starts_with_option = words.peek().is_none_or(|word| is_option(word));
        if starts_with_option
            && words
                .peek()
                .is_some_and(|word| word == "--help" || word == "-h")
        {
            return Ok(Request::Text(format!(
                "{}\n\nUsage: {}\n",
                self.about, self.usage
            )));
        }
        let mut action = None;
        if let Place::AfterAction(allowed) = self.project {
            let found = words.next().map(|word| word.to_string_lossy().into_owned());
            let known = allowed
                .iter()
                .find(|known| found.as_deref() == Some(**known));
            action = Some(*known.ok_or(Failure::NoAction { found, allowed })?);
        }
        let starts_with_option = words.peek().is_none_or(|word| is_option(word));
        let project = match (self.project, starts_with_option) {
            (Place::Required | Place::AfterAction(_) | Place::Optional, false) => {
                words.next().map(PathBuf::from)
            }
            (Place::Required | Place::AfterAction(_), true) => {
                let found = words.peek().map(|word| word.to_string_lossy().into_owned());
                return Err(Failure::NoProject {
                    verb: self.name,
                    found,
                    usage: self.usage,
                });
            }
            (Place::None, _) | (Place::Optional, true) => None,
        };
        let (build, options) = split(words)?;
        Ok(Request::Call(Call {
            verb: self.name,
            action,
            project,
            options,
            build,
        }))
    }
}

fn command() -> Command {
    let verb = |verb: &Verb| {
        let words = Arg::new("words")
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .value_parser(value_parser!(OsString));
        // `layerw run PROJECT --help` is the project's to answer.
        Command::new(verb.name)
            .about(verb.about)
            .disable_help_flag(true)
            .arg(words)
    };
    Command::new("layerw")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs simulations: builds a project through cargo and hands over to it.")
        .override_usage("layerw VERB [PROJECT] [OPTION...]")
        .subcommand_help_heading("Verbs")
        .subcommand_value_name("VERB")
        .after_help(AFTER_HELP)
        .no_binary_name(true)
        .disable_help_subcommand(true)
        .subcommands(VERBS.iter().map(verb))
}

/// Takes the build's options out of the project's.
fn split(words: impl Iterator<Item = OsString>) -> Result<(BuildOptions, Vec<OsString>), Failure> {
    let mut build = BuildOptions::default();
    let mut options = Vec::new();
    let mut words = words;
    while let Some(word) = words.next() {
        let text = word.to_str().unwrap_or_default();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        match name {
            "--features" => {
                let list = value_of("--features", value, &mut words)?;
                let names = list.split([',', ' ']).filter(|name| !name.is_empty());
                build.features.extend(names.map(str::to_owned));
            }
            "--profile" => build.profile = Some(value_of("--profile", value, &mut words)?),
            "--" => {
                options.push(word);
                options.extend(words);
                break;
            }
            _ => options.push(word),
        }
    }
    Ok((build, options))
}

fn value_of(
    option: &'static str,
    value: Option<String>,
    words: &mut impl Iterator<Item = OsString>,
) -> Result<String, Failure> {
    let value = value.or_else(|| words.next().and_then(|word| word.into_string().ok()));
    value
        .filter(|value| !value.is_empty() && !value.starts_with('-'))
        .ok_or(Failure::NoValue { option })
}

fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// clap's report in one sentence.
fn wrong(error: &clap::Error) -> Failure {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    if let Some(verb) = text(ContextKind::InvalidSubcommand) {
        let similar = text(ContextKind::SuggestedSubcommand);
        let instead = similar
            .map(|name| format!("did you mean `{name}`? "))
            .unwrap_or_default();
        return Failure::UnknownVerb { verb, instead };
    }
    match text(ContextKind::InvalidArg) {
        Some(option) => Failure::OptionFirst { option },
        None => Failure::NoVerb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Call {
        match read(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Request::Call(call)) => call,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        match read(line.split_whitespace().map(OsString::from).collect()) {
            Err(failure) => {
                assert_eq!(failure.exit_code(), 2, "{line}");
                failure.to_string()
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    fn help(line: &str) -> String {
        match read(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Request::Text(text)) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn everything_after_the_project_is_passed_on() {
        let call = call("run examples/hello --frames 3 --set boids=9 --help -x");
        assert_eq!(call.verb, "run");
        assert_eq!(call.project.as_deref(), Some("examples/hello".as_ref()));
        assert_eq!(
            call.options,
            ["--frames", "3", "--set", "boids=9", "--help", "-x"]
        );
        assert_eq!(call.build, BuildOptions::default());
    }

    #[test]
    fn the_builds_options_are_taken_out() {
        let call =
            call("run p --features a,b --frames 3 --profile=checked --features=c -- --features d");
        assert_eq!(call.build.features, ["a", "b", "c"]);
        assert_eq!(call.build.profile.as_deref(), Some("checked"));
        assert_eq!(call.options, ["--frames", "3", "--", "--features", "d"]);
    }

    #[test]
    fn what_to_do_with_scripts_stands_before_the_project() {
        let call = call("script build p --out o");
        assert_eq!((call.verb, call.action), ("script", Some("build")));
        assert_eq!(call.project, Some("p".into()));
        assert_eq!(call.options, ["--out", "o"]);
        assert!(
            help("script --help")
                .contains("Usage: layerw script check|build|watch|bindings PROJECT")
        );
        for (line, text) in [
            (
                "script",
                "`layerw script` does not say what to do; give one of check, build, watch, bindings, then the project",
            ),
            (
                "script p",
                "`layerw script p` is nothing that can be done; give one of check, build, watch, bindings, then the project",
            ),
            (
                "script check",
                "`layerw script` names no project; give the folder: layerw script check|build|watch|bindings PROJECT [OPTION...]",
            ),
        ] {
            assert_eq!(refusal(line), text);
        }
    }

    #[test]
    fn diff_and_doctor_need_no_project() {
        let diff = call("diff a.recording b.recording");
        assert_eq!((diff.project, diff.options.len()), (None, 2));
        let machine = call("doctor --memory");
        assert_eq!((machine.project, machine.options.len()), (None, 1));
        assert_eq!(call("doctor").project, None);
        assert_eq!(call("doctor p --memory").project, Some("p".into()));
    }

    #[test]
    fn help_is_the_commands_before_a_project_and_the_projects_after_it() {
        assert!(help("--help").contains("Verbs:\n  run"));
        assert_eq!(
            help("--version"),
            format!("layerw {}\n", env!("CARGO_PKG_VERSION"))
        );
        assert!(help("run --help").contains("Usage: layerw run PROJECT"));
        assert_eq!(call("run p --help").options, ["--help"]);
    }

    #[test]
    fn wrong_usage_names_the_word_and_the_cure() {
        for (line, text) in [
            ("", "no verb given; `layerw --help` lists them"),
            (
                "rum p",
                "unknown verb `rum`; did you mean `run`? `layerw --help` lists them all",
            ),
            (
                "xyzzy",
                "unknown verb `xyzzy`; `layerw --help` lists them all",
            ),
            (
                "play --frames 3",
                "`layerw play --frames` names no project before the option; give the folder first: layerw play PROJECT [--features LIST] [--profile NAME] [OPTION...]",
            ),
            (
                "run",
                "`layerw run` names no project; give the folder: layerw run PROJECT [--features LIST] [--profile NAME] [OPTION...]",
            ),
            (
                "run --frames 3 p",
                "`layerw run --frames` names no project before the option; give the folder first: layerw run PROJECT [--features LIST] [--profile NAME] [OPTION...]",
            ),
            (
                "--frames run p",
                "`--frames` stands before the verb; give options last: layerw VERB PROJECT --frames",
            ),
            (
                "run p --features",
                "`--features` needs a value; give one as `--features VALUE`",
            ),
            (
                "run p --profile --frames 3",
                "`--profile` needs a value; give one as `--profile VALUE`",
            ),
        ] {
            assert_eq!(refusal(line), text, "{line}");
        }
    }
}
