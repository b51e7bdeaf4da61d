//! What a folder is, before cargo is asked to build it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Failure;

/// A folder with a Cargo.toml, and a layerw.toml that is well-formed if there is one.
#[derive(Debug)]
pub struct Project {
    /// Absolute.
    pub folder: PathBuf,
    /// As the user wrote it, for messages.
    pub named: PathBuf,
    /// The program to build; None leaves the choice to the package.
    pub binary: Option<&'static str>,
}

impl Project {
    /// The project in `folder`.
    pub fn find(folder: &Path) -> Result<Project, Failure> {
        let named = folder.to_owned();
        match fs::metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::NoFolder { folder: named });
            }
            Err(source) => {
                return Err(Failure::Unreadable {
                    path: named,
                    source,
                });
            }
            Ok(data) if !data.is_dir() => return Err(Failure::NotAFolder { folder: named }),
            Ok(_) => {}
        }
        let has_settings = check_settings(&folder.join("layerw.toml"))?;
        match (folder.join("Cargo.toml").is_file(), has_settings) {
            (false, false) => Err(Failure::NotAProject { folder: named }),
            (false, true) => Err(Failure::ScriptsOnly { folder: named }),
            (true, _) => {
                let absolute =
                    std::path::absolute(folder).map_err(|source| Failure::Unreadable {
                        path: named.clone(),
                        source,
                    })?;
                // Without a trailing slash.
                let folder = absolute.components().collect();
                Ok(Project {
                    folder,
                    named,
                    binary: None,
                })
            }
        }
    }

    /// Its Cargo.toml.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }
}

/// Whether there is a file of settings. What the settings mean is the engine's to say, but a slip of the pen should not cost a build.
fn check_settings(path: &Path) -> Result<bool, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => {
            return Err(Failure::Unreadable {
                path: path.to_owned(),
                source,
            });
        }
    };
    match text.parse::<toml::Table>() {
        Ok(_) => Ok(true),
        Err(error) => {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let problem = error.message().lines().collect::<Vec<_>>().join(", ");
            Err(Failure::Settings {
                path: path.to_owned(),
                line,
                problem,
            })
        }
    }
}
