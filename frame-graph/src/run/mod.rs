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
use balance::{Balancer, Schedule, lanes_max};
use costs::{Costs, Notes};
use failure::Blame;
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
    costs: Costs,
    notes: Notes,
    rows: Box<[Rows]>,
    balancer: Balancer,
    schedule: Schedule,
    /// For how many workers the schedule was balanced; 0 = it was not, or it was shuffled.
    balanced_for: usize,
    /// What spreading a step would save, in ns, if workers were awake.
    gain_ns: f32,
    wakes: Wakes,
    lanes: Lanes,
    blame: Blame,
    threads: usize,
    /// Steps begun.
    steps: u32,
    /// Steps that came to their end.
    completed: u64,
}

/// How many steps pass between two looks at whether costs have drifted; the first steps are all
/// looked at.
const BALANCE_STEPS: u32 = 16;
/// From this share of all costs on, differences from the planned costs are worth a new schedule.
const DRIFT: f32 = 0.2;
/// What a worker should at least get to do in a step, in ns.
const SHARE_NS: f32 = 25_000.0;

impl Executor {
    /// Gets everything ready for running `plan` on up to `threads` workers. Here, and in the first
    /// few steps, memory is allocated, and later no more.
    ///
    /// # Panics
    /// For 0 threads.
    pub fn new(plan: &Plan, threads: usize) -> Executor {
        assert!(threads > 0, "an executor for 0 threads: give at least 1");
        let shape = Shape::new(plan);
        let balancer = Balancer::new(&shape, threads);
        let names = || plan.nodes().iter().map(|node| node.name.as_str());
        Executor {
            names: names().map(Arc::from).collect(),
            labels: names().map(label).collect(),
            label: label("step"),
            member_order: MemberOrder::new(&shape),
            costs: Costs::new(shape.tasks.len(), plan.nodes().len()),
            notes: Notes::new(shape.tasks.len()),
            rows: plan.groups().iter().map(|_| Rows::new(threads)).collect(),
            schedule: balancer.room(&shape),
            balancer,
            shape,
            balanced_for: 0,
            gain_ns: 0.0,
            wakes: Wakes::default(),
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
        let step = Step {
            work,
            shape: &self.shape,
            labels: &self.labels,
            costs: &self.costs,
            rows: &self.rows,
            blame: &self.blame,
            number: self.steps,
            seed: options
                .shuffle
                .map(|seed| Dice::new(seed, self.steps).roll()),
        };
        if spread {
            let generation = self.lanes.begin(self.schedule.lanes.len());
            let (schedule, lanes, notes) = (&self.schedule, &self.lanes, &self.notes);
            let team = Team {
                step: &step,
                schedule,
                lanes,
                notes,
                generation,
            };
            jobs.team(self.label, schedule.homes.len(), |member| team.join(member));
        } else if options.shuffle.is_some() {
            alone::run(
                &step,
                self.schedule.sequence.iter().map(|&task| task as usize),
            );
        } else {
            alone::run(&step, 0..self.shape.tasks.len());
        }
        self.wakes.step_ended(self.gain_ns);
        self.steps = self.steps.wrapping_add(1);
        self.conclude()
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
                total_ns: self.total_ns(task),
            },
            TaskShape::Rows(group) => {
                let members = self.shape.members.of(group as usize);
                NodeCost {
                    calls: self.rows[group as usize].chunks_total(),
                    total_ns: self
                        .costs
                        .member_share(self.total_ns(task), members, node.0),
                }
            }
        }
    }

    /// Decides how the next step is run and makes its schedule. True if workers are to be woken.
    fn prepare(&mut self, jobs: &Jobs, options: RunOptions) -> bool {
        let threads = jobs.threads();
        if let Some(seed) = options.shuffle {
            self.shuffle(seed, threads);
        } else {
            self.member_order.restore(&mut self.shape);
            self.balance(jobs, options.spread);
        }
        match options.spread {
            Spread::Always => true,
            Spread::Never => false,
            Spread::Auto if options.shuffle.is_some() => threads > 1,
            Spread::Auto => threads > 1 && self.wakes.are_worth(self.gain_ns, jobs),
        }
    }

    fn shuffle(&mut self, seed: u64, threads: usize) {
        self.take_notes();
        let mut dice = Dice::new(seed, self.steps);
        self.member_order.shuffle(&mut self.shape, &mut dice);
        let same = |_| 1.0;
        self.balancer.balance(
            &self.shape,
            threads,
            same,
            Some(&mut dice),
            &mut self.schedule,
        );
        self.balanced_for = 0;
        self.set_turns();
    }

    /// Makes a new schedule if the one there is does not fit any more.
    fn balance(&mut self, jobs: &Jobs, spread: Spread) {
        let due = self.steps < BALANCE_STEPS || self.steps.is_multiple_of(BALANCE_STEPS);
        let needed = spread == Spread::Always && self.balanced_for == 0;
        if spread == Spread::Never || !(due || needed) {
            return;
        }
        self.take_notes();
        let (mut total_ns, mut drift_ns) = (0.0, 0.0);
        for task in 0..self.shape.tasks.len() {
            let cost_ns = self.costs.estimate_ns(task);
            total_ns += cost_ns;
            drift_ns += (cost_ns - self.balancer.planned_ns(task)).abs();
        }
        let useful = (total_ns / SHARE_NS) as usize;
        let workers = useful.clamp(2, jobs.threads().max(2)).min(jobs.threads());
        // Two workers save at most half, and so on.
        let gain_max_ns = total_ns * (1.0 - 1.0 / workers as f32);
        if gain_max_ns <= wakes::JOIN_NS && !needed {
            self.gain_ns = gain_max_ns;
            return;
        }
        if self.balanced_for != workers || drift_ns > self.drift_allowed() * total_ns {
            let costs = &self.costs;
            let cost_ns = |task| costs.estimate_ns(task);
            self.balancer
                .balance(&self.shape, workers, cost_ns, None, &mut self.schedule);
            self.balanced_for = workers;
        }
        self.set_turns();
        self.gain_ns = self.schedule.total_ns - self.schedule.makespan_ns;
    }

    /// The first schedules are made from cold or few measurements, so they are improved upon a few
    /// times even where that changes little.
    fn drift_allowed(&self) -> f32 {
        let early = BALANCE_STEPS <= self.steps && self.steps <= 64 * BALANCE_STEPS;
        if early && self.steps.is_power_of_two() {
            DRIFT / 20.0
        } else {
            DRIFT
        }
    }

    /// Takes what teams have measured into the costs.
    fn take_notes(&mut self) {
        for (place, slot) in self.schedule.slots.iter().enumerate() {
            let task = slot.task as usize;
            if let (sum_ns, count @ 1..) = self.notes.take(place) {
                let steps = count * (1 + slot.sample_mask);
                self.costs.learn(task, sum_ns / u64::from(count), steps);
            }
        }
    }

    /// Says how often the tasks of the schedule are timed from now on.
    fn set_turns(&mut self) {
        for slot in &mut self.schedule.slots {
            slot.sample_mask = self.costs.sample_mask(slot.task as usize);
        }
    }

    /// Time spent in a task so far, in ns.
    fn total_ns(&self, task: usize) -> u64 {
        let noted = self.schedule.slot_of.get(task).map_or(0, |&slot| {
            let steps = 1 + u64::from(self.schedule.slots[slot as usize].sample_mask);
            self.notes.noted(slot as usize).0 * steps
        });
        self.costs.total_ns(task) + noted
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
