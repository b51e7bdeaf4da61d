//! The host's file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::host;
use super::{Draft, FileError, Files};

/// Bytes collected before the host is called; larger writes pass straight through.
const BUFFER_BYTES: usize = 64 * 1024;

/// The host's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// A file of [`Disk`] that is not there yet.
#[derive(Debug)]
pub struct DiskDraft {
    writer: BufWriter<File>,
    path: PathBuf,
    /// Where the bytes go until the commit. None once committed, and for devices and pipes.
    rename: Option<Rename>,
}

#[derive(Debug)]
struct Rename {
    from: PathBuf,
    /// The final name with links followed, so that a link keeps pointing where its owner set it.
    to: PathBuf,
}

impl Files for Disk {
    type Draft = DiskDraft;
    type Source = File;

    fn create(&self, path: &Path) -> Result<DiskDraft, FileError> {
        let known = fs::metadata(path).ok();
        if path.file_name().is_none() || known.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(FileError::IsFolder {
                path: path.to_owned(),
            });
        }
        let (file, rename) = match known {
            Some(known) if !known.is_file() => {
                let file = OpenOptions::new().write(true).open(path);
                (file.map_err(|source| FileError::write(path, source))?, None)
            }
            known => {
                let to = match known {
                    Some(_) => {
                        host::real_name(path).map_err(|source| FileError::write(path, source))?
                    }
                    None => path.to_owned(),
                };
                let (file, from) = open_beside(&to).map_err(|source| refused(path, source))?;
                (file, Some(Rename { from, to }))
            }
        };
        let writer = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(DiskDraft {
            writer,
            path: path.to_owned(),
            rename,
        })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        fs::read(path).map_err(|source| FileError::read(path, source))
    }

    fn open(&self, path: &Path) -> Result<File, FileError> {
        let file = File::open(path).map_err(|source| FileError::read(path, source))?;
        // Some hosts open a folder like a file and refuse only the first read.
        match file.metadata() {
            Ok(known) if known.is_dir() => Err(FileError::IsFolder {
                path: path.to_owned(),
            }),
            Ok(_) => Ok(file),
            Err(source) => Err(FileError::read(path, source)),
        }
    }
}

/// Whether there is such a folder.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

impl Draft for DiskDraft {
    fn path(&self) -> &Path {
        &self.path
    }

    fn commit(mut self) -> Result<(), FileError> {
        self.publish()
            .map_err(|source| FileError::write(&self.path, source))
    }
}

impl DiskDraft {
    fn publish(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        let Some(rename) = &self.rename else {
            return Ok(());
        };
        // The bytes before the name: a name that survives a power cut must not point at bytes that do not.
        self.writer.get_ref().sync_all()?;
        fs::rename(&rename.from, &rename.to)?;
        let folder = folder_of(&rename.to).to_owned();
        self.rename = None;
        host::sync_folder(&folder)
    }
}

impl Write for DiskDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for DiskDraft {
    fn drop(&mut self) {
        if let Some(rename) = &self.rename {
            // Nobody is left to tell; a draft that stays is harmless.
            let _ = fs::remove_file(&rename.from);
        }
    }
}

/// Opens a new file in the folder of `path`, hence on its file system, under a name that no other draft has.
fn open_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    loop {
        // Relaxed: only distinct values matter, nothing is published.
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = folder_of(path).join(format!(".{name}.{}-{number}.draft", host::process()));
        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => return Ok((file, draft)),
            // Left by a killed process that had our number: take the next.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn refused(path: &Path, source: io::Error) -> FileError {
    let folder = folder_of(path);
    match source.kind() {
        io::ErrorKind::NotFound if !folder.exists() => FileError::NoFolder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        },
        _ => FileError::write(path, source),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
