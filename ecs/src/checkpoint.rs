//! A copy of a world in memory, brought up to date by copying what changed: for going back a few steps, or to the state before a step that failed.
//!
//! What changed is known from declared writes: a column whose tick is older than the last copy holds the same bytes. As long as no entity came, went or
//! moved, the cost is that of the columns that were written and of a few small tables. Otherwise the tables of entities are
//! copied with them, and where chunks or tables came, went or grew, everything is.

use crate::chunk::ChunkRecord;
use crate::error::EcsError;
use crate::image::HeldRun;
use crate::registry::ComponentId;
use crate::root::{ROOT_RUN, TableHeader, TableName};
use crate::schema::Schema;
use crate::slab::ENTITY_COLUMN;
use crate::world::World;
use layerw_memory::PAGE;

/// A world's state at one moment. Keeps its buffers, so that bringing it up to date in a steady simulation allocates nothing.
pub struct Checkpoint {
    stamp: Stamp,
    /// The tick at which it was taken: columns written since have this one or a later one.
    tick: u64,
    /// Changes with `edits` of the world's storage.
    edits: u64,
    schemas: Vec<Schema>,
    runs: Vec<HeldRun>,
    /// Where the stored pages of each run begin in `bytes`.
    starts: Vec<usize>,
    bytes: Vec<u8>,
    /// The world's runs as they are now; kept for its memory.
    now: Vec<HeldRun>,
}

/// What must be equal for a copy to be brought up to date piece by piece.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
struct Stamp {
    world: u64,
    restored: u64,
    structure: u64,
    components: u32,
}

impl World {
    /// Copies the world's state.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            stamp: self.stamp(),
            tick: 0,
            edits: 0,
            schemas: Vec::new(),
            runs: Vec::new(),
            starts: Vec::new(),
            bytes: Vec::new(),
            now: Vec::new(),
        };
        self.runs_into(&mut checkpoint.runs);
        checkpoint.copy_all(self);
        checkpoint
    }

    /// Makes the world what it was when the checkpoint was taken or last brought up to date. The rest is as for [`World::restore`].
    ///
    /// # Errors
    /// As [`World::restore`]: [`EcsError::Image`] where the checkpoint is of a world in which a component of the same name has another layout; that
    /// and [`EcsError::Memory`] where another holder has taken pages of the pool meanwhile.
    pub fn roll_back(&mut self, checkpoint: &Checkpoint) -> Result<(), EcsError> {
        let mut starts = checkpoint.starts.iter();
        self.seat(&checkpoint.schemas, &checkpoint.runs, &mut |_, target| {
            let start = *starts.next().expect("a start for each run");
            target.copy_from_slice(&checkpoint.bytes[start..][..target.len()]);
            Ok(())
        })
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            world: self.identity,
            restored: self.restored,
            structure: self.structure(),
            components: self.components.len(),
        }
    }
}

impl Checkpoint {
    /// Copies what changed in the world since the last time; everything, if it is another world.
    ///
    /// Counts on ticks that never go back: what is written after this call must be marked with [`World::tick`] as it is now, or a later one.
    pub fn update(&mut self, world: &World) {
        world.runs_into(&mut self.now);
        let same_places =
            self.stamp == world.stamp() && self.now == self.runs && self.tick <= world.tick();
        if same_places {
            self.copy_changes(world);
        } else {
            self.runs.clone_from(&self.now);
            self.copy_all(world);
        }
    }

    /// Bytes that the copy takes.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn note(&mut self, world: &World) {
        self.stamp = world.stamp();
        self.tick = world.tick();
        self.edits = world.storage.edits;
    }

    fn copy_all(&mut self, world: &World) {
        self.note(world);
        if self.stamp.components as usize != self.schemas.len() || !self.knows_schemas_of(world) {
            self.schemas = world
                .component_ids()
                .map(|id| world.schema(id).clone())
                .collect();
        }
        self.starts.clear();
        let mut end = 0;
        for held in &self.runs {
            self.starts.push(end);
            end += held.stored as usize * PAGE;
        }
        self.bytes.resize(end, 0);
        for index in 0..self.runs.len() {
            let HeldRun { run, stored, .. } = self.runs[index];
            self.copy(world, run.first * PAGE as u32, stored as usize * PAGE);
        }
    }

    fn knows_schemas_of(&self, world: &World) -> bool {
        world
            .component_ids()
            .zip(&self.schemas)
            .all(|(id, schema)| world.schema(id) == schema)
    }

    fn copy_changes(&mut self, world: &World) {
        let (since, moved) = (self.tick, self.edits != world.storage.edits);
        self.note(world);
        self.copy(world, ROOT_RUN.first * PAGE as u32, PAGE);
        for name in TableName::ALL {
            // Slots and free indices change only when entities come, go or move.
            if moved || !matches!(name, TableName::Slots | TableName::Free) {
                self.copy_table(
                    world,
                    world.root().tables[name as usize],
                    name.record_bytes(),
                );
            }
        }
        for (record, id) in world.components.records.iter().zip(world.component_ids()) {
            if record.is_resource == 1 && record.resource_changed >= since {
                self.copy(world, record.resource, record.size as usize);
            }
            for queue in [record.readable, record.pending] {
                self.copy_table(world, queue, world.components.value_bytes(id));
            }
        }
        for archetype in &world.storage.archetypes {
            for &chunk in archetype.chunks() {
                let record = world.storage.chunks.get(chunk.0);
                for (column, &id) in (record.columns..).zip(archetype.components()) {
                    let column = world.storage.columns.get(column);
                    if column.changed >= since {
                        self.copy_column(world, id, column.offset, record);
                    }
                }
                if moved {
                    self.copy_column(world, ENTITY_COLUMN, record.entities, record);
                }
            }
        }
    }

    fn copy_table(&mut self, world: &World, header: TableHeader, record_bytes: u32) {
        self.copy(
            world,
            header.run.first * PAGE as u32,
            header.len as usize * record_bytes as usize,
        );
    }

    fn copy_column(&mut self, world: &World, id: ComponentId, offset: u32, record: ChunkRecord) {
        self.copy(
            world,
            offset,
            record.len as usize * world.components.value_bytes(id) as usize,
        );
    }

    /// Copies bytes of one run from the world.
    fn copy(&mut self, world: &World, offset: u32, count: usize) {
        if count == 0 {
            return;
        }
        let page = offset / PAGE as u32;
        let index = self.runs.partition_point(|held| held.run.first <= page) - 1;
        let start =
            self.starts[index] + (offset - self.runs[index].run.first * PAGE as u32) as usize;
        world.copy_out(offset, &mut self.bytes[start..][..count]);
    }
}
