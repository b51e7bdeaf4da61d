//! A program without scripts.

use layerw_ecs::World;
use layerw_ecs::schedule::Entry;
use layerw_memory::Arena;

use super::ScriptFigures;
use super::untold::parts;
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
