//! What a folder is, before cargo is asked to build it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Failure;

/// A folder with a Cargo.toml or a layerw.toml, which is well-formed if there is one.
#[derive(Debug)]
pub struct Project {
    /// Absolute: settings and assets are here.
    pub folder: PathBuf,
    /// The folder of the package whose program runs it, absolute: the same, or the player's.
    pub package: PathBuf,
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
        let absolute = std::path::absolute(folder).map_err(|source| Failure::Unreadable {
            path: named.clone(),
            source,
        })?;
        // Without a trailing slash.
        let folder: PathBuf = absolute.components().collect();
        let (package, binary) = match (folder.join("Cargo.toml").is_file(), has_settings) {
            (true, _) => (folder.clone(), None),
            (false, true) => (ours("player")?, Some("layerw-player")),
            (false, false) => return Err(Failure::NotAProject { folder: named }),
        };
        Ok(Project {
            folder,
            package,
            named,
            binary,
        })
    }

    /// The same project, run by the player whatever program it has.
    pub fn by_player(self) -> Result<Project, Failure> {
        Ok(Project {
            package: ours("player")?,
            binary: Some("layerw-player"),
            ..self
        })
    }

    /// One of our own packages, for a program of it that needs no project.
    pub fn of_ours(member: &str, binary: &'static str) -> Result<Project, Failure> {
        let folder = ours(member)?;
        Ok(Project {
            binary: Some(binary),
            ..Project::find(&folder)?
        })
    }

    /// The Cargo.toml of the package that runs it.
    pub fn manifest(&self) -> PathBuf {
        self.package.join("Cargo.toml")
    }
}

/// The folder of a package beside this command's own: programs of ours are built from the sources that this command was built from.
fn ours(member: &str) -> Result<PathBuf, Failure> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(member);
    match package.join("Cargo.toml").is_file() {
        true => Ok(package),
        false => Err(Failure::NoSources { package }),
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
