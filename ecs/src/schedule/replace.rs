//! Other systems in the place of some, between two steps: how code is changed while a simulation runs.

use super::{Entry, Named, Schedule, ScheduleError, Visits, compile, number_applies};
use crate::world::World;
use layerw_frame_graph::{Executor, Plan};
use std::collections::BTreeMap;
use std::ops::Range;

impl Schedule {
    /// Puts other entries into the places `range` of the written order and compiles the graph again. The world, and what the other systems keep and may take,
    /// stay as they are; costs are measured anew.
    ///
    /// # Errors
    /// As [`Schedule::new`]; then the systems are those from before.
    ///
    /// # Panics
    /// There are no such places.
    pub fn replace(
        &mut self,
        range: Range<usize>,
        entries: Vec<Entry>,
        world: &mut World,
    ) -> Result<(), ScheduleError> {
        // What checksums show here is told at the next step.
        let _ = world.open();
        let scratch = std::mem::take(&mut self.scratch.systems);
        let known: BTreeMap<String, _> = self
            .nodes
            .iter()
            .map(|node| node.name.clone())
            .zip(scratch)
            .collect();
        let there = range.start..range.start + entries.len();
        let new = entries.into_iter().map(Named::of);
        let old: Vec<Named> = self.nodes.splice(range, new).collect();
        number_applies(&mut self.nodes);
        let compiled = compile::compile(&mut self.nodes, world);
        let refused = match compiled {
            Ok(plan) => {
                self.take_plan(plan, world);
                None
            }
            Err(refused) => {
                drop(self.nodes.splice(there, old));
                number_applies(&mut self.nodes);
                // They have been declared before, so this is what it was; where it is not, the next step says so.
                if let Ok(plan) = compile::compile(&mut self.nodes, world) {
                    self.take_plan(plan, world);
                }
                Some(refused)
            }
        };
        let of = |node: &Named| known.get(&node.name).copied().unwrap_or_default();
        self.scratch.systems = self.nodes.iter().map(of).collect();
        match refused {
            None => Ok(()),
            Some(refused) => Err(refused),
        }
    }

    fn take_plan(&mut self, plan: Plan, world: &World) {
        self.executor = Executor::new(&plan, self.threads);
        self.visits = Visits::new(&plan, &self.nodes, world);
        self.plan = plan;
        self.numbering = world.numbering();
    }
}
