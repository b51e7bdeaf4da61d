//! Files for hosts that have no file system: a browser page keeps them here and offers them for download, a test looks at them.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Draft, FileError, Files};

/// Files in memory, without folders: any name but one that ends in `/` is a file's. Clones share their files.
#[derive(Clone, Debug, Default)]
pub struct InMemory {
    files: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
}

/// A file of [`InMemory`] that is not there yet.
#[derive(Debug)]
pub struct InMemoryDraft {
    place: InMemory,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl InMemory {
    /// The names of all files, sorted.
    pub fn names(&self) -> Vec<PathBuf> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Vec<u8>>> {
        // A panic elsewhere cannot leave the map half-changed: every change is one insert.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for InMemory {
    type Draft = InMemoryDraft;
    type Source = Cursor<Vec<u8>>;

    fn create(&self, path: &Path) -> Result<InMemoryDraft, FileError> {
        if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(FileError::IsFolder {
                path: path.to_owned(),
            });
        }
        Ok(InMemoryDraft {
            place: self.clone(),
            path: path.to_owned(),
            bytes: Vec::new(),
        })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let found = self.lock().get(path).cloned();
        found.ok_or_else(|| FileError::Missing {
            path: path.to_owned(),
        })
    }

    fn open(&self, path: &Path) -> Result<Cursor<Vec<u8>>, FileError> {
        self.read(path).map(Cursor::new)
    }
}

impl Draft for InMemoryDraft {
    fn path(&self) -> &Path {
        &self.path
    }

    fn commit(self) -> Result<(), FileError> {
        self.place.lock().insert(self.path, self.bytes);
        Ok(())
    }
}

impl Write for InMemoryDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
