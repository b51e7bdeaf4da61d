//! A step with somebody looking between systems: slower, to the same bits.
//!
//! Groups are taken apart: each system goes over all of its chunks, with all workers, before the next begins. That loses the cache and gains a
//! moment after each system at which its result can be looked at. The written order is the meaning either way, so a step done like this and a step done
//! by the executor differ only where a system touches what it did not declare.

use super::{Failure, Schedule, Stage};
use crate::workers::Workers;
use crate::world::World;
use layerw_frame_graph::{NodeId, Plan, Work};
use layerw_jobs::Jobs;
use layerw_trace::label;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Schedule {
    /// Does what [`Schedule::step`] does, calling `watch` with each node and the world that it leaves, in an order that keeps the written one. Costs
    /// are not measured.
    ///
    /// # Errors
    /// As [`Schedule::step`].
    pub fn step_watched(
        &mut self,
        world: &mut World,
        jobs: &Jobs,
        workers: &mut Workers,
        watch: &mut dyn FnMut(NodeId, &World),
    ) -> Result<(), Failure> {
        self.turn(world, jobs, workers, |_, plan, stage| {
            for &node in plan.order() {
                let run = AssertUnwindSafe(|| run_alone(plan, stage, jobs, node));
                catch_unwind(run).map_err(|payload| layerw_frame_graph::Failure {
                    node,
                    name: plan.node(node).name.as_str().into(),
                    chunk: None,
                    payload,
                })?;
                watch(node, stage.world());
            }
            Ok(())
        })
    }
}

/// Runs one node from beginning to end.
fn run_alone(plan: &Plan, stage: &Stage<'_>, jobs: &Jobs, node: NodeId) {
    match plan.node(node).group {
        None => stage.run(node, 0),
        Some(group) => {
            let label = label(&plan.node(node).name);
            jobs.par_for(label, stage.chunks(group), 1, |chunks, worker| {
                for chunk in chunks {
                    stage.run_chunk(node, chunk, worker);
                }
            });
        }
    }
}
