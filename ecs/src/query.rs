//! Queries: components of all entities that match, for whole systems and for code between steps.

use crate::access::Access;
use crate::archetype::Archetype;
use crate::chunk::{Chunk, ChunkId};
use crate::cx::{Cx, Run};
use crate::entities::Slots;
use crate::entity::Entity;
use crate::error::EcsError;
use crate::fetch::{Fetch, ReadFetch, SliceFetch};
use crate::filter::{Filter, QueryFilter, Resolved};
use crate::matches::Matches;
use crate::par::map::{Places, filled};
use crate::params::Param;
use crate::registry::ComponentId;
use crate::simd::{self, Kernel};
use crate::walk::Walk;
use crate::world::World;
use layerw_jobs::Jobs;
use layerw_memory::ScratchVec;
use layerw_trace::Label;
use std::marker::PhantomData;
use std::ops::Range;

/// The components `Q` of all entities that match the filter `F`, as a parameter of a whole system.
///
/// Entities come in order of archetype creation and row, the same on every host and for any number of workers.
pub struct Query<'a, Q: Fetch, F = ()> {
    matches: &'a Matches<Q>,
    run: &'a Run<'a>,
    /// For looking single entities up, where no filter asks for more than the components.
    lookup: Option<Lookup<Q>>,
    marker: PhantomData<fn() -> F>,
}

impl<'a, Q: Fetch, F> Query<'a, Q, F> {
    /// Number of matching entities.
    pub fn len(&self) -> usize {
        self.chunks().map(|(chunk, _)| chunk.len()).sum()
    }

    /// Whether nothing matches.
    pub fn is_empty(&self) -> bool {
        // An archetype keeps its first chunk when its last row goes.
        self.chunks().all(|(chunk, _)| chunk.is_empty())
    }

    /// All matching entities, to read.
    pub fn iter(&self) -> impl Iterator<Item = Q::Item<'_>>
    where
        Q: ReadFetch,
    {
        // SAFETY: the system that holds the query declared the access, and the fetch writes nothing, so rows may be lent many times.
        self.chunks()
            .flat_map(|(chunk, columns)| unsafe { rows::<Q>(chunk, columns) })
    }

    /// All matching entities, to write.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = Q::Item<'_>> {
        self.mark();
        // SAFETY: the system that holds the query declared the access; `&mut self` lends each row once at a time.
        self.chunks()
            .flat_map(|(chunk, columns)| unsafe { rows::<Q>(chunk, columns) })
    }

    /// Calls `f` for all matching entities, chunks in parallel on as many workers as help. `f` must
    /// write to its own row only.
    pub fn par_for_each(
        &mut self,
        cx: Cx<'_>,
        label: Label,
        f: impl Fn(Q::Item<'_>, Cx<'_>) + Sync,
    ) {
        self.mark();
        let visits = Visits::new(self, cx);
        let world = self.run.step.world;
        let run = *self.run;
        cx.par_for(label, visits.chunks.len(), 1, |range, cx| {
            let visits = &visits;
            let worker = cx.worker();
            let run = Run { worker, ..run };
            for visit in &visits.chunks[range] {
                let chunk = world.chunk(visit.chunk);
                let cx = Cx::row(&run, chunk.entities(), 0);
                // SAFETY: the system declared the access, and each chunk is visited by one worker, once.
                unsafe { each::<Q>(chunk, visit.columns, |row, item| f(item, cx.at(row))) };
            }
        });
    }

    /// Calls `f` for all matching entities, each with its place in the query's order, chunks in parallel on as many workers
    /// as help. `f` must write to its own row only.
    pub fn par_enumerate(
        &mut self,
        cx: Cx<'_>,
        label: Label,
        f: impl Fn(usize, Q::Item<'_>) + Sync,
    ) {
        self.mark();
        let visits = Visits::new(self, cx);
        let world = self.run.step.world;
        cx.par_for(label, visits.chunks.len(), 1, |range, _| {
            let visits = &visits;
            for visit in &visits.chunks[range] {
                let chunk = world.chunk(visit.chunk);
                // SAFETY: the system declared the access, and each chunk is visited by one worker, once.
                unsafe { each::<Q>(chunk, visit.columns, |row, item| f(visit.first + row, item)) };
            }
        });
    }

    /// `f` of all matching entities in order, in frame scratch; computed by as many workers as help.
    pub fn collect<'f, T: Copy + Send + Sync>(
        &self,
        cx: Cx<'f>,
        label: Label,
        f: impl Fn(Q::Item<'_>) -> T + Sync,
    ) -> ScratchVec<'f, T>
    where
        Q: ReadFetch,
    {
        let visits = Visits::new(self, cx);
        let world = self.run.step.world;
        // SAFETY: chunks have disjoint places, `first..first + len`, which together are all below `rows`.
        unsafe {
            filled(cx, visits.rows, |places: Places<T>| {
                cx.par_for(label, visits.chunks.len(), 1, |range, _| {
                    let visits = &visits;
                    for visit in &visits.chunks[range] {
                        let chunk = world.chunk(visit.chunk);
                        // The system declared the access, and the fetch writes nothing.
                        each::<Q>(chunk, visit.columns, |row, item| {
                            places.at(visit.first + row).write(f(item));
                        });
                    }
                });
            })
        }
    }

    /// One entity's components, to read.
    #[inline]
    pub fn get(&self, entity: Entity) -> Option<Q::Item<'_>>
    where
        Q: ReadFetch,
    {
        // SAFETY: the access is declared, and the fetch writes nothing.
        unsafe { self.one(entity) }
    }

    /// One entity's components, to write.
    #[inline]
    pub fn get_mut(&mut self, entity: Entity) -> Option<Q::Item<'_>> {
        // SAFETY: the access is declared; `&mut self` lends the row once at a time.
        let item = unsafe { self.one(entity) };
        if item.is_some() {
            self.mark_entity(entity);
        }
        item
    }

    /// Matching chunks with their columns.
    fn chunks(&self) -> impl Iterator<Item = (Chunk<'a>, Q::Columns)> + use<'a, Q, F> {
        self.matches
            .chunks(self.run.step.world, self.run.since)
            .map(|(_, chunk, columns)| (chunk, columns))
    }

    /// # Safety
    /// As [`Fetch::item`].
    #[inline]
    unsafe fn one(&self, entity: Entity) -> Option<Q::Item<'a>> {
        match self.lookup {
            // SAFETY: the world is shared for as long as the query's system runs; the rest is the caller's promise.
            Some(lookup) => unsafe { lookup.one(entity) },
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.one_filtered(entity) },
        }
    }

    /// By way of the archetype and the chunk, which the filters look at. Apart, so that what looks up entities without filters by the million stays
    /// small.
    ///
    /// # Safety
    /// As [`Fetch::item`].
    #[inline(never)]
    unsafe fn one_filtered(&self, entity: Entity) -> Option<Q::Item<'a>> {
        let world = self.run.step.world;
        let (chunk, row) = world.location(entity)?;
        let chunk = world.chunk(chunk);
        let columns = self.matches.chunk(world, chunk, self.run.since)?;
        // SAFETY: a location's row is below its chunk's length; the rest is the caller's promise.
        Some(unsafe { Q::item(Q::pointers(columns, chunk), row) })
    }

    /// Notes the write on all matching chunks: ticks are set when access is granted.
    fn mark(&self) {
        for (chunk, columns) in self.chunks() {
            // SAFETY: the system declared the write, so nobody else sets these ticks meanwhile.
            Q::written(columns, &mut |column| unsafe {
                chunk.set_changed(column, self.run.tick)
            });
        }
    }

    fn mark_entity(&self, entity: Entity) {
        let world = self.run.step.world;
        if let Some((chunk, _)) = world.location(entity) {
            let chunk = world.chunk(chunk);
            if let Some(columns) = self.matches.columns(chunk.archetype()) {
                // SAFETY: as in `mark`.
                Q::written(columns, &mut |column| unsafe {
                    chunk.set_changed(column, self.run.tick)
                });
            }
        }
    }
}

/// What leads from an entity to its components.
struct Lookup<Q: Fetch> {
    slots: Slots,
    places: Q::Places,
}

impl<Q: Fetch> Clone for Lookup<Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: Fetch> Copy for Lookup<Q> {}

impl<Q: Fetch> Lookup<Q> {
    /// # Safety
    /// As [`Fetch::item`], and the world has been shared since this was made.
    #[inline(always)]
    unsafe fn one<'w>(self, entity: Entity) -> Option<Q::Item<'w>> {
        // SAFETY: the world has been shared since the slots were looked at.
        let location = unsafe { self.slots.find(entity)? };
        // SAFETY: the entity lives there, so the row is below its chunk's length; the rest is the caller's promise.
        unsafe {
            Q::at(
                self.places,
                ChunkId(location.chunk()),
                location.row() as usize,
            )
        }
    }
}

/// Rows chunk by chunk, as slices of equal length: for kernels that want whole columns, and for those who sum and sort.
impl<'a, Q: SliceFetch, F> Query<'a, Q, F> {
    /// The columns of each matching chunk, in order, to read. The first chunk of an archetype may be empty.
    pub fn slices(&self) -> impl Iterator<Item = Q::Slices<'a>> + use<'a, Q, F>
    where
        Q: ReadFetch,
    {
        // SAFETY: the system declared the read, so nobody writes these rows while it runs, and the fetch writes nothing.
        self.chunks()
            .map(|(chunk, columns)| unsafe { Q::slices(Q::pointers(columns, chunk), chunk.len()) })
    }

    /// The columns of each matching chunk, in order, to write. The first chunk of an archetype may be empty.
    pub fn slices_mut(&mut self) -> impl Iterator<Item = Q::Slices<'_>> {
        self.mark();
        // SAFETY: the system declared the access; `&mut self` lends each row once at a time.
        self.chunks()
            .map(|(chunk, columns)| unsafe { Q::slices(Q::pointers(columns, chunk), chunk.len()) })
    }
}

/// All rows of a chunk.
///
/// # Safety
/// As [`Fetch::item`] for all rows.
unsafe fn rows<'w, Q: Fetch>(
    chunk: Chunk<'w>,
    columns: Q::Columns,
) -> impl Iterator<Item = Q::Item<'w>> {
    let pointers = Q::pointers(columns, chunk);
    // SAFETY: rows are below the length; the rest is the caller's promise.
    (0..chunk.len()).map(move |row| unsafe { Q::item(pointers, row) })
}

/// Calls `f` for all rows of a chunk, each with its place in it.
///
/// # Safety
/// As [`Fetch::item`] for all rows.
#[inline(always)]
unsafe fn each<'w, Q: Fetch>(
    chunk: Chunk<'w>,
    columns: Q::Columns,
    f: impl FnMut(usize, Q::Item<'w>),
) {
    let (pointers, rows) = (Q::pointers(columns, chunk), chunk.len());
    simd::run(rows, true, Each::<Q, _> { pointers, rows, f });
}

/// A function about to be called for all rows of a chunk, to which the access is held.
struct Each<'w, Q: Fetch, F> {
    pointers: Q::Pointers<'w>,
    rows: usize,
    f: F,
}

impl<'w, Q: Fetch, F: FnMut(usize, Q::Item<'w>)> Kernel for Each<'w, Q, F> {
    #[inline(always)]
    fn run(mut self) {
        for row in 0..self.rows {
            // SAFETY: `each`, which alone makes this, passes its caller's promise on; rows are below the length.
            (self.f)(row, unsafe { Q::item(self.pointers, row) });
        }
    }
}

/// A chunk to visit.
struct Visit<Q: Fetch> {
    chunk: ChunkId,
    columns: Q::Columns,
    /// Rows in the chunks before it.
    first: usize,
}

impl<Q: Fetch> Clone for Visit<Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: Fetch> Copy for Visit<Q> {}

/// A query's chunks in scratch, for loops that several workers share. (A query itself stays on its
/// worker.)
struct Visits<'s, Q: Fetch> {
    chunks: &'s [Visit<Q>],
    rows: usize,
}

impl<'s, Q: Fetch> Visits<'s, Q> {
    fn new<F>(query: &Query<'_, Q, F>, cx: Cx<'s>) -> Self {
        let run = query.run;
        let mut chunks = cx.scratch().vec::<Visit<Q>>(64);
        let mut rows = 0;
        for (chunk, view, columns) in query.matches.chunks(run.step.world, run.since) {
            chunks.push(Visit {
                chunk,
                columns,
                first: rows,
            });
            rows += view.len();
        }
        Visits {
            chunks: chunks.into_slice(),
            rows,
        }
    }
}

// SAFETY: queries of a system are shared by the parts of its own loop only; matches are plain data that nobody changes while systems run.
unsafe impl<Q: Fetch + 'static, F: QueryFilter + 'static> Param for Query<'_, Q, F> {
    type State = Matches<Q>;
    type Item<'a> = Query<'a, Q, F>;

    fn declare(world: &mut World, access: &mut Access) -> Result<Matches<Q>, EcsError> {
        let state = Q::declare(world, access, false)?;
        let mut filters = Vec::new();
        F::filters(&mut filters);
        let filters = filters
            .iter()
            .map(|filter| filter.resolve(world, access, false))
            .collect::<Result<Vec<Resolved>, _>>()?;
        Ok(Matches::new(state, filters))
    }

    fn refresh(state: &mut Matches<Q>, world: &World) {
        state.refresh(world);
    }

    unsafe fn get<'a>(state: &'a Matches<Q>, run: &'a Run<'a>) -> Query<'a, Q, F> {
        let world = run.step.world;
        let lookup = |state| Lookup {
            slots: world.entities.slots(),
            places: Q::places(state, world),
        };
        Query {
            matches: state,
            run,
            lookup: state.unfiltered().map(lookup),
            marker: PhantomData,
        }
    }
}

impl World {
    /// All entities with the components `Q`, to read, between steps.
    pub fn query<Q: ReadFetch>(&self) -> impl Iterator<Item = Q::Item<'_>> {
        self.query_filtered::<Q, ()>()
    }

    /// As [`World::query`] with filters. `Changed` passes every chunk: between steps there is no run to compare with.
    pub fn query_filtered<Q: ReadFetch, F: QueryFilter>(
        &self,
    ) -> impl Iterator<Item = Q::Item<'_>> {
        let bound = Q::find(self).zip(resolve::<F>(self));
        // No archetype where a component is unknown.
        let columns = move |archetype: &Archetype| {
            let (state, filters) = bound.as_ref()?;
            let columns = Q::columns(*state, archetype)?;
            filters
                .iter()
                .all(|filter| filter.archetype(archetype))
                .then_some(columns)
        };
        // SAFETY: the world is borrowed, so nobody writes it, and the fetch writes nothing.
        unsafe { Walk::<Q, _, _>::new(self, columns, |_, _| {}) }
    }

    /// How many chunks [`World::par_chunks`] calls its function for.
    pub fn count_chunks<Q: ReadFetch>(&self) -> usize {
        self.matching::<Q>()
            .map(|(archetype, _)| archetype.chunks().len())
            .sum()
    }

    /// Calls `f` for each chunk of entities with the components `Q`, to read, between steps: with its place in the order of [`World::query`] and its
    /// rows, on as many workers as help. The first chunk of an archetype may be empty. Nothing is allocated.
    pub fn par_chunks<Q: ReadFetch>(
        &self,
        jobs: &Jobs,
        label: Label,
        f: impl Fn(usize, ChunkRows<'_, Q>) + Sync,
    ) {
        let mut before = 0;
        for (archetype, columns) in self.matching::<Q>() {
            let chunks = archetype.chunks();
            jobs.par_for(label, chunks.len(), 1, |range, _| {
                for place in range {
                    let chunk = self.chunk(chunks[place]);
                    let pointers = Q::pointers(columns, chunk);
                    let rows = 0..chunk.len();
                    f(before + place, ChunkRows { pointers, rows });
                }
            });
            before += chunks.len();
        }
    }

    /// Archetypes with the components `Q`, and where these stand.
    fn matching<Q: ReadFetch>(&self) -> impl Iterator<Item = (&Archetype, Q::Columns)> {
        let state = Q::find(self);
        self.archetypes().iter().filter_map(move |archetype| {
            let columns = Q::columns(state?, archetype)?;
            Some((archetype, columns))
        })
    }

    /// All entities with the components `Q`, to write, between steps.
    ///
    /// # Panics
    /// `Q` names a component twice, once to write.
    pub fn query_mut<Q: Fetch>(&mut self) -> impl Iterator<Item = Q::Item<'_>> {
        let state = Q::find(self).unwrap_or_else(|| {
            let declared = Q::declare(self, &mut Access::default(), false);
            declared.unwrap_or_else(|error| panic!("{error}"))
        });
        refuse_twice::<Q>(self, state);
        let tick = self.tick();
        let world = &*self;
        // Nobody begins to keep what is written while the world is borrowed mutably.
        let kept = world.pages.history().is_on();
        let mark = move |chunk: Chunk<'_>, columns: Q::Columns| {
            // SAFETY: the world is borrowed mutably for as long as the iterator lives, and without a history nobody has to be told.
            Q::written(columns, &mut |column| unsafe {
                if kept {
                    chunk.set_changed(column, tick);
                } else {
                    chunk.set_tick(column, tick);
                }
            });
        };
        let columns = move |archetype: &Archetype| Q::columns(state, archetype);
        // SAFETY: the world is borrowed mutably for as long as the iterator lives, which yields each row once.
        unsafe { Walk::<Q, _, _>::new(world, columns, mark) }
    }
}

/// The rows of a chunk, to read.
pub struct ChunkRows<'w, Q: ReadFetch> {
    pointers: Q::Pointers<'w>,
    rows: Range<usize>,
}

impl<'w, Q: ReadFetch> Iterator for ChunkRows<'w, Q> {
    type Item = Q::Item<'w>;

    #[inline(always)]
    fn next(&mut self) -> Option<Q::Item<'w>> {
        let row = self.rows.next()?;
        // SAFETY: `par_chunks`, which alone makes this, borrows the world for `'w`, so nobody writes it; the fetch writes nothing; rows are below the chunk's length.
        Some(unsafe { Q::item(self.pointers, row) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// # Panics
/// `Q` names a component twice, once to write.
#[inline]
fn refuse_twice<Q: Fetch>(world: &World, state: Q::State) {
    let mut place = 0;
    Q::accesses(state, &mut |id, write| {
        let mut earlier = 0;
        Q::accesses(state, &mut |other, other_write| {
            if earlier < place && other == id && (write || other_write) {
                named_twice(world, id);
            }
            earlier += 1;
        });
        place += 1;
    });
}

#[cold]
#[inline(never)]
fn named_twice(world: &World, id: ComponentId) -> ! {
    let name = &world.schema(id).name;
    panic!("a query names {name} twice, once to write; take it once as `&mut {name}`");
}

/// The filters in a borrowed world; `None` where one asks for a component that the world has never seen.
fn resolve<F: QueryFilter>(world: &World) -> Option<Vec<Resolved>> {
    let mut filters: Vec<Filter> = Vec::new();
    F::filters(&mut filters);
    let known = |filter: &Filter| {
        filter
            .find(world)
            .map(Some)
            .or(filter.matches_unknown().then_some(None))
    };
    Some(
        filters
            .iter()
            .map(known)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect(),
    )
}
