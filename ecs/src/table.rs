//! Growable arrays of plain records in the arena.
//!
//! The header stands in the root (or in another record), so that an image holds it. A table moves only when it grows, which needs the
//! world exclusively, so while systems run its address is a constant and a record is one add away.
//!
//! Records are reached by copies and raw pointers and never by references: column records hold change ticks, which systems on several
//! workers set while others read their neighbours.

use crate::pages::Pages;
use crate::root::TableHeader;
use bytemuck::Pod;
use layerw_memory::{History, MemoryError, Owner, PAGE};
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

/// A table of `T`, over its header in the arena.
pub(crate) struct Table<T> {
    header: *mut TableHeader,
    /// Cached from the header's run.
    first: *mut T,
    history: Arc<History>,
    records: PhantomData<T>,
}

impl<T: Pod> Table<T> {
    /// The table of this header.
    ///
    /// # Safety
    /// `header` stays valid and is used by this table alone as long as the table is used; its run holds `capacity` records and belongs to
    /// the world.
    pub(crate) unsafe fn new(pages: &Pages, header: *mut TableHeader) -> Self {
        let mut table = Table {
            header,
            first: ptr::null_mut(),
            history: pages.history().clone(),
            records: PhantomData,
        };
        table.refresh(pages);
        table
    }

    fn header(&self) -> TableHeader {
        // SAFETY: valid by the promise of `new`; it changes only through `&mut self`.
        unsafe { *self.header }
    }

    fn refresh(&mut self, pages: &Pages) {
        self.first = pages.at(self.header().run.first * PAGE as u32).cast();
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        // SAFETY: as in `header`.
        unsafe { (*self.header).len }
    }

    #[inline]
    pub(crate) fn capacity(&self) -> u32 {
        // SAFETY: as in `header`.
        unsafe { (*self.header).capacity }
    }

    #[inline]
    fn set_len(&mut self, len: u32) {
        debug_assert!(len <= self.capacity());
        self.before_header();
        // SAFETY: as in `header`, exclusively through `&mut self`.
        unsafe { (*self.header).len = len };
    }

    /// What is told before anything is written.
    pub(crate) fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// To be called before the header is written.
    #[inline(always)]
    fn before_header(&self) {
        self.history
            .before_write_at(self.header.cast(), size_of::<TableHeader>());
    }

    /// To be called before records are written; the methods here that write do so.
    #[inline(always)]
    pub(crate) fn before_write(&self, index: u32, count: usize) {
        let first = self.first.wrapping_add(index as usize);
        self.history
            .before_write_at(first.cast(), count * size_of::<T>());
    }

    /// The address of record 0, whether it exists or not.
    #[inline(always)]
    pub(crate) fn first(&self) -> *const T {
        self.first
    }

    /// The same, to write what [`before_write`](Self::before_write) was told of.
    #[inline(always)]
    pub(crate) fn first_mut(&mut self) -> *mut T {
        self.first
    }

    /// The address of a record that exists, to read.
    #[inline(always)]
    pub(crate) fn at(&self, index: u32) -> *const T {
        debug_assert!(index < self.len(), "record {index} of {}", self.len());
        self.first.wrapping_add(index as usize)
    }

    /// The address of a record that exists, to write until the next point is made.
    #[inline(always)]
    pub(crate) fn at_mut(&mut self, index: u32) -> *mut T {
        debug_assert!(index < self.len(), "record {index} of {}", self.len());
        self.before_write(index, 1);
        self.first.wrapping_add(index as usize)
    }

    /// The address of the first of several records, all of which exist, to write until the next point is made.
    #[inline(always)]
    pub(crate) fn range_mut(&mut self, first: u32, count: usize) -> *mut T {
        debug_assert!(first as usize + count <= self.len() as usize);
        self.before_write(first, count);
        self.first.wrapping_add(first as usize)
    }

    /// A copy of a record that exists.
    ///
    /// # Panics
    /// There is no such record.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> T {
        if index >= self.len() {
            no_record(index, self.len());
        }
        // SAFETY: below `len`, so initialised and within the run; records are plain data.
        unsafe { *self.first.add(index as usize) }
    }

    /// Overwrites a record that exists.
    ///
    /// # Panics
    /// There is no such record.
    #[inline]
    pub(crate) fn set(&mut self, index: u32, record: T) {
        if index >= self.len() {
            no_record(index, self.len());
        }
        self.before_write(index, 1);
        // SAFETY: below `len`, so within the run; `&mut self` means that nobody reads meanwhile.
        unsafe { *self.first.add(index as usize) = record };
    }

    /// Copies of all records, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Appends a record; there must be room, see [`Table::reserve`].
    #[inline]
    pub(crate) fn push_within(&mut self, record: T) -> u32 {
        let index = self.len();
        assert!(
            index < self.capacity(),
            "a table of {index} records has no room for another"
        );
        self.before_write(index, 1);
        // SAFETY: below the capacity, so within the run.
        unsafe { *self.first.add(index as usize) = record };
        self.set_len(index + 1);
        index
    }

    /// Appends a record, growing where needed.
    pub(crate) fn push(
        &mut self,
        record: T,
        pages: &Pages,
        owner: Owner,
    ) -> Result<u32, MemoryError> {
        self.reserve(1, pages, owner)?;
        Ok(self.push_within(record))
    }

    /// Takes the last record off.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let last = self.len().checked_sub(1)?;
        let record = self.get(last);
        self.set_len(last);
        Some(record)
    }

    /// Makes room for `more` records.
    #[inline]
    pub(crate) fn reserve(
        &mut self,
        more: u32,
        pages: &Pages,
        owner: Owner,
    ) -> Result<(), MemoryError> {
        if self.capacity() - self.len() >= more {
            return Ok(());
        }
        self.grow(u64::from(self.len()) + u64::from(more), pages, owner)
    }

    #[cold]
    fn grow(&mut self, capacity: u64, pages: &Pages, owner: Owner) -> Result<(), MemoryError> {
        let mut header = self.header();
        grow(&mut header, size_of::<T>() as u32, capacity, pages, owner)?;
        self.before_header();
        // SAFETY: as in `header`, exclusively through `&mut self`.
        unsafe { *self.header = header };
        self.refresh(pages);
        Ok(())
    }
}

/// Moves a table to a run with room for `capacity` records, and more where the pool has it, so that many small growths cost one copy
/// each time the table doubles.
pub(crate) fn grow(
    header: &mut TableHeader,
    record_bytes: u32,
    capacity: u64,
    pages: &Pages,
    owner: Owner,
) -> Result<(), MemoryError> {
    if record_bytes == 0 {
        header.capacity = u32::MAX;
        return Ok(());
    }
    let needed = pages_for(capacity * u64::from(record_bytes));
    let wanted = needed.max(header.run.pages.saturating_mul(2));
    // Zeroed, since an image holds whole pages; pages that were never used are zero already and cost nothing.
    // Twice the size may be too much where the size itself is not.
    let run = pages.reserve_at_least(owner, needed, wanted)?;
    let used = header.len as usize * record_bytes as usize;
    let (from, to) = (
        pages.at(header.run.first * PAGE as u32),
        pages.at(run.first * PAGE as u32),
    );
    // SAFETY: `used` bytes fit in the old run, which the world holds, and in the new one, which is longer; the two are disjoint.
    unsafe { ptr::copy_nonoverlapping(from, to, used) };
    if header.run.pages > 0 {
        pages.release(owner, header.run);
    }
    header.run = run;
    header.capacity = u32::try_from(run.bytes() / u64::from(record_bytes)).unwrap_or(u32::MAX);
    Ok(())
}

/// Pages for this many bytes; a number that no pool has where it overflows.
pub(crate) fn pages_for(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PAGE as u64)).unwrap_or(u32::MAX)
}

/// A record that does not exist. By value, so that nothing on the way here needs an address.
#[cold]
#[inline(never)]
fn no_record(index: u32, len: u32) -> ! {
    panic!("record {index} of {len}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerw_memory::{Arena, MemoryConfig, PageRun};

    #[test]
    fn a_growing_table_keeps_its_records_and_gives_its_old_pages_back() {
        let arena = Arena::new(&MemoryConfig::with_total(4 << 20)).expect("a small arena");
        let (pages, pool) = (Pages::new(&arena), arena.logic());
        let owner = pool.owner("table", pool.bytes()).expect("a fresh name");
        let mut header = TableHeader::default();
        // SAFETY: the header outlives the table and has no run yet.
        let mut table: Table<u64> = unsafe { Table::new(&pages, &raw mut header) };
        for record in 0..40_000 {
            table.push(record, &pages, owner).expect("room");
        }
        assert!(table.iter().eq(0..40_000));
        assert_eq!(table.pop(), Some(39_999));
        table.set(7, 70);
        assert_eq!((table.get(7), table.len()), (70, 39_999));
        // 8 pages: 5 are needed, and tables double.
        assert_eq!(pool.stats().used, 8 * PAGE as u64);
    }

    #[test]
    fn a_table_that_cannot_double_grows_by_what_it_needs() {
        let config = MemoryConfig {
            logic: 7 * PAGE as u64,
            ..MemoryConfig::with_total(4 << 20)
        };
        let arena = Arena::new(&config).expect("a small arena");
        let (pages, pool) = (Pages::new(&arena), arena.logic());
        let owner = pool.owner("table", pool.bytes()).expect("a fresh name");
        let mut header = TableHeader::default();
        let three = 3 * PAGE as u64 / 8;
        grow(&mut header, 8, three, &pages, owner).expect("room for 3 pages");
        header.len = header.capacity;
        grow(&mut header, 8, three + 1, &pages, owner)
            .expect("6 more pages are too many, 4 are not");
        assert_eq!(header.run, PageRun { first: 3, pages: 4 });
        let refusal = grow(&mut header, 8, 2 * three, &pages, owner).expect_err("no room");
        assert!(refusal.to_string().contains("table"), "{refusal}");
        assert_eq!(
            header.run,
            PageRun { first: 3, pages: 4 },
            "it stays where it was"
        );
    }
}
