//! Systems that run in the first step only: they make what the others find.

use crate::access::Access;
use crate::chunk::ChunkId;
use crate::cx::Run;
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::system::{Kind, System, SystemDecl};
use crate::world::World;
use std::ops::Range;

/// The system, run in step 0 and left out in all others. A restored run that goes on from a later step does not run it again.
pub fn first_step(decl: SystemDecl) -> SystemDecl {
    SystemDecl {
        system: Box::new(FirstStep(decl.system)),
        ..decl
    }
}

/// A system and nothing else, in step 0.
struct FirstStep(Box<dyn System>);

// SAFETY: it does what the system inside does, or nothing.
unsafe impl System for FirstStep {
    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn declare(&mut self, world: &mut World) -> Result<Access, EcsError> {
        self.0.declare(world)
    }

    fn refresh(&mut self, world: &World) {
        self.0.refresh(world);
    }

    fn visits(&self, archetype: u32) -> bool {
        self.0.visits(archetype)
    }

    unsafe fn run(&self, run: &Run<'_>) {
        if run.step.step == 0 {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.0.run(run) };
        }
    }

    fn takes(&self, see: &mut dyn FnMut(ComponentId)) -> bool {
        self.0.takes(see)
    }

    unsafe fn run_chunk(&self, chunk: ChunkId, rows: Range<u32>, run: &Run<'_>) {
        if run.step.step == 0 {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.0.run_chunk(chunk, rows, run) };
        }
    }

    fn run_exclusive(&self, world: &mut World) {
        if world.step() == 0 {
            self.0.run_exclusive(world);
        }
    }
}
