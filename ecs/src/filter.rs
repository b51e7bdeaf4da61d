//! Which archetypes and chunks a system or query visits, beyond the components that it fetches.

use crate::access::Access;
use crate::archetype::Archetype;
use crate::chunk::Chunk;
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::schema::Component;
use crate::world::World;

/// What a filter asks of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    With,
    Without,
    Changed,
}

/// A condition on one component.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    asks: Asks,
    register: fn(&mut World) -> Result<ComponentId, EcsError>,
    find: fn(&World) -> Option<ComponentId>,
}

impl Filter {
    /// Only archetypes that hold `T`.
    pub fn with<T: Component>() -> Self {
        Self::on::<T>(Asks::With)
    }

    /// Only archetypes that do not hold `T`.
    pub fn without<T: Component>() -> Self {
        Self::on::<T>(Asks::Without)
    }

    /// Only chunks in which somebody was granted write access to `T` since the asker last ran. Chunk-grained: rows of such a chunk that
    /// kept their value are visited too.
    pub fn changed<T: Component>() -> Self {
        Self::on::<T>(Asks::Changed)
    }

    fn on<T: Component>(asks: Asks) -> Self {
        Filter {
            asks,
            register: |world| world.register::<T>(),
            find: |world| world.component_id::<T>(),
        }
    }

    /// The filter with its component's id in this world, and what it looks at declared.
    ///
    /// # Errors
    /// The component's name is taken by another layout.
    pub fn resolve(
        &self,
        world: &mut World,
        access: &mut Access,
        own_row: bool,
    ) -> Result<Resolved, EcsError> {
        let id = (self.register)(world)?;
        if self.asks == Asks::Changed {
            access.ticks(world, id, own_row);
        }
        Ok(Resolved {
            asks: self.asks,
            id,
        })
    }

    /// As [`Filter::resolve`] for a world that is only borrowed: `None` where the world has never seen the component.
    pub fn find(&self, world: &World) -> Option<Resolved> {
        Some(Resolved {
            asks: self.asks,
            id: (self.find)(world)?,
        })
    }

    /// Whether archetypes match while the world has never seen the component.
    pub fn matches_unknown(&self) -> bool {
        self.asks == Asks::Without
    }
}

/// A filter bound to a world.
#[derive(Debug, Clone, Copy)]
pub struct Resolved {
    asks: Asks,
    id: ComponentId,
}

impl Resolved {
    /// Whether the archetype may match.
    pub fn archetype(&self, archetype: &Archetype) -> bool {
        archetype.column(self.id).is_some() != (self.asks == Asks::Without)
    }

    /// Whether the chunk matches, given that its archetype does; `since` is the first tick that is news to the asker.
    pub fn chunk(&self, archetype: &Archetype, chunk: Chunk<'_>, since: u64) -> bool {
        match (self.asks, archetype.column(self.id)) {
            (Asks::Changed, Some(column)) => chunk.changed(column) >= since,
            _ => true,
        }
    }

    /// Whether the filter looks into chunks and not only at archetypes.
    pub fn looks_into_chunks(&self) -> bool {
        self.asks == Asks::Changed
    }
}

/// Filters as the last type parameter of a [`Query`](crate::query::Query): [`With`], [`Without`], [`Changed`], or a tuple of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a query filter",
    note = "use `With<T>`, `Without<T>`, `Changed<T>` or a tuple of these"
)]
pub trait QueryFilter {
    /// Appends the filters.
    fn filters(out: &mut Vec<Filter>);
}

/// Only entities that hold `T`.
#[derive(Debug)]
pub struct With<T>(std::marker::PhantomData<T>);

/// Only entities that do not hold `T`.
#[derive(Debug)]
pub struct Without<T>(std::marker::PhantomData<T>);

/// Only chunks in which `T` was lent for writing since the system last ran; chunk-grained.
#[derive(Debug)]
pub struct Changed<T>(std::marker::PhantomData<T>);

impl<T: Component> QueryFilter for With<T> {
    fn filters(out: &mut Vec<Filter>) {
        out.push(Filter::with::<T>());
    }
}

impl<T: Component> QueryFilter for Without<T> {
    fn filters(out: &mut Vec<Filter>) {
        out.push(Filter::without::<T>());
    }
}

impl<T: Component> QueryFilter for Changed<T> {
    fn filters(out: &mut Vec<Filter>) {
        out.push(Filter::changed::<T>());
    }
}

macro_rules! tuple {
    ($($name:ident),*) => {
        impl<$($name: QueryFilter),*> QueryFilter for ($($name,)*) {
            fn filters(_out: &mut Vec<Filter>) {
                $($name::filters(_out);)*
            }
        }
    };
}

tuple!();
tuple!(A);
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
