//! Which worker is to run which task, and in what order: lanes from measured costs.
//!
//! A list schedule: of all tasks whose predecessors are placed, the one with the longest path of
//! costs behind it goes to the worker that can start it first. What crosses workers pays for a
//! cache line's way. Each worker's list is then cut into lanes of about equal cost: a worker runs
//! its own lanes in turn, and one that is done early takes over lanes of others as wholes. Cheap
//! tasks are many to a lane and cost a plain counter; dear ones have a lane of their own and are
//! balanced one by one.
//!
//! ```text
//!   worker 0  │ lane 0: a d f │ lane 1: g     │ lane 2: h k l m │
//!   worker 1  │ lane 3: b c e │ lane 4: i j n │ lane 5: o       │
//!   pinned    │ lane 6: p q   │        one lane, run by worker 0 only
//! ```
//!
//! Every lane lists its tasks in the order in which they were placed, which is an order of the
//! whole graph. So of the tasks that are left, the one placed first is the next of its lane and has
//! nothing to wait for: lanes cannot wait for each other in a circle, however few workers come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::lane;
use super::shape::{Shape, TaskShape};
use super::shuffle::Dice;

/// What a task waits longer for a predecessor on another worker, in ns: two cache lines' way.
const CROSSING_NS: f32 = 120.0;
/// So much earlier than others is a task run that another worker waits for, in ns, if that delays
/// nothing: more than what workers usually are apart from what was planned.
const AHEAD_NS: f32 = 1_000.0;
/// Least cost of a lane with several tasks, in ns: claiming one costs about 1 % of it.
const LANE_NS_MIN: f32 = 20_000.0;
/// A row group of this cost, in ns, is spread over all workers. See also [`super::rows`].
pub(super) const SPREAD_NS: f32 = 15_000.0;
/// For a lane of this cost, in ns, a worker that left may be called in again.
const CALL_NS: f32 = 30_000.0;
/// Lanes per worker where workers are few, and for how many workers in all: looking for work means
/// looking at each lane.
const LANES_PER_WORKER: usize = 8;
const LANES_IN_ALL: usize = 64;

/// A task in its place.
#[derive(Copy, Clone, Debug)]
pub(super) struct Slot {
    pub shape: TaskShape,
    pub task: u32,
    /// A range of [`Schedule::needs`].
    pub needs: (u32, u32),
    /// Some other lane needs this task.
    pub publish: bool,
    /// The pinned lane needs it: worker 0 may have to be woken.
    pub wakes_owner: bool,
    /// For how many lanes with much work it is the last thing they wait for.
    pub calls: u8,
    /// How often it is timed, see [`super::costs::is_turn`].
    pub sample_mask: u32,
}

/// A task may start when `lane` has finished `count` tasks.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Need {
    pub lane: u32,
    pub count: u32,
}

/// A lane's tasks, as a range of [`Schedule::slots`].
#[derive(Copy, Clone, Debug)]
pub(super) struct Strip {
    pub first: u32,
    pub end: u32,
}

/// What [`Balancer::balance`] makes. Its vectors keep their capacity.
#[derive(Default)]
pub(super) struct Schedule {
    pub slots: Vec<Slot>,
    pub needs: Vec<Need>,
    pub lanes: Vec<Strip>,
    /// For each worker planned with, its range of lanes.
    pub homes: Vec<(u32, u32)>,
    /// The lane of pinned tasks.
    pub pinned: Option<u32>,
    /// For each task, its slot.
    pub slot_of: Vec<u32>,
    /// All tasks in the order in which they were placed.
    pub sequence: Vec<u32>,
    /// Cost of all tasks, in ns.
    pub total_ns: f32,
    /// When the last task ends if all workers start at once and costs are as planned, in ns.
    pub makespan_ns: f32,
}

/// Makes schedules, without allocating after the first.
pub(super) struct Balancer {
    workers_max: usize,
    costs: Vec<f32>,
    /// Per task: cost of the dearest path from its start to the end of the graph, or a random
    /// number, as bits that sort like the value.
    rank: Vec<u32>,
    waits: Vec<u32>,
    finish: Vec<f32>,
    /// Per task: the worker, or `workers` for pinned tasks.
    column: Vec<u32>,
    ready: BinaryHeap<(u32, Reverse<u32>)>,
    /// Per worker: when it is done with what it has.
    free: Vec<f32>,
    /// Tasks sorted by column, and where each column starts.
    by_column: Vec<u32>,
    column_starts: Vec<u32>,
    /// Per task: its lane and its place there.
    place: Vec<(u32, u32)>,
    /// Per lane: the last lane that needed something of it, how much, and the entry in `needs`.
    needed: Vec<(u32, u32, u32)>,
}

impl Balancer {
    pub(super) fn new(shape: &Shape, workers_max: usize) -> Balancer {
        let tasks = shape.tasks.len();
        assert!(
            tasks <= lane::TASKS_MAX,
            "{tasks} tasks: at most {} fit",
            lane::TASKS_MAX
        );
        let lanes = lanes_max(workers_max);
        Balancer {
            workers_max,
            costs: vec![0.0; tasks],
            rank: vec![0; tasks],
            waits: vec![0; tasks],
            finish: vec![0.0; tasks],
            column: vec![0; tasks],
            ready: BinaryHeap::with_capacity(tasks),
            free: Vec::with_capacity(workers_max),
            by_column: vec![0; tasks],
            column_starts: Vec::with_capacity(workers_max + 2),
            place: vec![(0, 0); tasks],
            needed: Vec::with_capacity(lanes),
        }
    }

    /// An empty schedule with room for everything that [`Balancer::balance`] may put into it.
    pub(super) fn room(&self, shape: &Shape) -> Schedule {
        let tasks = shape.tasks.len();
        Schedule {
            slots: Vec::with_capacity(tasks),
            needs: Vec::with_capacity(shape.predecessors.items().len()),
            lanes: Vec::with_capacity(lanes_max(self.workers_max)),
            homes: Vec::with_capacity(self.workers_max),
            pinned: None,
            slot_of: Vec::with_capacity(tasks),
            sequence: Vec::with_capacity(tasks),
            total_ns: 0.0,
            makespan_ns: 0.0,
        }
    }

    /// What the last schedule was made with, in ns.
    pub(super) fn planned_ns(&self, task: usize) -> f32 {
        self.costs[task]
    }

    /// Plans for `workers` workers. With dice, any order and any worker will do.
    pub(super) fn balance(
        &mut self,
        shape: &Shape,
        workers: usize,
        cost_ns: impl Fn(usize) -> f32,
        dice: Option<&mut Dice>,
        schedule: &mut Schedule,
    ) {
        assert!((1..=self.workers_max).contains(&workers));
        for task in 0..shape.tasks.len() {
            self.costs[task] = cost_ns(task);
        }
        // Lanes of a shuffled schedule are cut as finely as there is room for.
        let lane_ns_min = if dice.is_some() { 0.0 } else { LANE_NS_MIN };
        schedule.total_ns = self.costs.iter().sum();
        match dice {
            Some(dice) => {
                self.rank.fill_with(|| dice.roll() as u32);
                self.place_tasks(shape, workers, Place::AnyOf(dice), &mut schedule.sequence);
            }
            None => {
                self.rank_tasks(shape, |_, _| 0.0);
                self.place_tasks(shape, workers, Place::Earliest, &mut schedule.sequence);
                // Once more with workers fixed: what crosses workers goes first, so that it has
                // arrived by the time it is needed.
                self.rank_tasks(shape, |from, to| if from == to { 0.0 } else { AHEAD_NS });
                self.place_tasks(shape, workers, Place::Again, &mut schedule.sequence);
            }
        }
        schedule.makespan_ns = self.finish.iter().copied().fold(0.0, f32::max);
        self.sort_by_column(workers, &schedule.sequence);
        self.cut_lanes(shape, workers, lane_ns_min, schedule);
        self.find_needs(shape, schedule);
    }

    fn place_tasks(
        &mut self,
        shape: &Shape,
        workers: usize,
        mut place: Place<'_>,
        sequence: &mut Vec<u32>,
    ) {
        self.free.clear();
        self.free.resize(workers, 0.0);
        sequence.clear();
        self.ready.clear();
        for task in 0..shape.tasks.len() {
            self.waits[task] = shape.predecessors.of(task).len() as u32;
            if self.waits[task] == 0 {
                self.ready.push((self.rank[task], Reverse(task as u32)));
            }
        }
        while let Some((_, Reverse(task))) = self.ready.pop() {
            sequence.push(task);
            self.place_task(shape, task as usize, &mut place);
            for &successor in shape.successors.of(task as usize) {
                let wait = &mut self.waits[successor as usize];
                *wait -= 1;
                if *wait == 0 {
                    self.ready
                        .push((self.rank[successor as usize], Reverse(successor)));
                }
            }
        }
    }

    /// Tasks are numbered in an order of the graph, so one pass from the last to the first does.
    /// `way_ns` is what an edge between two columns adds.
    fn rank_tasks(&mut self, shape: &Shape, way_ns: impl Fn(u32, u32) -> f32) {
        for task in (0..shape.tasks.len()).rev() {
            let behind = (shape.successors.of(task).iter())
                .map(|&successor| {
                    let way_ns = way_ns(self.column[task], self.column[successor as usize]);
                    f32::from_bits(self.rank[successor as usize]) + way_ns
                })
                .fold(0.0, f32::max);
            // Bits of floats that are not negative sort like the floats.
            self.rank[task] = (behind + self.costs[task]).to_bits();
        }
    }

    /// Gives a task to a worker, as early as its predecessors and the worker's other tasks allow.
    fn place_task(&mut self, shape: &Shape, task: usize, place: &mut Place<'_>) {
        let workers = self.free.len();
        let arrival = self.arrival(shape, task);
        let start = |worker: usize| arrival.on(worker).max(self.free[worker]);
        let worker = match (shape.tasks[task], place) {
            (TaskShape::Pinned(_), _) => 0,
            (_, Place::AnyOf(dice)) => dice.below(workers),
            (_, Place::Again) => self.column[task] as usize,
            (_, Place::Earliest) => (0..workers)
                .min_by(|&a, &b| {
                    let stays = |worker| u32::from(worker as u32 != arrival.last_worker);
                    (start(a).total_cmp(&start(b))).then(stays(a).cmp(&stays(b)))
                })
                .expect("at least one worker"),
        };
        let (start, cost) = (start(worker), self.costs[task]);
        let pinned = matches!(shape.tasks[task], TaskShape::Pinned(_));
        self.column[task] = if pinned { workers } else { worker } as u32;
        if matches!(shape.tasks[task], TaskShape::Rows(_)) && cost >= SPREAD_NS {
            // All workers take part, from when they are free.
            let share = cost / workers as f32;
            self.free
                .iter_mut()
                .for_each(|free| *free = free.max(start) + share);
            self.finish[task] = start + share;
        } else {
            self.free[worker] = start + cost;
            self.finish[task] = start + cost;
        }
    }

    /// When a task's predecessors are done.
    fn arrival(&self, shape: &Shape, task: usize) -> Arrival {
        let mut arrival = Arrival {
            last_worker: u32::MAX,
            last: 0.0,
            last_elsewhere: 0.0,
        };
        let workers = self.free.len() as u32;
        for &predecessor in shape.predecessors.of(task) {
            // Pinned tasks run on worker 0.
            let worker = self.column[predecessor as usize] % workers;
            let finish = self.finish[predecessor as usize];
            if worker == arrival.last_worker {
                arrival.last = arrival.last.max(finish);
            } else if finish > arrival.last || arrival.last_worker == u32::MAX {
                arrival.last_elsewhere = arrival.last;
                (arrival.last_worker, arrival.last) = (worker, finish);
            } else {
                arrival.last_elsewhere = arrival.last_elsewhere.max(finish);
            }
        }
        arrival
    }

    /// Sorts by worker and keeps the order otherwise (counting sort).
    fn sort_by_column(&mut self, workers: usize, sequence: &[u32]) {
        let starts = &mut self.column_starts;
        starts.clear();
        starts.resize(workers + 2, 0);
        for &task in sequence {
            starts[self.column[task as usize] as usize + 1] += 1;
        }
        for column in 0..=workers {
            starts[column + 1] += starts[column];
        }
        for &task in sequence {
            let next = &mut starts[self.column[task as usize] as usize];
            self.by_column[*next as usize] = task;
            *next += 1;
        }
        // Each start has moved to its column's end, which is the next one's start.
        starts.rotate_right(1);
        starts[0] = 0;
    }

    fn cut_lanes(
        &mut self,
        shape: &Shape,
        workers: usize,
        lane_ns_min: f32,
        schedule: &mut Schedule,
    ) {
        schedule.slots.clear();
        schedule.slot_of.resize(shape.tasks.len(), 0);
        schedule.lanes.clear();
        schedule.homes.clear();
        schedule.pinned = None;
        for column in 0..=workers {
            let range = self.column_starts[column]..self.column_starts[column + 1];
            let tasks = &self.by_column[range.start as usize..range.end as usize];
            let pinned = column == workers;
            let cost: f32 = tasks.iter().map(|&task| self.costs[task as usize]).sum();
            let full_ns = match pinned {
                true => f32::INFINITY,
                false => (cost / (lanes_per_worker(workers) - 1) as f32).max(lane_ns_min),
            };
            let first_lane = schedule.lanes.len() as u32;
            let mut filled_ns = 0.0;
            for &task in tasks {
                let end = schedule.slots.len() as u32;
                let cut = schedule.lanes.len() - first_lane as usize;
                if cut == 0 || filled_ns >= full_ns && cut < lanes_per_worker(workers) {
                    filled_ns = 0.0;
                    schedule.lanes.push(Strip { first: end, end });
                }
                filled_ns += self.costs[task as usize];
                let lane = schedule.lanes.len() - 1;
                let strip = &mut schedule.lanes[lane];
                self.place[task as usize] = (lane as u32, end - strip.first);
                strip.end = end + 1;
                schedule.slot_of[task as usize] = end;
                schedule.slots.push(Slot {
                    shape: shape.tasks[task as usize],
                    task,
                    needs: (0, 0),
                    publish: false,
                    wakes_owner: false,
                    calls: 0,
                    sample_mask: 0,
                });
            }
            match pinned {
                true => schedule.pinned = (!tasks.is_empty()).then_some(first_lane),
                false => schedule
                    .homes
                    .push((first_lane, schedule.lanes.len() as u32)),
            }
        }
    }

    /// What each slot needs of other lanes that no earlier slot of its lane has needed.
    fn find_needs(&mut self, shape: &Shape, schedule: &mut Schedule) {
        schedule.needs.clear();
        self.needed.clear();
        self.needed.resize(schedule.lanes.len(), (u32::MAX, 0, 0));
        for lane in 0..schedule.lanes.len() as u32 {
            let Strip { first, end } = schedule.lanes[lane as usize];
            for slot in first..end {
                let start = schedule.needs.len() as u32;
                let task = schedule.slots[slot as usize].task;
                for &predecessor in shape.predecessors.of(task as usize) {
                    let (other, place) = self.place[predecessor as usize];
                    if other != lane {
                        let owner = schedule.pinned == Some(lane);
                        self.need(schedule, lane, start, other, place + 1);
                        let provider = schedule.slot_of[predecessor as usize];
                        schedule.slots[provider as usize].publish = true;
                        schedule.slots[provider as usize].wakes_owner |= owner;
                    }
                }
                schedule.slots[slot as usize].needs = (start, schedule.needs.len() as u32);
            }
            self.call_for(shape, schedule, lane);
        }
    }

    /// Notes that the slot whose needs begin at `start` needs `count` tasks of lane `other`.
    fn need(&mut self, schedule: &mut Schedule, lane: u32, start: u32, other: u32, count: u32) {
        let (by, most, entry) = &mut self.needed[other as usize];
        if *by == lane && *most >= count {
            return;
        }
        if *by == lane && *entry >= start {
            // The same slot needs more of the same lane.
            schedule.needs[*entry as usize].count = count;
        } else {
            *entry = schedule.needs.len() as u32;
            schedule.needs.push(Need { lane: other, count });
        }
        (*by, *most) = (lane, count);
    }

    /// Marks the task that the head of a lane with much work waits for longest.
    fn call_for(&self, shape: &Shape, schedule: &mut Schedule, lane: u32) {
        let Strip { first, end } = schedule.lanes[lane as usize];
        let slots = &schedule.slots[first as usize..end as usize];
        let cost: f32 = slots
            .iter()
            .map(|slot| self.costs[slot.task as usize])
            .sum();
        let last = (shape.predecessors.of(slots[0].task as usize).iter())
            .filter(|&&predecessor| self.place[predecessor as usize].0 != lane)
            .max_by(|&&a, &&b| self.finish[a as usize].total_cmp(&self.finish[b as usize]));
        if let Some(&last) = last.filter(|_| cost >= CALL_NS) {
            let provider = schedule.slot_of[last as usize];
            let calls = &mut schedule.slots[provider as usize].calls;
            *calls = calls.saturating_add(1);
        }
    }
}

/// How a task gets its worker.
enum Place<'a> {
    /// The one that can start it first; of several, the one that had its last predecessor, else
    /// the first.
    Earliest,
    /// The one that it got the last time.
    Again,
    /// Any.
    AnyOf(&'a mut Dice),
}

/// When the predecessors of a task are done, as seen from each worker.
struct Arrival {
    /// The worker of the one that ends last.
    last_worker: u32,
    last: f32,
    /// The last end on any other worker.
    last_elsewhere: f32,
}

impl Arrival {
    fn on(&self, worker: usize) -> f32 {
        if self.last_worker == worker as u32 || self.last_worker == u32::MAX {
            let elsewhere = if self.last_elsewhere > 0.0 {
                CROSSING_NS
            } else {
                0.0
            };
            self.last.max(self.last_elsewhere + elsewhere)
        } else {
            self.last + CROSSING_NS
        }
    }
}

/// Most lanes of a schedule for `workers` workers.
pub(super) fn lanes_max(workers: usize) -> usize {
    // The pinned lane, and for fewer workers there may be more lanes each.
    1 + (1..=workers)
        .map(|workers| workers * lanes_per_worker(workers))
        .max()
        .unwrap_or(0)
}

fn lanes_per_worker(workers: usize) -> usize {
    (LANES_IN_ALL / workers).clamp(3, LANES_PER_WORKER)
}
