//! The state hash: 128 bits that move whenever anything moves that a later step depends on, and only then.
//!
//! XXH3-128 over little-endian values, put together like this, so that equal states of different worlds agree and a difference can be
//! traced to its component:
//!
//! ```text
//! block       rows of one column of one chunk, every NaN replaced by one pattern; -0 and +0 differ
//! component   name; for each archetype in order of creation, each chunk in order: place, rows, change tick, block;
//!             resource and its tick; events of this step and the step before
//! entities    archetypes as sets of names; entity ids of all rows; free indices in the order in which they will be used
//! clock       tick, step, seed, dt
//! state       clock, entities, all hashed components in order of name
//! ```
//!
//! Addresses, slabs, capacities, component numbers and chunk numbers are left out: they differ between a world and its restored image, and no system can
//! see them. Components under `#[component(unhashed)]` are left out with their ticks, but which entities have them counts, since it decides
//! the order of rows.

mod canonical;

pub(crate) use canonical::Floats;

use crate::chunk::ChunkRecord;
use crate::entity::Entity;
use crate::registry::ComponentId;
use crate::slab::ENTITY_COLUMN;
use crate::world::World;
use layerw_jobs::Jobs;
use layerw_memory::PAGE;
use std::fmt;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

// Values are hashed as they stand in memory. A big-endian host would need them turned round first; there is none among ours.
const _: () = assert!(
    1u16.to_le() == 1,
    "the state hash is defined over little-endian values"
);

/// The hash of a world's state. Printed as 32 hexadecimal digits.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateHash(pub u128);

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What the parts of a hash are called that belong to no component; no component has such a name, since a name in Rust has no parentheses.
const CLOCK: &str = "(clock)";
const ENTITIES: &str = "(entities)";

impl World {
    /// The hash of all that a later step depends on.
    pub fn hash(&self) -> StateHash {
        self.hash_from(
            &mut |id, record| self.block_hash(id, record),
            &mut |_, _| {},
        )
    }

    /// The hash of each part: every component that is in use, in order of name, and before them `(clock)` and `(entities)`. Two worlds
    /// with different hashes differ in the parts that differ here.
    pub fn hash_by_component(&self) -> Vec<(String, u128)> {
        let mut parts = Vec::new();
        self.parts(
            &mut |id, record| self.block_hash(id, record),
            &mut |name, digest| parts.push((name.to_owned(), digest)),
        );
        parts
    }

    /// The hash of one component's value of each entity that has it, in order of archetype and row.
    pub fn hash_rows(&self, id: ComponentId) -> Vec<(Entity, u128)> {
        let (size, floats) = (self.schema(id).size as usize, self.components.floats(id));
        let mut rows = Vec::new();
        for (record, _) in self.columns_of(id) {
            let column = self.column_bytes(id, record);
            let entities = self
                .chunk(
                    self.storage.archetypes[record.archetype as usize].chunks
                        [record.order as usize],
                )
                .entities();
            rows.extend(
                entities.iter().enumerate().map(|(row, &entity)| {
                    (entity, floats.hash(&column[row * size..][..size], size))
                }),
            );
        }
        rows
    }

    fn hash_from(
        &self,
        block: &mut dyn FnMut(ComponentId, ChunkRecord) -> u128,
        part: &mut dyn FnMut(&str, u128),
    ) -> StateHash {
        let mut state = Xxh3Default::new();
        self.parts(block, &mut |name, digest| {
            part(name, digest);
            state.update(&(name.len() as u64).to_le_bytes());
            state.update(name.as_bytes());
            state.update(&digest.to_le_bytes());
        });
        StateHash(state.digest128())
    }

    /// Calls `part` with the name and hash of each part, in order; `block` yields the hash of a column.
    fn parts(
        &self,
        block: &mut dyn FnMut(ComponentId, ChunkRecord) -> u128,
        part: &mut dyn FnMut(&str, u128),
    ) {
        part(CLOCK, self.clock_hash());
        part(ENTITIES, self.entities_hash(block));
        for &id in &self.components.by_name {
            if let Some(digest) = self.component_hash(id, block) {
                part(&self.schema(id).name, digest);
            }
        }
    }

    fn clock_hash(&self) -> u128 {
        let root = self.root();
        let words = [root.tick, root.step, root.seed, root.dt.to_bits()];
        xxh3_128(bytemuck::cast_slice(&words))
    }

    fn entities_hash(&self, block: &mut dyn FnMut(ComponentId, ChunkRecord) -> u128) -> u128 {
        let mut state = Xxh3Default::new();
        for archetype in &self.storage.archetypes {
            state.update(&(archetype.len() as u64).to_le_bytes());
            state.update(&(archetype.components().len() as u64).to_le_bytes());
            for &id in self
                .components
                .by_name
                .iter()
                .filter(|&&id| archetype.column(id).is_some())
            {
                state.update(&self.components.records.get(id.0).name_hash.to_le_bytes());
            }
            for &chunk in archetype.chunks() {
                state.update(&block(ENTITY_COLUMN, self.storage.chunks.get(chunk.0)).to_le_bytes());
            }
        }
        state.update(&u64::from(self.entities.slots.len()).to_le_bytes());
        for index in self.entities.free.iter() {
            let next_generation = self.entities.slots.get(index).location;
            state.update(&(u64::from(next_generation) << 32 | u64::from(index)).to_le_bytes());
        }
        state.digest128()
    }

    /// The hash of a component; `None` where it is unhashed or not in use, so that merely knowing a component does not change a state.
    fn component_hash(
        &self,
        id: ComponentId,
        block: &mut dyn FnMut(ComponentId, ChunkRecord) -> u128,
    ) -> Option<u128> {
        if !self.schema(id).hashed {
            return None;
        }
        let mut state = Xxh3Default::new();
        let mut used = false;
        for (record, column) in self.columns_of(id) {
            used = true;
            let changed = self
                .storage
                .columns
                .get(record.columns + column as u32)
                .changed;
            state.update(bytemuck::cast_slice(&[
                record.archetype,
                record.order,
                record.len,
                0,
            ]));
            state.update(&changed.to_le_bytes());
            state.update(&block(id, record).to_le_bytes());
        }
        let record = self.components.records.get(id.0);
        if record.is_resource == 1 || record.resource_changed != 0 {
            used = true;
            state.update(b"resource");
            state.update(&record.resource_changed.to_le_bytes());
        }
        if record.is_resource == 1 {
            state.update(&self.value_hash(id, record.resource, 1).to_le_bytes());
        }
        for (queue, name) in [
            (record.readable, b"readable"),
            (record.pending, b"pending."),
        ] {
            if queue.len > 0 {
                used = true;
                state.update(name);
                state.update(&u64::from(queue.len).to_le_bytes());
                state.update(
                    &self
                        .value_hash(id, queue.run.first * PAGE as u32, queue.len)
                        .to_le_bytes(),
                );
            }
        }
        used.then(|| state.digest128())
    }

    /// All chunks with rows that have a component, each with the column, in order of archetype and chunk.
    fn columns_of(&self, id: ComponentId) -> impl Iterator<Item = (ChunkRecord, usize)> + '_ {
        let with = self
            .storage
            .archetypes
            .iter()
            .filter_map(move |archetype| Some((archetype, archetype.column(id)?)));
        with.flat_map(move |(archetype, column)| {
            archetype
                .chunks()
                .iter()
                .map(move |chunk| (self.storage.chunks.get(chunk.0), column))
        })
        .filter(|(record, _)| record.len > 0)
    }

    /// The hash of one column of one chunk, or of its entities.
    fn block_hash(&self, id: ComponentId, record: ChunkRecord) -> u128 {
        if id == ENTITY_COLUMN {
            return self.value_hash(id, record.entities, record.len);
        }
        self.components.floats(id).hash(
            self.column_bytes(id, record),
            self.components.value_bytes(id) as usize,
        )
    }

    fn column_bytes(&self, id: ComponentId, record: ChunkRecord) -> &[u8] {
        let column = self.storage.archetypes[record.archetype as usize]
            .column(id)
            .expect("a chunk of an archetype with the component");
        self.value_bytes(id, self.storage.column_offset(record, column), record.len)
    }

    fn value_hash(&self, id: ComponentId, offset: u32, count: u32) -> u128 {
        self.components.floats(id).hash(
            self.value_bytes(id, offset, count),
            self.components.value_bytes(id) as usize,
        )
    }

    fn value_bytes(&self, id: ComponentId, offset: u32, count: u32) -> &[u8] {
        let bytes = self.components.value_bytes(id) as usize * count as usize;
        // SAFETY: `count` values of this component stand there, without padding and so without undefined bytes; that no system writes them
        // meanwhile is the rule for sharing a world.
        unsafe { slice::from_raw_parts(self.pages.at(offset), bytes) }
    }
}

/// Hashes worlds with several workers, to the same value as [`World::hash`]. Keeps its buffers, so that hashing every step allocates nothing.
#[derive(Debug, Default)]
pub struct Hasher {
    blocks: Vec<(ComponentId, ChunkRecord)>,
    /// Two words for each block, atomics so that workers can fill them in side by side.
    digests: Vec<[AtomicU64; 2]>,
}

impl Hasher {
    /// The hash of all that a later step depends on.
    pub fn hash(&mut self, world: &World, jobs: &Jobs) -> StateHash {
        self.hash_parts(world, jobs, &mut |_, _| {})
    }

    /// The same, with the name and hash of each part on the way, as [`World::hash_by_component`] lists them.
    pub fn hash_parts(
        &mut self,
        world: &World,
        jobs: &Jobs,
        part: &mut dyn FnMut(&str, u128),
    ) -> StateHash {
        self.blocks.clear();
        // A first pass only collects the blocks, in the order in which the second asks for their hashes.
        let blocks = &mut self.blocks;
        let mut collect = |id, record| {
            blocks.push((id, record));
            0
        };
        world.hash_from(&mut collect, &mut |_, _| {});
        if self.digests.len() < self.blocks.len() {
            self.digests
                .resize_with(self.blocks.len(), Default::default);
        }
        let (blocks, digests) = (&self.blocks, &self.digests);
        jobs.par_for(layerw_trace::label("hash"), blocks.len(), 1, |range, _| {
            for (&(id, record), digest) in blocks[range.clone()].iter().zip(&digests[range]) {
                let hash = world.block_hash(id, record);
                // Relaxed: the end of the loop is what publishes the words.
                digest[0].store(hash as u64, Ordering::Relaxed);
                digest[1].store((hash >> 64) as u64, Ordering::Relaxed);
            }
        });
        let mut ready = digests.iter();
        let mut next = |_, _| {
            let [low, high] = ready.next().expect("as many as were collected");
            u128::from(high.load(Ordering::Relaxed)) << 64 | u128::from(low.load(Ordering::Relaxed))
        };
        world.hash_from(&mut next, part)
    }
}
