//! The context of a step, a run and a row: values in a system's signature.

use crate::commands::Tag;
use crate::entity::Entity;
use crate::random::Random;
use crate::workers::Workers;
use crate::world::World;
use layerw_jobs::Jobs;
use layerw_memory::protect::share;
use layerw_memory::{FrameSlice, Scratch};
use layerw_trace::Label;
use std::marker::PhantomData;
use std::ops::Range;

/// What all systems of one step share.
pub struct Step<'s> {
    /// The world.
    pub world: &'s World,
    /// The workers.
    pub jobs: &'s Jobs,
    /// Their scratch and command logs.
    pub workers: &'s Workers,
    /// Simulated seconds a step.
    pub dt: f64,
    /// Steps done before this one.
    pub step: u64,
    /// The seed of all randomness.
    pub seed: u64,
}

/// One run of a system, on one chunk or whole.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The step.
    pub step: &'a Step<'a>,
    /// The worker whose thread this is.
    pub worker: usize,
    /// The worker that the executor called; others run parts of what it opens.
    pub home: usize,
    /// The system's place in written order.
    pub place: u32,
    /// The place among the blocks of all chunks of the system's group; 0 for whole systems.
    pub chunk: u32,
    /// The change tick of this run.
    pub tick: u64,
    /// For a chunk of a group that has too few of them for all workers: what to call the parts in which its rows may be shared.
    pub shared: Option<Label>,
    /// The first change tick that is news to this run: the one after that of the system's run in the step before, or 0.
    pub since: u64,
}

impl Run<'_> {
    pub(crate) fn tag(&self) -> Tag {
        Tag {
            place: self.place,
            chunk: self.chunk,
        }
    }

    /// Notes the entity at which the system is about to fail, so that the step's failure names it. For systems that are no Rust functions; those note it
    /// themselves.
    ///
    /// # Safety
    /// The calling thread runs as `self.worker`.
    pub unsafe fn fail_at(&self, entity: Entity) {
        // SAFETY: the caller's promise.
        let own = unsafe { self.step.workers.own(self.worker) };
        own.failed.set(Some((self.place, entity)));
    }

    /// A part of this run, done by the worker whose thread this is, as `par_for` of the step's jobs tells it. The scratch that it takes is the system's.
    pub fn part(&self, worker: usize, f: impl FnOnce(&Run<'_>)) {
        let run = Run { worker, ..*self };
        if worker == self.home {
            // Counted there with the rest of the run.
            return f(&run);
        }
        // SAFETY: the caller says that its thread runs as this worker.
        unsafe { self.step.workers.count_part(worker, self.place, || f(&run)) };
    }
}

/// The context of a system: time, randomness, scratch and nested parallelism.
///
/// `dt`, `dt64` and `step` are plain fields, so a row function that uses nothing else compiles to the loop that a person would write.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// Simulated seconds a step, rounded to f32.
    pub dt: f32,
    /// Simulated seconds a step.
    pub dt64: f64,
    /// Steps done before this one.
    pub step: u64,
    run: &'a Run<'a>,
    entities: &'a [Entity],
    row: usize,
    /// Keeps the context on its worker's thread: `scratch` belongs to that thread alone.
    on_this_thread: PhantomData<dyn TakeTheContextThatTheClosureIsGiven>,
}

/// Is neither `Send` nor `Sync`, and so are contexts. Its name stands in the compiler's message to whoever uses a context of outside in a closure of
/// [`Cx::par_for`].
trait TakeTheContextThatTheClosureIsGiven {}

impl<'a> Cx<'a> {
    /// The context of a whole system.
    pub(crate) fn whole(run: &'a Run<'a>) -> Self {
        Self::row(run, &[], 0)
    }

    /// The context of one row.
    #[inline(always)]
    pub(crate) fn row(run: &'a Run<'a>, entities: &'a [Entity], row: usize) -> Self {
        let step = run.step;
        Cx {
            dt: step.dt as f32,
            dt64: step.dt,
            step: step.step,
            run,
            entities,
            row,
            on_this_thread: PhantomData,
        }
    }

    /// The same of another row.
    #[inline(always)]
    pub(crate) fn at(&self, row: usize) -> Self {
        Cx { row, ..*self }
    }

    /// Simulated seconds since step 0: step times dt, never summed.
    pub fn time(&self) -> f64 {
        self.step as f64 * self.dt64
    }

    /// The seed of all randomness.
    pub fn seed(&self) -> u64 {
        self.run.step.seed
    }

    /// Random numbers that depend on the seed, the step, the entity (in a row system) and the stream, and on nothing else. Systems that want
    /// numbers of their own for the same entity and step use different streams.
    pub fn random(&self, stream: u64) -> Random {
        let entity = self
            .entities
            .get(self.row)
            .map_or(0, |entity| entity.to_bits());
        Random::keyed([self.run.step.seed, self.step, entity, stream])
    }

    /// The worker whose thread this is, below the number of workers. What a system computes must not depend on it.
    pub fn worker(&self) -> usize {
        self.run.worker
    }

    /// The worker's scratch: memory that lives until the end of the step and is then recycled.
    pub fn scratch(&self) -> &'a Scratch {
        // SAFETY: a context is made by the thread that runs as `worker` and never leaves it: `Cx` is neither `Send` nor `Sync`.
        unsafe { self.run.step.workers.scratch(self.run.worker) }
    }

    /// Data that an earlier system of this step lent.
    ///
    /// # Panics
    /// The data is from another step: it was recycled.
    pub fn frame<T>(&self, slice: &FrameSlice<T>) -> &'a [T] {
        slice
            .get(self.run.step.workers.guard())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs `f` for all of `0..count`, in parts of at least `grain`, on as many workers as help. Each part gets the context of the worker that
    /// runs it. The parts may run in any order; to stay deterministic they must write to disjoint places.
    pub fn par_for(
        &self,
        label: Label,
        count: usize,
        grain: usize,
        f: impl Fn(Range<usize>, Cx<'_>) + Sync,
    ) {
        let run = *self.run;
        share(|note| {
            let jobs = self.run.step.jobs;
            jobs.par_for(label, count, grain, |range, worker| {
                note.on(worker, || run.part(worker, |run| f(range, Cx::whole(run))));
            });
        });
    }

    /// Runs `f` with all workers awake for rayon, so that `par_iter` inside finds help.
    pub fn rayon<R>(&self, f: impl FnOnce() -> R) -> R {
        self.run.step.jobs.rayon(f)
    }

    /// The workers.
    pub fn jobs(&self) -> &'a Jobs {
        self.run.step.jobs
    }
}
