//! What can be wrong with actions and with input.

use std::path::PathBuf;

use layerw_platform::files::FileError;
use layerw_platform::input::{SOURCES, Source};

use crate::config::Place;

use super::ACTIONS_MAX;

/// Why an action cannot be declared, or input cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// More actions than there is room for.
    #[error("action `{action}` is one too many; a simulation has {ACTIONS_MAX} of them at most")]
    TooMany {
        /// The first that has no room.
        action: String,
    },
    /// Two actions of one name.
    #[error(
        "action `{action}` is declared twice; give the second another name, or bind more to the first"
    )]
    Twice {
        /// Their name.
        action: String,
    },
    /// A binding to something that is none.
    #[error("action `{action}` is bound to `{source_name}`{}, which is no source of input; {}give {SOURCES}", at(place.as_ref()), meant(source_name))]
    Source {
        /// The action.
        action: String,
        /// What it is bound to.
        source_name: String,
        /// Where that stands, unless it is code.
        place: Option<Place>,
    },
    /// The project file binds an action that the project has not.
    #[error(
        "{place}: the project has no action `{action}`; {}",
        known(known_actions)
    )]
    Unknown {
        /// Where it stands.
        place: Place,
        /// Its name.
        action: String,
        /// Those that there are.
        known_actions: Vec<String>,
    },
    /// A line of a timeline that says nothing.
    #[error("`{}` line {line}: `{text}` is no input; give `STEP ACTION VALUE`, such as `120 jump 1`, or `STEP pointer X Y`", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A timeline cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

fn at(place: Option<&Place>) -> String {
    place.map_or(String::new(), |place| format!(" ({place})"))
}

fn meant(source: &str) -> String {
    match Source::nearest(source) {
        Some(source) => format!("did you mean `{source}`? Otherwise "),
        None => String::new(),
    }
}

fn known(actions: &[String]) -> String {
    match actions {
        [] => "it has none".to_owned(),
        some => format!("it has {}", some.join(", ")),
    }
}
