//! The cold half of scratch: which blocks of pages it has, and which of them this frame has used.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::POISON;
use crate::consts::{PAGE, pages_for};
use crate::{Arena, MemoryError, Owner, PageRun};

/// Pages of the first block: 256 KiB, well within a core's second-level cache.
const PAGES_FIRST: u32 = 4;

/// Pages that a block grows by at most when nothing larger is asked for: 16 MiB. Blocks double what is held up to here.
const PAGES_STEP_MAX: u32 = 256;

/// Frames after which an unused block goes back to the pool, about a second of play: a spike is paid back, a load that comes
/// every few frames keeps its blocks.
const IDLE_FRAMES: u32 = 64;

/// Blocks in order: spent in this frame, the one in use, kept for later.
pub(super) struct Blocks {
    arena: Arena,
    owner: Owner,
    list: Vec<Block>,
    /// Index of the block in use; those before it are spent. 0 also when there is none yet.
    current: usize,
    /// Bytes used in spent blocks.
    filled: u64,
    /// Blocks ever reserved.
    reserved: u64,
}

/// One run of pages.
struct Block {
    run: PageRun,
    start: NonNull<u8>,
    /// Bytes used in this frame, of a spent block.
    used: usize,
    /// Frames since it was last used.
    idle: u32,
    /// Blocks of this scratch that were reserved before it.
    born: u64,
}

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
        let owner = arena
            .scene()
            .owner(&format!("scratch {worker}"), budget_bytes)?;
        // Room that steady frames do not outgrow: with doubling, 32 blocks hold gigabytes.
        Ok(Blocks {
            arena: arena.clone(),
            owner,
            list: Vec::with_capacity(32),
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
        let next = if self.list.is_empty() {
            0
        } else {
            self.current + 1
        };
        let index = match self.list[next..]
            .iter()
            .position(|block| block.bytes() >= size)
        {
            Some(offset) => next + offset,
            None => self.add(size)?,
        };
        self.list.swap(next, index);
        let block = &mut self.list[next];
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
        if let Some(used) = self
            .list
            .get(self.current)
            .map(|_| self.used_in_current(cursor))
        {
            self.list[self.current].used = used;
        }
        let (pool, owner, current) = (self.arena.scene(), self.owner, self.current);
        let mut index = 0;
        self.list.retain_mut(|block| {
            let touched = index <= current;
            index += 1;
            block.idle = if touched { 0 } else { block.idle + 1 };
            if cfg!(debug_assertions) && touched {
                // SAFETY: within the block, which is this scratch's own; the caller has it exclusively, so no reference into it is left.
                unsafe { block.start.write_bytes(POISON, block.used) };
            }
            let keep = block.idle < IDLE_FRAMES;
            if !keep {
                pool.release(owner, block.run);
            }
            keep
        });
        // Back to the order in which they came, so that the same frame again gets the same addresses, hot from the last one.
        self.list.sort_unstable_by_key(|block| block.born);
        (self.current, self.filled) = (0, 0);
        let first = self.list.first();
        first.map_or((pool.base(), pool.base().addr().get()), |block| {
            (block.start, block.start.addr().get() + block.bytes())
        })
    }

    /// Reserves a block of at least `size` bytes; returns its place in the list.
    fn add(&mut self, size: usize) -> Result<usize, MemoryError> {
        let pool = self.arena.scene();
        let needed = u32::try_from(pages_for(size as u64)).unwrap_or(u32::MAX);
        let held: u32 = self.list.iter().map(|block| block.run.pages).sum();
        let comfortable = held.clamp(PAGES_FIRST, PAGES_STEP_MAX).max(needed);
        let reserve = |pages| pool.reserve_unzeroed(self.owner, pages);
        let run = match reserve(comfortable) {
            // Near the budget, or in a fragmented pool: what is needed is better than what would be comfortable.
            Err(_) if needed < comfortable => reserve(needed)?,
            other => other?,
        };
        self.list.push(Block {
            run,
            start: pool.address(run),
            used: 0,
            idle: 0,
            born: self.reserved,
        });
        self.reserved += 1;
        Ok(self.list.len() - 1)
    }

    fn used_in_current(&self, cursor: NonNull<u8>) -> usize {
        self.list
            .get(self.current)
            .map_or(0, |block| cursor.addr().get() - block.start.addr().get())
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

impl Drop for Blocks {
    fn drop(&mut self) {
        let pool = self.arena.scene();
        for block in &self.list {
            pool.release(self.owner, block.run);
        }
        pool.retire(self.owner);
    }
}

impl Block {
    fn bytes(&self) -> usize {
        self.run.pages as usize * PAGE
    }
}
