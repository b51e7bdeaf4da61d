//! Rows: appended, moved between archetypes, removed.

use super::copy::copy_value;
use super::{Context, Storage};
use crate::chunk::{CHUNK_ROWS, ChunkId, ChunkRecord, ColumnRecord};
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
        let archetype = &mut self.archetypes[hole.archetype as usize];
        archetype.rows -= 1;
        let last_id = archetype.chunks[archetype.live - 1];
        // SAFETY: chunks of an archetype exist.
        let last = unsafe { *self.chunks.at(last_id.0) };
        let last_row = last.len - 1;
        if last_id.0 != location.chunk() || last_row != location.row() {
            self.fill(hole, location, last, last_row, entities, context);
        }
        // SAFETY: as above; `&mut self` excludes readers.
        unsafe { (*self.chunks.at_mut(last_id.0)).len = last_row };
        if last_row == 0 && last.order > 0 {
            self.close_chunk(last_id, context);
        }
    }

    /// Copies the last row of an archetype over another.
    #[inline(always)]
    fn fill(
        &mut self,
        hole: ChunkRecord,
        location: Location,
        last: ChunkRecord,
        last_row: u32,
        entities: &mut Entities,
        context: Context<'_>,
    ) {
        if context.pages.history().is_on() {
            self.before_write_rows(ChunkId(location.chunk()), location.row(), 1, context);
        }
        let (base, row) = (context.pages.base(), location.row() as usize);
        let to = self
            .columns
            .range_mut(hole.columns, hole.column_count as usize);
        let from = self.first_column(last);
        let sizes = self.archetypes[hole.archetype as usize].sizes();
        for (column, &size) in sizes.iter().enumerate() {
            // SAFETY: both chunks are of this archetype, so their column records exist and their columns hold values of `size` bytes at
            // rows below their capacity; the two rows differ, so they do not overlap. `&mut self` excludes readers.
            unsafe {
                let (from, to): (ColumnRecord, &mut ColumnRecord) =
                    (*from.add(column), &mut *to.add(column));
                let source =
                    base.wrapping_add(from.offset as usize + last_row as usize * size as usize);
                let target = base.wrapping_add(to.offset as usize + row * size as usize);
                copy_value(source, target, size);
                to.changed = context.tick;
            }
        }
        let (source, target): (*const Entity, *mut Entity) = (
            context.pages.at(last.entities).cast(),
            context.pages.at(hole.entities).cast(),
        );
        // SAFETY: rows below the capacities of the two entity columns; the last row holds a living entity.
        let moved = unsafe {
            let moved = source.add(last_row as usize).read();
            target.add(row).write(moved);
            moved
        };
        entities.relocate(moved.index(), location);
    }

    /// Moves an entity's row to another archetype. Values of components that only the target has are for the caller to write.
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
        let (source, chunk) = unsafe { (*self.chunks.at(location.chunk()), *self.chunks.at(id.0)) };
        debug_assert_ne!(source.archetype, target);
        let row = chunk.len;
        let (here, there) = (
            &self.archetypes[source.archetype as usize],
            &self.archetypes[target as usize],
        );
        let (mut column, base) = (0, context.pages.base());
        for (from, component) in here.components().iter().enumerate() {
            // Both lists are sorted, so one walk over the target's finds all that the two share.
            while there
                .components()
                .get(column)
                .is_some_and(|other| other < component)
            {
                column += 1;
            }
            if there.components().get(column) == Some(component) {
                let size = here.sizes()[from];
                let source = self.column_offset(source, from) as usize
                    + location.row() as usize * size as usize;
                let target =
                    self.column_offset(chunk, column) as usize + row as usize * size as usize;
                // SAFETY: rows below the capacities of two columns of this component; different chunks, so disjoint.
                unsafe { copy_value(base.wrapping_add(source), base.wrapping_add(target), size) };
            }
        }
        self.add_rows(id, 1, context);
        self.set_entity(id, row, entity, context);
        let moved = Location::new(id.0, row);
        entities.relocate(entity.index(), moved);
        self.remove_row(location, entities, context);
        Ok(moved)
    }

    /// Rows that a chunk can still take.
    pub(crate) fn spare(&self, id: ChunkId) -> (u32, u32) {
        let record = self.chunks.get(id.0);
        debug_assert!(record.capacity <= CHUNK_ROWS);
        (record.len, record.capacity - record.len)
    }
}
