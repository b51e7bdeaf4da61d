//! The heap of the whole process, for `#[global_allocator]`.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::machine::Machine;
use super::process_pages::ProcessPages;
use super::slot::Slot;
use super::usage::Usage;

/// The heap of the process: pages straight from the host, a cache for each thread, and a budget, so that the memory of third-party code
/// is counted and limited. There is one, however many values of this type there are.
///
/// Over its budget it answers null, as the contract of [`GlobalAlloc`] has it; std then reports the failed allocation and aborts,
/// and `try_reserve` returns an error.
///
/// ```
/// use layerw_memory::alloc::GlobalHeap;
///
/// #[global_allocator]
/// static HEAP: GlobalHeap = GlobalHeap::new();
///
/// HEAP.set_budget(256 << 20);
/// let words: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
/// assert!(HEAP.usage().hit_rate() > 0.9);
/// assert!(Vec::<u8>::new().try_reserve(1 << 30).is_err());
/// # drop(words);
/// ```
#[derive(Copy, Clone, Debug, Default)]
pub struct GlobalHeap;

static MACHINE: Machine<ProcessPages> = Machine::new(ProcessPages::new());

/// The slot of threads that have none: it has no block to give and owns no page, so every call through it takes the slow path, which asks.
static NOBODY: Slot = Slot::new();

thread_local! {
    /// The slot of this thread. Without a destructor, so that it can be used to the very end of the thread.
    static SLOT: Cell<&'static Slot> = const { Cell::new(&NOBODY) };
    /// Gives the slot back when the thread ends.
    static EXIT: Exit = const { Exit };
}

struct Exit;

impl Drop for Exit {
    fn drop(&mut self) {
        let slot = SLOT.replace(&NOBODY);
        if !ptr::eq(slot, &NOBODY) {
            // SAFETY: the thread held it since it entered, and lets go of it here.
            unsafe { MACHINE.leave(slot) };
        }
    }
}

impl GlobalHeap {
    /// The heap of the process.
    pub const fn new() -> GlobalHeap {
        GlobalHeap
    }

    /// Sets the most bytes that may be held from now on; what is held already stays. At first, and at most, all that the host gave addresses for:
    /// 64 GiB on Linux, the linear memory on the web, 1 GiB elsewhere.
    pub fn set_budget(&self, bytes: u64) {
        MACHINE.source.set_budget(bytes);
    }

    /// Bytes held against the budget, and how well the threads' caches did. The heap's own books come on top: 64 bytes for each page of
    /// 64 KiB, reserved for all addresses and committed with the pages they are about.
    pub fn usage(&self) -> Usage {
        let ([used, peak, budget], _) = MACHINE.source.stats();
        Usage::new(used, peak, budget, MACHINE.counts())
    }

    /// How often the budget or the host refused pages; the answer to the caller was null unless something idle could be collected.
    pub fn refusals(&self) -> u64 {
        MACHINE.source.stats().1
    }

    /// For the end of a frame: collects what other threads freed of this one's, so that empty pages go back, and adds up the counts.
    pub fn flush(&self) {
        let slot = SLOT.get();
        if !ptr::eq(slot, &NOBODY) {
            // SAFETY: the thread holds its slot.
            unsafe { MACHINE.flush(slot, false) };
        }
    }

    /// Gives back what is idle: the cache of this thread, those of threads that ended, and the memory of free pages, as far as the host
    /// takes it. Returns the bytes that the host took.
    pub fn trim(&self) -> u64 {
        let slot = SLOT.get();
        if !ptr::eq(slot, &NOBODY) {
            // SAFETY: the thread holds its slot.
            unsafe { MACHINE.flush(slot, true) };
        }
        MACHINE.trim();
        MACHINE.source.trim()
    }

    /// Does something with a slot: this thread's, or the common one where it has none.
    #[cold]
    #[inline(never)]
    fn enter<R>(&self, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        let slot = MACHINE.enter().ok()?;
        SLOT.set(slot);
        // Makes the thread give it back. Where that allocates, it does so through the slot, which is there already.
        if EXIT.try_with(|_| ()).is_ok() {
            return Some(f(slot));
        }
        // The thread is ending, and what it still does goes through the slot that nobody has to give back.
        SLOT.set(&NOBODY);
        // SAFETY: entered above, and let go of here.
        unsafe { MACHINE.leave(slot) };
        MACHINE.with_common(f).ok()
    }

    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce(&Slot) -> Option<R>) -> Option<R> {
        let slot = SLOT.get();
        if ptr::eq(slot, &NOBODY) {
            return self.enter(f).flatten();
        }
        f(slot)
    }
}

fn or_null(place: Option<NonNull<u8>>) -> *mut u8 {
    place.map_or(ptr::null_mut(), NonNull::as_ptr)
}

// SAFETY: memory comes from the machine, which gives each block to one caller until it is freed; nothing in here unwinds, and
// running out of memory is answered with null.
unsafe impl GlobalAlloc for GlobalHeap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: `with` lends a slot that the caller holds meanwhile.
        or_null(self.with(|slot| unsafe { MACHINE.alloc(slot, layout) }.ok()))
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        or_null(self.with(|slot| unsafe { MACHINE.alloc_zeroed(slot, layout) }.ok()))
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // The slot of nobody owns no page, so that what it frees goes to the owner; nothing of the slot is touched but a count.
        let slot = SLOT.get();
        // SAFETY: the caller passes what `alloc` gave, which is not null and from the machine; and the slot is this thread's or nobody's.
        unsafe { MACHINE.dealloc(slot, NonNull::new_unchecked(place), layout) };
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; the size is the caller's promise.
        or_null(self.with(|slot| unsafe {
            MACHINE
                .realloc(slot, NonNull::new_unchecked(place), layout, size)
                .ok()
        }))
    }
}
