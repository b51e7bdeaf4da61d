//! Snapshot files: an image of the world that knows what run it belongs to, so that `--restore` needs nothing else said.

use std::path::{Path, PathBuf};

use layerw_ecs::{EcsError, World, image_header};
use layerw_platform::files::{Draft, FileError, Files};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::identity::Identity;

/// What stands in front of the image.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Header {
    pub(crate) identity: Identity,
    /// Steps done since the simulation's beginning.
    pub(crate) step: u64,
}

/// A snapshot, read and found whole, not yet restored.
#[derive(Debug)]
pub(crate) struct Snapshot {
    path: PathBuf,
    pub(crate) header: Header,
    bytes: Vec<u8>,
}

/// Why a snapshot could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file is no image, of another version, cut, damaged, or does not fit the program or its memory.
    #[error("`{}`: {source}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<EcsError>,
    },
    /// The image is whole, and what stands in front of it is not ours.
    #[error("`{}` is an image of a world, not a snapshot of a run; give a file that `run --snapshot` wrote", path.display())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// The snapshot is another project's.
    #[error("`{}` is a snapshot of project `{found}`, and this is `{here}`; restore it with its own project", path.display())]
    Project {
        /// The file.
        path: PathBuf,
        /// The project in it.
        found: String,
        /// This one.
        here: String,
    },
}

impl Snapshot {
    /// Reads a snapshot of `project`.
    ///
    /// # Errors
    /// The file cannot be read, is something else, cut, damaged, or of another project.
    pub(crate) fn read(files: &impl Files, path: &Path, project: &str) -> Result<Snapshot> {
        let bytes = files.read(path)?;
        let header = image_header(&bytes).map_err(|source| image(path, source.into()))?;
        let header: Header = serde_json::from_slice(header).map_err(|_| SnapshotError::Header {
            path: path.to_owned(),
        })?;
        if header.identity.project != project {
            let error = SnapshotError::Project {
                path: path.to_owned(),
                found: header.identity.project,
                here: project.to_owned(),
            };
            return Err(error.into());
        }
        Ok(Snapshot {
            path: path.to_owned(),
            header,
            bytes,
        })
    }

    /// Makes `world` the world of the snapshot. On failure it is as it was.
    ///
    /// # Errors
    /// The image does not fit the program's components or its memory.
    pub(crate) fn restore(self, world: &mut World) -> Result<(), SnapshotError> {
        let done = world.restore(&self.bytes);
        done.map(drop).map_err(|source| image(&self.path, source))
    }
}

/// Writes a snapshot and gives it its name.
///
/// # Errors
/// The host cannot write.
pub(crate) fn write(mut draft: impl Draft, identity: &Identity, world: &World) -> Result<()> {
    let header = Header {
        identity: identity.clone(),
        step: world.step(),
    };
    let header = serde_json::to_vec(&header).expect("a header has nothing that JSON lacks");
    match world.snapshot(&mut draft, &header) {
        Ok(()) => Ok(draft.commit()?),
        Err(EcsError::Image(layerw_ecs::ImageError::Write(source))) => {
            Err(FileError::write(draft.path(), source).into())
        }
        Err(other) => Err(image(draft.path(), other).into()),
    }
}

fn image(path: &Path, source: EcsError) -> SnapshotError {
    SnapshotError::Image {
        path: path.to_owned(),
        source: Box::new(source),
    }
}
