//! What can be wrong with a recording.

use std::fmt;
use std::path::PathBuf;

use layerw_platform::files::FileError;

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is something else.
    #[error("`{}` is no recording; give a file that `run --record` wrote", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version.
    #[error("`{}` is a recording of format {found}, and this program reads formats 1 to {known}; use the engine that wrote it, or record again", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The file ends too early.
    #[error("`{}` is cut off: the block at byte {offset} is not whole; copy it again, or record again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Where the block begins that the file does not hold whole.
        offset: u64,
    },
    /// The file was changed.
    #[error("`{}` is damaged at byte {offset}: {damage}; copy it again, or record again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the block begins that is not as it was written.
        offset: u64,
        /// What is wrong with it.
        damage: Damage,
    },
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Damage {
    /// Its bytes do not have their checksum.
    Checksum,
    /// Its checksum is right and its content is not: another program wrote it.
    Content(&'static str),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Checksum => write!(f, "the checksum is wrong"),
            Damage::Content(what) => write!(f, "{what}"),
        }
    }
}
