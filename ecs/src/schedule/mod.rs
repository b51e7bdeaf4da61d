//! The step: systems in written order, compiled into a plan and run by the executor.
//!
//! ```text
//!   systems ──declare──> plan ──> executor ──run / run_chunk──> Stage ──> systems
//!                                                                 │
//!                    one world, one set of workers, lent for a step
//! ```

mod compile;
mod replace;
mod scratch;
mod stage;
mod watched;

pub use compile::ScheduleError;
pub use scratch::{NoSuchSystem, OverScratch, ScratchBudget, ScratchExcess, SystemScratch};

use crate::access::Target;
use crate::entity::Entity;
use crate::system::{Kind, System, SystemDecl};
use crate::workers::Workers;
use crate::world::{Numbering, World};
use layerw_frame_graph::{Executor, Plan, RunOptions};
use layerw_jobs::Jobs;
use stage::{Stage, Visits};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What stands in the written order.
pub enum Entry {
    /// A system.
    System(SystemDecl),
    /// The point where the commands recorded so far are applied.
    Apply,
}

/// A node's work.
enum Body {
    /// A system that runs beside others.
    System(Box<dyn System>),
    /// One that has the whole world to itself.
    Exclusive(Box<dyn System>),
    Apply,
}

/// A node's work with its name and explicit order.
struct Named {
    name: String,
    after: Vec<String>,
    /// What it declared to write.
    writes: Vec<Target>,
    body: Body,
}

impl Named {
    fn of(entry: Entry) -> Self {
        match entry {
            Entry::System(decl) => Named {
                name: decl.name,
                after: decl.after,
                writes: Vec::new(),
                body: match decl.system.kind() {
                    Kind::Exclusive => Body::Exclusive(decl.system),
                    Kind::Apply => Body::Apply,
                    _ => Body::System(decl.system),
                },
            },
            Entry::Apply => Named {
                name: APPLY.to_owned(),
                after: Vec::new(),
                writes: Vec::new(),
                body: Body::Apply,
            },
        }
    }
}

/// What [`Entry::Apply`] is called; where there are several, the second is `apply commands 2`.
const APPLY: &str = "apply commands";

/// Gives each [`Entry::Apply`] a name of its own.
fn number_applies(nodes: &mut [Named]) {
    let is_entry =
        |node: &&mut Named| matches!(node.body, Body::Apply) && node.name.starts_with(APPLY);
    for (number, node) in (1..).zip(nodes.iter_mut().filter(is_entry)) {
        node.name = match number {
            1 => APPLY.to_owned(),
            number => format!("{APPLY} {number}"),
        };
    }
}

/// A system's panic, with the place where it happened.
#[derive(Debug)]
pub struct Failure {
    /// The system.
    pub system: String,
    /// The entity whose row was being worked on, where a row system failed.
    pub entity: Option<Entity>,
    /// The step that was stopped.
    pub step: u64,
    /// What was thrown; a [`MemoryError`](layerw_memory::MemoryError) where protection found that somebody wrote what nobody may.
    pub payload: Box<dyn Any + Send>,
}

/// Measured cost of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemCost<'a> {
    /// The system's name.
    pub name: &'a str,
    /// Runs so far: one per step, and per chunk for row systems.
    pub calls: u64,
    /// Time in all runs, summed over workers, in nanoseconds.
    pub ns: u64,
    /// Scratch that it takes.
    pub scratch: SystemScratch,
}

/// The systems, their plan, and the executor that runs it.
pub struct Schedule {
    nodes: Vec<Named>,
    plan: Plan,
    executor: Executor,
    threads: usize,
    visits: Visits,
    scratch: scratch::Book,
    /// Of what the systems' component numbers are.
    numbering: Numbering,
}

impl Schedule {
    /// Declares all systems to the world and compiles their graph for `threads` workers.
    ///
    /// # Errors
    /// A component's name is taken by another layout, or the systems do not form a graph.
    pub fn new(
        entries: Vec<Entry>,
        world: &mut World,
        threads: usize,
    ) -> Result<Self, ScheduleError> {
        let mut nodes: Vec<Named> = entries.into_iter().map(Named::of).collect();
        number_applies(&mut nodes);
        let plan = compile::compile(&mut nodes, world)?;
        let executor = Executor::new(&plan, threads);
        let visits = Visits::new(&plan, &nodes, world);
        let scratch = scratch::Book::new(nodes.len());
        Ok(Schedule {
            nodes,
            plan,
            executor,
            threads,
            visits,
            scratch,
            numbering: world.numbering(),
        })
    }

    /// The compiled graph.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What each system has cost so far, in written order.
    pub fn costs(&self) -> impl Iterator<Item = SystemCost<'_>> {
        self.plan.node_ids().map(|node| {
            let cost = self.executor.cost(node);
            SystemCost {
                name: &self.plan.node(node).name,
                calls: cost.calls,
                ns: cost.total_ns,
                scratch: self.scratch.systems[node.index()],
            }
        })
    }

    /// Binds the systems to a world in which component numbers may be others: one that was restored, or another one. Does nothing where they are
    /// bound to it, and keeps the measured costs where the graph is the same.
    ///
    /// # Errors
    /// As [`Schedule::new`]; the next step, or the next call, tries again.
    pub fn bind(&mut self, world: &mut World) -> Result<(), ScheduleError> {
        if self.numbering == world.numbering() {
            return Ok(());
        }
        // What checksums show here, the image that made this necessary has replaced.
        let _ = world.open();
        let plan = compile::compile(&mut self.nodes, world)?;
        // The same graph over other numbers, as after going back: what was learned about its costs still holds.
        if plan != self.plan {
            self.executor = Executor::new(&plan, self.threads);
            self.plan = plan;
        }
        self.visits = Visits::new(&self.plan, &self.nodes, world);
        self.numbering = world.numbering();
        Ok(())
    }

    /// Runs all systems once, applies their commands, turns the events over and recycles scratch.
    ///
    /// A step that fails leaves the world half-done, with its commands forgotten.
    ///
    /// # Errors
    /// A system panicked, or its commands could not be applied; of several the first in written order that was seen.
    ///
    /// # Panics
    /// The calling thread is not worker 0 of `jobs`, or [`Schedule::bind`] refuses the world.
    pub fn step(
        &mut self,
        world: &mut World,
        jobs: &Jobs,
        workers: &mut Workers,
        options: RunOptions,
    ) -> Result<(), Failure> {
        self.turn(world, jobs, workers, |executor, _, stage| {
            executor.run(jobs, stage, options)
        })
    }

    /// One step, whose systems `run` runs.
    fn turn(
        &mut self,
        world: &mut World,
        jobs: &Jobs,
        workers: &mut Workers,
        run: impl FnOnce(&mut Executor, &Plan, &Stage<'_>) -> Result<(), layerw_frame_graph::Failure>,
    ) -> Result<(), Failure> {
        assert!(
            jobs.worker() == Some(0),
            "a step is for worker 0 to do, the thread that made the workers"
        );
        self.bind(world)
            .unwrap_or_else(|error| panic!("the world does not fit the systems: {error}"));
        workers.expect_systems(self.nodes.len());
        let mut venting = Venting {
            workers,
            trim: false,
        };
        let workers = &mut *venting.workers;
        let step = world.step();
        let nodes = self.nodes.len() as u64;
        let base = world.tick();
        world.begin_step();
        world.close();
        let mut stage = Stage::new(
            &mut self.nodes,
            &self.plan,
            &mut self.visits,
            world,
            jobs,
            workers,
            base,
        );
        stage.refresh();
        let outcome = run(&mut self.executor, &self.plan, &stage);
        venting.trim = self.scratch.close(workers);
        let opened = world.open();
        let applied = outcome
            .map_err(|failure| (Some(failure.node.index()), failure.payload))
            .and_then(|()| opened.map_err(|damaged| (None, Box::new(damaged) as _)))
            .and_then(|()| {
                world.set_tick(base + nodes + 1);
                // Unwind safety: as after a panic in a system, the world is half-done, and the caller is told.
                catch_unwind(AssertUnwindSafe(|| workers.apply(world)))
                    .map_err(|payload| (None, payload))
            })
            .and_then(|()| {
                let checked = world.arena().check();
                checked.map_err(|damaged| (None, Box::new(damaged) as _))
            });
        world.stepping = false;
        if let Err((node, payload)) = applied {
            // Where commands cannot be applied, the system that recorded them is the one to name.
            let at = workers.take_applying().map(|place| place as usize).or(node);
            return Err(Failure {
                system: at.map_or_else(String::new, |node| self.nodes[node].name.clone()),
                entity: at.and_then(|node| workers.take_failed_row(node as u32)),
                step,
                payload,
            });
        }
        world.flip_events();
        world.end_step(base, nodes as u32);
        Ok(())
    }
}

/// Recycles the scratch, and the commands in it, however the step ends: nothing of a step that was broken off may reach the next one.
struct Venting<'w> {
    workers: &'w mut Workers,
    /// Whether spare scratch goes back to the pool.
    trim: bool,
}

impl Drop for Venting<'_> {
    fn drop(&mut self) {
        self.workers.vent();
        if self.trim {
            self.workers.trim();
        }
    }
}
