use super::*;
use crate::{Backing, MemoryConfig};

/// A pool of 4 pages and a store of `scene` pages.
struct Stand {
    arena: Arena,
    history: History,
    held: PageRun,
}

impl Stand {
    fn new(scene: u64) -> Stand {
        let page = PAGE as u64;
        let config = MemoryConfig {
            total: (4 + scene) * page,
            logic: 4 * page,
            scene: scene * page,
            gpu: 0,
            backing: Backing::Plain,
            ..MemoryConfig::default()
        };
        let arena = Arena::new(&config).expect("a small arena");
        let owner = arena.logic().owner("world", 4 * page).expect("fresh");
        let held = arena.logic().reserve(owner, 4).expect("room");
        // SAFETY: `write` below is the only writer.
        let history = unsafe { History::new(&arena) };
        Stand {
            arena,
            history,
            held,
        }
    }

    /// Fills a block with a number.
    fn write(&self, block: u32, number: u8) {
        self.history.before_write(block * BLOCK as u32, BLOCK);
        // SAFETY: a block of the held run, of which nobody has a reference.
        unsafe { self.history.live(block).write_bytes(number, BLOCK) };
    }

    fn now(&self, block: u32) -> u8 {
        // SAFETY: as in `write`.
        unsafe { self.history.live(block).read() }
    }

    fn then(&self, point: Point, block: u32) -> Result<u8, Lost> {
        let mut bytes = [0xEE; BLOCK];
        self.history.read(point, block * BLOCK as u32, &mut bytes)?;
        assert!(bytes.iter().all(|&byte| byte == bytes[0]), "a torn block");
        Ok(bytes[0])
    }

    fn undo(&self, point: Point) -> Result<(), Lost> {
        // SAFETY: the run is held, and nobody has a reference into it.
        unsafe { self.history.undo(point, &[self.held]) }
    }

    fn kept_bytes(&self) -> u64 {
        self.history.stats().bytes
    }
}

#[test]
fn a_point_reads_what_was_there_and_shares_what_later_points_keep() {
    let stand = Stand::new(4);
    stand.write(0, 1);
    let one = stand.history.keep().expect("room");
    stand.write(1, 2);
    let two = stand.history.keep().expect("room");
    for number in [3, 4] {
        stand.write(0, number);
        stand.write(1, number);
    }
    let all = |point| [0, 1, 2].map(|block| stand.then(point, block).expect("kept"));
    assert_eq!((all(one), all(two)), ([1, 0, 0], [1, 2, 0]));
    assert_eq!(
        stand.kept_bytes(),
        3 * BLOCK as u64,
        "block 0 once for both, block 1 for each"
    );
    stand.history.let_go(two);
    stand.history.sweep();
    assert_eq!(all(one), [1, 0, 0]);
    assert_eq!(stand.kept_bytes(), 2 * BLOCK as u64);
    stand.history.let_go(one);
    stand.history.sweep();
    assert!(!stand.history.is_on());
    assert_eq!(
        stand.arena.scene().stats().used,
        0,
        "what is not needed goes back"
    );
}

#[test]
fn going_back_leaves_earlier_points_as_they_were() {
    let stand = Stand::new(4);
    let points: Vec<_> = (1..=5)
        .map(|number| {
            let point = stand.history.keep().expect("room");
            stand.write(u32::from(number) % 3, number);
            stand.write(5, number * 10);
            point
        })
        .collect();
    stand.undo(points[3]).expect("kept");
    assert_eq!([0, 1, 2, 5].map(|block| stand.now(block)), [3, 1, 2, 30]);
    assert!(stand.then(points[4], 0).is_err() && !stand.history.holds(points[3]));
    stand.write(0, 99);
    stand.write(5, 99);
    assert_eq!(stand.then(points[1], 0), Ok(0));
    assert_eq!(stand.then(points[1], 5), Ok(10));
    stand.undo(points[0]).expect("kept");
    assert!((0..16).all(|block| stand.now(block) == 0));
    assert_eq!(stand.kept_bytes(), 0);
}

#[test]
fn the_oldest_points_go_where_the_budget_does_not_suffice() {
    let stand = Stand::new(2);
    stand.history.set_budget(PAGE as u64);
    let points: Vec<_> = (0..4)
        .map(|number| {
            let point = stand.history.keep().expect("room");
            (0..6).for_each(|block| stand.write(block, number));
            point
        })
        .collect();
    let held: Vec<_> = points
        .iter()
        .map(|&point| stand.history.holds(point))
        .collect();
    assert_eq!(held, [false, false, true, true], "16 blocks keep two of 6");
    assert_eq!(stand.then(points[2], 3), Ok(1));
    assert_eq!(stand.history.stats().dropped, 2);
    assert_eq!(stand.then(points[0], 3), Err(Lost));
    // More than the budget in one go: even the newest is lost, and nothing is written wrongly.
    let last = stand.history.keep().expect("room");
    (0..40).for_each(|block| stand.write(block, 7));
    assert!(!stand.history.holds(last));
    assert!(stand.undo(last).is_err());
    assert!((0..40).all(|block| stand.now(block) == 7));
    let next = stand.history.keep().expect("room");
    stand.history.let_go(last);
    stand.write(0, 8);
    assert_eq!(stand.then(next, 0), Ok(7));
}

#[test]
fn a_pool_that_runs_out_gets_free_runs_first_and_then_the_oldest_points() {
    let page = PAGE as u64;
    let stand = Stand::new(48);
    let scene = stand.arena.scene();
    let other = scene.owner("other", scene.bytes()).expect("a name");
    // 12 points of 64 blocks: three runs of 16 pages.
    let keep = |number: u8| {
        let point = stand.history.keep().expect("room");
        (0..64).for_each(|block| stand.write(block, number));
        point
    };
    let mut points: Vec<Point> = (0..12).map(keep).collect();
    assert_eq!(scene.stats().used, 48 * page);
    // Four points go: their run is free, and nobody loses anything by giving it up.
    points
        .drain(..4)
        .for_each(|point| stand.history.let_go(point));
    let one = scene.reserve(other, 16).expect("a free run");
    assert_eq!(
        (scene.pressure().recycles, scene.pressure().degrades),
        (1, 0)
    );
    assert!(points.iter().all(|&point| stand.history.holds(point)));
    // Now the past gets shorter, no more than it has to.
    let two = scene.reserve(other, 1).expect("the oldest points go");
    assert_eq!(
        (scene.pressure().degrades, scene.pressure().degraded),
        (1, 16 * page)
    );
    let held = |points: &[Point]| -> Vec<bool> {
        let holds = points.iter().map(|&point| stand.history.holds(point));
        holds.collect()
    };
    assert_eq!(
        held(&points),
        [false, false, false, false, true, true, true, true]
    );
    assert_eq!(stand.history.stats().dropped, 4);
    for (&point, number) in points[4..].iter().zip(7..) {
        assert_eq!(stand.then(point, 5), Ok(number));
    }
    // The newest stays: someone may be saving for it. The refusal says who holds what.
    let refused = scene
        .reserve(other, 31)
        .expect_err("the newest is in the way");
    assert!(refused.to_string().contains("\nscene  rewind"), "{refused}");
    assert_eq!(
        held(&points),
        [false, false, false, false, false, false, false, true]
    );
    assert_eq!(stand.then(points[7], 5), Ok(10));
    // With the room back, all is as it was.
    for run in [one, two] {
        scene.release(other, run);
    }
    let next: Vec<Point> = (12..16).map(keep).collect();
    stand.undo(next[1]).expect("kept");
    assert_eq!(stand.now(63), 12);
    stand.undo(points[7]).expect("kept");
    assert_eq!(stand.now(63), 10);
    stand.history.sweep();
    assert_eq!(scene.stats().used, 0);
}

#[test]
fn a_mark_tells_what_was_written_since() {
    let stand = Stand::new(1);
    let one = stand.history.mark();
    stand.write(3, 1);
    let two = stand.history.mark();
    stand.write(4, 1);
    let written = |mark| -> Vec<usize> {
        let mut blocks = Vec::new();
        let each = |first, count| blocks.extend(first..first + count);
        stand.history.written_spans(mark, stand.held, each);
        blocks
    };
    assert_eq!((written(one), written(two)), (vec![3, 4], vec![4]));
    assert_eq!(stand.kept_bytes(), 0, "marks keep nothing");
    let point = stand.history.keep().expect("room");
    stand.write(5, 1);
    let three = stand.history.mark();
    stand.undo(point).expect("kept");
    assert_eq!(written(three), [5], "going back writes, too");
    for mark in [one, two, three] {
        stand.history.forget(mark);
    }
    stand.history.sweep();
    assert!(!stand.history.is_on());
}

/// One operation of the model.
fn next(random: &mut u64) -> u64 {
    *random = random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

#[test]
fn any_order_of_writes_points_and_returns_reads_as_full_copies_do() {
    for seed in 0..40 {
        let stand = Stand::new(16);
        let (mut random, mut kept) = (seed, Vec::<(Point, Vec<u8>)>::new());
        let copy = || -> Vec<u8> { (0..64).map(|block| stand.now(block)).collect() };
        for _ in 0..300 {
            let number = next(&mut random);
            match number % 16 {
                0 | 1 => kept.push((stand.history.keep().expect("room"), copy())),
                2 if !kept.is_empty() => {
                    let (point, _) = kept.remove(next(&mut random) as usize % kept.len());
                    stand.history.let_go(point);
                }
                3 if !kept.is_empty() => {
                    let at = next(&mut random) as usize % kept.len();
                    stand.undo(kept[at].0).expect("room for all");
                    assert_eq!(copy(), kept[at].1);
                    kept.truncate(at);
                }
                4 => {
                    for (point, bytes) in &kept {
                        for block in 0..64 {
                            assert_eq!(
                                stand.then(*point, block),
                                Ok(bytes[block as usize]),
                                "seed {seed}"
                            );
                        }
                    }
                }
                _ => stand.write(next(&mut random) as u32 % 64, number as u8),
            }
        }
        assert_eq!(stand.history.stats().dropped, 0);
        for (point, _) in kept {
            stand.history.let_go(point);
        }
        stand.history.sweep();
        assert_eq!(stand.arena.scene().stats().used, 0);
    }
}

#[test]
fn readers_on_other_threads_see_whole_blocks_of_their_point() {
    let stand = Stand::new(64);
    (0..64).for_each(|block| stand.write(block, 1));
    let point = stand.history.keep().expect("room");
    std::thread::scope(|scope| {
        for part in 0..2 {
            let stand = &stand;
            scope.spawn(move || {
                for number in 2..50 {
                    (0..32).for_each(|block| stand.write(part * 32 + block, number));
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..50 {
                assert!((0..64).all(|block| stand.then(point, block) == Ok(1)));
            }
        });
    });
    stand.undo(point).expect("kept");
    assert!((0..64).all(|block| stand.now(block) == 1));
}
