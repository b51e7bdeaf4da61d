//! Archetypes, chunks and columns together: where rows are made, moved and removed.
//!
//! ```text
//! archetype ── chunks in order ── chunk record ── column records ── blocks of slabs
//!   {A, B}      [ 4096 | 4096 | 123 ]   len, capacity   offset, changed      values
//! ```
//!
//! All chunks but the last are full: a new row goes to the end of the last chunk, and a removed row is filled by the archetype's last row. An
//! archetype's first chunk begins with 64 rows and is replaced, under its own number, by one of 512 and then of 4 096; what it
//! held before goes back to the slabs. It stays when its last row goes, so that an archetype whose only entity comes and goes does
//! not build columns each time; later chunks give their blocks back and keep their number.
//!
//! Memory is asked for first and rows are touched after, so a refusal leaves everything as it was.

mod copy;
mod places;
mod rows;

use crate::archetype::{Archetype, ArchetypeRecord};
use crate::chunk::{CHUNK_CAPACITIES, CHUNK_ROWS, ChunkId, ChunkRecord, ColumnRecord};
use crate::entities::CHUNKS_MAX;
use crate::error::EcsError;
use crate::pages::Pages;
use crate::registry::{ComponentId, Components};
use crate::slab::{Block, ENTITY_COLUMN, NO_SLAB, Slabs};
use crate::table::Table;
use layerw_memory::History;
use places::Places;
pub use places::{ColumnPlaces, EntityPlaces};
use std::collections::BTreeMap;
use std::ptr;
use std::sync::Arc;

/// All rows of a world.
pub(crate) struct Storage {
    pub(crate) archetypes: Vec<Archetype>,
    lookup: BTreeMap<Box<[ComponentId]>, u32>,
    pub(crate) archetype_records: Table<ArchetypeRecord>,
    pub(crate) lists: Table<u32>,
    pub(crate) chunks: Table<ChunkRecord>,
    pub(crate) columns: Table<ColumnRecord>,
    pub(crate) slabs: Slabs,
    pub(crate) places: Places,
    /// Changes with the set of archetypes or of chunks that hold memory.
    pub(crate) structure: u64,
    /// Blocks taken for a chunk that is not there yet; kept for its memory.
    taken: Vec<Block>,
    /// What has to be told before columns are written.
    pub(crate) history: Arc<History>,
}

/// What most of the functions here need besides.
#[derive(Copy, Clone)]
pub(crate) struct Context<'a> {
    pub(crate) components: &'a Components,
    pub(crate) pages: &'a Pages,
    /// What changed columns are marked with.
    pub(crate) tick: u64,
}

impl Storage {
    /// Over the tables, with the indices rebuilt from them. `structure` must differ from what any reader saw before.
    pub(crate) fn new(
        archetype_records: Table<ArchetypeRecord>,
        lists: Table<u32>,
        chunks: Table<ChunkRecord>,
        columns: Table<ColumnRecord>,
        slabs: Slabs,
        components: &Components,
        structure: u64,
    ) -> Self {
        let (archetypes, lookup, taken) = (Vec::new(), BTreeMap::new(), Vec::new());
        let history = chunks.history().clone();
        let places = Places::default();
        let mut storage = Storage {
            archetypes,
            lookup,
            archetype_records,
            lists,
            chunks,
            columns,
            slabs,
            places,
            structure,
            taken,
            history,
        };
        for id in 0..storage.archetype_records.len() {
            let record = storage.archetype_records.get(id);
            let list: Vec<_> = (record.list..record.list + record.len)
                .map(|entry| ComponentId(storage.lists.get(entry)))
                .collect();
            storage.note_archetype(&list, components);
        }
        let mut chunks: Vec<_> = storage.chunks.iter().zip((0..).map(ChunkId)).collect();
        chunks.sort_by_key(|(record, _)| (record.archetype, record.order));
        for (record, id) in chunks {
            let archetype = &mut storage.archetypes[record.archetype as usize];
            archetype.chunks.push(id);
            archetype.live += usize::from(record.capacity > 0);
            archetype.rows += record.len as usize;
            if record.capacity > 0 {
                for (&component, column) in archetype.components().iter().zip(record.columns..) {
                    let offset = storage.columns.get(column).offset;
                    storage.places.put(component, id, offset);
                }
            }
        }
        storage
    }

    /// The archetype of exactly these components, sorted and distinct, if there is one.
    pub(crate) fn find(&self, list: &[ComponentId]) -> Option<u32> {
        self.lookup.get(list).copied()
    }

    /// The archetype of exactly these components, sorted and distinct, made if there is none.
    pub(crate) fn archetype(
        &mut self,
        list: &[ComponentId],
        context: Context<'_>,
    ) -> Result<u32, EcsError> {
        if let Some(id) = self.find(list) {
            return Ok(id);
        }
        let (pages, owner) = (context.pages, context.components.table_owner());
        let refused = || {
            EcsError::memory(format!(
                "the table of archetypes, {} so far",
                self.archetypes.len()
            ))
        };
        let refused = (refused(), refused());
        self.archetype_records
            .reserve(1, pages, owner)
            .map_err(refused.0)?;
        self.lists
            .reserve(list.len() as u32, pages, owner)
            .map_err(refused.1)?;
        let record = ArchetypeRecord {
            list: self.lists.len(),
            len: list.len() as u32,
        };
        for &component in list {
            self.lists.push_within(component.0);
        }
        self.archetype_records.push_within(record);
        self.structure += 1;
        Ok(self.note_archetype(list, context.components))
    }

    fn note_archetype(&mut self, list: &[ComponentId], components: &Components) -> u32 {
        let id = self.archetypes.len() as u32;
        self.archetypes.push(Archetype::new(id, list, components));
        self.lookup.insert(list.into(), id);
        id
    }

    /// Where all chunks have their entities, by addresses from `base` on.
    pub(crate) fn entity_places(&self, base: *mut u8) -> EntityPlaces {
        EntityPlaces {
            base,
            chunks: self.chunks.first(),
        }
    }

    /// The first column record of a chunk.
    #[inline(always)]
    pub(crate) fn first_column(&self, record: ChunkRecord) -> *const ColumnRecord {
        // Not through `at`: a chunk without components has no column record.
        self.columns.first().wrapping_add(record.columns as usize)
    }

    /// The offset of a column's row 0.
    #[inline(always)]
    pub(crate) fn column_offset(&self, record: ChunkRecord, column: usize) -> u32 {
        // SAFETY: columns of an archetype's chunk exist, and offsets change only under `&mut World`.
        unsafe { (*self.columns.at(record.columns + column as u32)).offset }
    }

    /// The archetype's last chunk, with room for at least one row, which may be written; `wanted` more rows are about to come.
    #[inline]
    pub(crate) fn room(
        &mut self,
        archetype: u32,
        wanted: usize,
        context: Context<'_>,
    ) -> Result<ChunkId, EcsError> {
        let id = self.chunk_with_room(archetype, wanted, context)?;
        if context.pages.history().is_on() {
            let len = self.chunks.get(id.0).len;
            self.before_write_rows(id, len, 1, context);
        }
        Ok(id)
    }

    #[inline(always)]
    fn chunk_with_room(
        &mut self,
        archetype: u32,
        wanted: usize,
        context: Context<'_>,
    ) -> Result<ChunkId, EcsError> {
        let known = &self.archetypes[archetype as usize];
        if let Some(&last) = known.chunks().last() {
            // SAFETY: the chunk exists.
            let ChunkRecord { len, capacity, .. } = unsafe { *self.chunks.at(last.0) };
            if len < capacity
                && (capacity == CHUNK_ROWS || len as usize + wanted <= capacity as usize)
            {
                return Ok(last);
            }
        }
        self.make_room(archetype, wanted, context)
    }

    #[cold]
    fn make_room(
        &mut self,
        archetype: u32,
        wanted: usize,
        context: Context<'_>,
    ) -> Result<ChunkId, EcsError> {
        let known = &self.archetypes[archetype as usize];
        let Some(&first) = known.chunks().first() else {
            return self.add_chunk(archetype, capacity_for(wanted), context);
        };
        let record = self.chunks.get(first.0);
        if known.live > 1 || record.capacity == CHUNK_ROWS {
            return self.add_chunk(archetype, CHUNK_ROWS, context);
        }
        match self.replace_chunk(first, capacity_for(record.len as usize + wanted), context) {
            // Room for one row is enough to go on, where the pool has not what was wished for.
            Err(_) if record.len < record.capacity => Ok(first),
            replaced => replaced.map(|()| first),
        }
    }

    /// Gives the archetype another chunk.
    fn add_chunk(
        &mut self,
        archetype: u32,
        capacity: u32,
        context: Context<'_>,
    ) -> Result<ChunkId, EcsError> {
        let known = &self.archetypes[archetype as usize];
        let (order, count) = (known.live, known.components().len() as u32);
        let id = match known.chunks.get(order) {
            Some(&waiting) => waiting,
            None => {
                if self.chunks.len() == CHUNKS_MAX {
                    return Err(EcsError::TooManyChunks {
                        archetype,
                        max: CHUNKS_MAX,
                    });
                }
                let owner = context.components.table_owner();
                self.chunks
                    .reserve(1, context.pages, owner)
                    .map_err(EcsError::memory("the table of chunks"))?;
                self.columns
                    .reserve(count, context.pages, owner)
                    .map_err(EcsError::memory("the table of columns"))?;
                let columns = self.columns.len();
                for _ in 0..count {
                    self.columns.push_within(ColumnRecord {
                        offset: 0,
                        slab: NO_SLAB,
                        changed: 0,
                    });
                }
                let record = ChunkRecord {
                    archetype,
                    len: 0,
                    capacity: 0,
                    order: order as u32,
                    columns,
                    entities: 0,
                    entities_slab: NO_SLAB,
                    column_count: count,
                };
                let id = ChunkId(self.chunks.push_within(record));
                self.archetypes[archetype as usize].chunks.push(id);
                id
            }
        };
        self.take_blocks(archetype, capacity, context)?;
        self.seat(id, capacity, context);
        self.archetypes[archetype as usize].live += 1;
        self.structure += 1;
        Ok(id)
    }

    /// Moves the rows of a chunk to larger columns.
    fn replace_chunk(
        &mut self,
        id: ChunkId,
        capacity: u32,
        context: Context<'_>,
    ) -> Result<(), EcsError> {
        let old = self.chunks.get(id.0);
        self.take_blocks(old.archetype, capacity, context)?;
        let blocks: Vec<_> = self.blocks(old).collect();
        self.seat(id, capacity, context);
        let archetype = &self.archetypes[old.archetype as usize];
        let new: Vec<_> = self.blocks(self.chunks.get(id.0)).collect();
        let sizes = archetype
            .sizes()
            .iter()
            .copied()
            .chain([size_of::<u64>() as u32]);
        for ((from, to), size) in blocks.iter().zip(&new).zip(sizes) {
            let bytes = size as usize * old.len as usize;
            context.pages.before_write(to.offset, bytes);
            // SAFETY: both blocks have room for `len` values of this size, and the new one was free, so the two are disjoint.
            unsafe {
                ptr::copy_nonoverlapping(
                    context.pages.at(from.offset),
                    context.pages.at(to.offset),
                    bytes,
                )
            };
        }
        for block in blocks {
            self.slabs.give(block, context.components, context.pages);
        }
        self.structure += 1;
        Ok(())
    }

    /// Takes the memory of the archetype's last chunk, which has no rows, and lets its number wait.
    fn close_chunk(&mut self, id: ChunkId, context: Context<'_>) {
        let mut record = self.chunks.get(id.0);
        debug_assert_eq!(record.len, 0, "chunk {} still has rows", id.0);
        for column in record.columns..record.columns + record.column_count {
            let ColumnRecord { offset, slab, .. } = self.columns.get(column);
            self.slabs
                .give(Block { offset, slab }, context.components, context.pages);
            self.columns.set(
                column,
                ColumnRecord {
                    offset: 0,
                    slab: NO_SLAB,
                    changed: 0,
                },
            );
            let archetype = &self.archetypes[record.archetype as usize];
            let component = archetype.components()[(column - record.columns) as usize];
            self.places.remove(component, id);
        }
        self.slabs.give(
            Block {
                offset: record.entities,
                slab: record.entities_slab,
            },
            context.components,
            context.pages,
        );
        (record.capacity, record.entities, record.entities_slab) = (0, 0, NO_SLAB);
        self.chunks.set(id.0, record);
        self.archetypes[record.archetype as usize].live -= 1;
        self.structure += 1;
    }

    /// Takes blocks for all columns of a chunk, entities last, into `taken`; or none.
    fn take_blocks(
        &mut self,
        archetype: u32,
        capacity: u32,
        context: Context<'_>,
    ) -> Result<(), EcsError> {
        debug_assert!(self.taken.is_empty());
        let list = self.archetypes[archetype as usize]
            .components()
            .iter()
            .copied()
            .chain([ENTITY_COLUMN]);
        for component in list {
            match self
                .slabs
                .take(component, capacity, context.components, context.pages)
            {
                Ok(block) => self.taken.push(block),
                Err(refusal) => {
                    for block in self.taken.drain(..) {
                        self.slabs.give(block, context.components, context.pages);
                    }
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }

    /// Gives the blocks in `taken` to a chunk.
    fn seat(&mut self, id: ChunkId, capacity: u32, context: Context<'_>) {
        let mut record = self.chunks.get(id.0);
        let entities = self.taken.pop().expect("the entity column's block");
        (record.capacity, record.entities, record.entities_slab) =
            (capacity, entities.offset, entities.slab);
        self.chunks.set(id.0, record);
        let components = self.archetypes[record.archetype as usize].components();
        for (column, block) in (record.columns..).zip(self.taken.drain(..)) {
            self.columns.set(
                column,
                ColumnRecord {
                    offset: block.offset,
                    slab: block.slab,
                    changed: context.tick,
                },
            );
            let component = components[(column - record.columns) as usize];
            self.places.put(component, id, block.offset);
        }
    }

    /// The blocks of a chunk, entities last.
    fn blocks(&self, record: ChunkRecord) -> impl Iterator<Item = Block> + '_ {
        let columns = record.columns..record.columns + record.column_count;
        let columns = columns.map(|column| self.columns.get(column));
        columns
            .map(|ColumnRecord { offset, slab, .. }| Block { offset, slab })
            .chain([Block {
                offset: record.entities,
                slab: record.entities_slab,
            }])
    }
}

/// The smallest class for this many rows; the largest where none is enough.
fn capacity_for(rows: usize) -> u32 {
    CHUNK_CAPACITIES
        .into_iter()
        .find(|&capacity| rows <= capacity as usize)
        .unwrap_or(CHUNK_ROWS)
}
