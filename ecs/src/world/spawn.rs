//! Entities made and unmade.

use super::World;
use crate::bundle::{BUNDLE_MAX, Bundle, UNKNOWN};
use crate::chunk::ChunkId;
use crate::entities::Location;
use crate::entity::{Entity, NoSuchEntity};
use crate::error::EcsError;
use crate::storage::Context;
use std::iter::FusedIterator;

/// Addresses of the columns that a bundle is written to, in written order.
pub(super) type Targets = [*mut u8; BUNDLE_MAX];

impl World {
    /// Makes an entity with these components.
    ///
    /// # Panics
    /// Where [`World::try_spawn`] refuses: memory is used up (with the table of who holds what), or the bundle is malformed.
    #[inline]
    #[track_caller]
    pub fn spawn<B: Bundle>(&mut self, bundle: B) -> Entity {
        self.try_spawn(bundle)
            .unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Makes an entity with these components, or leaves the world as it was.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the pool is used up, [`EcsError::BadBundle`] where a component stands in the bundle twice, and whatever
    /// [`World::register`] refuses.
    #[inline]
    pub fn try_spawn<B: Bundle>(&mut self, bundle: B) -> Result<Entity, EcsError> {
        let place = self.bundle_archetype::<B>()?;
        let archetype = self.bundles.infos[place].archetype;
        self.entities
            .reserve(1, &self.pages, self.components.table_owner())?;
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        let chunk = self.storage.room(archetype, 1, context)?;
        let (row, _) = self.storage.spare(chunk);
        let mut targets: Targets = [std::ptr::null_mut(); BUNDLE_MAX];
        self.targets::<B>(place, chunk, &mut targets);
        // SAFETY: the chunk has room for one more row, nobody reads a row above its length, and the addresses are of the bundle's own columns.
        unsafe { bundle.write(targets.as_ptr(), row as usize) };
        let entity = self.entities.add(Location::new(chunk.0, row));
        self.storage.set_entity(chunk, row, entity, context);
        self.storage.add_rows(chunk, 1, context);
        Ok(entity)
    }

    /// Makes an entity for each bundle; much faster than one by one. The entities stand in the result, which need not be used.
    ///
    /// # Panics
    /// Where [`World::try_spawn_batch`] refuses.
    #[track_caller]
    pub fn spawn_batch<B: Bundle>(&mut self, bundles: impl IntoIterator<Item = B>) -> Spawned<'_> {
        self.try_spawn_batch(bundles)
            .unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Makes an entity for each bundle. After a refusal the entities made before it live.
    ///
    /// # Errors
    /// As [`World::try_spawn`].
    pub fn try_spawn_batch<B: Bundle>(
        &mut self,
        bundles: impl IntoIterator<Item = B>,
    ) -> Result<Spawned<'_>, EcsError> {
        let mut bundles = bundles.into_iter();
        let place = self.bundle_archetype::<B>()?;
        let archetype = self.bundles.infos[place].archetype;
        let first = self.storage.archetypes[archetype as usize].len();
        // A promise of the iterator is not to be trusted with all memory: a wrong one is found out chunk by chunk.
        let mut hint = bundles.size_hint().0;
        if let Ok(count) = u32::try_from(hint) {
            // Where this is too much, the loop below refuses at the entity that does not fit.
            let _ = self
                .entities
                .reserve(count, &self.pages, self.components.table_owner());
        }
        let mut next = bundles.next();
        while let Some(bundle) = next {
            let context = Context {
                components: &self.components,
                pages: &self.pages,
                tick: self.root().tick,
            };
            let chunk = self.storage.room(archetype, hint.max(1), context)?;
            let (row, spare) = self.storage.spare(chunk);
            self.entities.reserve(
                spare.min(hint.max(1) as u32),
                &self.pages,
                self.components.table_owner(),
            )?;
            if self.pages.history().is_on() {
                self.storage
                    .before_write_rows(chunk, row, spare, self.context());
            }
            let mut targets: Targets = [std::ptr::null_mut(); BUNDLE_MAX];
            self.targets::<B>(place, chunk, &mut targets);
            // SAFETY: the chunk has room for `spare` more rows, nobody reads rows above its length, and the addresses are of the bundle's
            // own columns. Should the iterator panic, the rows written so far are above the length and stay unread.
            let count =
                unsafe { write_rows(bundle, &mut bundles, &targets, row as usize, spare as usize) }
                    as u32;
            self.entities
                .reserve(count, &self.pages, self.components.table_owner())?;
            self.name_rows(chunk, row, count);
            hint = hint.saturating_sub(count as usize);
            next = if count == spare { bundles.next() } else { None };
        }
        Ok(Spawned {
            world: self,
            archetype,
            next: first,
            end: self.storage.archetypes[archetype as usize].len(),
        })
    }

    /// Removes an entity with all its components.
    ///
    /// # Errors
    /// [`NoSuchEntity`] where it does not live.
    #[inline]
    pub fn despawn(&mut self, entity: Entity) -> Result<(), NoSuchEntity> {
        let location = self.entities.find(entity).ok_or(NoSuchEntity(entity))?;
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        self.entities.remove(entity);
        self.storage
            .remove_row(location, &mut self.entities, context);
        Ok(())
    }

    /// The place of a bundle type among those known, with its archetype made.
    #[inline(always)]
    fn bundle_archetype<B: Bundle>(&mut self) -> Result<usize, EcsError> {
        let place = self.bundles.of::<B>(&mut self.components, &self.pages)?;
        if self.bundles.infos[place].archetype == UNKNOWN {
            self.make_bundle_archetype(place)?;
        }
        Ok(place)
    }

    #[cold]
    fn make_bundle_archetype(&mut self, place: usize) -> Result<(), EcsError> {
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        let info = &mut self.bundles.infos[place];
        info.archetype = self.storage.archetype(&info.sorted, context)?;
        let archetype = &self.storage.archetypes[info.archetype as usize];
        let column = |&id| {
            archetype
                .column(id)
                .expect("an archetype has its own components") as u16
        };
        info.columns = info.written.iter().map(column).collect();
        Ok(())
    }

    /// Fills in the addresses of the columns of a chunk of the bundle's own archetype.
    #[inline(always)]
    fn targets<B: Bundle>(&self, place: usize, chunk: ChunkId, targets: &mut Targets) {
        let record = self.storage.chunks.get(chunk.0);
        let columns = &self.bundles.infos[place].columns;
        for (target, &column) in targets[..B::COUNT].iter_mut().zip(columns) {
            *target = self
                .pages
                .at(self.storage.column_offset(record, column as usize));
        }
    }

    /// Gives entities to rows whose values are written, and counts them in.
    fn name_rows(&mut self, chunk: ChunkId, row: u32, count: u32) {
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        for row in row..row + count {
            let entity = self.entities.add(Location::new(chunk.0, row));
            self.storage.set_entity(chunk, row, entity, context);
        }
        self.storage.add_rows(chunk, count, context);
    }
}

/// Writes `first` and what follows to rows from `row` on, `spare` at most; returns how many.
///
/// # Safety
/// As [`Bundle::write`], for `spare` rows from `row`, of which there is at least one.
#[inline(always)]
unsafe fn write_rows<B: Bundle>(
    first: B,
    rest: &mut impl Iterator<Item = B>,
    targets: &Targets,
    row: usize,
    spare: usize,
) -> usize {
    // A copy that no one else can reach, so that the compiler keeps the addresses in registers while it writes through them.
    let targets = *targets;
    // SAFETY: the caller's promise.
    unsafe { first.write(targets.as_ptr(), row) };
    let mut count = 1;
    for bundle in rest.take(spare - 1) {
        // SAFETY: the caller's promise; `take` ends at `spare`.
        unsafe { bundle.write(targets.as_ptr(), row + count) };
        count += 1;
    }
    count
}

/// The entities that a batch made, in the order of their bundles.
#[derive(Clone)]
pub struct Spawned<'w> {
    world: &'w World,
    archetype: u32,
    next: usize,
    end: usize,
}

impl Iterator for Spawned<'_> {
    type Item = Entity;

    fn next(&mut self) -> Option<Entity> {
        if self.next == self.end {
            return None;
        }
        let (chunk, row) = self.world.storage.archetypes[self.archetype as usize].place(self.next);
        self.next += 1;
        Some(self.world.chunk(chunk).entities()[row as usize])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }

    fn nth(&mut self, count: usize) -> Option<Entity> {
        self.next = self.next.saturating_add(count).min(self.end);
        self.next()
    }
}

impl ExactSizeIterator for Spawned<'_> {}

impl FusedIterator for Spawned<'_> {}
