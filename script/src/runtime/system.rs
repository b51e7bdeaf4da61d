//! A system of a script, as the schedule sees it: like a Rust row function, with a module's function in the middle.

mod faults;

use super::host::{Instance, Program, Stop, Word};
use super::module::{runs_on_rows, writes_resources};
use super::pace::{PART_ROWS, Pace};
use super::script::Shared;
use super::{Fault, Form, OnFault};
use crate::abi::{self, Param};
use layerw_ecs::access::Access;
use layerw_ecs::commands::Template;
use layerw_ecs::system::{Kind, System};
use layerw_ecs::{CHUNK_ROWS, Chunk, ChunkId, ComponentId, EcsError, Entity, Run, Schema, World};
use layerw_memory::Arena;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};

/// Visits so far; 0 is none.
static VISITS: AtomicU64 = AtomicU64::new(1);

/// One system of a script.
pub(super) struct ScriptSystem<P: Program> {
    shared: Arc<Shared>,
    program: Arc<P>,
    /// Its place in the manifest.
    number: usize,
    bound: Option<Bound<P::Instance>>,
    /// The step in which it was put into quarantine; it is left out in those after.
    quarantined: AtomicU64,
    /// The place of the chunk whose fault is kept: the first, whichever came first in time.
    faulted: Mutex<Option<(u64, u32)>>,
}

/// What it needs of a world.
struct Bound<I> {
    form: Form,
    arena: Arena,
    arguments: Vec<Argument>,
    /// Columns of the arguments that are columns, by archetype; `None` where the archetype does not match.
    columns: Vec<Option<Box<[usize]>>>,
    with: Vec<ComponentId>,
    without: Vec<ComponentId>,
    templates: Vec<Template>,
    /// Bytes of room for copies.
    area: usize,
    instances: OnceLock<Box<[Slot<I>]>>,
    pace: Pace,
}

/// A worker's instance, on cache lines of its own. Nobody else ever asks for the lock while it is held.
#[repr(align(128))]
struct Slot<I>(Mutex<Option<Made<I>>>);

/// An instance, and the visit of whose chunk it holds copies of what is only read.
struct Made<I> {
    instance: I,
    holds: u64,
}

/// A parameter, ready.
enum Argument {
    Column(Values),
    Entities {
        copied: Option<usize>,
    },
    /// With the bytes of one.
    Events(ComponentId, usize),
    EventCount(ComponentId),
    Count,
    Resource(Values),
    Dt,
    Dt64,
    Step,
    Seed,
}

/// A parameter that is an address.
struct Values {
    id: ComponentId,
    bytes: usize,
    write: bool,
    /// Where its copy stands, if it is copied.
    copied: Option<usize>,
    /// What to hold written values against.
    doubtful: Option<Schema>,
}

/// The rows of a call.
#[derive(Clone)]
struct Rows<'w> {
    id: ChunkId,
    chunk: Chunk<'w>,
    columns: &'w [usize],
    rows: Range<usize>,
    /// Whether it was said that they are about to be written.
    announced: bool,
    /// The visit of the system to the chunk that they are part of: while it lasts, nobody writes what the system only reads.
    visit: u64,
}

impl<P: Program> ScriptSystem<P> {
    pub(super) fn new(shared: Arc<Shared>, program: Arc<P>, number: usize) -> Self {
        ScriptSystem {
            shared,
            program,
            number,
            bound: None,
            quarantined: AtomicU64::new(u64::MAX),
            faulted: Mutex::new(None),
        }
    }

    fn decl(&self) -> &abi::SystemDecl {
        &self.shared.common.manifest.systems[self.number]
    }

    fn unfit(&self, reason: String) -> EcsError {
        EcsError::Unfit {
            system: self.decl().name.clone(),
            reason: format!("script `{}`: {reason}", self.shared.common.name),
        }
    }

    /// The number of a component that the manifest declares.
    fn component(&self, world: &mut World, name: &str) -> Result<ComponentId, EcsError> {
        let decl = self.shared.common.manifest.component(name);
        let decl = decl.ok_or_else(|| self.unfit(format!("component `{name}` is not declared")))?;
        let schema = decl.schema().map_err(|fault| self.unfit(fault))?;
        world.register_schema(schema)
    }

    fn components(
        &self,
        world: &mut World,
        names: &[String],
    ) -> Result<Vec<ComponentId>, EcsError> {
        names
            .iter()
            .map(|name| self.component(world, name))
            .collect()
    }

    /// Whether it is left out in a step.
    fn is_out(&self, step: u64) -> bool {
        // Relaxed: it is set while a step runs and asked for in later ones, which the end of the step orders.
        self.quarantined.load(Ordering::Relaxed) < step || (self.decl().start && step > 0)
    }

    /// Whether it is called for chunks that may run at the same time.
    fn shares_rows(&self) -> bool {
        runs_on_rows(self.decl()) && !writes_resources(self.decl())
    }

    /// Whether parts of a chunk's rows can run at the same time: no row depends on another, nothing is recorded, and nobody asks how far a system came that failed, since
    /// the step is then broken off.
    fn is_divisible(&self) -> bool {
        let decl = self.decl();
        let stops = self.shared.common.options.on_fault == OnFault::Stop;
        stops && !decl.whole_chunks && !decl.commands
    }

    /// Says that the columns of a chunk are about to be written.
    fn announce(&self, bound: &Bound<P::Instance>, rows: &Rows<'_>, run: &Run<'_>) {
        let columns = bound
            .arguments
            .iter()
            .filter_map(|argument| match argument {
                Argument::Column(values) => Some(values.write),
                _ => None,
            });
        for (&number, write) in rows.columns.iter().zip(columns) {
            if write {
                // SAFETY: the caller holds the declared writes to this chunk, so nobody else sets this tick meanwhile.
                unsafe { rows.chunk.set_changed(number, run.tick) };
            }
        }
    }

    /// Runs on some rows of a chunk that matches.
    ///
    /// # Safety
    /// As [`System::run_chunk`].
    unsafe fn enter_chunk(
        &self,
        bound: &Bound<P::Instance>,
        id: ChunkId,
        columns: &[usize],
        rows: Range<u32>,
        run: &Run<'_>,
    ) {
        let chunk = run.step.world.chunk(id);
        let rows = rows.start as usize..chunk.len().min(rows.end as usize);
        let all = Rows {
            id,
            chunk,
            columns,
            rows,
            announced: false,
            visit: match bound.form {
                Form::Mapped => 0,
                // Relaxed: only that it is another one counts.
                Form::Copied => VISITS.fetch_add(1, Ordering::Relaxed),
            },
        };
        if all.rows.is_empty() {
            // As for a Rust function, whose access to a chunk is noted before anybody looks for rows in it.
            return self.announce(bound, &all, run);
        }
        match run.shared {
            None => {
                // SAFETY: the caller's promise is passed on.
                unsafe { self.enter_batches(bound, all, run) };
            }
            Some(label) if self.is_divisible() && bound.pace.is_heavy(all.rows.len()) => {
                // A heavy system whose chunks are too few is shared by rows.
                self.announce(bound, &all, run);
                let first = all.rows.start;
                run.step
                    .jobs
                    .par_for(label, all.rows.len(), PART_ROWS, |part, worker| {
                        let rows = Rows {
                            rows: first + part.start..first + part.end,
                            announced: true,
                            ..all.clone()
                        };
                        run.part(worker, |run| {
                            bound.pace.learn(part.start == 0, part.len(), || {
                                // SAFETY: the caller's promise is passed on, for rows that no other part has; the worker is the one whose thread this is.
                                unsafe { self.enter_batches(bound, rows, run) };
                            });
                        });
                    });
            }
            Some(_) => bound.pace.learn(true, all.rows.len(), || {
                // SAFETY: the caller's promise is passed on.
                unsafe { self.enter_batches(bound, all, run) };
            }),
        }
    }

    /// Runs on some rows of a chunk, by as many at a time as was asked for.
    ///
    /// # Safety
    /// As [`System::run_chunk`].
    unsafe fn enter_batches(&self, bound: &Bound<P::Instance>, rows: Rows<'_>, run: &Run<'_>) {
        let most = match self.shared.common.options.batch_rows {
            Some(most) if !self.decl().whole_chunks => most.get() as usize,
            _ => rows.rows.len(),
        };
        let end = rows.rows.end;
        for first in rows.rows.clone().step_by(most.max(1)) {
            let batch = Rows {
                rows: first..end.min(first + most),
                ..rows.clone()
            };
            // SAFETY: the caller's promise is passed on, for a part of its rows.
            let done = unsafe { self.enter(bound, Some(batch), run) };
            if !done {
                // What failed keeps what it wrote until then, and goes no further.
                return;
            }
        }
    }

    /// Runs on some rows, or once. False if it failed, and the step goes on.
    ///
    /// # Safety
    /// As [`System::run_chunk`], or [`System::run`] without rows.
    unsafe fn enter(
        &self,
        bound: &Bound<P::Instance>,
        rows: Option<Rows<'_>>,
        run: &Run<'_>,
    ) -> bool {
        let threads = run.step.jobs.threads();
        let instances = bound
            .instances
            .get_or_init(|| self.instances(bound, threads));
        let mut slot = match instances[run.worker].0.try_lock() {
            Ok(slot) => slot,
            // A command found no scratch: as after a fault, a new instance.
            Err(TryLockError::Poisoned(poisoned)) => {
                let mut slot = poisoned.into_inner();
                *slot = None;
                instances[run.worker].0.clear_poison();
                slot
            }
            Err(TryLockError::WouldBlock) => unreachable!("a worker runs one system at a time"),
        };
        let outcome = match self.instance(bound, &mut slot) {
            // SAFETY: the caller's promise is passed on.
            Ok(made) => unsafe { self.call(bound, made, rows.as_ref(), run) },
            Err(what) => Err(self.refusal(run, what)),
        };
        if let Err(fault) = outcome {
            // What it has in its own memory is in the middle of something.
            *slot = None;
            drop(slot);
            // SAFETY: the caller says that its thread runs as the run's worker.
            unsafe { self.fail(fault, run) };
            return false;
        }
        true
    }

    /// Instances for all workers at once, so that none has to be made later in the run; what fails fails again where it is needed, with a name.
    #[cold]
    fn instances(&self, bound: &Bound<P::Instance>, threads: usize) -> Box<[Slot<P::Instance>]> {
        let slots: Box<[Slot<P::Instance>]> =
            (0..threads).map(|_| Slot(Mutex::new(None))).collect();
        for slot in &slots {
            let mut slot = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = self.instance(bound, &mut slot);
        }
        slots
    }

    fn instance<'i>(
        &self,
        bound: &Bound<P::Instance>,
        slot: &'i mut Option<Made<P::Instance>>,
    ) -> Result<&'i mut Made<P::Instance>, String> {
        match slot {
            Some(made) => Ok(made),
            None => {
                let (form, arena) = (bound.form, &bound.arena);
                let instance = self
                    .program
                    .instance(self.decl(), form, arena, bound.area)?;
                Ok(slot.insert(Made { instance, holds: 0 }))
            }
        }
    }

    /// A fault of the host's.
    fn refusal(&self, run: &Run<'_>, what: String) -> Fault {
        Fault {
            script: self.shared.common.name.clone(),
            system: self.decl().name.clone(),
            at: None,
            entity: None,
            step: run.step.step,
            what,
            repeats: false,
        }
    }

    /// Passes the arguments, calls, and copies out what was copied in.
    ///
    /// # Safety
    /// As [`ScriptSystem::enter`].
    unsafe fn call(
        &self,
        bound: &Bound<P::Instance>,
        made: &mut Made<P::Instance>,
        rows: Option<&Rows<'_>>,
        run: &Run<'_>,
    ) -> Result<(), Fault> {
        let world = run.step.world;
        let Made { instance, holds } = made;
        let visit = rows.map_or(0, |rows| rows.visit);
        let still_holds = visit != 0 && *holds == visit;
        let refused = |what| self.refusal(run, what);
        instance.begin(world).map_err(refused)?;
        if let Some(rows) = rows {
            instance.rows_of(rows.id, rows.rows.start);
        }
        let mut copied = 0;
        let mut column = 0;
        for argument in &bound.arguments {
            match argument {
                Argument::Count => {
                    let count = rows.map_or(1, |rows| rows.rows.len());
                    instance.word(Word::I32(count as i32));
                }
                Argument::Events(id, bytes) => {
                    let (first, count) = world.events_ptr(*id);
                    // SAFETY: events change only under `&mut World`.
                    unsafe { instance.copy_more(first.as_ptr(), count * bytes) }
                        .map_err(refused)?;
                    copied += count * bytes;
                }
                Argument::EventCount(id) => {
                    instance.word(Word::I32(world.events_ptr(*id).1 as i32));
                }
                Argument::Dt => instance.word(Word::F32(run.step.dt as f32)),
                Argument::Dt64 => instance.word(Word::F64(run.step.dt)),
                Argument::Step => instance.word(Word::I64(run.step.step as i64)),
                Argument::Seed => instance.word(Word::I64(run.step.seed as i64)),
                Argument::Entities { copied: place } => {
                    let Some(rows) = rows else { continue };
                    let first = rows.chunk.entities()[rows.rows.clone()]
                        .as_ptr()
                        .cast::<u8>();
                    let bytes = rows.rows.len() * size_of::<Entity>();
                    match (place, world.entity_pages(rows.id)) {
                        (None, Some(held)) => {
                            let offset = self.offset(bound, first);
                            // SAFETY: entities change only under `&mut World`.
                            unsafe { instance.show(held, offset, bytes, false) }
                                .map_err(refused)?;
                        }
                        (place, _) => {
                            // SAFETY: entities change only under `&mut World`.
                            unsafe { instance.copy_in(place.unwrap_or(0), first, bytes) };
                            copied += bytes;
                        }
                    }
                }
                Argument::Column(values) => {
                    let Some(rows) = rows else { continue };
                    let number = rows.columns[column];
                    column += 1;
                    if values.write && !rows.announced {
                        // SAFETY: the caller holds the declared writes to this chunk, so nobody else sets this tick meanwhile.
                        unsafe { rows.chunk.set_changed(number, run.tick) };
                    }
                    let (first, bytes) = place_of(rows, number, values);
                    match (values.copied, world.column_pages(rows.id, number)) {
                        // A tag: an address that leads nowhere.
                        (_, None) => instance.word(Word::I32(0)),
                        (None, Some(held)) => {
                            let offset = self.offset(bound, first);
                            // SAFETY: the caller holds the declared access.
                            unsafe { instance.show(held, offset, bytes, values.write) }
                                .map_err(refused)?;
                        }
                        (Some(place), Some(_)) => {
                            // SAFETY: the caller holds the declared access to this chunk.
                            unsafe { instance.copy_in(place, first, bytes) };
                            copied += bytes;
                        }
                    }
                }
                Argument::Resource(values) => {
                    let Some(first) = world.resource_ptr(values.id) else {
                        let name = &world.schema(values.id).name;
                        return Err(refused(format!(
                            "the resource {name} is not in the world; insert it with `sim.world.insert_resource(…)` before the first step, or give each field of its class a value in the script: `speed: number = 3;`"
                        )));
                    };
                    let first = first.as_ptr();
                    if values.write {
                        // SAFETY: the caller holds the declared write.
                        unsafe { world.set_resource_changed(values.id, run.tick) };
                    }
                    match (values.copied, world.resource_pages(values.id)) {
                        (_, None) => instance.word(Word::I32(0)),
                        (None, Some(held)) => {
                            let offset = self.offset(bound, first);
                            // SAFETY: the caller holds the declared access.
                            unsafe { instance.show(held, offset, values.bytes, values.write) }
                                .map_err(refused)?;
                        }
                        (Some(place), Some(_)) if still_holds && !values.write => {
                            instance.copied_before(place, values.bytes);
                        }
                        (Some(place), Some(_)) => {
                            // SAFETY: the caller holds the declared access.
                            unsafe { instance.copy_in(place, first, values.bytes) };
                            copied += values.bytes;
                        }
                    }
                }
            }
        }
        *holds = visit;
        let templates = self.decl().commands.then_some(bound.templates.as_slice());
        // SAFETY: one argument was passed for each parameter of the manifest, with its type, which the function was held against when the script was
        // loaded, and it returns nothing. The rest is the caller's promise.
        let called = unsafe { instance.call(run, templates) };
        // Also after a trap: the rows keep what was written to them until then, as where they are mapped.
        // SAFETY: the caller's promise is passed on.
        let (bytes, invalid) = unsafe { self.copy_out(bound, instance, rows, run) };
        copied += bytes;
        if copied > 0 {
            // Relaxed: a count that orders nothing.
            self.shared
                .copied
                .fetch_add(copied as u64, Ordering::Relaxed);
        }
        if let Err(failure) = called {
            let Stop {
                what,
                touched,
                at,
                repeats,
            } = self.program.stop(failure);
            return Err(Fault {
                at,
                entity: self.entity_at(instance, rows),
                repeats,
                ..self.refusal(
                    run,
                    touched.map_or(what, |address| self.say_address(instance, world, address)),
                )
            });
        }
        match invalid {
            None => Ok(()),
            Some(what) => Err(Fault {
                repeats: true,
                ..self.refusal(run, what)
            }),
        }
    }

    /// Copies out what is copied and written, where it is valid. Returns the bytes, and what was not valid.
    ///
    /// # Safety
    /// As [`ScriptSystem::enter`].
    unsafe fn copy_out(
        &self,
        bound: &Bound<P::Instance>,
        instance: &mut P::Instance,
        rows: Option<&Rows<'_>>,
        run: &Run<'_>,
    ) -> (usize, Option<String>) {
        let (mut copied, mut invalid) = (0, None);
        let mut column = 0;
        for argument in &bound.arguments {
            let (values, target) = match (argument, rows) {
                (Argument::Column(values), Some(rows)) => {
                    let number = rows.columns[column];
                    column += 1;
                    (values, Some(place_of(rows, number, values)))
                }
                (Argument::Resource(values), _) => {
                    let first = run.step.world.resource_ptr(values.id);
                    (values, first.map(|first| (first.as_ptr(), values.bytes)))
                }
                _ => continue,
            };
            let (Some(place), true, Some((first, bytes))) = (values.copied, values.write, target)
            else {
                continue;
            };
            if values.bytes == 0 {
                continue;
            }
            if let Some(schema) = &values.doubtful {
                let mut all = instance.copied(place, bytes).chunks_exact(values.bytes);
                if let Some(field) = all.find_map(|value| schema.invalid_field(value)) {
                    invalid = invalid.or_else(|| {
                        Some(format!(
                            "left bytes in field `{}` of component `{}` that are no {}; nothing of that column was taken over",
                            field.name,
                            schema.name,
                            field.primitive.name()
                        ))
                    });
                    continue;
                }
            }
            // SAFETY: the caller holds the declared write to these rows, and the bytes are values: any bytes are, or they were looked at.
            unsafe { instance.copy_out(place, first, bytes) };
            copied += bytes;
        }
        (copied, invalid)
    }

    /// Where an address of the world stands in the Logic pool.
    fn offset(&self, bound: &Bound<P::Instance>, address: *const u8) -> usize {
        address.addr() - bound.arena.logic().base().as_ptr().addr()
    }
}

/// The address of the rows' first value, and the bytes of all.
fn place_of(rows: &Rows<'_>, column: usize, values: &Values) -> (*mut u8, usize) {
    let first = rows.chunk.column_ptr(column).as_ptr();
    (
        first.wrapping_add(rows.rows.start * values.bytes),
        rows.rows.len() * values.bytes,
    )
}

/// Room for copies, one after another, each on cache lines of its own.
#[derive(Default)]
struct Area(usize);

impl Area {
    fn take(&mut self, bytes: usize) -> usize {
        let place = self.0;
        self.0 += bytes.next_multiple_of(64);
        place
    }
}

// SAFETY: a module reaches its own memory and the pages that are shown to it: those of the components that are declared below, with the right that is declared.
// Pages hold other rows of these components too, which nobody can keep a script from touching; it is the only one that then cannot rely on what it wrote. Rows of
// the chunk at hand are the only ones that it is given. Copies go to and from the rows at hand.
unsafe impl<P: Program> System for ScriptSystem<P> {
    fn kind(&self) -> Kind {
        if self.shares_rows() {
            Kind::Rows
        } else {
            Kind::Whole
        }
    }

    fn declare(&mut self, world: &mut World) -> Result<Access, EcsError> {
        let form = self.program.form(world.arena());
        let decl = self.decl().clone();
        let (mut access, mut area) = (Access::default(), Area::default());
        let mut arguments = Vec::new();
        for param in &decl.params {
            arguments.push(match param {
                Param::Column { component, write } => {
                    let id = self.component(world, component)?;
                    access.component_id(world, id, *write, self.shares_rows());
                    Argument::Column(values(
                        world,
                        id,
                        *write,
                        form,
                        CHUNK_ROWS as usize,
                        &mut area,
                    ))
                }
                Param::Resource { component, write } => {
                    let id = self.component(world, component)?;
                    access.resource_id(world, id, *write);
                    Argument::Resource(values(world, id, *write, form, 1, &mut area))
                }
                Param::Entities => Argument::Entities {
                    copied: (form == Form::Copied)
                        .then(|| area.take(size_of::<Entity>() * CHUNK_ROWS as usize)),
                },
                Param::Events { component } => {
                    let id = self.component(world, component)?;
                    Argument::Events(id, world.schema(id).size as usize)
                }
                Param::EventCount { component } => {
                    Argument::EventCount(self.component(world, component)?)
                }
                Param::Count => Argument::Count,
                Param::Dt => Argument::Dt,
                Param::Dt64 => Argument::Dt64,
                Param::Step => Argument::Step,
                Param::Seed => Argument::Seed,
            });
        }
        let (with, without) = (
            self.components(world, &decl.with)?,
            self.components(world, &decl.without)?,
        );
        let names = &self.shared.common.manifest.templates;
        let templates = names.iter().map(|names| {
            let ids = self.components(world, names)?;
            Ok(Template::new(world, &ids))
        });
        let templates = templates.collect::<Result<_, EcsError>>()?;
        let prepared = self.program.prepare(form);
        prepared.map_err(|reason| self.unfit(reason))?;
        self.bound = Some(Bound {
            form,
            arena: world.arena().clone(),
            arguments,
            columns: Vec::new(),
            with,
            without,
            templates,
            area: area.0,
            instances: OnceLock::new(),
            pace: Pace::default(),
        });
        Ok(access)
    }

    fn refresh(&mut self, world: &World) {
        let Some(bound) = &mut self.bound else { return };
        for archetype in &world.archetypes()[bound.columns.len()..] {
            let has = |id: &ComponentId| archetype.column(*id).is_some();
            let matches = bound.with.iter().all(has) && !bound.without.iter().any(has);
            let wanted = bound
                .arguments
                .iter()
                .filter_map(|argument| match argument {
                    Argument::Column(values) => Some(archetype.column(values.id)),
                    _ => None,
                });
            let columns = matches.then(|| wanted.collect::<Option<Box<[usize]>>>());
            bound.columns.push(columns.flatten());
        }
    }

    fn visits(&self, archetype: u32) -> bool {
        self.shares_rows()
            && self
                .bound
                .as_ref()
                .is_some_and(|bound| matches!(bound.columns.get(archetype as usize), Some(Some(_))))
    }

    unsafe fn run(&self, run: &Run<'_>) {
        let Some(bound) = &self.bound else { return };
        if self.is_out(run.step.step) {
            return;
        }
        if !runs_on_rows(self.decl()) {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.enter(bound, None, run) };
            return;
        }
        for argument in &bound.arguments {
            if let Argument::Resource(values) = argument
                && values.write
                && run.step.world.resource_ptr(values.id).is_some()
            {
                // Also where no rows are found, as for a Rust function.
                // SAFETY: the caller holds the declared write.
                unsafe { run.step.world.set_resource_changed(values.id, run.tick) };
            }
        }
        // What it writes is one for all rows: one chunk after another, in an order that is the world's.
        for (archetype, columns) in run.step.world.archetypes().iter().zip(&bound.columns) {
            let Some(columns) = columns else { continue };
            for &chunk in archetype.chunks() {
                // SAFETY: the caller's promise is passed on: access to these columns is declared for all rows.
                unsafe { self.enter_chunk(bound, chunk, columns, 0..CHUNK_ROWS, run) };
            }
        }
    }

    fn takes(&self, see: &mut dyn FnMut(ComponentId)) -> bool {
        self.bound.as_ref().is_some_and(|bound| {
            for argument in &bound.arguments {
                if let Argument::Column(values) = argument {
                    see(values.id);
                }
            }
            !self.decl().whole_chunks
        })
    }

    unsafe fn run_chunk(&self, chunk: ChunkId, rows: Range<u32>, run: &Run<'_>) {
        let Some(bound) = &self.bound else { return };
        let archetype = run.step.world.chunk(chunk).archetype();
        let Some(Some(columns)) = bound.columns.get(archetype as usize) else {
            return;
        };
        if !self.is_out(run.step.step) {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.enter_chunk(bound, chunk, columns, rows, run) };
        }
    }
}

/// A parameter that is an address, with room for its copy where it has to be copied.
fn values(
    world: &World,
    id: ComponentId,
    write: bool,
    form: Form,
    rows: usize,
    area: &mut Area,
) -> Values {
    let schema = world.schema(id);
    let bytes = schema.size as usize;
    let doubtful = (write && schema.has_invalid_bits()).then(|| schema.clone());
    let copied = form == Form::Copied || doubtful.is_some();
    Values {
        id,
        bytes,
        write,
        copied: copied.then(|| area.take(bytes * rows)),
        doubtful,
    }
}
