//! What tasks cost, measured while they run. Costs decide who runs a task and whether workers are
//! woken at all; they never decide what a task may see, so measuring wrong costs time and nothing
//! else.
//!
//! Reading the clock twice costs more than an empty node. A task of 4 µs or more is timed each time,
//! a cheaper one every 16th step and counted 16 times, and one that is hardly there every 64th.
//! Every task's turn comes in another step, so no step carries all the clock readings.

use layerw_trace::now_ns;

use crate::sync::{AtomicU32, AtomicU64, Relaxed};

/// What a task is taken to cost before it has run, in ns: enough to be spread over workers.
const UNKNOWN_NS: f32 = 20_000.0;
/// From here on a task is timed in every step: two clock readings are half a percent of it.
const ALWAYS_TIMED_NS: f32 = 4_000.0;
/// The others are timed in one of so many steps, a power of two.
const SAMPLED_STEPS: u32 = 16;
/// One of less than so many ns, of which hundreds do not make a wake worth it, only in one of that
/// many: reading the clock in each 16th would be a tenth of what it costs.
const TINY_NS: f32 = 200.0;
const TINY_STEPS: u32 = 64;
/// Share of a new measurement in the average.
const NEW_SHARE: f32 = 0.25;

/// Costs of all tasks and how they divide among members of groups.
pub(super) struct Costs {
    tasks: Box<[TaskCost]>,
    /// For each node of a group, time spent in it on sampled chunks: the group's time is divided in
    /// proportion.
    member_ns: Box<[AtomicU64]>,
}

/// Fields are atomic because workers write them, but each task runs on one worker per step and
/// steps follow each other, so plain loads and stores do.
struct TaskCost {
    /// Average per step as f32, negative while unknown.
    estimate_ns: AtomicU32,
    /// 0, or less by one than `SAMPLED_STEPS` or `TINY_STEPS`.
    sample_mask: AtomicU32,
    /// Sum over all steps; sampled ones count for those between them.
    total_ns: AtomicU64,
}

impl Costs {
    pub(super) fn new(tasks: usize, nodes: usize) -> Costs {
        let unknown = || TaskCost {
            estimate_ns: AtomicU32::new((-1.0_f32).to_bits()),
            sample_mask: AtomicU32::new(0),
            total_ns: AtomicU64::new(0),
        };
        Costs {
            tasks: (0..tasks).map(|_| unknown()).collect(),
            member_ns: (0..nodes).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Whether the task should be timed in this step, when it runs on the one worker there is.
    #[inline(always)]
    pub(super) fn is_timed(&self, task: usize, step: u32) -> bool {
        is_turn(step, task, self.sample_mask(task))
    }

    /// How often the task should be timed, for [`is_turn`].
    #[inline(always)]
    pub(super) fn sample_mask(&self, task: usize) -> u32 {
        self.tasks[task].sample_mask.load(Relaxed)
    }

    /// What the task is expected to cost in a step, in ns.
    pub(super) fn estimate_ns(&self, task: usize) -> f32 {
        match self.known_ns(task) {
            Some(estimate) => estimate,
            None => UNKNOWN_NS,
        }
    }

    /// The same, `None` before the first measurement.
    pub(super) fn known_ns(&self, task: usize) -> Option<f32> {
        let estimate = f32::from_bits(self.tasks[task].estimate_ns.load(Relaxed));
        (estimate >= 0.0).then_some(estimate)
    }

    /// Takes a measurement of a task for which [`Costs::is_timed`] said yes.
    #[inline(never)]
    pub(super) fn learn_turn(&self, task: usize, measured_ns: u64) {
        self.learn(task, measured_ns, 1 + self.sample_mask(task));
    }

    /// Takes a measurement, or an average of several, that stands for so many steps.
    pub(super) fn learn(&self, task: usize, measured_ns: u64, steps: u32) {
        let cost = &self.tasks[task];
        let total = cost.total_ns.load(Relaxed) + measured_ns * u64::from(steps);
        cost.total_ns.store(total, Relaxed);
        let measured = measured_ns as f32;
        let (estimate, surprising) = match self.known_ns(task) {
            None => (measured, false),
            // A worker that lost its CPU in the middle measures milliseconds: one such value moves
            // the average to less than double.
            Some(old) => {
                let believed = measured.min(4.0 * old + 2_000.0);
                (old + (believed - old) * NEW_SHARE, measured > 2.0 * old)
            }
        };
        cost.estimate_ns.store(estimate.to_bits(), Relaxed);
        let always = surprising || estimate >= ALWAYS_TIMED_NS;
        let mask = match estimate {
            _ if always => 0,
            ..TINY_NS => TINY_STEPS - 1,
            _ => SAMPLED_STEPS - 1,
        };
        cost.sample_mask.store(mask, Relaxed);
    }

    /// Time spent in a task over all steps, in ns: measured where it is timed each time, else
    /// estimated from the steps in which it was.
    pub(super) fn total_ns(&self, task: usize) -> u64 {
        self.tasks[task].total_ns.load(Relaxed)
    }

    /// Notes time spent in a member of a group on a sampled chunk. Several workers may.
    pub(super) fn learn_member(&self, node: usize, measured_ns: u64) {
        self.member_ns[node].fetch_add(measured_ns, Relaxed);
    }

    /// A member's share of what its group took, `total_ns`, from the sampled chunks.
    pub(super) fn member_share(&self, total_ns: u64, members: &[u32], node: u32) -> u64 {
        let sampled = |node: u32| self.member_ns[node as usize].load(Relaxed);
        let all: u64 = members.iter().map(|&member| sampled(member)).sum();
        let total = u128::from(total_ns);
        let share = match all {
            0 => total / members.len() as u128,
            _ => total * u128::from(sampled(node)) / u128::from(all),
        };
        share as u64
    }
}

/// What reading the clock costs by itself, so that empty nodes do not seem to cost that much.
#[derive(Copy, Clone, Debug)]
pub(super) struct Clock {
    reading_ns: u64,
}

impl Clock {
    /// Measures it: the least of some pairs of readings.
    pub(super) fn new() -> Clock {
        let pair = |_| {
            let begin = now_ns();
            now_ns().saturating_sub(begin)
        };
        Clock {
            reading_ns: (0..64).map(pair).min().unwrap_or(0),
        }
    }

    /// The time between two readings without what reading took, in ns.
    #[inline(always)]
    pub(super) fn since(self, begin_ns: u64, end_ns: u64) -> u64 {
        end_ns.saturating_sub(begin_ns + self.reading_ns)
    }
}

/// Whether it is the turn of the task at this place. The mask is from [`Costs::sample_mask`].
#[inline(always)]
pub(super) fn is_turn(step: u32, place: usize, mask: u32) -> bool {
    step.wrapping_add(place as u32) & mask == 0
}

/// What a team measures, until it is taken into [`Costs`]. By place in the schedule, so that what
/// one worker writes lies together: were workers to write to each other's cache lines, sampling
/// would cost more than the nodes do.
pub(super) struct Notes {
    notes: Box<[Note]>,
}

/// Written by the worker that runs the task.
struct Note {
    sum_ns: AtomicU64,
    count: AtomicU32,
}

impl Notes {
    pub(super) fn new(places: usize) -> Notes {
        let note = || Note {
            sum_ns: AtomicU64::new(0),
            count: AtomicU32::new(0),
        };
        Notes {
            notes: (0..places).map(|_| note()).collect(),
        }
    }

    pub(super) fn add(&self, place: usize, measured_ns: u64) {
        let Note { sum_ns, count } = &self.notes[place];
        sum_ns.store(sum_ns.load(Relaxed) + measured_ns, Relaxed);
        count.store(count.load(Relaxed) + 1, Relaxed);
    }

    /// Sum and number of what was noted at a place.
    pub(super) fn noted(&self, place: usize) -> (u64, u32) {
        let Note { sum_ns, count } = &self.notes[place];
        (sum_ns.load(Relaxed), count.load(Relaxed))
    }

    /// Hands out what was noted at a place and forgets it.
    pub(super) fn take(&mut self, place: usize) -> (u64, u32) {
        let noted = self.noted(place);
        self.notes[place].sum_ns.store(0, Relaxed);
        self.notes[place].count.store(0, Relaxed);
        noted
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn cheap_tasks_are_timed_in_one_step_of_sixteen_each_in_its_own() {
        let costs = Costs::new(16, 0);
        for task in 0..16 {
            assert!(costs.is_timed(task, 0), "before the first measurement");
            costs.learn_turn(task, 1000);
        }
        for step in 0..32 {
            let timed = (0..16).filter(|&task| costs.is_timed(task, step)).count();
            assert_eq!(timed, 1, "in step {step}");
        }
    }

    #[test]
    fn a_task_that_is_hardly_there_is_timed_in_one_step_of_64_until_it_grows() {
        let costs = Costs::new(1, 0);
        costs.learn_turn(0, 100);
        let timed = |costs: &Costs| (0..128).filter(|&step| costs.is_timed(0, step)).count();
        assert_eq!(timed(&costs), 2);
        costs.learn_turn(0, 300_000);
        assert_eq!(timed(&costs), 128);
    }

    #[test]
    fn a_sample_counts_for_the_steps_between() {
        let costs = Costs::new(1, 0);
        for step in 0..161 {
            if costs.is_timed(0, step) {
                costs.learn_turn(0, 1000);
            }
        }
        // The first step is timed as well and counts once.
        assert_eq!(costs.total_ns(0), 1000 + 1000 * 16 * 10);
    }

    #[test]
    fn a_lost_cpu_moves_an_estimate_to_less_than_double_and_a_change_is_followed() {
        let costs = Costs::new(1, 0);
        costs.learn_turn(0, 10_000);
        costs.learn_turn(0, 50_000_000);
        assert!(costs.estimate_ns(0) < 20_000.0);
        for _ in 0..20 {
            costs.learn_turn(0, 1_000_000);
        }
        assert!((900_000.0..1_100_000.0).contains(&costs.estimate_ns(0)));
    }

    #[test]
    fn a_group_divides_its_time_as_its_samples_do() {
        let costs = Costs::new(1, 3);
        assert_eq!(costs.member_share(9_000, &[0, 1, 2], 1), 3_000);
        costs.learn_member(0, 10);
        costs.learn_member(2, 20);
        let shares = [0, 1, 2].map(|node| costs.member_share(9_000, &[0, 1, 2], node));
        assert_eq!(shares, [3_000, 0, 6_000]);
    }
}
