//! One allocator over several owners: whoever allocates says where.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::heap::Heap;
use super::usage::Usage;
use crate::{Arena, MemoryError, Tier};

/// Several [`Heap`]s side by side, each with its own pool and budget. An allocation names one, and can be moved to another.
///
/// ```
/// use std::alloc::Layout;
/// use layerw_memory::{Arena, MemoryConfig, Tier, alloc::Tiered};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let mut tiered = Tiered::new(&arena);
/// let near = tiered.add(Tier::Gpu, "near meshes", 8 << 20)?;
/// let far = tiered.add(Tier::Scene, "far meshes", 64 << 20)?;
/// let layout = Layout::new::<[f32; 300]>();
/// let place = tiered.alloc(far, layout)?;
/// // SAFETY: allocated above with this layout; from the second line on only `place` as returned is used, and freed once.
/// unsafe {
///     let place = tiered.realloc(place, layout, near, layout.size())?;
///     assert_eq!(tiered.of(place), Some(near));
///     tiered.dealloc(place, layout);
/// }
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
#[derive(Debug)]
pub struct Tiered {
    arena: Arena,
    heaps: Vec<Heap>,
}

/// One of the heaps of a [`Tiered`].
#[derive(Copy, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Named(usize);

impl Tiered {
    /// None yet.
    pub fn new(arena: &Arena) -> Tiered {
        Tiered {
            arena: arena.clone(),
            heaps: Vec::new(),
        }
    }

    /// Adds a heap over a new owner of a pool.
    ///
    /// # Errors
    /// As [`Heap::new`].
    pub fn add(&mut self, tier: Tier, name: &str, budget_bytes: u64) -> Result<Named, MemoryError> {
        let heap = Heap::new(&self.arena, tier, name, budget_bytes)?;
        self.heaps.push(heap);
        Ok(Named(self.heaps.len() - 1))
    }

    /// A heap by itself, for making caches of it.
    ///
    /// # Panics
    /// When it was named by another `Tiered` that has more of them.
    pub fn heap(&self, named: Named) -> &Heap {
        &self.heaps[named.0]
    }

    /// Which heap an address belongs to, if any.
    pub fn of(&self, place: NonNull<u8>) -> Option<Named> {
        self.heaps
            .iter()
            .position(|heap| heap.holds(place))
            .map(Named)
    }

    /// As [`Heap::alloc`], in the heap named.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    ///
    /// # Panics
    /// As [`heap`](Self::heap).
    pub fn alloc(&self, named: Named, layout: Layout) -> Result<NonNull<u8>, MemoryError> {
        self.heap(named).alloc(layout)
    }

    /// Frees memory, wherever it is.
    ///
    /// # Safety
    /// It came from one of these heaps with this layout, and nobody uses it any more.
    ///
    /// # Panics
    /// When it belongs to none of them.
    pub unsafe fn dealloc(&self, place: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let heap = self.heap_of(place);
        // SAFETY: the caller's promise.
        unsafe { heap.dealloc(place, layout) };
    }

    /// Changes the size of an allocation, in the heap named: in place where it is there already and fits, else by copying its contents up to the
    /// smaller size. On an error it is where and as it was.
    ///
    /// # Safety
    /// As [`dealloc`](Self::dealloc); after success only the place returned is used. `size` rounded up to the alignment does not exceed
    /// `isize::MAX`.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    ///
    /// # Panics
    /// As [`heap`](Self::heap) and [`dealloc`](Self::dealloc).
    pub unsafe fn realloc(
        &self,
        place: NonNull<u8>,
        layout: Layout,
        named: Named,
        size: usize,
    ) -> Result<NonNull<u8>, MemoryError> {
        let target = self.heap(named);
        if layout.size() == 0 || target.holds(place) {
            // SAFETY: the caller's promise.
            return unsafe { target.realloc(place, layout, size) };
        }
        // SAFETY: the alignment is a layout's, and the size does not overflow by contract.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let source = self.heap_of(place);
        let moved = target.alloc(wanted)?;
        // SAFETY: two allocations of different heaps do not overlap, and both hold what is copied; the old one is the caller's to free.
        unsafe {
            moved.copy_from_nonoverlapping(place, size.min(layout.size()));
            source.dealloc(place, layout);
        }
        Ok(moved)
    }

    /// What each heap holds, in the order in which they were added.
    pub fn usages(&self) -> impl Iterator<Item = Usage> {
        self.heaps.iter().map(Heap::usage)
    }

    fn heap_of(&self, place: NonNull<u8>) -> &Heap {
        self.heaps
            .iter()
            .find(|heap| heap.holds(place))
            .unwrap_or_else(|| {
                panic!(
                    "memory: {place:p} belongs to none of {} heaps; free it where it was allocated, once",
                    self.heaps.len()
                )
            })
    }
}
