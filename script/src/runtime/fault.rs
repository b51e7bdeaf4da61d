//! What happened in a script, for people.

use layerw_ecs::Entity;
use std::fmt;

/// A system of a script failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The script.
    pub script: String,
    /// The system.
    pub system: String,
    /// `file.ts:line:column`, where the module has a source map that knows.
    pub at: Option<String>,
    /// The entity at hand, where the module says which.
    pub entity: Option<Entity>,
    /// The step.
    pub step: u64,
    /// What happened, in words.
    pub what: String,
    /// Whether it happens again with the same world. Time is not like that.
    pub repeats: bool,
}

/// ``script `flock`, system `Steer` at steer.ts:12:9, entity 17v1, step 3: divided by zero``
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "script `{}`, system `{}`", self.script, self.system)?;
        if let Some(at) = &self.at {
            write!(f, " at {at}")?;
        }
        if let Some(entity) = self.entity {
            write!(f, ", entity {entity}")?;
        }
        write!(f, ", step {}: {}", self.step, self.what)
    }
}
