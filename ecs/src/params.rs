//! Context by value: what a system's signature may hold beside component references.
//!
//! | parameter | gives | allowed in |
//! |---|---|---|
//! | [`Cx`] | time, randomness, scratch, nested loops | row and whole systems |
//! | [`Res<T>`] | a hashed resource to read | both |
//! | [`ResMut<T>`] | a hashed resource to write | whole |
//! | [`Local<T>`], [`LocalMut<T>`] | a value beside the world | both; whole |
//! | [`Events<T>`] | what was sent in the step before | both |
//! | [`Commands`] | spawn, despawn, insert, remove, send | both |
//! | [`Query`](crate::query::Query) | components of any row | whole |

use crate::access::{Access, short_name};
use crate::commands::Commands;
use crate::cx::{Cx, Run};
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::schema::Component;
use crate::world::World;
use std::any::TypeId;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A value that a system takes.
///
/// # Safety
/// `get` may touch only what `declare` declared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that a system can take",
    label = "not a system parameter",
    note = "values are context: `Cx`, `Res<T>`, `ResMut<T>`, `Local<T>`, `LocalMut<T>`, `Events<T>`, `Commands`, `Query<…>`",
    note = "references are component data and belong to row functions, `sim.each(…)`; a whole system takes a `Query` instead"
)]
pub unsafe trait Param {
    /// What is looked up once per plan.
    type State: Send + Sync;
    /// What the system gets.
    type Item<'a>;

    /// Registers what the parameter needs and declares its access.
    ///
    /// # Errors
    /// A component's name is taken by another layout.
    fn declare(world: &mut World, access: &mut Access) -> Result<Self::State, EcsError>;

    /// Looks at archetypes that came since the last call.
    fn refresh(_state: &mut Self::State, _world: &World) {}

    /// The value for one run.
    ///
    /// # Safety
    /// The declared access is held for `'a`, and the calling thread runs as `run.worker`.
    unsafe fn get<'a>(state: &'a Self::State, run: &'a Run<'a>) -> Self::Item<'a>;
}

// SAFETY: the context reaches the worker's own scratch and plain numbers only.
unsafe impl Param for Cx<'_> {
    type State = ();
    type Item<'a> = Cx<'a>;

    fn declare(_: &mut World, _: &mut Access) -> Result<(), EcsError> {
        Ok(())
    }

    unsafe fn get<'a>((): &'a (), run: &'a Run<'a>) -> Cx<'a> {
        Cx::whole(run)
    }
}

// SAFETY: commands go to the worker's own log.
unsafe impl Param for Commands<'_> {
    type State = ();
    type Item<'a> = Commands<'a>;

    fn declare(_: &mut World, _: &mut Access) -> Result<(), EcsError> {
        Ok(())
    }

    unsafe fn get<'a>((): &'a (), run: &'a Run<'a>) -> Commands<'a> {
        // SAFETY: the caller runs as this worker.
        unsafe { Commands::new(run) }
    }
}

/// A hashed resource to read.
#[derive(Debug)]
pub struct Res<'a, T>(&'a T);

/// A hashed resource to write.
#[derive(Debug)]
pub struct ResMut<'a, T>(&'a mut T);

/// A value beside the world to read: not hashed, not in snapshots.
#[derive(Debug)]
pub struct Local<'a, T>(&'a T);

/// A value beside the world to write: not hashed, not in snapshots.
#[derive(Debug)]
pub struct LocalMut<'a, T>(&'a mut T);

/// The events of a type that were sent in the step before, in order of sending.
#[derive(Debug)]
pub struct Events<'a, T>(&'a [T]);

/// A read is a shared reference, so it is copied like one, whatever `T` is.
macro_rules! copy {
    ($($name:ident),*) => {$(
        impl<T> Clone for $name<'_, T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<'_, T> {}
    )*};
}

copy!(Res, Local, Events);

impl<T> Deref for Res<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> Deref for ResMut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> DerefMut for ResMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0
    }
}

impl<T> Deref for Local<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> Deref for LocalMut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> DerefMut for LocalMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0
    }
}

impl<T> Deref for Events<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0
    }
}

impl<'a, T> IntoIterator for Events<'a, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

fn resource<T: Component>(world: &World, id: ComponentId) -> NonNull<T> {
    let found = world.resource_ptr(id);
    found
        .unwrap_or_else(|| panic!("the resource {} is not in the world; insert it with `sim.world.insert_resource(…)` before the first step", T::NAME))
        .cast()
}

fn local<T: 'static>(world: &World) -> NonNull<T> {
    let found = world.local_ptr(TypeId::of::<T>());
    found
        .unwrap_or_else(|| {
            panic!("the local {} is not in the world; insert it with `sim.world.insert_local(…)` before the first step", short_name::<T>())
        })
        .cast()
}

// SAFETY: the read is declared.
unsafe impl<T: Component> Param for Res<'_, T> {
    type State = ComponentId;
    type Item<'a> = Res<'a, T>;

    fn declare(world: &mut World, access: &mut Access) -> Result<ComponentId, EcsError> {
        access.resource::<T>(world, false)
    }

    unsafe fn get<'a>(state: &'a ComponentId, run: &'a Run<'a>) -> Res<'a, T> {
        // SAFETY: the pointer leads to a live `T`; the caller holds the declared read.
        Res(unsafe { resource::<T>(run.step.world, *state).as_ref() })
    }
}

// SAFETY: the write is declared.
unsafe impl<T: Component> Param for ResMut<'_, T> {
    type State = ComponentId;
    type Item<'a> = ResMut<'a, T>;

    fn declare(world: &mut World, access: &mut Access) -> Result<ComponentId, EcsError> {
        access.resource::<T>(world, true)
    }

    unsafe fn get<'a>(state: &'a ComponentId, run: &'a Run<'a>) -> ResMut<'a, T> {
        let (world, mut value) = (run.step.world, resource::<T>(run.step.world, *state));
        // SAFETY: the caller holds the declared write, so nobody else sets this tick meanwhile.
        unsafe { world.set_resource_changed(*state, run.tick) };
        // SAFETY: the pointer leads to a live `T`; the caller holds the declared write, so nobody else reads or writes it.
        ResMut(unsafe { value.as_mut() })
    }
}

// SAFETY: the read is declared.
unsafe impl<T: Send + Sync + 'static> Param for Local<'_, T> {
    type State = ();
    type Item<'a> = Local<'a, T>;

    fn declare(world: &mut World, access: &mut Access) -> Result<(), EcsError> {
        access.local::<T>(world, false);
        Ok(())
    }

    unsafe fn get<'a>((): &'a (), run: &'a Run<'a>) -> Local<'a, T> {
        // SAFETY: the pointer leads to a live `T`, found by its type id; the caller holds the declared read.
        Local(unsafe { local::<T>(run.step.world).as_ref() })
    }
}

// SAFETY: the write is declared.
unsafe impl<T: Send + Sync + 'static> Param for LocalMut<'_, T> {
    type State = ();
    type Item<'a> = LocalMut<'a, T>;

    fn declare(world: &mut World, access: &mut Access) -> Result<(), EcsError> {
        access.local::<T>(world, true);
        Ok(())
    }

    unsafe fn get<'a>((): &'a (), run: &'a Run<'a>) -> LocalMut<'a, T> {
        // SAFETY: the pointer leads to a live `T`, found by its type id; the caller holds the declared write.
        LocalMut(unsafe { local::<T>(run.step.world).as_mut() })
    }
}

// SAFETY: the queue of the step before is written between steps only.
unsafe impl<T: Component> Param for Events<'_, T> {
    type State = ();
    type Item<'a> = Events<'a, T>;

    fn declare(world: &mut World, _: &mut Access) -> Result<(), EcsError> {
        world.register_event::<T>().map(|_| ())
    }

    unsafe fn get<'a>((): &'a (), run: &'a Run<'a>) -> Events<'a, T> {
        Events(run.step.world.events::<T>())
    }
}
