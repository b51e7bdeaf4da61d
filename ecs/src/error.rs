//! What can be refused here, with the cure.

use crate::entity::NoSuchEntity;
use crate::image::ImageError;
use layerw_memory::MemoryError;

/// Why the world refused. Every message names the thing, the value and the cure.
#[derive(Debug, thiserror::Error)]
pub enum EcsError {
    /// The Logic pool, or an owner's share of it, is used up. The message ends with the table of who holds what.
    #[error("world: no memory for {what}: {source}")]
    Memory {
        /// What was to grow.
        what: String,
        /// The refusal, with sizes and holders.
        source: Box<MemoryError>,
    },
    /// The arena's Logic pool belongs to another world, or someone holds its first page.
    #[error(
        "world: the arena's Logic pool is taken ({source}); a world needs a pool of its own, so make another arena for it"
    )]
    PoolTaken {
        /// What the pool said.
        source: MemoryError,
    },
    /// A component's name is known with another layout.
    #[error(
        "component `{name}` is declared twice with different layouts ({differences}); make the two agree, or give one another name: #[component(name = \"…\")]"
    )]
    LayoutConflict {
        /// The component.
        name: String,
        /// Field by field, what the caller declares ("here") and what the world knows ("there").
        differences: String,
    },
    /// Two Rust types have one component name.
    #[error(
        "component `{name}` is declared by two Rust types; give one of them another name: #[component(name = \"…\")]"
    )]
    TwoTypes {
        /// The component.
        name: String,
    },
    /// A schema that was not made by `#[component]` does not hold together.
    #[error(
        "component `{name}` cannot live in the world: {fault}; cover every byte by one field, aligned, in order"
    )]
    BadSchema {
        /// The component.
        name: String,
        /// What is wrong.
        fault: String,
    },
    /// More component types than the table holds.
    #[error(
        "component `{name}` is one too many: a world knows at most {max}; merge small components, or split the simulation"
    )]
    TooManyComponents {
        /// The component that found no room.
        name: String,
        /// Component types of a world.
        max: u32,
    },
    /// More chunks than a location can name.
    #[error(
        "world: archetype {archetype} needs another chunk, and a world has at most {max}; spawn fewer entities or use fewer archetypes"
    )]
    TooManyChunks {
        /// The archetype.
        archetype: u32,
        /// Chunks of a world.
        max: u32,
    },
    /// More entities than an index can name.
    #[error("world: {count} more entities do not fit into 32-bit indices; spawn fewer")]
    TooManyEntities {
        /// Entities asked for.
        count: u64,
    },
    /// A bundle names a component more than once, or more components than a bundle may have.
    #[error("bundle {bundle}: {fault}; name each component once")]
    BadBundle {
        /// The bundle's Rust type.
        bundle: &'static str,
        /// What is wrong.
        fault: String,
    },
    /// A system that is no Rust function cannot run over this world.
    #[error("system `{system}` cannot run over this world: {reason}")]
    Unfit {
        /// The system.
        system: String,
        /// Why, with the cure.
        reason: String,
    },
    /// The entity does not live.
    #[error(transparent)]
    NoSuchEntity(#[from] NoSuchEntity),
    /// Asked for in the middle of a step, where the world is half of two states.
    #[error(
        "world: {what} was asked for while the systems of step {step} run; ask between two steps"
    )]
    StepRuns {
        /// What was asked for.
        what: &'static str,
        /// Steps done.
        step: u64,
    },
    /// The step that was asked for is not kept.
    #[error(
        "world: step {asked} is not kept, {}; keep more steps, or give them a larger budget",
        kept_steps(kept)
    )]
    NotKept {
        /// The step.
        asked: u64,
        /// The oldest and the newest step that are kept.
        kept: Option<(u64, u64)>,
    },
    /// A fork's bytes are gone.
    #[error(
        "world: the fork of step {step} is lost, because the budget of `rewind` in pool scene did not suffice to keep what was written since; raise it, or          use a fork sooner"
    )]
    ForkLost {
        /// The step that it was taken of.
        step: u64,
    },
    /// A fork that is newer than the state to go back to is still held.
    #[error(
        "world: it cannot go back to step {asked} while a fork of step {fork} is held, which is made of what was written since; drop the fork first, or make          it a world of its own"
    )]
    ForkHeld {
        /// The step to go back to.
        asked: u64,
        /// The step of the newest fork.
        fork: u64,
    },
    /// An image could not be written or read.
    #[error(transparent)]
    Image(#[from] ImageError),
}

fn kept_steps(kept: &Option<(u64, u64)>) -> String {
    match kept {
        Some((oldest, newest)) => format!("and those from {oldest} to {newest} are"),
        None => "and none is".to_owned(),
    }
}

impl EcsError {
    /// Says what the memory was for.
    pub(crate) fn memory(what: impl Into<String>) -> impl FnOnce(MemoryError) -> EcsError {
        |source| EcsError::Memory {
            what: what.into(),
            source: Box::new(source),
        }
    }
}
