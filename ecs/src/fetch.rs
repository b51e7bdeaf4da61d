//! Component data by reference: what `&T`, `&mut T`, `Option<&T>` and `Entity` mean in a query or a row function.
//!
//! References are component data: `&` reads, `&mut` writes. A fetch goes through three stages, each done as rarely as it can be:
//!
//! ```text
//!   State     component ids          once per plan
//!   Columns   column numbers         once per archetype
//!   Pointers  addresses of row 0     once per chunk
//!   Item      a reference            per row, one add
//! ```

use crate::access::Access;
use crate::archetype::Archetype;
use crate::chunk::{Chunk, ChunkId};
use crate::entity::Entity;
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::schema::Component;
use crate::storage::{ColumnPlaces, EntityPlaces};
use crate::world::World;

/// Component data that a query or a row function takes.
///
/// # Safety
/// `columns` must return `None` where the archetype lacks a needed component, `item` may only touch the row it is given, in the way that
/// `declare` said, and `written` must name every column that `item` lends mutably.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not component data",
    label = "not something a query can fetch",
    note = "a query fetches `&T`, `&mut T`, `Option<&T>`, `Option<&mut T>` of `#[component]` types, `Entity`, or a tuple of these"
)]
pub unsafe trait Fetch {
    /// Component ids.
    type State: Copy + Send + Sync;
    /// Column numbers in one archetype.
    type Columns: Copy + Send + Sync;
    /// Where all chunks have the components, to look single entities up.
    type Places: Copy;
    /// Addresses of the chunk's first row.
    type Pointers<'w>: Copy;
    /// What a row yields.
    type Item<'w>;

    /// Registers the components and declares the access.
    ///
    /// # Errors
    /// A component's name is taken by another layout.
    fn declare(
        world: &mut World,
        access: &mut Access,
        own_row: bool,
    ) -> Result<Self::State, EcsError>;

    /// The ids, if all components that the fetch needs are known to the world.
    fn find(world: &World) -> Option<Self::State>;

    /// Calls `see` with each component, and whether it is written.
    fn accesses(state: Self::State, see: &mut impl FnMut(ComponentId, bool));

    /// Where the chunks of a world have the components.
    fn places(state: Self::State, world: &World) -> Self::Places;

    /// One row's data by the chunk's number, without going by way of the archetype; `None` where the chunk lacks a needed component.
    ///
    /// # Safety
    /// As [`Fetch::item`], for a chunk of the world that the places are of and that has been shared since.
    unsafe fn at<'w>(places: Self::Places, chunk: ChunkId, row: usize) -> Option<Self::Item<'w>>;

    /// Where the components stand in an archetype; `None` where the archetype does not match.
    fn columns(state: Self::State, archetype: &Archetype) -> Option<Self::Columns>;

    /// The addresses in one chunk.
    fn pointers<'w>(columns: Self::Columns, chunk: Chunk<'w>) -> Self::Pointers<'w>;

    /// Calls `mark` with each column that this fetch writes.
    fn written(columns: Self::Columns, mark: &mut impl FnMut(usize));

    /// The row's data.
    ///
    /// # Safety
    /// `row` is below the chunk's length, the caller holds the declared access to that row for `'w`, and asks for a row at most once
    /// at a time where the fetch writes.
    unsafe fn item<'w>(pointers: Self::Pointers<'w>, row: usize) -> Self::Item<'w>;
}

/// A fetch that writes nothing, so that it may run over a shared world.
///
/// # Safety
/// `item` must not lend anything mutably.
#[diagnostic::on_unimplemented(
    message = "`{Self}` writes components, and this lends them only for reading",
    label = "lends nothing mutably",
    note = "in a system take `mut query: Query<…>` and call `iter_mut`, `get_mut` or `par_for_each`; between steps call `World::query_mut`"
)]
pub unsafe trait ReadFetch: Fetch {}

/// A fetch whose rows stand one after another in a chunk, so that they can be lent as slices.
///
/// # Safety
/// As [`Fetch`]; `slices` may only touch the rows it is told of.
#[diagnostic::on_unimplemented(
    message = "the rows of `{Self}` do not come as slices",
    label = "no slices of this",
    note = "slices are lent of `&T`, `&mut T`, `Entity`, and tuples of these"
)]
pub unsafe trait SliceFetch: Fetch {
    /// What a chunk yields: `&[T]`, `&mut [T]`, `&[Entity]`, or a tuple of these.
    type Slices<'w>;

    /// The first `rows` rows of a chunk.
    ///
    /// # Safety
    /// As [`Fetch::item`] for each of them.
    unsafe fn slices<'w>(pointers: Self::Pointers<'w>, rows: usize) -> Self::Slices<'w>;
}

/// A typed column address.
#[derive(Debug)]
pub struct Column<'w, T> {
    first: *mut T,
    marker: std::marker::PhantomData<&'w T>,
}

impl<T> Clone for Column<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<'_, T> {}

impl<T> Column<'_, T> {
    fn of(chunk: Chunk<'_>, column: usize) -> Self {
        Column {
            first: chunk.column_ptr(column).as_ptr().cast(),
            marker: std::marker::PhantomData,
        }
    }

    /// The column of a chunk, if it has one.
    ///
    /// # Safety
    /// As [`ColumnPlaces::of`].
    #[inline(always)]
    unsafe fn at(places: ColumnPlaces, chunk: ChunkId) -> Option<Self> {
        // SAFETY: the caller's promise is passed on.
        let first: *mut T = unsafe { places.of(chunk)? }.cast();
        // SAFETY: columns stand in the pool, whose base is not null.
        unsafe { std::hint::assert_unchecked(!first.is_null()) };
        Some(Column {
            first,
            marker: std::marker::PhantomData,
        })
    }

    pub(crate) fn first(self) -> *mut T {
        self.first
    }
}

// SAFETY: `columns` asks for the component, `item` reads the one row, and nothing is written.
unsafe impl<T: Component> Fetch for &T {
    type State = ComponentId;
    type Columns = u32;
    type Places = ColumnPlaces;
    type Pointers<'w> = Column<'w, T>;
    type Item<'w> = &'w T;

    fn declare(
        world: &mut World,
        access: &mut Access,
        own_row: bool,
    ) -> Result<ComponentId, EcsError> {
        access.component::<T>(world, false, own_row)
    }

    fn find(world: &World) -> Option<ComponentId> {
        world.component_id::<T>()
    }

    #[inline]
    fn accesses(state: ComponentId, see: &mut impl FnMut(ComponentId, bool)) {
        see(state, false);
    }

    #[inline]
    fn places(state: ComponentId, world: &World) -> ColumnPlaces {
        world.column_places(state)
    }

    #[inline(always)]
    unsafe fn at<'w>(places: ColumnPlaces, chunk: ChunkId, row: usize) -> Option<Self::Item<'w>> {
        // SAFETY: the caller's promise is passed on.
        let column = unsafe { Column::at(places, chunk)? };
        // SAFETY: the column is that of the component in the chunk; the caller's promise covers the row.
        Some(unsafe { Self::item(column, row) })
    }

    fn columns(state: ComponentId, archetype: &Archetype) -> Option<u32> {
        archetype.column(state).map(|column| column as u32)
    }

    fn pointers<'w>(column: u32, chunk: Chunk<'w>) -> Column<'w, T> {
        Column::of(chunk, column as usize)
    }

    fn written(_: u32, _: &mut impl FnMut(usize)) {}

    #[inline(always)]
    unsafe fn item<'w>(column: Self::Pointers<'w>, row: usize) -> &'w T {
        // SAFETY: the column holds at least as many `T` as the chunk has rows, the caller vouches for the row and the access.
        unsafe { &*column.first.add(row) }
    }
}

// SAFETY: `item` above lends nothing mutably.
unsafe impl<T: Component> ReadFetch for &T {}

// SAFETY: the column holds values of `T` one after another.
unsafe impl<T: Component> SliceFetch for &T {
    type Slices<'w> = &'w [T];

    #[inline(always)]
    unsafe fn slices<'w>(column: Self::Pointers<'w>, rows: usize) -> &'w [T] {
        // SAFETY: the column holds at least as many `T` as the chunk has rows, the caller vouches for these and the access.
        unsafe { std::slice::from_raw_parts(column.first, rows) }
    }
}

// SAFETY: the column holds values of `T` one after another.
unsafe impl<T: Component> SliceFetch for &mut T {
    type Slices<'w> = &'w mut [T];

    #[inline(always)]
    unsafe fn slices<'w>(column: Self::Pointers<'w>, rows: usize) -> &'w mut [T] {
        // SAFETY: as above; the caller asks for these rows once at a time.
        unsafe { std::slice::from_raw_parts_mut(column.first, rows) }
    }
}

// SAFETY: `columns` asks for the component, `item` writes the one row, and `written` names the column.
unsafe impl<T: Component> Fetch for &mut T {
    type State = ComponentId;
    type Columns = u32;
    type Places = ColumnPlaces;
    type Pointers<'w> = Column<'w, T>;
    type Item<'w> = &'w mut T;

    fn declare(
        world: &mut World,
        access: &mut Access,
        own_row: bool,
    ) -> Result<ComponentId, EcsError> {
        access.component::<T>(world, true, own_row)
    }

    fn find(world: &World) -> Option<ComponentId> {
        world.component_id::<T>()
    }

    #[inline]
    fn accesses(state: ComponentId, see: &mut impl FnMut(ComponentId, bool)) {
        see(state, true);
    }

    #[inline]
    fn places(state: ComponentId, world: &World) -> ColumnPlaces {
        world.column_places(state)
    }

    #[inline(always)]
    unsafe fn at<'w>(places: ColumnPlaces, chunk: ChunkId, row: usize) -> Option<Self::Item<'w>> {
        // SAFETY: the caller's promise is passed on.
        let column = unsafe { Column::at(places, chunk)? };
        // SAFETY: the column is that of the component in the chunk; the caller's promise covers the row.
        Some(unsafe { Self::item(column, row) })
    }

    fn columns(state: ComponentId, archetype: &Archetype) -> Option<u32> {
        archetype.column(state).map(|column| column as u32)
    }

    fn pointers<'w>(column: u32, chunk: Chunk<'w>) -> Column<'w, T> {
        Column::of(chunk, column as usize)
    }

    fn written(column: u32, mark: &mut impl FnMut(usize)) {
        mark(column as usize);
    }

    #[inline(always)]
    unsafe fn item<'w>(column: Self::Pointers<'w>, row: usize) -> &'w mut T {
        // SAFETY: the column holds at least as many `T` as the chunk has rows; the caller holds the write and asks for the row once.
        unsafe { &mut *column.first.add(row) }
    }
}

/// An optional component matches every archetype.
macro_rules! optional {
    ($reference:ty, $item:ty) => {
        // SAFETY: a missing column yields `None` and touches nothing; otherwise as the plain reference.
        unsafe impl<'r, T: Component> Fetch for Option<$reference> {
            type State = ComponentId;
            type Columns = Option<u32>;
            type Places = ColumnPlaces;
            type Pointers<'w> = Option<Column<'w, T>>;
            type Item<'w> = Option<$item>;

            fn declare(
                world: &mut World,
                access: &mut Access,
                own_row: bool,
            ) -> Result<ComponentId, EcsError> {
                <$reference>::declare(world, access, own_row)
            }

            fn find(world: &World) -> Option<ComponentId> {
                world.component_id::<T>()
            }

            #[inline]
            fn accesses(state: ComponentId, see: &mut impl FnMut(ComponentId, bool)) {
                <$reference>::accesses(state, see);
            }

            #[inline]
            fn places(state: ComponentId, world: &World) -> ColumnPlaces {
                world.column_places(state)
            }

            #[inline(always)]
            unsafe fn at<'w>(
                places: ColumnPlaces,
                chunk: ChunkId,
                row: usize,
            ) -> Option<Self::Item<'w>> {
                // SAFETY: the caller's promise is passed on.
                Some(unsafe { <$reference as Fetch>::at(places, chunk, row) })
            }

            fn columns(state: ComponentId, archetype: &Archetype) -> Option<Option<u32>> {
                Some(<$reference>::columns(state, archetype))
            }

            fn pointers<'w>(columns: Option<u32>, chunk: Chunk<'w>) -> Option<Column<'w, T>> {
                columns.map(|column| Column::of(chunk, column as usize))
            }

            fn written(columns: Option<u32>, mark: &mut impl FnMut(usize)) {
                if let Some(column) = columns {
                    <$reference as Fetch>::written(column, mark);
                }
            }

            #[inline(always)]
            unsafe fn item<'w>(column: Self::Pointers<'w>, row: usize) -> Option<$item> {
                // SAFETY: as the plain reference; the caller's promise is passed on.
                column.map(|column| unsafe { <$reference as Fetch>::item(column, row) })
            }
        }
    };
}

optional!(&'r T, &'w T);
optional!(&'r mut T, &'w mut T);

// SAFETY: the optional shared reference lends nothing mutably.
unsafe impl<T: Component> ReadFetch for Option<&T> {}

// SAFETY: entity ids stand in every chunk; they are read and never written by a fetch.
unsafe impl Fetch for Entity {
    type State = ();
    type Columns = ();
    type Places = EntityPlaces;
    type Pointers<'w> = &'w [Entity];
    type Item<'w> = Entity;

    fn declare(_: &mut World, _: &mut Access, _: bool) -> Result<(), EcsError> {
        Ok(())
    }

    fn find(_: &World) -> Option<()> {
        Some(())
    }

    fn accesses((): (), _: &mut impl FnMut(ComponentId, bool)) {}

    #[inline]
    fn places((): (), world: &World) -> EntityPlaces {
        world.entity_places()
    }

    #[inline(always)]
    unsafe fn at<'w>(places: EntityPlaces, chunk: ChunkId, row: usize) -> Option<Self::Item<'w>> {
        // SAFETY: the chunk is of the world that the places are of, which is shared, and the row is below its length.
        Some(unsafe { places.entity(chunk, row) })
    }

    fn columns((): (), _: &Archetype) -> Option<()> {
        Some(())
    }

    fn pointers<'w>((): (), chunk: Chunk<'w>) -> &'w [Entity] {
        chunk.entities()
    }

    fn written((): (), _: &mut impl FnMut(usize)) {}

    #[inline(always)]
    unsafe fn item<'w>(entities: Self::Pointers<'w>, row: usize) -> Self::Item<'w> {
        entities[row]
    }
}

// SAFETY: an id is a copy.
unsafe impl ReadFetch for Entity {}

// SAFETY: ids are only read.
unsafe impl SliceFetch for Entity {
    type Slices<'w> = &'w [Entity];

    #[inline(always)]
    unsafe fn slices<'w>(entities: Self::Pointers<'w>, rows: usize) -> &'w [Entity] {
        &entities[..rows]
    }
}

macro_rules! tuple {
    ($($name:ident),*) => {
        // SAFETY: each part keeps its own promise; the tuple matches where all parts match.
        #[allow(non_snake_case, unused_variables, unused_unsafe, clippy::unused_unit)]
        unsafe impl<$($name: Fetch),*> Fetch for ($($name,)*) {
            type State = ($($name::State,)*);
            type Columns = ($($name::Columns,)*);
            type Places = ($($name::Places,)*);
            type Pointers<'w> = ($($name::Pointers<'w>,)*);
            type Item<'w> = ($($name::Item<'w>,)*);

            fn declare(world: &mut World, access: &mut Access, own_row: bool) -> Result<Self::State, EcsError> {
                Ok(($($name::declare(world, access, own_row)?,)*))
            }

            fn find(world: &World) -> Option<Self::State> {
                Some(($($name::find(world)?,)*))
            }

            #[inline]
            fn accesses(($($name,)*): Self::State, see: &mut impl FnMut(ComponentId, bool)) {
                $($name::accesses($name, see);)*
            }

            #[inline]
            fn places(($($name,)*): Self::State, world: &World) -> Self::Places {
                ($($name::places($name, world),)*)
            }

            #[inline(always)]
            unsafe fn at<'w>(
                ($($name,)*): Self::Places,
                chunk: ChunkId,
                row: usize,
            ) -> Option<Self::Item<'w>> {
                // SAFETY: the caller's promise covers every part.
                unsafe { Some(($($name::at($name, chunk, row)?,)*)) }
            }

            fn columns(($($name,)*): Self::State, archetype: &Archetype) -> Option<Self::Columns> {
                Some(($($name::columns($name, archetype)?,)*))
            }

            fn pointers<'w>(($($name,)*): Self::Columns, chunk: Chunk<'w>) -> Self::Pointers<'w> {
                ($($name::pointers($name, chunk),)*)
            }

            fn written(($($name,)*): Self::Columns, mark: &mut impl FnMut(usize)) {
                $($name::written($name, mark);)*
            }

            #[inline(always)]
            unsafe fn item<'w>(($($name,)*): Self::Pointers<'w>, row: usize) -> Self::Item<'w> {
                // SAFETY: the caller's promise covers every part.
                unsafe { ($($name::item($name, row),)*) }
            }
        }

        // SAFETY: all parts only read.
        unsafe impl<$($name: ReadFetch),*> ReadFetch for ($($name,)*) {}

        // SAFETY: each part keeps its own promise.
        #[allow(non_snake_case, unused_variables, unused_unsafe, clippy::unused_unit)]
        unsafe impl<$($name: SliceFetch),*> SliceFetch for ($($name,)*) {
            type Slices<'w> = ($($name::Slices<'w>,)*);

            #[inline(always)]
            unsafe fn slices<'w>(($($name,)*): Self::Pointers<'w>, rows: usize) -> Self::Slices<'w> {
                // SAFETY: the caller's promise covers every part.
                unsafe { ($($name::slices($name, rows),)*) }
            }
        }
    };
}

tuple!();
tuple!(A);
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
tuple!(A, B, C, D, E, F, G);
tuple!(A, B, C, D, E, F, G, H);
tuple!(A, B, C, D, E, F, G, H, I);
tuple!(A, B, C, D, E, F, G, H, I, J);
tuple!(A, B, C, D, E, F, G, H, I, J, K);
tuple!(A, B, C, D, E, F, G, H, I, J, K, L);
