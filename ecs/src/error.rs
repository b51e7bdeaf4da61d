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
        source: MemoryError,
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
    /// The entity does not live.
    #[error(transparent)]
    NoSuchEntity(#[from] NoSuchEntity),
    /// An image could not be written or read.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl EcsError {
    /// Says what the memory was for.
    pub(crate) fn memory(what: impl Into<String>) -> impl FnOnce(MemoryError) -> EcsError {
        |source| EcsError::Memory {
            what: what.into(),
            source,
        }
    }
}
