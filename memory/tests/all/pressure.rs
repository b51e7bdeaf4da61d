//! A pool without room: what is asked to give up pages, in which order, and what is said in the end.

use std::alloc::Layout;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use layerw_memory::{
    Arena, Backing, MemoryConfig, MemoryError, Need, Owner, PAGE, PageRun, Pool, PressureStats,
    RegionConfig, Regions, Registration, Rung, Scratch, Tier,
};

const KIB_64: u64 = PAGE as u64;

/// An arena whose one pool has so many pages.
fn arena(tier: Tier, pages: u64) -> Arena {
    let bytes = |of: Tier| if of == tier { pages * KIB_64 } else { 0 };
    let config = MemoryConfig {
        total: pages * KIB_64,
        logic: bytes(Tier::Logic),
        scene: bytes(Tier::Scene),
        gpu: bytes(Tier::Gpu),
        regions: Vec::new(),
        backing: Backing::Best,
    };
    Arena::new(&config).unwrap()
}

/// An owner that holds single pages and gives up one a call, noting it in the log.
struct Cache {
    owner: Owner,
    runs: Arc<Mutex<Vec<PageRun>>>,
    _registration: Registration,
}

impl Cache {
    fn new(pool: &Pool, name: &'static str, rung: Rung, pages: usize, log: &Log) -> Cache {
        let owner = pool.owner(name, pool.bytes()).unwrap();
        let runs: Vec<_> = (0..pages)
            .map(|_| pool.reserve(owner, 1).unwrap())
            .collect();
        let runs = Arc::new(Mutex::new(runs));
        let (giving, log) = (runs.clone(), log.clone());
        let relieve = move |pool: &Pool, need: Need| {
            log.0.lock().unwrap().push((name, need.pages));
            if let Some(run) = giving.lock().unwrap().pop() {
                pool.release(owner, run);
            }
        };
        let _registration = pool.on_pressure(owner, rung, relieve);
        Cache {
            owner,
            runs,
            _registration,
        }
    }

    fn left(&self) -> usize {
        self.runs.lock().unwrap().len()
    }
}

/// Who was called for how many pages.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(&'static str, u32)>>>);

impl Log {
    fn take(&self) -> Vec<(&'static str, u32)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn recycles_then_degrades_then_refuses_in_the_order_of_registration() {
    let arena = arena(Tier::Logic, 8);
    let pool = arena.logic();
    let log = Log::default();
    // Detail stands first and is called last: the rung decides, then the order.
    let detail = Cache::new(pool, "detail", Rung::Degrade, 2, &log);
    let far = Cache::new(pool, "far", Rung::Degrade, 2, &log);
    let glyphs = Cache::new(pool, "glyphs", Rung::Recycle, 1, &log);
    let paths = Cache::new(pool, "paths", Rung::Recycle, 1, &log);
    let world = pool.owner("world", pool.bytes()).unwrap();

    pool.reserve(world, 2).unwrap();
    assert_eq!(log.take(), [], "there was room");
    pool.reserve(world, 1).unwrap();
    assert_eq!(log.take(), [("glyphs", 1)]);
    pool.reserve(world, 1).unwrap();
    assert_eq!(log.take(), [("glyphs", 1), ("paths", 1)]);
    // Page 0 and 1 are detail's, the highest page goes first: two calls make a run of two.
    pool.reserve(world, 2).unwrap();
    assert_eq!(
        log.take(),
        [("glyphs", 2), ("paths", 2), ("detail", 2), ("detail", 2)]
    );
    assert_eq!(
        (detail.left(), far.left(), glyphs.left(), paths.left()),
        (0, 2, 0, 0)
    );
    let late = pool.owner("late", pool.bytes()).unwrap();
    let refused = pool.reserve(late, 3).unwrap_err();
    assert_eq!(far.left(), 0, "everything was tried");
    assert!(matches!(refused, MemoryError::Exhausted(_)), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("asks pool logic for 192 KiB"), "{text}");
    assert!(text.contains("\nlogic  world"), "{text}");
    pool.reserve(late, 2).unwrap();
    let pressure = PressureStats {
        recycles: 2,
        recycled: 2 * KIB_64,
        degrades: 4,
        degraded: 4 * KIB_64,
        refusals: 1,
    };
    assert_eq!(pool.pressure(), pressure);
    assert_eq!(pool.holding(detail.owner).used, 0);
}

#[test]
fn what_can_never_fit_takes_nothing_from_anybody() {
    let config = MemoryConfig {
        regions: vec![RegionConfig {
            name: "terrain".into(),
            tier: Tier::Logic,
            budget: 3 * KIB_64,
        }],
        ..MemoryConfig::with_total(32 * KIB_64)
    };
    let arena = Arena::new(&config).unwrap();
    let pool = arena.logic();
    let log = Log::default();
    let cache = Cache::new(pool, "cache", Rung::Recycle, 4, &log);
    let world = pool.owner("world", 14 * KIB_64).unwrap();
    for (pages, budget) in [(17, true), (15, true), (14, false), (0, false)] {
        let refused = pool.reserve(world, pages).unwrap_err();
        let by_budget = matches!(refused, MemoryError::OverBudget(_));
        assert_eq!(by_budget, budget, "{pages}: {refused}");
    }
    assert_eq!((log.take(), cache.left()), (vec![], 4));
    pool.reserve(world, 13).unwrap();
    assert_eq!((log.take().len(), cache.left()), (4, 0));
}

#[test]
fn a_budget_is_relieved_by_its_owner_alone() {
    let arena = arena(Tier::Logic, 16);
    let pool = arena.logic();
    let log = Log::default();
    let _other = Cache::new(pool, "other", Rung::Recycle, 2, &log);
    let own = pool.owner("own", 3 * KIB_64).unwrap();
    let kept = Mutex::new(Some(pool.reserve(own, 2).unwrap()));
    let _registration = pool.on_pressure(own, Rung::Degrade, move |pool, _| {
        if let Some(run) = kept.lock().unwrap().take() {
            pool.release(own, run);
        }
    });
    pool.reserve(own, 3).unwrap();
    assert_eq!(log.take(), []);
    assert_eq!(
        (pool.pressure().degrades, pool.pressure().degraded),
        (1, 2 * KIB_64)
    );
    let refused = pool.reserve(own, 1).unwrap_err();
    assert!(matches!(refused, MemoryError::OverBudget(_)), "{refused}");
    assert_eq!(log.take(), []);
}

#[test]
fn nobody_gives_up_anything_for_comfort() {
    let arena = arena(Tier::Logic, 8);
    let pool = arena.logic();
    let log = Log::default();
    let cache = Cache::new(pool, "cache", Rung::Degrade, 6, &log);
    let world = pool.owner("world", pool.bytes()).unwrap();
    assert_eq!(pool.reserve_at_least(world, 2, 4).unwrap().pages, 2);
    assert_eq!((log.take(), cache.left()), (vec![], 6));
    assert_eq!(pool.reserve_at_least(world, 1, 4).unwrap().pages, 1);
    assert_eq!(cache.left(), 5, "the least is worth it");
    assert_eq!(log.take(), [("cache", 1)]);
    drop(cache);
    pool.reserve(world, 1).unwrap_err();
    assert_eq!(log.take(), [], "what was registered ends with its value");
}

#[test]
fn a_call_may_use_the_pool_and_climbs_no_ladder_of_its_own() {
    let arena = arena(Tier::Logic, 4);
    let pool = arena.logic();
    let world = pool.owner("world", pool.bytes()).unwrap();
    let cache = pool.owner("cache", pool.bytes()).unwrap();
    let other = pool.owner("other", pool.bytes()).unwrap();
    let whole = pool.reserve(cache, 4).unwrap();
    let (calls, kept) = (Arc::new(AtomicU32::new(0)), Mutex::new(Some(whole)));
    let counted = calls.clone();
    let _registration = pool.on_pressure(cache, Rung::Recycle, move |pool, need| {
        assert!(
            counted.fetch_add(1, Ordering::Relaxed) < 3,
            "called by itself"
        );
        assert_eq!((need.pages, need.bytes()), (1, KIB_64));
        let Some(run) = kept.lock().unwrap().take() else {
            return;
        };
        let refused = pool.reserve(other, 1).unwrap_err();
        assert!(matches!(refused, MemoryError::Exhausted(_)), "{refused}");
        assert_eq!((pool.map().len(), pool.stats().used), (1, 4 * KIB_64));
        // Shrinks: what it keeps it copies to a smaller run.
        pool.release(cache, run);
        pool.reserve(cache, 3).unwrap();
    });
    pool.reserve(world, 1).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(pool.pressure().recycled, 4 * KIB_64);
    pool.reserve(world, 1).unwrap_err();
    assert_eq!(
        (calls.load(Ordering::Relaxed), pool.pressure().refusals),
        (2, 2)
    );
}

#[test]
fn a_call_that_panics_reaches_who_asked_and_leaves_the_pool_usable() {
    let arena = arena(Tier::Logic, 2);
    let pool = arena.logic();
    let world = pool.owner("world", pool.bytes()).unwrap();
    let held = pool.reserve(world, 2).unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    let switch = broken.clone();
    let _registration = pool.on_pressure(world, Rung::Degrade, move |pool, _| {
        assert!(
            !switch.swap(false, Ordering::Relaxed),
            "the cache is broken"
        );
        if pool.holding(world).runs == 1 {
            pool.release(world, held);
        }
    });
    let asked = std::panic::AssertUnwindSafe(|| pool.reserve(world, 1));
    let payload = std::panic::catch_unwind(asked).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the cache is broken"));
    assert!(!broken.load(Ordering::Relaxed));
    assert!(pool.reserve(world, 1).is_ok(), "the next one climbs again");
}

#[test]
fn free_regions_give_their_pages_up_and_get_others() {
    let arena = arena(Tier::Gpu, 6);
    let pool = arena.gpu();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", KIB_64, 4).unwrap();
    let other = pool.owner("other", pool.bytes()).unwrap();
    let first = staging.take().unwrap();
    let flying = staging.take().unwrap().fill(1).seal().launch(7);
    drop(flying);
    let held = pool.reserve(other, 4).unwrap();
    assert_eq!(
        held,
        PageRun { first: 2, pages: 4 },
        "two were free, two were spare"
    );
    assert_eq!(pool.pressure().recycled, 2 * KIB_64);
    assert!(
        pool.reserve(other, 1).is_err(),
        "what is out or in flight stays"
    );
    // Two regions are free in name, and the pool has nothing for them.
    assert_eq!(staging.free(), 2);
    assert!(matches!(staging.take(), Err(MemoryError::Exhausted(_))));
    assert_eq!(staging.free(), 2);
    assert_eq!(staging.land(7), 1);
    assert_eq!(
        staging.take().unwrap().index(),
        1,
        "one that has its pages goes first"
    );
    pool.release(other, held);
    let again = [(); 2].map(|()| staging.take().unwrap());
    assert_eq!(again.each_ref().map(|region| region.index()), [1, 2]);
    drop(first);
    assert_eq!((staging.free(), pool.stats().used), (2, 3 * KIB_64));
    drop((again, staging));
    assert_eq!(pool.stats().used, 0);
}

#[test]
fn spare_scratch_of_one_worker_serves_another() {
    let arena = arena(Tier::Scene, 16);
    let pool = arena.scene();
    let mut idle = Scratch::new(&arena, 0, pool.bytes()).unwrap();
    let busy = Scratch::new(&arena, 1, pool.bytes()).unwrap();
    let pages = |count: usize| Layout::from_size_align(count * PAGE, 1).unwrap();
    idle.try_alloc_layout(pages(4)).unwrap();
    idle.try_alloc_layout(pages(10)).unwrap();
    assert!(
        busy.try_alloc_layout(pages(12)).is_err(),
        "all of it is in use"
    );
    idle.vent();
    busy.try_alloc_layout(pages(12)).unwrap();
    assert_eq!(
        (pool.pressure().recycled, pool.pressure().refusals),
        (10 * KIB_64, 1)
    );
    // It goes on with what it has.
    idle.try_alloc_layout(pages(4)).unwrap();
    assert!(idle.try_alloc_layout(pages(4)).is_err());
}

#[test]
fn scratch_makes_one_block_of_small_ones_within_its_budget() {
    let arena = arena(Tier::Scene, 64);
    let mut scratch = Scratch::new(&arena, 0, 16 * KIB_64).unwrap();
    for _ in 0..3 {
        scratch
            .try_alloc_layout(Layout::from_size_align(4 * PAGE, 1).unwrap())
            .unwrap();
    }
    scratch.vent();
    scratch
        .try_alloc_layout(Layout::from_size_align(12 * PAGE, 1).unwrap())
        .unwrap();
    assert_eq!(arena.scene().pressure().refusals, 0);
    assert!(arena.scene().pressure().recycles > 0);
}

#[test]
fn a_configured_budget_holds_against_the_one_asked_for() {
    let config = MemoryConfig {
        regions: vec![RegionConfig {
            name: "world".into(),
            tier: Tier::Logic,
            budget: 2 * KIB_64,
        }],
        ..MemoryConfig::with_total(32 * KIB_64)
    };
    let arena = Arena::new(&config).unwrap();
    let pool = arena.logic();
    let world = pool.owner("world", pool.bytes()).unwrap();
    assert_eq!(pool.holding(world).budget, 2 * KIB_64);
    assert!(matches!(
        pool.owner("world", pool.bytes()),
        Err(MemoryError::OwnerTwice { .. })
    ));
    assert!(matches!(
        pool.reserve(world, 3),
        Err(MemoryError::OverBudget(_))
    ));
}
