//! Archetypes: sets of components, in order of creation, each with its chunks.

use crate::chunk::{CHUNK_ROWS, ChunkId};
use crate::registry::{ComponentId, Components};
use bytemuck::{Pod, Zeroable};

/// One archetype in the arena.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ArchetypeRecord {
    /// Its first entry in the table of lists; the others follow.
    pub(crate) list: u32,
    /// Components.
    pub(crate) len: u32,
}

const NO_COLUMN: u16 = u16::MAX;

/// A set of components and the chunks with the rows of all entities that have exactly these.
///
/// Archetypes are never removed and keep their number. All chunks but the last are full.
#[derive(Debug)]
pub struct Archetype {
    id: u32,
    components: Box<[ComponentId]>,
    /// Bytes of a value, by column.
    sizes: Box<[u32]>,
    /// Column by component number, up to the highest number of the set.
    columns: Box<[u16]>,
    /// Chunks with memory, then those without that wait to be used again.
    pub(crate) chunks: Vec<ChunkId>,
    /// How many of them have memory.
    pub(crate) live: usize,
    /// Rows of all chunks.
    pub(crate) rows: usize,
}

impl Archetype {
    /// An archetype of sorted, distinct components.
    pub(crate) fn new(id: u32, list: &[ComponentId], components: &Components) -> Self {
        debug_assert!(list.is_sorted_by(|a, b| a < b));
        let mut columns = vec![NO_COLUMN; list.last().map_or(0, |last| last.0 as usize + 1)];
        for (column, component) in list.iter().enumerate() {
            columns[component.0 as usize] = column as u16;
        }
        Archetype {
            id,
            components: list.into(),
            sizes: list
                .iter()
                .map(|&component| components.value_bytes(component))
                .collect(),
            columns: columns.into(),
            chunks: Vec::new(),
            live: 0,
            rows: 0,
        }
    }

    /// Its number: its place in [`World::archetypes`](crate::World::archetypes).
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its components, sorted: column k holds component k.
    pub fn components(&self) -> &[ComponentId] {
        &self.components
    }

    /// The column of a component, if the archetype has it.
    #[inline(always)]
    pub fn column(&self, component: ComponentId) -> Option<usize> {
        match self.columns.get(component.0 as usize) {
            Some(&column) if column != NO_COLUMN => Some(column as usize),
            _ => None,
        }
    }

    /// Its chunks in order. Only the first may be empty, and only the last may have room.
    #[inline(always)]
    pub fn chunks(&self) -> &[ChunkId] {
        &self.chunks[..self.live]
    }

    /// Its entities.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no entity has exactly these components now.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes of a value, by column.
    #[inline(always)]
    pub(crate) fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// The chunk that holds a row of the archetype, and the row's place in it.
    pub(crate) fn place(&self, row: usize) -> (ChunkId, u32) {
        (
            self.chunks[row / CHUNK_ROWS as usize],
            (row % CHUNK_ROWS as usize) as u32,
        )
    }
}
