//! Small scenes of regions: life cycle, going home, refusals.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::*;

const KIB_64: u64 = PAGE as u64;

fn arena() -> Arena {
    Arena::new(&MemoryConfig::with_total(64 * KIB_64)).unwrap()
}

fn staging(arena: &Arena, count: usize) -> Regions {
    Regions::new(arena, Tier::Gpu, "staging", 100_000, count).unwrap()
}

fn message(action: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(action))
        .unwrap_err()
        .downcast::<String>()
        .unwrap()
}

#[test]
fn values_come_back_aligned_and_whole() {
    let arena = arena();
    let mut region = staging(&arena, 1).take().unwrap().fill(3);
    let bytes = region.push(b"abc").unwrap();
    let wide = region.push_with(3, |i| i as u64 * 7).unwrap();
    assert_eq!((region.used(), region.frame(), region.index()), (32, 3, 0));
    let region = region.seal();
    assert_eq!(
        (region.get(bytes).unwrap(), region.get(wide).unwrap()),
        (&b"abc"[..], &[0, 7, 14][..])
    );
    assert_eq!(
        (region.bytes().len(), &region.bytes()[16..17]),
        (32, &[7][..])
    );
    assert_eq!(region.run(), PageRun { first: 0, pages: 2 });
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(region.get(wide).unwrap()[2], 14));
        }
    });
    let flying = region.launch(9);
    assert_eq!(
        (flying.fence(), flying.get(bytes).unwrap()),
        (9, &b"abc"[..])
    );
    assert_eq!(
        format!("{flying:?}"),
        "Region(region 0 of \"staging\" in pool gpu, in flight, frame 3)"
    );
}

#[test]
fn spans_of_earlier_fillings_and_other_regions_are_stale() {
    let arena = arena();
    let staging = staging(&arena, 2);
    let mut first = staging.take().unwrap().fill(u32::MAX);
    let old = first.push(&[1_u8]).unwrap();
    let mut again = first.seal().vent().recycle().fill(0);
    again.push(&[2_u8]).unwrap();
    let again = again.seal();
    let error = again.get(old).unwrap_err();
    assert_eq!(
        error.to_string(),
        "memory: a span lent in frame 4294967295 is read in frame 0, but what is lent lasts one frame; lend it again in \
         this frame"
    );
    let other = staging.take().unwrap().fill(0);
    assert_eq!(other.index(), 1);
    assert!(other.seal().get(old).is_err());
}

#[test]
fn a_full_table_says_what_each_region_does() {
    let arena = arena();
    let staging = staging(&arena, 4);
    let _free = staging.take().unwrap();
    let _sealed = staging.take().unwrap().fill(7).seal();
    let _vented = staging.take().unwrap().fill(8).seal().vent();
    drop(staging.take().unwrap().fill(9).seal().launch(5));
    assert_eq!(
        staging.take().unwrap_err().to_string(),
        "memory: all 4 regions of \"staging\" in pool gpu are in use (0 free (frame 0), 1 sealed (frame 7), 2 vented \
         (frame 8), 3 in flight (fence 5)); vent one, wait for a fence, or configure more"
    );
    assert_eq!((staging.free(), staging.count()), (0, 4));
}

#[test]
fn dropping_returns_pages_in_every_state() {
    let arena = arena();
    let staging = staging(&arena, 1);
    let take = || staging.take().unwrap();
    drop(take());
    drop(take().fill(1));
    drop(take().fill(2).seal());
    drop(take().fill(3).seal().vent());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        take().fill(4).push_with(2, |i| [0_u8, 1][i + 1])
    }));
    assert!(panicked.is_err());
    drop(take().fill(5).seal().launch(10));
    assert_eq!(
        (staging.free(), staging.land(9), staging.free()),
        (0, 0, 0),
        "its reader is not done"
    );
    assert_eq!(
        (staging.land(10), staging.free(), staging.land(10)),
        (1, 1, 0)
    );
    let flying = take().fill(6).seal().launch(12);
    let flying = flying.vent(11).unwrap_err();
    assert!(flying.vent(12).is_ok());
    drop(staging);
    assert_eq!(arena.gpu().stats().used, 0);
    assert!(
        Regions::new(&arena, Tier::Gpu, "staging", 1, 1).is_ok(),
        "the name is free again"
    );
}

#[test]
fn pages_in_flight_outlast_their_home() {
    let arena = arena();
    let staging = staging(&arena, 2);
    drop(staging.take().unwrap().fill(1).seal().launch(1));
    drop(staging);
    assert_eq!(arena.gpu().stats().used, 2 * KIB_64);
    assert_eq!(arena.table().holdings[0].owner, "staging");
}

#[test]
fn too_much_is_refused_before_anything_is_written() {
    let arena = arena();
    for (bytes, count) in [(0, 1), (1, 0), (9 * KIB_64, 2), (u64::MAX, 2)] {
        let refused = Regions::new(&arena, Tier::Gpu, "staging", bytes, count);
        assert!(matches!(refused, Err(MemoryError::OwnerBudget { .. })));
    }
    let world = arena.gpu().owner("hog", 15 * KIB_64).unwrap();
    arena.gpu().reserve(world, 15).unwrap();
    assert!(matches!(
        Regions::new(&arena, Tier::Gpu, "staging", 1, 2),
        Err(MemoryError::Exhausted(_))
    ));
    assert_eq!(
        arena.gpu().stats().used,
        15 * KIB_64,
        "nothing stays reserved"
    );
    let mut region = Regions::new(&arena, Tier::Gpu, "staging", 1, 1)
        .unwrap()
        .take()
        .unwrap()
        .fill(5);
    region.push(&[0_u8; 10]).unwrap();
    assert_eq!(
        region.push(&[0_u64; 8_192]).unwrap_err().to_string(),
        "memory: region 0 of \"staging\" in pool gpu (frame 5) is asked for 64 KiB but holds 10 B of its 64 KiB; make \
         the regions larger, or push less into one"
    );
    assert!(region.push_with(usize::MAX, |_| 0_u64).is_err());
    assert_eq!(region.used(), 10);
}

#[test]
fn vented_bytes_are_poisoned_in_debug_builds() {
    let arena = arena();
    let staging = staging(&arena, 1);
    let mut region = staging.take().unwrap().fill(1);
    region.push(&[7_u8; 9]).unwrap();
    let vented = region.seal().vent();
    let want = if cfg!(debug_assertions) { POISON } else { 7 };
    // SAFETY: within the pool, and nobody has references into it.
    let bytes = unsafe { arena.gpu().address(vented.run()).cast::<[u8; 9]>().read() };
    assert_eq!(bytes, [want; 9]);
}

#[test]
fn wrong_moves_of_the_checked_form_panic_with_names() {
    let arena = arena();
    let mut region = AnyRegion::from(staging(&arena, 1).take().unwrap());
    let of = |text: &str| format!("memory: region 0 of \"staging\" in pool gpu, {text}");
    assert_eq!(
        message(|| region.seal()),
        of("free, frame 0 cannot be sealed: it must be being filled")
    );
    assert!(message(|| drop(region.push(&[1_u8]))).contains("cannot be written"));
    region.fill(17);
    assert!(
        message(|| region.fill(18)).starts_with(&of("being filled, frame 17 cannot be filled"))
    );
    let span = region.push(&[1_u8]).unwrap();
    assert!(message(|| drop(region.get(span))).contains("cannot be read"));
    assert!(message(|| region.launch(1)).contains("cannot be launched"));
    region.seal();
    region.launch(3);
    assert!(!region.vent(2) && region.vent(3));
    assert_eq!(
        message(|| {
            region.vent(3);
        }),
        of("vented, frame 17 cannot be vented: it must be sealed or in flight"),
        "vented twice"
    );
    assert!(message(|| drop(region.get(span))).contains("vented, frame 17 cannot be read"));
    region.recycle();
    assert!(message(|| region.recycle()).contains("cannot be recycled"));
    assert_eq!(
        (region.frame(), format!("{region:?}").contains("free")),
        (17, true)
    );
}
