//! A program with GPU passes.
//!
//! ```text
//!   written order    each a     pass p     pass q     each b     each c
//!                                                        touches what p wrote
//!   nodes            a          p          q          b          readback     c
//!                               upload     dispatch   (runs      wait, copy
//!                               dispatch   send        meanwhile)
//! ```
//!
//! - **Written order stays the meaning.** A pass is a node on worker 0, where all objects of the device live, with the access of its shader. Passes between which nobody on the CPU
//!   touches what they touch are a *batch*: their commands are collected, sent with the last of them, and come back in one node, `gpu readback`, which stands before the
//!   first system that needs them, or that overwrites what they read. What stands between runs meanwhile.
//! - **The same nodes with and without a GPU**, since change ticks count them: where there is none, the pass is its twin and the readback does nothing.
//! - **Rows stay on the device** (`store`). A chunk's column is uploaded where its change tick is not the one that the device has seen. The CPU's copy is never older than the
//!   last step, so that a device may go at any time.
//! - **A device that is lost**, before a pass or before its results are back, costs time only: nothing on the CPU has changed yet, so the twins of the batch run in its place.

mod batch;
mod build;
mod check;
mod shared;
mod store;
mod system;

use std::ops::Range;
use std::sync::Arc;

use layerw_ecs::World;
use layerw_ecs::schedule::Entry;
use layerw_ecs::system::SystemDecl;
use layerw_render::{Choice, Class, Gpu, Kernel, Wanted};

use super::{GpuChoice, GpuError, GpuFigures, PassFigures};
use crate::error::Result;
pub use build::GpuPass;
pub(crate) use build::Passes;
use shared::{PassState, Shared, State};
use system::{Nothing, PassSystem, Readback};

/// When a device shall be lost, for tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoseGpu {
    /// Before the next pass.
    BeforePass,
    /// After the next batch was sent, before its results are read back.
    BeforeReadback,
}

/// The passes of a simulation that runs.
pub(crate) struct Handle {
    shared: Option<Arc<Shared>>,
    /// Those without a device.
    twins: Vec<(String, Class)>,
    why_not: Option<String>,
    asked: GpuChoice,
}

/// The adapters of this machine, a line each.
pub(crate) fn adapters() -> Option<Vec<String>> {
    let line = |adapter: &layerw_render::Adapter| {
        let computes = if adapter.computes {
            ""
        } else {
            ", cannot compute"
        };
        format!(
            "{} by {}, {}{computes}: {}",
            adapter.name,
            adapter.api,
            adapter.kind.name(),
            adapter.driver
        )
    };
    Some(layerw_render::adapters().iter().map(line).collect())
}

/// Opens a device for the passes, finds their batches, and puts them and their readbacks among the systems.
///
/// # Errors
/// A GPU is required and there is none, or it refuses a pass; or a system asks for what the world refuses.
pub(crate) fn prepare(
    passes: Passes,
    systems: &mut Vec<Entry>,
    world: &mut World,
    scripts: &mut Range<usize>,
    choice: GpuChoice,
) -> Result<Handle> {
    let passes = passes.list;
    let mut handle = Handle {
        shared: None,
        twins: passes
            .iter()
            .map(|pass| (pass.name.clone(), pass.kernel.class))
            .collect(),
        why_not: None,
        asked: choice,
    };
    if passes.is_empty() {
        return Ok(handle);
    }
    let places: Vec<usize> = passes.iter().map(|pass| pass.place).collect();
    let batches = batch::find(systems, &places, world, scripts)?;
    let wanted = Wanted {
        choice: match choice {
            GpuChoice::Auto => Choice::Auto,
            GpuChoice::Off => Choice::Off,
            GpuChoice::Require => Choice::Require,
        },
        at_most: None,
    };
    match Gpu::open(&wanted) {
        Ok(mut gpu) => {
            let mut states = Vec::new();
            let exact = layerw_render::probe(&mut gpu);
            for (pass, number) in passes.into_iter().zip(1..) {
                let ready = match (&exact, pass.kernel.class) {
                    (Err(why), Class::Exact) => {
                        Err(format!("{} is not exact: {why}", gpu.adapter().name))
                    }
                    _ => Kernel::new(&pass.source, pass.kernel.class, gpu.workgroup())
                        .map_err(|error| error.to_string())
                        .and_then(|kernel| gpu.pass(&kernel, number)),
                };
                if let (GpuChoice::Require, Err(why)) = (choice, &ready) {
                    let why = format!("the pass `{}` cannot run on the GPU: {why}", pass.name);
                    return Err(GpuError::NoGpu(why).into());
                }
                states.push(PassState::new(pass, ready));
            }
            let shared = Arc::new(Shared::new(State::new(gpu, states, &batches)));
            for (&place, number) in places.iter().zip(0..) {
                wrap(&mut systems[place], number, &shared);
            }
            handle.shared = Some(shared);
        }
        Err(none) if choice == GpuChoice::Require => {
            return Err(GpuError::NoGpu(none.to_string()).into());
        }
        Err(none) => handle.why_not = Some(none.to_string()),
    }
    // From the last on, so that the places of the others stay.
    for (number, batch) in batches.iter().enumerate().rev() {
        let name = match number {
            0 => "gpu readback".to_owned(),
            _ => format!("gpu readback {}", number + 1),
        };
        let system = match &handle.shared {
            Some(shared) => Readback::of(number, Arc::clone(shared)),
            None => Box::new(Nothing),
        };
        let decl = SystemDecl {
            name,
            after: Vec::new(),
            system,
        };
        systems.insert(batch.readback, Entry::System(decl));
        if batch.readback <= scripts.start {
            *scripts = scripts.start + 1..scripts.end + 1;
        }
    }
    Ok(handle)
}

/// Puts a pass in the place of its twin.
fn wrap(entry: &mut Entry, number: usize, shared: &Arc<Shared>) {
    let Entry::System(decl) = entry else {
        unreachable!("a pass was added as a system");
    };
    let twin = std::mem::replace(&mut decl.system, Box::new(Nothing));
    shared.add_twin(twin);
    decl.system = Box::new(PassSystem::new(number, Arc::clone(shared)));
}

impl Handle {
    /// What the report says, if there are passes.
    pub(crate) fn figures(&self) -> Option<GpuFigures> {
        let Some(shared) = &self.shared else {
            let twin = |(name, class): &(String, Class)| PassFigures {
                name: name.clone(),
                class: class_name(*class),
                on_gpu: 0,
                on_twin: 0,
                why_twin: self.why_not.clone(),
                device_ms: None,
            };
            return (!self.twins.is_empty()).then(|| GpuFigures {
                device: None,
                driver: None,
                api: None,
                why_not: self.why_not.clone(),
                allocations_foreign_per_frame: None,
                buffers_created: 0,
                submissions: 0,
                bytes_uploaded: 0,
                bytes_read: 0,
                passes: self.twins.iter().map(twin).collect(),
            });
        };
        let state = shared.state();
        let done = state.figures();
        let passes = state.passes.iter().map(|pass| PassFigures {
            name: pass.name.clone(),
            class: class_name(pass.kernel.class),
            on_gpu: pass.on_gpu,
            on_twin: pass.on_twin,
            why_twin: pass.why_twin.clone(),
            device_ms: state.device_ns(pass).map(|ns| ns as f64 / 1e6),
        });
        Some(GpuFigures {
            device: Some(state.adapter.name.clone()),
            driver: Some(state.adapter.driver.clone()),
            api: Some(state.adapter.api.clone()),
            why_not: state.lost.clone(),
            allocations_foreign_per_frame: None,
            buffers_created: done.buffers_created,
            submissions: done.submissions,
            bytes_uploaded: done.uploaded,
            bytes_read: done.read,
            passes: passes.collect(),
        })
    }

    /// What whoever runs the simulation should know about where its passes ran, if it is not what they asked for.
    pub(crate) fn note(&self) -> Option<String> {
        if self.asked == GpuChoice::Off {
            return None;
        }
        if let Some(why) = &self.why_not {
            return Some(format!("GPU passes ran on their CPU twins: {why}"));
        }
        let state = self.shared.as_ref()?.state();
        if let Some(why) = &state.lost {
            return Some(format!("GPU passes went on with their CPU twins: {why}"));
        }
        let twin = state.passes.iter().find(|pass| pass.on_twin > 0)?;
        let why = twin.why_twin.as_deref().unwrap_or("nobody knows why");
        Some(format!(
            "the GPU pass `{}` ran on its CPU twin: {why}",
            twin.name
        ))
    }

    /// Loses the device in the next step, as if the driver had; the twins go on. For tests.
    pub(crate) fn lose(&self, when: LoseGpu) {
        if let Some(shared) = &self.shared {
            shared.state().lose = Some(when);
        }
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Exact => "exact",
        Class::Visual => "visual",
    }
}
