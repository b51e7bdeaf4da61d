//! What can be wrong with a layerw.toml.

use std::fmt;
use std::path::PathBuf;

use layerw_ecs::schedule::NoSuchSystem;
use layerw_memory::MemoryError;
use layerw_platform::files::FileError;

/// Why a layerw.toml could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no text.
    #[error("`{}` is no UTF-8 text from byte {offset} on; save it as UTF-8", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The first byte that is wrong, from 0.
        offset: usize,
    },
    /// The file is no TOML.
    #[error("{place}: {problem}; correct the line")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        problem: String,
    },
    /// A key that means nothing.
    #[error("{place}: `{key}` is not known here; allowed: {allowed}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key, with its section.
        key: String,
        /// The keys that mean something, or what else may stand there.
        allowed: String,
    },
    /// A value that the key cannot have.
    #[error("{place}: `{key} = {value}` cannot be used; give {allowed}")]
    Value {
        /// Where.
        place: Place,
        /// The key, with its section.
        key: String,
        /// The value as it stands in the file.
        value: String,
        /// What may stand there.
        allowed: String,
    },
    /// A key that a section needs.
    #[error("{place}: `{section}` lacks `{key}`; add it")]
    MissingKey {
        /// Where the section begins.
        place: Place,
        /// The section.
        section: String,
        /// The key.
        key: &'static str,
    },
    /// A budget of a system that there is not.
    #[error("{place}: {source}")]
    System {
        /// Where its section begins.
        place: Place,
        /// Which one, and which there are.
        source: NoSuchSystem,
    },
    /// The budgets do not fit.
    #[error("{place}: {source}")]
    Memory {
        /// Where `[memory]` begins.
        place: Place,
        /// What does not fit.
        source: MemoryError,
    },
}

/// A line of a file, printed as "`layerw.toml`, line 3".
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, line {}", self.path.display(), self.line)
    }
}
