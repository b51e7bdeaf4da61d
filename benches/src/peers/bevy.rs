//! bevy_ecs and bevy_tasks.

use bevy_ecs::schedule::ScheduleConfigs;
use bevy_ecs::schedule::{IntoScheduleConfigs, Schedule, SystemSet};
use bevy_tasks::{ComputeTaskPool, TaskPool, TaskPoolBuilder};

use super::dag::Dag;

/// A node of a graph as a set of one system, to order others after.
#[derive(SystemSet, Clone, Debug, Hash, PartialEq, Eq)]
struct Node(u32);

/// A pool in which the calling thread and `threads - 1` others work.
pub fn tasks(threads: usize) -> TaskPool {
    TaskPoolBuilder::new().num_threads(threads - 1).build()
}

/// A schedule for a number of threads: 1 runs on the calling thread, 2 is the multi-threaded executor with bevy's own
/// compute pool, of which a process has one.
pub fn schedule(threads: usize) -> Schedule {
    let mut schedule = Schedule::default();
    if threads == 1 {
        schedule.set_executor(bevy_ecs::schedule::SingleThreadedExecutor::new());
    } else {
        ComputeTaskPool::get_or_init(|| tasks(threads));
        schedule.set_executor(bevy_ecs::schedule::MultiThreadedExecutor::new());
    }
    schedule
}

/// A graph as systems that are ordered explicitly.
pub fn graph_schedule(
    dag: &Dag,
    threads: usize,
    body: impl Fn(usize) + Clone + Send + Sync + 'static,
) -> Schedule {
    let mut schedule = schedule(threads);
    for node in 0..dag.len() {
        let body = body.clone();
        let mut system: ScheduleConfigs<_> = (move || body(node)).in_set(Node(node as u32));
        for &before in dag.before(node) {
            system = system.after(Node(before));
        }
        schedule.add_systems(system);
    }
    schedule
}
