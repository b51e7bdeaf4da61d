//! Pages for the heap of the process: from the host, with a budget of their own.
//!
//! ```text
//!   base ──► | records of all pages | bits | pages given and free, lowest first ······ never touched |
//! ```
//!
//! The books lie in the first pages of what the host gave, because there is no other allocator to ask.

use std::ptr::{self, NonNull};
use std::slice;

use crossbeam_utils::CachePadded;

use super::page::Page;
use super::source::Source;
use crate::PAGE;
use crate::map::heap;
use crate::pool::bits::Bits;
use crate::sync::Ordering;
use crate::sync::process::{AtomicPtr, AtomicU64, Mutex};

/// The process's pages.
pub(super) struct ProcessPages {
    base: AtomicPtr<u8>,
    table: AtomicPtr<Page>,
    /// Bytes; more than there are addresses means all of them.
    budget: AtomicU64,
    /// Apart from the rest, which every call reads.
    books: CachePadded<Mutex<Option<Books>>>,
}

struct Books {
    taken: Bits<&'static mut [u64]>,
    /// Pages that there can ever be.
    pages: usize,
    /// No page from here on was ever given out, so it reads as zero.
    fresh: usize,
    used: usize,
    peak: usize,
    /// Requests that were refused.
    refused: u64,
}

/// There are no more pages.
#[derive(Copy, Clone, Debug)]
pub(super) struct NoPages;

impl ProcessPages {
    pub(super) const fn new() -> ProcessPages {
        ProcessPages {
            base: AtomicPtr::new(ptr::null_mut()),
            table: AtomicPtr::new(ptr::null_mut()),
            budget: AtomicU64::new(u64::MAX),
            books: CachePadded::new(Mutex::new(None)),
        }
    }

    /// Bytes that may be held from now on.
    pub(super) fn set_budget(&self, bytes: u64) {
        // Relaxed: a number by itself.
        self.budget.store(bytes, Ordering::Relaxed);
    }

    /// Bytes held, most ever held, and budget; and how often it refused.
    pub(super) fn stats(&self) -> ([u64; 3], u64) {
        let all = heap::PAGES as u64 * PAGE as u64;
        // Relaxed: see `set_budget`.
        let budget = self.budget.load(Ordering::Relaxed).min(all);
        self.with(|books, _| {
            let [used, peak] = [books.used, books.peak].map(|pages| pages as u64 * PAGE as u64);
            ([used, peak, budget], books.refused)
        })
        .unwrap_or(([0, 0, budget], 0))
    }

    /// Gives the memory of free pages back to the host, as far as it takes it. Returns the bytes given back.
    pub(super) fn trim(&self) -> u64 {
        self.with(|books, base| {
            let (mut page, mut given) = (0, 0);
            while page < books.fresh {
                let absent = |page: &usize| !books.taken.contains(*page as u32);
                let pages = (page..books.fresh).take_while(absent).count();
                let start = base.wrapping_add(page * PAGE);
                // SAFETY: free pages of the reservation, which the lock on the books keeps free.
                let done = pages > 0
                    && NonNull::new(start)
                        .is_some_and(|start| unsafe { heap::give_back(start, pages) });
                given += if done { pages } else { 0 };
                page += pages.max(1);
            }
            given as u64 * PAGE as u64
        })
        .unwrap_or(0)
    }

    /// Does something with the books, which are opened first where they are not.
    fn with<R>(&self, f: impl FnOnce(&mut Books, *mut u8) -> R) -> Option<R> {
        // Nothing under this lock panics; if it did, the books would be whole.
        let mut books = self
            .books
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if books.is_none() {
            *books = self.open();
        }
        // Relaxed: written under this lock.
        Some(f(books.as_mut()?, self.base.load(Ordering::Relaxed)))
    }

    #[cold]
    fn open(&self) -> Option<Books> {
        let space = heap::reserve()?;
        let table_bytes = space.pages * size_of::<Page>();
        let words = space.pages.div_ceil(64);
        let own = (table_bytes.next_multiple_of(8) + words * 8).div_ceil(PAGE);
        let mut usable = space.usable;
        if usable.len() < own {
            usable = heap::grow(own)?;
        }
        let (first, end) = (usable.start, usable.end);
        let table = space.base.wrapping_add(first * PAGE);
        let bits = table
            .wrapping_add(table_bytes.next_multiple_of(8))
            .cast::<u64>();
        // SAFETY: these pages are ours alone, for good, read as zero, and hold the words behind the records.
        let words = unsafe { slice::from_raw_parts_mut(bits, words) };
        let mut taken = Bits::over(words, space.pages as u32);
        taken.insert(0, space.pages as u32);
        taken.remove((first + own) as u32, (end - first - own) as u32);
        // Relaxed: whoever is given a page is given it under the lock that is held here, or after that.
        self.table.store(table.cast(), Ordering::Relaxed);
        self.base.store(space.base, Ordering::Relaxed);
        Some(Books {
            taken,
            pages: space.pages,
            fresh: first + own,
            used: 0,
            peak: 0,
            refused: 0,
        })
    }
}

impl Books {
    fn reserve(&mut self, pages: usize, align: usize, base: *mut u8, budget: u64) -> Option<usize> {
        let wanted = self.used.checked_add(pages)?;
        if (wanted as u64).checked_mul(PAGE as u64)? > budget {
            return None;
        }
        // With room to move up to the next multiple of the alignment.
        let span = u32::try_from(pages.checked_add(align - 1)?).ok()?;
        let first = match self.taken.find_absent(span) {
            Some(first) => first as usize,
            None => {
                let more = heap::grow(span as usize)?;
                self.taken.remove(more.start as u32, more.len() as u32);
                self.taken.find_absent(span)? as usize
            }
        };
        // Pages are counted from the base, alignment from address 0.
        let skipped = base.addr() / PAGE;
        let first = (skipped + first).next_multiple_of(align) - skipped;
        self.take(first, pages);
        Some(first)
    }

    fn take(&mut self, first: usize, pages: usize) {
        self.taken.insert(first as u32, pages as u32);
        self.fresh = self.fresh.max(first + pages);
        self.used += pages;
        self.peak = self.peak.max(self.used);
    }
}

// SAFETY: the books give a page to one taker at a time, out of a reservation that is never given back; `base` and `table` are written
// once, when the books are opened, which is before the first page is given.
unsafe impl Source for ProcessPages {
    type Refused = NoPages;

    #[inline(always)]
    fn base(&self) -> *mut u8 {
        // Relaxed: whoever asks was given a page after this was written.
        self.base.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn table(&self) -> *const Page {
        // Relaxed: see `base`.
        self.table.load(Ordering::Relaxed)
    }

    fn reserve(&self, pages: usize, align: usize, zeroed: bool) -> Result<NonNull<u8>, NoPages> {
        // Relaxed: see `set_budget`.
        let budget = self.budget.load(Ordering::Relaxed);
        let (start, used_before) = self
            .with(|books, base| {
                let fresh = books.fresh;
                let Some(first) = books.reserve(pages, align, base, budget) else {
                    books.refused += 1;
                    return None;
                };
                let used_before = fresh.saturating_sub(first).min(pages);
                let start = NonNull::new(base.wrapping_add(first * PAGE))?;
                Some((start, used_before))
            })
            .flatten()
            .ok_or(NoPages)?;
        if zeroed {
            // SAFETY: the pages were just reserved, for the caller alone; those behind read as zero already.
            unsafe { start.write_bytes(0, used_before * PAGE) };
        }
        Ok(start)
    }

    unsafe fn release(&self, start: NonNull<u8>, pages: usize) {
        self.with(|books, base| {
            let first = (start.addr().get() - base.addr()) / PAGE;
            books.taken.remove(first as u32, pages as u32);
            books.used -= pages;
        });
    }

    unsafe fn resize(&self, start: NonNull<u8>, pages: usize, wanted: usize) -> bool {
        // Relaxed: see `set_budget`.
        let budget = self.budget.load(Ordering::Relaxed);
        self.with(|books, base| {
            let first = (start.addr().get() - base.addr()) / PAGE;
            if wanted <= pages {
                books
                    .taken
                    .remove((first + wanted) as u32, (pages - wanted) as u32);
                books.used -= pages - wanted;
                return true;
            }
            let more = wanted - pages;
            let bytes = (books.used + more) as u64 * PAGE as u64;
            let (behind, end) = (first + pages, first + wanted);
            if bytes > budget || end > books.pages {
                return false;
            }
            if books.taken.any(behind as u32, more as u32) {
                return false;
            }
            books.take(behind, more);
            true
        })
        .unwrap_or(false)
    }
}
