//! What each system takes of scratch, and the budgets of those that have one.
//!
//! Counted by looking at each worker's bump pointer before and after a run, and added up over workers at the end of the step. The sum
//! holds for a step and a system, whoever ran it; alignment, and buffers that are made per worker, let it differ a little between numbers of
//! workers, so budgets want some room. Nothing in the world depends on it.

use super::Schedule;
use crate::workers::Workers;

/// Scratch of a system.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct SystemScratch {
    /// Most bytes that it took in one step, over all its runs and workers.
    pub peak: u64,
    /// What it may take in one step; `None` while nobody set that.
    pub budget: Option<ScratchBudget>,
    /// Steps in which it took more.
    pub over: u64,
}

/// What a system may take of scratch in one step.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ScratchBudget {
    /// Bytes, over all its runs and workers.
    pub bytes: u64,
    /// What happens in a step that takes more.
    pub over: OverScratch,
}

/// What happens when a system takes more scratch in a step than its budget.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum OverScratch {
    /// The step is an error that names the system.
    #[default]
    Error,
    /// The run goes on slower: scratch that is spare goes back to the pool after each such step, and the steps are counted.
    Degrade,
}

/// A step in which a system took more scratch than it may.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ScratchExcess<'a> {
    /// The system.
    pub system: &'a str,
    /// Bytes that it took.
    pub taken: u64,
    /// Bytes that it may take.
    pub budget: u64,
}

/// There is no system of that name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no system `{name}`; there are {}", known.join(", "))]
pub struct NoSuchSystem {
    /// The name.
    pub name: String,
    /// The systems that there are, in written order.
    pub known: Vec<String>,
}

/// The books, by the systems' places in written order.
pub(super) struct Book {
    pub(super) systems: Vec<SystemScratch>,
    /// The first system in written order that must not have taken so much in the last step, and how much that was.
    excess: Option<(usize, u64)>,
}

impl Book {
    pub(super) fn new(systems: usize) -> Self {
        Book {
            systems: vec![SystemScratch::default(); systems],
            excess: None,
        }
    }

    /// Ends a step: whether spare scratch shall go back.
    pub(super) fn close(&mut self, workers: &mut Workers) -> bool {
        self.excess = None;
        let mut trim = false;
        workers.take_counts(|place, bytes| {
            let system = &mut self.systems[place];
            system.peak = system.peak.max(bytes);
            let Some(budget) = system.budget.filter(|budget| bytes > budget.bytes) else {
                return;
            };
            system.over += 1;
            match budget.over {
                OverScratch::Error => {
                    self.excess.get_or_insert((place, bytes));
                }
                OverScratch::Degrade => trim = true,
            }
        });
        trim
    }
}

impl Schedule {
    /// Limits what a system may take of scratch in one step.
    ///
    /// # Errors
    /// There is no such system.
    pub fn set_scratch_budget(
        &mut self,
        system: &str,
        budget: ScratchBudget,
    ) -> Result<(), NoSuchSystem> {
        let place = self.nodes.iter().position(|node| node.name == system);
        let Some(place) = place else {
            return Err(NoSuchSystem {
                name: system.to_owned(),
                known: self.nodes.iter().map(|node| node.name.clone()).collect(),
            });
        };
        self.scratch.systems[place].budget = Some(budget);
        Ok(())
    }

    /// The first system in written order that took more scratch in the last step than its budget, of those where that is an error.
    /// The step itself is whole.
    pub fn scratch_excess(&self) -> Option<ScratchExcess<'_>> {
        let (place, taken) = self.scratch.excess?;
        Some(ScratchExcess {
            system: &self.nodes[place].name,
            taken,
            budget: self.scratch.systems[place].budget?.bytes,
        })
    }
}
