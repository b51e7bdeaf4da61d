//! What the nodes of all passes share: the device, the rows on it, the twins.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use layerw_ecs::access::Access;
use layerw_ecs::system::System;
use layerw_ecs::{ComponentId, World};
use layerw_render::{Adapter, Array, Figures, Gpu, Kernel, Pass, Reading};
use layerw_trace::Label;

use super::LoseGpu;
use super::batch::Batch;
use super::build::PassSpec;
use super::store::Store;

/// One for a simulation. All nodes that use it run on worker 0, so its locks are free whenever they are asked for.
pub(super) struct Shared {
    state: Mutex<State>,
    /// By the number of the pass.
    twins: Mutex<Vec<Twin>>,
}

/// A twin, in use by one node at a time.
type Twin = Arc<Mutex<Box<dyn System>>>;

/// The device and what is on it.
pub(super) struct State {
    /// `None` when it is lost.
    pub(super) gpu: Option<Gpu>,
    pub(super) lost: Option<String>,
    pub(super) adapter: Adapter,
    /// What a device had done when it was lost.
    done: Figures,
    pub(super) passes: Vec<PassState>,
    pub(super) batches: Vec<BatchState>,
    pub(super) store: Store,
    pub(super) lose: Option<LoseGpu>,
    pub(super) labels: Labels,
}

/// A pass on a device.
pub(super) struct PassState {
    pub(super) name: String,
    pub(super) kernel: Kernel,
    /// Why not, where the device does not take it.
    pub(super) ready: Result<Pass, String>,
    pub(super) batch: usize,
    /// What its variables are in this world, in their order.
    pub(super) bound: Vec<ComponentId>,
    /// For variables that hold all rows: a copy, where one is needed.
    pub(super) gathered: Vec<Option<Array>>,
    /// What it declares.
    pub(super) access: Access,
    pub(super) on_gpu: u64,
    pub(super) on_twin: u64,
    pub(super) why_twin: Option<String>,
}

/// A batch in this step.
#[derive(Default)]
pub(super) struct BatchState {
    pub(super) passes: Vec<usize>,
    /// How many of its passes had their turn.
    pub(super) seen: usize,
    /// Those whose results are not back yet.
    pub(super) open: Vec<Open>,
    /// Rows on their way.
    pub(super) reading: Option<Reading>,
    /// Whose they are, in order: places in the store.
    pub(super) parts: Vec<usize>,
}

/// A pass that was dispatched.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) pass: usize,
    /// Its place in written order, its change tick, and what was news to it: as whom its twin runs if the results never come.
    pub(super) place: u32,
    pub(super) tick: u64,
    pub(super) since: u64,
}

/// Names of zones.
pub(super) struct Labels {
    pub(super) upload: Label,
    pub(super) dispatch: Label,
    pub(super) readback: Label,
    pub(super) twin: Label,
}

impl Shared {
    pub(super) fn new(state: State) -> Shared {
        Shared {
            state: Mutex::new(state),
            twins: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic on the way leaves counts that are off by one at worst.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the twin of the next pass.
    pub(super) fn add_twin(&self, twin: Box<dyn System>) {
        let mut twins = self.twins.lock().unwrap_or_else(PoisonError::into_inner);
        twins.push(Arc::new(Mutex::new(twin)));
    }

    /// Calls `f` with the twin of a pass.
    pub(super) fn with_twin<R>(&self, pass: usize, f: impl FnOnce(&mut dyn System) -> R) -> R {
        let twin = {
            let twins = self.twins.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&twins[pass])
        };
        let mut twin = twin.lock().unwrap_or_else(PoisonError::into_inner);
        f(&mut **twin)
    }
}

impl State {
    pub(super) fn new(gpu: Gpu, passes: Vec<PassState>, batches: &[Batch]) -> State {
        let mut state = State {
            adapter: gpu.adapter().clone(),
            gpu: Some(gpu),
            lost: None,
            done: Figures::default(),
            passes,
            batches: Vec::new(),
            store: Store::default(),
            lose: None,
            labels: Labels {
                upload: layerw_trace::label("foreign:gpu upload"),
                dispatch: layerw_trace::label("foreign:gpu dispatch"),
                readback: layerw_trace::label("foreign:gpu readback"),
                twin: layerw_trace::label("gpu twin"),
            },
        };
        for (number, batch) in batches.iter().enumerate() {
            for &pass in &batch.passes {
                state.passes[pass].batch = number;
            }
            state.batches.push(BatchState {
                passes: batch.passes.clone(),
                ..BatchState::default()
            });
        }
        state
    }

    /// What the device has done, or had when it was lost.
    pub(super) fn figures(&self) -> Figures {
        self.gpu.as_ref().map_or(self.done, Gpu::figures)
    }

    /// Nanoseconds that a pass took by the device's clock.
    pub(super) fn device_ns(&self, pass: &PassState) -> Option<u64> {
        let (gpu, ready) = (self.gpu.as_ref()?, pass.ready.as_ref().ok()?);
        gpu.timed(ready).map(|(ns, _)| ns)
    }

    /// Goes on without the device.
    pub(super) fn drop_gpu(&mut self, why: String) {
        self.done = self.figures();
        self.store.clear();
        for pass in &mut self.passes {
            pass.gathered.fill_with(|| None);
            pass.ready = Err(why.clone());
        }
        for batch in &mut self.batches {
            batch.reading = None;
        }
        self.gpu = None;
        self.lost = Some(why);
    }

    /// Finds the components of a pass in a world, and keeps what its twin declares.
    pub(super) fn bind(&mut self, pass: usize, access: Access, world: &World) {
        // Component numbers may be others, and change ticks from another time.
        self.store.clear();
        let pass = &mut self.passes[pass];
        let find = |name: &str| world.component_id_by_name(name);
        pass.bound = pass
            .kernel
            .columns
            .iter()
            .map(|column| find(&column.element).expect("the twin has registered it"))
            .collect();
        pass.access = access;
    }

    /// What a node declares that may have to run the twins of all of a batch's passes up to one.
    pub(super) fn access_up_to(&self, batch: usize, last: Option<usize>) -> Access {
        let mut joined = Access::default();
        for &pass in &self.batches[batch].passes {
            joined.join(&self.passes[pass].access);
            if Some(pass) == last {
                break;
            }
        }
        joined
    }
}

impl PassState {
    pub(super) fn new(spec: PassSpec, ready: Result<Pass, String>) -> PassState {
        let columns = spec.kernel.columns.len();
        PassState {
            name: spec.name,
            kernel: spec.kernel,
            ready,
            batch: 0,
            bound: Vec::new(),
            gathered: (0..columns).map(|_| None).collect(),
            access: Access::default(),
            on_gpu: 0,
            on_twin: 0,
            why_twin: None,
        }
    }
}
