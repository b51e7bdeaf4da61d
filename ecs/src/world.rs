//! The world: everything that a simulation's next step depends on, in one pool of pages.

mod change;
mod event;
mod grant;
mod raw;
mod resource;
mod spawn;

pub use grant::Held;
pub use spawn::Spawned;

use crate::archetype::Archetype;
use crate::bundle::Bundles;
use crate::chunk::{Chunk, ChunkId};
use crate::entities::Entities;
use crate::entity::Entity;
use crate::error::EcsError;
use crate::local::Locals;
use crate::pages::Pages;
use crate::past::Past;
use crate::protect::Closed;
use crate::registry::{self, ComponentId, Components};
use crate::root::{ROOT_RUN, Root, TableHeader, TableName};
use crate::schema::{Component, Schema};
use crate::slab::{ENTITY_COLUMN, Slabs};
use crate::storage::{ColumnPlaces, Context, EntityPlaces, Storage};
use crate::table::Table;
use bytemuck::Pod;
use layerw_memory::Arena;
use std::any::TypeId;
use std::mem;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entities with their components, resources, events and the simulation's clock, in the Logic pool of one arena.
///
/// # Sharing
/// While systems run, workers share `&World`. What it can reach safely then does not change: which entities live, where their rows are, resources' and
/// locals' places. Values of columns, resources and locals are reached by raw addresses ([`Chunk::column_ptr`],
/// [`World::resource_ptr`], [`World::local_ptr`]) under the access that each system declared. The safe readers of values ([`World::get`],
/// [`World::resource`], [`World::local`], [`World::events`], the hash, the snapshot) are for whoever knows that no system writes meanwhile: the
/// engine hands a `&World` to user code only between steps, or to systems that declared the whole world.
pub struct World {
    pub(crate) pages: Pages,
    root: *mut Root,
    pub(crate) components: Components,
    pub(crate) entities: Entities,
    pub(crate) storage: Storage,
    bundles: Bundles,
    locals: Locals,
    pub(crate) restored: u64,
    /// Differs between all worlds of the process.
    pub(crate) identity: u64,
    /// Component lists under construction; kept for its memory.
    list: Vec<ComponentId>,
    /// Past steps and forks.
    pub(crate) past: Past,
    /// Whether systems are running: what they are halfway through is no state to keep.
    pub(crate) stepping: bool,
    /// Under protection: whether only systems can write.
    pub(crate) closed: Closed,
}

// SAFETY: the pointers lead into the arena, whose pages this world alone owns and keeps alive; locals are `Send` themselves.
unsafe impl Send for World {}
// SAFETY: through `&World` the tables are only read, except change ticks, which are atomics. Values of columns, resources and locals are
// written through `&World` only by `unsafe` means, whose callers promise that nobody else uses the same value meanwhile.
unsafe impl Sync for World {}

impl World {
    /// An empty world in the Logic pool of an arena, which it owns until it is dropped.
    ///
    /// # Errors
    /// [`EcsError::PoolTaken`] where another world is there already, [`EcsError::Memory`] where the pool is too small for the first tables (about
    /// ten pages).
    pub fn new(arena: &Arena) -> Result<World, EcsError> {
        let pages = Pages::new(arena);
        let pool = pages.pool();
        let taken = |source| EcsError::PoolTaken { source };
        let table_owner = pool.owner(TABLES, pool.bytes()).map_err(taken)?;
        let entity_owner = match pool.owner(ENTITIES, pool.bytes()) {
            Ok(owner) => owner,
            Err(source) => {
                pool.retire(table_owner);
                return Err(taken(source));
            }
        };
        let claimed = pool.claim(table_owner, ROOT_RUN);
        if let Err(source) = claimed {
            pool.retire(table_owner);
            pool.retire(entity_owner);
            return Err(taken(source));
        }
        pool.zero(table_owner, ROOT_RUN);
        // SAFETY: the root's page was claimed for this world just now, and it is larger than `Root`.
        unsafe { pages.base().cast::<Root>().write(Root::new()) };
        // SAFETY: the root and the page were made just now; no table has a run.
        let tables = unsafe { Tables::new(&pages, pages.base().cast()) };
        Components::new(tables.components, table_owner, entity_owner, &pages).map_or_else(
            |refusal| {
                pages.pool().release(table_owner, ROOT_RUN);
                pages.pool().retire(table_owner);
                pages.pool().retire(entity_owner);
                Err(refusal)
            },
            // SAFETY: as above; the components' table is the one that was just grown.
            |components| Ok(unsafe { World::over(pages.clone(), components, 1) }),
        )
    }

    /// A world over a root and tables that exist, with the indices rebuilt from them.
    ///
    /// # Safety
    /// Page 0 holds a valid root, whose runs belong to the owners in `components`, which knows all components of the table.
    unsafe fn over(pages: Pages, components: Components, structure: u64) -> World {
        let root: *mut Root = pages.base().cast();
        // SAFETY: the promise above. The table of components is in use already and dropped here.
        let tables = unsafe { Tables::new(&pages, root) };
        let slabs = Slabs::new(tables.slabs, &components);
        let storage = Storage::new(
            tables.archetypes,
            tables.lists,
            tables.chunks,
            tables.columns,
            slabs,
            &components,
            structure,
        );
        let entities = Entities::new(tables.slots, tables.free);
        let (bundles, locals, list) = (Bundles::default(), Locals::default(), Vec::new());
        World {
            pages,
            root,
            components,
            entities,
            storage,
            bundles,
            locals,
            restored: 0,
            identity: next_identity(),
            list,
            past: Past::default(),
            stepping: false,
            closed: Closed::default(),
        }
    }

    /// Rebuilds everything beside the arena over pages that were filled with another world.
    ///
    /// # Safety
    /// As [`World::over`], with the owners in `infos`, which begin with the components of the table.
    pub(crate) unsafe fn rebuild(&mut self, infos: Vec<registry::Info>) {
        // SAFETY: the promise above; the tables so far are replaced and not used again.
        let tables = unsafe { Tables::new(&self.pages, self.root) };
        self.components.renumber(tables.components, infos);
        let slabs = Slabs::new(tables.slabs, &self.components);
        let structure = self.storage.structure + 1;
        self.storage = Storage::new(
            tables.archetypes,
            tables.lists,
            tables.chunks,
            tables.columns,
            slabs,
            &self.components,
            structure,
        );
        self.entities = Entities::new(tables.slots, tables.free);
        self.bundles = Bundles::default();
        self.restored += 1;
    }

    /// Makes a world that holds nothing but its root page an empty one.
    pub(crate) fn clear(&mut self) {
        // SAFETY: page 0 is the world's, and is larger than `Root`.
        unsafe { self.root.write(Root::new()) };
        // SAFETY: the root was made just now; no table has a run.
        unsafe { self.rebuild(Vec::new()) };
    }

    /// Refuses what cannot be done while systems run.
    ///
    /// # Errors
    /// [`EcsError::StepRuns`].
    pub(crate) fn refuse_in_step(&self, what: &'static str) -> Result<(), EcsError> {
        if self.stepping {
            let step = self.step();
            return Err(EcsError::StepRuns { what, step });
        }
        Ok(())
    }

    /// The arena that the world lives in.
    pub fn arena(&self) -> &Arena {
        self.pages.arena()
    }

    /// Makes a component type known, if it is not.
    ///
    /// # Errors
    /// [`EcsError::LayoutConflict`] where the name is known with another layout, [`EcsError::TwoTypes`] where it belongs to another Rust
    /// type, [`EcsError::TooManyComponents`].
    pub fn register<T: Component>(&mut self) -> Result<ComponentId, EcsError> {
        self.components.register::<T>(&self.pages)
    }

    /// Makes a component known by its layout alone, as a script or a file declares it.
    ///
    /// # Errors
    /// As [`World::register`], and [`EcsError::BadSchema`] where the layout does not hold together.
    pub fn register_schema(&mut self, schema: Schema) -> Result<ComponentId, EcsError> {
        self.components.register_schema(schema, &self.pages)
    }

    /// The number of a component type, if it is known.
    #[inline]
    pub fn component_id<T: Component>(&self) -> Option<ComponentId> {
        self.components.of::<T>()
    }

    /// The number of the component with this name, if it is known.
    pub fn component_id_by_name(&self, name: &str) -> Option<ComponentId> {
        self.components.by_name(name)
    }

    /// All components that the world knows, in order of number.
    pub fn component_ids(&self) -> impl Iterator<Item = ComponentId> + use<> {
        self.components.ids()
    }

    /// The layout of a component.
    ///
    /// # Panics
    /// The number is not of this world.
    pub fn schema(&self, id: ComponentId) -> &Schema {
        self.components.schema(id)
    }

    /// Living entities.
    pub fn len(&self) -> usize {
        self.entities.len() as usize
    }

    /// Whether no entity lives.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an entity lives.
    #[inline]
    pub fn contains(&self, entity: Entity) -> bool {
        self.entities.find(entity).is_some()
    }

    /// The chunk of a living entity and its row there.
    #[inline]
    pub fn location(&self, entity: Entity) -> Option<(ChunkId, usize)> {
        let location = self.entities.find(entity)?;
        Some((ChunkId(location.chunk()), location.row() as usize))
    }

    /// All archetypes, in order of creation. None is ever removed.
    pub fn archetypes(&self) -> &[Archetype] {
        &self.storage.archetypes
    }

    /// A chunk of an archetype.
    ///
    /// # Panics
    /// The number is not of this world.
    #[inline(always)]
    pub fn chunk(&self, id: ChunkId) -> Chunk<'_> {
        Chunk::new(&self.storage, &self.pages, id)
    }

    /// The chunks of an archetype, in order, without a look at whether they exist.
    ///
    /// # Safety
    /// The archetype is of this world.
    #[inline(always)]
    pub(crate) unsafe fn chunks_of<'w>(
        &'w self,
        archetype: &'w Archetype,
    ) -> impl Iterator<Item = (ChunkId, Chunk<'w>)> {
        // SAFETY: an archetype lists chunks that exist, in the world that it is of.
        let chunk = |id| unsafe { Chunk::listed(&self.storage, &self.pages, id) };
        archetype.chunks().iter().map(move |&id| (id, chunk(id)))
    }

    /// Where all chunks have a component.
    #[inline(always)]
    pub(crate) fn column_places(&self, component: ComponentId) -> ColumnPlaces {
        self.storage.places.of(component, self.pages.base())
    }

    /// Where all chunks have their entities.
    pub(crate) fn entity_places(&self) -> EntityPlaces {
        self.storage.entity_places(self.pages.base())
    }

    /// A number that changes whenever archetypes or chunks come, go or move. Caches of chunks or column addresses compare it.
    pub fn structure(&self) -> u64 {
        self.storage.structure
    }

    /// A number that changes when an image is restored into this world: component numbers may differ then, and locals are out of date.
    pub fn restored(&self) -> u64 {
        self.restored
    }

    /// Which world this is and how often it was restored: two equal ones have the same component numbers.
    pub(crate) fn numbering(&self) -> Numbering {
        Numbering {
            world: self.identity,
            restored: self.restored,
        }
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.root().step
    }

    /// Sets the number of steps done.
    pub fn set_step(&mut self, step: u64) {
        self.root_mut().step = step;
    }

    /// The seed of all randomness.
    pub fn seed(&self) -> u64 {
        self.root().seed
    }

    /// Sets the seed.
    pub fn set_seed(&mut self, seed: u64) {
        self.root_mut().seed = seed;
    }

    /// Simulated seconds a step; 1/60 unless set.
    pub fn dt(&self) -> f64 {
        self.root().dt
    }

    /// Sets the simulated seconds a step.
    pub fn set_dt(&mut self, dt: f64) {
        self.root_mut().dt = dt;
    }

    /// The change tick that edits through `&mut World` are marked with.
    #[inline]
    pub fn tick(&self) -> u64 {
        self.root().tick
    }

    /// Sets that tick.
    pub fn set_tick(&mut self, tick: u64) {
        self.root_mut().tick = tick;
    }

    /// The change tick before the last step, and how many nodes that step had.
    pub(crate) fn last_step(&self) -> (u64, u32) {
        let root = self.root();
        (root.last_tick, root.last_nodes)
    }

    /// Counts a step that began at this change tick and had so many nodes.
    pub(crate) fn end_step(&mut self, base: u64, nodes: u32) {
        let root = self.root_mut();
        root.step += 1;
        root.tick = base + u64::from(nodes) + 2;
        (root.last_tick, root.last_nodes) = (base, nodes);
    }

    /// Keeps a value beside the world: not hashed, not in images. Returns the one it replaces.
    pub fn insert_local<T: Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        self.locals.insert(value)
    }

    /// Takes a value from beside the world.
    pub fn remove_local<T: Send + Sync + 'static>(&mut self) -> Option<T> {
        self.locals.remove()
    }

    /// A value beside the world.
    pub fn local<T: Send + Sync + 'static>(&self) -> Option<&T> {
        // SAFETY: the value of this key is a `T`; that no system writes it meanwhile is the rule for sharing a world.
        self.locals
            .get(TypeId::of::<T>())
            .map(|value| unsafe { value.cast().as_ref() })
    }

    /// A value beside the world, to change.
    pub fn local_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        // SAFETY: the value of this key is a `T`, and `&mut self` makes this the only reference.
        self.locals
            .get(TypeId::of::<T>())
            .map(|value| unsafe { value.cast().as_mut() })
    }

    /// The address of a value beside the world, by its type. It stays while the value is there.
    pub fn local_ptr(&self, id: TypeId) -> Option<NonNull<u8>> {
        self.locals.get(id)
    }

    #[inline(always)]
    pub(crate) fn root(&self) -> Root {
        // SAFETY: page 0 holds the root as long as the world lives, and it changes only under `&mut self`.
        unsafe { *self.root }
    }

    fn root_mut(&mut self) -> &mut Root {
        self.pages.before_write(0, size_of::<Root>());
        // SAFETY: as above; tables keep addresses of their headers, but nobody uses them while this reference lives.
        unsafe { &mut *self.root }
    }

    /// Bytes of the arena, all of which the world holds.
    pub(crate) fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        debug_assert!((offset + len) as u64 <= self.pages.pool().bytes());
        // SAFETY: bytes of pages that the world holds, which are initialised from the start; that no system writes them meanwhile is the rule
        // for sharing a world.
        unsafe { slice::from_raw_parts(self.pages.at(offset as u32), len) }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            components: &self.components,
            pages: &self.pages,
            tick: self.tick(),
        }
    }
}

/// Of what a component number, a column number or an archetype number is one.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) struct Numbering {
    world: u64,
    restored: u64,
}

fn next_identity() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the numbers need only differ.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Drop for World {
    fn drop(&mut self) {
        // What checksums show no longer matters to anybody.
        let _ = self.open();
        let owners: Vec<_> = self
            .components
            .ids()
            .chain([ENTITY_COLUMN])
            .map(|id| self.components.owner(id))
            .collect();
        for held in self.runs() {
            self.pages.release(self.owner_of(held.holder), held.run);
        }
        for owner in owners.into_iter().chain([self.components.table_owner()]) {
            self.pages.pool().retire(owner);
        }
    }
}

/// Names under which the world holds pages that belong to no component.
const TABLES: &str = "world tables";
const ENTITIES: &str = "entity ids";

/// The tables, each of its type.
struct Tables {
    slots: Table<crate::entities::Slot>,
    free: Table<u32>,
    components: Table<crate::registry::ComponentRecord>,
    archetypes: Table<crate::archetype::ArchetypeRecord>,
    lists: Table<u32>,
    chunks: Table<crate::chunk::ChunkRecord>,
    columns: Table<crate::chunk::ColumnRecord>,
    slabs: Table<crate::slab::SlabRecord>,
}

impl Tables {
    /// # Safety
    /// As [`World::over`]; each root gets one set of tables.
    unsafe fn new(pages: &Pages, root: *mut Root) -> Self {
        /// # Safety
        /// As above.
        unsafe fn table<T: Pod>(pages: &Pages, root: *mut Root, name: TableName) -> Table<T> {
            let offset = mem::offset_of!(Root, tables) + name as usize * size_of::<TableHeader>();
            // SAFETY: the header of this name, within the root; the caller promises that its run is valid.
            unsafe { Table::new(pages, root.cast::<u8>().add(offset).cast()) }
        }
        // SAFETY: the caller's promise, for each header once.
        unsafe {
            Tables {
                slots: table(pages, root, TableName::Slots),
                free: table(pages, root, TableName::Free),
                components: table(pages, root, TableName::Components),
                archetypes: table(pages, root, TableName::Archetypes),
                lists: table(pages, root, TableName::Lists),
                chunks: table(pages, root, TableName::Chunks),
                columns: table(pages, root, TableName::Columns),
                slabs: table(pages, root, TableName::Slabs),
            }
        }
    }
}
