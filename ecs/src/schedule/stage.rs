//! What the executor calls: one step over one world.
//!
//! Many workers run systems at once, each over the columns that it declared; a barrier node has everything to itself. Both are the
//! executor's promise, kept by the plan, and this module is the place that leans on it: the world is reached through a raw pointer,
//! as `&World` by systems (which write columns only through the addresses that they declared) and as `&mut World` by barriers.

use super::{Body, Named};
use crate::chunk::{CHUNK_ROWS, ChunkId};
use crate::cx::{Run, Step};
use crate::workers::Workers;
use crate::world::World;
use layerw_frame_graph::{GroupId, NodeId, Plan, Work};
use layerw_jobs::Jobs;
use layerw_memory::protect::while_running;
use layerw_trace::{Label, label};
use std::cell::UnsafeCell;
use std::ops::Range;
use std::panic::resume_unwind;
use std::ptr::NonNull;

/// The chunks that each group of row systems visits, in order of archetype and row.
pub(super) struct Visits {
    groups: Vec<Vec<ChunkId>>,
    /// Rows in a block, for each group; see [`block_rows`].
    block_rows: Vec<u32>,
    /// The name of each node.
    labels: Vec<Label>,
    /// The group of each node.
    group_of: Vec<Option<GroupId>>,
    /// The world's structure when this was made; never a structure's number at first.
    structure: u64,
}

impl Visits {
    /// For systems that are bound to the world.
    pub(super) fn new(plan: &Plan, nodes: &[Named], world: &World) -> Self {
        Visits {
            groups: vec![Vec::new(); plan.groups().len()],
            block_rows: plan
                .groups()
                .iter()
                .map(|members| block_rows(members, nodes, world))
                .collect(),
            labels: plan.nodes().iter().map(|node| label(&node.name)).collect(),
            group_of: plan.nodes().iter().map(|node| node.group).collect(),
            structure: u64::MAX,
        }
    }

    /// Lists the chunks again where the world's structure has changed. Keeps its memory, so a world whose number of chunks goes up and
    /// down allocates nothing in the long run.
    fn refresh(&mut self, nodes: &mut [Named], plan: &Plan, world: &World) {
        if self.structure == world.structure() {
            return;
        }
        self.structure = world.structure();
        for node in &mut *nodes {
            if let Body::System(system) = &mut node.body {
                system.refresh(world);
            }
        }
        for (chunks, members) in self.groups.iter_mut().zip(plan.groups()) {
            chunks.clear();
            for archetype in world.archetypes() {
                let visits = |node: &NodeId| match &nodes[node.index()].body {
                    Body::System(system) => system.visits(archetype.id()),
                    Body::Exclusive(_) | Body::Apply => false,
                };
                if members.iter().any(visits) {
                    chunks.extend_from_slice(archetype.chunks());
                }
            }
        }
    }
}

/// What a group may keep in a core's nearest cache, in bytes: most of the 32 KiB that the smallest ones have.
const NEAREST_CACHE: u32 = 24 << 10;

/// Chunks for each worker from which on a group keeps all workers busy by whole chunks.
const CHUNKS_PER_WORKER: usize = 4;

/// The most blocks that a chunk can have.
const BLOCKS_MAX: u32 = CHUNK_ROWS / BLOCK_ROWS_MIN;

/// The fewest rows in a block: below that, going from system to system costs as much as the cache saves.
const BLOCK_ROWS_MIN: u32 = 2048;

/// Rows in a block such that all columns that a group's systems take fit the nearest cache together: the systems go over a chunk block by block. Whole
/// chunks if they fit, if blocks would be too small to be worth it, or if a system must see a chunk as a whole.
fn block_rows(members: &[NodeId], nodes: &[Named], world: &World) -> u32 {
    let mut taken = Vec::new();
    for node in members {
        let whole = match &nodes[node.index()].body {
            Body::System(system) => !system.takes(&mut |component| taken.push(component)),
            Body::Exclusive(_) | Body::Apply => true,
        };
        if whole {
            return CHUNK_ROWS;
        }
    }
    taken.sort_unstable();
    taken.dedup();
    let row: u32 = taken.iter().map(|&id| world.schema(id).size).sum();
    match NEAREST_CACHE / row.max(1) {
        ..BLOCK_ROWS_MIN => CHUNK_ROWS,
        rows => (1 << rows.ilog2()).min(CHUNK_ROWS),
    }
}

/// Everything that a barrier may change.
struct Lent<'s> {
    nodes: &'s mut [Named],
    visits: &'s mut Visits,
    /// The world and the workers are lent for `'s`; a barrier has them mutably, everybody else through `step`.
    world: NonNull<World>,
    workers: NonNull<Workers>,
    /// What all systems up to the next barrier share.
    step: Step<'s>,
}

/// Nothing unwinds here, so whoever reports a panic has to be told beforehand what runs.
const ABORTS: bool = cfg!(panic = "abort");

/// One step over one world.
pub(super) struct Stage<'s> {
    lent: UnsafeCell<Lent<'s>>,
    plan: &'s Plan,
    jobs: &'s Jobs,
    /// The change tick before this step; node `i` runs at `base + 1 + i`.
    base: u64,
    news: News,
    /// Whether the world's pages are closed but for grants.
    guarded: bool,
}

// SAFETY: `lent` is read by any number of workers, and changed by a barrier node while the executor runs nothing else. Systems are
// `Send + Sync`; the world's columns are written under the plan, `Workers` is made for sharing.
unsafe impl Sync for Stage<'_> {}

/// From which change tick on what a node sees is news to it.
struct News {
    first: u64,
    /// 1 where it is another tick for each node.
    each: u64,
}

impl News {
    fn new(world: &World, nodes: usize) -> News {
        let (last_tick, last_nodes) = world.last_step();
        // In the first step everything is news, also what was made before any tick had passed. Where the step before was another program's, all of it
        // is: better seen twice than missed.
        let (first, each) = if world.step() == 0 {
            (0, 0)
        } else if last_nodes as usize == nodes {
            (last_tick + 2, 1)
        } else {
            (last_tick + 1, 0)
        };
        News { first, each }
    }

    #[inline(always)]
    fn since(&self, place: u32) -> u64 {
        self.first + self.each * u64::from(place)
    }
}

impl<'s> Stage<'s> {
    pub(super) fn new(
        nodes: &'s mut [Named],
        plan: &'s Plan,
        visits: &'s mut Visits,
        world: &'s mut World,
        jobs: &'s Jobs,
        workers: &'s mut Workers,
        base: u64,
    ) -> Self {
        let news = News::new(world, plan.nodes().len());
        let guarded = world.is_closed();
        let (world, workers) = (NonNull::from(world), NonNull::from(workers));
        // SAFETY: both are lent for `'s`, and only a barrier makes anything mutable of them, which replaces this.
        let (shared, shared_workers) = unsafe { (world.as_ref(), workers.as_ref()) };
        let step = Step {
            world: shared,
            jobs,
            workers: shared_workers,
            dt: shared.dt(),
            step: shared.step(),
            seed: shared.seed(),
        };
        Stage {
            lent: UnsafeCell::new(Lent {
                nodes,
                visits,
                world,
                workers,
                step,
            }),
            plan,
            jobs,
            base,
            news,
            guarded,
        }
    }

    /// Brings systems and chunk lists up to date with the world.
    pub(super) fn refresh(&mut self) {
        let Lent {
            nodes,
            visits,
            step,
            ..
        } = self.lent.get_mut();
        visits.refresh(nodes, self.plan, step.world);
    }

    /// The world, for whoever runs the nodes one by one and looks between two of them.
    pub(super) fn world(&self) -> &World {
        self.lent().step.world
    }

    /// What systems see.
    #[inline(always)]
    fn lent(&self) -> &Lent<'s> {
        // SAFETY: only barriers make `&mut Lent`, and none runs while a system does.
        unsafe { &*self.lent.get() }
    }

    #[inline(always)]
    fn run_of<'a>(&self, step: &'a Step<'a>, node: NodeId, worker: usize, chunk: u32) -> Run<'a> {
        let place = node.index() as u32;
        Run {
            step,
            worker,
            home: worker,
            place,
            chunk,
            tick: self.base + 1 + u64::from(place),
            shared: None,
            since: self.news.since(place),
        }
    }

    /// Runs a system known to whoever has to name it, and with a grant of what it declared to write if the world is guarded. Away from the usual way,
    /// which it would slow down.
    #[cold]
    #[inline(never)]
    fn run_noted(&self, node: NodeId, worker: usize, chunk: Option<ChunkId>, run: impl FnOnce()) {
        let lent = self.lent();
        let named = &lent.nodes[node.index()];
        while_running(worker, &named.name, || {
            let grant = || lent.step.world.grant(&named.writes, chunk);
            let _granted = self.guarded.then(grant);
            run();
        });
    }

    /// Runs a barrier node.
    #[cold]
    #[inline(never)]
    fn barrier(&self, node: NodeId) {
        // SAFETY: the plan orders a barrier against every other node, so nothing else runs, and no
        // reference from `lent` is alive.
        let lent = unsafe { &mut *self.lent.get() };
        // SAFETY: lent for `'s`; nothing else runs, so nobody uses the references in `step`, which are made anew below.
        let (world, workers) = unsafe { (lent.world.as_mut(), lent.workers.as_mut()) };
        if let Err(damaged) = world.open() {
            // No message on the way: it is not this node's fault.
            resume_unwind(Box::new(damaged));
        }
        world.set_tick(self.base + 1 + node.index() as u64);
        let named = &lent.nodes[node.index()];
        match &named.body {
            Body::System(system) | Body::Exclusive(system) => {
                let numbering = world.numbering();
                while_running(0, &named.name, || system.run_exclusive(world));
                // The systems after this one would take columns of the world that was for columns of the one that is.
                assert!(
                    world.numbering() == numbering,
                    "the world was restored or replaced in the middle of a step; do it between two steps"
                );
            }
            Body::Apply => workers.apply(world),
        }
        lent.visits.refresh(lent.nodes, self.plan, world);
        if self.guarded {
            world.close();
        }
        // SAFETY: as in `new`.
        (lent.step.world, lent.step.workers) =
            unsafe { (lent.world.as_ref(), lent.workers.as_ref()) };
    }
}

impl Work for Stage<'_> {
    #[inline]
    fn run(&self, node: NodeId, worker: usize) {
        let lent = self.lent();
        let Body::System(system) = &lent.nodes[node.index()].body else {
            return self.barrier(node);
        };
        let step = &lent.step;
        let run = self.run_of(step, node, worker, 0);
        // SAFETY: the plan orders this node after all that conflict with it, so its declared access is held; the executor calls on
        // the thread that runs as `worker`.
        let work = || unsafe { step.workers.count(worker, run.place, || system.run(&run)) };
        if self.guarded || ABORTS {
            return self.run_noted(node, worker, None, work);
        }
        work();
    }

    fn chunks(&self, group: GroupId) -> usize {
        self.lent().visits.groups[group.index()].len()
    }

    fn run_chunk(&self, node: NodeId, chunk: usize, worker: usize) {
        self.run_rows(node, chunk, 0, 0..CHUNK_ROWS, worker);
    }

    fn blocks(&self, group: GroupId, chunk: usize) -> u32 {
        let lent = self.lent();
        let rows = lent.visits.block_rows[group.index()];
        if rows == CHUNK_ROWS {
            return 1;
        }
        let chunk = lent.visits.groups[group.index()][chunk];
        (lent.step.world.chunk(chunk).len() as u32).div_ceil(rows)
    }

    fn run_block(&self, node: NodeId, chunk: usize, block: u32, worker: usize) {
        if let Some(group) = self.lent().visits.group_of[node.index()] {
            let rows = self.lent().visits.block_rows[group.index()];
            self.run_rows(node, chunk, block, block * rows..(block + 1) * rows, worker);
        }
    }
}

impl Stage<'_> {
    #[inline]
    fn run_rows(&self, node: NodeId, chunk: usize, block: u32, rows: Range<u32>, worker: usize) {
        let lent = self.lent();
        let Some(group) = lent.visits.group_of[node.index()] else {
            return;
        };
        if let Body::System(system) = &lent.nodes[node.index()].body {
            let step = &lent.step;
            // Commands of a block come after those of the blocks before it.
            let place = chunk as u32 * BLOCKS_MAX + block;
            let mut run = self.run_of(step, node, worker, place);
            let threads = self.jobs.threads();
            if threads > 1 && lent.visits.groups[group.index()].len() < CHUNKS_PER_WORKER * threads
            {
                run.shared = Some(lent.visits.labels[node.index()]);
            }
            let visited = lent.visits.groups[group.index()][chunk];
            // SAFETY: as in `run`, for these rows of this chunk: the executor runs a group's systems on a chunk in order, block by block, on one
            // worker.
            let work = || unsafe {
                let run_rows = || system.run_chunk(visited, rows, &run);
                step.workers.count(worker, run.place, run_rows);
            };
            if self.guarded || ABORTS {
                return self.run_noted(node, worker, Some(visited), work);
            }
            work();
        }
    }
}
