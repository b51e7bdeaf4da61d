//! The archetypes that a fetch and its filters match, found once per change of structure and not once per run.

use crate::archetype::Archetype;
use crate::chunk::{Chunk, ChunkId};
use crate::fetch::Fetch;
use crate::filter::Resolved;
use crate::registry::ComponentId;
use crate::world::World;

/// Column numbers of a fetch for each archetype of a world.
pub struct Matches<F: Fetch> {
    state: F::State,
    filters: Vec<Resolved>,
    looks_into_chunks: bool,
    columns: Vec<Option<F::Columns>>,
}

impl<F: Fetch> Matches<F> {
    pub(crate) fn new(state: F::State, filters: Vec<Resolved>) -> Self {
        let looks_into_chunks = filters.iter().any(Resolved::looks_into_chunks);
        Matches {
            state,
            filters,
            looks_into_chunks,
            columns: Vec::new(),
        }
    }

    /// Looks at the archetypes that came since the last call; archetypes never go.
    pub(crate) fn refresh(&mut self, world: &World) {
        for archetype in &world.archetypes()[self.columns.len()..] {
            let matching = self
                .filters
                .iter()
                .all(|filter| filter.archetype(archetype));
            self.columns.push(if matching {
                F::columns(self.state, archetype)
            } else {
                None
            });
        }
    }

    /// Calls `see` with each component that the fetch takes.
    pub(crate) fn components(&self, see: &mut impl FnMut(ComponentId)) {
        F::accesses(self.state, &mut |component, _| see(component));
    }

    /// What the fetch takes, where no filter asks for more than that.
    #[inline]
    pub(crate) fn unfiltered(&self) -> Option<F::State> {
        self.filters.is_empty().then_some(self.state)
    }

    /// Whether filters ask what happened to a chunk.
    pub(crate) fn looks_into_chunks(&self) -> bool {
        self.looks_into_chunks
    }

    /// The columns in an archetype, `None` where it does not match.
    #[inline]
    pub(crate) fn columns(&self, archetype: u32) -> Option<F::Columns> {
        self.columns[archetype as usize]
    }

    /// The columns in a chunk that matches with all filters.
    #[inline]
    pub(crate) fn chunk(&self, world: &World, chunk: Chunk<'_>, since: u64) -> Option<F::Columns> {
        let columns = self.columns(chunk.archetype())?;
        if self.looks_into_chunks && !self.passes(world, chunk, since) {
            return None;
        }
        Some(columns)
    }

    /// Whether all filters let a chunk pass. Apart, so that a look-up without such filters stays in registers: single entities are looked up
    /// by the million.
    #[inline(never)]
    fn passes(&self, world: &World, chunk: Chunk<'_>, since: u64) -> bool {
        let archetype = &world.archetypes()[chunk.archetype() as usize];
        self.filters
            .iter()
            .all(|filter| filter.chunk(archetype, chunk, since))
    }

    /// The matching archetypes with their columns, in order of creation.
    pub(crate) fn archetypes<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a Archetype, F::Columns)> {
        world
            .archetypes()
            .iter()
            .zip(&self.columns)
            .filter_map(|(archetype, columns)| Some((archetype, (*columns)?)))
    }

    /// The matching chunks in order of archetype and row.
    pub(crate) fn chunks<'a>(
        &'a self,
        world: &'a World,
        since: u64,
    ) -> impl Iterator<Item = (ChunkId, Chunk<'a>, F::Columns)> {
        self.archetypes(world)
            .flat_map(move |(archetype, columns)| {
                // SAFETY: the archetype is one of this world's.
                let chunks = unsafe { world.chunks_of(archetype) };
                chunks.filter_map(move |(id, chunk)| {
                    self.filters
                        .iter()
                        .all(|filter| filter.chunk(archetype, chunk, since))
                        .then_some((id, chunk, columns))
                })
            })
    }
}
