//! Tables of an image: components, slabs, archetypes.

use super::{ImageError, Pages};
use crate::archetype::ArchetypeRecord;
use crate::chunk::{ChunkRecord, ColumnRecord};
use crate::entities::Slot;
use crate::image::runs::Holder;
use crate::registry::{COMPONENTS_MAX, ComponentId, ComponentRecord};
use crate::root::{Root, TableHeader, TableName};
use crate::slab::{Block, CAPACITIES, Cut, ENTITY_COLUMN, NO_SLAB, SlabRecord};
use bytemuck::Zeroable;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// The records of all tables, copied out of the image.
pub(super) struct Tables {
    pub(super) slots: Vec<Slot>,
    pub(super) free: Vec<u32>,
    pub(super) components: Vec<ComponentRecord>,
    pub(super) archetypes: Vec<ArchetypeRecord>,
    pub(super) lists: Vec<u32>,
    pub(super) chunks: Vec<ChunkRecord>,
    pub(super) columns: Vec<ColumnRecord>,
    slabs: Vec<SlabRecord>,
}

impl Tables {
    /// Copies the tables, of which each must be whole and have pages of its own.
    pub(super) fn read(pages: &mut Pages<'_>, root: &Root) -> Result<Self, ImageError> {
        let [slots, free] =
            [TableName::Slots, TableName::Free].map(|name| root.tables[name as usize]);
        if free.capacity < slots.len {
            return Err(ImageError::malformed(
                TableName::Free.label(),
                "it has not room for all indices",
            ));
        }
        if root.tables[TableName::Components as usize].capacity < COMPONENTS_MAX {
            return Err(ImageError::malformed(
                TableName::Components.label(),
                "it has not room for all components",
            ));
        }
        Ok(Tables {
            slots: pages.table(root, TableName::Slots)?,
            free: pages.table(root, TableName::Free)?,
            components: pages.table(root, TableName::Components)?,
            archetypes: pages.table(root, TableName::Archetypes)?,
            lists: pages.table(root, TableName::Lists)?,
            chunks: pages.table(root, TableName::Chunks)?,
            columns: pages.table(root, TableName::Columns)?,
            slabs: pages.table(root, TableName::Slabs)?,
        })
    }

    /// Slabs hold blocks of a known component and size, in pages of their own.
    pub(super) fn check_slabs(&self, pages: &mut Pages<'_>) -> Result<(), ImageError> {
        for (number, slab) in self.slabs.iter().enumerate() {
            let place = format!("slab {number}");
            let bad = |fault: &str| Err(ImageError::malformed(&place, fault));
            pages.unreferred.push(slab.used);
            if slab.run.pages == 0 {
                if *slab != SlabRecord::zeroed() {
                    return bad("it has no pages and yet contents");
                }
                continue;
            }
            let id = ComponentId(slab.component);
            if id != ENTITY_COLUMN && id.0 as usize >= pages.schemas.len() {
                return bad("it belongs to no component");
            }
            let value_bytes = pages.value_bytes(id);
            if value_bytes == 0 || !CAPACITIES.contains(&slab.capacity) {
                return bad("its blocks have no size that blocks have");
            }
            let blocks = Cut::new(id, value_bytes, slab.capacity).blocks(slab.run.pages);
            if blocks == 0 || blocks < 64 && slab.used >> blocks != 0 {
                return bad("blocks are in use that are not there");
            }
            pages.claim(slab.run, Holder::Rows(id), &place)?;
        }
        pages.slabs.clone_from(&self.slabs);
        Ok(())
    }

    /// Component records say what the schema says, and hold whole resources and events.
    pub(super) fn check_components(&self, pages: &mut Pages<'_>) -> Result<(), ImageError> {
        let schemas = pages.schemas;
        if self.components.len() != schemas.len() || schemas.len() > COMPONENTS_MAX as usize {
            let (found, expected) = (self.components.len(), schemas.len());
            return Err(ImageError::malformed(
                TableName::Components.label(),
                format!("{found} records for {expected} components"),
            ));
        }
        for ((record, schema), number) in self.components.iter().zip(schemas).zip(0..) {
            let (id, place) = (ComponentId(number), || {
                format!("component `{}`", schema.name)
            });
            let bad = |fault: &str| Err(ImageError::malformed(place(), fault));
            let said = (record.name_hash, record.layout_hash, record.size);
            if said
                != (
                    xxh3_64(schema.name.as_bytes()),
                    schema.layout_hash,
                    schema.size,
                )
            {
                return bad("its record is another component's");
            }
            if record.is_event > 1 || record.is_resource > 1 || record._pad != 0 {
                return bad("a flag is neither 0 nor 1");
            }
            let block = Block {
                offset: record.resource,
                slab: record.resource_slab,
            };
            if record.is_resource == 1 {
                let value =
                    pages.refer(block, id, 1, 1, &|| format!("resource `{}`", schema.name))?;
                pages.check_bits(id, value, &|| format!("resource `{}`", schema.name))?;
            } else if block
                != (Block {
                    offset: 0,
                    slab: NO_SLAB,
                })
            {
                return bad("it is no resource and yet has a value");
            }
            for queue in [record.readable, record.pending] {
                if record.is_event == 0 && queue != TableHeader::default() {
                    return bad("it is no event and yet has a queue");
                }
                let place = || format!("events `{}`", schema.name);
                let events = pages.records(queue, record.size, Holder::Rows(id), &place())?;
                pages.check_bits(id, events, &place)?;
            }
        }
        Ok(())
    }

    /// Archetypes are different sets of components, their lists one behind the other.
    pub(super) fn check_archetypes(&self, pages: &Pages<'_>) -> Result<(), ImageError> {
        let (mut seen, mut next) = (BTreeSet::new(), 0);
        for (number, archetype) in self.archetypes.iter().enumerate() {
            let bad =
                |fault: &str| Err(ImageError::malformed(format!("archetype {number}"), fault));
            let list = self
                .lists
                .get(next..)
                .and_then(|rest| rest.get(..archetype.len as usize));
            let Some(list) = list.filter(|_| archetype.list as usize == next) else {
                return bad("its list is not where it belongs");
            };
            if !list.is_sorted_by(|a, b| a < b)
                || list
                    .last()
                    .is_some_and(|&last| last as usize >= pages.schemas.len())
            {
                return bad("its components are not sorted and known");
            }
            if !seen.insert(list) {
                return bad("another archetype has the same components");
            }
            next += list.len();
        }
        if next != self.lists.len() {
            return Err(ImageError::malformed(
                TableName::Lists.label(),
                "some of it is no archetype's",
            ));
        }
        Ok(())
    }

    /// The components of an archetype that was checked.
    pub(super) fn list(&self, archetype: u32) -> &[u32] {
        let ArchetypeRecord { list, len } = self.archetypes[archetype as usize];
        &self.lists[list as usize..][..len as usize]
    }
}
