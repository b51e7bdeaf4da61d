//! Which pages hold what: for those who let somebody else's code at the world by pages, a sandbox.

use super::World;
use crate::chunk::ChunkId;
use crate::registry::ComponentId;
use crate::slab::ENTITY_COLUMN;
use layerw_memory::PageRun;

/// Pages that hold values of one component and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    run: PageRun,
    slab: u32,
    component: ComponentId,
}

impl Held {
    /// The pages, of the Logic pool.
    pub fn run(&self) -> PageRun {
        self.run
    }

    /// The component whose values they hold; `None` for entities.
    pub fn component(&self) -> Option<ComponentId> {
        (self.component != ENTITY_COLUMN).then_some(self.component)
    }
}

impl World {
    /// The pages that a column of a chunk stands in. They hold rows of this component (of other chunks too) and nothing else. `None` for a component
    /// without bytes.
    ///
    /// # Panics
    /// There is no such chunk, or it has no such column.
    #[inline]
    pub fn column_pages(&self, chunk: ChunkId, column: usize) -> Option<Held> {
        let record = self.storage.chunks.get(chunk.0);
        assert!(
            column < record.column_count as usize,
            "column {column} of {}",
            record.column_count
        );
        let record = self.storage.columns.at(record.columns + column as u32);
        // SAFETY: the record exists; its slab changes only under `&mut World`, and the tick beside it is not read.
        self.held(unsafe { (*record).slab })
    }

    /// The pages that a chunk's entities stand in, and nothing but entities.
    ///
    /// # Panics
    /// There is no such chunk.
    #[inline]
    pub fn entity_pages(&self, chunk: ChunkId) -> Option<Held> {
        self.held(self.storage.chunks.get(chunk.0).entities_slab)
    }

    /// The pages that a resource's value stands in, and nothing else. `None` where there is no such resource, or it has no bytes.
    ///
    /// # Panics
    /// The number is not of this world.
    pub fn resource_pages(&self, id: ComponentId) -> Option<Held> {
        let record = self.component_record(id);
        // SAFETY: records change only under `&mut World`, except the tick, which is not read here.
        let (is_resource, slab) = unsafe { ((*record).is_resource, (*record).resource_slab) };
        if is_resource == 0 {
            return None;
        }
        self.held(slab)
    }

    /// A number that changes whenever a page of a column, of entities or of a resource may have come to another component, by whatever means. While it
    /// stays, every page that was of a component is still of that component or of nobody. It differs between all worlds of the process.
    #[inline]
    pub fn page_holders(&self) -> u64 {
        self.storage.slabs.holders
    }

    /// Whether these pages still hold what they did, for pages of this world as it was numbered then.
    pub fn still_holds(&self, held: Held) -> bool {
        let slabs = &self.storage.slabs.table;
        held.slab < slabs.len() && {
            let record = slabs.get(held.slab);
            record.run == held.run && record.component == held.component.0
        }
    }

    fn held(&self, slab: u32) -> Option<Held> {
        let record = self.storage.slabs.record(slab)?;
        Some(Held {
            run: record.run,
            slab,
            component: ComponentId(record.component),
        })
    }
}
