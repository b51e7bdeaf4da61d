//! What the Logic pool held at points in the past: before a block is written that a point still needs, its old bytes are copied away.
//!
//! ```text
//!           point 1          point 2                          now
//!   block A    |  a0 ─────────  |  a0 kept ──> written ──────  a1      version a0 serves both points
//!   block B    |  b0 ──> b1 ──  |  b1 ──────> written ───────  b2      b0 was kept for point 1, b1 for point 2
//!   block C    |  c0 ─────────  |  c0 ───────────────────────  c0      nobody wrote it: read where it is
//! ```
//!
//! Making a point costs nothing that grows with the pool, addresses never move, and what is written twice is copied once. It works on every
//! host, because it asks for nothing but declared writes: whoever is about to write calls [`History::before_write`]. (A private map of
//! shared pages, the other way, sees later writes and exists on some hosts only. One bit a page set by the processor would
//! find writes that nobody declared, and needs the host's help for each first write.)
//!
//! **Blocks are 4 KiB**, not pages: an entity's slot is 8 bytes in a table that may be large, and a copy of 64 KiB for it would cost more
//! than the step that wrote it. Old bytes go to blocks of the Scene pool, in the name of the owner `rewind`: beside the image, and never
//! where the world's pages would have gone, so that a world has the same pages with and without a history.
//!
//! # The protocol
//! Serials count points and marks. Each block has a state: the serial that was the newest when it was last granted to a writer, or `BUSY`.
//! Serials only grow, so that a new one makes all blocks unsaved at once.
//!
//! ```text
//!   state s < newest ──claim──> BUSY ──old bytes copied──> newest       a writer; who comes second waits for the first
//!   state s < point  ──claim──> BUSY ──bytes copied──────> s            a reader of a point, on any thread
//! ```
//!
//! The claim is a compare-and-swap that acquires; the end of it is a store that releases. So a copy of a block happens between two moments in
//! which nobody writes it: every writer passed through the same state before its first write after the newest serial. The race to be afraid
//! of, a reader who copies a block while a writer begins to write it, is the wait of the second claimant for the first. Waits are short
//! (one copy of 4 KiB), and nobody waits for a block while it holds another with a higher number. Who keeps what is in
//! `books`, behind a lock that is held for a few stores a block.

mod books;
#[cfg(all(test, not(feature = "loom")))]
mod tests;

use std::ptr::NonNull;
use std::slice;
use std::sync::OnceLock;

use crate::sync::{Arc, AtomicU64, Mutex, Ordering, lock, pause, zeroed};
use crate::{Arena, MemoryError, PAGE, PageRun};
use books::Books;

/// Bytes that are saved and compared together.
pub const BLOCK: usize = 4096;

/// Blocks of a page.
const PAGE_BLOCKS: u32 = (PAGE / BLOCK) as u32;

/// The state of a block that someone is copying.
const BUSY: u64 = u64::MAX;

/// Blocks that a writer claims before it takes the lock.
const BATCH: usize = 16;

/// A moment whose bytes are kept. Later points are greater.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Point(u64);

/// A moment since which writes are known.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Mark(u64);

/// The bytes of a point are gone: the budget did not suffice to keep them, or it was let go.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "memory: the old bytes of a kept moment were dropped, because the budget of `rewind` in pool scene was used up; raise it"
)]
pub struct Lost;

/// What a history takes.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct HistoryStats {
    /// Points that can be gone back to.
    pub points: usize,
    /// Bytes of old blocks.
    pub bytes: u64,
    /// Most of them at once.
    pub peak: u64,
    /// Bytes that it may take.
    pub budget: u64,
    /// Points that were dropped because the budget did not suffice.
    pub dropped: u64,
}

/// What one Logic pool held at points in the past. Shared by the one who writes the pool and those who read old points.
#[derive(Debug)]
pub struct History {
    arena: Arena,
    /// Block 0 of the Logic pool.
    base: NonNull<u8>,
    /// Block 0 of the Scene pool.
    store: NonNull<u8>,
    /// The newest serial; 0 while nobody wants to know about writes.
    serial: AtomicU64,
    /// The serial of the newest point that is held; 0 while old bytes are needed by nobody.
    saving: AtomicU64,
    states: OnceLock<Box<[AtomicU64]>>,
    books: Arc<Mutex<Books>>,
}

// SAFETY: the addresses lead into the arena, which the history keeps alive; blocks are reached under the protocol of the module head.
unsafe impl Send for History {}
// SAFETY: as above.
unsafe impl Sync for History {}

impl History {
    /// A history of an arena's Logic pool, in which nothing is kept yet.
    ///
    /// # Safety
    /// As long as a point or a mark is held, whoever writes a byte that the pool's holder may ask for calls [`History::before_write`] first, for
    /// each serial anew. [`keep`](Self::keep), [`mark`](Self::mark), [`undo`](Self::undo), [`sweep`](Self::sweep) and [`fresh`](Self::fresh) are called
    /// while nobody writes, and what is written after them happens after them.
    pub unsafe fn new(arena: &Arena) -> History {
        History {
            arena: arena.clone(),
            base: arena.logic().base(),
            store: arena.scene().base(),
            serial: AtomicU64::new(0),
            saving: AtomicU64::new(0),
            states: OnceLock::new(),
            books: Arc::new(Mutex::new(Books::new(arena.scene().bytes()))),
        }
    }

    /// The most bytes of the Scene pool that old blocks may take; the whole pool unless set. Where more are kept already, the next block that is needed
    /// drops the oldest points.
    pub fn set_budget(&self, bytes: u64) {
        lock(&self.books).set_budget(bytes.min(self.arena.scene().bytes()));
    }

    /// Makes room for this many points, so that keeping them allocates nothing.
    pub fn expect(&self, points: usize) {
        lock(&self.books).expect(points);
    }

    /// Keeps what the pool holds now. To be [let go](Self::let_go) once it is not needed.
    ///
    /// # Errors
    /// The Scene pool has an owner `rewind` already, or none can be added.
    pub fn keep(&self) -> Result<Point, MemoryError> {
        self.sweep();
        let mut books = lock(&self.books);
        books.open(&self.arena, &self.books)?;
        let serial = books.keep();
        self.begin(serial);
        // Relaxed: see `begin`.
        self.saving.store(serial, Ordering::Relaxed);
        Ok(Point(serial))
    }

    /// Notes writes from now on. To be [forgotten](Self::forget) once that is not needed.
    pub fn mark(&self) -> Mark {
        let mut books = lock(&self.books);
        let serial = books.mark();
        self.begin(serial);
        Mark(serial)
    }

    fn begin(&self, serial: u64) {
        self.states
            .get_or_init(|| zeroed((self.arena.logic().pages() * PAGE_BLOCKS) as usize));
        // Relaxed: nobody writes now, and whoever does later was told to by whoever called this, which orders the two.
        self.serial.store(serial, Ordering::Relaxed);
    }

    /// Forgets a mark.
    pub fn forget(&self, _: Mark) {
        lock(&self.books).forget();
    }

    /// Lets a point go, from any thread. Its bytes are recycled at once, or, for the newest point, at the next [`sweep`](Self::sweep).
    pub fn let_go(&self, point: Point) {
        let mut books = lock(&self.books);
        books.let_go(point.0);
        // Relaxed: a writer who sees the old value asks the books.
        self.saving.store(books.saving(), Ordering::Relaxed);
    }

    /// Recycles what was let go, and stops looking at writes once nobody wants to know.
    pub fn sweep(&self) {
        // Relaxed: see `begin`.
        if self.serial.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut books = lock(&self.books);
        if !books.sweep() {
            books.close(self.arena.scene());
            if books.marks() == 0 {
                // Relaxed: as in `begin`.
                self.serial.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Whether a point can still be read and gone back to.
    pub fn holds(&self, point: Point) -> bool {
        lock(&self.books).holds(point.0)
    }

    /// What is kept.
    pub fn stats(&self) -> HistoryStats {
        lock(&self.books).stats()
    }

    /// To be called before bytes of the Logic pool are written: one load and one branch while nothing is kept.
    #[inline(always)]
    pub fn before_write(&self, offset: u32, bytes: usize) {
        // Relaxed: see `begin`.
        if self.serial.load(Ordering::Relaxed) != 0 {
            self.grant(offset, bytes);
        }
    }

    /// As [`before_write`](Self::before_write), by address.
    #[inline(always)]
    pub fn before_write_at(&self, address: *const u8, bytes: usize) {
        // Relaxed: see `begin`.
        if self.serial.load(Ordering::Relaxed) != 0 {
            let offset = address as usize - self.base.as_ptr() as usize;
            self.grant(offset as u32, bytes);
        }
    }

    /// Whether writes are looked at now.
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        // Relaxed: see `begin`.
        self.serial.load(Ordering::Relaxed) != 0
    }

    /// Marks blocks as written, with their old bytes saved where a point needs them.
    #[cold]
    #[inline(never)]
    fn grant(&self, offset: u32, bytes: usize) {
        let Some(last) = bytes.checked_sub(1) else {
            return;
        };
        // Relaxed: see `begin`.
        let serial = self.serial.load(Ordering::Relaxed);
        let (first, last) = (offset as usize / BLOCK, (offset as usize + last) / BLOCK);
        let states = &self.states()[first..=last];
        // Most writes of single rows go where others went before.
        // Acquire: pairs with the release at the end of a claim, as in `claim`.
        let granted = |state: &AtomicU64| state.load(Ordering::Acquire) == serial;
        if !states.iter().all(granted) {
            self.claim(first, states, serial);
        }
    }

    /// Claims those of the blocks from `first` on that are not granted yet, and saves them.
    fn claim(&self, first: usize, states: &[AtomicU64], serial: u64) {
        let mut claimed = Claimed::default();
        for (block, state) in (first..).zip(states) {
            loop {
                // Acquire: pairs with the release at the end of a claim, so the copy was made before the caller writes.
                let old = state.load(Ordering::Acquire);
                if old == serial {
                    break;
                }
                if old == BUSY {
                    // Whoever holds it may wait for a block of ours, unless we give them up.
                    self.save(&mut claimed, serial);
                    pause();
                    continue;
                }
                // Acquire: as above. The failed exchange is looked at again.
                let won = state.compare_exchange(old, BUSY, Ordering::Acquire, Ordering::Relaxed);
                if won.is_ok() {
                    claimed.push(block as u32, old);
                    break;
                }
            }
            if claimed.count == BATCH {
                self.save(&mut claimed, serial);
            }
        }
        self.save(&mut claimed, serial);
    }

    /// Ends claims: copies the blocks that a point needs, and publishes all.
    fn save(&self, claimed: &mut Claimed, serial: u64) {
        let count = std::mem::take(&mut claimed.count);
        if count == 0 {
            return;
        }
        // Relaxed: points come while nobody writes; where one goes meanwhile, the books are asked in vain.
        if self.saving.load(Ordering::Relaxed) != 0 {
            let mut places = [0; BATCH];
            {
                let mut books = lock(&self.books);
                for (place, &(block, old)) in places.iter_mut().zip(&claimed.blocks[..count]) {
                    *place = books.take(block, old, self.arena.scene());
                }
            }
            for (&place, &(block, _)) in places.iter().zip(&claimed.blocks[..count]) {
                if place != books::NONE {
                    // SAFETY: the block lies in the Logic pool and is claimed, so nobody writes it; the place is one of the Scene pool
                    // that the books gave to this block alone and take back only while nobody writes.
                    unsafe {
                        self.stored(place)
                            .copy_from_nonoverlapping(self.live(block), BLOCK);
                    }
                }
            }
        }
        let states = self.states();
        for &(block, _) in &claimed.blocks[..count] {
            // Release: pairs with the acquire of who finds the state, who may write from then on.
            states[block as usize].store(serial, Ordering::Release);
        }
    }

    /// Notes that a run was just reserved or claimed: what it held before is of no interest to any point, since whoever [gave it
    /// up](Self::before_write) granted all of it first.
    pub fn fresh(&self, run: PageRun) {
        // Relaxed: see `begin`.
        let serial = self.serial.load(Ordering::Relaxed);
        if serial == 0 {
            return;
        }
        for state in &self.states()[blocks_of(run)] {
            // Release: readers of points find that the block was granted and ask the books.
            state.store(serial, Ordering::Release);
        }
    }

    /// Calls `each` with the first block, counted from the start of the pool, and the number of blocks of every span of a run that was granted to writers
    /// since a mark.
    pub fn written_spans(&self, mark: Mark, run: PageRun, mut each: impl FnMut(usize, usize)) {
        let blocks = blocks_of(run);
        let first = blocks.start;
        // Relaxed: asked while nobody writes. A reader's claim shows as BUSY, which counts as written at worst.
        let written = |state: &AtomicU64| state.load(Ordering::Relaxed) >= mark.0;
        let mut from = None;
        for (block, state) in (first..).zip(&self.states()[blocks.clone()]) {
            match (from, written(state)) {
                (None, true) => from = Some(block),
                (Some(start), false) => {
                    each(start, block - start);
                    from = None;
                }
                _ => {}
            }
        }
        if let Some(start) = from {
            each(start, blocks.end - start);
        }
    }

    /// Copies whole blocks as they were at a point, from any thread and while others write.
    ///
    /// # Errors
    /// [`Lost`].
    ///
    /// # Panics
    /// Offset or length are no multiple of [`BLOCK`].
    pub fn read(&self, point: Point, offset: u32, target: &mut [u8]) -> Result<(), Lost> {
        assert!(
            (offset as usize).is_multiple_of(BLOCK) && target.len().is_multiple_of(BLOCK),
            "memory: a point is read by whole blocks, not {} bytes from {offset}",
            target.len()
        );
        let first = offset as usize / BLOCK;
        let states = &self.states()[first..];
        for ((block, state), target) in (first as u32..)
            .zip(states)
            .zip(target.chunks_exact_mut(BLOCK))
        {
            self.read_block(point, block, state, target)?;
        }
        if self.holds(point) { Ok(()) } else { Err(Lost) }
    }

    fn read_block(
        &self,
        point: Point,
        block: u32,
        state: &AtomicU64,
        target: &mut [u8],
    ) -> Result<(), Lost> {
        loop {
            // Acquire: pairs with the release at the end of a claim, so an old version is whole.
            let old = state.load(Ordering::Acquire);
            if old == BUSY {
                pause();
            } else if old >= point.0 {
                let books = lock(&self.books);
                let place = books.version(block, point.0)?;
                // SAFETY: the place holds an old version, which was whole before the state was published, and the lock keeps it there.
                let bytes = unsafe { slice::from_raw_parts(self.stored(place), BLOCK) };
                target.copy_from_slice(bytes);
                return Ok(());
            } else if state
                // Acquire: as above.
                .compare_exchange(old, BUSY, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
            {
                // SAFETY: claimed, and not granted since the point, so nobody writes it.
                let bytes = unsafe { slice::from_raw_parts(self.live(block), BLOCK) };
                target.copy_from_slice(bytes);
                // Release: who writes from now on does so after the copy.
                state.store(old, Ordering::Release);
                return Ok(());
            }
        }
    }

    /// Writes back what the blocks of the runs `held` were at a point, and lets it and all later points go.
    ///
    /// # Errors
    /// [`Lost`]; nothing has changed.
    ///
    /// # Safety
    /// The caller holds the runs, which are in order, and nobody uses their bytes meanwhile. They are those that it held at the point.
    pub unsafe fn undo(&self, point: Point, held: &[PageRun]) -> Result<(), Lost> {
        let mut books = lock(&self.books);
        // Relaxed: see `begin`.
        let serial = self.serial.load(Ordering::Relaxed);
        let states = self.states();
        books.undo(point.0, |block, place| {
            let page = block / PAGE_BLOCKS;
            let index = held.partition_point(|run| run.first <= page);
            let within = index > 0 && u64::from(page) < held[index - 1].end();
            if within {
                // SAFETY: the block lies in a run that the caller holds and nobody uses; the place holds an old version, in another pool.
                unsafe {
                    self.live(block)
                        .copy_from_nonoverlapping(self.stored(place), BLOCK);
                }
                // Release: readers of earlier points find that the block was granted.
                states[block as usize].store(serial, Ordering::Release);
            }
        })?;
        // Relaxed: see `begin`.
        self.saving.store(books.saving(), Ordering::Relaxed);
        Ok(())
    }

    fn states(&self) -> &[AtomicU64] {
        self.states.get().map_or(&[], |states| states)
    }

    /// The address of a block of the Logic pool.
    fn live(&self, block: u32) -> *mut u8 {
        self.base.as_ptr().wrapping_add(block as usize * BLOCK)
    }

    /// The address of a place for old bytes.
    fn stored(&self, place: u32) -> *mut u8 {
        self.store
            .as_ptr()
            .wrapping_add(books::block_of(place) as usize * BLOCK)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        lock(&self.books).close(self.arena.scene());
    }
}

/// Blocks that one writer has claimed, with the states that they had.
#[derive(Default)]
struct Claimed {
    blocks: [(u32, u64); BATCH],
    count: usize,
}

impl Claimed {
    fn push(&mut self, block: u32, old: u64) {
        self.blocks[self.count] = (block, old);
        self.count += 1;
    }
}

/// The blocks of a run of the Logic pool.
fn blocks_of(run: PageRun) -> std::ops::Range<usize> {
    let first = (run.first * PAGE_BLOCKS) as usize;
    first..first + (run.pages * PAGE_BLOCKS) as usize
}
