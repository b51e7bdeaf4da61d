//! A simulation as its author writes it: a world and its systems, in order.

use crate::draw::Look;
use crate::error::Result;
use crate::gpu;
use crate::input::{Action, Actions, Binding, Input};
use crate::scripts::Loaded;
use layerw_ecs::World;
use layerw_ecs::chunks::{OverChunks, over_chunks};
use layerw_ecs::first::first_step;
use layerw_ecs::row::{IntoRow, RowFunction};
use layerw_ecs::schedule::Entry;
use layerw_ecs::system::SystemDecl;
use layerw_ecs::whole::{Exclusive, IntoWhole};
use layerw_memory::{Arena, MemoryConfig};
use std::ops::Range;

/// Simulated seconds a step where nobody says otherwise.
const DEFAULT_DT: f64 = 1.0 / 60.0;

/// Steps of a run where neither project nor caller says otherwise.
const DEFAULT_FRAMES: u64 = 600;

/// A simulation: its world, and its systems in the order that is their meaning.
///
/// ```
/// use layerw::{component, math::Vec3, Cx, Sim};
/// #[component]
/// struct Position(Vec3);
/// fn fall(position: &mut Position, cx: Cx) {
///     position.0.y -= 9.81 * cx.dt;
/// }
/// let mut sim = Sim::new().hertz(60.0);
/// sim.world.spawn(Position(Vec3::ZERO));
/// sim.each(fall);
/// ```
pub struct Sim {
    /// The world. Filled before the first step, read and changed between steps.
    pub world: World,
    pub(crate) arena: Arena,
    pub(crate) systems: Vec<Entry>,
    pub(crate) scripts: Loaded,
    /// Their places among the systems.
    pub(crate) script_places: Range<usize>,
    pub(crate) actions: Actions,
    pub(crate) gpu: gpu::Passes,
    pub(crate) look: Look,
    pub(crate) rate: Option<f64>,
    pub(crate) frames: u64,
    pub(crate) on_finish: Vec<FinishHook>,
    pub(crate) on_restore: Vec<RestoreHook>,
}

pub(crate) type FinishHook = Box<dyn FnOnce(&mut Finish<'_>) + Send>;
pub(crate) type RestoreHook = Box<dyn Fn(&mut World) + Send>;

impl Sim {
    /// An empty simulation with the default budgets: those of 4 GiB, or of as much as the process has address space for
    /// ([`MemoryConfig::fitting`]).
    ///
    /// # Panics
    /// The system refuses to reserve the arena's address space; [`Sim::with_memory`] returns the error and takes smaller budgets.
    pub fn new() -> Self {
        MemoryConfig::fitting()
            .map_err(Into::into)
            .and_then(|config| Self::with_memory(&config))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// An empty simulation in an arena of the given budgets.
    ///
    /// # Errors
    /// The budgets do not fit, or the system refuses the address space.
    pub fn with_memory(config: &MemoryConfig) -> Result<Self> {
        let arena = Arena::new(config)?;
        let mut world = World::new(&arena)?;
        world.set_dt(DEFAULT_DT);
        Ok(Sim {
            world,
            arena,
            systems: Vec::new(),
            scripts: Loaded::default(),
            script_places: 0..0,
            actions: Actions::default(),
            gpu: gpu::Passes::default(),
            look: Look::default(),
            rate: None,
            frames: DEFAULT_FRAMES,
            on_finish: Vec::new(),
            on_restore: Vec::new(),
        })
    }

    /// Steps per simulated second, and per wall second where the simulation is played.
    #[must_use]
    pub fn hertz(self, hertz: f64) -> Self {
        self.dt(1.0 / hertz).rate(hertz)
    }

    /// Simulated seconds a step; 1/60 by default.
    ///
    /// # Panics
    /// `seconds` is not finite and positive.
    #[must_use]
    pub fn dt(mut self, seconds: f64) -> Self {
        assert!(
            seconds.is_finite() && seconds > 0.0,
            "a step of {seconds} simulated seconds is not possible; give a positive number"
        );
        self.world.set_dt(seconds);
        self
    }

    /// Steps per wall second where the simulation is played; headless runs go as fast as they can.
    ///
    /// # Panics
    /// `hertz` is not finite and positive.
    #[must_use]
    pub fn rate(mut self, hertz: f64) -> Self {
        assert!(
            hertz.is_finite() && hertz > 0.0,
            "a rate of {hertz} steps per second is not possible; give a positive number"
        );
        self.rate = Some(hertz);
        self
    }

    /// Steps of a headless run that does not say `--frames`; 600 by default.
    #[must_use]
    pub fn frames(mut self, frames: u64) -> Self {
        self.frames = frames;
        self
    }

    /// The seed of all randomness; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.world.set_seed(seed);
        self
    }

    /// Adds a system that runs for every entity with the components of its signature.
    pub fn each<Marker>(&mut self, system: impl IntoRow<Marker>) -> &mut Self {
        self.add(system.decl().finish())
    }

    /// Adds a system that takes the rows of a chunk together, as slices; see [`layerw_ecs::chunks`].
    ///
    /// ```
    /// use layerw::{component, Sim};
    /// #[component]
    /// struct Heat(f32);
    /// fn cool(heats: &mut [Heat]) {
    ///     heats.iter_mut().for_each(|heat| heat.0 *= 0.99);
    /// }
    /// let mut sim = Sim::new();
    /// sim.world.spawn(Heat(300.0));
    /// sim.chunks(cool);
    /// ```
    pub fn chunks<Marker: 'static, F>(&mut self, system: F) -> &mut Self
    where
        OverChunks<F>: RowFunction<Marker>,
    {
        self.each(over_chunks(system))
    }

    /// Adds a system that runs once per step.
    pub fn system<Marker>(&mut self, system: impl IntoWhole<Marker>) -> &mut Self {
        self.add(system.decl().finish())
    }

    /// Adds a system that has the world to itself while it runs; everything before it ends first, everything after it waits.
    pub fn exclusive(
        &mut self,
        name: &str,
        system: impl Fn(&mut World) + Send + Sync + 'static,
    ) -> &mut Self {
        self.add(Exclusive::decl(name, system))
    }

    /// Adds the systems that `systems` adds, to run in step 0 only, and the point where what they record is applied: the systems after them find it there.
    /// A restored run does not run them again.
    ///
    /// ```
    /// use layerw::{component, Commands, Sim};
    /// #[component]
    /// struct Heat(f32);
    /// fn kindle(mut commands: Commands) {
    ///     commands.spawn(Heat(300.0));
    /// }
    /// let mut sim = Sim::new();
    /// sim.start(|sim| {
    ///     sim.system(kindle);
    /// });
    /// ```
    pub fn start(&mut self, systems: impl FnOnce(&mut Self)) -> &mut Self {
        let first = self.systems.len();
        systems(self);
        for entry in self.systems.split_off(first) {
            self.systems.push(match entry {
                Entry::System(system) => Entry::System(first_step(system)),
                Entry::Apply => Entry::Apply,
            });
        }
        self.apply()
    }

    /// Adds a declared system.
    pub fn add(&mut self, system: SystemDecl) -> &mut Self {
        self.systems.push(Entry::System(system));
        self
    }

    /// Declares what its player can do, and what that is bound to where `[input.NAME]` of layerw.toml says nothing else. Systems read it from the
    /// resource [`Input`].
    ///
    /// # Errors
    /// There is such an action already, or no room for another; a source that is none; the world has no memory left.
    pub fn action(&mut self, name: &str, binding: Binding) -> Result<Action> {
        let action = self.actions.declare(name, &binding)?;
        if self.world.resource::<Input>().is_none() {
            self.world.try_insert_resource(Input::default())?;
        }
        Ok(action)
    }

    /// Applies the commands recorded so far here, between two systems, instead of at the end of the step.
    pub fn apply(&mut self) -> &mut Self {
        self.systems.push(Entry::Apply);
        self
    }

    /// Called once after the last step, to add to the report and to print.
    pub fn on_finish(&mut self, hook: impl FnOnce(&mut Finish<'_>) + Send + 'static) -> &mut Self {
        self.on_finish.push(Box::new(hook));
        self
    }

    /// Called after each restore, to rebuild what the world does not hold.
    pub fn on_restore(&mut self, hook: impl Fn(&mut World) + Send + 'static) -> &mut Self {
        self.on_restore.push(Box::new(hook));
        self
    }
}

impl Default for Sim {
    fn default() -> Self {
        Self::new()
    }
}

/// The end of a run: the world, and what the project wants to say about it.
pub struct Finish<'a> {
    world: &'a World,
    frames: u64,
    report: serde_json::Map<String, serde_json::Value>,
    lines: String,
}

impl<'a> Finish<'a> {
    pub(crate) fn new(world: &'a World, frames: u64) -> Self {
        Finish {
            world,
            frames,
            report: serde_json::Map::new(),
            lines: String::new(),
        }
    }

    /// The world after the last step.
    pub fn world(&self) -> &'a World {
        self.world
    }

    /// Steps that this run did.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Adds a top-level key to the report.
    pub fn report(&mut self, key: &str, value: impl Into<serde_json::Value>) {
        self.report.insert(key.to_owned(), value.into());
    }

    /// Adds text to print before the last line, the hash.
    pub fn print(&mut self, text: &str) {
        self.lines.push_str(text);
        if !text.ends_with('\n') {
            self.lines.push('\n');
        }
    }

    pub(crate) fn into_parts(self) -> (serde_json::Map<String, serde_json::Value>, String) {
        (self.report, self.lines)
    }
}
