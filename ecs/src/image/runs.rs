//! The runs of pages of a world, and how much of each says anything.

use crate::registry::ComponentId;
use crate::root::{ROOT_RUN, TableHeader, TableName};
use crate::slab::Cut;
use crate::table::pages_for;
use crate::world::World;
use layerw_memory::{Owner, PageRun};

/// In whose name a run is held.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The world's tables.
    Tables,
    /// A component, or entity columns.
    Rows(ComponentId),
}

/// A run of pages that the world holds.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) struct HeldRun {
    pub(crate) run: PageRun,
    /// How many pages at its start hold something; the others may hold anything, and nobody reads it.
    pub(crate) stored: u32,
    pub(crate) holder: Holder,
}

impl World {
    /// All runs that the world holds, in order of page.
    pub(crate) fn runs(&self) -> Vec<HeldRun> {
        let mut runs = Vec::new();
        self.runs_into(&mut runs);
        runs
    }

    /// The same, in place of what the list held.
    pub(crate) fn runs_into(&self, runs: &mut Vec<HeldRun>) {
        runs.clear();
        runs.push(HeldRun {
            run: ROOT_RUN,
            stored: 1,
            holder: Holder::Tables,
        });
        let root = self.root();
        runs.extend(TableName::ALL.into_iter().map(|name| {
            let header = root.tables[name as usize];
            HeldRun {
                run: header.run,
                stored: used_pages(header, name.record_bytes()),
                holder: Holder::Tables,
            }
        }));
        for slab in self
            .storage
            .slabs
            .table
            .iter()
            .filter(|slab| slab.run.pages > 0)
        {
            let id = ComponentId(slab.component);
            let cut = Cut::new(id, self.components.value_bytes(id), slab.capacity);
            let blocks = 64 - slab.used.leading_zeros();
            let stored = if blocks == 0 { 0 } else { cut.pages(blocks) };
            runs.push(HeldRun {
                run: slab.run,
                stored,
                holder: Holder::Rows(id),
            });
        }
        for (record, id) in self.components.records.iter().zip(self.components.ids()) {
            for queue in [record.readable, record.pending] {
                runs.push(HeldRun {
                    run: queue.run,
                    stored: used_pages(queue, record.size),
                    holder: Holder::Rows(id),
                });
            }
        }
        runs.retain(|held| held.run.pages > 0);
        runs.sort_unstable_by_key(|held| held.run.first);
    }

    /// The owner in whose name a run is held.
    pub(crate) fn owner_of(&self, holder: Holder) -> Owner {
        match holder {
            Holder::Tables => self.components.table_owner(),
            Holder::Rows(id) => self.components.owner(id),
        }
    }
}

/// Pages of a table that its records fill.
pub(super) fn used_pages(header: TableHeader, record_bytes: u32) -> u32 {
    pages_for(u64::from(header.len) * u64::from(record_bytes))
}
