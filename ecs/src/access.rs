//! What a system declares that it touches, in the world's own words; the engine turns it into keys of the frame graph.

use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::schema::Component;
use crate::world::World;
use std::any::TypeId;

/// A thing that a system can read or write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A component over all archetypes.
    Component(ComponentId),
    /// A hashed resource.
    Resource(ComponentId),
    /// A value beside the world, by its Rust type.
    Local(TypeId),
}

/// One declared access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessItem {
    /// What is touched.
    pub target: Target,
    /// Its name as it stands in messages and drawings.
    pub name: String,
    /// Whether it is written.
    pub write: bool,
    /// Whether only the system's own row is touched, so that two systems need an order per chunk and not as a whole.
    pub own_row: bool,
    /// Whether the world already holds it; a target that nobody holds must be written before it is read.
    pub present: bool,
}

/// Everything that one system declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    items: Vec<AccessItem>,
    /// Components of which only the change ticks are looked at.
    ticks: Vec<AccessItem>,
}

impl Access {
    /// The declared accesses, in order of the signature, without change ticks.
    pub fn items(&self) -> &[AccessItem] {
        &self.items
    }

    /// All accesses. A change tick moves with every write that is granted, so looking at it is a read, unless the system has the component anyway.
    pub fn into_items(mut self) -> Vec<AccessItem> {
        for tick in self.ticks {
            if self.items.iter().all(|item| item.target != tick.target) {
                self.items.push(tick);
            }
        }
        self.items
    }

    /// Declares an access to a component of the system's own row, or of any row.
    ///
    /// # Errors
    /// The component's name is taken by another layout.
    pub fn component<T: Component>(
        &mut self,
        world: &mut World,
        write: bool,
        own_row: bool,
    ) -> Result<ComponentId, EcsError> {
        let id = world.register::<T>()?;
        self.component_id(world, id, write, own_row);
        Ok(id)
    }

    /// Declares an access to a component by its number.
    ///
    /// # Panics
    /// The world knows no such component.
    pub fn component_id(&mut self, world: &World, id: ComponentId, write: bool, own_row: bool) {
        self.items.push(AccessItem {
            target: Target::Component(id),
            name: world.schema(id).name.clone(),
            write,
            own_row,
            present: true,
        });
    }

    /// Declares all that another access declares, of any row.
    pub fn join(&mut self, other: &Access) {
        let join = |items: &mut Vec<AccessItem>, item: &AccessItem| {
            let known = items.iter_mut().find(|known| known.target == item.target);
            match known {
                Some(known) => known.write |= item.write,
                None => items.push(AccessItem {
                    own_row: false,
                    ..item.clone()
                }),
            }
        };
        other
            .items
            .iter()
            .for_each(|item| join(&mut self.items, item));
        other
            .ticks
            .iter()
            .for_each(|item| join(&mut self.ticks, item));
    }

    /// Declares a look at the change ticks of a component, of the system's own chunk or of any.
    pub fn ticks(&mut self, world: &World, id: ComponentId, own_row: bool) {
        self.ticks.push(AccessItem {
            target: Target::Component(id),
            name: world.schema(id).name.to_string(),
            write: false,
            own_row,
            present: true,
        });
    }

    /// Declares an access to a hashed resource.
    ///
    /// # Errors
    /// The resource's name is taken by another layout.
    pub fn resource<T: Component>(
        &mut self,
        world: &mut World,
        write: bool,
    ) -> Result<ComponentId, EcsError> {
        let id = world.register::<T>()?;
        self.resource_id(world, id, write);
        Ok(id)
    }

    /// Declares an access to a hashed resource by its component's number.
    ///
    /// # Panics
    /// The world knows no such component.
    pub fn resource_id(&mut self, world: &World, id: ComponentId, write: bool) {
        self.items.push(AccessItem {
            target: Target::Resource(id),
            name: format!("resource {}", world.schema(id).name),
            write,
            own_row: false,
            present: world.resource_ptr(id).is_some(),
        });
    }

    /// Declares an access to a value beside the world.
    pub fn local<T: Send + Sync + 'static>(&mut self, world: &World, write: bool) {
        self.items.push(AccessItem {
            target: Target::Local(TypeId::of::<T>()),
            name: format!("local {}", short_name::<T>()),
            write,
            own_row: false,
            present: world.local::<T>().is_some(),
        });
    }
}

/// The last segment of a type's path, without its generic arguments' paths: what a person calls the type.
pub fn short_name<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let head = full.split('<').next().unwrap_or(full);
    let head = head.strip_suffix("::{{closure}}").unwrap_or(head);
    head.rsplit("::").next().unwrap_or(head)
}
