//! Where each component of each chunk stands, by component first: looking an entity up is two loads, its slot and this, and then its value.
//!
//! A chunk's own records hold the same, but by way of its archetype, whose list of columns has to be searched: five loads that wait for each other,
//! while the machine could have fetched the next entities. An index beside the arena, made from the records; it takes four bytes for each
//! component and chunk number, up to the last chunk that has the component.

use crate::chunk::{ChunkId, ChunkRecord};
use crate::entity::Entity;
use crate::registry::ComponentId;

/// No such column. Columns are aligned to 64 bytes, so no offset equals it; a small number, which instructions hold.
const ABSENT: u32 = 1;

/// Offsets of row 0 of all columns.
#[derive(Default)]
pub(crate) struct Places {
    /// By component number, then by chunk number.
    offsets: Vec<Vec<u32>>,
}

/// Where all chunks of a world have one component. Good for as long as the world is shared; lifetimes are left to who keeps it, because queries
/// lend it for shorter ones.
#[derive(Debug, Copy, Clone)]
pub struct ColumnPlaces {
    base: *mut u8,
    /// By chunk number.
    offsets: *const u32,
    len: usize,
}

// SAFETY: addresses and numbers, which lead to nothing without the promises of who uses them.
unsafe impl Send for ColumnPlaces {}
// SAFETY: as above.
unsafe impl Sync for ColumnPlaces {}

impl ColumnPlaces {
    /// The address of row 0 in a chunk, if it has the component.
    ///
    /// # Safety
    /// The world has been shared since the places were looked up.
    #[inline(always)]
    pub(crate) unsafe fn of(self, chunk: ChunkId) -> Option<*mut u8> {
        let chunk = chunk.0 as usize;
        // SAFETY: below the length of the list, which changes only under `&mut World`.
        match (chunk < self.len).then(|| unsafe { *self.offsets.add(chunk) }) {
            Some(offset) if offset != ABSENT => Some(self.base.wrapping_add(offset as usize)),
            _ => None,
        }
    }
}

/// Where all chunks of a world have their entities. Good for as long as the world is shared.
#[derive(Debug, Copy, Clone)]
pub struct EntityPlaces {
    pub(super) base: *mut u8,
    pub(super) chunks: *const ChunkRecord,
}

// SAFETY: as for `ColumnPlaces`.
unsafe impl Send for EntityPlaces {}
// SAFETY: as above.
unsafe impl Sync for EntityPlaces {}

impl EntityPlaces {
    /// The entity of a row.
    ///
    /// # Safety
    /// The chunk is of the world that this is of, which has been shared since, and the row is below its length.
    #[inline(always)]
    pub(crate) unsafe fn entity(self, chunk: ChunkId, row: usize) -> Entity {
        // SAFETY: the chunk's record exists, and records change only under `&mut World`.
        let entities = unsafe { (*self.chunks.add(chunk.0 as usize)).entities };
        let first: *const Entity = self.base.wrapping_add(entities as usize).cast();
        // SAFETY: the entity column holds a living entity at each row below the length.
        unsafe { *first.add(row) }
    }
}

impl Places {
    /// Where all chunks have a component, by addresses from `base` on.
    #[inline(always)]
    pub(crate) fn of(&self, component: ComponentId, base: *mut u8) -> ColumnPlaces {
        let offsets = self
            .offsets
            .get(component.0 as usize)
            .map_or(&[][..], Vec::as_slice);
        ColumnPlaces {
            base,
            offsets: offsets.as_ptr(),
            len: offsets.len(),
        }
    }

    /// Notes where a column stands now.
    pub(super) fn put(&mut self, component: ComponentId, chunk: ChunkId, offset: u32) {
        debug_assert_ne!(offset, ABSENT);
        let (component, chunk) = (component.0 as usize, chunk.0 as usize);
        if self.offsets.len() <= component {
            self.offsets.resize_with(component + 1, Vec::new);
        }
        let chunks = &mut self.offsets[component];
        if chunks.len() <= chunk {
            chunks.resize(chunk + 1, ABSENT);
        }
        chunks[chunk] = offset;
    }

    /// Forgets a column whose memory was given back.
    pub(super) fn remove(&mut self, component: ComponentId, chunk: ChunkId) {
        self.offsets[component.0 as usize][chunk.0 as usize] = ABSENT;
    }
}
