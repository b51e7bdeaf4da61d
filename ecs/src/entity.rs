//! Names of entities: an index that is used again and a generation that is not.
//!
//! The two stand in one 64-bit word rather than in a struct of two, because then `None` is the word 0 in all 64 bits: a `None` of a
//! struct with a niche leaves the other field's bytes undefined, and undefined bytes can be neither hashed nor written to an image.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;

/// The name of an entity.
///
/// Bits 0..32 are the index of its slot, bits 32..64 its generation, which is at least 1. An index is used again after a despawn, with the
/// next generation, so an old name never means the new entity. Ordered by index, then generation. `Option<Entity>` takes 8 bytes too, and
/// all of them are 0 for `None`.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Entity(NonZeroU64);

impl Entity {
    /// The entity of a slot; `None` where the generation is 0.
    pub fn new(index: u32, generation: u32) -> Option<Self> {
        Self::from_bits(u64::from(generation) << 32 | u64::from(index))
    }

    /// The entity of a slot that is known to be alive.
    ///
    /// # Safety
    /// `generation` is not 0.
    pub(crate) unsafe fn new_unchecked(index: u32, generation: u32) -> Self {
        debug_assert_ne!(generation, 0, "an entity of generation 0");
        // SAFETY: the upper half is not 0, by the caller's promise.
        Entity(unsafe { NonZeroU64::new_unchecked(u64::from(generation) << 32 | u64::from(index)) })
    }

    /// The index of the entity's slot, to be used again after the entity is gone.
    pub const fn index(self) -> u32 {
        self.0.get() as u32
    }

    /// How many entities had this index so far, this one included.
    pub const fn generation(self) -> u32 {
        (self.0.get() >> 32) as u32
    }

    /// Both in one word, as it stands in memory, images and hashes.
    pub const fn to_bits(self) -> u64 {
        self.0.get()
    }

    /// The entity with these bits; `None` where they are no entity's, because the generation is 0.
    pub const fn from_bits(bits: u64) -> Option<Self> {
        if bits >> 32 == 0 {
            return None;
        }
        match NonZeroU64::new(bits) {
            Some(word) => Some(Entity(word)),
            None => None,
        }
    }
}

impl Ord for Entity {
    fn cmp(&self, other: &Self) -> Ordering {
        // Halves swapped, so that the index counts first.
        self.to_bits()
            .rotate_left(32)
            .cmp(&other.to_bits().rotate_left(32))
    }
}

impl PartialOrd for Entity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `12v3`: index 12, third generation.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index(), self.generation())
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The entity was despawned, or never lived in this world.
#[derive(Debug, Copy, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "entity {0} does not live in this world: it was despawned, or comes from another world; ask `world.contains(entity)` first"
)]
pub struct NoSuchEntity(pub Entity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_entity_is_all_zeros() {
        assert_eq!(size_of::<Option<Entity>>(), 8);
        // SAFETY: both are 8 bytes, and every bit pattern is a u64.
        let bits = unsafe { std::mem::transmute::<Option<Entity>, u64>(None) };
        assert_eq!(bits, 0);
    }

    #[test]
    fn bits_go_there_and_back_and_generation_zero_is_refused() {
        let entity = Entity::new(7, 3).expect("generation 3");
        assert_eq!(
            (
                entity.index(),
                entity.generation(),
                entity.to_string().as_str()
            ),
            (7, 3, "7v3")
        );
        assert_eq!(Entity::from_bits(entity.to_bits()), Some(entity));
        assert_eq!(Entity::new(7, 0), None);
        assert_eq!(Entity::from_bits(0), None);
    }

    #[test]
    fn the_index_orders_first() {
        let [a, b, c] = [(1, 9), (2, 1), (2, 2)]
            .map(|(index, generation)| Entity::new(index, generation).expect("not 0"));
        assert!(a < b && b < c);
    }
}
