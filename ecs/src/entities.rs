//! Entity slots: which generation of an index lives, and where.
//!
//! ```text
//! slot of a living entity:  generation  (≥ 1)   location: chunk number << 12 | row
//! slot of a free index:     0                   the generation that it gets next, or 0 when all are used up
//! ```
//!
//! A living entity's lookup is one load and one compare, because a free slot's generation equals no entity's. Free indices stand in a stack of
//! their own, whose capacity follows that of the slots, so that a despawn needs no memory and cannot fail.

use crate::entity::Entity;
use crate::error::EcsError;
use crate::pages::Pages;
use crate::table::Table;
use bytemuck::{Pod, Zeroable};
use layerw_memory::Owner;

/// Bits of a location that name the row.
pub(crate) const ROW_BITS: u32 = 12;

/// Chunks that a location can name.
pub(crate) const CHUNKS_MAX: u32 = 1 << (32 - ROW_BITS);

/// Where an entity's row is.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) struct Location(pub(crate) u32);

impl Location {
    #[inline(always)]
    pub(crate) fn new(chunk: u32, row: u32) -> Self {
        debug_assert!(chunk < CHUNKS_MAX && row < 1 << ROW_BITS);
        Location(chunk << ROW_BITS | row)
    }

    #[inline(always)]
    pub(crate) fn chunk(self) -> u32 {
        self.0 >> ROW_BITS
    }

    #[inline(always)]
    pub(crate) fn row(self) -> u32 {
        self.0 & ((1 << ROW_BITS) - 1)
    }
}

/// One entity index.
#[derive(Debug, Copy, Clone, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) generation: u32,
    pub(crate) location: u32,
}

/// The slots of a world. Good for as long as the world is shared.
#[derive(Copy, Clone)]
pub(crate) struct Slots {
    first: *const Slot,
    len: u32,
}

// SAFETY: an address and a number, which lead to nothing without the promise of who uses them.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

impl Slots {
    /// Where an entity lives, if it does.
    ///
    /// # Safety
    /// The world has been shared since the slots were looked up.
    #[inline(always)]
    pub(crate) unsafe fn find(self, entity: Entity) -> Option<Location> {
        if entity.index() >= self.len {
            return None;
        }
        // SAFETY: the slot exists, and slots do not change while the world is shared.
        let slot = unsafe { *self.first.add(entity.index() as usize) };
        if slot.generation != entity.generation() {
            return None;
        }
        // Entities may come from a script's or a device's memory, so 0 is refused here and not only by the type.
        if slot.generation == 0 {
            return forged();
        }
        Some(Location(slot.location))
    }
}

/// No entity. Out of the way, so that what is usual stays two compares that are not computed: how many look-ups wait for memory at the same time depends on
/// how few instructions each takes.
#[cold]
#[inline(never)]
fn forged() -> Option<Location> {
    None
}

/// All entity indices of a world.
pub(crate) struct Entities {
    pub(crate) slots: Table<Slot>,
    pub(crate) free: Table<u32>,
    /// Indices that have no generation left.
    retired: u32,
}

impl Entities {
    /// Over the tables, with the retired indices counted.
    pub(crate) fn new(slots: Table<Slot>, free: Table<u32>) -> Self {
        let retired = slots
            .iter()
            .filter(|slot| slot.generation == 0 && slot.location == 0)
            .count() as u32;
        Entities {
            slots,
            free,
            retired,
        }
    }

    /// Living entities.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.slots.len() - self.free.len() - self.retired
    }

    /// Where an entity lives, if it does.
    #[inline(always)]
    pub(crate) fn find(&self, entity: Entity) -> Option<Location> {
        // SAFETY: `&self` shares the world.
        unsafe { self.slots().find(entity) }
    }

    /// What entities are looked up in.
    #[inline(always)]
    pub(crate) fn slots(&self) -> Slots {
        Slots {
            first: self.slots.first(),
            len: self.slots.len(),
        }
    }

    /// Makes room for `count` more living entities, so that [`Entities::add`] and [`Entities::remove`] cannot fail.
    #[inline]
    pub(crate) fn reserve(
        &mut self,
        count: u32,
        pages: &Pages,
        owner: Owner,
    ) -> Result<(), EcsError> {
        // Every slot needs a place in the stack of free indices for the day it is freed.
        let capacity = self.slots.capacity().min(self.free.capacity());
        if u64::from(self.free.len()) + u64::from(capacity - self.slots.len()) >= u64::from(count) {
            return Ok(());
        }
        self.grow(count, pages, owner)
    }

    #[cold]
    fn grow(&mut self, count: u32, pages: &Pages, owner: Owner) -> Result<(), EcsError> {
        let total = u64::from(self.slots.len()) + u64::from(count - self.free.len());
        let Ok(slots) = u32::try_from(total) else {
            return Err(EcsError::TooManyEntities {
                count: u64::from(count),
            });
        };
        let refused = || EcsError::memory(format!("the slots of {total} entities"));
        self.slots
            .reserve(slots - self.slots.len(), pages, owner)
            .map_err(refused())?;
        self.free
            .reserve(slots - self.free.len(), pages, owner)
            .map_err(refused())
    }

    /// Gives an index to a new entity; there must be room.
    #[inline]
    pub(crate) fn add(&mut self, location: Location) -> Entity {
        match self.free.pop() {
            Some(index) => {
                let slot = self.slots.at_mut(index);
                // SAFETY: free indices have slots, whose location is their next generation and is not 0, or they would be retired.
                unsafe {
                    let generation = (*slot).location;
                    *slot = Slot {
                        generation,
                        location: location.0,
                    };
                    Entity::new_unchecked(index, generation)
                }
            }
            None => {
                let index = self.slots.push_within(Slot {
                    generation: 1,
                    location: location.0,
                });
                // SAFETY: 1 is not 0.
                unsafe { Entity::new_unchecked(index, 1) }
            }
        }
    }

    /// Frees the index of a living entity for the next generation.
    #[inline]
    pub(crate) fn remove(&mut self, entity: Entity) {
        let next = entity.generation().wrapping_add(1);
        self.slots.set(
            entity.index(),
            Slot {
                generation: 0,
                location: next,
            },
        );
        if next == 0 {
            self.retired += 1;
        } else {
            self.free.push_within(entity.index());
        }
    }

    /// Notes where a living entity moved.
    #[inline(always)]
    pub(crate) fn relocate(&mut self, index: u32, location: Location) {
        let slot = self.slots.at_mut(index);
        // SAFETY: entities in chunks are living ones, whose slots exist.
        unsafe { (*slot).location = location.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use layerw_memory::{Arena, MemoryConfig};

    #[test]
    fn an_index_whose_generations_are_used_up_is_never_used_again() {
        let arena = || Arena::new(&MemoryConfig::with_total(16 << 20)).expect("a small arena");
        let mut world = World::new(&arena()).expect("a fresh arena");
        let first = world.spawn(());
        world.despawn(first).expect("lives");
        // As if it had been used four billion times.
        world.entities.slots.set(
            0,
            Slot {
                generation: 0,
                location: u32::MAX,
            },
        );
        let last = world.spawn(());
        assert_eq!((last.index(), last.generation()), (0, u32::MAX));
        world.despawn(last).expect("lives");
        assert_eq!(world.len(), 0);
        assert_eq!(world.spawn(()).index(), 1);
        let mut image = Vec::new();
        world.snapshot(&mut image, b"").expect("memory takes all");
        let mut other = World::new(&arena()).expect("a fresh arena");
        other.restore(&image).expect("a good image");
        assert_eq!((other.len(), other.hash()), (1, world.hash()));
        assert_eq!(other.spawn(()).index(), 2);
    }

    #[test]
    fn bits_that_no_world_gave_are_nobody() {
        let mut world =
            World::new(&Arena::new(&MemoryConfig::with_total(16 << 20)).expect("a small arena"))
                .expect("a fresh arena");
        let entity = world.spawn(());
        world.despawn(entity).expect("lives");
        for bits in [
            1_u64 << 32 | 5,
            2 << 32,
            u64::MAX,
            u64::from(u32::MAX) << 32,
        ] {
            let entity = Entity::from_bits(bits).expect("a generation");
            assert!(
                !world.contains(entity) && world.despawn(entity).is_err(),
                "{entity}"
            );
        }
    }
}
