//! Rows: appended, moved between archetypes, removed.

use super::copy::copy_value;
use super::{Context, Storage};
use crate::chunk::{CHUNK_ROWS, ChunkId, ChunkRecord};
use crate::entities::{Entities, Location};
use crate::entity::Entity;
use crate::error::EcsError;
use crate::registry::ComponentId;
use layerw_memory::History;

impl Storage {
    /// Adds `count` rows, whose values and entities the caller writes or has written, to a chunk with room for them.
    #[inline]
    pub(crate) fn add_rows(&mut self, id: ChunkId, count: u32, context: Context<'_>) {
        let record = self.chunks.at_mut(id.0);
        // SAFETY: the chunk exists, and `&mut self` excludes readers.
        let record = unsafe {
            debug_assert!((*record).len + count <= (*record).capacity);
            (*record).len += count;
            *record
        };
        self.archetypes[record.archetype as usize].rows += count as usize;
        self.mark(record, context.tick);
    }

    /// Notes a change of all columns of a chunk.
    #[inline(always)]
    fn mark(&mut self, record: ChunkRecord, tick: u64) {
        let count = record.column_count as usize;
        let first = self.columns.range_mut(record.columns, count);
        for column in 0..count {
            // SAFETY: the chunk's column records exist, and `&mut self` excludes readers.
            unsafe { (*first.add(column)).changed = tick };
        }
    }

    /// Notes a change of one column of a chunk, in a row that is about to be written.
    #[inline]
    pub(crate) fn mark_column(&mut self, location: Location, column: usize, context: Context<'_>) {
        let record = self.chunks.get(location.chunk());
        let changed = self.columns.at_mut(record.columns + column as u32);
        // SAFETY: columns of a chunk exist, and `&mut self` excludes readers.
        unsafe { (*changed).changed = context.tick };
        if context.pages.history().is_on() {
            let size = self.archetypes[record.archetype as usize].sizes()[column];
            let offset = self.column_offset(record, column) + location.row() * size;
            context.pages.before_write(offset, size as usize);
        }
    }

    /// To be called before rows of a chunk are written, whether they exist already or are about to; not for those of a column that is granted by its tick.
    #[cold]
    pub(crate) fn before_write_rows(
        &self,
        id: ChunkId,
        first: u32,
        count: u32,
        context: Context<'_>,
    ) {
        let record = self.chunks.get(id.0);
        let sizes = self.archetypes[record.archetype as usize].sizes();
        for (column, &size) in sizes.iter().enumerate() {
            let offset = self.column_offset(record, column) + first * size;
            context
                .pages
                .before_write(offset, count as usize * size as usize);
        }
        let size = size_of::<Entity>() as u32;
        let offset = record.entities + first * size;
        context
            .pages
            .before_write(offset, count as usize * size as usize);
    }

    /// To be called before a column of a chunk is written, on the worker that is about to.
    #[cold]
    #[inline(never)]
    pub(crate) fn before_write_column(&self, id: ChunkId, column: usize, history: &History) {
        let record = self.chunks.get(id.0);
        self.columns.before_write(record.columns + column as u32, 1);
        let size = self.archetypes[record.archetype as usize].sizes()[column];
        let offset = self.column_offset(record, column);
        history.before_write(offset, record.len as usize * size as usize);
    }

    /// The address of a value of `size` bytes; `None` where the row's archetype lacks the component.
    #[inline(always)]
    pub(crate) fn value(
        &self,
        location: Location,
        component: ComponentId,
        size: usize,
        context: Context<'_>,
    ) -> Option<*mut u8> {
        let places = self.places.of(component, context.pages.base());
        // SAFETY: `&self` shares the world.
        let column = unsafe { places.of(ChunkId(location.chunk()))? };
        Some(column.wrapping_add(location.row() as usize * size))
    }

    /// Writes the entity of a row.
    #[inline(always)]
    pub(crate) fn set_entity(
        &mut self,
        id: ChunkId,
        row: u32,
        entity: Entity,
        context: Context<'_>,
    ) {
        // SAFETY: the chunk exists.
        let entities = unsafe { (*self.chunks.at(id.0)).entities };
        let first: *mut Entity = context.pages.at(entities).cast();
        // SAFETY: the entity column has `capacity` places and the row is below that.
        unsafe { first.add(row as usize).write(entity) };
    }

    /// Removes a row: the archetype's last row takes its place. The row's entity is not touched.
    #[inline]
    pub(crate) fn remove_row(
        &mut self,
        location: Location,
        entities: &mut Entities,
        context: Context<'_>,
    ) {
        // SAFETY: locations of living entities lead to chunks.
        let hole = unsafe { *self.chunks.at(location.chunk()) };
        let last = self.last_row(hole.archetype);
        if last.at != location {
            self.prepare_fill(hole, location, context);
            let base = context.pages.base();
            let columns = self.columns.first_mut();
            let sizes = self.archetypes[hole.archetype as usize].sizes();
            for (column, &size) in sizes.iter().enumerate() {
                // SAFETY: both chunks are of this archetype, so their column records exist and their columns hold values of `size` bytes at
                // rows below their capacity; the two rows differ, so they do not overlap. `&mut self` excludes readers.
                unsafe {
                    let to = columns.add(hole.columns as usize + column);
                    let from = (*columns.add(last.record.columns as usize + column)).offset;
                    let source = value_at(base, from, last.at.row(), size);
                    copy_value(
                        source,
                        value_at(base, (*to).offset, location.row(), size),
                        size,
                    );
                    (*to).changed = context.tick;
                }
            }
            fill_entity(hole, location, last, entities, context);
        }
        self.shrink(last, context);
    }

    /// The row at the end of an archetype that has rows.
    #[inline(always)]
    fn last_row(&self, archetype: u32) -> LastRow {
        let archetype = &self.archetypes[archetype as usize];
        let id = archetype.chunks[archetype.live - 1];
        // SAFETY: chunks of an archetype exist.
        let record = unsafe { *self.chunks.at(id.0) };
        let at = Location::new(id.0, record.len - 1);
        LastRow { at, record }
    }

    /// To be called before a row is written over by the last one.
    #[inline(always)]
    fn prepare_fill(&mut self, hole: ChunkRecord, location: Location, context: Context<'_>) {
        if context.pages.history().is_on() {
            self.before_write_rows(ChunkId(location.chunk()), location.row(), 1, context);
            self.columns
                .before_write(hole.columns, hole.column_count as usize);
        }
    }

    /// Takes the last row off, whose values are elsewhere by now.
    #[inline(always)]
    fn shrink(&mut self, last: LastRow, context: Context<'_>) {
        let LastRow { at, record } = last;
        // SAFETY: chunks of an archetype exist; `&mut self` excludes readers.
        unsafe { (*self.chunks.at_mut(at.chunk())).len = at.row() };
        self.archetypes[record.archetype as usize].rows -= 1;
        if at.row() == 0 && record.order > 0 {
            self.close_chunk(ChunkId(at.chunk()), context);
        }
    }

    /// Moves an entity's row to another archetype, and the last row of its own to where it was: one pass over the columns of its own. Values of
    /// components that only the target has are for the caller to write.
    pub(crate) fn move_row(
        &mut self,
        entity: Entity,
        location: Location,
        target: u32,
        entities: &mut Entities,
        context: Context<'_>,
    ) -> Result<Location, EcsError> {
        let id = self.room(target, 1, context)?;
        // SAFETY: locations of living entities lead to chunks, and so do ids.
        let (hole, chunk) = unsafe { (*self.chunks.at(location.chunk()), *self.chunks.at(id.0)) };
        debug_assert_ne!(hole.archetype, target);
        let moved = Location::new(id.0, chunk.len);
        let last = self.last_row(hole.archetype);
        let fills = last.at != location;
        if fills {
            self.prepare_fill(hole, location, context);
        }
        let base = context.pages.base();
        let columns = self.columns.first_mut();
        let (here, there) = (
            &self.archetypes[hole.archetype as usize],
            &self.archetypes[target as usize],
        );
        for (column, (&component, &size)) in here.components().iter().zip(here.sizes()).enumerate()
        {
            // SAFETY: columns of the three chunks exist, those of the hole and of the last row in the same order, and all hold values of this
            // component at rows below their capacities; no two of the rows are the same, so they do not overlap. `&mut self` excludes readers.
            unsafe {
                let from = columns.add(hole.columns as usize + column);
                let value = value_at(base, (*from).offset, location.row(), size);
                if let Some(column) = there.column(component) {
                    let to = (*columns.add(chunk.columns as usize + column)).offset;
                    copy_value(value, value_at(base, to, moved.row(), size), size);
                }
                if fills {
                    let last_column = (*columns.add(last.record.columns as usize + column)).offset;
                    let source = value_at(base, last_column, last.at.row(), size);
                    copy_value(source, value, size);
                    (*from).changed = context.tick;
                }
            }
        }
        if fills {
            fill_entity(hole, location, last, entities, context);
        }
        self.add_rows(id, 1, context);
        self.set_entity(id, moved.row(), entity, context);
        entities.relocate(entity.index(), moved);
        self.shrink(last, context);
        Ok(moved)
    }

    /// Rows that a chunk can still take.
    pub(crate) fn spare(&self, id: ChunkId) -> (u32, u32) {
        let record = self.chunks.get(id.0);
        debug_assert!(record.capacity <= CHUNK_ROWS);
        (record.len, record.capacity - record.len)
    }
}

/// The row at the end of an archetype.
#[derive(Copy, Clone)]
struct LastRow {
    at: Location,
    /// Its chunk.
    record: ChunkRecord,
}

/// The address of a value of `size` bytes in a column that begins at `offset`.
#[inline(always)]
fn value_at(base: *mut u8, offset: u32, row: u32, size: u32) -> *mut u8 {
    base.wrapping_add(offset as usize + row as usize * size as usize)
}

/// Puts the entity of an archetype's last row in the place of another.
#[inline(always)]
fn fill_entity(
    hole: ChunkRecord,
    location: Location,
    last: LastRow,
    entities: &mut Entities,
    context: Context<'_>,
) {
    let source: *const Entity = context.pages.at(last.record.entities).cast();
    let target: *mut Entity = context.pages.at(hole.entities).cast();
    // SAFETY: rows below the capacities of the two entity columns; the last row holds a living entity.
    let moved = unsafe {
        let moved = source.add(last.at.row() as usize).read();
        target.add(location.row() as usize).write(moved);
        moved
    };
    entities.relocate(moved.index(), location);
}
