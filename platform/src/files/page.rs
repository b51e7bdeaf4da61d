//! The files of a page: those that came with it, and those that the run wrote, which the page offers for download.

use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use super::{Draft, FileError, Files};
use crate::web;

/// The files of the page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// A file of [`Disk`] that is not there yet.
#[derive(Debug)]
pub struct DiskDraft {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Files for Disk {
    type Draft = DiskDraft;
    type Source = Cursor<Vec<u8>>;

    fn create(&self, path: &Path) -> Result<DiskDraft, FileError> {
        if path.file_name().is_none() {
            return Err(FileError::IsFolder {
                path: path.to_owned(),
            });
        }
        Ok(DiskDraft {
            path: path.to_owned(),
            bytes: Vec::new(),
        })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        web::file(&name(path)).ok_or_else(|| FileError::Missing {
            path: path.to_owned(),
        })
    }

    fn open(&self, path: &Path) -> Result<Cursor<Vec<u8>>, FileError> {
        self.read(path).map(Cursor::new)
    }
}

impl Draft for DiskDraft {
    fn path(&self) -> &Path {
        &self.path
    }

    fn commit(self) -> Result<(), FileError> {
        web::keep(&name(&self.path), &self.bytes);
        Ok(())
    }
}

impl Write for DiskDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether there is such a folder: a page has one, which is the working folder.
pub fn is_folder(path: &Path) -> bool {
    name(path).is_empty()
}

/// A file's name as the page has it: without the `./` of the working folder.
fn name(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    path.to_string_lossy().into_owned()
}
