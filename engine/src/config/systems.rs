//! `[systems.NAME]`: what a system may take.

use layerw_ecs::schedule::{OverScratch, ScratchBudget};

use super::error::{ConfigError, Place};
use super::memory::SIZE;
use super::reader::Section;

/// One section `[systems.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SystemBudget {
    /// The system's name. Whether there is such a system shows when the project is built.
    pub(crate) name: String,
    pub(crate) scratch: ScratchBudget,
    /// Where the section begins.
    pub(crate) place: Place,
}

/// Reads `[systems]`, in order of name.
pub(super) fn read(mut section: Section<'_>) -> Result<Vec<SystemBudget>, ConfigError> {
    let mut budgets = Vec::new();
    for (name, mut system) in section.subsections()? {
        let bytes = system.size("scratch", SIZE)?;
        let over = system.text("over", "\"error\" or \"degrade\"", |over| match over {
            "error" => Some(OverScratch::Error),
            "degrade" => Some(OverScratch::Degrade),
            _ => None,
        })?;
        let scratch = ScratchBudget {
            bytes: system.required("scratch", bytes)?,
            over: over.unwrap_or_default(),
        };
        let place = system.place();
        system.finish()?;
        budgets.push(SystemBudget {
            name,
            scratch,
            place,
        });
    }
    section.finish()?;
    Ok(budgets)
}
