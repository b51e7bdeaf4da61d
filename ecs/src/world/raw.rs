//! Structure changed by component numbers and addresses, for those who have no Rust types at hand: command buffers, scripts.

use super::World;
use super::change::{difference, union};
use crate::entities::Location;
use crate::entity::{Entity, NoSuchEntity};
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::storage::Context;

impl World {
    /// Makes an entity with these components, whose values `write` puts to the addresses that it is given, one call for each.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the pool is used up; the world is as it was.
    ///
    /// # Safety
    /// `write` writes a whole valid value of the component to each address, and nothing else.
    ///
    /// # Panics
    /// The list is not sorted and distinct, or names a component that the world does not know.
    pub unsafe fn try_spawn_raw(
        &mut self,
        components: &[ComponentId],
        write: &mut dyn FnMut(ComponentId, *mut u8),
    ) -> Result<Entity, EcsError> {
        self.check(components);
        let archetype = self.archetype_of(components)?;
        self.entities
            .reserve(1, &self.pages, self.components.table_owner())?;
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        let chunk = self.storage.room(archetype, 1, context)?;
        let (row, _) = self.storage.spare(chunk);
        let location = Location::new(chunk.0, row);
        for &id in components {
            let value = self
                .storage
                .value(location, id, self.schema(id).size as usize, context)
                .expect("an archetype has its own components");
            write(id, value);
        }
        let entity = self.entities.add(location);
        self.storage.set_entity(chunk, row, entity, context);
        self.storage.add_rows(chunk, 1, context);
        Ok(entity)
    }

    /// As [`World::try_spawn_raw`].
    ///
    /// # Safety
    /// As there.
    ///
    /// # Panics
    /// As there, and where it refuses.
    pub unsafe fn spawn_raw(
        &mut self,
        components: &[ComponentId],
        write: &mut dyn FnMut(ComponentId, *mut u8),
    ) -> Entity {
        // SAFETY: the caller's promise.
        unsafe { self.try_spawn_raw(components, write) }
            .unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Gives components to an entity, over those that it has already; `write` puts their values to the addresses that it is given.
    ///
    /// # Errors
    /// [`EcsError::NoSuchEntity`] where it does not live, [`EcsError::Memory`] where the pool is used up; the world is as it was.
    ///
    /// # Safety
    /// As [`World::try_spawn_raw`].
    ///
    /// # Panics
    /// As [`World::try_spawn_raw`].
    pub unsafe fn try_insert_raw(
        &mut self,
        entity: Entity,
        components: &[ComponentId],
        write: &mut dyn FnMut(ComponentId, *mut u8),
    ) -> Result<(), EcsError> {
        self.check(components);
        let location = self.entities.find(entity).ok_or(NoSuchEntity(entity))?;
        let source = self.archetype_at(location);
        let mut list = std::mem::take(&mut self.list);
        union(
            self.storage.archetypes[source as usize].components(),
            components,
            &mut list,
        );
        let target = self.archetype_of(&list);
        self.list = list;
        let location = self.bring(entity, location, source, target?)?;
        let context = Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.root().tick,
        };
        for &id in components {
            let column = self.storage.archetypes[self.archetype_at(location) as usize]
                .column(id)
                .expect("the target has these components");
            self.storage.mark_column(location, column, context);
            let size = self.schema(id).size as usize;
            let value = self.storage.value(location, id, size, context);
            let value = value.expect("as above");
            write(id, value);
        }
        Ok(())
    }

    /// As [`World::try_insert_raw`].
    ///
    /// # Errors
    /// [`NoSuchEntity`] where it does not live.
    ///
    /// # Safety
    /// As there.
    ///
    /// # Panics
    /// As there, and where it refuses for another reason.
    pub unsafe fn insert_raw(
        &mut self,
        entity: Entity,
        components: &[ComponentId],
        write: &mut dyn FnMut(ComponentId, *mut u8),
    ) -> Result<(), NoSuchEntity> {
        // SAFETY: the caller's promise.
        super::change::only_absence(unsafe { self.try_insert_raw(entity, components, write) })
    }

    /// Takes components from an entity; those that it does not have are passed over.
    ///
    /// # Errors
    /// [`EcsError::NoSuchEntity`] where it does not live, [`EcsError::Memory`] where its other components find no row elsewhere.
    ///
    /// # Panics
    /// The list is not sorted and distinct, or names a component that the world does not know.
    pub fn try_remove_raw(
        &mut self,
        entity: Entity,
        components: &[ComponentId],
    ) -> Result<(), EcsError> {
        self.check(components);
        let location = self.entities.find(entity).ok_or(NoSuchEntity(entity))?;
        let source = self.archetype_at(location);
        let mut list = std::mem::take(&mut self.list);
        difference(
            self.storage.archetypes[source as usize].components(),
            components,
            &mut list,
        );
        let target = self.archetype_of(&list);
        self.list = list;
        self.bring(entity, location, source, target?)?;
        Ok(())
    }

    /// As [`World::try_remove_raw`].
    ///
    /// # Errors
    /// [`NoSuchEntity`] where it does not live.
    ///
    /// # Panics
    /// As there, and where it refuses for another reason.
    pub fn remove_raw(
        &mut self,
        entity: Entity,
        components: &[ComponentId],
    ) -> Result<(), NoSuchEntity> {
        super::change::only_absence(self.try_remove_raw(entity, components))
    }

    fn check(&self, components: &[ComponentId]) {
        assert!(
            components.is_sorted_by(|a, b| a < b),
            "components {components:?} are not sorted and distinct"
        );
        let known = self.components.len();
        assert!(
            components.last().is_none_or(|last| last.0 < known),
            "components {components:?}, where the world knows {known}"
        );
    }
}
