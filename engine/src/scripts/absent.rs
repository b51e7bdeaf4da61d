//! A program without scripts.

use layerw_ecs::World;
use layerw_ecs::system::SystemDecl;
use layerw_memory::Arena;

use super::{ScriptFigures, ScriptsError};
use crate::settings::Settings;

/// None.
#[derive(Debug, Default)]
pub(crate) struct Loaded;

/// Nothing to load, or a refusal.
pub(super) fn load(settings: &Settings, _: &mut World) -> Result<Loaded, ScriptsError> {
    match settings.scripts().files.first() {
        None => Ok(Loaded),
        Some(file) => Err(ScriptsError::Absent {
            path: settings.project().join(file),
        }),
    }
}

impl Loaded {
    pub(super) fn take(&mut self, _: Loaded) -> Vec<SystemDecl> {
        Vec::new()
    }

    pub(crate) fn figures(&self, _: &Arena) -> Vec<ScriptFigures> {
        Vec::new()
    }
}
