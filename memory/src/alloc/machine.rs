//! The allocator itself, over any source of pages: fast paths through a slot's magazines, slow paths through its pages, and what happens
//! when those run out.
//!
//! Locks are taken in the order `common`, `central`, then the source's own; nothing is allocated under any of them but pages.

use std::alloc::Layout;
use std::ptr::{self, NonNull};

use crossbeam_utils::CachePadded;

use super::classes::{CLASSES, Place, SIZES, batch, capacity};
use super::page::{Block, Kind, Page};
use super::slot::Slot;
use super::source::Source;
use crate::PAGE;
use crate::sync::{Mutex, Ordering, lock};

/// An allocator over a source of pages.
pub(super) struct Machine<S> {
    pub(super) source: S,
    /// The slot of everybody who has none of his own; null until somebody asks. The locks are apart from the source, which every call reads.
    common: CachePadded<Mutex<Common>>,
    central: CachePadded<Mutex<Central>>,
}

struct Common {
    slot: *const Slot,
}

/// All slots, and which of them nobody holds.
struct Central {
    all: *const Slot,
    vacant: *const Slot,
    /// Where the next slot goes.
    room: *mut u8,
    /// Slots that fit in there.
    rooms: usize,
}

// SAFETY: slots live as long as the machine and may be used from any thread, one at a time, which the lock around this gives.
unsafe impl Send for Central {}
// SAFETY: as above.
unsafe impl Send for Common {}

/// Cache hits, misses and frees of others' blocks, over all slots.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) remote_frees: u64,
}

macro_rules! machine {
    ($source:expr) => {
        Machine {
            source: $source,
            common: CachePadded::new(Mutex::new(Common { slot: ptr::null() })),
            central: CachePadded::new(Mutex::new(Central {
                all: ptr::null(),
                vacant: ptr::null(),
                room: ptr::null_mut(),
                rooms: 0,
            })),
        }
    };
}

impl<S: Source> Machine<S> {
    #[cfg(not(feature = "loom"))]
    pub(super) const fn new(source: S) -> Machine<S> {
        machine!(source)
    }

    #[cfg(feature = "loom")]
    pub(super) fn new(source: S) -> Machine<S> {
        machine!(source)
    }

    /// A slot for the caller alone, until it is left. It may bring pages of who held it before.
    pub(super) fn enter(&self) -> Result<&Slot, S::Refused> {
        let mut central = lock(&self.central);
        if !central.vacant.is_null() {
            // SAFETY: slots live as long as the machine.
            let slot = unsafe { &*central.vacant };
            central.vacant = slot.next_vacant.get();
            return Ok(slot);
        }
        if central.rooms == 0 {
            let start = self.source.reserve(1, 1, false)?;
            // SAFETY: the page was just given.
            unsafe { self.source.page(start.as_ptr()) }.set_kind(Kind::Slots);
            central.room = start.as_ptr();
            central.rooms = PAGE / size_of::<Slot>();
        }
        let place = central.room.cast::<Slot>();
        // SAFETY: there is room for one more in the page, which starts aligned and is used for nothing but slots.
        let slot = unsafe {
            place.write(Slot::new());
            &*place
        };
        central.room = place.wrapping_add(1).cast();
        central.rooms -= 1;
        slot.next.set(central.all);
        central.all = slot;
        Ok(slot)
    }

    /// Gives a slot back with all that it holds: blocks go to their pages, pages without used blocks to the source, and the rest waits
    /// for the next one who needs a page of its class.
    ///
    /// # Safety
    /// The caller holds the slot, and does not use it from now on.
    pub(super) unsafe fn leave(&self, slot: &Slot) {
        // SAFETY: the caller holds the slot.
        unsafe { self.flush(slot, true) };
        let mut central = lock(&self.central);
        slot.next_vacant.set(central.vacant);
        central.vacant = slot;
    }

    /// Memory for a layout. A layout of no bytes is served like one of its alignment.
    ///
    /// # Safety
    /// The caller holds the slot.
    #[inline(always)]
    pub(super) unsafe fn alloc(
        &self,
        slot: &Slot,
        layout: Layout,
    ) -> Result<NonNull<u8>, S::Refused> {
        match Place::of(layout) {
            Place::Class(class) => {
                // SAFETY: the caller holds the slot.
                let block = unsafe { slot.magazine(class).pop() };
                match NonNull::new(block.cast()) {
                    Some(block) => Ok(block),
                    // SAFETY: as above.
                    None => unsafe { self.refill(slot, class) },
                }
            }
            // SAFETY: as above.
            Place::Run { pages, align } => unsafe { self.run(slot, pages, align, false) },
        }
    }

    /// As [`alloc`](Self::alloc), filled with zeros.
    ///
    /// # Safety
    /// The caller holds the slot.
    pub(super) unsafe fn alloc_zeroed(
        &self,
        slot: &Slot,
        layout: Layout,
    ) -> Result<NonNull<u8>, S::Refused> {
        if let Place::Run { pages, align } = Place::of(layout) {
            // SAFETY: the caller holds the slot.
            return unsafe { self.run(slot, pages, align, true) };
        }
        // SAFETY: the caller holds the slot; the memory is new and as large as the layout says.
        unsafe {
            let place = self.alloc(slot, layout)?;
            place.write_bytes(0, layout.size());
            Ok(place)
        }
    }

    /// Takes memory back.
    ///
    /// # Safety
    /// The caller holds the slot. The memory came from this machine with this layout, and nobody uses it.
    #[inline(always)]
    pub(super) unsafe fn dealloc(&self, slot: &Slot, place: NonNull<u8>, layout: Layout) {
        match Place::of(layout) {
            Place::Class(class) => {
                let block = place.as_ptr().cast::<Block>();
                // SAFETY: the block lies in a page that the source gave.
                let page = unsafe { self.source.page(place.as_ptr()) };
                debug_assert!(page.kind() == Kind::Blocks && page.class.get() as usize == class);
                if page.is_of(slot) {
                    let magazine = slot.magazine(class);
                    // SAFETY: the caller holds the slot and gives the block, which is of the slot's page.
                    unsafe {
                        if magazine.is_from(page) {
                            magazine.push(block);
                        } else {
                            self.give_back_one(slot, page, block);
                        }
                    }
                } else {
                    // SAFETY: the caller gives the block.
                    unsafe { self.free_remote(slot, page, block) };
                }
            }
            // SAFETY: the caller's promise.
            Place::Run { pages, .. } => unsafe { self.release_run(place, pages) },
        }
    }

    /// Takes memory back from who holds no slot.
    ///
    /// # Safety
    /// The memory came from this machine with this layout, and nobody uses it.
    pub(super) unsafe fn dealloc_without_slot(&self, place: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise; a block lies in a page that the source gave.
        unsafe {
            match Place::of(layout) {
                Place::Class(_) => {
                    let page = self.source.page(place.as_ptr());
                    push_remote(page, place.as_ptr().cast());
                }
                Place::Run { pages, .. } => self.release_run(place, pages),
            }
        }
    }

    /// Changes the size of an allocation, in place where its block or run still fits.
    ///
    /// # Safety
    /// The caller holds the slot. The memory came from this machine with this layout; if the call succeeds, it is used at the returned
    /// place only. `size`, rounded up to the alignment, does not overflow `isize`.
    pub(super) unsafe fn realloc(
        &self,
        slot: &Slot,
        place: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> Result<NonNull<u8>, S::Refused> {
        // SAFETY: the alignment is a layout's, and the size does not overflow by contract.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (Place::of(layout), Place::of(wanted)) {
            (Place::Class(old), Place::Class(new)) if old == new => return Ok(place),
            (Place::Run { pages, .. }, Place::Run { pages: more, .. })
                // SAFETY: the run is the caller's, and of what is cut off nothing is used.
                if pages == more || unsafe { self.resize_run(place, pages, more) } =>
            {
                return Ok(place);
            }
            _ => {}
        }
        // SAFETY: the caller holds the slot; old and new do not overlap, and both hold what is copied.
        unsafe {
            let new = self.alloc(slot, wanted)?;
            new.copy_from_nonoverlapping(place, size.min(layout.size()));
            self.dealloc(slot, place, layout);
            Ok(new)
        }
    }

    /// Does something with the slot of those who have none.
    pub(super) fn with_common<R>(&self, f: impl FnOnce(&Slot) -> R) -> Result<R, S::Refused> {
        let mut common = lock(&self.common);
        if common.slot.is_null() {
            common.slot = self.enter()?;
        }
        // SAFETY: slots live as long as the machine, and the lock makes the caller its holder.
        Ok(f(unsafe { &*common.slot }))
    }

    /// Brings the books of a slot in order: blocks freed by others are collected, and counts are added up. With `all` what is loaded goes back
    /// to its pages, and every page without used blocks to the source.
    ///
    /// # Safety
    /// The caller holds the slot.
    pub(super) unsafe fn flush(&self, slot: &Slot, all: bool) {
        for class in 0..CLASSES {
            slot.count_hits(class);
            if all {
                // SAFETY: the caller holds the slot, whose magazines hold blocks of its own pages.
                unsafe { self.give_back(slot, slot.magazine(class).unload()) };
            }
        }
        // SAFETY: as above.
        unsafe { self.drain(slot) };
        if all {
            for class in 0..CLASSES {
                // SAFETY: as above.
                unsafe { self.release_empty(slot, class) };
            }
        }
    }

    /// Gives back to the source what no worker uses: the pages without used blocks of vacant slots and of the common one.
    pub(super) fn trim(&self) {
        self.trim_common();
        self.trim_vacant(&lock(&self.central));
    }

    /// As [`trim`](Self::trim), as far as nobody is in the way: for whoever runs out of pages, here or elsewhere, and may hold any lock.
    pub(super) fn relieve(&self) {
        self.trim_common();
        if let Ok(central) = self.central.try_lock() {
            self.trim_vacant(&central);
        }
    }

    fn trim_common(&self) {
        // Not `lock`: whoever runs out of pages while it holds the common slot comes here, too.
        if let Ok(common) = self.common.try_lock()
            && !common.slot.is_null()
        {
            // SAFETY: slots live as long as the machine, and the lock makes us its holder.
            unsafe { self.flush(&*common.slot, true) };
        }
    }

    fn trim_vacant(&self, central: &Central) {
        for slot in vacant(central) {
            // SAFETY: the lock that the caller holds makes us the holder of vacant slots.
            unsafe { self.flush(slot, true) };
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let central = lock(&self.central);
        let mut counts = Counts::default();
        let mut slot = central.all;
        while !slot.is_null() {
            // SAFETY: slots live as long as the machine; `next` does not change, and counts are atomic.
            let (next, [hits, misses, remote_frees]) =
                unsafe { ((*slot).next.get(), (*slot).counts()) };
            counts.hits += hits;
            counts.misses += misses;
            counts.remote_frees += remote_frees;
            slot = next;
        }
        counts
    }

    /// A block where nothing is loaded.
    ///
    /// # Safety
    /// The caller holds the slot.
    #[cold]
    #[inline(never)]
    unsafe fn refill(&self, slot: &Slot, class: usize) -> Result<NonNull<u8>, S::Refused> {
        slot.count_hits(class);
        slot.count_miss();
        // SAFETY: the caller holds the slot, and the page is its own.
        unsafe {
            let page = self.page_with_room(slot, class)?;
            let (blocks, count) = self.take(slot, page);
            slot.magazine(class).load(page, (*blocks).next, count - 1);
            Ok(NonNull::new_unchecked(blocks.cast()))
        }
    }

    /// A page of the slot that has blocks to give.
    ///
    /// # Safety
    /// The caller holds the slot.
    unsafe fn page_with_room(&self, slot: &Slot, class: usize) -> Result<&Page, S::Refused> {
        // SAFETY: the caller holds the slot; listed pages are its own, and records outlive it.
        unsafe {
            if let Some(page) = slot.available(class).as_ref() {
                return Ok(page);
            }
            self.drain(slot);
            if let Some(page) = slot.available(class).as_ref() {
                return Ok(page);
            }
            if let Some(page) = self.adopt(slot, class) {
                return Ok(page);
            }
            let start = match self.source.reserve(1, 1, false) {
                Ok(start) => start,
                Err(_) => {
                    // What lies idle elsewhere: in this slot's other classes, and in slots that nobody holds.
                    self.flush(slot, true);
                    self.trim();
                    if let Some(page) = slot.available(class).as_ref() {
                        return Ok(page);
                    }
                    if let Some(page) = self.adopt(slot, class) {
                        return Ok(page);
                    }
                    self.source.reserve(1, 1, false)?
                }
            };
            let page = self.source.page(start.as_ptr());
            debug_assert!(page.kind() == Kind::None && page.is_quiet());
            page.free.set(ptr::null_mut());
            page.used.set(0);
            page.carved.set(0);
            page.class.set(class as u8);
            page.set_kind(Kind::Blocks);
            page.set_owner(slot);
            slot.list(page);
            Ok(page)
        }
    }

    /// Takes over a page of a vacant slot.
    ///
    /// # Safety
    /// The caller holds the slot, which has no page with room in this class.
    unsafe fn adopt(&self, slot: &Slot, class: usize) -> Option<&Page> {
        let central = lock(&self.central);
        for vacant in vacant(&central) {
            // SAFETY: the lock makes us the holder of vacant slots; the page is listed in one, and the caller holds the other.
            unsafe {
                self.drain(vacant);
                if let Some(page) = vacant.available(class).as_ref() {
                    vacant.unlist(page);
                    page.set_owner(slot);
                    slot.list(page);
                    return Some(page);
                }
            }
        }
        None
    }

    /// Blocks of a page with room, as a list, and how many: all that were freed, or a batch of those that were never used.
    ///
    /// # Safety
    /// The caller holds the slot, in which the page is listed.
    unsafe fn take(&self, slot: &Slot, page: &Page) -> (*mut Block, u32) {
        let class = page.class.get() as usize;
        let free = page.carved.get() - page.used.get();
        let (head, count) = if free == 0 {
            // SAFETY: the caller holds the slot.
            unsafe { self.carve(page, class) }
        } else {
            (page.free.replace(ptr::null_mut()), free as u32)
        };
        page.used.set(page.used.get() + count as u16);
        if page.carved.get() as u32 == capacity(class) {
            // SAFETY: the page is listed by contract.
            unsafe { slot.unlist(page) };
        }
        (head, count)
    }

    /// Blocks that were never given out, in order of address.
    ///
    /// # Safety
    /// The caller holds the slot of the page, which has such blocks.
    unsafe fn carve(&self, page: &Page, class: usize) -> (*mut Block, u32) {
        let (size, carved) = (SIZES[class] as usize, page.carved.get() as u32);
        let count = batch(class).min(capacity(class) - carved);
        // SAFETY: the page was given by the source.
        let start = unsafe { self.source.start(page) }.as_ptr();
        let block = |index: u32| {
            start
                .wrapping_add((carved + index) as usize * size)
                .cast::<Block>()
        };
        for index in 0..count {
            let next = if index + 1 < count {
                block(index + 1)
            } else {
                ptr::null_mut()
            };
            // SAFETY: the block lies within the page, which holds `capacity` of them, and nobody knows it yet.
            unsafe { block(index).write(Block { next }) };
        }
        page.carved.set((carved + count) as u16);
        (block(0), count)
    }

    /// Gives a list of blocks to their pages.
    ///
    /// # Safety
    /// The caller holds the slot, which owns the pages; nobody uses the blocks.
    unsafe fn give_back(&self, slot: &Slot, mut block: *mut Block) {
        while !block.is_null() {
            // SAFETY: a free block holds a link, which is read before the block goes, and lies in a page that the source gave.
            let (next, page) = unsafe { ((*block).next, self.source.page(block.cast())) };
            // SAFETY: the caller's promise.
            unsafe { self.give_back_one(slot, page, block) };
            block = next;
        }
    }

    /// # Safety
    /// As [`give_back`](Self::give_back), for one block of this page.
    #[inline(always)]
    unsafe fn give_back_one(&self, slot: &Slot, page: &Page, block: *mut Block) {
        let next = page.free.replace(block);
        // SAFETY: the block is the caller's to give.
        unsafe { block.write(Block { next }) };
        let used = page.used.get() - 1;
        page.used.set(used);
        if next.is_null() || used == 0 {
            // SAFETY: the caller's promise.
            unsafe { self.found_room(slot, page, next.is_null()) };
        }
    }

    /// What follows when a page was given its first free block, or its last used one.
    ///
    /// # Safety
    /// The caller holds the slot, which owns the page.
    #[cold]
    #[inline(never)]
    unsafe fn found_room(&self, slot: &Slot, page: &Page, first: bool) {
        if first && page.carved.get() as u32 == capacity(page.class.get() as usize) {
            // SAFETY: the caller holds the slot; a page without room is not listed.
            unsafe { slot.list(page) };
        }
        if page.used.get() > 0 {
            return;
        }
        // From the start again: in order of address, which the processor foresees.
        page.free.set(ptr::null_mut());
        page.carved.set(0);
        // One page stays, so that a program around an empty one does not go to the source each time.
        let others = !page.before.get().is_null() || !page.behind.get().is_null();
        if others {
            // SAFETY: as above; it is listed, for it has room.
            unsafe { self.release_page(slot, page) };
        }
    }

    /// Gives a page without used blocks to the source.
    ///
    /// # Safety
    /// The caller holds the slot, in which the page is listed; no block of it is used or in a magazine.
    unsafe fn release_page(&self, slot: &Slot, page: &Page) {
        // What hangs in `remote` counts as used, and an inbox knows only pages with something there.
        debug_assert!(page.used.get() == 0 && page.is_quiet());
        // SAFETY: the page is listed, was given by the source, and no block of it is used, so nobody else knows it.
        unsafe {
            slot.unlist(page);
            page.set_kind(Kind::None);
            page.set_owner(ptr::null());
            self.source.release(self.source.start(page), 1);
        }
    }

    /// # Safety
    /// The caller holds the slot, and its magazine of this class is empty.
    unsafe fn release_empty(&self, slot: &Slot, class: usize) {
        let mut page = slot.available(class);
        // SAFETY: listed pages are the slot's; the link is read before the page goes.
        while let Some(here) = unsafe { page.as_ref() } {
            page = here.behind.get();
            if here.used.get() == 0 {
                // SAFETY: as above.
                unsafe { self.release_page(slot, here) };
            }
        }
    }

    /// Frees a block of somebody else's page.
    ///
    /// # Safety
    /// Nobody uses the block, which is of this page.
    #[cold]
    #[inline(never)]
    unsafe fn free_remote(&self, slot: &Slot, page: &Page, block: *mut Block) {
        slot.count_remote_free();
        // SAFETY: the caller's promise.
        unsafe { push_remote(page, block) };
    }

    /// Collects what others freed.
    ///
    /// # Safety
    /// The caller holds the slot.
    unsafe fn drain(&self, slot: &Slot) {
        let mut page = slot.take_inbox();
        // SAFETY: records live as long as the source.
        while let Some(here) = unsafe { page.as_ref() } {
            // Relaxed by way of the swap that took the inbox; read before the mark goes, after which others may write it.
            page = here.next_notified.load(Ordering::Relaxed);
            if here.is_of(slot) {
                let blocks = here.take_remote();
                // SAFETY: the caller holds the slot, which owns the page of these blocks.
                unsafe { self.give_back(slot, blocks) };
            } else {
                // It was adopted between the free and its notice.
                // SAFETY: a page with used blocks has an owner, and slots live as long as the machine.
                unsafe { &*here.owner() }.notify(here);
            }
        }
    }

    /// Writes down what a run is, for whoever looks at the records.
    fn note_run(&self, place: NonNull<u8>, pages: usize) {
        // SAFETY: the run was given by the source.
        let page = unsafe { self.source.page(place.as_ptr()) };
        page.set_kind(Kind::Run);
        page.pages.set(pages);
    }

    /// # Safety
    /// The caller holds the slot.
    #[cold]
    #[inline(never)]
    unsafe fn run(
        &self,
        slot: &Slot,
        pages: usize,
        align: usize,
        zeroed: bool,
    ) -> Result<NonNull<u8>, S::Refused> {
        let place = match self.source.reserve(pages, align, zeroed) {
            Ok(place) => place,
            Err(_) => {
                // SAFETY: the caller holds the slot.
                unsafe { self.flush(slot, true) };
                self.trim();
                self.source.reserve(pages, align, zeroed)?
            }
        };
        self.note_run(place, pages);
        Ok(place)
    }

    /// # Safety
    /// The run was given by [`run`](Self::run), and nobody uses it.
    #[cold]
    #[inline(never)]
    unsafe fn release_run(&self, place: NonNull<u8>, pages: usize) {
        // SAFETY: the run was given by the source, and nobody uses it.
        unsafe {
            let page = self.source.page(place.as_ptr());
            debug_assert!(page.kind() == Kind::Run && page.pages.get() == pages);
            page.set_kind(Kind::None);
            self.source.release(place, pages);
        }
    }

    /// # Safety
    /// The run was given by [`run`](Self::run); of pages that are cut off nothing is used.
    unsafe fn resize_run(&self, place: NonNull<u8>, pages: usize, wanted: usize) -> bool {
        // SAFETY: the caller's promise.
        let done = unsafe { self.source.resize(place, pages, wanted) };
        if done {
            self.note_run(place, wanted);
        }
        done
    }
}

/// Gives a block to the owner of its page.
///
/// # Safety
/// Nobody uses the block, which is of this page.
unsafe fn push_remote(page: &Page, block: *mut Block) {
    // SAFETY: the caller's promise.
    if unsafe { page.push_remote(block) } {
        // The owner may change meanwhile; whoever empties that inbox passes the page on.
        // SAFETY: a page with used blocks, as those in `remote` are, has an owner, and slots live as long as the machine.
        unsafe { &*page.owner() }.notify(page);
    }
}

/// The slots that nobody holds.
fn vacant(central: &Central) -> impl Iterator<Item = &Slot> {
    let mut slot = central.vacant;
    std::iter::from_fn(move || {
        // SAFETY: slots live as long as the machine, whose lock is held.
        let here = unsafe { slot.as_ref() }?;
        slot = here.next_vacant.get();
        Some(here)
    })
}
