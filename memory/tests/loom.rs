//! Models of two threads at the shared parts, through every interleaving: `cargo test --features loom --test loom`.
//!
//! The bytes of an arena are outside loom's sight, so the models show exclusive use by content: who gets pages writes a mark, lets the
//! other run, and finds the mark whole.

use std::alloc::Layout;

use layerw_memory::alloc::{Cache, Heap};
use layerw_memory::history::{BLOCK, History};
use layerw_memory::{
    Arena, Backing, MemoryConfig, MemoryError, PAGE, PageRun, Pool, Regions, Rung, Tier,
};
use loom::sync::Arc;
use loom::thread;

fn arena(pages: u64) -> Arena {
    let logic = pages * PAGE as u64;
    let config = MemoryConfig {
        total: logic,
        logic,
        scene: 0,
        gpu: 0,
        regions: Vec::new(),
        backing: Backing::Plain,
    };
    Arena::new(&config).unwrap()
}

/// Marks the run, looks at the pool (where the other thread may run), and checks the mark.
fn use_pages(pool: &Pool, run: PageRun, mark: u64) {
    let word = pool.address(run).cast::<u64>();
    // SAFETY: the caller reserved the run; loom runs one thread at a time.
    unsafe {
        assert_eq!(word.read(), 0, "reserved pages read as zero");
        word.write(mark);
        pool.stats();
        assert_eq!(word.read(), mark, "somebody else was given these pages");
    }
}

#[test]
fn two_threads_reserve_and_release() {
    loom::model(|| {
        let arena = arena(3);
        let owners = ["one", "two"].map(|name| arena.logic().owner(name, 3 * PAGE as u64).unwrap());
        let worker = |index: usize| {
            let (arena, owner) = (arena.clone(), owners[index]);
            move || {
                let pool = arena.logic();
                // Two of three pages: the second to come may be refused, never given what is taken.
                match pool.reserve(owner, 2) {
                    Ok(run) => {
                        use_pages(pool, run, 1 + index as u64);
                        pool.release(owner, run);
                    }
                    Err(refused) => assert!(matches!(refused, MemoryError::Exhausted(_))),
                }
            }
        };
        let other = thread::spawn(worker(1));
        worker(0)();
        other.join().unwrap();
        let stats = arena.logic().stats();
        assert!(stats.used == 0 && stats.peak == 2 * PAGE as u64);
    });
}

#[test]
fn a_vented_region_is_handed_over_once_and_whole() {
    loom::model(|| {
        let arena = arena(1);
        let regions = Regions::new(&arena, Tier::Logic, "staging", 1, 1).unwrap();
        let mut region = regions.take().unwrap().fill(1);
        let numbers = region.push(&[7_u64; 4]).unwrap();
        let region = Arc::new(region.seal());
        let readers = [0, 1].map(|_| {
            let region = region.clone();
            thread::spawn(move || assert_eq!(region.get(numbers).unwrap(), [7; 4]))
        });
        drop(region);
        // Free only when the last reader has let go; then it is a new filling and the old span is stale.
        match regions.take() {
            Ok(free) => {
                let mut next = free.fill(2);
                next.push(&[8_u64; 4]).unwrap();
                assert!(matches!(
                    next.seal().get(numbers),
                    Err(MemoryError::Stale {
                        lent: 1,
                        now: 2,
                        ..
                    })
                ));
            }
            Err(busy) => assert!(matches!(busy, MemoryError::RegionsBusy { .. })),
        }
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(regions.free(), 1);
    });
}

#[test]
fn what_is_in_flight_is_taken_again_only_after_its_fence() {
    loom::model(|| {
        let arena = arena(1);
        let regions = Regions::new(&arena, Tier::Logic, "staging", 1, 1).unwrap();
        drop(regions.take().unwrap().fill(1).seal().launch(5));
        assert!(regions.take().is_err());
        let device = {
            let regions = regions.clone();
            thread::spawn(move || regions.land(4) + regions.land(5))
        };
        let taken = regions.take().is_ok();
        assert_eq!(device.join().unwrap(), 1, "landed once");
        assert_eq!(
            regions.free(),
            1,
            "whether it was taken and dropped ({taken}) or not"
        );
    });
}

/// A block of half a page: two make a page full.
const HALF: Layout = match Layout::from_size_align(PAGE / 2, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

fn heap() -> Heap {
    let scene = 4 * PAGE as u64;
    let config = MemoryConfig {
        total: scene,
        logic: 0,
        scene,
        gpu: 0,
        regions: Vec::new(),
        backing: Backing::Plain,
    };
    let arena = Arena::new(&config).unwrap();
    Heap::new(&arena, Tier::Scene, "heap", scene).unwrap()
}

/// A block with a mark in it, on its way to another thread.
struct Parcel(std::ptr::NonNull<u8>, u64);

// SAFETY: a block may be used and freed by any thread.
unsafe impl Send for Parcel {}

fn pack(cache: &Cache, mark: u64) -> Parcel {
    let place = cache.alloc(HALF).unwrap();
    // SAFETY: the block is new and large enough.
    unsafe { place.cast().write(mark) };
    Parcel(place, mark)
}

fn unpack(cache: &Cache, Parcel(place, mark): Parcel) {
    // SAFETY: packed once, unpacked once.
    unsafe {
        assert_eq!(place.cast::<u64>().read(), mark, "given to two at a time");
        cache.dealloc(place, HALF);
    }
}

/// Everything came back: what is left is the page of slots.
fn check_all_back(heap: &Heap) {
    heap.trim();
    heap.trim();
    assert_eq!(heap.usage().used, PAGE as u64);
}

#[test]
fn blocks_that_others_free_reach_the_page_once() {
    loom::model(|| {
        let heap = heap();
        let owner = heap.cache().unwrap();
        let parcels = [1, 2].map(|mark| pack(&owner, mark));
        let threads = parcels.map(|parcel| {
            let other = heap.cache().unwrap();
            thread::spawn(move || unpack(&other, parcel))
        });
        // Meanwhile the owner runs dry, collects what is there, and uses it again.
        let own = pack(&owner, 3);
        unpack(&owner, own);
        owner.flush();
        for thread in threads {
            thread.join().unwrap();
        }
        drop(owner);
        check_all_back(&heap);
    });
}

#[test]
fn a_block_freed_while_its_owner_ends_finds_who_adopts_the_page() {
    loom::model(|| {
        let heap = heap();
        let owner = heap.cache().unwrap();
        let (parcel, kept) = (pack(&owner, 1), pack(&owner, 2));
        let other = {
            let other = heap.cache().unwrap();
            thread::spawn(move || unpack(&other, parcel))
        };
        // A free half, so that the page can be adopted.
        unpack(&owner, kept);
        drop(owner);
        let heir = heap.cache().unwrap();
        let adopted = pack(&heir, 3);
        let more = pack(&heir, 4);
        unpack(&heir, more);
        unpack(&heir, adopted);
        other.join().unwrap();
        drop(heir);
        check_all_back(&heap);
    });
}

/// Two threads run out at once and one cache serves both: pages go to one of them at a time, and nobody waits for ever.
#[test]
fn two_threads_under_pressure_share_what_is_given_up() {
    let mut model = loom::model::Builder::new();
    // All of them take 40 s; three preemptions reach every pair of lock sections of the two.
    model.preemption_bound = Some(3);
    model.check(|| {
        let arena = arena(2);
        let pool = arena.logic();
        let [cache, one, two] =
            ["cache", "one", "two"].map(|name| pool.owner(name, 2 * PAGE as u64).unwrap());
        let kept = [(); 2].map(|()| pool.reserve(cache, 1).unwrap());
        let kept = loom::sync::Mutex::new(kept.to_vec());
        let registration = pool.on_pressure(cache, Rung::Recycle, move |pool, _| {
            let run = kept.lock().unwrap().pop();
            if let Some(run) = run {
                pool.release(cache, run);
            }
        });
        let worker = |owner| {
            let arena = arena.clone();
            move || arena.logic().reserve(owner, 1).is_ok()
        };
        let other = thread::spawn(worker(two));
        let mine = worker(one)();
        let theirs = other.join().unwrap();
        assert!(mine && theirs, "there is a page for each");
        assert_eq!(pool.stats().used, 2 * PAGE as u64);
        drop(registration);
    });
}

/// A history over a Logic pool of one page, and room for one page of old bytes. The page's first block begins as `[1, 1]`.
struct Past {
    arena: Arena,
    history: History,
    held: PageRun,
}

impl Past {
    fn new() -> Past {
        let page = PAGE as u64;
        let config = MemoryConfig {
            total: 2 * page,
            logic: page,
            scene: page,
            gpu: 0,
            regions: Vec::new(),
            backing: Backing::Plain,
        };
        let arena = Arena::new(&config).unwrap();
        let owner = arena.logic().owner("world", page).unwrap();
        let held = arena.logic().reserve(owner, 1).unwrap();
        // SAFETY: `write` is the only writer once a point is kept.
        let history = unsafe { History::new(&arena) };
        let past = Past {
            arena,
            history,
            held,
        };
        (0..2).for_each(|word| past.write(word, 1));
        past
    }

    /// Writes a word of the first block, as a system would that was granted its row.
    fn write(&self, word: usize, value: u64) {
        self.history.before_write(word as u32 * 8, 8);
        // SAFETY: within the held page; loom runs one thread at a time.
        unsafe {
            self.arena
                .logic()
                .base()
                .cast::<u64>()
                .add(word)
                .write(value)
        };
    }

    fn now(&self, word: usize) -> u64 {
        // SAFETY: as above.
        unsafe { self.arena.logic().base().cast::<u64>().add(word).read() }
    }

    /// The two words as they were at a point.
    fn then(&self, point: layerw_memory::history::Point) -> [u64; 2] {
        let mut bytes = [0; BLOCK];
        self.history.read(point, 0, &mut bytes).unwrap();
        [0, 8].map(|at| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap()))
    }
}

/// The race to be afraid of: a reader of a point claims a block to copy it while a writer claims it to save and write it.
#[test]
fn a_reader_of_a_point_and_a_writer_claim_one_block() {
    loom::model(|| {
        let past = Arc::new(Past::new());
        let point = past.history.keep().unwrap();
        let reader = {
            let past = past.clone();
            thread::spawn(move || assert_eq!(past.then(point), [1, 1]))
        };
        past.write(0, 2);
        reader.join().unwrap();
        assert_eq!((past.then(point), past.now(0)), ([1, 1], 2));
        // SAFETY: the page is held, and the reader has ended.
        unsafe { past.history.undo(point, &[past.held]) }.unwrap();
        assert_eq!(past.now(0), 1);
    });
}

/// Two workers whose rows share a block: whoever comes second writes only after the first has saved it, and it is saved once.
#[test]
fn two_writers_claim_one_block() {
    loom::model(|| {
        let past = Arc::new(Past::new());
        let point = past.history.keep().unwrap();
        let other = {
            let past = past.clone();
            thread::spawn(move || past.write(1, 3))
        };
        past.write(0, 2);
        other.join().unwrap();
        assert_eq!([0, 1].map(|word| past.now(word)), [2, 3]);
        assert_eq!(past.then(point), [1, 1]);
        assert_eq!(past.history.stats().bytes, BLOCK as u64);
    });
}
