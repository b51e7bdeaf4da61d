//! Wrong usage: one sentence with the value and the cure, exit status 2.
//!
//! clap knows what is wrong, yet tells it in a paragraph. Here its findings become sentences like those of the rest of the command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Why the command line cannot be followed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// Nothing but the program's name.
    #[error("no verb given; verbs are {}", verbs.join(", "))]
    NoVerb {
        /// Those there are.
        verbs: Vec<String>,
    },
    /// The first word is no verb.
    #[error("`{verb}` is no verb; {cure}")]
    UnknownVerb {
        /// The word.
        verb: String,
        /// What was perhaps meant.
        cure: String,
    },
    /// The verb has no such option.
    #[error("`{verb}` has no option `{option}`; {cure}")]
    UnknownOption {
        /// The verb.
        verb: String,
        /// The option.
        option: String,
        /// What was perhaps meant.
        cure: String,
    },
    /// The verb takes no such argument.
    #[error("`{verb}` takes no argument `{argument}`; `{verb} --help` lists what it takes")]
    UnknownArgument {
        /// The verb.
        verb: String,
        /// The argument.
        argument: String,
    },
    /// The option cannot have this value.
    #[error("`{option} {value}` cannot be used; give {allowed}")]
    Value {
        /// The option.
        option: String,
        /// The value.
        value: String,
        /// What may be given.
        allowed: String,
    },
    /// The option stands without a value.
    #[error("`{option}` needs a value; give one as `{option} {placeholder}`")]
    NoValue {
        /// The option.
        option: String,
        /// The value's name.
        placeholder: String,
    },
    /// The option takes no value.
    #[error("`{option}` takes no value; leave `{value}` out")]
    TooMuch {
        /// The option.
        option: String,
        /// The value.
        value: String,
    },
    /// The verb needs more.
    #[error("`{verb}` needs {}; `{verb} --help` tells what {}", arguments.join(" and "), if arguments.len() == 1 { "it is" } else { "they are" })]
    Missing {
        /// The verb.
        verb: String,
        /// What is missing.
        arguments: Vec<String>,
    },
    /// The option only makes sense with another.
    #[error("`{option}` needs `{other}`; give both or neither")]
    Needs {
        /// The option.
        option: String,
        /// What it needs.
        other: String,
    },
    /// The option stands twice.
    #[error("`{option}` is given twice; give it once")]
    Twice {
        /// The option.
        option: String,
    },
    /// Two options cannot stand together.
    #[error("`{option}` and `{other}` exclude each other; give one of them")]
    Exclude {
        /// One option.
        option: String,
        /// The other.
        other: String,
    },
    /// An option says otherwise than the snapshot or recording that the run continues or repeats.
    #[error("`{option} {value}` contradicts `{}`, which was made with {stored}; leave the option out", file.display())]
    Contradiction {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// The snapshot or recording.
        file: PathBuf,
        /// The value in it.
        stored: String,
    },
    /// The project's folder is none.
    #[error("`{}` is no folder; name the folder of a project", folder.display())]
    NoProject {
        /// What was named.
        folder: PathBuf,
    },
    /// What clap finds and the above does not cover.
    #[error("{problem}")]
    Other {
        /// clap's own first line.
        problem: String,
    },
}

/// clap's error as one of ours. `arguments` are those that it is about.
pub(super) fn shape(error: &clap::Error, command: Command, arguments: &[OsString]) -> UsageError {
    let verb = verb_of(&command, arguments);
    let option = text(error, ContextKind::InvalidArg);
    let option = option.map(|option| option_of(&option).to_owned());
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let known = match (error.kind(), option) {
        (ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => {
            Some(UsageError::NoVerb {
                verbs: verbs(&command),
            })
        }
        (ErrorKind::InvalidSubcommand, _) => {
            let list = format!("verbs are {}", verbs(&command).join(", "));
            Some(UsageError::UnknownVerb {
                verb: text(error, ContextKind::InvalidSubcommand).unwrap_or_default(),
                cure: did_you_mean(error, ContextKind::SuggestedSubcommand, list),
            })
        }
        (ErrorKind::UnknownArgument, Some(option)) if option.starts_with('-') => {
            let list = format!("`{verb} --help` lists those it has");
            Some(UsageError::UnknownOption {
                cure: did_you_mean(error, ContextKind::SuggestedArg, list),
                verb,
                option,
            })
        }
        (ErrorKind::UnknownArgument, Some(argument)) => {
            Some(UsageError::UnknownArgument { verb, argument })
        }
        (ErrorKind::InvalidValue, Some(option)) if value.is_empty() => Some(UsageError::NoValue {
            placeholder: placeholder(&command, &option),
            option,
        }),
        (ErrorKind::InvalidValue, Some(option)) => Some(UsageError::Value {
            option,
            value,
            allowed: one_of(&list(error, ContextKind::ValidValue)),
        }),
        (ErrorKind::ValueValidation, Some(option)) => Some(UsageError::Value {
            option,
            value,
            allowed: std::error::Error::source(error).map_or_else(String::new, ToString::to_string),
        }),
        (ErrorKind::TooManyValues, Some(option)) => Some(UsageError::TooMuch { option, value }),
        (ErrorKind::MissingRequiredArgument, _) => {
            let missing = list(error, ContextKind::InvalidArg);
            // An option that is required is one that another one asks for.
            let needed = missing.iter().find(|name| name.starts_with('-'));
            Some(match needed {
                Some(other) => UsageError::Needs {
                    option: given_with(&command, arguments, option_of(other)),
                    other: option_of(other).to_owned(),
                },
                None => UsageError::Missing {
                    verb,
                    arguments: missing
                        .iter()
                        .map(|name| name.trim_matches(['<', '>']).to_owned())
                        .collect(),
                },
            })
        }
        (ErrorKind::ArgumentConflict, Some(option)) => {
            let other = text(error, ContextKind::PriorArg)
                .or_else(|| list(error, ContextKind::PriorArg).into_iter().next())
                .unwrap_or_default();
            let other = option_of(&other).to_owned();
            Some(if other == option {
                UsageError::Twice { option }
            } else {
                UsageError::Exclude { option, other }
            })
        }
        _ => None,
    };
    known.unwrap_or_else(|| {
        let rendered = error.render().to_string();
        let first = rendered.lines().next().unwrap_or_default();
        UsageError::Other {
            problem: first.trim_start_matches("error: ").to_owned(),
        }
    })
}

/// `--frames` of `--frames <N>`, `--frames=<N>` and `--frames[=<N>]`.
fn option_of(usage: &str) -> &str {
    usage.split([' ', '=', '[']).next().unwrap_or(usage)
}

fn verbs(command: &Command) -> Vec<String> {
    let names = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned());
    names.collect()
}

fn verb_of(command: &Command, arguments: &[OsString]) -> String {
    let words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    let known = verbs(command);
    let mut found = words.filter(|word| known.iter().any(|verb| verb == word));
    found.next().unwrap_or(command.get_name()).to_owned()
}

/// `N` for `--frames`.
fn placeholder(command: &Command, option: &str) -> String {
    let long = option.trim_start_matches('-');
    let mut arguments = command.get_subcommands().flat_map(Command::get_arguments);
    let found = arguments.find(|argument| argument.get_long() == Some(long));
    let names = found.and_then(|argument| argument.get_value_names());
    names.map_or("VALUE".to_owned(), |names| names.join(" "))
}

/// The option among `arguments` that requires `other`. clap does not tell; those that require another begin as it does, but for `--at`.
fn given_with(command: &Command, arguments: &[OsString], other: &str) -> String {
    let longer = |word: &&str| (word.starts_with(other) && *word != other) || *word == "--at";
    let words = arguments.iter().filter_map(|word| word.to_str());
    let mut found = words.filter(longer);
    found.next().unwrap_or(command.get_name()).to_owned()
}

fn did_you_mean(error: &clap::Error, kind: ContextKind, otherwise: String) -> String {
    let suggestion = text(error, kind).or_else(|| list(error, kind).into_iter().next());
    match suggestion {
        Some(meant) => format!("did you mean `{}`?", option_of(&meant)),
        None => otherwise,
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn list(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(list)) => list.clone(),
        _ => Vec::new(),
    }
}
