//! The allocator against a model: what is handed out is aligned, apart from everything else, keeps its bytes, and comes back.

use std::alloc::{GlobalAlloc, Layout};
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::mpsc::channel;

use layerw_memory::alloc::{Cache, GlobalHeap, Heap, Named, Tiered};
use layerw_memory::{Arena, Backing, MemoryConfig, MemoryError, PAGE, Tier};

use crate::random::{Random, length};

/// What the tests ask of an allocator.
///
/// The unsafe methods have the contracts of `GlobalAlloc`, but layouts may be empty.
trait Allocator {
    fn get(&self, layout: Layout, zeroed: bool) -> Option<NonNull<u8>>;
    unsafe fn resize(&self, place: NonNull<u8>, layout: Layout, size: usize)
    -> Option<NonNull<u8>>;
    unsafe fn free(&self, place: NonNull<u8>, layout: Layout);
    fn end_frame(&self) {}
}

macro_rules! allocator {
    ($type:ty) => {
        impl Allocator for $type {
            fn get(&self, layout: Layout, zeroed: bool) -> Option<NonNull<u8>> {
                let place = if zeroed {
                    self.alloc_zeroed(layout)
                } else {
                    self.alloc(layout)
                };
                place.ok()
            }

            unsafe fn resize(
                &self,
                place: NonNull<u8>,
                layout: Layout,
                size: usize,
            ) -> Option<NonNull<u8>> {
                // SAFETY: the same contract.
                unsafe { self.realloc(place, layout, size) }.ok()
            }

            unsafe fn free(&self, place: NonNull<u8>, layout: Layout) {
                // SAFETY: the same contract.
                unsafe { self.dealloc(place, layout) }
            }

            fn end_frame(&self) {
                end_frame(self);
            }
        }
    };
}

trait EndFrame {
    fn end(&self);
}

impl EndFrame for Heap {
    fn end(&self) {
        self.trim();
    }
}

impl EndFrame for Cache {
    fn end(&self) {
        self.flush();
    }
}

fn end_frame(allocator: &impl EndFrame) {
    allocator.end();
}

allocator!(Heap);
allocator!(Cache);

/// Layouts of no bytes are outside of `GlobalAlloc`, so one byte stands for them.
impl Allocator for GlobalHeap {
    fn get(&self, layout: Layout, zeroed: bool) -> Option<NonNull<u8>> {
        let layout = at_least_a_byte(layout);
        // SAFETY: the layout is not empty.
        NonNull::new(unsafe {
            if zeroed {
                GlobalAlloc::alloc_zeroed(self, layout)
            } else {
                GlobalAlloc::alloc(self, layout)
            }
        })
    }

    unsafe fn resize(
        &self,
        place: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> Option<NonNull<u8>> {
        let layout = at_least_a_byte(layout);
        // SAFETY: the same contract, and the size is not zero.
        NonNull::new(unsafe { GlobalAlloc::realloc(self, place.as_ptr(), layout, size.max(1)) })
    }

    unsafe fn free(&self, place: NonNull<u8>, layout: Layout) {
        // SAFETY: the same contract.
        unsafe { GlobalAlloc::dealloc(self, place.as_ptr(), at_least_a_byte(layout)) };
    }

    fn end_frame(&self) {
        self.flush();
    }
}

fn at_least_a_byte(layout: Layout) -> Layout {
    Layout::from_size_align(layout.size().max(1), layout.align()).unwrap()
}

/// An allocation and what was written into it.
#[derive(Debug)]
struct Live {
    place: NonNull<u8>,
    layout: Layout,
    mark: u8,
}

// SAFETY: an allocation may be used and freed by any thread.
unsafe impl Send for Live {}

impl Live {
    /// The offsets that are looked at: all of a small one, the edges of pages of a large one.
    fn offsets(size: usize) -> impl Iterator<Item = usize> {
        let step = if size <= 2_048 { 1 } else { 509 };
        (0..size).step_by(step).chain(size.checked_sub(1))
    }

    fn fill(&self) {
        for offset in Live::offsets(self.layout.size()) {
            let byte = self.mark.wrapping_add(offset as u8);
            // SAFETY: within the allocation, which only this value knows.
            unsafe { self.place.add(offset).write(byte) };
        }
    }

    /// Whether the first `size` bytes are those that were written.
    fn check(&self, size: usize) {
        let last = self.layout.size().wrapping_sub(1);
        for offset in Live::offsets(self.layout.size()).filter(|&offset| offset < size) {
            // SAFETY: as above.
            let byte = unsafe { self.place.add(offset).read() };
            let want = self.mark.wrapping_add(offset as u8);
            assert_eq!(byte, want, "{self:?} changed at {offset} (last {last})");
        }
    }
}

/// What is handed out now, by address: nothing overlaps.
#[derive(Default)]
struct Map(BTreeMap<usize, usize>);

impl Map {
    fn insert(&mut self, place: NonNull<u8>, layout: Layout) {
        let (start, size) = (place.addr().get(), layout.size());
        assert!(
            start.is_multiple_of(layout.align()),
            "{place:p} for {layout:?}"
        );
        if size == 0 {
            return;
        }
        let before = self.0.range(..start + size).next_back();
        assert!(
            before.is_none_or(|(other, length)| other + length <= start),
            "{start:x}+{size} overlaps {before:x?}"
        );
        self.0.insert(start, size);
    }

    fn remove(&mut self, place: NonNull<u8>, layout: Layout) {
        if layout.size() > 0 {
            assert_eq!(self.0.remove(&place.addr().get()), Some(layout.size()));
        }
    }
}

/// Sizes as programs ask for them: mostly small, sometimes pages.
fn random_size(random: &mut Random) -> usize {
    let bits = match random.below(100) {
        0..60 => 7,
        60..90 => 11,
        90..98 => 15,
        _ => 19,
    };
    random.below(1 << bits)
}

fn random_layout(random: &mut Random) -> Layout {
    let align = match random.below(50) {
        0 => 1 << random.below(17),
        more => 1 << (more % 5),
    };
    Layout::from_size_align(random_size(random), align).unwrap()
}

/// Random operations; everything is checked at every step, and all is freed at the end.
fn check_random(allocator: &impl Allocator, seed: u64, operations: u64) {
    let mut random = Random::new(seed);
    let (mut map, mut live) = (Map::default(), Vec::<Live>::new());
    for operation in 0..operations {
        let wanted = 200 + 1_500 * (operation / 20_000 % 3) as usize;
        match random.below(16) {
            0..3 if !live.is_empty() => {
                let index = random.below(live.len());
                let old = &mut live[index];
                let size = if old.layout.size() == 0 {
                    1
                } else {
                    random_size(&mut random)
                };
                old.check(usize::MAX);
                map.remove(old.place, old.layout);
                let layout = Layout::from_size_align(size, old.layout.align()).unwrap();
                // SAFETY: live, with this layout.
                let place = unsafe { allocator.resize(old.place, old.layout, size) };
                let kept = old.layout.size().min(size);
                old.place = place.expect("there is enough");
                old.check(kept);
                old.layout = layout;
                map.insert(old.place, layout);
                old.fill();
            }
            _ if live.len() < wanted && random.below(3) > 0 => {
                let (layout, zeroed) = (random_layout(&mut random), random.below(8) == 0);
                let place = allocator.get(layout, zeroed).expect("there is enough");
                map.insert(place, layout);
                let mark = random.next() as u8;
                for offset in Live::offsets(layout.size()).filter(|_| zeroed) {
                    // SAFETY: within the new allocation.
                    assert_eq!(unsafe { place.add(offset).read() }, 0);
                }
                let new = Live {
                    place,
                    layout,
                    mark,
                };
                new.fill();
                live.push(new);
            }
            _ if !live.is_empty() => {
                let old = live.swap_remove(random.below(live.len()));
                old.check(usize::MAX);
                map.remove(old.place, old.layout);
                // SAFETY: live, with this layout, and forgotten.
                unsafe { allocator.free(old.place, old.layout) };
            }
            _ => {}
        }
        if operation % 1_000 == 0 {
            allocator.end_frame();
        }
    }
    for old in live {
        old.check(usize::MAX);
        // SAFETY: as above.
        unsafe { allocator.free(old.place, old.layout) };
    }
}

fn arena() -> Arena {
    let config = MemoryConfig {
        backing: Backing::Plain,
        ..MemoryConfig::with_total(1 << 30)
    };
    Arena::new(&config).unwrap()
}

fn heap(arena: &Arena, pages: usize) -> Heap {
    Heap::new(arena, Tier::Scene, "heap", (pages * PAGE) as u64).unwrap()
}

#[test]
fn a_million_random_operations_of_a_cache_match_the_model() {
    let arena = arena();
    let heap = heap(&arena, 4_000);
    let cache = heap.cache().unwrap();
    check_random(&cache, 1, 1_000_000 * length());
    assert!(heap.usage().hit_rate() > 0.9, "{}", heap.usage());
    drop(cache);
    heap.trim();
    // The one page that is left holds the slots of caches.
    assert_eq!(heap.usage().used, PAGE as u64);
    drop(heap);
    assert_eq!(arena.scene().stats().used, 0);
}

#[test]
fn a_million_random_operations_of_the_process_heap_match_the_model() {
    check_random(&GlobalHeap::new(), 2, 1_000_000 * length());
}

#[test]
fn random_operations_without_a_cache_match_the_model() {
    let arena = arena();
    check_random(&heap(&arena, 4_000), 3, 200_000 * length());
    assert_eq!(arena.scene().stats().used, 0);
}

/// Threads that pass what they allocated around a ring, so that nearly everything is freed by somebody else.
fn pass_around<A: Allocator + Send>(allocators: impl IntoIterator<Item = A>, operations: u64) {
    let allocators: Vec<A> = allocators.into_iter().collect();
    let (senders, mut receivers): (Vec<_>, Vec<_>) =
        allocators.iter().map(|_| channel::<Live>()).unzip();
    std::thread::scope(|scope| {
        for (number, allocator) in allocators.into_iter().enumerate() {
            let next = senders[(number + 1) % senders.len()].clone();
            let from = receivers.remove(0);
            scope.spawn(move || {
                let mut random = Random::new(number as u64);
                let release = |old: Live| {
                    old.check(usize::MAX);
                    // SAFETY: live, with this layout, and forgotten.
                    unsafe { allocator.free(old.place, old.layout) };
                };
                for operation in 0..operations {
                    let (layout, mark) = (random_layout(&mut random), random.next() as u8);
                    let place = allocator.get(layout, false).expect("there is enough");
                    let new = Live {
                        place,
                        layout,
                        mark,
                    };
                    new.fill();
                    if random.below(8) == 0 {
                        release(new);
                    } else if let Err(refused) = next.send(new) {
                        // The next thread has ended.
                        release(refused.0);
                    }
                    // Sometimes it piles up, sometimes all of it is freed.
                    let taken = if operation % 500 < 400 { 1 } else { 20 };
                    from.try_iter().take(taken).for_each(release);
                    if operation % 1_000 == 0 {
                        allocator.end_frame();
                    }
                }
                drop(next);
                from.try_iter().for_each(release);
                // Whatever comes later goes with the channel, and with it the memory stays with the heap until that is dropped.
            });
        }
        drop(senders);
    });
}

#[test]
fn what_other_threads_free_comes_back_whole() {
    let arena = arena();
    let heap = heap(&arena, 4_000);
    pass_around((0..4).map(|_| heap.cache().unwrap()), 30_000 * length());
    let usage = heap.usage();
    assert!(usage.remote_frees > 50_000, "{usage}");
    drop(heap);
    assert_eq!(arena.scene().stats().used, 0);
}

#[test]
fn threads_share_the_process_heap() {
    pass_around([GlobalHeap::new(); 4], 30_000 * length());
}

#[test]
fn every_size_and_alignment_around_the_steps() {
    let arena = arena();
    let heap = heap(&arena, 4_000);
    let cache = heap.cache().unwrap();
    let mut sizes: Vec<usize> = (0..140).collect();
    for shift in 7..19 {
        for quarter in 4..8 {
            let step = quarter << (shift - 2);
            sizes.extend([step - 1, step, step + 1]);
        }
    }
    let (mut map, mut live) = (Map::default(), Vec::new());
    for &size in &sizes {
        for shift in 0..=16 {
            let layout = Layout::from_size_align(size, 1 << shift).unwrap();
            let place = cache.alloc_zeroed(layout).unwrap();
            map.insert(place, layout);
            let new = Live {
                place,
                layout,
                mark: shift,
            };
            new.fill();
            live.push(new);
        }
    }
    for old in live {
        old.check(usize::MAX);
        // SAFETY: live, with this layout, and forgotten.
        unsafe { cache.dealloc(old.place, old.layout) };
    }
}

#[test]
fn no_bytes_are_no_memory_and_grow_into_some() {
    let arena = arena();
    let heap = heap(&arena, 10);
    let empty = Layout::from_size_align(0, 4_096).unwrap();
    let place = heap.alloc(empty).unwrap();
    assert_eq!((place.addr().get(), heap.usage().used), (4_096, 0));
    // SAFETY: from `alloc` with this layout; each place is used once.
    unsafe {
        heap.dealloc(place, empty);
        let place = heap.realloc(place, empty, 100).unwrap();
        assert!(place.addr().get().is_multiple_of(4_096));
        let full = Layout::from_size_align(100, 4_096).unwrap();
        let place = heap.realloc(place, full, 0).unwrap();
        assert_eq!(place.addr().get(), 4_096);
    }
}

#[test]
fn growing_within_a_class_or_a_run_stays_in_place() {
    let arena = arena();
    let heap = heap(&arena, 100);
    for (size, more, stays) in [
        (65, 80, true),
        (65, 81, false),
        (PAGE + 1, 2 * PAGE, true),
        (2 * PAGE, 2 * PAGE + 1, false),
        (PAGE + 1, PAGE, false),
    ] {
        let layout = Layout::from_size_align(size, 8).unwrap();
        let place = heap.alloc(layout).unwrap();
        // SAFETY: allocated with this layout; only the last place is freed.
        unsafe {
            place.write_bytes(7, size);
            let moved = heap.realloc(place, layout, more).unwrap();
            assert_eq!(moved == place, stays, "{size} to {more}");
            let kept = std::slice::from_raw_parts(moved.as_ptr(), size.min(more));
            assert!(kept.iter().all(|&byte| byte == 7));
            heap.dealloc(moved, Layout::from_size_align(more, 8).unwrap());
        }
    }
}

#[test]
fn over_budget_is_an_error_with_names_and_nothing_is_lost() {
    let arena = arena();
    let heap = heap(&arena, 8);
    let cache = heap.cache().unwrap();
    let layout = Layout::from_size_align(1_000, 8).unwrap();
    let mut held = Vec::new();
    let error = loop {
        match cache.alloc(layout) {
            Ok(place) => held.push(place),
            Err(error) => break error,
        }
    };
    // Seven pages of blocks of 1 024 B, and one for the cache itself.
    assert_eq!(held.len(), 7 * 64);
    let text = error.to_string();
    assert!(
        text.contains(
            "owner \"heap\" asks pool scene for 64 KiB but holds 512 KiB of its budget of 512 KiB"
        ),
        "{text}"
    );
    assert!(matches!(error, MemoryError::OverBudget(_)));
    // A large request finds what small ones left idle.
    for place in held.drain(..) {
        // SAFETY: allocated above with this layout.
        unsafe { cache.dealloc(place, layout) };
    }
    let large = Layout::from_size_align(7 * PAGE, 8).unwrap();
    let place = cache.alloc(large).unwrap();
    assert!(cache.alloc(layout).is_err());
    // SAFETY: as above.
    unsafe { cache.dealloc(place, large) };
    assert!(cache.alloc(layout).is_ok());
}

#[test]
fn impossible_sizes_and_alignments_are_refused() {
    let arena = arena();
    let heap = heap(&arena, 8);
    let huge = Layout::from_size_align(isize::MAX as usize - 7, 8).unwrap();
    assert!(matches!(heap.alloc(huge), Err(MemoryError::OverBudget(_))));
    let aligned = Layout::from_size_align(1, 2 * PAGE).unwrap();
    let text = heap.alloc(aligned).unwrap_err().to_string();
    assert!(
        text.contains("alignment of 131072 B, more than a page's 65536 B"),
        "{text}"
    );
    let global = GlobalHeap::new();
    assert_eq!(global.get(huge, false), None);
    let wide = Layout::from_size_align(3 * PAGE, 16 * PAGE).unwrap();
    let place = global.get(wide, true).unwrap();
    assert!(place.addr().get().is_multiple_of(16 * PAGE));
    // SAFETY: allocated above with this layout.
    unsafe { global.free(place, wide) };
}

#[test]
fn heaps_hold_no_pointers_into_what_is_stored() {
    let refused = Heap::new(&arena(), Tier::Logic, "scripts", 1 << 20).unwrap_err();
    assert!(matches!(refused, MemoryError::HeapInLogic { .. }));
    assert!(refused.to_string().contains("make it in pool scene or gpu"));
}

#[test]
fn a_thread_that_ends_leaves_its_pages_to_the_others() {
    let arena = arena();
    let heap = heap(&arena, 40);
    let layout = Layout::from_size_align(64, 8).unwrap();
    for round in 0..50 {
        // Fills half of the budget, frees every other block, and ends with a full cache.
        let left: Vec<Live> = std::thread::scope(|scope| {
            let worker = || {
                let cache = heap.cache().unwrap();
                let mut left = Vec::new();
                for number in 0..20 * 1_024 {
                    let place = cache.alloc(layout).unwrap();
                    if number % 2 == 0 {
                        let new = Live {
                            place,
                            layout,
                            mark: round,
                        };
                        new.fill();
                        left.push(new);
                    } else {
                        // SAFETY: allocated above with this layout.
                        unsafe { cache.dealloc(place, layout) };
                    }
                }
                left
            };
            scope.spawn(worker).join().unwrap()
        });
        for old in left {
            old.check(usize::MAX);
            // SAFETY: allocated with this layout by the thread that has ended.
            unsafe { heap.dealloc(old.place, layout) };
        }
    }
    assert!(heap.usage().peak <= 40 * PAGE as u64);
    heap.trim();
    assert_eq!(heap.usage().used, PAGE as u64, "slots only");
}

#[test]
fn what_a_cache_frees_of_another_does_not_stay_in_it() {
    let arena = arena();
    let heap = heap(&arena, 100);
    let [one, other] = [(); 2].map(|()| heap.cache().unwrap());
    let layout = Layout::from_size_align(48, 16).unwrap();
    let place = one.alloc(layout).unwrap();
    // SAFETY: allocated above with this layout.
    unsafe { other.dealloc(place, layout) };
    let page = |place: NonNull<u8>| place.addr().get() / PAGE;
    for _ in 0..2_000 {
        let next = other.alloc(layout).unwrap();
        assert_ne!(page(next), page(place), "a worker was given another's page");
    }
    one.flush();
    let again: Vec<_> = (0..PAGE / 48).map(|_| one.alloc(layout).unwrap()).collect();
    assert!(again.contains(&place), "the owner has it back");
}

#[test]
fn allocations_move_between_heaps_with_their_contents() {
    let arena = arena();
    let mut tiered = Tiered::new(&arena);
    let mut add = |tier, name| tiered.add(tier, name, 64 << 20).unwrap();
    let names: [Named; 3] = [
        add(Tier::Gpu, "near"),
        add(Tier::Scene, "middle"),
        add(Tier::Scene, "far"),
    ];
    assert!(tiered.add(Tier::Logic, "stored", 1 << 20).is_err());
    let mut random = Random::new(9);
    let mut live: Vec<Live> = Vec::new();
    for _ in 0..50_000 {
        let named = names[random.below(3)];
        if live.len() < 300 {
            let (layout, mark) = (random_layout(&mut random), random.next() as u8);
            let place = tiered.alloc(named, layout).unwrap();
            let new = Live {
                place,
                layout,
                mark,
            };
            new.fill();
            live.push(new);
        }
        let index = random.below(live.len());
        let old = &mut live[index];
        let size = random_size(&mut random);
        // SAFETY: live, with this layout.
        old.place = unsafe { tiered.realloc(old.place, old.layout, named, size) }.unwrap();
        old.check(size);
        old.layout = Layout::from_size_align(size, old.layout.align()).unwrap();
        old.fill();
        let home = tiered.of(old.place);
        assert!(size == 0 || home == Some(named));
        if random.below(2) == 0 {
            let old = live.swap_remove(index);
            // SAFETY: live, with this layout, and forgotten.
            unsafe { tiered.dealloc(old.place, old.layout) };
        }
    }
    for old in live {
        old.check(usize::MAX);
        // SAFETY: as above.
        unsafe { tiered.dealloc(old.place, old.layout) };
    }
    assert_eq!(tiered.usages().filter(|usage| usage.peak > 0).count(), 3);
    drop(tiered);
    let used = |tier| arena.pool(tier).stats().used;
    assert_eq!((used(Tier::Scene), used(Tier::Gpu)), (0, 0));
}

#[test]
fn a_pool_that_runs_out_gets_what_a_heap_holds_idle() {
    let scene = 8 * PAGE as u64;
    let config = MemoryConfig {
        logic: 0,
        scene,
        gpu: 0,
        ..MemoryConfig::with_total(scene)
    };
    let arena = Arena::new(&config).unwrap();
    let pool = arena.scene();
    let heap = Heap::new(&arena, Tier::Scene, "decoder", scene).unwrap();
    let half = Layout::from_size_align(PAGE / 2, 8).unwrap();
    let fill = |cache: &Cache| -> Vec<_> { (0..6).map(|_| cache.alloc(half).unwrap()).collect() };
    let (worker, ended) = (heap.cache().unwrap(), heap.cache().unwrap());
    let blocks = [fill(&worker), fill(&ended)];
    // A worker that ended leaves the page of a block that is used, and what is freed of it lies idle.
    drop(ended);
    for block in blocks.concat() {
        // SAFETY: allocated above with this layout, freed once.
        unsafe { worker.dealloc(block, half) };
    }
    // Page 7 was never used, and 4 to 6 lie idle in front of it.
    let other = pool.owner("other", scene).unwrap();
    let taken = pool.reserve(other, 4).unwrap();
    assert_eq!(taken.first, 4);
    assert_eq!(pool.pressure().recycled, 3 * PAGE as u64);
    assert_eq!(pool.pressure().degrades, 0);
    // What a worker has at hand is its own; the heap goes on with the rest.
    let block = worker.alloc(half).unwrap();
    // SAFETY: as above.
    unsafe { worker.dealloc(block, half) };
    pool.release(other, taken);
    drop((worker, heap));
    assert_eq!(pool.stats().used, 0, "and nothing is called that is gone");
    pool.reserve(other, 8).unwrap();
}
