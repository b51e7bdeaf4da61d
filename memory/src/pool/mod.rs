//! A pool: one window of the arena, given out in runs of pages to named owners with budgets.
//!
//! **First fit, always.** The same calls in the same order give the same pages on every host, so that offsets in an
//! image mean the same everywhere. The search is over one bit a page (`bits`); what is known of each run and each
//! owner is in `ledger`; one lock guards both. Subsystems ask for pages rarely (a chunk, a block of scratch), so an
//! uncontended lock, some 10 ns, is the price of having no other mechanism.
//!
//! **What memory means here.** A pool never makes a reference to its pages; it hands out numbers and an address. Who
//! holds a run may do with its bytes what raw pointers may do, under these rules:
//!
//! 1. Pointers come from [`Pool::base`] or [`Pool::address`], which carry the right to the whole mapping, and live as
//!    long as the arena (keep a clone of it beside them).
//! 2. A run belongs to whoever holds its [`Owner`]. That value is the permission: only it can release, zero or discard
//!    the run, it cannot be forged, and the pool gives it out once. So code that keeps its owner private knows that
//!    nobody else recycles its bytes, and may base references and `unsafe` code on that.
//! 3. While the holder has references into a run it must not release, zero or discard that run: those write.
//! 4. Bytes are initialised from the start: zero on reservation, see [`Pool::reserve`].

pub(crate) mod bits;
mod ledger;
mod pressure;
#[cfg(all(test, not(feature = "loom")))]
mod tests;

use std::fmt;
use std::ptr::NonNull;
use std::sync::OnceLock;

use crossbeam_utils::CachePadded;

use crate::consts::PAGE;
use crate::map::Mapping;
use crate::protect::{Protection, Shield};
use crate::sync::{Arc, AtomicU32, Mutex, Ordering, lock};
use crate::table::{Holding, PoolStats, Table};
use crate::{MemoryError, PageRun, RegionConfig, Window};
use ledger::Ledger;
use pressure::{Hooks, Refused, Work};

pub use pressure::{Need, PressureStats, Rung};

/// The three pools, in the order of their windows.
#[derive(Copy, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Tier {
    /// Columns, tables and resources: hashed and snapshotted.
    Logic,
    /// Scratch of the frame: never survives it.
    Scene,
    /// Staging and command data, recycled when the fence of its frame has passed.
    Gpu,
}

impl Tier {
    /// All of them, in order.
    pub const ALL: [Tier; 3] = [Tier::Logic, Tier::Scene, Tier::Gpu];

    /// `logic`, `scene` or `gpu`.
    pub fn name(self) -> &'static str {
        ["logic", "scene", "gpu"][self as usize]
    }
}

/// The right to hold pages of one pool, as registered by [`Pool::owner`]: a small number that cannot be forged.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub struct Owner {
    tier: Tier,
    index: u16,
    /// Unique in the process: no owner of another arena, and none retired from the same slot, is mistaken for this one.
    stamp: u64,
}

/// One entry of the live map: a run that someone holds, or a gap between runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegionInfo {
    /// The pool.
    pub tier: Tier,
    /// First page, counted from the arena's base.
    pub first: u32,
    /// Pages, at least 1.
    pub pages: u32,
    /// Who holds it; `None` for a gap.
    pub holder: Option<Holder>,
}

/// Who holds a region, and since when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// The owner's name.
    pub owner: String,
    /// Frame in which the region was reserved, see [`Arena::begin_frame`](crate::Arena::begin_frame).
    pub frame: u32,
    /// Most bytes that the owner ever held at once.
    pub peak: u64,
    /// Most bytes that the owner may hold.
    pub budget: u64,
    /// What the region is doing, where its owner says: `free`, `filling`, `sealed`, `in flight`, …
    pub state: Option<&'static str>,
}

/// Something that an owner registered with a pool, until it is dropped; see [`Pool::on_pressure`] and [`Pool::on_map`].
#[must_use = "what was registered ends with this value"]
pub struct Registration {
    hooks: Arc<Hooks>,
    id: u64,
}

/// One window of the arena. Shared by reference; all methods may be called from any thread.
pub struct Pool {
    tier: Tier,
    /// Keeps the address space mapped as long as the pool can be reached.
    mapping: Arc<Mapping>,
    window: Window,
    base: NonNull<u8>,
    frame: AtomicU32,
    /// Apart from the rest, which every use of a region or a block reads.
    ledger: CachePadded<Mutex<Ledger>>,
    hooks: Arc<Hooks>,
    /// Where the arena is protected.
    shield: OnceLock<Box<Shield>>,
}

// SAFETY: `base` is an address; whatever it points to is used by holders of runs under the rules of the module head,
// never through the pool. Everything else in here is Send and Sync by itself.
unsafe impl Send for Pool {}
// SAFETY: as above; the ledger is behind a lock.
unsafe impl Sync for Pool {}

impl Pool {
    /// A pool over a window of the mapping, with the regions that the configuration promised for this tier.
    pub(crate) fn new(
        tier: Tier,
        mapping: Arc<Mapping>,
        window: Window,
        regions: &[RegionConfig],
    ) -> Result<Pool, MemoryError> {
        let base = mapping.base(tier as usize);
        let mut ledger = Ledger::new(tier, window.pages);
        for region in regions.iter().filter(|region| region.tier == tier) {
            ledger.register(&region.name, region.budget, true)?;
        }
        let (frame, ledger) = (AtomicU32::new(0), CachePadded::new(Mutex::new(ledger)));
        Ok(Pool {
            tier,
            mapping,
            window,
            base,
            frame,
            ledger,
            hooks: Arc::new(Hooks::default()),
            shield: OnceLock::new(),
        })
    }

    /// Which pool this is.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// First byte of the window, `PAGE`-aligned and stable for the arena's life. For the rules of using it see the
    /// [module](self).
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Size of the window in bytes, a multiple of the page.
    pub fn bytes(&self) -> u64 {
        self.pages() as u64 * PAGE as u64
    }

    /// Size of the window in pages.
    pub fn pages(&self) -> u32 {
        self.window.pages
    }

    /// First byte of a run.
    ///
    /// # Panics
    /// When the run does not lie within the pool.
    pub fn address(&self, run: PageRun) -> NonNull<u8> {
        self.check_within(run);
        // SAFETY: the run lies within the window, the window within the mapping.
        unsafe { self.base.add(run.first as usize * PAGE) }
    }

    /// Registers who will hold pages: a subsystem, by name. The budget, in bytes and rounded up to pages, is the most that it may
    /// hold; budgets of owners may overlap. Where the configuration promises a region of that name
    /// ([`MemoryConfig::regions`](crate::MemoryConfig::regions)) and nobody has it yet, its budget holds and not the one asked for: whoever
    /// configures has the last word.
    ///
    /// # Errors
    /// [`MemoryError::OwnerTwice`], [`OwnerBudget`](MemoryError::OwnerBudget) (empty, or larger than the pool),
    /// [`OwnersFull`](MemoryError::OwnersFull).
    pub fn owner(&self, name: &str, budget_bytes: u64) -> Result<Owner, MemoryError> {
        let mut ledger = lock(&self.ledger);
        if let Some(owner) = ledger.fetch_promised(name) {
            return Ok(owner);
        }
        let owner = ledger.register(name, budget_bytes, false)?;
        if let Some(shield) = self.shield() {
            shield.name(owner.index, name);
        }
        Ok(owner)
    }

    /// The owner of a named region of the configuration. Given out once, like every owner: `None` when there is no such
    /// region or someone has it already.
    pub fn promised(&self, name: &str) -> Option<Owner> {
        lock(&self.ledger).fetch_promised(name)
    }

    /// Forgets an owner that holds nothing, so that its name and slot are free again.
    ///
    /// # Panics
    /// When it still holds pages, or is no owner of this pool.
    pub fn retire(&self, owner: Owner) {
        lock(&self.ledger).retire(owner);
    }

    /// Reserves the lowest run of that many free pages. They read as zero, whatever was in them before: pages that were used before are
    /// zeroed here. Some 30 ns otherwise, uncontended; the first time that a piece of 2 MiB is touched the host is asked for it in one go,
    /// which costs about a tenth of committing it page by page.
    ///
    /// Where there is no room, what owners registered with [`on_pressure`](Self::on_pressure) is called first.
    ///
    /// # Errors
    /// [`MemoryError::ZeroPages`], [`OverBudget`](MemoryError::OverBudget), [`Exhausted`](MemoryError::Exhausted).
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn reserve(&self, owner: Owner, pages: u32) -> Result<PageRun, MemoryError> {
        self.reserve_at_least(owner, pages, pages)
    }

    /// As [`reserve`](Self::reserve) for `wanted` pages where they are free, else for `least`: for things that like to grow in large
    /// steps. Nobody is asked to give up anything for more than the least.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve), about the least.
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn reserve_at_least(
        &self,
        owner: Owner,
        least: u32,
        wanted: u32,
    ) -> Result<PageRun, MemoryError> {
        let (run, dirty) = self.take(owner, least, wanted)?;
        if dirty {
            self.zero_dirty(run);
        }
        Ok(run)
    }

    /// As [`reserve`](Self::reserve) without the zeros: the pages hold what their last holder left. For those who
    /// overwrite all of it at once; anything else would make results depend on history.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn reserve_unzeroed(&self, owner: Owner, pages: u32) -> Result<PageRun, MemoryError> {
        self.reserve_unzeroed_at_least(owner, pages, pages)
    }

    /// As [`reserve_at_least`](Self::reserve_at_least) without the zeros.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve), about the least.
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn reserve_unzeroed_at_least(
        &self,
        owner: Owner,
        least: u32,
        wanted: u32,
    ) -> Result<PageRun, MemoryError> {
        Ok(self.take(owner, least, wanted)?.0)
    }

    /// Registers what an owner can do for a pool that has no room: give back pages of its own. Called on whichever thread asked
    /// for memory, with no lock of the pool held: it may release, look at the map and reserve (which is met from what is free, or refused). Within a rung
    /// the order of calls is that of registration; each is called again as long as pages come back and the request still
    /// does not fit. Where the asking owner's own budget refused, only what that owner registered is called.
    ///
    /// What is registered must be quick to say that it has nothing, and must not wait for a lock that the asking thread may hold.
    ///
    /// ```
    /// use layerw_memory::{Arena, MemoryConfig, PAGE, Rung};
    /// use std::sync::Mutex;
    ///
    /// let arena = Arena::new(&MemoryConfig { logic: 4 * PAGE as u64, ..MemoryConfig::with_total(1 << 20) })?;
    /// let pool = arena.logic();
    /// let (cache, world) = (pool.owner("cache", pool.bytes())?, pool.owner("world", pool.bytes())?);
    /// let kept = Mutex::new(vec![pool.reserve(cache, 2)?, pool.reserve(cache, 2)?]);
    /// let _registration = pool.on_pressure(cache, Rung::Recycle, move |pool, _need| {
    ///     if let Some(run) = kept.lock().unwrap().pop() {
    ///         pool.release(cache, run);
    ///     }
    /// });
    /// pool.reserve(world, 1)?;
    /// assert_eq!((pool.holding(cache).used, pool.pressure().recycles), (2 * PAGE as u64, 1));
    /// # Ok::<(), layerw_memory::MemoryError>(())
    /// ```
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn on_pressure(
        &self,
        owner: Owner,
        rung: Rung,
        relieve: impl Fn(&Pool, Need) + Send + Sync + 'static,
    ) -> Registration {
        lock(&self.ledger).holding(owner);
        Hooks::add(&self.hooks, owner, Work::Relieve(rung, Box::new(relieve)))
    }

    /// Registers who tells what the regions of an owner are doing, for the [`map`](Self::map): called with a run, from any thread, with no
    /// lock of the pool held.
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn on_map(
        &self,
        owner: Owner,
        describe: impl Fn(PageRun) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Registration {
        lock(&self.ledger).holding(owner);
        Hooks::add(&self.hooks, owner, Work::Describe(Box::new(describe)))
    }

    /// What pressure has cost so far.
    pub fn pressure(&self) -> PressureStats {
        lock(&self.ledger).pressure
    }

    /// Takes exactly these pages, to restore an image whose offsets must keep their meaning. Their contents are unspecified
    /// as in [`reserve_unzeroed`](Self::reserve_unzeroed): the image is about to overwrite them.
    ///
    /// # Errors
    /// [`MemoryError::ZeroPages`], [`OverBudget`](MemoryError::OverBudget), [`Taken`](MemoryError::Taken) when a
    /// page is held, promised to others, or outside the pool.
    ///
    /// # Panics
    /// When the owner is not one of this pool.
    pub fn claim(&self, owner: Owner, run: PageRun) -> Result<(), MemoryError> {
        lock(&self.ledger).claim(owner, run, self.frame())?;
        self.hold(owner, run);
        self.commit(run);
        Ok(())
    }

    /// Gives a run back: exactly one that [`reserve`](Self::reserve) or [`claim`](Self::claim) gave to this owner, once.
    ///
    /// # Panics
    /// When the owner does not hold exactly this run (released twice, split, another's), naming run, owner and pool.
    pub fn release(&self, owner: Owner, run: PageRun) {
        let mut ledger = lock(&self.ledger);
        if let Some(shield) = self.shield() {
            // While it is still held: what nobody holds can be written.
            ledger.check_held(owner, run, "released");
            shield.release(run);
        }
        ledger.release(owner, run);
    }

    /// Fills a held run with zeros.
    ///
    /// # Panics
    /// When the owner does not hold exactly this run.
    pub fn zero(&self, owner: Owner, run: PageRun) {
        lock(&self.ledger).check_held(owner, run, "zeroed");
        let bytes = run.pages as usize * PAGE;
        // SAFETY: the owner holds the run, so it lies within the mapping; by rule 3 its holder has no references into it.
        unsafe { self.address(run).write_bytes(0, bytes) };
    }

    /// Makes a held run read as zero, and gives its memory back to the host as far as the host takes it (on Linux in pieces of 2 MiB);
    /// the pages stay reserved. [`zero`](Self::zero) is faster when they are used again at once.
    ///
    /// # Panics
    /// When the owner does not hold exactly this run.
    pub fn discard(&self, owner: Owner, run: PageRun) {
        lock(&self.ledger).check_held(owner, run, "discarded");
        // SAFETY: the owner holds the run, so it lies within the mapping; by rule 3 its holder has no references into it.
        let given = unsafe { self.give_back(run) };
        let before = PageRun {
            first: run.first,
            pages: given.first - run.first,
        };
        let behind = PageRun {
            first: given.end() as u32,
            pages: (run.end() - given.end()) as u32,
        };
        for rest in [before, behind] {
            // SAFETY: part of the run, as above.
            unsafe {
                self.address(rest)
                    .write_bytes(0, rest.pages as usize * PAGE)
            };
        }
    }

    /// Gives the memory of free pages that were ever used back to the host, as far as the host takes it. Returns the bytes given back.
    pub fn trim(&self) -> u64 {
        let mut ledger = lock(&self.ledger);
        let (mut page, mut bytes) = (0, 0);
        while let Some(run) = ledger.free_dirty_from(page) {
            // SAFETY: free pages belong to nobody, and the lock, held here, keeps them free.
            let given = unsafe { self.give_back(run) };
            ledger.clean(given);
            bytes += given.bytes();
            page = run.end() as u32;
        }
        bytes
    }

    /// Commits every page of a run now, so that no touch later costs a fault. Contents stay; a run committed already costs little;
    /// nothing happens where the host cannot. Reserving does most of it where the host has huge pages for the arena.
    ///
    /// # Errors
    /// [`MemoryError::Commit`] when the host is out of memory.
    ///
    /// # Panics
    /// When the run does not lie within the pool.
    pub fn prefault(&self, run: PageRun) -> Result<(), MemoryError> {
        self.check_within(run);
        let refused = |source| MemoryError::Commit {
            pool: self.tier.name(),
            bytes: run.bytes(),
            source,
        };
        let (offset, bytes) = (self.mapping_offset(run), run.pages as usize * PAGE);
        let prefault = || self.mapping.prefault(offset, bytes);
        // Out of memory while free pages of ours still hold some: they go first.
        let again = |source| {
            if self.trim() > 0 {
                prefault()
            } else {
                Err(source)
            }
        };
        prefault().or_else(again).map_err(refused)
    }

    /// Bytes used, peak and budget of the pool.
    pub fn stats(&self) -> PoolStats {
        lock(&self.ledger).stats()
    }

    /// Bytes of the longest free run: the most that could be had in one piece, promises to others aside.
    pub fn longest_free(&self) -> u64 {
        lock(&self.ledger).longest_free()
    }

    /// What one owner holds.
    ///
    /// # Panics
    /// When it is no owner of this pool.
    pub fn holding(&self, owner: Owner) -> Holding {
        lock(&self.ledger).holding(owner)
    }

    /// Who holds what of this pool.
    pub fn table(&self) -> Table {
        lock(&self.ledger).table()
    }

    /// All runs and the gaps between them, in order of address: together exactly the pool.
    pub fn map(&self) -> Vec<RegionInfo> {
        let listed = lock(&self.ledger).map(self.window.first);
        // The owners' own locks come second and alone: an owner that holds one of them may be reserving.
        let described = listed.into_iter().map(|(mut region, owner)| {
            if let (Some(holder), Some(owner)) = (&mut region.holder, owner) {
                let (first, pages) = (region.first - self.window.first, region.pages);
                holder.state = self.hooks.describe(owner, PageRun { first, pages });
            }
            region
        });
        described.collect()
    }

    /// Protects the pool from now on; see [`Arena::protect`](crate::Arena::protect). Nothing where it is protected already.
    pub(crate) fn protect(&self, mode: Protection) -> Result<(), MemoryError> {
        // Held meanwhile, so that the shield misses nobody.
        let ledger = lock(&self.ledger);
        if self.shield().is_none() {
            let shield = Shield::new(self.tier, mode, self.mapping.clone(), self.window)?;
            shield.set_frame(self.frame());
            ledger.tell(&shield);
            let _ = self.shield.set(shield);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn shield(&self) -> Option<&Shield> {
        self.shield.get().map(|shield| &**shield)
    }

    #[inline]
    fn hold(&self, owner: Owner, run: PageRun) {
        if let Some(shield) = self.shield() {
            shield.hold(run, owner.index, self.frame());
        }
    }

    pub(crate) fn set_frame(&self, frame: u32) {
        if let Some(shield) = self.shield() {
            shield.set_frame(frame);
        }
        // Relaxed: a label for people in the live map; it publishes nothing.
        self.frame.store(frame, Ordering::Relaxed);
    }

    fn frame(&self) -> u32 {
        // Relaxed: see `set_frame`.
        self.frame.load(Ordering::Relaxed)
    }

    /// Finds pages, under pressure if need be, and commits them. The flag says that some may not be zero.
    fn take(&self, owner: Owner, least: u32, wanted: u32) -> Result<(PageRun, bool), MemoryError> {
        let found = {
            let (mut ledger, frame) = (lock(&self.ledger), self.frame());
            match ledger.fit(owner, wanted, frame) {
                Err(Refused::OverBudget | Refused::Exhausted) if least < wanted => {
                    ledger.fit(owner, least, frame)
                }
                found => found,
            }
        };
        let (run, dirty) = found.or_else(|refused| self.climb(owner, least, refused))?;
        self.hold(owner, run);
        self.commit(run);
        Ok((run, dirty))
    }

    #[inline]
    fn commit(&self, run: PageRun) {
        self.mapping
            .commit(self.mapping_offset(run), run.pages as usize * PAGE);
    }

    #[cold]
    fn zero_dirty(&self, run: PageRun) {
        // One piece at a time, so that the lock is not held while writing; nobody else asks about these pages.
        loop {
            let piece = lock(&self.ledger).take_dirty_within(run);
            let Some(piece) = piece else { return };
            let bytes = piece.pages as usize * PAGE;
            // SAFETY: a piece of a run that was reserved for our caller just now, and that nobody else knows yet.
            unsafe { self.address(piece).write_bytes(0, bytes) };
        }
    }

    /// The part of a run that the host took back, and that reads as zero now.
    ///
    /// # Safety
    /// The run lies within the pool and nobody uses its bytes.
    unsafe fn give_back(&self, run: PageRun) -> PageRun {
        // SAFETY: runs are whole pages within the window; that nobody uses them is the caller's promise.
        let given = unsafe {
            self.mapping
                .give_back(self.mapping_offset(run), run.pages as usize * PAGE)
        };
        PageRun {
            first: (given.start / PAGE) as u32 - self.window.first,
            pages: (given.len() / PAGE) as u32,
        }
    }

    fn mapping_offset(&self, run: PageRun) -> usize {
        (self.window.first + run.first) as usize * PAGE
    }

    fn check_within(&self, run: PageRun) {
        let (pool, pages) = (self.tier.name(), self.window.pages);
        assert!(
            run.end() <= pages as u64,
            "memory: {run:?} does not lie within pool {pool} of {pages} pages"
        );
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("tier", &self.tier)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}
