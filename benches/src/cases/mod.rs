//! The cases, one file per family.

mod allocator;
mod apart;
mod ecs_access;
mod ecs_copy;
mod ecs_past;
mod ecs_rows;
mod ecs_structure;
mod ecs_systems;
mod examples;
mod frame;
#[cfg(feature = "gpu")]
mod gpu;
mod graph;
mod jobs;
mod memory;
mod pictures;
#[cfg(feature = "scripts")]
mod scripts;
mod stream;

use crate::harness::Case;

/// All cases, in the order in which they run and are listed.
pub fn all() -> impl Iterator<Item = &'static Case> {
    let families = [
        frame::CASES,
        graph::CASES,
        jobs::CASES,
        ecs_systems::CASES,
        ecs_rows::CASES,
        ecs_structure::CASES,
        ecs_access::CASES,
        ecs_copy::CASES,
        ecs_past::CASES,
        memory::CASES,
        allocator::CASES,
        apart::CASES,
        stream::CASES,
        examples::CASES,
        pictures::CASES,
        #[cfg(feature = "gpu")]
        gpu::CASES,
        #[cfg(feature = "scripts")]
        scripts::CASES,
    ];
    families.into_iter().flatten()
}
