//! The cold half of scratch: which blocks of pages it has, and which of them this frame has used.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::POISON;
use crate::consts::{PAGE, pages_for};
use crate::sync::{Arc, Mutex, lock};
use crate::{Arena, MemoryError, Need, Owner, PageRun, Pool, Registration, Rung};

/// Pages of the first block: 256 KiB, well within a core's second-level cache.
const PAGES_FIRST: u32 = 4;

/// Pages that a block grows by at most when nothing larger is asked for: 16 MiB. Blocks double what is held up to here.
const PAGES_STEP_MAX: u32 = 256;

/// Frames after which an unused block goes back to the pool, about a second of play: a spike is paid back, a load that comes
/// every few frames keeps its blocks.
const IDLE_FRAMES: u32 = 64;

/// Blocks in order: spent in this frame, and the one in use. Those kept for later lie apart, where the pool can have them back when it
/// runs out, also while this worker is busy.
pub(super) struct Blocks {
    arena: Arena,
    owner: Owner,
    list: Vec<Block>,
    spare: Arc<Spare>,
    recycling: Option<Registration>,
    /// Index of the block in use; those before it are spent. 0 also when there is none yet.
    current: usize,
    /// Bytes used in spent blocks.
    filled: u64,
    /// Blocks ever reserved.
    reserved: u64,
}

/// Blocks that this frame has not used, in the order in which they came.
#[derive(Default)]
struct Spare(Mutex<Vec<Block>>);

/// One run of pages.
struct Block {
    run: PageRun,
    /// Pages at either end of the run that are its edges and not for use.
    edge: u32,
    start: NonNull<u8>,
    /// Bytes used in this frame, of a spent block.
    used: usize,
    /// Frames since it was last used.
    idle: u32,
    /// Blocks of this scratch that were reserved before it.
    born: u64,
}

// SAFETY: the pointer is an address within the block's own run, used only by whoever owns the block; a spare one is only counted and
// released by others.
unsafe impl Send for Block {}

/// What [`Blocks::take`] found: the memory asked for, and where to go on.
pub(super) struct Taken {
    pub(super) start: NonNull<u8>,
    pub(super) cursor: NonNull<u8>,
    pub(super) end: usize,
}

impl Blocks {
    pub(super) fn new(
        arena: &Arena,
        worker: usize,
        budget_bytes: u64,
    ) -> Result<Blocks, MemoryError> {
        let pool = arena.scene();
        let owner = pool.owner(&format!("scratch {worker}"), budget_bytes)?;
        // Room that steady frames do not outgrow: with doubling, 32 blocks hold gigabytes.
        let room = || Vec::with_capacity(32);
        let spare = Arc::new(Spare(Mutex::new(room())));
        let giving = spare.clone();
        let relieve = move |pool: &Pool, need| giving.relieve(pool, owner, need);
        Ok(Blocks {
            arena: arena.clone(),
            owner,
            list: room(),
            spare,
            recycling: Some(pool.on_pressure(owner, Rung::Recycle, relieve)),
            current: 0,
            filled: 0,
            reserved: 0,
        })
    }

    /// Bytes used in this frame, given the cursor in the current block.
    pub(super) fn used(&self, cursor: NonNull<u8>) -> u64 {
        self.filled + self.used_in_current(cursor) as u64
    }

    /// Memory from another block than the current one, which has no room: a kept one, or a new one.
    pub(super) fn take(
        &mut self,
        layout: Layout,
        cursor: NonNull<u8>,
        end: usize,
    ) -> Result<Taken, MemoryError> {
        self.check_alignment(layout)?;
        let size = layout.size();
        let next = self.list.len();
        let block = match self.spare.take(size) {
            Some(block) => block,
            None => self.add(size)?,
        };
        self.list.push(block);
        let block = &mut self.list[next];
        self.arena.scene().lend_out(block.usable());
        // Blocks begin on a page, so every alignment that was let in holds at their start.
        let start = block.start;
        let left = end - cursor.addr().get();
        if next > 0 && block.bytes() - size < left {
            // A large request: it gets the block to itself, and small ones go on where more room is left.
            block.used = size;
            self.filled += size as u64;
            self.list.swap(self.current, next);
            self.current = next;
            return Ok(Taken { start, cursor, end });
        }
        let block_end = start.addr().get() + block.bytes();
        if next > 0 {
            let used = self.used_in_current(cursor);
            self.list[self.current].used = used;
            self.filled += used as u64;
        }
        self.current = next;
        // SAFETY: the block holds at least `size` bytes.
        let cursor = unsafe { start.add(size) };
        Ok(Taken {
            start,
            cursor,
            end: block_end,
        })
    }

    /// Ends the frame: poisons what was used (debug), gives back what was idle for long, and returns cursor and end of the first
    /// block.
    pub(super) fn rewind(&mut self, cursor: NonNull<u8>) -> (NonNull<u8>, usize) {
        if self.current < self.list.len() {
            self.list[self.current].used = self.used_in_current(cursor);
        }
        let (pool, owner) = (self.arena.scene(), self.owner);
        let (poisons, protects) = (pool.poisons(), pool.edge_pages() > 0);
        for block in &self.list {
            if poisons {
                // SAFETY: within the block, which is this scratch's own; the caller has it exclusively, so no reference into it is left.
                unsafe { block.start.write_bytes(POISON, block.used) };
            }
            pool.take_in(block.usable());
        }
        let mut spare = lock(&self.spare.0);
        spare.retain_mut(|block| {
            block.idle += 1;
            let keep = block.idle < IDLE_FRAMES;
            if !keep {
                pool.release(owner, block.run);
            }
            keep
        });
        for mut block in self.list.drain(..) {
            block.idle = 0;
            spare.push(block);
        }
        // Back to the order in which they came, so that the same frame again gets the same addresses, hot from the last one.
        spare.sort_unstable_by_key(|block| block.born);
        // Under protection no block may be touched before it is asked for, so none is in use until then.
        if !spare.is_empty() && !protects {
            self.list.push(spare.remove(0));
        }
        drop(spare);
        (self.current, self.filled) = (0, 0);
        let first = self.list.first();
        first.map_or((pool.base(), pool.base().addr().get()), |block| {
            (block.start, block.start.addr().get() + block.bytes())
        })
    }

    /// Gives all spare blocks back.
    pub(super) fn trim(&mut self) {
        let need = Need { pages: u32::MAX };
        self.spare.relieve(self.arena.scene(), self.owner, need);
    }

    /// Reserves a block of at least `size` bytes.
    fn add(&mut self, size: usize) -> Result<Block, MemoryError> {
        let pool = self.arena.scene();
        let needed = u32::try_from(pages_for(size as u64)).unwrap_or(u32::MAX);
        let held: u32 = self.list.iter().map(|block| block.usable().pages).sum();
        let held = held + self.spare.pages();
        let comfortable = held.clamp(PAGES_FIRST, PAGES_STEP_MAX).max(needed);
        // Near the budget, or in a fragmented pool: what is needed is better than what would be comfortable.
        let edge = pool.edge_pages();
        let [least, wanted] = [needed, comfortable].map(|pages| pages.saturating_add(2 * edge));
        let run = pool.reserve_unzeroed_at_least(self.owner, least, wanted)?;
        let usable = pool.set_edges(run, edge);
        let born = self.reserved;
        self.reserved += 1;
        Ok(Block {
            run,
            edge,
            start: pool.address(usable),
            used: 0,
            idle: 0,
            born,
        })
    }

    fn used_in_current(&self, cursor: NonNull<u8>) -> usize {
        let in_use = self.list.get(self.current);
        in_use.map_or(0, |block| cursor.addr().get() - block.start.addr().get())
    }

    fn check_alignment(&self, layout: Layout) -> Result<(), MemoryError> {
        if layout.align() <= PAGE {
            return Ok(());
        }
        let owner = self.arena.scene().holding(self.owner).owner;
        Err(MemoryError::Alignment {
            owner,
            asked: layout.align() as u64,
            max: PAGE as u64,
        })
    }
}

impl Spare {
    /// The first block of at least `size` bytes.
    fn take(&self, size: usize) -> Option<Block> {
        let mut blocks = lock(&self.0);
        let found = blocks.iter().position(|block| block.bytes() >= size)?;
        Some(blocks.remove(found))
    }

    fn pages(&self) -> u32 {
        lock(&self.0).iter().map(|block| block.usable().pages).sum()
    }

    /// Gives up the newest blocks, as many as are needed.
    fn relieve(&self, pool: &Pool, owner: Owner, need: Need) {
        let (mut blocks, mut given) = (lock(&self.0), 0);
        while given < need.pages
            && let Some(block) = blocks.pop()
        {
            pool.release(owner, block.run);
            given += block.run.pages;
        }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.recycling = None;
        let pool = self.arena.scene();
        // Emptied, because the pool may still be calling `Spare::relieve` from another thread.
        for block in self.list.drain(..).chain(lock(&self.spare.0).drain(..)) {
            pool.release(self.owner, block.run);
        }
        pool.retire(self.owner);
    }
}

impl Block {
    fn bytes(&self) -> usize {
        self.usable().pages as usize * PAGE
    }

    /// The run without its edges.
    fn usable(&self) -> PageRun {
        PageRun {
            first: self.run.first + self.edge,
            pages: self.run.pages - 2 * self.edge,
        }
    }
}
