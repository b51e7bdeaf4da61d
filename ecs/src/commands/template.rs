//! Commands by component numbers and bytes, for systems that are no Rust functions.

use super::{Commands, Pending, Subject};
use crate::registry::ComponentId;
use crate::schema::Schema;
use crate::world::World;
use std::ptr;

/// A list of components whose values come one after another without gaps, in the order of the list. Made once, used for any number of commands.
///
/// Its component numbers are those of one world as it was numbered then: make it anew whenever systems are declared anew.
#[derive(Debug, Clone)]
pub struct Template {
    /// Sorted and distinct.
    ids: Box<[ComponentId]>,
    /// Where the value of each of them stands among the bytes.
    parts: Box<[Part]>,
    /// Layouts of those whose bytes need a look, with where they stand.
    doubtful: Box<[(u32, Schema)]>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    offset: u32,
    bytes: u32,
}

/// Bytes that are no values of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidValue {
    /// Not as many bytes as the template's values have.
    #[error("{found} bytes, where the values of the template take {wanted}")]
    Bytes {
        /// What was passed.
        found: usize,
        /// [`Template::bytes`].
        wanted: usize,
    },
    /// A `bool` that is neither 0 nor 1, or an entity that can be none.
    #[error(
        "field `{field}` of component `{component}` is a {primitive}, and its bytes are no such value"
    )]
    Bits {
        /// The component.
        component: String,
        /// The field.
        field: String,
        /// Its scalar.
        primitive: &'static str,
    },
    /// An event is one component.
    #[error("an event is a template of one component, and this one has {components}")]
    Event {
        /// Components of the template.
        components: usize,
    },
}

impl Template {
    /// The components in the order in which their values come; one that comes twice counts once, with its last value.
    ///
    /// # Panics
    /// A number is not of this world.
    pub fn new(world: &World, components: &[ComponentId]) -> Self {
        let mut parts: Vec<(ComponentId, Part)> = Vec::with_capacity(components.len());
        let (mut end, mut doubtful) = (0, Vec::new());
        for &id in components {
            let schema = world.schema(id);
            let part = Part {
                offset: end,
                bytes: schema.size,
            };
            if schema.has_invalid_bits() {
                doubtful.push((end, schema.clone()));
            }
            end += schema.size;
            match parts.binary_search_by_key(&id, |&(id, _)| id) {
                Ok(place) => parts[place].1 = part,
                Err(place) => parts.insert(place, (id, part)),
            }
        }
        Template {
            ids: parts.iter().map(|&(id, _)| id).collect(),
            parts: parts.iter().map(|&(_, part)| part).collect(),
            doubtful: doubtful.into(),
            bytes: end as usize,
        }
    }

    /// Bytes of the values of one entity.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Its components, sorted.
    pub fn components(&self) -> &[ComponentId] {
        &self.ids
    }

    /// Whether the bytes are values.
    fn check(&self, values: &[u8]) -> Result<(), InvalidValue> {
        if values.len() != self.bytes {
            return Err(InvalidValue::Bytes {
                found: values.len(),
                wanted: self.bytes,
            });
        }
        for (offset, schema) in &self.doubtful {
            if let Some(field) = schema.invalid_field(&values[*offset as usize..]) {
                return Err(InvalidValue::Bits {
                    component: schema.name.clone(),
                    field: field.name.clone(),
                    primitive: field.primitive.name(),
                });
            }
        }
        Ok(())
    }
}

/// A template and values, copied to scratch, which outlives the commands.
#[derive(Clone, Copy)]
struct Values {
    ids: *const [ComponentId],
    parts: *const [Part],
    bytes: *const [u8],
}

impl Values {
    /// The components, and what writes their values to where the world puts them.
    ///
    /// # Safety
    /// The step that they were recorded in has not ended, and they passed [`Template::check`].
    unsafe fn of<'v>(self) -> (&'v [ComponentId], impl FnMut(ComponentId, *mut u8) + 'v) {
        // SAFETY: the caller's promise; nothing writes to them after they were copied.
        let (ids, parts, bytes) = unsafe { (&*self.ids, &*self.parts, &*self.bytes) };
        let write = move |id: ComponentId, target: *mut u8| {
            let place = ids.partition_point(|&other| other < id);
            let part = parts[place];
            let value = &bytes[part.offset as usize..][..part.bytes as usize];
            // SAFETY: the world gives room for one value of the component, whose size the part has from the world.
            unsafe { ptr::copy_nonoverlapping(value.as_ptr(), target, value.len()) };
        };
        (ids, write)
    }
}

impl Commands<'_> {
    /// Spawns an entity of a template's components, with these values one after another.
    ///
    /// # Errors
    /// The bytes are no such values.
    pub fn spawn_values(
        &mut self,
        template: &Template,
        values: &[u8],
    ) -> Result<Pending, InvalidValue> {
        template.check(values)?;
        let values = self.keep(template, values);
        let pending = self.pending();
        self.record(values, |values, applier| {
            // SAFETY: applied within the step, checked above.
            let (ids, mut write) = unsafe { values.of() };
            // SAFETY: a whole valid value is written for each component.
            let entity = unsafe { applier.world.spawn_raw(ids, &mut write) };
            applier.spawned.push(entity);
        });
        Ok(pending)
    }

    /// Gives a template's components to an entity, with these values one after another.
    ///
    /// # Errors
    /// The bytes are no such values.
    pub fn insert_values(
        &mut self,
        subject: impl Into<Subject>,
        template: &Template,
        values: &[u8],
    ) -> Result<(), InvalidValue> {
        template.check(values)?;
        let values = self.keep(template, values);
        self.record((subject.into(), values), |(subject, values), applier| {
            let entity = applier.entity(subject);
            // SAFETY: applied within the step, checked above.
            let (ids, mut write) = unsafe { values.of() };
            // Documented: commands on entities that are gone are dropped.
            // SAFETY: a whole valid value is written for each component.
            let _ = unsafe { applier.world.insert_raw(entity, ids, &mut write) };
        });
        Ok(())
    }

    /// Takes a template's components from an entity.
    pub fn remove_components(&mut self, subject: impl Into<Subject>, template: &Template) {
        let values = self.keep(template, &[]);
        self.record((subject.into(), values), |(subject, values), applier| {
            let entity = applier.entity(subject);
            // SAFETY: applied within the step; no value is asked for.
            let (ids, _) = unsafe { values.of() };
            // Documented: commands on entities that are gone are dropped.
            let _ = applier.world.remove_raw(entity, ids);
        });
    }

    /// Sends an event: a template of one component, with its value.
    ///
    /// # Errors
    /// The template has more components or none, or the bytes are no such value.
    pub fn send_value(&mut self, template: &Template, value: &[u8]) -> Result<(), InvalidValue> {
        if template.ids.len() != 1 {
            return Err(InvalidValue::Event {
                components: template.ids.len(),
            });
        }
        template.check(value)?;
        let values = self.keep(template, value);
        self.record(values, |values, applier| {
            // SAFETY: applied within the step; the bytes are a value of the one component, checked above.
            let sent = unsafe {
                let (ids, bytes) = (&*values.ids, &*values.bytes);
                let value = &bytes[(&*values.parts)[0].offset as usize..];
                applier.world.push_event_raw(ids[0], value.as_ptr())
            };
            sent.unwrap_or_else(|refusal| panic!("{refusal}"));
        });
        Ok(())
    }

    /// Copies what a command needs to scratch.
    fn keep(&mut self, template: &Template, values: &[u8]) -> Values {
        Values {
            ids: self.scratch.alloc_slice_copy(&template.ids),
            parts: self.scratch.alloc_slice_copy(&template.parts),
            bytes: self.scratch.alloc_slice_copy(values),
        }
    }
}
