//! The components that a world knows: by number, by name, by Rust type.

use crate::error::EcsError;
use crate::hash::Floats;
use crate::pages::Pages;
use crate::root::TableHeader;
use crate::schema::{Component, Schema};
use crate::slab::{ENTITY_COLUMN, NO_SLAB};
use crate::table::Table;
use bytemuck::{Pod, Zeroable};
use layerw_memory::{Owner, PAGE};
use xxhash_rust::xxh3::xxh3_64;

/// A component's number in one world, in order of registration. It differs between worlds and may change when an image is restored; names do not.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ComponentId(pub u32);

/// Component types that a world can know: what one page of records holds, so that the table never moves.
pub const COMPONENTS_MAX: u32 = (PAGE / size_of::<ComponentRecord>()) as u32;

/// What the arena holds about a component: enough to check an image, and what exists once per type.
#[derive(Debug, Copy, Clone, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ComponentRecord {
    /// XXH3-64 of the name.
    pub(crate) name_hash: u64,
    /// [`Schema::layout_hash`].
    pub(crate) layout_hash: u64,
    /// The tick of the resource's last write.
    pub(crate) resource_changed: u64,
    /// Bytes of a value.
    pub(crate) size: u32,
    /// Whether there are event queues: 0 or 1.
    pub(crate) is_event: u32,
    /// Whether there is a resource: 0 or 1.
    pub(crate) is_resource: u32,
    /// Offset of the resource's value.
    pub(crate) resource: u32,
    /// Slab that it stands in; [`NO_SLAB`] without one.
    pub(crate) resource_slab: u32,
    pub(crate) _pad: u32,
    /// Events of the step before.
    pub(crate) readable: TableHeader,
    /// Events of this step.
    pub(crate) pending: TableHeader,
}

impl ComponentRecord {
    fn new(schema: &Schema) -> Self {
        ComponentRecord {
            name_hash: xxh3_64(schema.name.as_bytes()),
            layout_hash: schema.layout_hash,
            size: schema.size,
            resource_slab: NO_SLAB,
            ..ComponentRecord::zeroed()
        }
    }
}

/// What is known beside the arena.
pub(crate) struct Info {
    pub(crate) schema: Schema,
    /// Where its floats are, for the hash.
    floats: Floats,
    /// Who holds the pages of its rows, resource and events.
    pub(crate) owner: Owner,
    /// The number of its Rust type, where one was seen.
    type_number: Option<usize>,
}

impl Info {
    fn new(schema: Schema, owner: Owner, type_number: Option<usize>) -> Self {
        let floats = Floats::of(&schema.fields);
        Info {
            schema,
            floats,
            owner,
            type_number,
        }
    }
}

/// The components of a world in order of number: their layouts and the numbers of their Rust types.
pub(crate) struct Known {
    pub(crate) schemas: Vec<Schema>,
    types: Vec<Option<usize>>,
}

/// Components that a world is about to have, with the owners that were made for those it did not know.
pub(crate) struct Prepared {
    pub(crate) infos: Vec<Info>,
    fresh: Vec<Owner>,
}

impl Prepared {
    /// Forgets the owners that were made.
    pub(crate) fn give_up(self, pages: &Pages) {
        for owner in self.fresh {
            pages.pool().retire(owner);
        }
    }
}

fn new_owner(schema: &Schema, pages: &Pages) -> Result<Owner, EcsError> {
    let owner = pages
        .pool()
        .owner(&format!("component {}", schema.name), pages.pool().bytes());
    owner.map_err(EcsError::memory(format!("component `{}`", schema.name)))
}

/// All components of a world.
pub(crate) struct Components {
    pub(crate) records: Table<ComponentRecord>,
    pub(crate) infos: Vec<Info>,
    /// In order of name: the order of everything that is hashed by component.
    pub(crate) by_name: Vec<ComponentId>,
    /// Component number + 1 by type number; 0 is none.
    by_type: Vec<u32>,
    table_owner: Owner,
    entity_owner: Owner,
}

impl Components {
    /// Knows no component yet; makes room for all.
    pub(crate) fn new(
        mut records: Table<ComponentRecord>,
        table_owner: Owner,
        entity_owner: Owner,
        pages: &Pages,
    ) -> Result<Self, EcsError> {
        records
            .reserve(COMPONENTS_MAX, pages, table_owner)
            .map_err(EcsError::memory("the table of components"))?;
        Ok(Components {
            records,
            infos: Vec::new(),
            by_name: Vec::new(),
            by_type: Vec::new(),
            table_owner,
            entity_owner,
        })
    }

    /// Who holds the pages of tables.
    pub(crate) fn table_owner(&self) -> Owner {
        self.table_owner
    }

    /// Who holds the pages of a component, or of entity columns.
    pub(crate) fn owner(&self, id: ComponentId) -> Owner {
        if id == ENTITY_COLUMN {
            self.entity_owner
        } else {
            self.infos[id.0 as usize].owner
        }
    }

    /// What messages call it.
    pub(crate) fn name(&self, id: ComponentId) -> String {
        if id == ENTITY_COLUMN {
            "entity ids".to_owned()
        } else {
            format!("component `{}`", self.schema(id).name)
        }
    }

    /// Bytes of one value.
    pub(crate) fn value_bytes(&self, id: ComponentId) -> u32 {
        if id == ENTITY_COLUMN {
            size_of::<u64>() as u32
        } else {
            self.schema(id).size
        }
    }

    /// Where its floats are; entity columns have none.
    pub(crate) fn floats(&self, id: ComponentId) -> &Floats {
        if id == ENTITY_COLUMN {
            &Floats::None
        } else {
            &self.infos[id.0 as usize].floats
        }
    }

    pub(crate) fn schema(&self, id: ComponentId) -> &Schema {
        &self.infos[id.0 as usize].schema
    }

    pub(crate) fn len(&self) -> u32 {
        self.infos.len() as u32
    }

    /// All ids in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ComponentId> + use<> {
        (0..self.len()).map(ComponentId)
    }

    /// The component of a Rust type, if it was registered: two loads.
    #[inline(always)]
    pub(crate) fn of<T: Component>(&self) -> Option<ComponentId> {
        match self.by_type.get(T::number().given()?) {
            Some(&number) => Some(ComponentId(number.checked_sub(1)?)),
            None => None,
        }
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<ComponentId> {
        let place = self
            .by_name
            .binary_search_by(|&id| self.schema(id).name.as_str().cmp(name))
            .ok()?;
        Some(self.by_name[place])
    }

    /// The component of a Rust type, made known if it is not.
    #[inline]
    pub(crate) fn register<T: Component>(
        &mut self,
        pages: &Pages,
    ) -> Result<ComponentId, EcsError> {
        match self.of::<T>() {
            Some(id) => Ok(id),
            None => self.register_type(Schema::of::<T>(), T::number().get(), pages),
        }
    }

    #[cold]
    fn register_type(
        &mut self,
        schema: Schema,
        type_number: usize,
        pages: &Pages,
    ) -> Result<ComponentId, EcsError> {
        let name = schema.name.clone();
        let id = self.register_schema(schema, pages)?;
        let known = &mut self.infos[id.0 as usize].type_number;
        if known.is_some_and(|known| known != type_number) {
            return Err(EcsError::TwoTypes { name });
        }
        *known = Some(type_number);
        self.note_type(id, type_number);
        Ok(id)
    }

    /// A component by its layout alone: known, or made known.
    pub(crate) fn register_schema(
        &mut self,
        schema: Schema,
        pages: &Pages,
    ) -> Result<ComponentId, EcsError> {
        if let Some(fault) = schema.fault() {
            return Err(EcsError::BadSchema {
                name: schema.name,
                fault,
            });
        }
        if let Some(id) = self.by_name(&schema.name) {
            let known = self.schema(id);
            if *known == schema {
                return Ok(id);
            }
            return Err(EcsError::LayoutConflict {
                differences: schema.differences(known),
                name: schema.name,
            });
        }
        if self.len() == COMPONENTS_MAX {
            return Err(EcsError::TooManyComponents {
                name: schema.name,
                max: COMPONENTS_MAX,
            });
        }
        let owner = new_owner(&schema, pages)?;
        self.records.push_within(ComponentRecord::new(&schema));
        Ok(self.note(schema, owner))
    }

    /// Enters a component whose record exists.
    fn note(&mut self, schema: Schema, owner: Owner) -> ComponentId {
        let id = ComponentId(self.len());
        let place = self
            .by_name
            .partition_point(|&other| self.schema(other).name < schema.name);
        self.infos.push(Info::new(schema, owner, None));
        self.by_name.insert(place, id);
        id
    }

    /// What the components will be once an image with these is restored: its own, in its order, then those known here that it lacks. Owners and Rust types
    /// stay with the names.
    pub(crate) fn prepare(&self, schemas: &[Schema], pages: &Pages) -> Result<Prepared, EcsError> {
        let mut prepared = Prepared {
            infos: Vec::new(),
            fresh: Vec::new(),
        };
        let lacking = |info: &&Info| schemas.iter().all(|schema| schema.name != info.schema.name);
        let all = schemas
            .iter()
            .chain(self.infos.iter().filter(lacking).map(|info| &info.schema));
        for (schema, number) in all.zip(0..) {
            let info = match self.by_name(&schema.name) {
                _ if number == COMPONENTS_MAX => Err(EcsError::TooManyComponents {
                    name: schema.name.clone(),
                    max: COMPONENTS_MAX,
                }),
                Some(id) => {
                    let known = &self.infos[id.0 as usize];
                    Ok(Info::new(schema.clone(), known.owner, known.type_number))
                }
                None => new_owner(schema, pages).map(|owner| {
                    prepared.fresh.push(owner);
                    Info::new(schema.clone(), owner, None)
                }),
            };
            match info {
                Ok(info) => prepared.infos.push(info),
                Err(refusal) => {
                    prepared.give_up(pages);
                    return Err(refusal);
                }
            }
        }
        Ok(prepared)
    }

    /// Takes these components in place of all; the table holds records for those at the front.
    pub(crate) fn renumber(&mut self, records: Table<ComponentRecord>, infos: Vec<Info>) {
        self.records = records;
        self.infos.clear();
        self.by_name.clear();
        self.by_type.clear();
        for Info {
            schema,
            owner,
            type_number,
            ..
        } in infos
        {
            if self.len() >= self.records.len() {
                self.records.push_within(ComponentRecord::new(&schema));
            }
            let id = self.note(schema, owner);
            if let Some(number) = type_number {
                self.infos[id.0 as usize].type_number = Some(number);
                self.note_type(id, number);
            }
        }
    }

    /// All components, as another world can take them.
    pub(crate) fn known(&self) -> Known {
        Known {
            schemas: self.infos.iter().map(|info| info.schema.clone()).collect(),
            types: self.infos.iter().map(|info| info.type_number).collect(),
        }
    }

    /// Takes the Rust types of a world with the same components.
    pub(crate) fn take_types(&mut self, known: &Known) {
        for (id, type_number) in self.ids().zip(&known.types) {
            if let Some(number) = *type_number {
                self.infos[id.0 as usize].type_number = Some(number);
                self.note_type(id, number);
            }
        }
    }

    fn note_type(&mut self, id: ComponentId, type_number: usize) {
        if type_number >= self.by_type.len() {
            self.by_type.resize(type_number + 1, 0);
        }
        self.by_type[type_number] = id.0 + 1;
    }
}
