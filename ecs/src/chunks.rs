//! Chunk functions: a plain function over the rows of a chunk becomes a system.
//!
//! ```
//! use layerw_ecs::{Cx, IntoRow, chunks::over_chunks, component};
//!
//! #[component]
//! struct Position(f32);
//! #[component]
//! struct Velocity(f32);
//!
//! fn integrate(positions: &mut [Position], velocities: &[Velocity], cx: Cx) {
//!     for (position, velocity) in positions.iter_mut().zip(velocities) {
//!         position.0 += velocity.0 * cx.dt;
//!     }
//! }
//!
//! let system = over_chunks(integrate).finish(); // `sim.chunks(integrate)` does this and adds it
//! assert_eq!(system.name, "integrate");
//! ```
//!
//! It is a row system in every other way: chunks run in parallel, chains run chunk by chunk. All slices have the same length, which is that of the whole chunk, at
//! most [`CHUNK_ROWS`](crate::CHUNK_ROWS): what a function does with several rows at once must not mean anything, because which rows share a chunk is the
//! world's business. It is the form for those who sum, sort or vectorise by hand; whoever treats each row alone writes a row function, which is cut
//! and shared as it suits the caches.

use crate::access::{Access, short_name};
use crate::commands::Commands;
use crate::cx::{Cx, Run};
use crate::entity::Entity;
use crate::error::EcsError;
use crate::fetch::Fetch;
use crate::params::{Events, Local, Param, Res};
use crate::row::{IntoRow, RowDecl, RowFunction};
use crate::schema::Component;
use crate::world::World;
use std::ops::Range;
use std::slice;

/// One parameter of a chunk function.
///
/// # Safety
/// The fetch keeps [`Fetch`]'s promises; `rows` may touch only what `declare` declared, and of components the rows given.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that a chunk function can take",
    label = "not a parameter of a chunk function",
    note = "component data: `&[T]`, `&mut [T]` of `#[component]` types, and `&[Entity]`",
    note = "context: `Cx`, `Res<T>`, `Local<T>`, `Events<T>`, `mut commands: Commands`"
)]
pub unsafe trait ChunkParam {
    /// The component part; `()` for context.
    type Fetch: Fetch;
    /// The context part, looked up once per plan.
    type State: Send + Sync;
    /// What the function gets.
    type Item<'a>;

    /// Declares what the context part touches.
    ///
    /// # Errors
    /// A resource's name is taken by another layout.
    fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError>;

    /// The parameter for some rows of a chunk.
    ///
    /// # Safety
    /// The rows are below the chunk's length, the caller holds the declared access to them for `'a` and asks for them once at a time, and its thread runs as `run.worker`.
    unsafe fn rows<'a>(
        state: &'a Self::State,
        pointers: <Self::Fetch as Fetch>::Pointers<'a>,
        rows: &Range<usize>,
        run: &'a Run<'a>,
    ) -> Self::Item<'a>;
}

/// Columns need no context.
macro_rules! columns {
    ($([$($generics:tt)*] $param:ty => $fetch:ty, $item:ty: ($pointers:ident, $rows:ident) $slice:expr);* $(;)?) => {$(
        // SAFETY: the fetch asks for the component, and the slice holds the rows given.
        unsafe impl<$($generics)*> ChunkParam for $param {
            type Fetch = $fetch;
            type State = ();
            type Item<'a> = $item;

            fn declare(_: &mut World, _: &mut Access) -> Result<(), EcsError> {
                Ok(())
            }

            #[inline(always)]
            unsafe fn rows<'a>(
                (): &'a (),
                $pointers: <$fetch as Fetch>::Pointers<'a>,
                $rows: &Range<usize>,
                _: &'a Run<'a>,
            ) -> $item {
                $slice
            }
        }
    )*};
}

columns! {
    // SAFETY: the column holds initialised values of `T` for all rows of the chunk, and the caller holds the read of these.
    ['r, T: Component] &'r [T] => &'r T, &'a [T]: (column, rows) unsafe { slice::from_raw_parts(column.first().add(rows.start), rows.len()) };
    // SAFETY: as above for the write, which the caller asks for once at a time.
    ['r, T: Component] &'r mut [T] => &'r mut T, &'a mut [T]: (column, rows) unsafe { slice::from_raw_parts_mut(column.first().add(rows.start), rows.len()) };
    ['r] &'r [Entity] => Entity, &'a [Entity]: (entities, rows) &entities[rows.clone()];
}

/// Context is what a system that runs whole gets.
macro_rules! context {
    ($([$($generics:tt)*] $param:ty => $item:ty),* $(,)?) => {$(
        // SAFETY: `Param` keeps the promises.
        unsafe impl<$($generics)*> ChunkParam for $param {
            type Fetch = ();
            type State = <$param as Param>::State;
            type Item<'a> = $item;

            fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError> {
                <$param as Param>::declare(world, access)
            }

            #[inline(always)]
            unsafe fn rows<'a>(state: &'a Self::State, (): (), _: &Range<usize>, run: &'a Run<'a>) -> $item {
                // SAFETY: the caller's promise is passed on.
                unsafe { <$param as Param>::get(state, run) }
            }
        }
    )*};
}

context! {
    ['r] Cx<'r> => Cx<'a>,
    ['r] Commands<'r> => Commands<'a>,
    ['r, T: Component] Res<'r, T> => Res<'a, T>,
    ['r, T: Component] Events<'r, T> => Events<'a, T>,
    ['r, T: Send + Sync + 'static] Local<'r, T> => Local<'a, T>,
}

/// A chunk function as a row function: what `sim.chunks(…)` adds. Takes a name, an order and filters as row functions do.
pub fn over_chunks<Marker: 'static, F>(function: F) -> RowDecl
where
    OverChunks<F>: RowFunction<Marker>,
{
    OverChunks(function).named(short_name::<F>())
}

/// A function that takes the rows of a chunk together.
#[derive(Debug)]
pub struct OverChunks<F>(F);

macro_rules! function {
    ($($param:ident $pointer:ident $state:ident),*) => {
        // SAFETY: the function is called once with all of the rows.
        #[allow(non_snake_case, unused_variables, clippy::too_many_arguments)]
        unsafe impl<Function, $($param: ChunkParam + 'static),*> RowFunction<fn($($param),*)> for OverChunks<Function>
        where
            Function: Send + Sync + 'static + Fn($($param),*) + for<'a> Fn($($param::Item<'a>),*),
        {
            type Fetch = ($($param::Fetch,)*);
            type State = ($($param::State,)*);
            const SHARED: bool = false;
            const WHOLE: bool = true;

            fn declare(world: &mut World, access: &mut Access) -> Result<(<Self::Fetch as Fetch>::State, Self::State), EcsError> {
                $(let $pointer = <$param::Fetch as Fetch>::declare(world, access, true)?; let $state = $param::declare(world, access)?;)*
                Ok((($($pointer,)*), ($($state,)*)))
            }

            #[inline(always)]
            unsafe fn run<'a>(
                &self,
                ($($state,)*): &'a Self::State,
                ($($pointer,)*): <Self::Fetch as Fetch>::Pointers<'a>,
                _: &'a [Entity],
                rows: Range<usize>,
                run: &'a Run<'a>,
            ) {
                fn call<'a, $($param: ChunkParam),*>(function: &impl Fn($($param::Item<'a>),*), $($state: $param::Item<'a>),*) {
                    function($($state),*);
                }
                // SAFETY: the caller's promise is passed on; each parameter is asked for once.
                unsafe { call::<$($param),*>(&self.0, $($param::rows($state, $pointer, &rows, run)),*) };
            }
        }
    };
}

function!(A pa sa);
function!(A pa sa, B pb sb);
function!(A pa sa, B pb sb, C pc sc);
function!(A pa sa, B pb sb, C pc sc, D pd sd);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf, G pg sg);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf, G pg sg, H ph sh);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf, G pg sg, H ph sh, I pi si);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf, G pg sg, H ph sh, I pi si, J pj sj);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf, G pg sg, H ph sh, I pi si, J pj sj, K pk sk);
function!(A pa sa, B pb sb, C pc sc, D pd sd, E pe se, F pf sf, G pg sg, H ph sh, I pi si, J pj sj, K pk sk, L pl sl);
