//! What checksums find, on both backings. What pages catch ends a process, so `tests/protect.rs` starts some.

use crate::*;

const KIB_64: u64 = PAGE as u64;

fn arena(backing: Backing) -> Arena {
    let config = MemoryConfig {
        backing,
        ..MemoryConfig::with_total(64 * KIB_64)
    };
    let arena = Arena::new(&config).unwrap();
    let mode = arena.protect(Protection::Checksums).unwrap();
    assert_eq!(mode, Protection::Checksums);
    arena
}

fn flip(arena: &Arena, tier: Tier, offset: isize) {
    // SAFETY: within the pool or, on plain pages, the guard beside it; the tests hold no references into it.
    unsafe {
        let byte = arena.pool(tier).base().offset(offset);
        byte.write(!byte.read());
    }
}

fn damage(result: Result<(), MemoryError>) -> String {
    let error = result.expect_err("damaged");
    assert!(matches!(error, MemoryError::Damaged(_)));
    error.to_string()
}

#[test]
fn plain_pages_are_protected_by_checksums_and_protection_stays() {
    let config = MemoryConfig {
        backing: Backing::Plain,
        ..MemoryConfig::with_total(4 * KIB_64)
    };
    let arena = Arena::new(&config).unwrap();
    assert_eq!(arena.protect(Protection::Off).unwrap(), Protection::Off);
    for asked in [Protection::Pages, Protection::Off, Protection::Checksums] {
        assert_eq!(arena.protect(asked).unwrap(), Protection::Checksums);
    }
}

#[test]
fn one_byte_beside_a_pool_is_found_with_its_neighbour() {
    for tier in Tier::ALL {
        let arena = arena(Backing::Plain);
        let pool = arena.pool(tier);
        let owner = pool.owner("edge dweller", pool.bytes()).unwrap();
        pool.reserve(owner, pool.pages()).unwrap();
        arena.begin_frame(7);
        let (name, last) = (tier.name(), pool.pages() - 1);
        for (offset, side, page) in [
            (-1, "byte 1 before the start", 0),
            (pool.bytes() as isize, "byte 1 behind the end", last),
        ] {
            arena.check().expect("nothing was written");
            flip(&arena, tier, offset);
            assert_eq!(
                damage(arena.check()),
                format!(
                    "memory: {side} of pool {name}, next to region \"edge dweller\" (page {page}, held since frame 0), was \
                     written to in frame 7, found while no system ran; look for an index or a length that is too large, or a \
                     pointer that strays"
                )
            );
            flip(&arena, tier, offset);
        }
    }
}

#[test]
fn one_byte_beside_a_scratch_block_or_region_is_found() {
    for backing in [Backing::Best, Backing::Plain] {
        let arena = arena(backing);
        let mut scratch = Scratch::new(&arena, 0, 16 * KIB_64).unwrap();
        scratch.alloc_slice_with(10, |i| i);
        // An edge, 4 pages, an edge.
        for offset in [PAGE - 1, 5 * PAGE] {
            arena.check().expect("nothing was written");
            flip(&arena, Tier::Scene, offset as isize);
            let message = damage(arena.check());
            let page = offset / PAGE;
            let wanted = format!(
                "memory: byte {offset} of pool scene, at the edge of region \"scratch 0\" (page {page}, held since frame 0), was \
                 written to"
            );
            assert!(message.starts_with(&wanted), "{message}");
            flip(&arena, Tier::Scene, offset as isize);
        }
        scratch.vent();
        let regions = Regions::new(&arena, Tier::Gpu, "staging", KIB_64, 2).unwrap();
        for (offset, page) in [
            (PAGE - 1, 0),
            (2 * PAGE, 2),
            (4 * PAGE - 1, 3),
            (5 * PAGE, 5),
        ] {
            arena.check().expect("nothing was written");
            flip(&arena, Tier::Gpu, offset as isize);
            let message = damage(arena.check());
            let wanted = format!("at the edge of region \"staging\" (page {page}, held");
            assert!(message.contains(&wanted), "{message}");
            flip(&arena, Tier::Gpu, offset as isize);
        }
        drop(regions);
        arena.check().expect("what is given back has no edges");
    }
}

#[test]
fn a_flipped_byte_of_a_closed_page_is_found_when_it_is_granted_or_opened() {
    for backing in [Backing::Best, Backing::Plain] {
        let arena = arena(backing);
        let pool = arena.logic();
        let owner = pool.owner("columns", 4 * KIB_64).unwrap();
        let run = pool.reserve(owner, 4).unwrap();
        let second = PageRun { first: 1, pages: 1 };
        arena.begin_frame(3);
        // SAFETY: the run is held, and one thread does all.
        unsafe {
            pool.close(run);
            pool.grant(second).unwrap();
            flip(&arena, Tier::Logic, PAGE as isize + 9);
            pool.grant(second).unwrap();
            pool.revoke(second);
            flip(&arena, Tier::Logic, PAGE as isize + 10);
            pool.revoke(second);
            pool.grant(second).expect("written under a grant");
            pool.revoke(second);

            flip(&arena, Tier::Logic, 2 * PAGE as isize - 1);
            let message = damage(pool.grant(second));
            assert_eq!(
                message,
                "memory: one of the bytes 130048..131072 of pool logic, in region \"columns\" (page 1, held since frame 0), was \
                 changed without a declared write in frame 3, found while no system ran; look for an index or a length that \
                 is too large, or a pointer that strays"
            );
            pool.revoke(second);
            flip(&arena, Tier::Logic, 0);
            assert!(damage(pool.open(run)).contains("one of the bytes 0..1024 of pool logic"));
            flip(&arena, Tier::Logic, 0);
            pool.open(run).expect("open pages are anyone's");
            pool.close(run);
            pool.close(run);
            pool.open(run).unwrap();
        }
        pool.release(owner, run);
    }
}

#[test]
fn scratch_and_regions_work_under_protection_as_without() {
    for protection in [Protection::Pages, Protection::Checksums] {
        let arena = Arena::new(&MemoryConfig::with_total(512 * KIB_64)).unwrap();
        arena.protect(protection).unwrap();
        let mut scratch = Scratch::new(&arena, 0, 100 * KIB_64).unwrap();
        let mut first = None;
        for frame in 0..100_u32 {
            let place = scratch.alloc(frame) as *mut u32;
            assert_eq!(*first.get_or_insert(place), place);
            let many = scratch.alloc_slice_with(100_000, |i| i as u32);
            assert_eq!(many[99_999], 99_999);
            assert_eq!(scratch.used(), 400_004);
            scratch.vent();
            assert_eq!(scratch.used(), 0);
            scratch.vent();
            arena.check().unwrap();
        }
        drop(scratch);
        assert_eq!(arena.scene().stats().used, 0);
        let staging = Regions::new(&arena, Tier::Gpu, "staging", 1, 2).unwrap();
        for frame in 0..10 {
            let mut region = staging.take().unwrap().fill(frame);
            let span = region.push(&[frame; 100]).unwrap();
            let region = region.seal();
            assert_eq!(region.get(span).unwrap()[99], frame);
            drop(
                staging
                    .take()
                    .unwrap()
                    .fill(frame)
                    .seal()
                    .launch(u64::from(frame)),
            );
            assert_eq!(staging.land(u64::from(frame)), 1);
            drop(region);
        }
        drop(staging);
        assert_eq!(arena.gpu().stats().used, 0);
        // Pages that were inaccessible are given out again zeroed.
        let owner = arena.gpu().owner("next", 64 * KIB_64).unwrap();
        let run = arena.gpu().reserve(owner, 8).unwrap();
        // SAFETY: the run is held by this test alone.
        let bytes =
            unsafe { std::slice::from_raw_parts(arena.gpu().address(run).as_ptr(), 8 * PAGE) };
        assert!(bytes.iter().all(|&byte| byte == 0));
    }
}
