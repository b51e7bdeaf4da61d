//! When to make a new schedule, and for how many workers: what was measured, what was planned with,
//! and how far the two are apart.

use layerw_trace::now_ns;

use super::balance::{Balancer, Schedule};
use super::costs::{Costs, Notes};
use super::shape::Shape;
use super::shuffle::Dice;
use super::wakes::JOIN_NS;

/// How many steps pass between two looks at whether costs have drifted, a power of two. Of the first
/// so many, only the powers of two are looked at.
const LOOK_STEPS: u32 = 16;
/// From this share of all costs on, differences from the planned costs are worth a new schedule.
const DRIFT: f32 = 0.2;
/// The same in early steps: the first schedules are made from few and cold measurements.
const DRIFT_EARLY: f32 = 0.01;
/// Up to which step it is early.
const EARLY_STEPS: u32 = 1024;
/// Time between two schedules, as a multiple of what making one takes: bounds the cost to 1 %.
const REST: u64 = 100;
/// What a worker should at least get to do in a step, in ns.
const SHARE_NS: f32 = 25_000.0;

/// Costs and the schedule made from them.
pub(super) struct Planner {
    pub costs: Costs,
    pub notes: Notes,
    pub schedule: Schedule,
    /// What spreading a step would save, in ns, if workers were awake.
    pub gain_ns: f32,
    balancer: Balancer,
    /// For how many workers the schedule was made from costs; 0 = there is none, or it is shuffled.
    balanced_for: usize,
    /// When it was made, and how long that took, in ns.
    balanced_at_ns: u64,
    balancing_took_ns: u64,
}

impl Planner {
    pub(super) fn new(shape: &Shape, threads: usize) -> Planner {
        let balancer = Balancer::new(shape, threads);
        Planner {
            costs: Costs::new(shape.tasks.len(), shape.task_of.len()),
            notes: Notes::new(shape.tasks.len()),
            schedule: balancer.room(shape),
            gain_ns: 0.0,
            balancer,
            balanced_for: 0,
            balanced_at_ns: 0,
            balancing_took_ns: 0,
        }
    }

    /// For how many workers there is work in a step, as far as that is known.
    pub(super) fn useful_workers(&self) -> usize {
        if self.gain_ns > JOIN_NS {
            self.balanced_for.max(1)
        } else {
            1
        }
    }

    /// Makes a random schedule.
    pub(super) fn shuffle(&mut self, shape: &Shape, threads: usize, dice: &mut Dice) {
        self.take_notes();
        let same = |_| 1.0;
        self.balancer
            .balance(shape, threads, same, Some(dice), &mut self.schedule);
        self.balanced_for = 0;
        self.set_turns();
    }

    /// Looks whether the schedule still fits, and makes a new one if not; in most steps, does
    /// nothing. `needed` says that the next step needs one whatever it costs.
    pub(super) fn keep_up(&mut self, shape: &Shape, threads: usize, step: u32, needed: bool) {
        let due = step.is_multiple_of(LOOK_STEPS) || step < LOOK_STEPS && step.is_power_of_two();
        let missing = needed && self.balanced_for == 0;
        if !due && !missing {
            return;
        }
        self.take_notes();
        let (total_ns, drift_ns) = self.drift_ns(shape);
        let useful = (total_ns / SHARE_NS) as usize;
        let workers = useful.clamp(2, threads.max(2)).min(threads);
        // Two workers save at most half, and so on.
        let gain_max_ns = total_ns * (1.0 - 1.0 / workers as f32);
        if gain_max_ns <= JOIN_NS && !missing {
            self.gain_ns = gain_max_ns;
            return;
        }
        let early = step < EARLY_STEPS && step.is_power_of_two();
        let allowed_ns = total_ns * if early { DRIFT_EARLY } else { DRIFT };
        let stale = self.balanced_for != workers || drift_ns > allowed_ns;
        if missing || stale && (early || self.has_rested()) {
            self.balance(shape, workers);
        }
        self.set_turns();
    }

    /// Time spent in a task so far, in ns.
    pub(super) fn total_ns(&self, task: usize) -> u64 {
        let noted = self.schedule.slot_of.get(task).map_or(0, |&slot| {
            let steps = 1 + u64::from(self.schedule.slots[slot as usize].sample_mask);
            self.notes.noted(slot as usize).0 * steps
        });
        self.costs.total_ns(task) + noted
    }

    /// The expected cost of a step, and how far it is from what was planned with, task by task.
    fn drift_ns(&self, shape: &Shape) -> (f32, f32) {
        let (mut total_ns, mut drift_ns) = (0.0, 0.0);
        for task in 0..shape.tasks.len() {
            let cost_ns = self.costs.estimate_ns(task);
            total_ns += cost_ns;
            drift_ns += (cost_ns - self.balancer.planned_ns(task)).abs();
        }
        (total_ns, drift_ns)
    }

    fn has_rested(&self) -> bool {
        now_ns().saturating_sub(self.balanced_at_ns) >= REST * self.balancing_took_ns
    }

    fn balance(&mut self, shape: &Shape, workers: usize) {
        let begin = now_ns();
        let costs = &self.costs;
        let cost_ns = |task| costs.estimate_ns(task);
        self.balancer
            .balance(shape, workers, cost_ns, None, &mut self.schedule);
        self.balanced_for = workers;
        self.gain_ns = self.schedule.total_ns - self.schedule.makespan_ns;
        self.balanced_at_ns = now_ns();
        self.balancing_took_ns = self.balanced_at_ns.saturating_sub(begin);
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
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::plan::{GraphBuilder, NodeDecl};

    fn shape(tasks: usize) -> Shape {
        let mut graph = GraphBuilder::new();
        (0..tasks).for_each(|n| _ = graph.node(NodeDecl::whole(n.to_string())));
        Shape::new(&graph.compile().expect("a correct graph"))
    }

    #[test]
    fn tiny_steps_are_never_balanced() {
        let shape = shape(10);
        let mut planner = Planner::new(&shape, 4);
        (0..10).for_each(|task| planner.costs.learn(task, 50, 1));
        (0..100).for_each(|step| planner.keep_up(&shape, 4, step, false));
        assert!(planner.schedule.slots.is_empty());
        assert_eq!(planner.useful_workers(), 1);
    }

    #[test]
    fn workers_grow_with_the_work() {
        let shape = shape(64);
        let mut planner = Planner::new(&shape, 16);
        let mut workers = |cost_ns| {
            let mut planner = Planner::new(&shape, 16);
            (0..64).for_each(|task| planner.costs.learn(task, cost_ns, 1));
            planner.keep_up(&shape, 16, 1, false);
            planner.useful_workers()
        };
        assert_eq!(
            [100, 1_000, 3_000, 100_000].map(&mut workers),
            [2, 2, 7, 16]
        );
        planner.keep_up(&shape, 16, 0, false);
        assert_eq!(
            planner.useful_workers(),
            16,
            "unknown work is taken to be much"
        );
    }

    #[test]
    fn a_schedule_is_kept_until_costs_drift() {
        let shape = shape(8);
        let mut planner = Planner::new(&shape, 2);
        (0..8).for_each(|task| planner.costs.learn(task, 10_000, 1));
        planner.keep_up(&shape, 2, 1, false);
        assert_eq!(planner.balancer.planned_ns(0), 10_000.0);
        planner.balancing_took_ns = 0;
        planner.costs.learn(0, 20_000, 1);
        planner.keep_up(&shape, 2, 1040, false);
        assert_eq!(planner.balancer.planned_ns(0), 10_000.0, "3 % of all");
        (0..8).for_each(|task| planner.costs.learn(task, 30_000, 1));
        planner.keep_up(&shape, 2, 1041, false);
        assert_eq!(
            planner.balancer.planned_ns(0),
            10_000.0,
            "not looked at in every step"
        );
        planner.balancing_took_ns = u64::MAX / REST;
        planner.keep_up(&shape, 2, 1056, false);
        assert_eq!(
            planner.balancer.planned_ns(0),
            10_000.0,
            "not more often than it is worth"
        );
        planner.balancing_took_ns = 0;
        planner.keep_up(&shape, 2, 1056, false);
        assert!(planner.balancer.planned_ns(0) > 10_000.0);
    }
}
