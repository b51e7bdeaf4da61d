//! One protected pool: who holds which page and what may be done with it, readable without a lock; and the grants on closed pages.

use std::fmt::Write;
use std::ops::Range;
use std::ptr::NonNull;
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering};

use xxhash_rust::xxh3::xxh3_64;

use super::fault::{self, Kind};
use super::running;
use super::{Describe, Line, Protection};
use crate::consts::{OWNERS_MAX, PAGE};
use crate::error::Damage;
use crate::map::{Access, Mapping};
use crate::sync::{Arc, Mutex, lock};
use crate::{MemoryError, PageRun, Tier, Window};

/// Bytes under one checksum: how exactly a changed byte is located, for 4 bytes of bookkeeping.
const BLOCK: usize = 1_024;
const BLOCKS: usize = PAGE / BLOCK;

/// Bytes of pattern at each end of an edge or guard.
const PATTERN: usize = 256;

/// What is known about a pool while it is protected.
#[derive(Debug)]
pub(crate) struct Shield {
    tier: Tier,
    mode: Protection,
    mapping: Arc<Mapping>,
    window: Window,
    base: NonNull<u8>,
    frame: AtomicU32,
    pages: Box<[Page]>,
    names: Box<[Name]>,
    describe: OnceLock<Describe>,
    rights: Mutex<Rights>,
}

// SAFETY: `base` is an address; everything else is Send and Sync by itself.
unsafe impl Send for Shield {}
// SAFETY: as above.
unsafe impl Sync for Shield {}

/// What the handler reads of a page. All accesses are relaxed: they are labels for a sentence and order nothing.
#[derive(Debug, Default)]
struct Page {
    /// Number of its owner plus 1; 0 where nobody holds it.
    owner: AtomicU16,
    kind: AtomicU8,
    /// Frame in which it was reserved.
    since: AtomicU32,
}

/// Bytes of an owner's name that are kept.
const NAME: usize = 95;

/// The copy of an owner's name. Relaxed as in [`Page`].
#[derive(Debug)]
struct Name {
    len: AtomicU8,
    bytes: [AtomicU8; NAME],
}

/// The grants on closed pages.
#[derive(Debug)]
struct Rights {
    /// By page: 0 where it is open to all, else 1 more than the grants on it.
    grants: Box<[u16]>,
    /// By block: the checksum of a closed page without grants. Empty unless pages are protected by checksums.
    sums: Box<[u32]>,
}

impl Shield {
    /// A shield that knows no owner and no run yet, in the table of the fault handler.
    pub(crate) fn new(
        tier: Tier,
        mode: Protection,
        mapping: Arc<Mapping>,
        window: Window,
    ) -> Result<Box<Shield>, MemoryError> {
        let pages = window.pages as usize;
        let base = mapping.base(tier as usize);
        let sums = if mode == Protection::Checksums {
            pages * BLOCKS
        } else {
            0
        };
        let shield = Box::new(Shield {
            tier,
            mode,
            window,
            base,
            frame: AtomicU32::new(0),
            pages: (0..pages).map(|_| Page::default()).collect(),
            names: (0..OWNERS_MAX).map(|_| Name::default()).collect(),
            describe: OnceLock::new(),
            rights: Mutex::new(Rights {
                grants: vec![0; pages].into(),
                sums: vec![0; sums].into(),
            }),
            mapping,
        });
        if pages > 0 {
            let start = base.addr().get();
            let window = start..start + pages * PAGE;
            if !fault::enter(&raw const *shield, window, shield.mapping.reach()) {
                return Err(MemoryError::TooManyProtected {
                    max: fault::POOLS_MAX / 3,
                });
            }
        }
        for (place, bytes) in shield.guards().into_iter().flatten() {
            // SAFETY: the guards around the window can be touched, and belong to nobody.
            unsafe { write_pattern(place, bytes) };
        }
        Ok(shield)
    }

    pub(crate) fn tier(&self) -> Tier {
        self.tier
    }

    pub(crate) fn mode(&self) -> Protection {
        self.mode
    }

    pub(crate) fn set_frame(&self, frame: u32) {
        self.frame.store(frame, Ordering::Relaxed);
    }

    pub(crate) fn frame(&self) -> u32 {
        self.frame.load(Ordering::Relaxed)
    }

    pub(crate) fn set_describe(&self, describe: Describe) {
        // Whoever was first knows the pool.
        let _ = self.describe.set(describe);
    }

    /// Remembers an owner's name.
    pub(crate) fn name(&self, owner: u16, name: &str) {
        let Some(known) = self.names.get(usize::from(owner)) else {
            return;
        };
        let mut len = name.len().min(NAME);
        while !name.is_char_boundary(len) {
            len -= 1;
        }
        for (copy, &byte) in known.bytes.iter().zip(&name.as_bytes()[..len]) {
            copy.store(byte, Ordering::Relaxed);
        }
        known.len.store(len as u8, Ordering::Relaxed);
    }

    /// Remembers who holds a run.
    pub(crate) fn hold(&self, run: PageRun, owner: u16, frame: u32) {
        for page in self.pages_of(run) {
            page.owner.store(owner + 1, Ordering::Relaxed);
            page.since.store(frame, Ordering::Relaxed);
        }
    }

    /// A run goes back to the pool: everything may be done with it.
    pub(crate) fn release(&self, run: PageRun) {
        {
            let mut rights = lock(&self.rights);
            rights.grants[range(run)].fill(0);
        }
        let shut = |page: &Page| page.kind.load(Ordering::Relaxed) != Kind::Open as u8;
        if self.pages_of(run).iter().any(shut) {
            self.set(run, Access::Write, Kind::Open);
        }
        for page in self.pages_of(run) {
            page.owner.store(0, Ordering::Relaxed);
        }
    }

    /// Sets what may be done with pages and why.
    pub(crate) fn set(&self, run: PageRun, access: Access, kind: Kind) {
        for page in self.pages_of(run) {
            page.kind.store(kind as u8, Ordering::Relaxed);
        }
        self.protect(run, access);
    }

    /// Makes pages an edge: beside something, and not to be touched.
    pub(crate) fn edge(&self, run: PageRun) {
        if self.mode == Protection::Checksums {
            for page in run.first..run.first + run.pages {
                for (place, bytes) in self.ends(page) {
                    // SAFETY: within the pool; the caller holds the pages and has no references into them.
                    unsafe { write_pattern(place, bytes) };
                }
            }
        }
        self.set(run, Access::None, Kind::Edge);
    }

    /// Looks whether anything was written to guards and edges.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] for the first place.
    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        if self.mode != Protection::Checksums {
            return Ok(());
        }
        for (place, bytes) in self.guards().into_iter().flatten() {
            // SAFETY: as in `new`.
            if let Some(at) = unsafe { changed(place, bytes) } {
                let distance = at.wrapping_sub(self.base.addr().get()) as isize;
                let (distance, side, beside) = if distance < 0 {
                    (distance.unsigned_abs(), "before the start", 0)
                } else {
                    let end = self.bytes();
                    (distance as usize - end + 1, "behind the end", end - 1)
                };
                let what = format!("byte {distance} {side} of pool {}", self.tier.name());
                return Err(self.damaged(what, "next to", beside..beside + 1, "written to"));
            }
        }
        for (page, known) in self.pages.iter().enumerate() {
            if known.kind.load(Ordering::Relaxed) != Kind::Edge as u8 {
                continue;
            }
            for (place, bytes) in self.ends(page as u32) {
                // SAFETY: within the pool; edges are written by `edge` only.
                if let Some(at) = unsafe { changed(place, bytes) } {
                    let offset = at - self.base.addr().get();
                    let what = format!("byte {offset} of pool {}", self.tier.name());
                    let bytes = offset..offset + 1;
                    return Err(self.damaged(what, "at the edge of", bytes, "written to"));
                }
            }
        }
        Ok(())
    }

    /// Takes everyone's right to write to pages away. Pages that are closed already stay as they are.
    ///
    /// # Safety
    /// Nobody writes to the run meanwhile.
    pub(crate) unsafe fn close(&self, run: PageRun) {
        let mut rights = lock(&self.rights);
        let rights = &mut *rights;
        for part in parts(run, |page| rights.grants[page] == 0) {
            for page in range(part) {
                self.sum(page, &mut rights.sums);
            }
            self.set(part, Access::Read, Kind::Closed);
        }
        for count in &mut rights.grants[range(run)] {
            *count = (*count).max(1);
        }
    }

    /// Gives everyone the right to write again, whatever grants there are.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] when something was written without a grant; the pages are open all the same.
    ///
    /// # Safety
    /// Nobody writes to the run meanwhile.
    pub(crate) unsafe fn open(&self, run: PageRun) -> Result<(), MemoryError> {
        let mut rights = lock(&self.rights);
        let rights = &mut *rights;
        let mut result = Ok(());
        for page in range(run) {
            if rights.grants[page] == 1 && result.is_ok() {
                result = self.compare(page, &rights.sums);
            }
            rights.grants[page] = 0;
        }
        self.set(run, Access::Write, Kind::Open);
        result
    }

    /// Gives the right to write to closed pages for a while; open ones need none.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] when something was written before without a grant. The grant holds all the same.
    ///
    /// # Safety
    /// Nobody without a grant of these pages writes to them meanwhile.
    pub(crate) unsafe fn grant(&self, run: PageRun) -> Result<(), MemoryError> {
        let mut rights = lock(&self.rights);
        let rights = &mut *rights;
        let mut result = Ok(());
        for part in parts(run, |page| rights.grants[page] == 1) {
            for page in range(part) {
                if result.is_ok() {
                    result = self.compare(page, &rights.sums);
                }
            }
            self.protect(part, Access::Write);
        }
        for count in &mut rights.grants[range(run)] {
            if *count > 0 {
                *count += 1;
            }
        }
        result
    }

    /// Ends what [`grant`](Self::grant) began.
    ///
    /// # Safety
    /// Nobody without a grant of these pages writes to them meanwhile.
    pub(crate) unsafe fn revoke(&self, run: PageRun) {
        let mut rights = lock(&self.rights);
        let rights = &mut *rights;
        for part in parts(run, |page| rights.grants[page] == 2) {
            for page in range(part) {
                self.sum(page, &mut rights.sums);
            }
            self.protect(part, Access::Read);
        }
        for count in &mut rights.grants[range(run)] {
            if *count > 1 {
                *count -= 1;
            }
        }
    }

    /// Says where a byte is, and what its page is.
    pub(super) fn place(&self, line: &mut Line, offset: usize) -> Kind {
        self.place_range(line, offset, offset)
    }

    /// Says where the bytes from `offset` to `last`, of one page, are.
    fn place_range(&self, line: &mut Line, offset: usize, last: usize) -> Kind {
        let Some(page) = self.pages.get(offset / PAGE) else {
            let _ = line.write_str("nothing");
            return Kind::Open;
        };
        let owner = usize::from(page.owner.load(Ordering::Relaxed));
        if owner == 0 {
            let _ = write!(line, "page {} that nobody holds", offset / PAGE);
            return Kind::Open;
        }
        let _ = line.write_str("region \"");
        if let Some(name) = self.names.get(owner - 1) {
            let mut copy = [0; NAME];
            let len = usize::from(name.len.load(Ordering::Relaxed)).min(NAME);
            for (byte, from) in copy.iter_mut().zip(&name.bytes[..len]) {
                *byte = from.load(Ordering::Relaxed);
            }
            let _ = line.write_str(std::str::from_utf8(&copy[..len]).unwrap_or("?"));
        }
        let since = page.since.load(Ordering::Relaxed);
        let _ = write!(line, "\" (page {}, held since frame {since}", offset / PAGE);
        let kind = Kind::of(page.kind.load(Ordering::Relaxed));
        if let (Some(describe), Kind::Closed) = (self.describe.get(), kind) {
            let more = |line: &mut Line, before: &str, offset: usize| {
                let start = line.len();
                let _ = line.write_str(before);
                let said = line.len();
                // SAFETY: registered for this pool; closed pages can be read, and the offset lies within.
                unsafe { describe(self.base.as_ptr(), offset as u32, line) };
                if line.len() == said {
                    line.truncate(start);
                }
            };
            more(line, "; ", offset);
            if last > offset {
                more(line, " to ", last);
            }
        }
        let _ = line.write_str(")");
        kind
    }

    fn bytes(&self) -> usize {
        self.window.pages as usize * PAGE
    }

    fn pages_of(&self, run: PageRun) -> &[Page] {
        &self.pages[range(run)]
    }

    fn protect(&self, run: PageRun, access: Access) {
        if self.mode != Protection::Pages || run.pages == 0 {
            return;
        }
        let offset = (self.window.first + run.first) as usize * PAGE;
        // SAFETY: the run lies within the window. Whoever keeps to the rules of the pool has no use for a page that is taken away here, and
        // whoever does not is meant to be caught.
        let done = unsafe {
            self.mapping
                .protect(offset, run.pages as usize * PAGE, access)
        };
        if let Err(error) = done {
            panic!(
                "memory: cannot set the rights of {} pages from page {} of pool {}: {error}; raise vm.max_map_count, or protect by checksums",
                run.pages,
                run.first,
                self.tier.name()
            );
        }
    }

    /// The guards around the window, where they can be touched.
    fn guards(&self) -> Option<[(NonNull<u8>, usize); 2]> {
        let patterned = self.mode == Protection::Checksums
            && !self.mapping.has_rights()
            && self.window.pages > 0;
        // SAFETY: a page before and a page behind the window belong to the mapping.
        patterned.then(|| unsafe {
            let end = self.base.add(self.bytes());
            [(self.base.sub(PATTERN), PATTERN), (end, PATTERN)]
        })
    }

    /// Both ends of a page.
    fn ends(&self, page: u32) -> [(NonNull<u8>, usize); 2] {
        debug_assert!(page < self.window.pages);
        // SAFETY: within the page, and the page within the window.
        unsafe {
            let start = self.base.add(page as usize * PAGE);
            [(start, PATTERN), (start.add(PAGE - PATTERN), PATTERN)]
        }
    }

    /// The bytes of a page in blocks, for their sums.
    ///
    /// # Safety
    /// Nobody writes to the page while they are used.
    unsafe fn blocks(&self, page: usize) -> impl Iterator<Item = &[u8]> {
        debug_assert!(page < self.window.pages as usize);
        // SAFETY: the page lies within the window, and arena memory is initialised from the start; that nobody writes is the promise.
        let bytes = unsafe { slice::from_raw_parts(self.base.as_ptr().add(page * PAGE), PAGE) };
        bytes.chunks_exact(BLOCK)
    }

    /// Notes what a page holds.
    fn sum(&self, page: usize, sums: &mut [u32]) {
        if let Some(sums) = sums.get_mut(page * BLOCKS..(page + 1) * BLOCKS) {
            // SAFETY: the callers' promise: nobody may write to the page now.
            for (sum, block) in sums.iter_mut().zip(unsafe { self.blocks(page) }) {
                *sum = xxh3_64(block) as u32;
            }
        }
    }

    /// Compares what a page holds with what was noted.
    fn compare(&self, page: usize, sums: &[u32]) -> Result<(), MemoryError> {
        let Some(sums) = sums.get(page * BLOCKS..(page + 1) * BLOCKS) else {
            return Ok(());
        };
        // SAFETY: as in `sum`.
        let blocks = unsafe { self.blocks(page) };
        let differs = |(sum, block): (&u32, &[u8])| *sum != xxh3_64(block) as u32;
        let Some(block) = sums.iter().zip(blocks).position(differs) else {
            return Ok(());
        };
        let offset = page * PAGE + block * BLOCK;
        let end = offset + BLOCK;
        let what = format!(
            "one of the bytes {offset}..{end} of pool {}",
            self.tier.name()
        );
        Err(self.damaged(what, "in", offset..end, "changed without a declared write"))
    }

    #[cold]
    fn damaged(
        &self,
        what: String,
        relation: &str,
        bytes: Range<usize>,
        how: &'static str,
    ) -> MemoryError {
        let mut place = Line::new();
        self.place_range(&mut place, bytes.start, bytes.end - 1);
        let found = running::current(|running| {
            running.map_or("while no system ran".to_owned(), |(_, name)| {
                format!("before system `{name}` ran")
            })
        });
        MemoryError::Damaged(Box::new(Damage {
            what,
            place: format!("{relation} {}", place.as_str()),
            how,
            frame: self.frame(),
            found,
        }))
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        fault::leave(&raw const *self);
    }
}

impl Default for Name {
    fn default() -> Name {
        Name {
            len: AtomicU8::new(0),
            bytes: [const { AtomicU8::new(0) }; NAME],
        }
    }
}

fn range(run: PageRun) -> Range<usize> {
    run.first as usize..run.first as usize + run.pages as usize
}

/// The longest runs of pages within `run` that have a property.
fn parts(run: PageRun, mut has: impl FnMut(usize) -> bool) -> impl Iterator<Item = PageRun> {
    let mut pages = range(run);
    std::iter::from_fn(move || {
        let first = pages.find(|&page| has(page))?;
        let last = pages.find(|&page| !has(page));
        let end = last.unwrap_or(pages.end);
        Some(PageRun {
            first: first as u32,
            pages: (end - first) as u32,
        })
    })
}

/// What a word of an edge holds: different at every address, so that a copy of one edge to another shows.
fn pattern(address: usize) -> u64 {
    (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xED6E_ED6E_ED6E_ED6E
}

/// # Safety
/// The bytes from `place` on, aligned to 8, can be written and nobody uses them.
unsafe fn write_pattern(place: NonNull<u8>, bytes: usize) {
    for word in 0..bytes / 8 {
        // SAFETY: within the bytes of the promise.
        unsafe {
            let word = place.cast::<u64>().add(word);
            word.write(pattern(word.addr().get()));
        }
    }
}

/// The address of the first byte that is not what [`write_pattern`] wrote.
///
/// # Safety
/// The bytes from `place` on, aligned to 8, can be read.
unsafe fn changed(place: NonNull<u8>, bytes: usize) -> Option<usize> {
    (0..bytes).find_map(|byte| {
        let address = place.addr().get() + byte;
        let wanted = pattern(address & !7).to_ne_bytes()[address % 8];
        // SAFETY: within the bytes of the promise. Volatile: somebody wrote here behind the compiler's back.
        let found = unsafe { place.add(byte).read_volatile() };
        (found != wanted).then_some(address)
    })
}
