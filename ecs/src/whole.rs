//! Whole systems: a function of queries, resources and context that runs once per step.
//!
//! ```
//! use layerw_ecs::{IntoWhole, Query, ResMut, component};
//!
//! #[component]
//! struct Mass(f32);
//! #[component]
//! struct Total(f32);
//!
//! fn weigh(masses: Query<&Mass>, mut total: ResMut<Total>) {
//!     total.0 = masses.iter().map(|mass| mass.0).sum();
//! }
//!
//! let system = weigh.decl().finish(); // `sim.system(weigh)` does this and adds it
//! assert_eq!(system.name, "weigh");
//! ```

use crate::access::{Access, short_name};
use crate::chunk::ChunkId;
use crate::cx::Run;
use crate::error::EcsError;
use crate::params::Param;
use crate::system::{Kind, System, SystemDecl};
use crate::world::World;
use std::marker::PhantomData;
use std::ops::Range;

/// A function of parameters by value; implemented for functions and closures of up to twelve. `Marker` tells signatures apart and is inferred.
///
/// # Safety
/// `run` hands out what was declared and nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a whole system",
    label = "not a whole system",
    note = "a whole system takes values and returns nothing: `fn gather(planets: Query<&Position>, mut field: ResMut<Field>, cx: Cx)`",
    note = "a function that takes `&T` or `&mut T` of one row goes through `sim.each(…)`"
)]
pub unsafe trait WholeFunction<Marker>: Send + Sync + 'static {
    /// What the parameters look up once per plan.
    type State: Send + Sync;

    /// Declares the parameters in order of the signature.
    ///
    /// # Errors
    /// A component's name is taken by another layout.
    fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError>;

    /// Looks at archetypes that came since the last call.
    fn refresh(state: &mut Self::State, world: &World);

    /// Calls the function.
    ///
    /// # Safety
    /// The declared access is held, and the calling thread runs as `run.worker`.
    unsafe fn run<'a>(&self, state: &'a Self::State, run: &'a Run<'a>);
}

macro_rules! function {
    ($($param:ident $value:ident),*) => {
        // SAFETY: each parameter hands out what it declared.
        #[allow(non_snake_case, unused_variables, unused_unsafe)]
        #[allow(clippy::too_many_arguments, clippy::extra_unused_lifetimes)]
        unsafe impl<Function, $($param: Param + 'static),*> WholeFunction<fn($($param),*)> for Function
        where
            Function: Send + Sync + 'static + Fn($($param),*) + for<'a> Fn($($param::Item<'a>),*),
        {
            type State = ($($param::State,)*);

            fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError> {
                Ok(($($param::declare(world, access)?,)*))
            }

            fn refresh(($($value,)*): &mut Self::State, world: &World) {
                $($param::refresh($value, world);)*
            }

            unsafe fn run<'a>(&self, ($($value,)*): &'a Self::State, run: &'a Run<'a>) {
                fn call<'a, $($param: Param),*>(function: &impl Fn($($param::Item<'a>),*), $($value: $param::Item<'a>),*) {
                    function($($value),*);
                }
                // SAFETY: the caller's promise is passed on.
                unsafe { call::<$($param),*>(self, $($param::get($value, run)),*) };
            }
        }
    };
}

function!();
function!(A a);
function!(A a, B b);
function!(A a, B b, C c);
function!(A a, B b, C c, D d);
function!(A a, B b, C c, D d, E e);
function!(A a, B b, C c, D d, E e, F f);
function!(A a, B b, C c, D d, E e, F f, G g);
function!(A a, B b, C c, D d, E e, F f, G g, H h);
function!(A a, B b, C c, D d, E e, F f, G g, H h, I i);
function!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j);
function!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k);
function!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);

/// A whole system under construction.
pub struct WholeDecl {
    name: String,
    after: Vec<String>,
    pinned: bool,
    build: Box<dyn FnOnce(bool) -> Box<dyn System>>,
}

impl WholeDecl {
    /// The finished declaration.
    pub fn finish(self) -> SystemDecl {
        SystemDecl {
            name: self.name,
            after: self.after,
            system: (self.build)(self.pinned),
        }
    }
}

/// Whole functions and whole systems under construction: what `sim.system(…)` takes.
#[diagnostic::on_unimplemented(
    message = "this is not a whole system: `{Self}`",
    label = "not a whole system",
    note = "a whole system takes values and returns nothing: `fn gather(planets: Query<&Position>, mut field: ResMut<Field>, cx: Cx)`",
    note = "the values are `Cx`, `Commands`, `Query<…>`, `Res<T>`, `ResMut<T>`, `Local<T>`, `LocalMut<T>`, `Events<T>`; every component and resource `T` needs `#[component]`",
    note = "a function that takes `&T` or `&mut T` of one row goes through `sim.each(…)`"
)]
pub trait IntoWhole<Marker>: Sized {
    /// The system under the function's own name.
    fn decl(self) -> WholeDecl;

    /// Gives the system a name; closures need one, and so does a function that is added a second time.
    fn named(self, name: &str) -> WholeDecl {
        WholeDecl {
            name: name.to_owned(),
            ..self.decl()
        }
    }

    /// Orders the system after another one beyond what conflicts and written order say.
    fn after(self, name: &str) -> WholeDecl {
        let mut decl = self.decl();
        decl.after.push(name.to_owned());
        decl
    }

    /// Runs the system on worker 0, the thread that made the workers.
    fn pinned(self) -> WholeDecl {
        WholeDecl {
            pinned: true,
            ..self.decl()
        }
    }
}

#[diagnostic::do_not_recommend]
impl IntoWhole<()> for WholeDecl {
    fn decl(self) -> WholeDecl {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<Marker: 'static, F: WholeFunction<Marker>> IntoWhole<(Marker,)> for F {
    fn decl(self) -> WholeDecl {
        WholeDecl {
            name: short_name::<F>().to_owned(),
            after: Vec::new(),
            pinned: false,
            build: Box::new(|pinned| {
                Box::new(WholeSystem::<Marker, F> {
                    function: self,
                    pinned,
                    state: None,
                    marker: PhantomData,
                })
            }),
        }
    }
}

/// A whole function bound to a world.
struct WholeSystem<Marker, F: WholeFunction<Marker>> {
    function: F,
    pinned: bool,
    state: Option<F::State>,
    marker: PhantomData<fn() -> Marker>,
}

// SAFETY: the parameters keep to what they declare, by their own promise.
unsafe impl<Marker: 'static, F: WholeFunction<Marker>> System for WholeSystem<Marker, F> {
    fn kind(&self) -> Kind {
        if self.pinned {
            Kind::Pinned
        } else {
            Kind::Whole
        }
    }

    fn declare(&mut self, world: &mut World) -> Result<Access, EcsError> {
        let mut access = Access::default();
        self.state = Some(F::declare(world, &mut access)?);
        Ok(access)
    }

    fn refresh(&mut self, world: &World) {
        if let Some(state) = &mut self.state {
            F::refresh(state, world);
        }
    }

    fn visits(&self, _: u32) -> bool {
        false
    }

    unsafe fn run(&self, run: &Run<'_>) {
        if let Some(state) = &self.state {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.function.run(state, run) };
        }
    }

    unsafe fn run_chunk(&self, _: ChunkId, _: Range<u32>, _: &Run<'_>) {
        unreachable!("a whole system does not run on chunks");
    }
}

/// A point between systems where the commands recorded so far are applied, as a system of its own.
#[derive(Debug, Clone, Copy)]
pub struct Applying;

impl Applying {
    /// The point under a name.
    pub fn decl(name: &str) -> SystemDecl {
        SystemDecl {
            name: name.to_owned(),
            after: Vec::new(),
            system: Box::new(Applying),
        }
    }
}

// SAFETY: it does nothing.
unsafe impl System for Applying {
    fn kind(&self) -> Kind {
        Kind::Apply
    }

    fn declare(&mut self, _: &mut World) -> Result<Access, EcsError> {
        Ok(Access::default())
    }

    fn refresh(&mut self, _: &World) {}

    fn visits(&self, _: u32) -> bool {
        false
    }

    unsafe fn run(&self, _: &Run<'_>) {}

    unsafe fn run_chunk(&self, _: ChunkId, _: Range<u32>, _: &Run<'_>) {}
}

/// A function that has the whole world to itself; nothing else runs meanwhile.
pub struct Exclusive<F>(F);

impl<F: Fn(&mut World) + Send + Sync + 'static> Exclusive<F> {
    /// The system under a name.
    pub fn decl(name: &str, function: F) -> SystemDecl {
        SystemDecl {
            name: name.to_owned(),
            after: Vec::new(),
            system: Box::new(Exclusive(function)),
        }
    }
}

// SAFETY: it neither declares anything nor runs beside others.
unsafe impl<F: Fn(&mut World) + Send + Sync + 'static> System for Exclusive<F> {
    fn kind(&self) -> Kind {
        Kind::Exclusive
    }

    fn declare(&mut self, _: &mut World) -> Result<Access, EcsError> {
        Ok(Access::default())
    }

    fn refresh(&mut self, _: &World) {}

    fn visits(&self, _: u32) -> bool {
        false
    }

    unsafe fn run(&self, _: &Run<'_>) {
        unreachable!("an exclusive system runs through `run_exclusive`");
    }

    unsafe fn run_chunk(&self, _: ChunkId, _: Range<u32>, _: &Run<'_>) {
        unreachable!("an exclusive system does not run on chunks");
    }

    fn run_exclusive(&self, world: &mut World) {
        (self.0)(world);
    }
}
