//! Row functions: a plain function over one row becomes a system.
//!
//! ```
//! use layerw_ecs::{Cx, IntoRow, component};
//!
//! #[component]
//! struct Position(f32);
//! #[component]
//! struct Velocity(f32);
//!
//! fn integrate(position: &mut Position, velocity: &Velocity, cx: Cx) {
//!     position.0 += velocity.0 * cx.dt;
//! }
//!
//! let system = integrate.decl().finish(); // `sim.each(integrate)` does this and adds it
//! assert_eq!(system.name, "integrate");
//! ```
//!
//! References are component data (`&` reads, `&mut` writes), values are context. The function is called for every entity that holds the
//! components, chunk by chunk; erased behind one virtual call per chunk it runs as fast as a loop over slices.

use crate::access::{Access, short_name};
use crate::chunk::ChunkId;
use crate::commands::Commands;
use crate::cx::{Cx, Run};
use crate::entity::Entity;
use crate::error::EcsError;
use crate::fetch::Fetch;
use crate::filter::{Filter, Resolved};
use crate::matches::Matches;
use crate::params::{Events, Local, Param, Res};
use crate::registry::ComponentId;
use crate::schema::Component;
use crate::simd::{self, Gauge, Kernel};
use crate::system::{Kind, System, SystemDecl};
use crate::world::World;
use layerw_trace::now_ns;
use std::marker::PhantomData;
use std::ops::Range;

/// One parameter of a row function.
///
/// # Safety
/// The fetch keeps [`Fetch`]'s promises; `get` may touch only what `declare` declared, and of components the one row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that a row function can take",
    label = "not a parameter of a row function",
    note = "component data: `&T`, `&mut T`, `Option<&T>`, `Option<&mut T>` of `#[component]` types",
    note = "context: `Cx`, `Entity`, `Res<T>`, `Local<T>`, `Events<T>`, `mut commands: Commands`",
    note = "`ResMut<T>`, `LocalMut<T>` and `Query<…>` belong to whole systems, `sim.system(…)`: rows run in parallel"
)]
pub unsafe trait RowParam {
    /// The component part; `()` for context.
    type Fetch: Fetch;
    /// The context part, looked up once per plan.
    type State: Send + Sync;
    /// The context part of one run on one chunk.
    type Shared<'a>;
    /// What the function gets for a row.
    type Item<'a>;
    /// Whether several workers may run on rows of one chunk. Not where something is noted in order of rows.
    const SHARED: bool = true;

    /// Declares what the context part touches.
    ///
    /// # Errors
    /// A resource's name is taken by another layout.
    fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError>;

    /// The context part for one chunk.
    ///
    /// # Safety
    /// As [`Param::get`].
    unsafe fn shared<'a>(
        state: &'a Self::State,
        run: &'a Run<'a>,
        entities: &'a [Entity],
    ) -> Self::Shared<'a>;

    /// The parameter for one row.
    ///
    /// # Safety
    /// As [`Fetch::item`], and the item of the row before is gone.
    unsafe fn item<'a>(
        pointers: <Self::Fetch as Fetch>::Pointers<'a>,
        shared: &mut Self::Shared<'a>,
        row: usize,
    ) -> Self::Item<'a>;
}

/// Component data needs no context.
macro_rules! data {
    ($([$($generics:tt)*] $param:ty),*) => {$(
        // SAFETY: the fetch does all the work.
        unsafe impl<$($generics)*> RowParam for $param {
            type Fetch = $param;
            type State = ();
            type Shared<'a> = ();
            type Item<'a> = <$param as Fetch>::Item<'a>;

            fn declare(_: &mut World, _: &mut Access) -> Result<(), EcsError> {
                Ok(())
            }

            unsafe fn shared<'a>((): &'a (), _: &'a Run<'a>, _: &'a [Entity]) {}

            #[inline(always)]
            unsafe fn item<'a>(pointers: <$param as Fetch>::Pointers<'a>, (): &mut (), row: usize) -> Self::Item<'a> {
                // SAFETY: the caller's promise is passed on.
                unsafe { <$param as Fetch>::item(pointers, row) }
            }
        }
    )*};
}

data!(['r, T: Component] &'r T, ['r, T: Component] &'r mut T);
data!(['r, T: Component] Option<&'r T>, ['r, T: Component] Option<&'r mut T>, [] Entity);

/// Context that is a copy for every row.
macro_rules! copied {
    ($([$($generics:tt)*] $param:ty => $item:ty),*) => {$(
        // SAFETY: `Param` keeps the promises; the value is copied per row.
        unsafe impl<$($generics)*> RowParam for $param {
            type Fetch = ();
            type State = <$param as Param>::State;
            type Shared<'a> = $item;
            type Item<'a> = $item;

            fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError> {
                <$param as Param>::declare(world, access)
            }

            unsafe fn shared<'a>(state: &'a Self::State, run: &'a Run<'a>, _: &'a [Entity]) -> $item {
                // SAFETY: the caller's promise is passed on.
                unsafe { <$param as Param>::get(state, run) }
            }

            #[inline(always)]
            unsafe fn item<'a>((): (), shared: &mut Self::Shared<'a>, _: usize) -> $item {
                *shared
            }
        }
    )*};
}

copied!(['r, T: Component] Res<'r, T> => Res<'a, T>, ['r, T: Component] Events<'r, T> => Events<'a, T>);
copied!(['r, T: Send + Sync + 'static] Local<'r, T> => Local<'a, T>);

// SAFETY: the context reaches the worker's own scratch and plain numbers only.
unsafe impl RowParam for Cx<'_> {
    type Fetch = ();
    type State = ();
    // A value, read before the loop: a `dt` behind a reference would be read again for each row, since the row before might have written it, and
    // then no loop over rows becomes one over vectors.
    type Shared<'a> = Cx<'a>;
    type Item<'a> = Cx<'a>;

    fn declare(_: &mut World, _: &mut Access) -> Result<(), EcsError> {
        Ok(())
    }

    unsafe fn shared<'a>((): &'a (), run: &'a Run<'a>, entities: &'a [Entity]) -> Cx<'a> {
        Cx::row(run, entities, 0)
    }

    #[inline(always)]
    unsafe fn item<'a>((): (), shared: &mut Self::Shared<'a>, row: usize) -> Cx<'a> {
        shared.at(row)
    }
}

// SAFETY: commands go to the worker's own log.
unsafe impl RowParam for Commands<'_> {
    type Fetch = ();
    type State = ();
    type Shared<'a> = Commands<'a>;
    type Item<'a> = Commands<'a>;
    const SHARED: bool = false;

    fn declare(_: &mut World, _: &mut Access) -> Result<(), EcsError> {
        Ok(())
    }

    unsafe fn shared<'a>((): &'a (), run: &'a Run<'a>, _: &'a [Entity]) -> Commands<'a> {
        // SAFETY: the caller runs as this worker.
        unsafe { Commands::new(run) }
    }

    #[inline(always)]
    unsafe fn item<'a>((): (), shared: &mut Self::Shared<'a>, _: usize) -> Commands<'a> {
        shared.again()
    }
}

/// A row function; implemented for functions and closures of up to twelve parameters. `Marker` tells signatures apart and is inferred.
///
/// # Safety
/// `run` visits each of the rows once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row function",
    label = "not a row function",
    note = "a row function takes references to components and values of context and returns nothing: `fn integrate(pos: &mut Position, vel: &Velocity, cx: Cx)`",
    note = "every `T` in `&T` and `&mut T` needs `#[component]`; `Res<T>` reads a resource, `Commands` spawn",
    note = "rows run in parallel: `ResMut`, `LocalMut` and `Query` belong to whole systems, `sim.system(…)`"
)]
pub unsafe trait RowFunction<Marker>: Send + Sync + 'static {
    /// The component parts of all parameters.
    type Fetch: Fetch;
    /// The context parts of all parameters.
    type State: Send + Sync;
    /// Whether several workers may run on rows of one chunk.
    const SHARED: bool;
    /// Whether it takes the rows of a chunk together, so that a chunk is not cut into blocks.
    const WHOLE: bool = false;

    /// Declares components and context in order of the signature.
    ///
    /// # Errors
    /// A component's or resource's name is taken by another layout.
    fn declare(
        world: &mut World,
        access: &mut Access,
    ) -> Result<(<Self::Fetch as Fetch>::State, Self::State), EcsError>;

    /// Calls the function for some rows of a chunk.
    ///
    /// # Safety
    /// The rows are below the chunk's length, the declared access to the chunk is held, the pointers are those of the chunk whose entities are given, and the calling thread runs
    /// as `run.worker`.
    unsafe fn run<'a>(
        &self,
        state: &'a Self::State,
        pointers: <Self::Fetch as Fetch>::Pointers<'a>,
        entities: &'a [Entity],
        rows: Range<usize>,
        run: &'a Run<'a>,
    );
}

/// Notes the entity at hand if the row function unwinds. Costs nothing where it cannot: then the
/// compiler removes the drop, and the row stays in a register.
struct AtRow<'a> {
    run: &'a Run<'a>,
    entities: &'a [Entity],
    row: usize,
}

impl Drop for AtRow<'_> {
    fn drop(&mut self) {
        // SAFETY: a run is made and used by the thread that runs as its worker.
        let own = unsafe { self.run.step.workers.own(self.run.worker) };
        own.failed
            .set(Some((self.run.place, self.entities[self.row])));
    }
}

macro_rules! function {
    ($($param:ident $pointer:ident $shared:ident),*) => {
        // SAFETY: the loop visits each of the rows once.
        #[allow(non_snake_case, unused_variables, unused_mut, clippy::too_many_arguments)]
        unsafe impl<Function, $($param: RowParam + 'static),*> RowFunction<fn($($param),*)> for Function
        where
            Function: Send + Sync + 'static + Fn($($param),*) + for<'a> Fn($($param::Item<'a>),*),
        {
            type Fetch = ($($param::Fetch,)*);
            type State = ($($param::State,)*);
            const SHARED: bool = true $(&& $param::SHARED)*;

            fn declare(world: &mut World, access: &mut Access) -> Result<(<Self::Fetch as Fetch>::State, Self::State), EcsError> {
                $(let $pointer = <$param::Fetch as Fetch>::declare(world, access, true)?; let $shared = $param::declare(world, access)?;)*
                Ok((($($pointer,)*), ($($shared,)*)))
            }

            #[inline(always)]
            unsafe fn run<'a>(
                &self,
                ($($shared,)*): &'a Self::State,
                ($($pointer,)*): <Self::Fetch as Fetch>::Pointers<'a>,
                entities: &'a [Entity],
                rows: Range<usize>,
                run: &'a Run<'a>,
            ) {
                fn call<'a, $($param: RowParam),*>(function: &impl Fn($($param::Item<'a>),*), $($shared: $param::Item<'a>),*) {
                    function($($shared),*);
                }
                // SAFETY: the caller's promise is passed on.
                $(let mut $shared = unsafe { $param::shared($shared, run, entities) };)*
                let mut at = AtRow { run, entities, row: rows.start };
                while at.row < rows.end {
                    // SAFETY: the row is below the chunk's length, and the items of the row before
                    // ended with its call.
                    unsafe { call::<$($param),*>(self, $($param::item($pointer, &mut $shared, at.row)),*) };
                    at.row += 1;
                }
                std::mem::forget(at);
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

/// A row system under construction: its name, its order, and the entities that it visits.
pub struct RowDecl {
    name: String,
    after: Vec<String>,
    filters: Vec<Filter>,
    build: Box<dyn FnOnce(Vec<Filter>) -> Box<dyn System>>,
}

impl RowDecl {
    /// The finished declaration.
    pub fn finish(self) -> SystemDecl {
        SystemDecl {
            name: self.name,
            after: self.after,
            system: (self.build)(self.filters),
        }
    }
}

/// Row functions and row systems under construction: what `sim.each(…)` takes.
#[diagnostic::on_unimplemented(
    message = "this is not a row function: `{Self}`",
    label = "not a row function",
    note = "a row function takes references to components and values of context and returns nothing: `fn integrate(pos: &mut Position, vel: &Velocity, cx: Cx)`",
    note = "every `T` in `&T` and `&mut T` needs `#[component]`; `Res<T>` reads a resource, `Commands` spawn",
    note = "rows run in parallel: `ResMut`, `LocalMut` and `Query` belong to whole systems, `sim.system(…)`"
)]
pub trait IntoRow<Marker>: Sized {
    /// The system with the function's own name and no filters.
    fn decl(self) -> RowDecl;

    /// Gives the system a name; closures need one, and so does a function that is added a second time.
    fn named(self, name: &str) -> RowDecl {
        RowDecl {
            name: name.to_owned(),
            ..self.decl()
        }
    }

    /// Orders the system after another one beyond what conflicts and written order say.
    fn after(self, name: &str) -> RowDecl {
        let mut decl = self.decl();
        decl.after.push(name.to_owned());
        decl
    }

    /// Visits only entities that hold `T`.
    fn with<T: Component>(self) -> RowDecl {
        self.filter(Filter::with::<T>())
    }

    /// Visits only entities that do not hold `T`.
    fn without<T: Component>(self) -> RowDecl {
        self.filter(Filter::without::<T>())
    }

    /// Visits only chunks in which `T` was lent for writing since the system last ran; chunk-grained.
    fn changed<T: Component>(self) -> RowDecl {
        self.filter(Filter::changed::<T>())
    }

    /// Adds a filter.
    fn filter(self, filter: Filter) -> RowDecl {
        let mut decl = self.decl();
        decl.filters.push(filter);
        decl
    }
}

#[diagnostic::do_not_recommend]
impl IntoRow<()> for RowDecl {
    fn decl(self) -> RowDecl {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<Marker: 'static, F: RowFunction<Marker>> IntoRow<(Marker,)> for F {
    fn decl(self) -> RowDecl {
        RowDecl {
            name: short_name::<F>().to_owned(),
            after: Vec::new(),
            filters: Vec::new(),
            build: Box::new(|filters| {
                Box::new(RowSystem::<Marker, F> {
                    function: self,
                    filters,
                    bound: None,
                    marker: PhantomData,
                })
            }),
        }
    }
}

/// A row function bound to a world.
struct RowSystem<Marker, F: RowFunction<Marker>> {
    function: F,
    filters: Vec<Filter>,
    bound: Option<Bound<F::Fetch, F::State>>,
    marker: PhantomData<fn() -> Marker>,
}

struct Bound<F: Fetch, S> {
    matches: Matches<F>,
    state: S,
    gauge: Gauge,
}

// SAFETY: fetch and parameters keep to what they declare, by their own promises, and `run_chunk` fetches from the chunk that it is given.
unsafe impl<Marker: 'static, F: RowFunction<Marker>> System for RowSystem<Marker, F> {
    fn kind(&self) -> Kind {
        Kind::Rows
    }

    fn declare(&mut self, world: &mut World) -> Result<Access, EcsError> {
        let mut access = Access::default();
        let (fetch, state) = F::declare(world, &mut access)?;
        let filters = self
            .filters
            .iter()
            .map(|filter| filter.resolve(world, &mut access, true))
            .collect::<Result<Vec<Resolved>, _>>()?;
        self.bound = Some(Bound {
            matches: Matches::new(fetch, filters),
            state,
            gauge: Gauge::default(),
        });
        Ok(access)
    }

    fn refresh(&mut self, world: &World) {
        if let Some(bound) = &mut self.bound {
            bound.matches.refresh(world);
        }
    }

    fn visits(&self, archetype: u32) -> bool {
        self.bound
            .as_ref()
            .is_some_and(|bound| bound.matches.columns(archetype).is_some())
    }

    unsafe fn run(&self, _: &Run<'_>) {
        unreachable!("a row system runs on chunks");
    }

    fn takes(&self, see: &mut dyn FnMut(ComponentId)) -> bool {
        self.bound.as_ref().is_some_and(|bound| {
            bound.matches.components(&mut |component| see(component));
            !F::WHOLE && !bound.matches.looks_into_chunks()
        })
    }

    unsafe fn run_chunk(&self, chunk: ChunkId, rows: Range<u32>, run: &Run<'_>) {
        let Some(bound) = &self.bound else { return };
        let world = run.step.world;
        let chunk = world.chunk(chunk);
        let Some(columns) = bound.matches.chunk(world, chunk, run.since) else {
            return;
        };
        // SAFETY: the caller holds the declared writes to this chunk, so nobody else sets these ticks meanwhile.
        F::Fetch::written(columns, &mut |column| unsafe {
            chunk.set_changed(column, run.tick)
        });
        let entities = chunk.entities();
        let rows = rows.start as usize..entities.len().min(rows.end as usize);
        let choice = bound.gauge.choose(run.step.step);
        let go = |rows: Range<usize>, run: &Run<'_>| {
            let loops = Rows::<Marker, F> {
                function: &self.function,
                state: &bound.state,
                pointers: F::Fetch::pointers(columns, chunk),
                entities,
                rows: rows.clone(),
                run,
            };
            simd::run(rows.len(), choice.wide, loops);
        };
        if let Some(label) = run.shared
            && F::SHARED
            && bound.is_heavy(rows.len())
        {
            // A heavy system whose chunks are too few is shared by rows.
            let jobs = run.step.jobs;
            jobs.par_for(label, rows.len(), PART_ROWS, |part, worker| {
                let part = rows.start + part.start..rows.start + part.end;
                run.part(worker, |run| go(part, run));
            });
        } else if choice.timed && rows.len() >= PART_ROWS {
            let (begin, count) = (now_ns(), rows.len());
            go(rows, run);
            let ns = now_ns().saturating_sub(begin);
            bound.gauge.learn(choice, ns, count);
        } else {
            go(rows, run);
        }
    }
}

/// Time of a run on a chunk from which on its rows are worth sharing, in ns: what waking a worker takes, and as much again to gain from it.
const HEAVY_NS: f32 = 100_000.0;

impl<F: Fetch, S> Bound<F, S> {
    /// Whether so many rows take long, as far as is known. That decides who runs rows and never what comes out.
    fn is_heavy(&self, rows: usize) -> bool {
        let row_ns = self.gauge.row_ns();
        rows >= 2 * PART_ROWS && row_ns.is_some_and(|ns| ns * rows as f32 >= HEAVY_NS)
    }
}

/// Rows that are shared out at once where a chunk is shared by several workers: a system of which so few are worth a wake is a heavy one.
const PART_ROWS: usize = 64;

/// A row function about to run on a chunk, whose access is held by the thread that runs as the run's worker.
struct Rows<'a, Marker, F: RowFunction<Marker>> {
    function: &'a F,
    state: &'a F::State,
    pointers: <F::Fetch as Fetch>::Pointers<'a>,
    entities: &'a [Entity],
    rows: Range<usize>,
    run: &'a Run<'a>,
}

impl<Marker, F: RowFunction<Marker>> Kernel for Rows<'_, Marker, F> {
    #[inline(always)]
    fn run(self) {
        // SAFETY: `run_chunk`, which alone makes this, passes its caller's promise on; pointers and entities are those of one chunk.
        unsafe {
            self.function.run(
                self.state,
                self.pointers,
                self.entities,
                self.rows,
                self.run,
            )
        };
    }
}
