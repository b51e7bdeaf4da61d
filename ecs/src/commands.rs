//! Changes of structure, recorded while systems run and applied when none does.
//!
//! A system that spawns, despawns, inserts or removes cannot do so at once: others read the same tables. It records commands into its
//! worker's scratch instead. All commands that one system recorded on one block of a chunk (usually all of it) form a **segment**, tagged
//! with the system's place in written order and the block's place among those of all its chunks. The rows of a system that records commands are never
//! shared between workers, so a segment stands in recording order, and sorting segments by tag gives one order for any number of workers and any
//! schedule.
//!
//! ```text
//!   worker 0   [system 0, chunk 0] → [system 1, chunk 0] → …        a list of segments per worker,
//!   worker 1   [system 0, chunk 1] → …                              each a list of records in scratch
//!   applied    system 0: chunk 0, chunk 1; system 1: chunk 0, …
//! ```

mod template;

pub use template::{InvalidValue, Template};

use crate::bundle::Bundle;
use crate::cx::Run;
use crate::entity::Entity;
use crate::schema::Component;
use crate::world::World;
use layerw_memory::{Scratch, ScratchVec};
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

/// Where in the order of the step a segment was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag {
    /// The system's place in written order.
    pub(crate) place: u32,
    /// The place among the blocks of all chunks that the system's group visits; 0 for whole systems.
    pub(crate) chunk: u32,
}

/// An entity that will exist once the commands are applied. Usable with the [`Commands`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Its place among those that the same commands spawn.
    index: u32,
    tag: Tag,
    step: u64,
}

/// An entity for a command: one that lives, or one that the same commands spawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An entity of the world.
    Living(Entity),
    /// An entity that an earlier command of the same system on the same chunk spawns.
    Spawned(Pending),
}

impl From<Entity> for Subject {
    fn from(entity: Entity) -> Self {
        Subject::Living(entity)
    }
}

impl From<Pending> for Subject {
    fn from(pending: Pending) -> Self {
        Subject::Spawned(pending)
    }
}

/// Records changes of structure; they happen at the end of the step or at the next `apply` between systems, and no system sees them before.
///
/// A command on an entity that is gone by then is dropped: two systems may despawn the same entity in one step.
pub struct Commands<'a> {
    scratch: &'a Scratch,
    log: &'a Log,
    tag: Tag,
    step: u64,
}

impl<'a> Commands<'a> {
    /// Commands of one run.
    ///
    /// # Safety
    /// The calling thread runs as `run.worker`.
    pub(crate) unsafe fn new(run: &'a Run<'a>) -> Self {
        let workers = run.step.workers;
        // SAFETY: the caller's promise.
        unsafe {
            Commands {
                scratch: workers.scratch(run.worker),
                log: &workers.own(run.worker).log,
                tag: run.tag(),
                step: run.step.step,
            }
        }
    }

    /// The commands of a run, for systems that are no Rust functions; those get theirs as a parameter.
    ///
    /// # Safety
    /// The calling thread runs as `run.worker`, and the system [takes](crate::system::System::takes) whole chunks only where what it records depends on that.
    pub unsafe fn of_run(run: &'a Run<'a>) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Commands::new(run) }
    }

    /// The same commands for the next row.
    pub(crate) fn again(&self) -> Self {
        Commands { ..*self }
    }

    /// Spawns an entity. Its id is given when the command is applied; until then the returned [`Pending`] stands for it in later commands.
    pub fn spawn<B: Bundle + Copy + Send + Sync + 'static>(&mut self, bundle: B) -> Pending {
        let pending = self.pending();
        self.record(bundle, |bundle, applier| {
            let entity = applier.world.spawn(bundle);
            applier.spawned.push(entity);
        });
        pending
    }

    /// The next entity that these commands spawn.
    fn pending(&mut self) -> Pending {
        let segment = self.segment();
        // SAFETY: the segment lives in this worker's scratch until the step's end, and only this thread touches it meanwhile.
        let index = unsafe {
            (*segment).spawns += 1;
            (*segment).spawns - 1
        };
        Pending {
            index,
            tag: self.tag,
            step: self.step,
        }
    }

    /// Despawns an entity with all its components.
    pub fn despawn(&mut self, subject: impl Into<Subject>) {
        self.record(subject.into(), |subject, applier| {
            // An entity that is already gone is what the command asked for.
            let _ = applier.world.despawn(applier.entity(subject));
        });
    }

    /// Adds components to an entity, replacing those that it has.
    pub fn insert<B: Bundle + Copy + Send + Sync + 'static>(
        &mut self,
        subject: impl Into<Subject>,
        bundle: B,
    ) {
        self.record((subject.into(), bundle), |(subject, bundle), applier| {
            // Documented: commands on entities that are gone are dropped.
            let _ = applier.world.insert(applier.entity(subject), bundle);
        });
    }

    /// Removes the components of a bundle from an entity; those that it lacks are passed over.
    pub fn remove<B: Bundle + 'static>(&mut self, subject: impl Into<Subject>) {
        self.record(
            (subject.into(), PhantomData::<fn() -> B>),
            |(subject, _), applier| {
                // Documented: commands on entities that are gone are dropped.
                let _ = applier.world.remove::<B>(applier.entity(subject));
            },
        );
    }

    /// Sends an event. Readers see it in the next step.
    pub fn send<T: Component>(&mut self, event: T) {
        self.record(event, |event, applier| applier.world.send_event(event));
    }

    /// The segment of this system and chunk, begun by the first command. It is the worker's newest one until the run ends, because a
    /// worker runs nothing else in between.
    fn segment(&mut self) -> *mut Segment {
        let newest = self.log.newest.get();
        // SAFETY: a log holds live segments only: they are forgotten before their scratch is vented.
        if !newest.is_null() && unsafe { (*newest).tag } == self.tag {
            return newest;
        }
        let segment: *mut Segment = self.scratch.alloc(Segment {
            tag: self.tag,
            spawns: 0,
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            next: newest,
        });
        self.log.newest.set(segment);
        segment
    }

    fn record<P: Copy + 'static>(&mut self, payload: P, apply: fn(P, &mut Applier<'_>)) {
        let segment = self.segment();
        let header = Header {
            next: ptr::null_mut(),
            run: run::<P>,
        };
        let record: *mut Record<P> = self.scratch.alloc(Record {
            header,
            apply,
            payload,
        });
        let header: *mut Header = record.cast();
        // SAFETY: segment and records stand in this worker's scratch, which lives until the step's end and so outlives `self`; only the
        // worker's own thread touches them while systems run. `last`, where set, is the header of the record made before this one.
        unsafe {
            if (*segment).last.is_null() {
                (*segment).first = header;
            } else {
                (*(*segment).last).next = header;
            }
            (*segment).last = header;
        }
    }
}

/// The commands of one system on one chunk: a list of records.
#[derive(Clone, Copy)]
struct Segment {
    tag: Tag,
    spawns: u32,
    first: *mut Header,
    last: *mut Header,
    next: *mut Segment,
}

/// What all records begin with.
#[derive(Clone, Copy)]
struct Header {
    next: *mut Header,
    run: unsafe fn(*const Header, &mut Applier<'_>),
}

/// One command. `repr(C)` puts the header first, so that a record's address is its header's.
#[derive(Clone, Copy)]
#[repr(C)]
struct Record<P> {
    header: Header,
    apply: fn(P, &mut Applier<'_>),
    payload: P,
}

/// Applies the record that begins with `header`.
///
/// # Safety
/// `header` is the head of a live `Record<P>`.
unsafe fn run<P: Copy>(header: *const Header, applier: &mut Applier<'_>) {
    // SAFETY: the caller's promise; the record is plain data and only read.
    let record = unsafe { &*header.cast::<Record<P>>() };
    (record.apply)(record.payload, applier);
}

/// The segments that one worker recorded in this step, newest first.
pub(crate) struct Log {
    newest: Cell<*mut Segment>,
}

// SAFETY: the pointers lead into the scratch that stands beside the log in the same `Worker`; the two move between threads together.
unsafe impl Send for Log {}

impl Default for Log {
    fn default() -> Self {
        Log {
            newest: Cell::new(ptr::null_mut()),
        }
    }
}

impl Log {
    pub(crate) fn clear(&self) {
        self.newest.set(ptr::null_mut());
    }

    /// All segments, newest first.
    fn segments(&self) -> impl Iterator<Item = *const Segment> {
        let newest: *const Segment = self.newest.get();
        std::iter::successors((!newest.is_null()).then_some(newest), |&segment| {
            // SAFETY: a log holds live segments only: they are forgotten by `clear` before their scratch is vented.
            let next: *const Segment = unsafe { (*segment).next };
            (!next.is_null()).then_some(next)
        })
    }
}

/// What a command sees while it is applied.
struct Applier<'a> {
    /// Whose commands these are.
    tag: Tag,
    world: &'a mut World,
    /// The entities that this segment spawned so far.
    spawned: ScratchVec<'a, Entity>,
}

impl Applier<'_> {
    fn entity(&self, subject: Subject) -> Entity {
        match subject {
            Subject::Living(entity) => entity,
            Subject::Spawned(pending) => {
                assert!(
                    pending.tag == self.tag && pending.step == self.world.step(),
                    "a `Pending` was used with other commands than those that spawned it; keep it within one run \
                     of the system",
                );
                self.spawned[pending.index as usize]
            }
        }
    }
}

/// Applies what all logs hold.
#[derive(Default)]
pub(crate) struct Applying {
    /// The place of the system whose commands are at it.
    place: Option<u32>,
}

impl Applying {
    /// Applies what the logs hold and empties them. Lists of what is to be done stand in scratch, so that it does not matter to the allocator in which
    /// step there is most to do.
    pub(crate) fn apply<'a>(
        &mut self,
        logs: impl Iterator<Item = &'a Log> + Clone,
        world: &mut World,
        scratch: &Scratch,
    ) {
        let all = || logs.clone().flat_map(Log::segments);
        let count = all().count();
        if count == 0 {
            return;
        }
        // SAFETY: a log holds live segments only: they are forgotten by `clear` before their scratch is vented.
        let most = all().map(|segment| unsafe { (*segment).spawns }).max();
        let mut segments = scratch.vec::<*const Segment>(count);
        all().for_each(|segment| segments.push(segment));
        logs.clone().for_each(Log::clear);
        // Tags are unique: a system runs on a block of a chunk once per step, on one worker.
        // SAFETY: as above, every collected segment is live.
        segments
            .as_mut_slice()
            .sort_unstable_by_key(|&segment| unsafe { (*segment).tag });
        let mut applier = Applier {
            // SAFETY: as above, and there is one.
            tag: unsafe { (*segments.as_slice()[0]).tag },
            world,
            spawned: scratch.vec(most.unwrap_or(0) as usize),
        };
        for &segment in segments.as_slice() {
            // SAFETY: as above.
            applier.tag = unsafe { (*segment).tag };
            self.place = Some(applier.tag.place);
            applier.spawned.clear();
            // SAFETY: as above.
            let mut header: *const Header = unsafe { (*segment).first };
            while !header.is_null() {
                // SAFETY: every header in the list was put in front of a live record by `Commands::record`, together with the `run` of
                // that record's own type.
                unsafe {
                    ((*header).run)(header, &mut applier);
                    header = (*header).next;
                }
            }
        }
        self.place = None;
    }

    /// The place of the system whose commands were being applied when that panicked; forgets it.
    pub(crate) fn take_applying(&mut self) -> Option<u32> {
        self.place.take()
    }
}
