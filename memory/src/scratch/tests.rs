//! Small scenes of scratch; `tests/all/scratch.rs` runs long random ones.

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::*;

const KIB_64: u64 = PAGE as u64;

fn arena(scene_pages: u64) -> Arena {
    let scene = scene_pages * KIB_64;
    let config = MemoryConfig {
        total: scene,
        logic: 0,
        scene,
        gpu: 0,
        ..MemoryConfig::default()
    };
    Arena::new(&config).unwrap()
}

fn message(action: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(action))
        .unwrap_err()
        .downcast::<String>()
        .unwrap()
}

/// The bytes of the Scene pool from `offset` on, read behind the back of everybody.
fn peek<const N: usize>(arena: &Arena, offset: usize) -> [u8; N] {
    // SAFETY: within the pool; the tests hold no references into it while they look.
    unsafe { arena.scene().base().add(offset).cast::<[u8; N]>().read() }
}

#[test]
fn hands_out_disjoint_aligned_memory() {
    let arena = arena(64);
    let scratch = Scratch::new(&arena, 0, 4 << 20).unwrap();
    let (byte, wide) = (scratch.alloc(1_u8), scratch.alloc(2_u64));
    let text = scratch.alloc_slice_copy(b"text");
    let squares = scratch.alloc_slice_with(5, |i| {
        i as u128 * scratch.alloc_slice_with(2, |_| i as u128)[1]
    });
    *byte += 10;
    *wide += 10;
    text[0] = b'n';
    assert_eq!(
        (*byte, *wide, &*text, &*squares),
        (11, 12, &b"next"[..], &[0, 1, 4, 9, 16][..])
    );
    assert_eq!(scratch.alloc_slice_copy::<u32>(&[]), []);
    let odd = scratch
        .try_alloc_layout(Layout::from_size_align(3, PAGE).unwrap())
        .unwrap();
    assert_eq!(odd.addr().get() % PAGE, 0);
}

#[test]
fn sizes_of_nothing_and_alignments_beyond_a_page_have_answers() {
    let arena = arena(8);
    let scratch = Scratch::new(&arena, 0, 8 * KIB_64).unwrap();
    let nothing = Layout::from_size_align(0, 1).unwrap();
    assert!(scratch.try_alloc_layout(nothing).is_ok());
    assert_eq!(scratch.used(), 0);
    scratch.alloc(1_u8);
    let page = Layout::from_size_align(1, PAGE).unwrap();
    let place = scratch.try_alloc_layout(page).unwrap();
    assert!(place.addr().get().is_multiple_of(PAGE));
    let wider = Layout::from_size_align(1, 2 * PAGE).unwrap();
    let refused = scratch.try_alloc_layout(wider).unwrap_err();
    assert!(matches!(refused, MemoryError::Alignment { .. }));
    let text = refused.to_string();
    assert!(
        text.contains("scratch 0") && text.contains("131072 B, more than a page's 65536 B"),
        "{text}"
    );
    scratch.alloc(2_u8);
}

#[test]
fn one_scratch_serves_frame_after_frame_from_the_same_pages() {
    let arena = arena(64);
    let mut scratch = Scratch::new(&arena, 0, 4 << 20).unwrap();
    assert_eq!(
        (scratch.used(), arena.scene().stats().used),
        (0, 0),
        "no pages before they are needed"
    );
    let mut first = None;
    for frame in 0..200 {
        assert_eq!(scratch.frame(), frame);
        let place = scratch.alloc(frame) as *mut u32;
        assert_eq!(*first.get_or_insert(place), place);
        scratch.alloc_slice_with(100_000, |i| i as u32);
        assert!(scratch.used() >= 400_004);
        scratch.vent();
    }
    assert_eq!((scratch.used(), scratch.peak()), (0, 400_004));
    assert_eq!(
        arena.scene().stats().peak,
        11 * KIB_64,
        "4 pages at first, 7 for the large slice"
    );
}

#[test]
fn a_spike_is_paid_back_after_a_while() {
    let arena = arena(64);
    let mut scratch = Scratch::new(&arena, 0, 4 << 20).unwrap();
    scratch.alloc(1_u8);
    scratch.alloc_slice_with(2 << 20, |_| 0_u8);
    scratch.vent();
    assert_eq!(arena.scene().stats().used, 36 * KIB_64);
    for _ in 0..64 {
        scratch.alloc(1_u8);
        scratch.vent();
    }
    assert_eq!(arena.scene().stats().used, 4 * KIB_64);
}

#[test]
fn large_requests_do_not_waste_the_block_in_use() {
    let arena = arena(64);
    let scratch = Scratch::new(&arena, 0, 4 << 20).unwrap();
    let first = scratch.alloc(1_u8) as *mut u8;
    scratch.alloc_slice_with(300_000, |_| 0_u8);
    let second = scratch.alloc(2_u8) as *mut u8;
    assert_eq!(second.addr() - first.addr(), 1);
    assert_eq!(scratch.used(), 300_002);
}

#[test]
fn vented_bytes_are_poisoned_in_debug_builds() {
    let arena = arena(64);
    let mut scratch = Scratch::new(&arena, 0, 4 << 20).unwrap();
    scratch.alloc_slice_copy(&[7_u8; 12]);
    scratch.alloc_slice_with(300_000, |_| 7_u8);
    scratch.alloc(7_u8);
    scratch.vent();
    let want = if cfg!(debug_assertions) { POISON } else { 7 };
    assert_eq!(peek(&arena, 0), [want; 13]);
    assert_eq!(peek(&arena, 13), [0], "only what was used");
    assert_eq!(peek(&arena, 4 * PAGE), [want; 16]);
    assert_eq!(peek(&arena, 4 * PAGE + 299_999), [want, 0]);
}

#[test]
fn vectors_grow_in_place_and_move_when_they_must() {
    let arena = arena(64);
    let scratch = Scratch::new(&arena, 0, 4 << 20).unwrap();
    let mut one = scratch.vec::<u32>(0);
    one.extend(0..100);
    let place = one.as_ptr();
    one.extend_from_slice(&[100, 101]);
    assert_eq!(
        one.as_ptr(),
        place,
        "the last allocation grows where it stands"
    );
    let mut other = scratch.vec(2);
    for value in 102..2_000 {
        one.push(value);
        other.push(value as u64);
    }
    assert_ne!(one.as_ptr(), place);
    assert!(one.iter().copied().eq(0..2_000) && other.iter().copied().eq(102..2_000));
    assert_eq!((one.pop(), one.len()), (Some(1_999), 1_999));
    one.truncate(3);
    one[1] = 7;
    assert_eq!(format!("{one:?}"), "[0, 7, 2]");
    assert_eq!((&one).into_iter().sum::<u32>(), 9);
    assert!(one.capacity() >= 2_000);
    let slice = one.into_slice();
    slice.reverse();
    assert_eq!(slice, [2, 7, 0]);
    other.clear();
    assert_eq!((other.pop(), other.is_empty()), (None, true));
    let mut nothing = scratch.vec::<()>(0);
    nothing.extend([(); 1_000]);
    assert_eq!(nothing.len(), 1_000);
}

#[test]
fn a_vector_larger_than_a_block_moves_to_one_that_holds_it() {
    let arena = arena(200);
    let scratch = Scratch::new(&arena, 0, 200 * KIB_64).unwrap();
    let mut values = scratch.vec::<u64>(0);
    values.extend(0..400_000);
    assert!(values.iter().copied().eq(0..400_000));
}

#[test]
fn a_spent_budget_is_an_error_with_the_table_and_leaves_scratch_usable() {
    let arena = arena(64);
    let scratch = Scratch::new(&arena, 3, 5 * KIB_64).unwrap();
    scratch.alloc_slice_with(4 * PAGE - 8, |_| 0_u8);
    let layout = |size, align| Layout::from_size_align(size, align).unwrap();
    let error = scratch
        .try_alloc_layout(layout(2 * PAGE, 1))
        .unwrap_err()
        .to_string();
    let want = "memory: owner \"scratch 3\" asks pool scene for 128 KiB but holds 256 KiB of its budget of 320 KiB; \
                raise that budget, or release something first\n\
                pool   owner           pages        used        peak      budget    use  runs  frame\n\
                scene  (whole pool)        4     256 KiB     256 KiB       4 MiB     7%\n\
                scene  scratch 3           4     256 KiB     256 KiB     320 KiB    80%     1      0";
    assert_eq!(error, want);
    assert_eq!(
        scratch
            .try_alloc_layout(layout(1, 2 * PAGE))
            .unwrap_err()
            .to_string(),
        "memory: owner \"scratch 3\" asks for an alignment of 131072 B, more than a page's 65536 B; ask for at most that"
    );
    assert!(
        message(|| {
            scratch.vec::<u64>(usize::MAX / 8);
        })
        .contains("\"scratch 3\" asks pool scene for")
    );
    assert!(
        message(|| {
            scratch.vec::<u64>(usize::MAX);
        })
        .contains("\"scratch 3\" asks pool scene for")
    );
    assert!(
        message(|| {
            scratch.alloc_slice_with(2 * PAGE, |_| 0_u8);
        })
        .contains("asks pool scene for 128 KiB")
    );
    assert_eq!(
        *scratch.alloc(5_u64),
        5,
        "the rest of the block is still good"
    );
    assert_eq!(
        *scratch.alloc(6_u64),
        6,
        "and so is the last page of the budget"
    );
    assert_eq!(arena.scene().stats().used, 5 * KIB_64);
}

#[test]
fn pages_and_names_come_back_when_scratch_is_dropped() {
    let arena = arena(64);
    for _ in 0..3 {
        let scratch = Scratch::new(&arena, 0, KIB_64).unwrap();
        scratch.alloc(1_u8);
        assert!(matches!(
            Scratch::new(&arena, 0, KIB_64),
            Err(MemoryError::OwnerTwice { .. })
        ));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let other = Scratch::new(&arena, 1, KIB_64).unwrap();
            other.alloc_slice_with(2, |index| [0_u8, 1][index + 1]);
        }));
        assert!(panicked.is_err());
        assert_eq!(
            arena.scene().stats().used,
            KIB_64,
            "a panic gives its pages back"
        );
    }
    assert_eq!(arena.scene().stats().used, 0);
}

#[test]
fn lent_slices_are_read_by_others_in_the_same_frame() {
    let arena = arena(64);
    let mut set = ScratchSet::new(&arena, 3, KIB_64 * 8).unwrap();
    let mut earlier = None;
    for frame in 0..3_u32 {
        let lent: Vec<FrameSlice<u32>> = std::thread::scope(|scope| {
            let set = &set;
            let lend = move |index: usize| {
                // SAFETY: one thread per worker.
                let scratch = unsafe { set.worker(index) };
                let mut values = scratch.vec(4);
                values.extend((0..100).map(|value| value * (index as u32 + 1) + frame));
                values.lend()
            };
            let threads: Vec<_> = (0..3)
                .map(|index| scope.spawn(move || lend(index)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        std::thread::scope(|scope| {
            for reader in 0..3 {
                let (set, lent) = (&set, &lent);
                scope.spawn(move || {
                    // SAFETY: one thread per worker; the owners go on allocating while others read.
                    unsafe { set.worker(reader) }.alloc_slice_with(1_000, |_| u32::MAX);
                    for (index, slice) in lent.iter().enumerate() {
                        let want = (0..100).map(|value| value * (index as u32 + 1) + frame);
                        assert!(slice.get(set.guard()).unwrap().iter().copied().eq(want));
                    }
                });
            }
        });
        if let Some(earlier) = earlier.replace(lent[0]) {
            let error = earlier.get(set.guard()).unwrap_err();
            assert!(
                matches!(error, MemoryError::Stale { lent, now, .. } if lent + 1 == now && now == frame)
            );
        }
        assert!(set.used() > 12_000);
        set.vent();
    }
    assert!(set.used() == 0 && set.peak() > 12_000 && set.frame() == 3 && set.workers() == 3);
    assert_eq!(set.worker_exclusive(2).frame(), 3);
}

#[test]
fn the_frame_number_wraps_and_stale_slices_stay_stale() {
    let arena = arena(64);
    let mut scratch = Scratch::new(&arena, 0, KIB_64).unwrap();
    scratch.vent_to(u32::MAX);
    let old = scratch.lend(&[1_u8]);
    assert_eq!(
        (old.frame(), old.get(scratch.guard()).unwrap()),
        (u32::MAX, &[1_u8][..])
    );
    scratch.vent();
    assert_eq!(scratch.frame(), 0);
    let error = old.get(scratch.guard()).unwrap_err();
    assert!(matches!(
        error,
        MemoryError::Stale {
            lent: u32::MAX,
            now: 0,
            ..
        }
    ));
    scratch.vent_to(u32::MAX);
    assert_eq!(
        scratch.guard().frame(),
        old.frame(),
        "the number came round, the frame did not"
    );
    assert!(old.get(scratch.guard()).is_err());
}

#[test]
fn slices_of_another_scratch_are_refused() {
    let arena = arena(64);
    let [one, other] = [0, 1].map(|worker| Scratch::new(&arena, worker, KIB_64).unwrap());
    let lent = one.lend(&[1, 2, 3]);
    assert_eq!((lent.len(), lent.is_empty()), (3, false));
    assert_eq!(
        lent.get(other.guard()).unwrap_err().to_string(),
        "memory: a slice lent in frame 0 is read in frame 0, but by another scratch or region; read it with a guard of \
         the one that lent it"
    );
}
