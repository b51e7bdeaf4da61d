//! Files that are whole or absent.
//!
//! A file is written to a draft beside its final name, flushed to the device, and renamed. Whatever ends the process in between (an
//! error, a panic, `kill -9`, the power) leaves the old file, or none, under the final name, and at worst a draft named
//! `.NAME.PROCESS-NUMBER.draft` next to it. Rename is the only operation that file systems promise to be atomic; writing in place
//! and truncating first, the other way, loses the old file before the new one is good.
//!
//! A name that stands for a device or a pipe (`/dev/stdout`) is written straight through: a rename would replace the device itself.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod disk;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[path = "files/page.rs"]
mod disk;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod host;
mod memory;
mod watched;

pub use disk::{Disk, DiskDraft, is_folder};
pub use memory::{InMemory, InMemoryDraft};
pub use watched::Watched;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A place that keeps files.
pub trait Files {
    /// A file being written.
    type Draft: Draft;
    /// A file being read, from its beginning. Not buffered.
    type Source: Read;

    /// Starts a file that appears as `path` when its draft is committed, and replaces the one that is there.
    ///
    /// # Errors
    /// The folder does not exist, `path` is a folder, or the host refuses to write there.
    fn create(&self, path: &Path) -> Result<Self::Draft, FileError>;

    /// The bytes of the file `path`.
    ///
    /// # Errors
    /// There is no such file, it is a folder, or the host refuses to read it.
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// The file `path`, to be read piece by piece: for files that may be larger than memory.
    ///
    /// # Errors
    /// Those of [`Files::read`]; a read that fails later is an [`io::Error`] for [`FileError::read`].
    fn open(&self, path: &Path) -> Result<Self::Source, FileError>;
}

/// A file that is not there yet. Dropped without [`Draft::commit`], it leaves no trace.
///
/// Bytes are collected in a buffer of 64 KiB made at creation; writing allocates nothing on [`Disk`].
pub trait Draft: Write {
    /// The final name.
    fn path(&self) -> &Path;

    /// Makes the draft durable and gives it its final name, in one move.
    ///
    /// # Errors
    /// The host could not write or rename; the file that stood under the name before still does.
    fn commit(self) -> Result<(), FileError>;
}

/// Writes a whole file: `fill` receives the draft, and the file appears when it returns `Ok`.
///
/// # Errors
/// Those of [`Files::create`], of `fill` (named with the path) and of [`Draft::commit`]; none of them leaves a file.
pub fn save<F: Files>(
    files: &F,
    path: &Path,
    fill: impl FnOnce(&mut F::Draft) -> io::Result<()>,
) -> Result<(), FileError> {
    let mut draft = files.create(path)?;
    fill(&mut draft).map_err(|source| FileError::write(path, source))?;
    draft.commit()
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing stands under the name.
    #[error("`{}` does not exist; check the name and the working folder", path.display())]
    Missing {
        /// The file asked for.
        path: PathBuf,
    },
    /// The folder that should hold the file does not exist.
    #[error("cannot write `{}`: the folder `{}` does not exist; create it or name another", path.display(), folder.display())]
    NoFolder {
        /// The file asked for.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The name is a folder's.
    #[error("`{}` is a folder; name a file", path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The host refused.
    #[error("cannot {action} `{}`: {source}; {}", path.display(), cure(source.kind()))]
    Host {
        /// `read` or `write`.
        action: &'static str,
        /// The file asked for.
        path: PathBuf,
        /// What the host said.
        source: io::Error,
    },
}

impl FileError {
    /// What a failed write to the draft of `path` means to a user.
    pub fn write(path: &Path, source: io::Error) -> FileError {
        FileError::Host {
            action: "write",
            path: path.to_owned(),
            source,
        }
    }

    /// What a failed read of `path` means to a user.
    pub fn read(path: &Path, source: io::Error) -> FileError {
        match source.kind() {
            io::ErrorKind::NotFound => FileError::Missing {
                path: path.to_owned(),
            },
            io::ErrorKind::IsADirectory => FileError::IsFolder {
                path: path.to_owned(),
            },
            _ => FileError::Host {
                action: "read",
                path: path.to_owned(),
                source,
            },
        }
    }

    /// The file that the error is about.
    pub fn path(&self) -> &Path {
        match self {
            FileError::Missing { path }
            | FileError::NoFolder { path, .. }
            | FileError::IsFolder { path }
            | FileError::Host { path, .. } => path,
        }
    }
}

fn cure(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => "change its rights or name another place",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space or name another place"
        }
        io::ErrorKind::ReadOnlyFilesystem => "name a place that can be written",
        io::ErrorKind::InvalidFilename => "shorten the name",
        _ => "check the place or name another",
    }
}
