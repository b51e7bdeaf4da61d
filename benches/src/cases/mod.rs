//! The cases, one file per family.

mod ecs_rows;
mod graph;
mod jobs;

use crate::harness::Case;

/// All cases, in the order in which they run and are listed.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [graph::CASES, jobs::CASES, ecs_rows::CASES].into_iter().flatten()
}
