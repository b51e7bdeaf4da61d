//! A simulation bound to workers, ready to step. Drivers own the loop; this is one turn of it.

use crate::draw::{Look, Painter, PictureOptions, Scene};
use crate::error::{Error, Result};
use crate::gpu::{self, GpuChoice, GpuFigures};
use crate::input::{Actions, Input};
use crate::scripts::{self, Loaded, ScriptFigures};
use crate::settings::Settings;
use crate::sim::{Finish, FinishHook, RestoreHook, Sim};
use layerw_ecs::schedule::{Failure, NoSuchSystem, Schedule, ScratchBudget, SystemCost};
use layerw_ecs::system::Stopped;
use layerw_ecs::workers::Workers;
use layerw_ecs::{StateHash, World};
use layerw_frame_graph::{NodeId, Plan, RunOptions, Spread};
use layerw_jobs::Jobs;
use layerw_memory::{Arena, MemoryError, PoolStats, Protection, Tier};
use layerw_platform::input::Devices;
use layerw_trace::{Label, PlotUnit};
use std::any::Any;
use std::ops::Range;

/// Steps a second of a simulation that does not say, where it goes by a clock.
pub(crate) const HERTZ: f64 = 60.0;

/// How a simulation is run, as far as it does not change the result.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunnerOptions {
    /// Shuffles whatever the plan leaves open, differently in each step, to shake out accesses that
    /// a system makes without declaring them. The result must not change.
    pub shuffle: Option<u64>,
    /// Whether other workers are woken: by default when measured costs say that it is worth it.
    pub spread: Spread,
    /// Guards memory against accesses that were not declared: slower, to the same bits. [`Protection::Pages`] becomes
    /// [`Protection::Checksums`] where pages have no rights.
    pub protection: Protection,
    /// Whether GPU passes run on a GPU or on their twins. Exact passes come out the same.
    pub gpu: GpuChoice,
}

/// A simulation bound to workers.
pub struct Runner {
    world: World,
    schedule: Schedule,
    workers: Workers,
    jobs: Jobs,
    arena: Arena,
    options: RunnerOptions,
    poisoned: Option<String>,
    actions: Actions,
    rate: Option<f64>,
    on_finish: Vec<FinishHook>,
    on_restore: Vec<RestoreHook>,
    scripts: Loaded,
    /// Their places in the written order.
    script_places: Range<usize>,
    gpu: gpu::Handle,
    look: Look,
    painter: Option<Painter>,
    plots: [Label; 3],
}

impl Runner {
    /// Binds a simulation to workers: declares its systems and compiles their graph.
    ///
    /// # Errors
    /// The systems do not form a graph, a component's name is taken by another layout, the
    /// workers' scratch does not fit the Scene pool, the host cannot protect memory as it should, or there is no GPU where one is required.
    pub fn new(sim: Sim, jobs: &Jobs, options: RunnerOptions) -> Result<Self> {
        let Sim {
            mut world,
            arena,
            actions,
            mut systems,
            gpu,
            look,
            rate,
            on_finish,
            on_restore,
            scripts,
            mut script_places,
            ..
        } = sim;
        // Before there is scratch, which gets its edges when it is made.
        arena.protect(options.protection)?;
        let gpu = gpu::prepare(
            gpu,
            &mut systems,
            &mut world,
            &mut script_places,
            options.gpu,
        )?;
        let schedule = Schedule::new(systems, &mut world, jobs.threads())?;
        // Budgets overlap: a worker that runs a large system may need what the others leave.
        let workers = Workers::new(&arena, jobs.threads(), arena.scene().bytes())?;
        let plots = ["Logic pool", "Scene pool", "GPU pool"].map(layerw_trace::label);
        for plot in plots {
            layerw_trace::plot_unit(plot, PlotUnit::Bytes);
        }
        Ok(Runner {
            world,
            schedule,
            workers,
            jobs: jobs.clone(),
            arena,
            options,
            poisoned: None,
            actions,
            rate,
            on_finish,
            on_restore,
            scripts,
            script_places,
            gpu,
            look,
            painter: None,
            plots,
        })
    }

    /// Does one step.
    ///
    /// # Errors
    /// A system panicked, or memory does not suffice for its commands: the world is half-done then and
    /// refuses further steps until a snapshot is restored or it [goes back](Runner::rewind). The workers stay usable. Or the world was
    /// restored or replaced and lacks what the systems read. Or a system took more scratch than its budget: then the step is whole, and more can follow.
    pub fn step(&mut self) -> Result<()> {
        let shuffle = self
            .options
            .shuffle
            .map(|seed| seed.wrapping_add(self.world.step()));
        let options = RunOptions {
            shuffle,
            spread: self.options.spread,
        };
        self.turn(|schedule, world, jobs, workers| schedule.step(world, jobs, workers, options))
    }

    /// Does one step system by system, calling `watch` with each node of the plan and the world that it leaves. Slower than [`Runner::step`], to the
    /// same bits; for looking for the first system that goes astray.
    ///
    /// # Errors
    /// As [`Runner::step`].
    pub fn step_watched(&mut self, watch: &mut dyn FnMut(NodeId, &World)) -> Result<()> {
        self.turn(|schedule, world, jobs, workers| {
            schedule.step_watched(world, jobs, workers, watch)
        })
    }

    fn turn(
        &mut self,
        step: impl FnOnce(&mut Schedule, &mut World, &Jobs, &mut Workers) -> Result<(), Failure>,
    ) -> Result<()> {
        if let Some(cause) = &self.poisoned {
            return Err(Error::Poisoned {
                cause: cause.clone(),
            });
        }
        self.schedule.bind(&mut self.world)?;
        // In the map of memory set-up is frame 0 and the first step frame 1; wraps after 2^32 steps, where nobody looks at the map any more.
        self.arena.begin_frame((self.world.step() + 1) as u32);
        let done = step(
            &mut self.schedule,
            &mut self.world,
            &self.jobs,
            &mut self.workers,
        );
        // Until somebody asks for it, nobody may change the world between two steps.
        self.world.close();
        layerw_trace::frame_mark();
        for (label, stats) in self.plots.into_iter().zip(self.memory()) {
            layerw_trace::plot(label, stats.used as f64);
        }
        done.map_err(|failure| {
            let error = step_error(failure);
            self.poisoned = Some(error.to_string());
            error
        })?;
        match self.schedule.scratch_excess() {
            None => Ok(()),
            Some(excess) => Err(Error::ScratchBudget {
                system: excess.system.to_owned(),
                step: self.world.step() - 1,
                taken: excess.taken,
                budget: excess.budget,
            }),
        }
    }

    /// Limits what a system may take of scratch in one step, as `[systems.NAME]` of layerw.toml does.
    ///
    /// # Errors
    /// There is no such system.
    pub fn set_scratch_budget(
        &mut self,
        system: &str,
        budget: ScratchBudget,
    ) -> Result<(), NoSuchSystem> {
        self.schedule.set_scratch_budget(system, budget)
    }

    /// Keeps the last `steps` steps from now on, to [go back](Runner::rewind) to. What was written since stands in the Scene pool, under the owner
    /// `rewind`: in the region of that name if the project's memory has one, otherwise in half of the pool at most. Where that does not suffice, the
    /// oldest steps are dropped, which [`World::kept`] tells. 0 keeps none.
    ///
    /// # Errors
    /// The Scene pool takes no such owner.
    pub fn keep(&mut self, steps: usize) -> Result<()> {
        let mut regions = self.arena.layout().regions.iter();
        let promised = regions.find(|region| region.tier == Tier::Scene && region.name == "rewind");
        let budget = promised.map_or(self.arena.scene().bytes() / 2, |region| region.budget);
        Ok(self.world_mut().keep_steps(steps, budget)?)
    }

    /// Makes the world what it was `steps` steps ago, rebuilds what it does not hold, and lifts the poison; 0 goes back to where the step that
    /// failed began.
    ///
    /// # Errors
    /// That step is not kept, or a newer fork is still held; see [`World::rewind`].
    pub fn rewind(&mut self, steps: u64) -> Result<()> {
        self.world_mut().rewind(steps)?;
        self.restored();
        Ok(())
    }

    /// Makes the world what it was after a step, by number; see [`Runner::rewind`].
    ///
    /// # Errors
    /// As there.
    pub fn rewind_to(&mut self, step: u64) -> Result<()> {
        self.world_mut().rewind_to(step)?;
        self.restored();
        Ok(())
    }

    /// The world between two steps.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world between two steps, to change. Under protection by checksums a world that was changed behind everybody's back is poisoned
    /// when that shows here.
    pub fn world_mut(&mut self) -> &mut World {
        if let Err(damaged) = self.world.open() {
            self.poisoned = Some(damaged.to_string());
        }
        &mut self.world
    }

    /// Reads the scripts of the project again and puts their systems in the place of those from before, while the world stays as it is. They may be others, with
    /// other access and new components; what the systems measured or counted begins anew, and none is in quarantine.
    ///
    /// # Errors
    /// A script that cannot be read, compiled or run, or a component that the world has with another layout: then the scripts from before go on.
    pub fn reload_scripts(&mut self, settings: &Settings) -> Result<()> {
        self.world_mut();
        let mut loaded = scripts::load(settings, &mut self.world)?;
        let entries = loaded.entries();
        let (first, count) = (self.script_places.start, entries.len());
        self.schedule
            .replace(self.script_places.clone(), entries, &mut self.world)?;
        (self.scripts, self.script_places) = (loaded, first..first + count);
        Ok(())
    }

    /// Its actions.
    pub(crate) fn actions(&self) -> &Actions {
        &self.actions
    }

    /// Sets what the player does in the next step from how the devices stand, and begins anew what counts since somebody looked at them: for those who own
    /// the loop and have a window, whose events they [feed](Devices::feed).
    pub fn take_input(&mut self, devices: &mut Devices) {
        let input = self.sample(devices);
        self.set_input(input);
    }

    /// What the player does in the next step by how the devices stand; what counts since somebody looked at them begins anew.
    pub(crate) fn sample(&self, devices: &mut Devices) -> Input {
        let input = self.actions.sample(devices, &self.input());
        devices.seen();
        input
    }

    /// What the player does in the next step.
    pub(crate) fn input(&self) -> Input {
        self.world.resource().copied().unwrap_or_default()
    }

    /// Sets what the player does in the next step. A simulation without actions does not look.
    pub(crate) fn set_input(&mut self, input: Input) {
        if self.world.resource() != Some(&input)
            && let Some(place) = self.world_mut().resource_mut()
        {
            *place = input;
        }
    }

    /// Call after the world was restored from an image: rebuilds what it does not hold and lifts the poison.
    pub fn restored(&mut self) {
        // What checksums show is no longer there.
        let _ = self.world.open();
        self.poisoned = None;
        for hook in &self.on_restore {
            hook(&mut self.world);
        }
    }

    /// The compiled graph.
    pub fn plan(&self) -> &Plan {
        self.schedule.plan()
    }

    /// What each system has cost so far.
    pub fn costs(&self) -> impl Iterator<Item = SystemCost<'_>> {
        self.schedule.costs()
    }

    /// The state hash.
    pub fn hash(&self) -> StateHash {
        self.world.hash()
    }

    /// The pools: Logic, Scene, GPU.
    pub fn memory(&self) -> [PoolStats; 3] {
        [self.arena.logic(), self.arena.scene(), self.arena.gpu()].map(|pool| pool.stats())
    }

    /// What the report says of its scripts.
    pub(crate) fn script_figures(&self) -> Vec<ScriptFigures> {
        self.scripts.figures(&self.arena)
    }

    /// What the report says of its GPU passes, if there are any.
    pub(crate) fn gpu_figures(&self) -> Option<GpuFigures> {
        self.gpu.figures()
    }

    /// Where GPU passes ran, if that is not what was asked for.
    pub(crate) fn gpu_note(&self) -> Option<String> {
        self.gpu.note()
    }

    /// A picture of the world as it is, as [`Sim::draw`] says that it looks. The first one opens a device, others with the same options are quicker.
    ///
    /// # Errors
    /// There is no GPU and no program that stands in for one, it is lost, or the picture is too large for it.
    #[cfg(feature = "gpu")]
    pub fn picture(&mut self, options: &PictureOptions) -> Result<crate::draw::Picture> {
        if self.painter.as_ref().map(Painter::options) != Some(options) {
            self.painter = None;
        }
        self.paint(options, Painter::picture)
    }

    /// The same as a file in PNG, of the options that the first one had.
    pub(crate) fn png(&mut self, options: &PictureOptions) -> Result<Vec<u8>> {
        self.paint(options, Painter::png)
    }

    fn paint<R>(
        &mut self,
        options: &PictureOptions,
        paint: impl FnOnce(&mut Painter, &Look, &World, &Jobs) -> Result<R>,
    ) -> Result<R> {
        self.prepare_pictures(options)?;
        let painter = self.painter.as_mut().expect("prepared");
        let painted = paint(painter, &self.look, &self.world, &self.jobs);
        if painted.is_err() {
            // Another one may have a device again.
            self.painter = None;
        }
        painted
    }

    /// Opens a device to draw with, if there is none yet.
    pub(crate) fn prepare_pictures(&mut self, options: &PictureOptions) -> Result<()> {
        if self.painter.is_none() {
            self.painter = Some(Painter::new(&self.look, options)?);
        }
        Ok(())
    }

    /// Opens a device that draws in a window.
    #[cfg(feature = "window")]
    pub(crate) fn display<W: layerw_render::Window>(
        &self,
        window: W,
        options: &PictureOptions,
    ) -> Result<crate::draw::Display> {
        crate::draw::Display::new(&self.look, window, options)
    }

    /// Draws the world in a window, as far as there is something to draw on.
    #[cfg(feature = "window")]
    pub(crate) fn show(
        &self,
        display: &mut crate::draw::Display,
        moment: &crate::draw::Moment,
    ) -> Result<bool> {
        display.show(&self.look, &self.world, &self.jobs, moment)
    }

    /// Whether it says what it looks like.
    pub(crate) fn has_look(&self) -> bool {
        self.look.is_there()
    }

    /// Writes what a picture shows that is `aspect` times as wide as high: for those who draw themselves, and for those who measure.
    pub fn extract(&self, scene: &mut Scene, aspect: f32) {
        let camera = self.look.camera(&self.world);
        self.look
            .extract(&self.world, &self.jobs, scene, camera, aspect, 0.0);
    }

    /// Steps in which each GPU pass ran on the GPU, and in which on its twin after all, in written order.
    #[cfg(feature = "gpu")]
    pub fn gpu_runs(&self) -> Vec<(u64, u64)> {
        let passes = self
            .gpu
            .figures()
            .map_or_else(Vec::new, |figures| figures.passes);
        passes
            .iter()
            .map(|pass| (pass.on_gpu, pass.on_twin))
            .collect()
    }

    /// Loses the device in the next step, as a driver may: for tests of what comes after.
    #[cfg(feature = "gpu")]
    #[doc(hidden)]
    pub fn lose_gpu(&mut self, when: gpu::LoseGpu) {
        self.gpu.lose(when);
    }

    /// The arena that the world and the workers' scratch live in.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// How many jobs (runs of systems on a chunk or whole, and parts of them) each worker has done.
    pub fn jobs_done(&mut self) -> Vec<u64> {
        self.workers.runs().collect()
    }

    /// The workers.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Steps per wall second where the simulation is played.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Ends the run: lets the project look at the world and say what it has to say.
    pub fn finish(&mut self, frames: u64) -> Finish<'_> {
        let mut finish = Finish::new(&self.world, frames);
        for hook in self.on_finish.drain(..) {
            hook(&mut finish);
        }
        finish
    }
}

fn step_error(failure: Failure) -> Error {
    let failure = match failure.payload.downcast::<MemoryError>() {
        // Nobody panicked: protection found something.
        Ok(damaged) => return Error::Memory(*damaged),
        Err(payload) => Failure { payload, ..failure },
    };
    let failure = match failure.payload.downcast::<Stopped>() {
        // It has said where and why.
        Ok(stopped) => return Error::ScriptFault(stopped.0),
        Err(payload) => Failure { payload, ..failure },
    };
    let place = failure
        .entity
        .map_or(String::new(), |entity| format!(" at entity {entity}"));
    Error::System {
        message: panic_message(failure.payload.as_ref()),
        system: failure.system,
        place,
        step: failure.step,
    }
}

/// What a panic said, where it said it in words.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
