//! The nodes: a pass, and the readback of a batch.

use std::ops::Range;
use std::slice;
use std::sync::Arc;

use layerw_ecs::access::Access;
use layerw_ecs::system::{Kind, System};
use layerw_ecs::{Archetype, CHUNK_ROWS, ChunkId, ComponentId, EcsError, Run, World};
use layerw_memory::counting::foreign;
use layerw_render::{Bound, Context, Lost, Rows, Shape};
use layerw_trace::{zone, zone_value};

use super::LoseGpu;
use super::shared::{Open, PassState, Shared, State};

/// Variables that a pass can have.
const COLUMNS_MAX: usize = 16;

/// A pass: on the device if it can, otherwise its twin.
pub(super) struct PassSystem {
    number: usize,
    shared: Arc<Shared>,
}

impl PassSystem {
    pub(super) fn new(number: usize, shared: Arc<Shared>) -> PassSystem {
        PassSystem { number, shared }
    }
}

// SAFETY: it declares what its twin declares, which is what its shader declares, and that of the passes before it in its batch, whose results it may have to bring back or whose twins it may
// have to run; it touches nothing else. Twins keep to what they declare, by their own promise.
unsafe impl System for PassSystem {
    fn kind(&self) -> Kind {
        Kind::Pinned
    }

    fn declare(&mut self, world: &mut World) -> Result<Access, EcsError> {
        let access = self
            .shared
            .with_twin(self.number, |twin| twin.declare(world))?;
        let mut state = self.shared.state();
        state.bind(self.number, access, world);
        let batch = state.passes[self.number].batch;
        Ok(state.access_up_to(batch, Some(self.number)))
    }

    fn refresh(&mut self, world: &World) {
        self.shared
            .with_twin(self.number, |twin| twin.refresh(world));
    }

    fn visits(&self, _: u32) -> bool {
        false
    }

    unsafe fn run(&self, run: &Run<'_>) {
        let mut state = self.shared.state();
        let batch = state.passes[self.number].batch;
        if state.lose == Some(LoseGpu::BeforePass) {
            state.lose = None;
            state.gpu.iter().for_each(layerw_render::Gpu::lose);
        }
        let visits = |archetype: &Archetype| {
            self.shared
                .with_twin(self.number, |twin| match twin.kind() {
                    Kind::Rows => Some(twin.visits(archetype.id())),
                    _ => None,
                })
        };
        // SAFETY: the access is held, by the caller's promise.
        let done = unsafe { on_device(&mut state, self.number, run, visits) };
        match done {
            Ok(()) => state.passes[self.number].on_gpu += 1,
            Err(why) => {
                state.passes[self.number].on_twin += 1;
                state.passes[self.number].why_twin = Some(why);
                drop(state);
                // What passes of this batch have done so far must be here before the twin looks.
                // SAFETY: the access of those before it in the batch is declared.
                unsafe { bring_back(&self.shared, batch, run) };
                // SAFETY: the access is held, by the caller's promise.
                unsafe { run_twin(&self.shared, self.number, run) };
                state = self.shared.state();
            }
        }
        let turn = &mut state.batches[batch];
        turn.seen += 1;
        if turn.seen == turn.passes.len() {
            turn.seen = 0;
            send(&mut state, batch, run.step.world);
        }
    }

    unsafe fn run_chunk(&self, _: ChunkId, _: Range<u32>, _: &Run<'_>) {
        unreachable!("a pass does not run on chunks");
    }
}

/// The end of a batch.
pub(super) struct Readback {
    batch: usize,
    shared: Arc<Shared>,
}

impl Readback {
    pub(super) fn of(batch: usize, shared: Arc<Shared>) -> Box<dyn System> {
        Box::new(Readback { batch, shared })
    }
}

// SAFETY: it declares what all passes of its batch declare, writes what they write and runs their twins.
unsafe impl System for Readback {
    fn kind(&self) -> Kind {
        Kind::Pinned
    }

    fn declare(&mut self, _: &mut World) -> Result<Access, EcsError> {
        // The passes stand before it and have declared themselves.
        Ok(self.shared.state().access_up_to(self.batch, None))
    }

    fn refresh(&mut self, _: &World) {}

    fn visits(&self, _: u32) -> bool {
        false
    }

    unsafe fn run(&self, run: &Run<'_>) {
        // SAFETY: the access is held, by the caller's promise.
        unsafe { bring_back(&self.shared, self.batch, run) };
    }

    unsafe fn run_chunk(&self, _: ChunkId, _: Range<u32>, _: &Run<'_>) {
        unreachable!("a readback does not run on chunks");
    }
}

/// What stands in the place of a readback where there is no device.
pub(super) struct Nothing;

// SAFETY: it does nothing.
unsafe impl System for Nothing {
    fn kind(&self) -> Kind {
        Kind::Rows
    }

    fn declare(&mut self, _: &mut World) -> Result<Access, EcsError> {
        Ok(Access::default())
    }

    fn refresh(&mut self, _: &World) {}

    fn visits(&self, _: u32) -> bool {
        false
    }

    fn takes(&self, _: &mut dyn FnMut(ComponentId)) -> bool {
        true
    }

    unsafe fn run(&self, _: &Run<'_>) {}

    unsafe fn run_chunk(&self, _: ChunkId, _: Range<u32>, _: &Run<'_>) {}
}

/// Uploads what the device lacks and dispatches a pass. An error says why it did not, and nothing has changed then.
///
/// # Safety
/// The access of the pass is held.
unsafe fn on_device(
    state: &mut State,
    number: usize,
    run: &Run<'_>,
    visits: impl Fn(&Archetype) -> Option<bool>,
) -> Result<(), String> {
    let State {
        gpu,
        lost,
        passes,
        batches,
        store,
        labels,
        ..
    } = &mut *state;
    let Some(device) = gpu else {
        return Err(lost.clone().unwrap_or_default());
    };
    if let Err(lost) = device.check() {
        state.drop_gpu(lost.to_string());
        return Err(lost.to_string());
    }
    let PassState {
        kernel,
        ready,
        batch,
        bound,
        gathered,
        ..
    } = &mut passes[number];
    let pass = ready.as_mut().map_err(|why| why.clone())?;
    let world = run.step.world;
    let columns = || kernel.columns.iter().zip(&*bound);
    // Which archetypes it visits: those that the twin visits, or that have the rows it touches.
    let matches = |archetype: &Archetype| {
        !archetype.is_empty()
            && visits(archetype).unwrap_or(true)
            && columns().all(|(column, &id)| {
                column.shape != Shape::Rows(Rows::Own) || archetype.column(id).is_some()
            })
    };
    let holds = |archetype: &Archetype, id: ComponentId| {
        !archetype.is_empty() && archetype.column(id).is_some()
    };
    if !world.archetypes().iter().any(matches) {
        mark(world, columns(), &visits, run.tick);
        return Ok(());
    }

    // From here on libraries of others run, which ask the allocator as they like.
    let _foreign = foreign();
    let zone_upload = zone(labels.upload);
    for (column, &id) in columns() {
        let name = &column.element;
        let wanted = |archetype: &&Archetype| match column.shape {
            Shape::Rows(Rows::Own) => matches(archetype),
            Shape::Rows(Rows::All) => holds(archetype, id),
            Shape::Value => false,
        };
        for archetype in world.archetypes().iter().filter(wanted) {
            // SAFETY: the read is declared, so nobody writes the column meanwhile.
            let synced = unsafe { store.sync(device, world, archetype, id) };
            synced.ok_or_else(|| {
                format!("a row of `{name}` is larger than this GPU lets a pass see")
            })?;
        }
        // SAFETY: as above.
        if column.shape == Shape::Value && !unsafe { store.sync_value(device, world, id) } {
            return Err(format!("there is no resource `{name}`"));
        }
    }
    // Variables that hold all rows: seen where they stand, or copied together.
    let mut totals = [0; COLUMNS_MAX];
    for (((column, &id), gathered), total) in columns().zip(gathered.iter_mut()).zip(&mut totals) {
        if column.shape != Shape::Rows(Rows::All) {
            continue;
        }
        let all = || {
            world
                .archetypes()
                .iter()
                .filter(|archetype| holds(archetype, id))
        };
        let rows: usize = all().map(Archetype::len).sum();
        let name = &column.element;
        *total = u32::try_from(rows).map_err(|_| format!("there are too many `{name}`"))?;
        let is_written = columns().any(|(other, &other_id)| other.written && other_id == id);
        if all().count() == 1 && !is_written {
            *gathered = None;
            let first = all()
                .next()
                .map(|archetype| store.column(archetype.id(), id));
            if first.is_none_or(|resident| !device.sees(&resident.array, *total)) {
                return Err(format!(
                    "this GPU lets a pass see fewer than {total} `{name}`"
                ));
            }
            continue;
        }
        if gathered.is_none() {
            *gathered = layerw_render::Array::new(column.stride, device.limits());
        }
        let Some(array) = gathered
            .as_mut()
            .filter(|array| *total > 0 && device.sees(array, *total))
        else {
            return Err(match total {
                0 => format!("there is no `{name}`, and a shader sees one at least"),
                _ => format!("this GPU lets a pass see fewer than {total} `{name}`"),
            });
        };
        device.reserve(array, *total);
        let mut at = 0;
        for archetype in all() {
            let (resident, rows) = (store.column(archetype.id(), id), archetype.len() as u32);
            device.copy(&resident.array, 0, array, at, rows);
            at += rows;
        }
    }
    drop(zone_upload);

    let _zone = zone_value(labels.dispatch, number as u64);
    let context = Context {
        dt: run.step.dt as f32,
        step: run.step.step,
    };
    for archetype in world
        .archetypes()
        .iter()
        .filter(|archetype| matches(archetype))
    {
        let mut variables = [None; COLUMNS_MAX];
        for ((((column, &id), gathered), total), variable) in
            columns().zip(&*gathered).zip(totals).zip(&mut variables)
        {
            *variable = Some(match (column.shape, gathered) {
                (Shape::Rows(Rows::Own), _) => Bound::Own(&store.column(archetype.id(), id).array),
                (Shape::Rows(Rows::All), Some(array)) => Bound::All(array, total),
                (Shape::Rows(Rows::All), None) => {
                    let mut all = world
                        .archetypes()
                        .iter()
                        .filter(|archetype| holds(archetype, id));
                    let only = all.next().expect("it was found above");
                    Bound::All(&store.column(only.id(), id).array, total)
                }
                (Shape::Value, _) => Bound::Value(store.value(id)),
            });
        }
        let mut given = [Bound::Value(first_array(&variables)); COLUMNS_MAX];
        let count = columns().count();
        for (given, variable) in given.iter_mut().zip(variables.iter().flatten()) {
            *given = *variable;
        }
        device.dispatch(pass, &given[..count], archetype.len() as u32, context);
        for (_, &id) in columns().filter(|(column, _)| column.written) {
            store.written(store.place(archetype.id(), id), run.tick);
        }
    }
    mark(world, columns(), &visits, run.tick);
    batches[*batch].open.push(Open {
        pass: number,
        place: run.place,
        tick: run.tick,
        since: run.since,
    });
    Ok(())
}

/// Something to fill a list with.
fn first_array<'a>(variables: &[Option<Bound<'a>>]) -> &'a layerw_render::Array {
    match variables.iter().flatten().next() {
        Some(Bound::Own(array) | Bound::All(array, _) | Bound::Value(array)) => array,
        None => unreachable!("a pass writes something"),
    }
}

/// Notes the writes of a pass, as its twin would.
fn mark<'a>(
    world: &World,
    columns: impl Iterator<Item = (&'a layerw_render::Column, &'a ComponentId)> + Clone,
    visits: impl Fn(&Archetype) -> Option<bool>,
    tick: u64,
) {
    for archetype in world.archetypes() {
        let own = |(column, id): (&layerw_render::Column, &ComponentId)| {
            column.shape != Shape::Rows(Rows::Own) || archetype.column(*id).is_some()
        };
        if !visits(archetype).unwrap_or(true) || !columns.clone().all(own) {
            continue;
        }
        for (_, &id) in columns.clone().filter(|(column, _)| column.written) {
            let Some(column) = archetype.column(id) else {
                continue;
            };
            for &chunk in archetype.chunks() {
                // SAFETY: `on_device`, which alone calls this, holds the write access.
                unsafe { world.chunk(chunk).set_changed(column, tick) };
            }
        }
    }
}

/// Sends the commands of a batch, with what brings its results back.
fn send(state: &mut State, batch: usize, world: &World) {
    let State {
        gpu,
        passes,
        batches,
        store,
        labels,
        lose,
        ..
    } = &mut *state;
    let turn = &mut batches[batch];
    let Some(device) = gpu
        .as_mut()
        .filter(|_| !turn.open.is_empty() && turn.reading.is_none())
    else {
        return;
    };
    let _foreign = foreign();
    let _zone = zone(labels.readback);
    turn.parts.clear();
    let mut bytes = 0;
    for open in &turn.open {
        let pass = &passes[open.pass];
        let written = pass
            .kernel
            .columns
            .iter()
            .zip(&pass.bound)
            .filter(|(column, _)| column.written);
        for (_, &id) in written {
            for (place, resident) in store.columns.iter().enumerate() {
                // A column whose tick is the pass's was written by it.
                if resident.component == id
                    && resident.is_at(open.tick)
                    && !turn.parts.contains(&place)
                {
                    turn.parts.push(place);
                    let rows = world.archetypes()[resident.archetype as usize].len();
                    bytes += rows as u64 * u64::from(resident.array.stride());
                }
            }
        }
    }
    let mut reading = device.read(bytes);
    for &part in &turn.parts {
        let resident = &store.columns[part];
        let rows = world.archetypes()[resident.archetype as usize].len() as u32;
        device.read_rows(&mut reading, &resident.array, 0, rows);
    }
    device.send(&mut reading);
    turn.reading = Some(reading);
    if *lose == Some(LoseGpu::BeforeReadback) {
        *lose = None;
        device.lose();
    }
}

/// Waits for what passes of a batch have written and puts it into the world; where it never comes, runs their twins.
///
/// # Safety
/// The access of all passes of the batch that have run is held, and the calling thread runs as the run's worker.
unsafe fn bring_back(shared: &Shared, batch: usize, run: &Run<'_>) {
    let mut state = shared.state();
    let world = run.step.world;
    if state.batches[batch].open.is_empty() {
        return;
    }
    send(&mut state, batch, world);
    let State {
        gpu,
        batches,
        store,
        labels,
        ..
    } = &mut *state;
    let turn = &mut batches[batch];
    let came = match (gpu, turn.reading.take()) {
        (Some(device), Some(reading)) => {
            let _foreign = foreign();
            let _zone = zone(labels.readback);
            device
                .wait(reading, |bytes| {
                    let mut rest = bytes;
                    for &part in &turn.parts {
                        let resident = &store.columns[part];
                        let archetype = &world.archetypes()[resident.archetype as usize];
                        // SAFETY: the write is declared, by the promise above.
                        rest = unsafe { put(world, archetype, resident.component, rest) };
                    }
                })
                .map_err(|lost: Lost| lost.to_string())
        }
        _ => Err(state.lost.clone().unwrap_or_default()),
    };
    let Err(why) = came else {
        state.batches[batch].open.clear();
        return;
    };
    if state.gpu.is_some() {
        state.drop_gpu(why.clone());
    }
    let mut open = std::mem::take(&mut state.batches[batch].open);
    for open in &open {
        let pass = &mut state.passes[open.pass];
        pass.on_gpu -= 1;
        pass.on_twin += 1;
        pass.why_twin = Some(why.clone());
    }
    drop(state);
    // Nothing of theirs is in the world yet. Written order is the meaning, whatever order they ran in.
    open.sort_by_key(|open| open.place);
    for Open {
        pass,
        place,
        tick,
        since,
    } in open
    {
        let run = Run {
            place,
            tick,
            since,
            ..*run
        };
        // SAFETY: the caller's promise is passed on.
        unsafe { run_twin(shared, pass, &run) };
    }
}

/// Puts the rows of a column into the world; what is left of the bytes.
///
/// # Safety
/// The write access to the column is held.
unsafe fn put<'b>(
    world: &World,
    archetype: &Archetype,
    component: ComponentId,
    bytes: &'b [u8],
) -> &'b [u8] {
    let column = archetype.column(component).expect("it was read from there");
    let stride = world.schema(component).size as usize;
    let mut rest = bytes;
    for &chunk in archetype.chunks() {
        let chunk = world.chunk(chunk);
        let (part, after) = rest.split_at(chunk.len() * stride);
        rest = after;
        // SAFETY: the column has room for its rows, and nobody else reads or writes them, by the promise above. All bits are values: `check` lets no pass write a component of which
        // that is not so.
        let target =
            unsafe { slice::from_raw_parts_mut(chunk.column_ptr(column).as_ptr(), part.len()) };
        target.copy_from_slice(part);
    }
    rest
}

/// Runs the twin of a pass, with all workers.
///
/// # Safety
/// The access of the pass is held, and the calling thread runs as the run's worker.
unsafe fn run_twin(shared: &Shared, pass: usize, run: &Run<'_>) {
    let label = shared.state().labels.twin;
    shared.with_twin(pass, |twin| {
        let (twin, _zone) = (&*twin, zone_value(label, pass as u64));
        if twin.kind() != Kind::Rows {
            // SAFETY: the caller's promise is passed on.
            unsafe { twin.run(run) };
            return;
        }
        let world = run.step.world;
        for archetype in world
            .archetypes()
            .iter()
            .filter(|archetype| twin.visits(archetype.id()))
        {
            let chunks = archetype.chunks();
            run.step
                .jobs
                .par_for(label, chunks.len(), 1, |part, worker| {
                    run.part(worker, |run| {
                        for &chunk in &chunks[part] {
                            // SAFETY: the caller's promise; each chunk is run once.
                            unsafe { twin.run_chunk(chunk, 0..CHUNK_ROWS, run) };
                        }
                    });
                });
        }
    });
}
