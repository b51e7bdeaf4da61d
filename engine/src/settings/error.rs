//! What can be wrong with a setting.

use super::{Declared, Origin};

/// Why a setting could not be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The value is none that the setting may have.
    #[error("{origin} gives `{name}={value}`, but `{value}` {problem}; give {allowed}")]
    Value {
        /// Who gave it.
        origin: Origin,
        /// The setting.
        name: String,
        /// The value given.
        value: String,
        /// What is wrong with it: `is no whole number`.
        problem: &'static str,
        /// What may be given instead.
        allowed: String,
    },
    /// The project has no such setting.
    #[error(
        "{origin} gives `{name}={value}`, but this project has no setting `{name}`; {}",
        settings(known)
    )]
    Unknown {
        /// Who gave it.
        origin: Origin,
        /// The name that nobody asked for.
        name: String,
        /// The value given.
        value: String,
        /// What the project asked for.
        known: Vec<Declared>,
    },
    /// A run continues with the settings it began with.
    #[error(
        "`--set {name}={value}` contradicts `{file}`, which was made with `{name}={stored}`; leave the option out or begin a new run",
        file = file.display()
    )]
    Contradiction {
        /// The setting.
        name: String,
        /// The value on the command line.
        value: String,
        /// The snapshot or recording.
        file: std::path::PathBuf,
        /// The value in it.
        stored: String,
    },
    /// The project asks for something impossible. A mistake in its code, not in what its user wrote.
    #[error("setting `{name}` {problem}")]
    Declaration {
        /// The setting.
        name: String,
        /// What is wrong, and the cure.
        problem: String,
    },
}

impl SettingError {
    /// Whether the command line is at fault, rather than a file or the project's code.
    pub fn is_usage(&self) -> bool {
        match self {
            SettingError::Value { origin, .. } | SettingError::Unknown { origin, .. } => {
                *origin == Origin::Option
            }
            SettingError::Contradiction { .. } => true,
            SettingError::Declaration { .. } => false,
        }
    }
}

fn settings(known: &[Declared]) -> String {
    match known {
        [] => "it has none".to_owned(),
        some => {
            let list: Vec<String> = some.iter().map(Declared::to_string).collect();
            format!("it has {}", list.join("; "))
        }
    }
}
