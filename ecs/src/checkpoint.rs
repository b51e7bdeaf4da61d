//! A copy of a world in memory, brought up to date by copying what changed: for going back a few steps, or to the state before a step that failed.
//!
//! What changed is known from declared writes, by blocks of 4 KiB (see [`layerw_memory::history`]): columns of chunks that were lent, and of tables
//! what entities that came, went or moved have touched. So a copy costs what was written since the one before it, and a look at one number per
//! block. Where runs of pages came, went or grew, everything is copied.

use crate::error::EcsError;
use crate::image::HeldRun;
use crate::pages::Pages;
use crate::schema::Schema;
use crate::world::World;
use layerw_memory::{BLOCK, Copies, Mark, PAGE, PageRun};

/// A world's state at one moment. While it is held, the world notes which of its blocks are written. Keeps its buffers, so that bringing it up to date in a steady simulation allocates nothing.
pub struct Checkpoint {
    stamp: Stamp,
    /// Since when writes count, in the pages that they are noted of.
    since: (Pages, Mark),
    schemas: Vec<Schema>,
    runs: Vec<HeldRun>,
    /// Where the stored pages of each run begin in `bytes`.
    starts: Vec<usize>,
    bytes: Copies,
    /// The world's runs as they are now; kept for its memory.
    now: Vec<HeldRun>,
}

/// What must be equal for a copy to be brought up to date piece by piece.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
struct Stamp {
    world: u64,
    restored: u64,
    structure: u64,
    components: u32,
}

impl World {
    /// Copies the world's state.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            stamp: self.stamp(),
            since: (self.pages.clone(), self.pages.history().mark()),
            schemas: Vec::new(),
            runs: Vec::new(),
            starts: Vec::new(),
            bytes: Copies::default(),
            now: Vec::new(),
        };
        self.runs_into(&mut checkpoint.runs);
        checkpoint.copy_all(self);
        checkpoint
    }

    /// Makes the world what it was when the checkpoint was taken or last brought up to date. The rest is as for [`World::restore`].
    ///
    /// # Errors
    /// As [`World::restore`]: [`EcsError::Image`] where the checkpoint is of a world in which a component of the same name has another layout; that
    /// and [`EcsError::Memory`] where another holder has taken pages of the pool meanwhile.
    pub fn roll_back(&mut self, checkpoint: &Checkpoint) -> Result<(), EcsError> {
        let mut starts = checkpoint.starts.iter();
        self.seat(&checkpoint.schemas, &checkpoint.runs, &mut |_, target| {
            let start = *starts.next().expect("a start for each run");
            target.copy_from_slice(&checkpoint.bytes[start..][..target.len()]);
            Ok(())
        })
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            world: self.identity,
            restored: self.restored,
            structure: self.structure(),
            components: self.components.len(),
        }
    }
}

impl Checkpoint {
    /// Copies what changed in the world since the last time; everything, if it is another world. To be called between steps, like
    /// [`World::checkpoint`].
    pub fn update(&mut self, world: &World) {
        world.runs_into(&mut self.now);
        if self.stamp == world.stamp() && self.now == self.runs {
            self.copy_changes(world);
        } else {
            self.runs.clone_from(&self.now);
            self.copy_all(world);
        }
    }

    /// Bytes that the copy takes.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn note(&mut self, world: &World) {
        self.stamp = world.stamp();
        let mark = world.pages.history().mark();
        let (pages, old) = std::mem::replace(&mut self.since, (world.pages.clone(), mark));
        pages.history().forget(old);
    }

    fn copy_all(&mut self, world: &World) {
        self.note(world);
        if self.stamp.components as usize != self.schemas.len() || !self.knows_schemas_of(world) {
            self.schemas = world
                .component_ids()
                .map(|id| world.schema(id).clone())
                .collect();
        }
        self.starts.clear();
        let mut end = 0;
        for held in &self.runs {
            self.starts.push(end);
            end += held.stored as usize * PAGE;
        }
        self.bytes.set_len(end);
        for (held, &start) in self.runs.iter().zip(&self.starts) {
            let stored = held.stored as usize * PAGE;
            self.bytes
                .write(start, world.bytes(held.run.offset() as usize, stored));
        }
    }

    fn knows_schemas_of(&self, world: &World) -> bool {
        world
            .component_ids()
            .zip(&self.schemas)
            .all(|(id, schema)| world.schema(id) == schema)
    }

    fn copy_changes(&mut self, world: &World) {
        let since = self.since.1;
        for index in 0..self.runs.len() {
            let HeldRun { run, stored, .. } = self.runs[index];
            let run = PageRun {
                first: run.first,
                pages: stored,
            };
            let start = self.starts[index];
            world
                .pages
                .history()
                .written_spans(since, run, |first, count| {
                    let at = start + (first * BLOCK) - run.offset() as usize;
                    let bytes = world.bytes(first * BLOCK, count * BLOCK);
                    self.bytes.write(at, bytes);
                });
        }
        self.note(world);
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        let (pages, mark) = &self.since;
        pages.history().forget(*mark);
    }
}
