//! What is said and done where a call of a script came to no end of its own.

use super::{Program, Rows, ScriptSystem};
use crate::runtime::host::Instance;
use crate::runtime::{Fault, OnFault};
use layerw_ecs::system::Stopped;
use layerw_ecs::{Entity, Run, World};
use std::panic::resume_unwind;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl<P: Program> ScriptSystem<P> {
    /// What a script touched, where it was not allowed to.
    pub(super) fn say_address(
        &self,
        instance: &P::Instance,
        world: &World,
        address: u64,
    ) -> String {
        match instance.shown_at(address) {
            Some((held, _)) => {
                let of = held.component();
                let of = of.map_or_else(
                    || "entity ids".to_owned(),
                    |id| format!("`{}`", world.schema(id).name),
                );
                format!(
                    "wrote to {of}, which it only reads (address {address:#x}); declare the column as written, or write to another one"
                )
            }
            None => format!(
                "touched address {address:#x}, which is neither its own memory nor a column that it declared; an index went past the rows of the call, or the manifest lacks a column"
            ),
        }
    }

    /// The entity at the row that the module says it is at.
    pub(super) fn entity_at(
        &self,
        instance: &mut P::Instance,
        rows: Option<&Rows<'_>>,
    ) -> Option<Entity> {
        let rows = rows?;
        let row = rows.rows.start.checked_add(instance.row()? as usize)?;
        rows.rows.contains(&row).then(|| rows.chunk.entities()[row])
    }

    /// Does with a fault what the script's options say.
    ///
    /// # Safety
    /// The calling thread runs as `run.worker`.
    #[cold]
    pub(super) unsafe fn fail(&self, fault: Fault, run: &Run<'_>) {
        if self.shared.common.options.on_fault == OnFault::Quarantine && fault.repeats {
            let mut faulted = self.faulted.lock().unwrap_or_else(PoisonError::into_inner);
            let (step, chunk) = (run.step.step, run.chunk);
            let first = faulted.is_none_or(|(known, place)| known != step || chunk < place);
            if first {
                *faulted = Some((step, chunk));
                self.shared.note(fault);
            }
            // Relaxed: see `is_out`.
            self.quarantined.store(step, Ordering::Relaxed);
            return;
        }
        if let Some(entity) = fault.entity {
            // SAFETY: the caller's promise.
            unsafe { run.fail_at(entity) };
        }
        if cfg!(panic = "abort") {
            // Nobody is reached but by the message on the way.
            panic!("{fault}");
        }
        // As a panic of a Rust system, but for the message on the way: it is not this program that is wrong.
        resume_unwind(Box::new(Stopped(fault.to_string())));
    }
}
