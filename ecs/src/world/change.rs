//! Components of living entities: read, changed, given and taken.

use super::World;
use crate::bundle::{BUNDLE_MAX, Bundle, UNKNOWN};
use crate::entities::Location;
use crate::entity::{Entity, NoSuchEntity};
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::schema::Component;
use crate::storage::Context;
use std::mem::MaybeUninit;

impl World {
    /// A component of an entity; `None` where the entity does not live or has no such component.
    #[inline]
    pub fn get<T: Component>(&self, entity: Entity) -> Option<&T> {
        let value = self.value(entity, self.components.of::<T>()?, size_of::<T>())?;
        // SAFETY: the address of an initialised `T` in the column of its component; that no system writes it meanwhile is the rule for sharing
        // a world.
        Some(unsafe { &*value.cast() })
    }

    /// A component of an entity, to change: notes a write access.
    #[inline]
    pub fn get_mut<T: Component>(&mut self, entity: Entity) -> Option<&mut T> {
        let id = self.components.of::<T>()?;
        let value = self.value(entity, id, size_of::<T>())?;
        let location = self.entities.find(entity)?;
        let column = self.storage.archetypes[self.archetype_at(location) as usize].column(id)?;
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        self.storage.mark_column(location, column, context);
        // SAFETY: as in `get`, and `&mut self` makes this the only reference.
        Some(unsafe { &mut *value.cast() })
    }

    #[inline(always)]
    fn value(&self, entity: Entity, id: ComponentId, size: usize) -> Option<*mut u8> {
        let location = self.entities.find(entity)?;
        self.storage.value(location, id, size, self.context())
    }

    /// Gives components to an entity, over those that it has already.
    ///
    /// # Errors
    /// [`NoSuchEntity`] where it does not live.
    ///
    /// # Panics
    /// Where [`World::try_insert`] refuses for another reason: memory is used up, or the bundle is malformed.
    #[inline]
    #[track_caller]
    pub fn insert<B: Bundle>(&mut self, entity: Entity, bundle: B) -> Result<(), NoSuchEntity> {
        only_absence(self.try_insert(entity, bundle))
    }

    /// Gives components to an entity, over those that it has already, or leaves the world as it was.
    ///
    /// # Errors
    /// [`EcsError::NoSuchEntity`], [`EcsError::Memory`], [`EcsError::BadBundle`], and whatever [`World::register`] refuses.
    #[inline]
    pub fn try_insert<B: Bundle>(&mut self, entity: Entity, bundle: B) -> Result<(), EcsError> {
        let location = self.entities.find(entity).ok_or(NoSuchEntity(entity))?;
        let place = self.bundles.of::<B>(&mut self.components, &self.pages)?;
        let source = self.archetype_at(location);
        let target = match self.bundles.infos[place].with.get(source as usize) {
            Some(&target) if target != UNKNOWN => target,
            _ => self.find_with(place, source)?,
        };
        let location = self.bring(entity, location, source, target)?;
        let record = self.storage.chunks.get(location.chunk());
        // Not all null: that would be a write of half a kilobyte.
        let mut targets = [MaybeUninit::<*mut u8>::uninit(); BUNDLE_MAX];
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        let written = &self.bundles.infos[place].written;
        for (to, &id) in targets[..B::COUNT].iter_mut().zip(written) {
            let column = self.storage.archetypes[target as usize]
                .column(id)
                .expect("the target has the bundle's components");
            to.write(self.pages.at(self.storage.column_offset(record, column)));
            // Where the entity moved, all columns of the row that it got are marked.
            if source == target {
                self.storage.mark_column(location, column, context);
            }
        }
        // SAFETY: the row exists, the `COUNT` addresses written above are of the columns of the bundle's own components, and `&mut self` excludes
        // readers.
        unsafe { bundle.write(targets.as_ptr().cast(), location.row() as usize) };
        Ok(())
    }

    /// Takes components from an entity; those that it does not have are passed over.
    ///
    /// # Errors
    /// [`NoSuchEntity`] where it does not live.
    ///
    /// # Panics
    /// Where [`World::try_remove`] refuses for another reason: the entity's other components need a row elsewhere, and memory is used up.
    #[inline]
    #[track_caller]
    pub fn remove<B: Bundle>(&mut self, entity: Entity) -> Result<(), NoSuchEntity> {
        only_absence(self.try_remove::<B>(entity))
    }

    /// Takes components from an entity, or leaves the world as it was; those that it does not have are passed over.
    ///
    /// # Errors
    /// As [`World::try_insert`].
    #[inline]
    pub fn try_remove<B: Bundle>(&mut self, entity: Entity) -> Result<(), EcsError> {
        let location = self.entities.find(entity).ok_or(NoSuchEntity(entity))?;
        let place = self.bundles.of::<B>(&mut self.components, &self.pages)?;
        let source = self.archetype_at(location);
        let target = match self.bundles.infos[place].without.get(source as usize) {
            Some(&target) if target != UNKNOWN => target,
            _ => self.find_without(place, source)?,
        };
        self.bring(entity, location, source, target)?;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn archetype_at(&self, location: Location) -> u32 {
        // SAFETY: locations of living entities lead to chunks, and chunk records change only under `&mut World`.
        unsafe { (*self.storage.chunks.at(location.chunk())).archetype }
    }

    /// Moves an entity to an archetype, unless it is there.
    #[inline(always)]
    pub(super) fn bring(
        &mut self,
        entity: Entity,
        location: Location,
        source: u32,
        target: u32,
    ) -> Result<Location, EcsError> {
        if source == target {
            return Ok(location);
        }
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        self.storage
            .move_row(entity, location, target, &mut self.entities, context)
    }

    #[cold]
    fn find_with(&mut self, place: usize, source: u32) -> Result<u32, EcsError> {
        let mut list = std::mem::take(&mut self.list);
        union(
            self.storage.archetypes[source as usize].components(),
            &self.bundles.infos[place].sorted,
            &mut list,
        );
        let target = self.archetype_of(&list);
        self.list = list;
        note_edge(&mut self.bundles.infos[place].with, source, target?)
    }

    #[cold]
    fn find_without(&mut self, place: usize, source: u32) -> Result<u32, EcsError> {
        let mut list = std::mem::take(&mut self.list);
        difference(
            self.storage.archetypes[source as usize].components(),
            &self.bundles.infos[place].sorted,
            &mut list,
        );
        let target = self.archetype_of(&list);
        self.list = list;
        note_edge(&mut self.bundles.infos[place].without, source, target?)
    }

    /// The archetype of exactly these components.
    pub(super) fn archetype_of(&mut self, list: &[ComponentId]) -> Result<u32, EcsError> {
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        self.storage.archetype(list, context)
    }
}

/// Remembers where an archetype's entities come to.
fn note_edge(edges: &mut Vec<u32>, source: u32, target: u32) -> Result<u32, EcsError> {
    if edges.len() <= source as usize {
        edges.resize(source as usize + 1, UNKNOWN);
    }
    edges[source as usize] = target;
    Ok(target)
}

/// All of both sorted lists, sorted.
pub(super) fn union(a: &[ComponentId], b: &[ComponentId], all: &mut Vec<ComponentId>) {
    all.clear();
    all.extend(a);
    all.extend(b);
    all.sort_unstable();
    all.dedup();
}

/// What stands in `a` and not in the sorted list `b`.
pub(super) fn difference(a: &[ComponentId], b: &[ComponentId], rest: &mut Vec<ComponentId>) {
    rest.clear();
    rest.extend(a.iter().filter(|id| b.binary_search(id).is_err()));
}

/// Keeps the refusal that callers expect, and makes the rest a panic.
#[track_caller]
pub(super) fn only_absence(outcome: Result<(), EcsError>) -> Result<(), NoSuchEntity> {
    match outcome {
        Ok(()) => Ok(()),
        Err(EcsError::NoSuchEntity(absence)) => Err(absence),
        Err(refusal) => panic!("{refusal}"),
    }
}
