//! Chunks: up to 4 096 rows of one archetype, a column per component.

use crate::entity::Entity;
use crate::pages::Pages;
use crate::storage::Storage;
use bytemuck::{Pod, Zeroable};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows of a full chunk, on every host: enough that work per chunk costs nothing per row, few enough that the columns a system
/// touches stay in a core's second-level cache from one system to the next.
pub const CHUNK_ROWS: u32 = 4096;

/// Rows that a chunk can have: an archetype's first chunk grows through these, the others begin with the last.
pub(crate) const CHUNK_CAPACITIES: [u32; 3] = [64, 512, CHUNK_ROWS];

/// A chunk's number in its world. It stays with its archetype: a chunk that was emptied comes back under the same number.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ChunkId(pub u32);

/// One chunk in the arena.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ChunkRecord {
    pub(crate) archetype: u32,
    /// Rows in use.
    pub(crate) len: u32,
    /// Rows that fit: one of [`CHUNK_CAPACITIES`], or 0 while the chunk holds no memory.
    pub(crate) capacity: u32,
    /// Its place among the chunks of the archetype.
    pub(crate) order: u32,
    /// Its first record in the table of columns; the others follow in the order of the archetype's components.
    pub(crate) columns: u32,
    /// Offset of the entity column.
    pub(crate) entities: u32,
    /// Slab of the entity column.
    pub(crate) entities_slab: u32,
    /// Columns.
    pub(crate) column_count: u32,
}

/// One column of a chunk in the arena.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ColumnRecord {
    /// Offset of row 0.
    pub(crate) offset: u32,
    /// Slab that it stands in.
    pub(crate) slab: u32,
    /// The tick of the last write access that was granted.
    pub(crate) changed: u64,
}

/// A chunk as systems see it: addresses that stay where they are while the world is shared.
///
/// Column data is reached by address only, because several workers may hold the same chunk, each with the columns that its system declared.
#[derive(Copy, Clone)]
pub struct Chunk<'w> {
    id: ChunkId,
    base: *mut u8,
    columns: *mut ColumnRecord,
    entities: *const Entity,
    archetype: u32,
    len: u32,
    column_count: u32,
    storage: &'w Storage,
}

// SAFETY: addresses and numbers; what they lead to is read and written under the rules of the methods below.
unsafe impl Send for Chunk<'_> {}
// SAFETY: as above.
unsafe impl Sync for Chunk<'_> {}

impl<'w> Chunk<'w> {
    #[inline(always)]
    pub(crate) fn new(storage: &'w Storage, pages: &Pages, id: ChunkId) -> Self {
        Self::of(storage, pages, id, storage.chunks.get(id.0))
    }

    /// The same for a chunk that an archetype lists.
    ///
    /// # Safety
    /// The chunk exists.
    #[inline(always)]
    pub(crate) unsafe fn listed(storage: &'w Storage, pages: &Pages, id: ChunkId) -> Self {
        // SAFETY: the caller's promise.
        Self::of(storage, pages, id, unsafe { *storage.chunks.at(id.0) })
    }

    #[inline(always)]
    fn of(storage: &'w Storage, pages: &Pages, id: ChunkId, record: ChunkRecord) -> Self {
        Chunk {
            id,
            base: pages.base(),
            // Ticks are set while the world is shared, see `set_changed`.
            columns: storage.first_column(record).cast_mut(),
            entities: pages.at(record.entities).cast(),
            archetype: record.archetype,
            len: record.len,
            column_count: record.column_count,
            storage,
        }
    }

    /// Its number.
    pub fn id(&self) -> ChunkId {
        self.id
    }

    /// Rows in use.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no row is in use, which happens only to an archetype's first chunk.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of its archetype.
    #[inline(always)]
    pub fn archetype(&self) -> u32 {
        self.archetype
    }

    /// The entities of its rows.
    #[inline(always)]
    pub fn entities(&self) -> &'w [Entity] {
        // SAFETY: the entity column holds `len` living entities, and they change only under `&mut World`, which `'w` excludes.
        unsafe { slice::from_raw_parts(self.entities, self.len as usize) }
    }

    /// The record of a column, which must exist.
    #[inline(always)]
    fn column(&self, column: usize) -> *mut ColumnRecord {
        if column >= self.column_count as usize {
            no_column(column, self.column_count);
        }
        self.columns.wrapping_add(column)
    }

    /// The address of row 0 of a column, 64-byte aligned. The rows follow one another; a column of a type without bytes has an aligned address
    /// that leads nowhere. The address stays while the chunk lives.
    ///
    /// # Panics
    /// The archetype has fewer columns.
    #[inline(always)]
    pub fn column_ptr(&self, column: usize) -> NonNull<u8> {
        // SAFETY: the record exists; its offset does not change while the world is shared, and only `changed` beside it does. The pool's base
        // is not null, and offsets stay within the pool.
        unsafe {
            NonNull::new_unchecked(
                self.base
                    .wrapping_add((*self.column(column)).offset as usize),
            )
        }
    }

    /// The tick of the last write access to a column.
    ///
    /// # Panics
    /// The archetype has fewer columns.
    #[inline]
    pub fn changed(&self, column: usize) -> u64 {
        // SAFETY: the record exists and is aligned to 8. Relaxed: who may see a write of another system is ordered by the plan, which makes the
        // column's values visible by the same edge as its tick; the atomic only keeps a check outside the plan from being a data race.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.column(column)).changed) }
            .load(Ordering::Relaxed)
    }

    /// Notes a write access to a column; to be called before it is written, by whoever is about to.
    ///
    /// # Safety
    /// The caller holds the write access to this column of this chunk, or the world exclusively.
    ///
    /// # Panics
    /// The archetype has fewer columns.
    #[inline]
    pub unsafe fn set_changed(&self, column: usize, tick: u64) {
        if self.storage.history.is_on() {
            self.storage
                .before_write_column(self.id, column, &self.storage.history);
        }
        // SAFETY: the caller's promise, and the column was granted.
        unsafe { self.set_tick(column, tick) };
    }

    /// The same where no history has to be told.
    ///
    /// # Safety
    /// As [`set_changed`](Self::set_changed), and no history is on.
    #[inline(always)]
    pub(crate) unsafe fn set_tick(&self, column: usize, tick: u64) {
        let record = self.column(column);
        // SAFETY: as in `changed`. Relaxed: as there.
        unsafe { AtomicU64::from_ptr(&raw mut (*record).changed) }.store(tick, Ordering::Relaxed);
    }
}

/// A column that an archetype does not have. It takes its numbers by value: formatting takes addresses, and a `Chunk` whose field has an
/// address lives in memory instead of in registers, which costs more than a small chunk's rows.
#[cold]
#[inline(never)]
fn no_column(column: usize, columns: u32) -> ! {
    panic!("column {column} of {columns}");
}
