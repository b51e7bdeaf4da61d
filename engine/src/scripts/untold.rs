//! A program that cannot tell what scripts are, having no compiler for them.

use std::path::Path;

use layerw_ecs::World;

use super::{Classes, Part, ScriptsError};
use crate::config::ScriptsConfig;

/// Nothing to tell of, or a refusal.
pub(crate) fn parts(folder: &Path, config: &ScriptsConfig) -> Result<Vec<Part>, ScriptsError> {
    match config.files.first() {
        None => Ok(Vec::new()),
        Some(file) => Err(ScriptsError::Absent {
            path: folder.join(file),
        }),
    }
}

/// A refusal.
pub(crate) fn structs(_: &Path, _: &ScriptsConfig) -> Result<Vec<String>, ScriptsError> {
    Err(ScriptsError::NoBindings)
}

/// A refusal.
pub(crate) fn classes(_: &World) -> Result<Classes, ScriptsError> {
    Err(ScriptsError::NoBindings)
}
