//! What file systems' hosts differ in: numbers of processes, links, and folders that can be flushed.

use std::io;
use std::path::{Path, PathBuf};

/// A number that no other running process has, where the host counts processes, else 0.
#[cfg(not(target_family = "wasm"))]
pub(super) fn process() -> u32 {
    std::process::id()
}

/// A number that no other running process has, where the host counts processes, else 0.
#[cfg(target_family = "wasm")]
pub(super) fn process() -> u32 {
    0
}

/// The name of a file that exists, with links followed.
#[cfg(not(target_family = "wasm"))]
pub(super) fn real_name(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// The name of a file that exists, with links followed: WASI knows no absolute names that could be asked for.
#[cfg(target_family = "wasm")]
pub(super) fn real_name(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows before it calls it a loop.
    const LINKS_MAX: usize = 40;
    let mut name = path.to_owned();
    for _ in 0..LINKS_MAX {
        if !std::fs::symlink_metadata(&name)?.is_symlink() {
            return Ok(name);
        }
        let target = std::fs::read_link(&name)?;
        name = name.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::other("too many links in a row"))
}

/// Makes a rename itself durable. Only Unix lets a program open a folder for that; elsewhere the file system's journal must do.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Makes a rename itself durable. Only Unix lets a program open a folder for that; elsewhere the file system's journal must do.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
