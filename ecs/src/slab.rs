//! Blocks for columns, cut from runs of pages that each belong to one component.
//!
//! ```text
//! slab of component c, capacity class n, 16 pages at most where a block is smaller
//! | phase | block 0 | block 1 | block 2 | … | rest |      block = n values, rounded up to 64 bytes
//! ```
//!
//! **One component per slab**, so that a page has one access right, whatever archetypes share the component. **The phase** is
//! `256 × (c + 1) mod 4 096`: sizes of full columns are multiples of 4 KiB, so without it equal rows of all columns would meet at the same
//! address modulo 4 KiB, which makes a load wait for a store to another column (Intel's "4K aliasing"). All blocks of a component have the
//! same phase, and those of two components differ, unless their numbers are equal modulo 16. (Padding each block instead costs as much and leaves the difference to chance.)
//!
//! Slabs double in size with the component's use, up to 1 MiB, so a component that one archetype uses for a few rows holds one page.
//! Which slab a block comes from (the lowest with room) changes addresses and nothing else.

use crate::error::EcsError;
use crate::pages::Pages;
use crate::registry::{ComponentId, Components};
use crate::table::{Table, pages_for};
use bytemuck::{Pod, Zeroable};
use layerw_memory::{Owner, PAGE, PageRun};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

/// The capacity classes: a resource, and the sizes of chunks.
pub(crate) const CAPACITIES: [u32; 4] = [1, 64, 512, 4096];

/// The number that stands for entity columns where a component's could stand.
pub(crate) const ENTITY_COLUMN: ComponentId = ComponentId(u32::MAX);

/// Marks a slab number or offset that is none.
pub(crate) const NO_SLAB: u32 = u32::MAX;

/// Pages that a slab grows to; one block may need more.
const SLAB_PAGES_MAX: u32 = 16;

/// One slab.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct SlabRecord {
    /// Bit k is set while block k is in use.
    pub(crate) used: u64,
    /// The pages; none while the number is vacant.
    pub(crate) run: PageRun,
    pub(crate) component: u32,
    /// Values per block, one of [`CAPACITIES`].
    pub(crate) capacity: u32,
}

/// How a component's blocks of one class lie in a run of pages.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Bytes from the run's start to block 0.
    pub(crate) phase: u32,
    /// Bytes from one block to the next.
    pub(crate) stride: u64,
}

impl Cut {
    pub(crate) fn new(component: ComponentId, value_bytes: u32, capacity: u32) -> Self {
        Cut {
            phase: component.0.wrapping_add(1) % 16 * 256,
            stride: (u64::from(value_bytes) * u64::from(capacity)).next_multiple_of(64),
        }
    }

    /// Blocks that fit, 64 at most.
    pub(crate) fn blocks(self, pages: u32) -> u32 {
        let bytes = u64::from(pages) * PAGE as u64;
        (bytes.saturating_sub(u64::from(self.phase)) / self.stride).min(64) as u32
    }

    /// Pages that hold this many blocks.
    pub(crate) fn pages(self, blocks: u32) -> u32 {
        pages_for(u64::from(self.phase) + self.stride * u64::from(blocks))
    }

    /// Bytes from the pool's start to a block.
    pub(crate) fn offset(self, run: PageRun, block: u32) -> u32 {
        (run.offset() + u64::from(self.phase) + self.stride * u64::from(block)) as u32
    }
}

/// Where a block is.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) offset: u32,
    pub(crate) slab: u32,
}

impl Block {
    /// The block of a type without bytes: an aligned address that nobody reads.
    pub(crate) const EMPTY: Block = Block {
        offset: 0,
        slab: NO_SLAB,
    };
}

/// The slabs with room of one component and class.
#[derive(Debug, Clone, Default)]
struct Class {
    /// Numbers of slabs with a free block, highest first.
    open: Vec<u32>,
    /// Blocks of all its slabs.
    blocks: u32,
}

/// All slabs of a world.
pub(crate) struct Slabs {
    pub(crate) table: Table<SlabRecord>,
    /// By component number + 1 (entity columns are 0) and class.
    classes: Vec<[Class; CAPACITIES.len()]>,
    /// Numbers to use again, highest first.
    vacant: Vec<u32>,
    /// Changes whenever a page may have come to another component; differs between all worlds of the process.
    pub(crate) holders: u64,
}

/// A number that no [`Slabs::holders`] had before.
fn new_holders() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: the numbers need only differ.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Slabs {
    /// Over the table, with the index rebuilt from it.
    pub(crate) fn new(table: Table<SlabRecord>, components: &Components) -> Self {
        let mut slabs = Slabs {
            table,
            classes: Vec::new(),
            vacant: Vec::new(),
            holders: new_holders(),
        };
        for number in (0..slabs.table.len()).rev() {
            let record = slabs.table.get(number);
            if record.run.pages == 0 {
                slabs.vacant.push(number);
                continue;
            }
            let blocks = slabs.cut(record, components).blocks(record.run.pages);
            let class = slabs.class(ComponentId(record.component), record.capacity);
            class.blocks += blocks;
            if record.used.count_ones() < blocks {
                class.open.push(number);
            }
        }
        slabs
    }

    fn class(&mut self, component: ComponentId, capacity: u32) -> &mut Class {
        let index = component.0.wrapping_add(1) as usize;
        if index >= self.classes.len() {
            self.classes.resize_with(index + 1, Default::default);
        }
        &mut self.classes[index][class_of(capacity)]
    }

    fn cut(&self, record: SlabRecord, components: &Components) -> Cut {
        let component = ComponentId(record.component);
        Cut::new(
            component,
            components.value_bytes(component),
            record.capacity,
        )
    }

    /// A slab, unless the number is that of none.
    #[inline]
    pub(crate) fn record(&self, slab: u32) -> Option<SlabRecord> {
        (slab != NO_SLAB).then(|| self.table.get(slab))
    }

    /// A block for `capacity` values of a component. Its bytes are not cleared.
    pub(crate) fn take(
        &mut self,
        component: ComponentId,
        capacity: u32,
        components: &Components,
        pages: &Pages,
    ) -> Result<Block, EcsError> {
        let value_bytes = components.value_bytes(component);
        if value_bytes == 0 {
            return Ok(Block::EMPTY);
        }
        let cut = Cut::new(component, value_bytes, capacity);
        let number = match self.class(component, capacity).open.last() {
            Some(&number) => number,
            None => self.open(component, capacity, cut, components, pages)?,
        };
        let mut record = self.table.get(number);
        let block = record.used.trailing_ones();
        record.used |= 1 << block;
        self.table.set(number, record);
        if record.used.count_ones() == cut.blocks(record.run.pages) {
            self.class(component, capacity).open.pop();
        }
        Ok(Block {
            offset: cut.offset(record.run, block),
            slab: number,
        })
    }

    #[cold]
    fn open(
        &mut self,
        component: ComponentId,
        capacity: u32,
        cut: Cut,
        components: &Components,
        pages: &Pages,
    ) -> Result<u32, EcsError> {
        let owner = components.owner(component);
        let what = || EcsError::memory(format!("rows of {}", components.name(component)));
        // One page's worth first, then as much as there is already.
        let blocks = self.class(component, capacity).blocks.clamp(1, 64);
        let least = cut.pages(1);
        let wanted = cut.pages(blocks).min(SLAB_PAGES_MAX).max(least);
        let number = match self.vacant.last() {
            Some(&number) => number,
            None => {
                let vacant = SlabRecord {
                    used: 0,
                    run: PageRun::default(),
                    component: 0,
                    capacity: 0,
                };
                let number = self
                    .table
                    .push(vacant, pages, components.table_owner())
                    .map_err(EcsError::memory("the table of slabs"))?;
                self.vacant.push(number);
                number
            }
        };
        let run = pages.reserve_at_least(owner, least, wanted);
        let run = run.map_err(what())?;
        self.vacant.pop();
        self.table.set(
            number,
            SlabRecord {
                used: 0,
                run,
                component: component.0,
                capacity,
            },
        );
        let class = self.class(component, capacity);
        class.blocks += cut.blocks(run.pages);
        class.open.push(number);
        Ok(number)
    }

    /// Gives a block back. A slab without blocks in use is released when its class has another.
    pub(crate) fn give(&mut self, block: Block, components: &Components, pages: &Pages) {
        if block.slab == NO_SLAB {
            return;
        }
        let mut record = self.table.get(block.slab);
        let (component, capacity, cut) = (
            ComponentId(record.component),
            record.capacity,
            self.cut(record, components),
        );
        let blocks = cut.blocks(record.run.pages);
        let full = record.used.count_ones() == blocks;
        let place =
            (u64::from(block.offset) - record.run.offset() - u64::from(cut.phase)) / cut.stride;
        debug_assert!(
            record.used >> place & 1 == 1,
            "block {place} of slab {} was given back twice",
            block.slab
        );
        record.used &= !(1 << place);
        self.table.set(block.slab, record);
        if full {
            let open = &mut self.class(component, capacity).open;
            let place = open.partition_point(|&number| number > block.slab);
            open.insert(place, block.slab);
        }
        if record.used == 0 {
            self.close_spare(component, capacity, cut, components.owner(component), pages);
        }
    }

    /// Releases the highest empty slab of a class that has more than one: the last one stays, so that a chunk that comes and goes does not
    /// take its pages along each time.
    fn close_spare(
        &mut self,
        component: ComponentId,
        capacity: u32,
        cut: Cut,
        owner: Owner,
        pages: &Pages,
    ) {
        let open = mem::take(&mut self.class(component, capacity).open);
        let mut empties = open
            .iter()
            .enumerate()
            .filter(|&(_, &number)| self.table.get(number).used == 0)
            .map(|(place, _)| place);
        let (highest, another) = (empties.next(), empties.next());
        self.class(component, capacity).open = open;
        let (Some(highest), Some(_)) = (highest, another) else {
            return;
        };
        let class = self.class(component, capacity);
        let number = class.open.remove(highest);
        let run = self.table.get(number).run;
        self.class(component, capacity).blocks -= cut.blocks(run.pages);
        pages.release(owner, run);
        self.holders = new_holders();
        self.table.set(
            number,
            SlabRecord {
                used: 0,
                run: PageRun::default(),
                component: 0,
                capacity: 0,
            },
        );
        let place = self.vacant.partition_point(|&vacant| vacant > number);
        self.vacant.insert(place, number);
    }
}

fn class_of(capacity: u32) -> usize {
    CAPACITIES
        .iter()
        .position(|&known| known == capacity)
        .expect("a capacity class")
}

#[cfg(test)]
mod tests {
    use crate::{World, component};
    use layerw_memory::{Arena, MemoryConfig, PAGE};

    macro_rules! columns {
        ($($name:ident)*) => {$(
            #[component]
            struct $name(f32);
        )*};
    }
    columns!(A B C D E F G H I J);

    #[component]
    struct Wide([f32; 40]);

    fn world() -> World {
        let config = MemoryConfig::with_total(64 << 20);
        World::new(&Arena::new(&config).expect("a small arena")).expect("a fresh arena")
    }

    #[test]
    fn equal_rows_of_different_columns_differ_modulo_4_kib() {
        let mut world = world();
        let bundle = (
            (A(0.0), B(0.0), C(0.0), D(0.0), E(0.0)),
            (F(0.0), G(0.0), H(0.0), I(0.0), J(0.0)),
        );
        world.spawn_batch((0..20_000).map(|_| bundle));
        for &chunk in world.archetypes()[0].chunks() {
            let chunk = world.chunk(chunk);
            let columns = (0..10).map(|column| chunk.column_ptr(column).as_ptr() as usize % 4096);
            let mut phases: Vec<_> = columns
                .chain([chunk.entities().as_ptr() as usize % 4096])
                .collect();
            phases.sort_unstable();
            assert!(
                phases.windows(2).all(|pair| pair[1] - pair[0] >= 256),
                "{phases:?}"
            );
        }
    }

    #[test]
    fn a_page_belongs_to_one_component() {
        let mut world = world();
        for round in 0..30 {
            world.spawn_batch((0..round * 50).map(|_| (A(0.0), Wide([0.0; 40]))));
            world.spawn_batch((0..round * 30).map(|_| (A(0.0), B(0.0))));
        }
        let mut pages = std::collections::BTreeMap::new();
        for archetype in world.archetypes() {
            for &chunk in archetype.chunks() {
                let chunk = world.chunk(chunk);
                for (column, &id) in archetype.components().iter().enumerate() {
                    let first = chunk.column_ptr(column).as_ptr() as usize;
                    let last = first + chunk.len() * world.schema(id).size as usize - 1;
                    for page in first / PAGE..=last / PAGE {
                        assert_eq!(*pages.entry(page).or_insert(id), id, "page {page}");
                    }
                }
            }
        }
    }

    #[test]
    fn emptied_slabs_go_back_but_for_one_of_a_kind() {
        let mut world = world();
        let used = |world: &World| world.arena().logic().stats().used;
        let mut peaks = Vec::new();
        for _ in 0..3 {
            let entities: Vec<_> = world
                .spawn_batch((0..100_000).map(|_| Wide([0.0; 40])))
                .collect();
            peaks.push(used(&world));
            for &entity in entities.iter().rev() {
                world.despawn(entity).expect("lives");
            }
            // The tables, the first chunk, and an empty slab of each of two kinds.
            assert!(
                used(&world) < peaks[0] / 4,
                "{} of {}",
                used(&world),
                peaks[0]
            );
        }
        assert_eq!(peaks[0], peaks[2]);
    }
}
