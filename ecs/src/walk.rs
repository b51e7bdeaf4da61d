//! A walk over all rows of all chunks of all archetypes that match, as one iterator.
//!
//! Not three iterators inside each other: [`Iterator::fold`], which `for_each`, `sum` and most adaptors end in, is three plain loops here, and a
//! chunk of twenty rows does not pay for a call of its own.

use crate::archetype::Archetype;
use crate::chunk::Chunk;
use crate::fetch::Fetch;
use crate::world::World;
use std::slice;

/// All rows whose archetype `columns` finds columns in. Calls `enter` for each chunk before its rows.
pub(crate) struct Walk<'w, Q: Fetch, C, E> {
    world: &'w World,
    archetypes: slice::Iter<'w, Archetype>,
    columns: C,
    enter: E,
    /// The archetype whose turn it is.
    at: Option<(&'w Archetype, Q::Columns)>,
    /// How many of its chunks were entered.
    entered: usize,
    /// The chunk whose turn it is.
    rows: Option<(Q::Pointers<'w>, usize)>,
    /// How many of its rows were yielded.
    row: usize,
}

impl<'w, Q, C, E> Walk<'w, Q, C, E>
where
    Q: Fetch,
    C: Fn(&Archetype) -> Option<Q::Columns>,
    E: Fn(Chunk<'w>, Q::Columns),
{
    /// # Safety
    /// As [`Fetch::item`], for all rows, each once, for as long as the walk lives and its items do.
    #[inline(always)]
    pub(crate) unsafe fn new(world: &'w World, columns: C, enter: E) -> Self {
        Walk {
            world,
            archetypes: world.archetypes().iter(),
            columns,
            enter,
            at: None,
            entered: 0,
            rows: None,
            row: 0,
        }
    }
}

impl<'w, Q, C, E> Iterator for Walk<'w, Q, C, E>
where
    Q: Fetch,
    C: Fn(&Archetype) -> Option<Q::Columns>,
    E: Fn(Chunk<'w>, Q::Columns),
{
    type Item = Q::Item<'w>;

    #[inline]
    fn next(&mut self) -> Option<Q::Item<'w>> {
        loop {
            if let Some((pointers, len)) = self.rows
                && self.row < len
            {
                self.row += 1;
                // SAFETY: below the chunk's length; the rest is the promise of `new`.
                return Some(unsafe { Q::item(pointers, self.row - 1) });
            }
            match self.at.and_then(|(archetype, columns)| {
                // SAFETY: the archetype is one of this world's.
                let mut chunks = unsafe { self.world.chunks_of(archetype) };
                Some((chunks.nth(self.entered)?.1, columns))
            }) {
                Some((chunk, columns)) => {
                    self.entered += 1;
                    (self.enter)(chunk, columns);
                    self.rows = Some((Q::pointers(columns, chunk), chunk.len()));
                    self.row = 0;
                }
                None => {
                    let archetype = self.archetypes.next()?;
                    self.at = (self.columns)(archetype).map(|columns| (archetype, columns));
                    self.entered = 0;
                }
            }
        }
    }

    #[inline]
    fn fold<B, F: FnMut(B, Q::Item<'w>) -> B>(mut self, init: B, mut f: F) -> B {
        let mut folded = init;
        // What `next` has begun.
        if self.at.is_some() {
            for item in self.by_ref() {
                folded = f(folded, item);
            }
            return folded;
        }
        for archetype in self.archetypes {
            let Some(columns) = (self.columns)(archetype) else {
                continue;
            };
            // SAFETY: the archetype is one of this world's.
            for (_, chunk) in unsafe { self.world.chunks_of(archetype) } {
                (self.enter)(chunk, columns);
                let pointers = Q::pointers(columns, chunk);
                for row in 0..chunk.len() {
                    // SAFETY: below the chunk's length; the rest is the promise of `new`.
                    folded = f(folded, unsafe { Q::item(pointers, row) });
                }
            }
        }
        folded
    }
}

#[cfg(test)]
mod tests {
    use crate::{World, component};
    use layerw_memory::{Arena, MemoryConfig};

    #[component]
    struct Mass(u32);

    #[component]
    struct Heat(u32);

    #[component]
    struct Mark;

    /// Masses 0, 1, 2 … in the order of a walk, over archetypes of several chunks, of one and of none, and others between them.
    fn world() -> (World, u32) {
        let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).expect("a small arena");
        let mut world = World::new(&arena).expect("a fresh arena");
        let mut count = 0;
        let mut next = || {
            count += 1;
            Mass(count - 1)
        };
        world.spawn_batch((0..9000).map(|_| (next(), Heat(1))));
        world.spawn_batch((0..10).map(|_| (Heat(2),)));
        let gone = world.spawn((Mass(0), Mark, Heat(3)));
        world.despawn(gone).expect("lives");
        world.spawn_batch((0..20).map(|_| (next(), Mark)));
        world.spawn((next(),));
        (world, count)
    }

    #[test]
    fn rows_come_in_order_however_they_are_asked_for() {
        let (mut world, count) = world();
        let wanted: Vec<u32> = (0..count).collect();
        let mut one_by_one = Vec::new();
        // Not `extend`, which may fold.
        for mass in world.query::<&Mass>() {
            one_by_one.push(mass.0);
        }
        assert_eq!(one_by_one, wanted);
        let mut folded = Vec::new();
        world
            .query_mut::<&mut Mass>()
            .for_each(|mass| folded.push(mass.0));
        assert_eq!(folded, wanted);
        for first in [1, 4095, 4096, 4097, 8999, 9000, 9001, 9020, 9021] {
            let mut walk = world.query_mut::<&mut Mass>();
            let mut both: Vec<u32> = walk.by_ref().take(first).map(|mass| mass.0).collect();
            walk.for_each(|mass| both.push(mass.0));
            assert_eq!(both, wanted, "{first} one by one, then the rest");
        }
        assert_eq!(world.query::<(&Mass, &Mark)>().count(), 20);
        let mut walk = world.query::<&Mass>();
        assert_eq!(walk.by_ref().count(), wanted.len());
        assert!(walk.next().is_none(), "it stays at its end");
    }
}
