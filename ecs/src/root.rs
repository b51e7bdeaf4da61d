//! Page 0 of the world: what an image begins with, the clock of the simulation, and the headers of all tables.

use crate::archetype::ArchetypeRecord;
use crate::chunk::{ChunkRecord, ColumnRecord};
use crate::entities::Slot;
use crate::registry::ComponentRecord;
use crate::slab::SlabRecord;
use bytemuck::{Pod, Zeroable};
use layerw_memory::{PAGE, PageRun};

/// What the first page begins with.
pub(crate) const MAGIC: [u8; 8] = *b"LWworld\n";

/// The layout of root, tables, slabs and columns. Any change to them needs another number.
pub(crate) const FORMAT: u32 = 2;

/// The run that the root stands in.
pub(crate) const ROOT_RUN: PageRun = PageRun { first: 0, pages: 1 };

/// The tables of a world, by their place in [`Root::tables`].
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum TableName {
    /// [`Slot`] by entity index.
    Slots,
    /// Indices of free slots; the last is used first.
    Free,
    /// [`ComponentRecord`] by component id.
    Components,
    /// [`ArchetypeRecord`] in order of creation.
    Archetypes,
    /// Component ids of all archetypes, one list behind the other.
    Lists,
    /// [`ChunkRecord`] by chunk number.
    Chunks,
    /// [`ColumnRecord`] of all chunks, one list behind the other.
    Columns,
    /// [`SlabRecord`] by slab number.
    Slabs,
}

impl TableName {
    pub(crate) const ALL: [TableName; 8] = [
        TableName::Slots,
        TableName::Free,
        TableName::Components,
        TableName::Archetypes,
        TableName::Lists,
        TableName::Chunks,
        TableName::Columns,
        TableName::Slabs,
    ];

    /// Bytes of one record.
    pub(crate) fn record_bytes(self) -> u32 {
        let bytes = match self {
            TableName::Slots => size_of::<Slot>(),
            TableName::Components => size_of::<ComponentRecord>(),
            TableName::Archetypes => size_of::<ArchetypeRecord>(),
            TableName::Free | TableName::Lists => size_of::<u32>(),
            TableName::Chunks => size_of::<ChunkRecord>(),
            TableName::Columns => size_of::<ColumnRecord>(),
            TableName::Slabs => size_of::<SlabRecord>(),
        };
        bytes as u32
    }

    /// What messages call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            TableName::Slots => "table of entity slots",
            TableName::Free => "table of free entity indices",
            TableName::Components => "table of components",
            TableName::Archetypes => "table of archetypes",
            TableName::Lists => "table of component lists",
            TableName::Chunks => "table of chunks",
            TableName::Columns => "table of columns",
            TableName::Slabs => "table of slabs",
        }
    }
}

/// The first bytes of page 0.
#[derive(Debug, Copy, Clone, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Root {
    pub(crate) magic: [u8; 8],
    pub(crate) format: u32,
    pub(crate) page_bytes: u32,
    /// The change tick that edits from outside of systems get.
    pub(crate) tick: u64,
    /// Steps done.
    pub(crate) step: u64,
    /// The seed of all randomness.
    pub(crate) seed: u64,
    /// Simulated seconds a step.
    pub(crate) dt: f64,
    /// The change tick before the last step, and the nodes that it had: what is news to a system is reckoned from them. Not hashed: in a run they follow
    /// from the tick, and only a program with other systems makes a difference of them.
    pub(crate) last_tick: u64,
    pub(crate) last_nodes: u32,
    pub(crate) _pad: u32,
    pub(crate) tables: [TableHeader; TableName::ALL.len()],
}

const _: () = assert!(size_of::<Root>() <= PAGE);

impl Root {
    pub(crate) fn new() -> Self {
        Root {
            magic: MAGIC,
            format: FORMAT,
            page_bytes: PAGE as u32,
            dt: 1.0 / 60.0,
            ..Root::zeroed()
        }
    }
}

/// Where a growable array of records stands.
#[derive(Debug, Copy, Clone, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct TableHeader {
    /// Its pages; none while it is empty.
    pub(crate) run: PageRun,
    /// Records in use.
    pub(crate) len: u32,
    /// Records that fit.
    pub(crate) capacity: u32,
}
