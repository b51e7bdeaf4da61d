//! Systems: a function with the access that its signature declares.

use crate::access::Access;
use crate::chunk::ChunkId;
use crate::cx::Run;
use crate::error::EcsError;
use crate::registry::ComponentId;
use crate::world::World;
use std::ops::Range;

/// How a system runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Once per chunk, touching only the row at hand: chunks run in parallel, and chains of such systems run chunk by chunk.
    Rows,
    /// Once per step, with queries over any rows.
    Whole,
    /// Once per step on worker 0, for things that are bound to a thread.
    Pinned,
    /// Once per step while nothing else runs, with the whole world to itself.
    Exclusive,
    /// Never: it is the point where the commands recorded so far are applied, as [`Entry::Apply`](crate::schedule::Entry::Apply), for those who hand out
    /// systems in a row.
    Apply,
}

/// What the engine drives: declared access and a function, erased. Scripts become the same thing as Rust functions here.
///
/// # Safety
/// `run` and `run_chunk` touch only what `declare` declared, in the way that it said: systems that declare nothing in common run at the same time, over
/// one world. A [`Rows`](Kind::Rows) system touches only the rows of the chunk that it is given.
pub unsafe trait System: Send + Sync {
    /// How it runs.
    fn kind(&self) -> Kind;

    /// Registers components and declares the access; called again after a restore, when component ids may differ.
    ///
    /// # Errors
    /// A component's name is taken by another layout.
    fn declare(&mut self, world: &mut World) -> Result<Access, EcsError>;

    /// Looks at archetypes that came since the last call.
    fn refresh(&mut self, world: &World);

    /// Whether a row system visits an archetype.
    fn visits(&self, archetype: u32) -> bool;

    /// Runs a whole or pinned system.
    ///
    /// # Safety
    /// The declared access is held, and the calling thread runs as `run.worker`.
    unsafe fn run(&self, run: &Run<'_>);

    /// What a row system takes from a chunk: calls `see` with each component. False if what it does with a row depends on what else happens to the chunk,
    /// so that it must see a chunk as a whole.
    fn takes(&self, _see: &mut dyn FnMut(ComponentId)) -> bool {
        false
    }

    /// Runs a row system on some rows of a chunk, all of them or a block; returns at once where the chunk does not match.
    ///
    /// # Safety
    /// As [`System::run`], for these rows of this chunk.
    unsafe fn run_chunk(&self, chunk: ChunkId, rows: Range<u32>, run: &Run<'_>);

    /// Runs an exclusive system.
    fn run_exclusive(&self, _world: &mut World) {}
}

/// What a system throws that stops a step without a panic: something outside the program is wrong, a script. The text says where and why.
#[derive(Debug)]
pub struct Stopped(pub String);

/// A system with its name and its place in the order, ready to be added to a simulation.
pub struct SystemDecl {
    /// Unique name; by default the function's.
    pub name: String,
    /// Names of systems that must run before, beyond what conflicts and written order say.
    pub after: Vec<String>,
    /// The system.
    pub system: Box<dyn System>,
}
