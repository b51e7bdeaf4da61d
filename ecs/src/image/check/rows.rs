//! Rows of an image: chunks, columns, entities.

use super::tables::Tables;
use super::{ImageError, Pages};
use crate::chunk::{CHUNK_CAPACITIES, CHUNK_ROWS, ChunkRecord, ColumnRecord};
use crate::entities::{CHUNKS_MAX, Location};
use crate::registry::ComponentId;
use crate::root::TableName;
use crate::slab::{Block, ENTITY_COLUMN, NO_SLAB};

/// Checks chunks with their columns, and that rows and living entities are the same.
pub(super) fn check(pages: &mut Pages<'_>, tables: &Tables) -> Result<(), ImageError> {
    if tables.chunks.len() > CHUNKS_MAX as usize {
        return Err(ImageError::malformed(
            TableName::Chunks.label(),
            format!("more than {CHUNKS_MAX} chunks"),
        ));
    }
    let schemas = pages.schemas;
    let (mut next_column, mut rows) = (0, 0);
    for (number, chunk) in tables.chunks.iter().enumerate() {
        let place = || format!("chunk {number}");
        if chunk.archetype as usize >= tables.archetypes.len()
            || chunk.columns as usize != next_column
        {
            return Err(ImageError::malformed(
                place(),
                "its archetype does not exist, or its columns are not where they belong",
            ));
        }
        let list = tables.list(chunk.archetype);
        let columns = tables
            .columns
            .get(next_column..)
            .and_then(|rest| rest.get(..list.len()));
        let Some(columns) = columns.filter(|columns| columns.len() == chunk.column_count as usize)
        else {
            return Err(ImageError::malformed(
                place(),
                "it has not a column for each component",
            ));
        };
        next_column += list.len();
        if chunk.capacity == 0 {
            check_waiting(chunk, columns).map_err(|fault| ImageError::malformed(place(), fault))?;
            continue;
        }
        for (column, &component) in columns.iter().zip(list) {
            let (id, block) = (
                ComponentId(component),
                Block {
                    offset: column.offset,
                    slab: column.slab,
                },
            );
            let place = || {
                format!(
                    "column `{}` of chunk {number}",
                    schemas[component as usize].name
                )
            };
            let values = pages.refer(block, id, chunk.capacity, chunk.len, &place)?;
            pages.check_bits(id, values, &place)?;
        }
        rows += chunk.len as usize;
        check_entities(pages, tables, number as u32, chunk)?;
    }
    if next_column != tables.columns.len() {
        return Err(ImageError::malformed(
            TableName::Columns.label(),
            "some of it is no chunk's",
        ));
    }
    check_orders(tables)?;
    check_slots(tables, rows)
}

/// A chunk without memory has nothing.
fn check_waiting(chunk: &ChunkRecord, columns: &[ColumnRecord]) -> Result<(), &'static str> {
    let nothing = ColumnRecord {
        offset: 0,
        slab: NO_SLAB,
        changed: 0,
    };
    let empty = chunk.len == 0 && chunk.entities == 0 && chunk.entities_slab == NO_SLAB;
    if empty && columns.iter().all(|column| *column == nothing) {
        Ok(())
    } else {
        Err("it holds no memory and yet rows or columns")
    }
}

/// Every row's entity lives, and lives there.
fn check_entities(
    pages: &mut Pages<'_>,
    tables: &Tables,
    number: u32,
    chunk: &ChunkRecord,
) -> Result<(), ImageError> {
    let bad = |fault: String| Err(ImageError::malformed(format!("chunk {number}"), fault));
    if !CHUNK_CAPACITIES.contains(&chunk.capacity) || chunk.len > chunk.capacity {
        return bad(format!("{} rows of {}", chunk.len, chunk.capacity));
    }
    let block = Block {
        offset: chunk.entities,
        slab: chunk.entities_slab,
    };
    let entities = pages.refer(block, ENTITY_COLUMN, chunk.capacity, chunk.len, &|| {
        format!("entity ids of chunk {number}")
    })?;
    for (row, entity) in entities.chunks_exact(size_of::<u64>()).enumerate() {
        let bits = u64::from_le_bytes(entity.try_into().expect("8 bytes"));
        let (index, generation) = (bits as u32, (bits >> 32) as u32);
        let lives = tables.slots.get(index as usize).is_some_and(|slot| {
            generation != 0
                && slot.generation == generation
                && slot.location == Location::new(number, row as u32).0
        });
        if !lives {
            return bad(format!("the entity of row {row} does not live there"));
        }
    }
    Ok(())
}

/// An archetype's chunks are numbered without gaps; those with memory come first, and all of them but the last are full.
fn check_orders(tables: &Tables) -> Result<(), ImageError> {
    let mut chunks: Vec<_> = tables.chunks.iter().collect();
    chunks.sort_by_key(|chunk| (chunk.archetype, chunk.order));
    for chunks in chunks.chunk_by(|a, b| a.archetype == b.archetype) {
        let bad = |fault: &str| {
            Err(ImageError::malformed(
                format!("chunks of archetype {}", chunks[0].archetype),
                fault,
            ))
        };
        let live = chunks.iter().take_while(|chunk| chunk.capacity > 0).count();
        for (place, chunk) in chunks.iter().enumerate() {
            if chunk.order as usize != place || (chunk.capacity > 0) != (place < live) {
                return bad("their places have gaps");
            }
            let (first, last) = (place == 0, place + 1 == live);
            if place < live
                && (!last && chunk.len < CHUNK_ROWS
                    || !first && (chunk.capacity < CHUNK_ROWS || chunk.len == 0))
            {
                return bad("one is small, empty or not full that may not be");
            }
        }
    }
    Ok(())
}

/// Every slot is of a living entity, of a free index, or used up.
fn check_slots(tables: &Tables, rows: usize) -> Result<(), ImageError> {
    // Each row leads to a slot that leads back to the row, so rows name different slots.
    let living = tables
        .slots
        .iter()
        .filter(|slot| slot.generation != 0)
        .count();
    if living != rows {
        return Err(ImageError::malformed(
            TableName::Slots.label(),
            format!("{living} living entities, and {rows} rows"),
        ));
    }
    let bad = |fault: &str| Err(ImageError::malformed(TableName::Free.label(), fault));
    let mut free = vec![false; tables.slots.len()];
    for &index in &tables.free {
        match tables.slots.get(index as usize) {
            Some(slot) if slot.generation == 0 && slot.location != 0 && !free[index as usize] => {
                free[index as usize] = true
            }
            _ => return bad("an index stands in it that is not free, or twice"),
        }
    }
    let lost = tables
        .slots
        .iter()
        .zip(free)
        .any(|(slot, free)| slot.generation == 0 && slot.location != 0 && !free);
    if lost {
        bad("a free index is missing")
    } else {
        Ok(())
    }
}
