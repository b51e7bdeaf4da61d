//! `[input.NAME]`: what an action is bound to.

use super::error::{ConfigError, Place};
use super::reader::Section;

/// One section `[input.NAME]`. Whether there is such an action, and such sources, shows when the project is built.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InputBinding {
    pub(crate) action: String,
    /// Sources that count as -1.
    pub(crate) negative: Vec<String>,
    pub(crate) positive: Vec<String>,
    /// Where the section begins.
    pub(crate) place: Place,
}

/// Reads `[input]`, in order of name.
pub(super) fn read(mut section: Section<'_>) -> Result<Vec<InputBinding>, ConfigError> {
    const SOURCES: &str = "a list of sources, such as [\"Space\", \"Pad South\"]";
    let mut bindings = Vec::new();
    for (action, mut input) in section.subsections()? {
        let negative = input.texts("negative", SOURCES)?;
        let positive = input.texts("sources", SOURCES)?;
        let positive = input.required("sources", positive)?;
        let place = input.place();
        input.finish()?;
        bindings.push(InputBinding {
            action,
            negative: negative.unwrap_or_default(),
            positive,
            place,
        });
    }
    section.finish()?;
    Ok(bindings)
}
