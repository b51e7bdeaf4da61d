//! A program without scripts.

use std::path::Path;

use layerw_ecs::World;
use layerw_ecs::schedule::Entry;
use layerw_memory::Arena;

use super::{Classes, Part, ScriptFigures, ScriptsError};
use crate::config::ScriptsConfig;
use crate::error::Result as Outcome;
use crate::settings::Settings;

/// None.
#[derive(Debug, Default)]
pub(crate) struct Loaded {}

/// Nothing to load, or a refusal.
pub(crate) fn load(settings: &Settings, _: &mut World) -> Outcome<Loaded> {
    parts(settings.project(), settings.scripts())?;
    settings.check_no_breakpoints()?;
    Ok(Loaded::default())
}

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

impl Loaded {
    pub(crate) fn entries(&mut self) -> Vec<Entry> {
        Vec::new()
    }

    pub(crate) fn figures(&self, _: &Arena) -> Vec<ScriptFigures> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sim;
    use layerw_memory::MemoryConfig;

    #[test]
    fn a_script_is_refused_with_the_cure() {
        let memory = MemoryConfig::with_total(16 << 20);
        let mut sim = Sim::with_memory(&memory).expect("a small arena");
        let settings = Settings::new().with_script("movement.ts");
        let refused = sim.scripts(&settings).err().expect("nothing runs it here");
        let said = refused.to_string();
        assert!(said.ends_with("movement.ts` is a script, and this program runs none; add the feature `scripts` of `layerw` to the project"), "{said}");
        assert!(
            sim.scripts(&Settings::new()).is_ok(),
            "no scripts, nothing to refuse"
        );
    }
}
