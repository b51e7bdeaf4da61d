//! Runs a plan on workers, again and again.
//!
//! ```text
//!   Plan ──> shape: tasks, who waits for whom (never changes)
//!              │
//!   costs ─────┤  measured while tasks run
//!              ▼
//!            balance: which worker, which order ──> lanes
//!              │
//!    run ──────┼── one worker, or a small step: alone, in order, no atomics
//!              └── else: a team over lanes, row groups handed out by chunks
//! ```
//!
//! Measured costs decide who runs a task and when it starts, within the edges of the plan. They
//! never decide what it sees: results are the same on any number of workers.
//!
//! After [`Executor::new`] and the first steps nothing is allocated.

mod alone;
mod balance;
mod costs;
mod failure;
pub(crate) mod lane;
mod planner;
mod rows;
mod shape;
mod shuffle;
mod step;
mod team;
#[cfg(all(test, not(feature = "loom")))]
mod tests;
mod wakes;

pub use failure::Failure;

use std::sync::Arc;

use layerw_jobs::Jobs;
use layerw_trace::{Label, label};

use crate::plan::{GroupId, NodeId, Plan};
use balance::lanes_max;
use costs::Clock;
use failure::Blame;
use planner::Planner;
use rows::Rows;
use shape::{Shape, TaskShape};
use shuffle::{Dice, MemberOrder};
use step::Step;
use team::{Lanes, Team};
use wakes::Wakes;

/// What the nodes do. The executor calls it from several workers at once, in an order that respects
/// all edges of the plan: what a node wrote is seen by the nodes that wait for it.
pub trait Work: Sync {
    /// Runs a node that is not a row node. Once per step; pinned nodes on worker 0.
    fn run(&self, node: NodeId, worker: usize);

    /// How many chunks the members of a group run on in this step; below 2³². Asked once per step
    /// when everything that the group waits for is done.
    fn chunks(&self, group: GroupId) -> usize;

    /// Runs one member of a group on one chunk. Once per member and chunk and step, the members of
    /// a chunk one after the other on one worker, other chunks at the same time. A member that does
    /// not concern itself with the chunk returns at once.
    fn run_chunk(&self, node: NodeId, chunk: usize, worker: usize);

    /// In how many blocks of rows the members of a group may go over a chunk: all members on the
    /// first block, then all on the second, so that what one member leaves in the nearest cache the
    /// next one finds there. 1, the default, is the whole chunk at once.
    fn blocks(&self, _group: GroupId, _chunk: usize) -> u32 {
        1
    }

    /// Runs one member of a group on one block of a chunk, for a client that gave more than one.
    /// Blocks of a chunk come in order, on one worker.
    fn run_block(&self, node: NodeId, chunk: usize, _block: u32, worker: usize) {
        self.run_chunk(node, chunk, worker);
    }
}

/// How a step is run. The default is as fast as it can be.
#[derive(Copy, Clone, Debug, Default)]
pub struct RunOptions {
    /// Picks at random, from this seed, among what the plan leaves free: who runs which task, the
    /// order of tasks, of chunks, and of members on a chunk that do not conflict. Slow; it brings
    /// undeclared accesses to light.
    pub shuffle: Option<u64>,
    /// Whether other workers are woken.
    pub spread: Spread,
}

/// Whether a step is spread over workers.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Spread {
    /// If it is worth waking them for, by measured costs. Shuffled steps are.
    #[default]
    Auto,
    /// Always: for tests.
    Always,
    /// Never: the calling worker does everything.
    Never,
}

/// What a node has cost in all steps so far.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct NodeCost {
    /// How often it was called: once per step, or once per chunk and step.
    pub calls: u64,
    /// Time spent in it, in ns. Nodes of 4 µs and more are timed each time. For cheaper ones, and
    /// for how a group's time divides among its members, it is an estimate from one call in 16.
    pub total_ns: u64,
}

/// Runs a plan. Make one per plan and keep it: it holds everything that a step needs, and what it
/// has learned of costs.
pub struct Executor {
    names: Box<[Arc<str>]>,
    labels: Box<[Label]>,
    label: Label,
    shape: Shape,
    member_order: MemberOrder,
    planner: Planner,
    clock: Clock,
    wakes: Wakes,
    rows: Box<[Rows]>,
    lanes: Lanes,
    blame: Blame,
    threads: usize,
    /// Steps begun.
    steps: u32,
    /// Steps that came to their end.
    completed: u64,
}

impl Executor {
    /// Gets everything ready for running `plan` on up to `threads` workers. Here, and in the first
    /// few steps, memory is allocated, and later no more.
    ///
    /// # Panics
    /// For 0 threads.
    pub fn new(plan: &Plan, threads: usize) -> Executor {
        assert!(threads > 0, "an executor for 0 threads: give at least 1");
        let shape = Shape::new(plan);
        let names = || plan.nodes().iter().map(|node| node.name.as_str());
        Executor {
            names: names().map(Arc::from).collect(),
            labels: names().map(label).collect(),
            label: label("graph"),
            member_order: MemberOrder::new(&shape),
            planner: Planner::new(&shape, threads),
            clock: Clock::new(),
            wakes: Wakes::default(),
            rows: plan.groups().iter().map(|_| Rows::new(threads)).collect(),
            shape,
            lanes: Lanes::new(lanes_max(threads), threads),
            blame: Blame::new(),
            threads,
            steps: 0,
            completed: 0,
        }
    }

    /// Runs every node once, row nodes once on each chunk, in an order that respects all edges.
    ///
    /// # Errors
    /// When a node panics: nothing new is started, what runs ends, and the failure names the node.
    /// Some nodes have then run and others have not. The executor can go on with the next step.
    ///
    /// # Panics
    /// If it is not called on worker 0 of `jobs`, or if `jobs` has more workers than the executor
    /// was made for.
    pub fn run<W: Work + ?Sized>(
        &mut self,
        jobs: &Jobs,
        work: &W,
        options: RunOptions,
    ) -> Result<(), Failure> {
        let threads = jobs.threads();
        assert!(
            threads <= self.threads,
            "{threads} workers, but the executor was made for {}: give Executor::new as many",
            self.threads
        );
        assert!(
            jobs.worker() == Some(0),
            "Executor::run has to be called on worker 0, the thread that made the Jobs"
        );
        let spread = self.prepare(jobs, options);
        let Planner {
            schedule,
            costs,
            notes,
            ..
        } = &self.planner;
        let generation = self.lanes.begin(schedule.lanes.len(), &mut self.rows);
        let seed = options
            .shuffle
            .map(|seed| Dice::new(seed, self.steps).roll());
        let step = Step {
            work,
            shape: &self.shape,
            labels: &self.labels,
            costs,
            rows: &self.rows,
            blame: &self.blame,
            clock: self.clock,
            number: self.steps,
            seed,
        };
        if spread {
            let lanes = &self.lanes;
            let team = Team {
                step: &step,
                schedule,
                lanes,
                notes,
                generation,
            };
            jobs.team(self.label, schedule.homes.len(), |member| team.join(member));
        } else if options.shuffle.is_some() {
            alone::run(&step, schedule.sequence.iter().map(|&task| task as usize));
        } else {
            alone::run(&step, 0..self.shape.tasks.len());
        }
        self.wakes.step_ended(self.planner.gain_ns);
        self.steps = self.steps.wrapping_add(1);
        self.conclude()
    }

    /// How many workers the next step is likely to have work for: as many are worth arming for it
    /// (`Jobs::arm`).
    pub fn useful_workers(&self) -> usize {
        self.planner.useful_workers()
    }

    /// What each node has cost so far, in written order.
    pub fn costs(&self) -> impl Iterator<Item = NodeCost> + '_ {
        (0..self.names.len()).map(|node| self.cost(NodeId(node as u32)))
    }

    /// What a node has cost so far.
    pub fn cost(&self, node: NodeId) -> NodeCost {
        let task = self.shape.task_of[node.index()] as usize;
        match self.shape.tasks[task] {
            TaskShape::Node(_) | TaskShape::Pinned(_) => NodeCost {
                calls: self.completed,
                total_ns: self.planner.total_ns(task),
            },
            TaskShape::Rows(group) => {
                let members = self.shape.members.of(group as usize);
                let total_ns = self.planner.total_ns(task);
                NodeCost {
                    calls: self.rows[group as usize].chunks_total(),
                    total_ns: self.planner.costs.member_share(total_ns, members, node.0),
                }
            }
        }
    }

    /// Decides how the next step is run and makes its schedule. True if workers are to be woken.
    fn prepare(&mut self, jobs: &Jobs, options: RunOptions) -> bool {
        let threads = jobs.threads();
        if let Some(seed) = options.shuffle {
            let mut dice = Dice::new(seed, self.steps);
            self.member_order.shuffle(&mut self.shape, &mut dice);
            self.planner.shuffle(&self.shape, threads, &mut dice);
        } else {
            self.member_order.restore(&mut self.shape);
            let needed = options.spread == Spread::Always;
            self.planner
                .keep_up(&self.shape, threads, self.steps, needed);
        }
        match options.spread {
            Spread::Always => true,
            Spread::Never => false,
            Spread::Auto if options.shuffle.is_some() => threads > 1,
            Spread::Auto => threads > 1 && self.wakes.are_worth(self.planner.gain_ns, jobs),
        }
    }

    fn conclude(&mut self) -> Result<(), Failure> {
        let Some(caught) = self.blame.take() else {
            self.completed += 1;
            return Ok(());
        };
        self.rows.iter_mut().for_each(Rows::forget);
        Err(Failure {
            node: NodeId(caught.node),
            name: self.names[caught.node as usize].clone(),
            chunk: caught.chunk,
            payload: caught.payload,
        })
    }
}
