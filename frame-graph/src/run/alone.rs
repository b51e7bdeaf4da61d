//! A step on one worker: tasks in order, no atomics between them, nobody is woken.
//!
//! Used with one worker, and for steps that would be over before a woken worker starts. An empty
//! node costs a loop turn, a look at who records zones, and the client's call.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Work;
use super::failure::Spot;
use super::shape::TaskShape;
use super::step::Step;

/// The index of the worker that calls.
const WORKER: usize = 0;

/// Runs the tasks in the given order, which respects all edges, up to the first panic.
pub(super) fn run<W: Work + ?Sized>(step: &Step<'_, W>, order: impl Iterator<Item = usize>) {
    let spot = Spot::new();
    // Unwind safety: after a panic the step only reports; the executor's own state is atomics that
    // the next step sets anew, and whether the client's can be used is the client's to say.
    let caught = catch_unwind(AssertUnwindSafe(|| {
        for task in order {
            let timed = step.costs.is_timed(task, step.number);
            let spent = match step.shape.tasks[task] {
                TaskShape::Node(node) | TaskShape::Pinned(node) => {
                    step.run_node(node, WORKER, &spot, timed)
                }
                TaskShape::Rows(group) => {
                    let chunks = step.chunks(group, &spot);
                    step.run_rows(group, chunks, WORKER, &spot, timed)
                }
            };
            if let Some(spent) = spent {
                step.costs.learn_turn(task, spent);
            }
        }
    }));
    if let Err(payload) = caught {
        step.blame.report(&spot, payload, &step.shape.places);
    }
}
