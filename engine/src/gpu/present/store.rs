//! Rows that stay on the device: an array for each column of an archetype, and what the device has seen of each chunk.
//!
//! The rows of an archetype stand one after another, since all of its chunks but the last are full. A chunk is uploaded where its change tick or its number of rows is not what
//! was uploaded, or written by a pass, last.

use std::collections::BTreeMap;
use std::slice;

use layerw_ecs::{Archetype, CHUNK_ROWS, ComponentId, World};
use layerw_render::{Array, Gpu};

/// All rows and values on the device.
#[derive(Default)]
pub(super) struct Store {
    pub(super) columns: Vec<Resident>,
    places: BTreeMap<(u32, ComponentId), usize>,
    values: BTreeMap<ComponentId, (Array, u64)>,
}

/// A column of an archetype.
pub(super) struct Resident {
    pub(super) archetype: u32,
    pub(super) component: ComponentId,
    pub(super) array: Array,
    /// For each chunk the change tick and the rows that the device has.
    synced: Vec<(u64, u32)>,
}

/// No tick.
const NEVER: (u64, u32) = (u64::MAX, 0);

impl Store {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Store::default();
    }

    /// Uploads what the device lacks of a column. Its place, or `None` where its rows are too large for the device.
    ///
    /// # Safety
    /// Nobody writes the column meanwhile.
    ///
    /// # Panics
    /// The archetype has no such column.
    pub(super) unsafe fn sync(
        &mut self,
        gpu: &mut Gpu,
        world: &World,
        archetype: &Archetype,
        component: ComponentId,
    ) -> Option<usize> {
        let column = archetype
            .column(component)
            .expect("the archetype has the column");
        let stride = world.schema(component).size;
        let place = match self.places.get(&(archetype.id(), component)) {
            Some(&place) => place,
            None => {
                self.columns.push(Resident {
                    archetype: archetype.id(),
                    component,
                    array: Array::new(stride, gpu.limits())?,
                    synced: Vec::new(),
                });
                let place = self.columns.len() - 1;
                self.places.insert((archetype.id(), component), place);
                place
            }
        };
        let resident = &mut self.columns[place];
        let rows = u32::try_from(archetype.len()).ok()?;
        if gpu.reserve(&mut resident.array, rows) {
            resident.synced.clear();
        }
        resident.synced.resize(archetype.chunks().len(), NEVER);
        for ((&chunk, synced), order) in
            archetype.chunks().iter().zip(&mut resident.synced).zip(0..)
        {
            let chunk = world.chunk(chunk);
            let now = (chunk.changed(column), chunk.len() as u32);
            if *synced == now || chunk.is_empty() {
                continue;
            }
            let (first, bytes) = (
                chunk.column_ptr(column).as_ptr(),
                chunk.len() * stride as usize,
            );
            // SAFETY: the column holds so many rows of so many bytes, none undefined, since components have no padding; nobody writes them, by the promise above.
            let bytes = unsafe { slice::from_raw_parts(first, bytes) };
            gpu.upload(&resident.array, order * CHUNK_ROWS, bytes);
            *synced = now;
        }
        Some(place)
    }

    /// Uploads a resource's value if the device lacks it. False where there is none.
    ///
    /// # Safety
    /// Nobody writes the resource meanwhile.
    pub(super) unsafe fn sync_value(
        &mut self,
        gpu: &mut Gpu,
        world: &World,
        id: ComponentId,
    ) -> bool {
        let size = world.schema(id).size;
        let Some(value) = world.resource_ptr(id) else {
            return false;
        };
        let now = world.resource_changed(id);
        let (array, synced) = match self.values.get_mut(&id) {
            Some((array, synced)) => (array, synced),
            None => {
                let Some(mut array) = Array::new(size, gpu.limits()) else {
                    return false;
                };
                gpu.reserve(&mut array, 1);
                let (array, synced) = self.values.entry(id).or_insert((array, u64::MAX));
                (array, synced)
            }
        };
        if *synced != now {
            // SAFETY: the value has so many bytes, none undefined; nobody writes it, by the promise above.
            let bytes = unsafe { slice::from_raw_parts(value.as_ptr(), size as usize) };
            gpu.upload(array, 0, bytes);
            *synced = now;
        }
        true
    }

    /// The column of an archetype, which was synced before.
    pub(super) fn column(&self, archetype: u32, component: ComponentId) -> &Resident {
        &self.columns[self.places[&(archetype, component)]]
    }

    /// Its place.
    pub(super) fn place(&self, archetype: u32, component: ComponentId) -> usize {
        self.places[&(archetype, component)]
    }

    /// The value of a resource, which was synced before.
    pub(super) fn value(&self, id: ComponentId) -> &Array {
        &self.values[&id].0
    }

    /// Notes that a pass has written a column on the device, under the change tick that its chunks have now.
    pub(super) fn written(&mut self, place: usize, tick: u64) {
        for (synced, _) in &mut self.columns[place].synced {
            *synced = tick;
        }
    }
}

impl Resident {
    /// Whether this is the tick of its last write, on the device.
    pub(super) fn is_at(&self, tick: u64) -> bool {
        self.synced
            .first()
            .is_some_and(|&(synced, _)| synced == tick)
    }
}
