//! Small scenes of one pool; `tests/pools.rs` compares it with a model over long random ones.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::*;

const KIB_64: u64 = PAGE as u64;

fn arena(pages: u64, regions: &[(&str, u64)]) -> Arena {
    let region = |&(name, pages): &(&str, u64)| RegionConfig {
        name: name.into(),
        tier: Tier::Logic,
        budget: pages * KIB_64,
    };
    let regions = regions.iter().map(region).collect();
    let logic = pages * KIB_64;
    let config = MemoryConfig {
        total: logic,
        logic,
        scene: 0,
        gpu: 0,
        regions,
        backing: Backing::Best,
    };
    Arena::new(&config).unwrap()
}

fn run(first: u32, pages: u32) -> PageRun {
    PageRun { first, pages }
}

fn message(action: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(action)).unwrap_err();
    *payload.downcast::<String>().unwrap()
}

fn byte(pool: &Pool, page: u32) -> u8 {
    // SAFETY: within the pool, which the test alone uses.
    unsafe { pool.address(run(page, 1)).add(100).read() }
}

fn scribble(pool: &Pool, page: u32) {
    // SAFETY: within the pool, which the test alone uses.
    unsafe { pool.address(run(page, 1)).add(100).write(7) };
}

#[test]
fn gives_the_lowest_pages_first() {
    let arena = arena(10, &[]);
    let pool = arena.logic();
    let owner = pool.owner("world", pool.bytes()).unwrap();
    let runs = [3, 1, 2].map(|pages| pool.reserve(owner, pages).unwrap());
    assert_eq!(runs, [run(0, 3), run(3, 1), run(4, 2)]);
    pool.release(owner, run(0, 3));
    assert_eq!(pool.reserve(owner, 4).unwrap(), run(6, 4));
    assert_eq!(pool.reserve(owner, 2).unwrap(), run(0, 2));
    let stats = pool.stats();
    assert_eq!((stats.used, stats.peak), (9 * KIB_64, 9 * KIB_64));
    assert_eq!(pool.holding(owner).runs, 4);
}

#[test]
fn pages_used_before_read_as_zero_again() {
    for backing in [Backing::Best, Backing::Plain] {
        let arena = Arena::new(&MemoryConfig {
            backing,
            ..MemoryConfig::with_total(16 * KIB_64)
        })
        .unwrap();
        assert!(arena.backing() == "plain pages" || backing == Backing::Best);
        let pool = arena.logic();
        let owner = pool.owner("world", pool.bytes()).unwrap();
        let first = pool.reserve(owner, 2).unwrap();
        scribble(pool, 1);
        pool.release(owner, first);
        assert_eq!(pool.reserve_unzeroed(owner, 2).unwrap(), first);
        assert_eq!(byte(pool, 1), 7, "unzeroed pages keep their bytes");
        pool.release(owner, first);
        let whole = pool.reserve(owner, 4).unwrap();
        assert_eq!(byte(pool, 1), 0);
        scribble(pool, 3);
        pool.zero(owner, whole);
        assert_eq!(byte(pool, 3), 0);
        scribble(pool, 3);
        pool.prefault(whole).unwrap();
        assert_eq!(byte(pool, 3), 7, "committing leaves contents alone");
        pool.discard(owner, whole);
        assert_eq!(byte(pool, 3), 0);
        scribble(pool, 3);
        pool.release(owner, whole);
        pool.claim(owner, whole).unwrap();
        assert_eq!(byte(pool, 3), 7, "claimed pages keep their bytes");
    }
}

#[test]
fn memory_goes_back_to_the_host_in_large_pieces() {
    let arena = arena(200, &[]);
    let pool = arena.logic();
    let owner = pool.owner("world", pool.bytes()).unwrap();
    let whole = pool.reserve(owner, 200).unwrap();
    let scribble_all = || (0..200).for_each(|page| scribble(pool, page));
    scribble_all();
    pool.discard(owner, whole);
    assert!((0..200).all(|page| byte(pool, page) == 0));
    scribble_all();
    pool.release(owner, whole);
    let edge = pool.reserve_unzeroed(owner, 40).unwrap();
    // Hosts differ in what they take; Linux takes whole huge pages, of which the free part of the pool holds four.
    let given = pool.trim();
    assert!(given == 0 || given == 4 * (2 << 20), "{given}");
    assert_eq!(pool.trim(), 0, "what was given back is not given again");
    let rest = pool.reserve_unzeroed(owner, 160).unwrap();
    let clean = (40..200).filter(|page| byte(pool, *page) == 0).count() as u64;
    assert_eq!(clean * KIB_64, given);
    assert!(
        (0..40).all(|page| byte(pool, page) == 7),
        "what is held stays"
    );
    for run in [edge, rest] {
        pool.release(owner, run);
    }
    pool.reserve(owner, 200).unwrap();
    assert!((0..200).all(|page| byte(pool, page) == 0));
}

#[test]
fn refusals_name_everything() {
    let arena = arena(4, &[]);
    let pool = arena.logic();
    let world = pool.owner("world", 3 * KIB_64).unwrap();
    let other = pool.owner("other", 4 * KIB_64).unwrap();
    pool.reserve(world, 2).unwrap();
    let refusal = |result: Result<PageRun, MemoryError>| result.unwrap_err().to_string();
    assert_eq!(
        refusal(pool.reserve(other, 0)),
        "memory: owner \"other\" asked pool logic for 0 pages; ask for at least one"
    );
    assert_eq!(
        refusal(pool.reserve(world, 2)),
        "memory: owner \"world\" asks pool logic for 128 KiB but holds 128 KiB of its budget of 192 KiB; raise that \
         budget, or release something first\n\
         pool   owner           pages        used        peak      budget    use  runs  frame\n\
         logic  (whole pool)        2     128 KiB     128 KiB     256 KiB    50%\n\
         logic  world               2     128 KiB     128 KiB     192 KiB    67%     1      0\n\
         logic  other               0         0 B         0 B     256 KiB     0%     0      0"
    );
    let exhausted = refusal(pool.reserve(other, 3));
    let want = "memory: owner \"other\" asks pool logic for 192 KiB but the pool has 128 KiB in use of 256 KiB, the \
                longest free piece is 128 KiB; raise the pool's budget, or release something first\npool ";
    assert!(exhausted.starts_with(want), "{exhausted}");
    let taken = pool.claim(other, run(1, 2)).unwrap_err().to_string();
    let want = "memory: owner \"other\" claims 128 KiB of pool logic at page 1, where the pool has 128 KiB in use of \
                256 KiB; claim into an empty pool of at least that size\npool ";
    assert!(taken.starts_with(want), "{taken}");
    for outside in [run(4, 1), run(3, 2), run(u32::MAX, 2)] {
        assert!(matches!(
            pool.claim(other, outside),
            Err(MemoryError::Taken { .. })
        ));
    }
    assert!(matches!(
        pool.reserve(other, u32::MAX),
        Err(MemoryError::OverBudget(_))
    ));
    pool.claim(other, run(3, 1)).unwrap();
    assert_eq!(pool.reserve(other, 1).unwrap(), run(2, 1));
}

#[test]
fn owners_are_named_once_and_counted() {
    let arena = arena(4, &[]);
    let pool = arena.logic();
    let world = pool.owner("world", 1).unwrap();
    assert_eq!(
        pool.owner("world", 1).unwrap_err().to_string(),
        "memory: pool logic already has an owner named \"world\"; use that one, or choose another name"
    );
    for budget in [0, 5 * KIB_64, u64::MAX] {
        assert!(matches!(
            pool.owner("large", budget),
            Err(MemoryError::OwnerBudget { .. })
        ));
    }
    for index in 1..OWNERS_MAX {
        pool.owner(&format!("owner {index}"), KIB_64).unwrap();
    }
    let full = pool.owner("one more", 1).unwrap_err();
    let want = "memory: pool logic has 1024 owners and no room for \"one more\"; retire owners that hold nothing\npool ";
    assert!(full.to_string().starts_with(want));
    pool.retire(world);
    let again = pool.owner("world", 1).unwrap();
    assert_ne!(again, world);
    pool.reserve(again, 1).unwrap();
    let message = message(|| pool.retire(again));
    assert_eq!(
        message,
        "memory: owner \"world\" of pool logic retires but holds 1 pages; release them first"
    );
}

#[test]
fn wrong_releases_panic_with_names_and_change_nothing() {
    let (arena, elsewhere) = (arena(4, &[]), arena(4, &[]));
    let pool = arena.logic();
    let world = pool.owner("world", pool.bytes()).unwrap();
    let other = pool.owner("other", pool.bytes()).unwrap();
    let stranger = elsewhere.logic().owner("world", 1).unwrap();
    let gone = pool.owner("gone", 1).unwrap();
    pool.retire(gone);
    pool.reserve(world, 3).unwrap();
    assert_eq!(
        message(|| pool.release(other, run(0, 3))),
        "memory: 3 pages from page 0 of pool logic cannot be released by \"other\": page 0 is in the run of 3 from \
         page 0, held by \"world\"; pass exactly what reserve or claim gave, once"
    );
    for wrong in [
        run(0, 2),
        run(1, 1),
        run(1, 2),
        run(0, 4),
        run(0, 0),
        run(3, 1),
        run(4, 1),
        run(u32::MAX, 1),
    ] {
        assert!(
            message(|| pool.release(world, wrong))
                .contains("pool logic cannot be released by \"world\"")
        );
        assert!(
            message(|| pool.zero(world, wrong))
                .contains("pool logic cannot be zeroed by \"world\"")
        );
        assert!(
            message(|| pool.discard(world, wrong))
                .contains("pool logic cannot be discarded by \"world\"")
        );
    }
    for owner in [stranger, gone] {
        let message = message(|| pool.release(owner, run(0, 3)));
        assert!(message.contains("is no owner of pool logic"), "{message}");
    }
    pool.release(world, run(0, 3));
    assert_eq!(
        message(|| pool.release(world, run(0, 3))),
        "memory: 3 pages from page 0 of pool logic cannot be released by \"world\": nobody holds page 0 (was it \
         released twice?); pass exactly what reserve or claim gave, once"
    );
    assert_eq!(pool.stats().used, 0);
    assert!(
        message(|| {
            pool.address(run(3, 2));
        })
        .contains("does not lie within pool logic of 4 pages")
    );
}

#[test]
fn promises_are_kept() {
    let arena = arena(10, &[("terrain", 4)]);
    let pool = arena.logic();
    let world = pool.owner("world", pool.bytes()).unwrap();
    let held = pool.reserve(world, 5).unwrap();
    assert!(matches!(
        pool.reserve(world, 2),
        Err(MemoryError::Exhausted(_))
    ));
    assert!(matches!(
        pool.claim(world, run(5, 2)),
        Err(MemoryError::Taken { .. })
    ));
    pool.reserve(world, 1).unwrap();
    assert!(matches!(
        pool.reserve(world, 1),
        Err(MemoryError::Exhausted(_))
    ));
    assert_eq!(pool.promised("rain"), None);
    let terrain = pool.promised("terrain").unwrap();
    assert_eq!(pool.promised("terrain"), None, "an owner is given out once");
    let first = pool.reserve(terrain, 3).unwrap();
    assert!(matches!(
        pool.reserve(world, 1),
        Err(MemoryError::Exhausted(_))
    ));
    let second = pool.reserve(terrain, 1).unwrap();
    assert!(matches!(
        pool.reserve(terrain, 1),
        Err(MemoryError::OverBudget(_))
    ));
    pool.release(world, held);
    pool.release(terrain, first);
    assert!(matches!(
        pool.reserve(world, 6),
        Err(MemoryError::Exhausted(_))
    ));
    pool.release(terrain, second);
    pool.retire(terrain);
    assert!(
        pool.promised("terrain").is_some(),
        "a promise outlives who took it up"
    );
}

#[test]
fn the_map_is_disjoint_sorted_and_complete() {
    let arena = Arena::new(&MemoryConfig::with_total(40 * KIB_64)).unwrap();
    for tier in Tier::ALL {
        let pool = arena.pool(tier);
        let owner = pool.owner("world", pool.bytes()).unwrap();
        arena.begin_frame(1);
        let runs = [2, 1, 3].map(|pages| pool.reserve(owner, pages).unwrap());
        arena.begin_frame(2);
        pool.release(owner, runs[0]);
        pool.reserve(owner, 1).unwrap();
    }
    let map = arena.map();
    let mut next = 0;
    for region in &map {
        assert!(region.pages > 0 && region.first == next, "{region:?}");
        next += region.pages;
    }
    for (tier, window) in Tier::ALL.into_iter().zip(arena.layout().windows) {
        let pages: u32 = map
            .iter()
            .filter(|region| region.tier == tier)
            .map(|region| region.pages)
            .sum();
        assert_eq!(pages, window.pages);
    }
    let logic: Vec<_> = map[..5]
        .iter()
        .map(|r| (r.pages, r.holder.as_ref().map(|h| h.frame)))
        .collect();
    assert_eq!(
        logic,
        [
            (1, Some(2)),
            (1, None),
            (1, Some(1)),
            (3, Some(1)),
            (14, None)
        ]
    );
    let holder = map[0].holder.as_ref().unwrap();
    assert_eq!(
        (holder.owner.as_str(), holder.peak, holder.budget),
        ("world", 6 * KIB_64, 20 * KIB_64)
    );
    assert_eq!(arena.table().pools.len(), 3);
    assert_eq!(arena.logic().base().as_ptr() as usize % PAGE, 0);
}

#[test]
fn threads_never_share_a_page() {
    // Room for the largest run of each, however the pool is cut up.
    let arena = arena(4 * (9 + 8), &[]);
    let pool = arena.logic();
    std::thread::scope(|scope| {
        for thread in 1..=4_u8 {
            let owner = pool
                .owner(&format!("thread {thread}"), pool.bytes())
                .unwrap();
            scope.spawn(move || {
                for round in 0..2_000 {
                    let held = pool
                        .reserve(owner, 1 + (round + thread as u32) % 9)
                        .unwrap();
                    let bytes = pool.address(held);
                    for page in 0..held.pages as usize {
                        // SAFETY: within the run that was reserved just now.
                        let byte = unsafe { bytes.add(page * PAGE) };
                        // SAFETY: as above; the run is this thread's alone.
                        let before = unsafe { byte.replace(thread) };
                        assert_eq!(before, 0);
                    }
                    std::thread::yield_now();
                    for page in 0..held.pages as usize {
                        // SAFETY: as above.
                        let now = unsafe { bytes.add(page * PAGE).read() };
                        assert_eq!(
                            now, thread,
                            "somebody else wrote to page {page} of {held:?}"
                        );
                    }
                    pool.release(owner, held);
                }
            });
        }
    });
    assert_eq!(pool.stats().used, 0);
}
