//! Events: values sent in one step and read in the next.

use super::World;
use crate::error::EcsError;
use crate::registry::{ComponentId, ComponentRecord};
use crate::root::TableHeader;
use crate::schema::Component;
use crate::table;
use layerw_memory::PAGE;
use std::mem;
use std::ptr::{self, NonNull};
use std::slice;

impl World {
    /// Makes a type known as an event.
    ///
    /// # Errors
    /// Whatever [`World::register`] refuses.
    pub fn register_event<T: Component>(&mut self) -> Result<ComponentId, EcsError> {
        let id = self.register::<T>()?;
        let record = self.components.records.get(id.0);
        self.components.records.set(
            id.0,
            ComponentRecord {
                is_event: 1,
                ..record
            },
        );
        Ok(id)
    }

    /// Appends an event to those of this step.
    ///
    /// # Panics
    /// Memory is used up (with the table of who holds what), or the type's name is taken.
    #[track_caller]
    pub fn send_event<T: Component>(&mut self, event: T) {
        let sent = self.register_event::<T>().and_then(|id| {
            // SAFETY: the address of a value of the component's own type.
            unsafe { self.push_event_raw(id, (&raw const event).cast()) }
        });
        sent.unwrap_or_else(|refusal| panic!("{refusal}"));
    }

    /// Appends an event, by address, to those of this step.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the pool is used up.
    ///
    /// # Safety
    /// `event` leads to a valid value of the component.
    ///
    /// # Panics
    /// The component is not known to this world.
    pub unsafe fn push_event_raw(
        &mut self,
        id: ComponentId,
        event: *const u8,
    ) -> Result<(), EcsError> {
        let mut record = self.components.records.get(id.0);
        let queue = &mut record.pending;
        if queue.len == queue.capacity {
            let refused = EcsError::memory(format!(
                "events of component `{}`",
                self.components.schema(id).name
            ));
            table::grow(
                queue,
                record.size,
                u64::from(queue.len) + 1,
                &self.pages,
                self.components.owner(id),
            )
            .map_err(refused)?;
        }
        let (size, first) = (
            record.size as usize,
            self.pages.at(queue.run.first * PAGE as u32),
        );
        self.pages.before_write(
            queue.run.first * PAGE as u32 + queue.len * record.size,
            size,
        );
        // SAFETY: the queue has room for one more value of `size` bytes, and the caller promises that the event has as many.
        unsafe { ptr::copy_nonoverlapping(event, first.add(queue.len as usize * size), size) };
        queue.len += 1;
        record.is_event = 1;
        self.components.records.set(id.0, record);
        Ok(())
    }

    /// The events of the step before, in the order in which they were sent.
    pub fn events<T: Component>(&self) -> &[T] {
        let Some(id) = self.component_id::<T>() else {
            return &[];
        };
        let (first, count) = self.events_ptr(id);
        // SAFETY: the queue holds `count` values of `T`, and queues change only under `&mut World`.
        unsafe { slice::from_raw_parts(first.cast().as_ptr(), count) }
    }

    /// The events of the step before: the address of the first, and how many there are.
    ///
    /// # Panics
    /// The component is not known to this world.
    pub fn events_ptr(&self, id: ComponentId) -> (NonNull<u8>, usize) {
        // SAFETY: the record exists, and queues change only under `&mut World`. (Not a copy of the whole record: the tick of a resource of the
        // same type may be set meanwhile.)
        let TableHeader { run, len, .. } = unsafe { (*self.component_record(id)).readable };
        let first = NonNull::new(self.pages.at(run.first * PAGE as u32))
            .expect("the pool is not at address 0");
        (first, len as usize)
    }

    /// Ends a step for events: those sent in it become readable, those readable so far are gone.
    pub fn flip_events(&mut self) {
        for id in self.components.ids() {
            let mut record = self.components.records.get(id.0);
            if record.is_event == 0 {
                continue;
            }
            mem::swap(&mut record.readable, &mut record.pending);
            record.pending.len = 0;
            self.components.records.set(id.0, record);
        }
    }
}
