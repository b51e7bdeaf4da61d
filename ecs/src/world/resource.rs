//! Resources: values that the world holds once per type, hashed and imaged like components.

use super::World;
use crate::error::EcsError;
use crate::registry::{ComponentId, ComponentRecord};
use crate::schema::Resource;
use crate::slab::{Block, NO_SLAB};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

impl World {
    /// Puts a resource into the world. Returns the one it replaces.
    ///
    /// # Panics
    /// Where [`World::try_insert_resource`] refuses.
    #[track_caller]
    pub fn insert_resource<T: Resource>(&mut self, value: T) -> Option<T> {
        self.try_insert_resource(value)
            .unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Puts a resource into the world. Returns the one it replaces, whose place it takes.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the pool is used up, and whatever [`World::register`] refuses.
    pub fn try_insert_resource<T: Resource>(&mut self, value: T) -> Result<Option<T>, EcsError> {
        let id = self.register::<T>()?;
        let old = self.resource::<T>().copied();
        let place = self.place_for_resource(id)?;
        // SAFETY: the block holds one value of this component, whose type is `T`, and `&mut self` excludes readers.
        unsafe { place.cast::<T>().write(value) };
        Ok(old)
    }

    /// Puts a resource into the world by its component's number, over the one that is there.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the pool is used up.
    ///
    /// # Panics
    /// The number is not of this world, or the bytes are no value of the component ([`Schema::invalid_field`](crate::Schema::invalid_field)).
    pub fn try_insert_resource_bytes(
        &mut self,
        id: ComponentId,
        bytes: &[u8],
    ) -> Result<(), EcsError> {
        let schema = self.schema(id);
        let name = &schema.name;
        assert!(
            bytes.len() == schema.size as usize,
            "{} bytes for resource `{name}`, which has {}",
            bytes.len(),
            schema.size
        );
        if let Some(field) = schema.invalid_field(bytes) {
            panic!(
                "bytes of field `{}` of resource `{name}` are no {}",
                field.name,
                field.primitive.name()
            );
        }
        let place = self.place_for_resource(id)?;
        // SAFETY: the block holds one value of this component, which has as many bytes as were passed, and `&mut self` excludes readers. They are a
        // value, as was seen above.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
        Ok(())
    }

    /// The address of a resource that is about to be written whole, made room for where there is none.
    fn place_for_resource(&mut self, id: ComponentId) -> Result<*mut u8, EcsError> {
        if self.resource_ptr(id).is_none() {
            let Block { offset, slab } =
                self.storage
                    .slabs
                    .take(id, 1, &self.components, &self.pages)?;
            let record = self.components.records.get(id.0);
            self.components.records.set(
                id.0,
                ComponentRecord {
                    is_resource: 1,
                    resource: offset,
                    resource_slab: slab,
                    ..record
                },
            );
        }
        let tick = self.tick();
        let record = self.components.records.get(id.0);
        self.components.records.set(
            id.0,
            ComponentRecord {
                resource_changed: tick,
                ..record
            },
        );
        let bytes = self.schema(id).size as usize;
        self.pages.before_write(record.resource, bytes);
        Ok(self.pages.at(record.resource))
    }

    /// Takes a resource out of the world.
    pub fn remove_resource<T: Resource>(&mut self) -> Option<T> {
        let id = self.component_id::<T>()?;
        let value = *self.resource::<T>()?;
        let record = self.components.records.get(id.0);
        let (block, tick) = (
            Block {
                offset: record.resource,
                slab: record.resource_slab,
            },
            self.tick(),
        );
        self.storage
            .slabs
            .give(block, &self.components, &self.pages);
        let record = ComponentRecord {
            is_resource: 0,
            resource: 0,
            resource_slab: NO_SLAB,
            resource_changed: tick,
            ..record
        };
        self.components.records.set(id.0, record);
        Some(value)
    }

    /// A resource.
    #[inline]
    pub fn resource<T: Resource>(&self) -> Option<&T> {
        // SAFETY: the address of an initialised `T`; that no system writes it meanwhile is the rule for sharing a world.
        self.resource_ptr(self.component_id::<T>()?)
            .map(|value| unsafe { value.cast().as_ref() })
    }

    /// A resource, to change: notes a write access.
    #[inline]
    pub fn resource_mut<T: Resource>(&mut self) -> Option<&mut T> {
        let id = self.component_id::<T>()?;
        let value = self.resource_ptr(id)?;
        // SAFETY: `&mut self` excludes everyone else.
        unsafe { self.set_resource_changed(id, self.tick()) };
        // SAFETY: as in `resource`, and `&mut self` makes this the only reference.
        Some(unsafe { value.cast().as_mut() })
    }

    /// The address of a resource's value, if there is one. It stays while the resource is there, also when its value is replaced.
    #[inline]
    pub fn resource_ptr(&self, id: ComponentId) -> Option<NonNull<u8>> {
        let record = self.component_record(id);
        // SAFETY: records change only under `&mut World`, except the tick, which is not read here.
        let (is_resource, offset) = unsafe { ((*record).is_resource, (*record).resource) };
        if is_resource == 0 {
            None
        } else {
            NonNull::new(self.pages.at(offset))
        }
    }

    /// The tick of the last write access to a resource, or of its removal.
    pub fn resource_changed(&self, id: ComponentId) -> u64 {
        // SAFETY: the record exists and the field is aligned to 8. Relaxed: as for columns, the plan orders who may see a write.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.component_record(id)).resource_changed) }
            .load(Ordering::Relaxed)
    }

    /// Notes a write access to a resource; to be called before it is written, by whoever is about to.
    ///
    /// # Safety
    /// The caller holds the write access to this resource, or the world exclusively.
    pub unsafe fn set_resource_changed(&self, id: ComponentId, tick: u64) {
        if self.pages.history().is_on() {
            self.before_write_resource(id);
        }
        // SAFETY: as in `resource_changed`. Relaxed: as there.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.component_record(id)).resource_changed) }
            .store(tick, Ordering::Relaxed);
    }

    #[cold]
    fn before_write_resource(&self, id: ComponentId) {
        self.components.records.before_write(id.0, 1);
        let record = self.component_record(id);
        // SAFETY: records change only under `&mut World`, except the tick, which is not read here.
        let (is_resource, offset, size) =
            unsafe { ((*record).is_resource, (*record).resource, (*record).size) };
        if is_resource == 1 {
            self.pages.before_write(offset, size as usize);
        }
    }

    pub(super) fn component_record(&self, id: ComponentId) -> *mut ComponentRecord {
        assert!(
            id.0 < self.components.records.len(),
            "component {} of {}",
            id.0,
            self.components.records.len()
        );
        // Ticks are set while the world is shared, see `set_resource_changed`.
        self.components.records.at(id.0).cast_mut()
    }
}
