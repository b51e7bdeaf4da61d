//! One test for each promise of stream regions.

use layerw_memory::stream::{Counters, StreamConfig, StreamError, StreamRegion, Want};
use layerw_memory::{Arena, MemoryConfig, PAGE};

/// A region of four slots of 16 KiB; two overwrites a frame, and requests wait two frames.
fn four_slots() -> (Arena, StreamRegion) {
    let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).unwrap();
    let config = StreamConfig {
        granularity: 16 << 10,
        overwrites_max: 2,
        wants_max: 8,
        in_flight_max: 5,
        wait_frames: 2,
        hysteresis: 0.5,
        ..StreamConfig::new("four", PAGE as u64)
    };
    let region = StreamRegion::new(&arena, &config).unwrap();
    (arena, region)
}

/// A frame that wants these items and fills what it gets with their keys. What it overwrote, as (new, old).
fn frame(
    region: &mut StreamRegion,
    number: u64,
    wants: &[(u64, Want)],
) -> Result<Vec<(u64, Option<u64>)>, StreamError> {
    region.begin(number)?;
    for &(key, want) in wants {
        region.want(key, want)?;
    }
    let starved = region.decide().err();
    let log = region
        .log()
        .iter()
        .map(|record| (record.new, record.old))
        .collect();
    for mut fill in region.fills() {
        let key = fill.key() as u8;
        fill.bytes().fill(key);
        fill.seal();
    }
    region.end()?;
    starved.map_or(Ok(log), Err)
}

fn at(distances: &[(u64, f32)]) -> Vec<(u64, Want)> {
    distances
        .iter()
        .map(|&(key, distance)| (key, Want::distance(distance)))
        .collect()
}

/// A region with items 0 to 3 at distances 10, 20, 30 and 40, and all frames up to 2 retired.
fn full() -> (Arena, StreamRegion) {
    let (arena, mut region) = four_slots();
    let all = at(&[(0, 10.0), (1, 20.0), (2, 30.0), (3, 40.0)]);
    assert_eq!(
        frame(&mut region, 1, &all),
        Ok(vec![(0, None), (1, None)]),
        "the nearest first"
    );
    assert_eq!(frame(&mut region, 2, &all), Ok(vec![(2, None), (3, None)]));
    region.retire(2).unwrap();
    (arena, region)
}

#[test]
fn a_nearer_item_overwrites_the_farthest_once_frames_in_flight_have_retired() {
    let (_arena, mut region) = full();
    let closer = at(&[(0, 10.0), (1, 20.0), (2, 30.0), (3, 40.0), (9, 5.0)]);
    // The last frame that reads item 3 has retired, so its slot is free to be overwritten in the frame that condemns it.
    assert_eq!(frame(&mut region, 3, &closer), Ok(vec![(9, Some(3))]));
    // Item 8 has to wait: frame 3 may still read item 2. That is withheld meanwhile.
    let closer = at(&[(0, 10.0), (1, 20.0), (2, 30.0), (8, 5.0), (9, 5.0)]);
    assert_eq!(frame(&mut region, 4, &closer), Ok(vec![]));
    assert_eq!(region.counters().waits, 1);
    region.retire(3).unwrap();
    assert_eq!(frame(&mut region, 5, &closer), Ok(vec![(8, Some(2))]));
    assert_eq!(region.log()[0].old_reach, Some(30.0));
}

#[test]
fn hysteresis_keeps_near_equals_from_taking_turns() {
    let (_arena, mut region) = full();
    for number in 3..20 {
        // Item 9 is nearer by a third at most, which half as much again does not allow.
        let nearer = if number % 2 == 0 { 27.0 } else { 50.0 };
        let wants = at(&[(0, 10.0), (1, 20.0), (2, 30.0), (3, 40.0), (9, nearer)]);
        assert_eq!(frame(&mut region, number, &wants), Ok(vec![]));
        region.retire(number - 1).unwrap();
    }
    let wants = at(&[(0, 10.0), (1, 20.0), (2, 30.0), (3, 40.0), (9, 26.0)]);
    frame(&mut region, 20, &wants).unwrap();
    region.retire(20).unwrap();
    assert_eq!(frame(&mut region, 21, &wants), Ok(vec![(9, Some(3))]));
}

#[test]
fn ties_break_by_key_in_any_order_of_wants() {
    for keys in [[5, 6, 7, 8, 9, 4], [9, 8, 7, 6, 5, 4], [4, 6, 8, 5, 7, 9]] {
        let (_arena, mut region) = four_slots();
        let wants = keys.map(|key| (key, Want::distance(1.0)));
        assert_eq!(
            frame(&mut region, 1, &wants),
            Ok(vec![(4, None), (5, None)])
        );
        assert_eq!(
            frame(&mut region, 2, &wants),
            Ok(vec![(6, None), (7, None)])
        );
        region.retire(2).unwrap();
        assert_eq!(
            frame(&mut region, 3, &wants),
            Ok(vec![]),
            "no tie overwrites"
        );
    }
}

#[test]
fn of_ten_cameras_the_nearest_counts_and_one_that_is_nowhere_does_not() {
    let (_arena, mut region) = full();
    region.begin(3).unwrap();
    for key in 0..4_u64 {
        region.want(key, Want::distance(10.0)).unwrap();
    }
    for camera in 0..10 {
        let x = if camera == 4 {
            f32::NAN
        } else {
            100.0 * camera as f32
        };
        let eye = [x, 0.0, 0.0];
        region
            .want(9, Want::between(eye, [703.0, 4.0, 0.0]))
            .unwrap();
        region
            .want(8, Want::between([f32::INFINITY; 3], [0.0; 3]))
            .unwrap();
    }
    let log = region.decide().unwrap();
    assert_eq!((log.len(), log[0].new, log[0].new_reach), (1, 9, 5.0));
    assert_eq!(
        region.counters().unplaced,
        1,
        "one item, however many cameras"
    );
}

#[test]
fn a_hung_fence_is_named_after_the_wait() {
    let (_arena, mut region) = full();
    let mut results = Vec::new();
    for number in 3..=8 {
        // Every frame wants another four items: those of the frames before may be read by frames that never retire.
        let wants = [0, 1, 2, 3].map(|item| (number * 10 + item, Want::distance(1.0)));
        results.push(frame(&mut region, number, &wants));
    }
    assert_eq!(results[0], Ok(vec![(30, Some(3)), (31, Some(2))]));
    assert_eq!(results[1], Ok(vec![(40, Some(1)), (41, Some(0))]));
    assert_eq!(results[2], Ok(vec![]), "another two wait");
    assert_eq!(results[3], Ok(vec![]), "these are others");
    let full = StreamError::FramesInFlight {
        region: "four".to_owned(),
        frame: 8,
        in_flight: 5,
        oldest: 3,
    };
    assert_eq!(results[5], Err(full.clone()));
    assert_eq!(
        full.to_string(),
        "stream: region \"four\" cannot begin frame 8: 5 frames are in flight, and of them frame 3 has never retired; \
         wait for its fence, or raise in_flight_max"
    );
    let (_arena, mut region) = self::full();
    let wants = |number: u64| at(&[(number * 2, 1.0), (number * 2 + 1, 1.0)]);
    frame(&mut region, 3, &wants(30)).unwrap();
    frame(&mut region, 4, &wants(40)).unwrap();
    for number in 5..=6 {
        assert_eq!(frame(&mut region, number, &wants(50)), Ok(vec![]));
    }
    let starved = frame(&mut region, 7, &wants(50)).unwrap_err();
    assert_eq!(
        starved.to_string(),
        "stream: item 100 has waited 2 frames for a slot of region \"four\" in frame 7: of its 4 slots 0 are pinned and 4 in flight, \
         2 items wait, and frame 3 has never retired; see why its fence does not pass, or pin less"
    );
    // The fence passes after all: everything goes on.
    region.retire(7).unwrap();
    assert_eq!(
        frame(&mut region, 8, &wants(50)),
        Ok(vec![(100, Some(60)), (101, Some(61))])
    );
}

#[test]
fn a_region_full_of_pins_says_so() {
    let (_arena, mut region) = full();
    let mut wants = [0, 1, 2, 3].map(|key| (key, Want::pinned())).to_vec();
    wants.push((9, Want::distance(0.0)));
    for number in 3..=4 {
        assert_eq!(frame(&mut region, number, &wants), Ok(vec![]));
        region.retire(number).unwrap();
    }
    let starved = frame(&mut region, 5, &wants).unwrap_err();
    assert_eq!(
        starved.to_string(),
        "stream: item 9 has waited 2 frames for a slot of region \"four\" in frame 5: of its 4 slots 4 are pinned and 0 in flight, \
         1 items wait; pin less, or make the region larger"
    );
    region.retire(5).unwrap();
    wants.pop();
    wants[0].1 = Want::distance(1.0);
    wants.push((9, Want::pinned()));
    assert_eq!(frame(&mut region, 6, &wants), Ok(vec![(9, Some(0))]));
}

#[test]
fn granularity_changes_between_frames_only_and_waits_for_those_in_flight() {
    let (_arena, mut region) = full();
    region.begin(3).unwrap();
    region.want(2, Want::distance(1.0)).unwrap();
    assert_eq!(
        region.set_granularity(32 << 10).unwrap_err().to_string(),
        "stream: region \"four\" cannot change its granularity while frame 3 is open; \
         end the frame first, and change it before the next"
    );
    region.decide().unwrap();
    assert!(region.set_granularity(32 << 10).is_err());
    assert_eq!(region.reader().unwrap().bytes(2).unwrap(), [2; 16 << 10]);
    region.end().unwrap();
    let hash = region.log_hash();
    assert!(matches!(
        region.set_granularity(48 << 10),
        Err(StreamError::Granularity {
            asked: 49_152,
            bytes: 65_536,
            ..
        })
    ));
    assert_eq!(
        (region.slots(), region.log_hash()),
        (4, hash),
        "refused: nothing has changed"
    );
    region.set_granularity(32 << 10).unwrap();
    assert_eq!((region.slots(), region.granularity()), (2, 32 << 10));
    assert!(!region.is_resident(2));
    assert_ne!(region.log_hash(), hash);
    // Frame 3 may still read what was there.
    let wants = at(&[(2, 1.0)]);
    assert_eq!(frame(&mut region, 4, &wants), Ok(vec![]));
    region.retire(3).unwrap();
    assert_eq!(frame(&mut region, 5, &wants), Ok(vec![(2, None)]));
}

#[test]
fn handles_are_good_for_one_frame_of_one_region() {
    let (_arena, mut region) = full();
    let (_other_arena, mut other) = full();
    for region in [&mut region, &mut other] {
        region.begin(3).unwrap();
        region.want(1, Want::distance(1.0)).unwrap();
        region.decide().unwrap();
    }
    let reader = region.reader().unwrap();
    let held = reader.find(1).unwrap();
    assert_eq!(reader.get(held).unwrap(), [1; 16 << 10]);
    assert_eq!(reader.offset(held), Ok(16 << 10));
    assert_eq!(
        reader.find(2),
        None,
        "there, but this frame does not want it"
    );
    assert!(other.reader().unwrap().get(held).is_err(), "another region");
    region.end().unwrap();
    assert!(region.reader().is_err());
    region.begin(4).unwrap();
    region.want(1, Want::distance(1.0)).unwrap();
    region.decide().unwrap();
    let error = region.reader().unwrap().get(held).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stream: a handle on item 1, found in frame 3, is read in frame 4 of region \"four\"; \
         find the item again in every frame and region"
    );
}

#[test]
fn a_slot_whose_filling_failed_is_empty() {
    let (_arena, mut region) = four_slots();
    region.begin(1).unwrap();
    for key in [1, 2] {
        region.want(key, Want::distance(1.0)).unwrap();
    }
    region.decide().unwrap();
    let filling = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for mut fill in region.fills() {
            fill.bytes().fill(7);
            assert_ne!(fill.key(), 2, "this job fails");
            fill.seal();
        }
    }));
    assert!(filling.is_err());
    assert_eq!(
        region.fills().len(),
        1,
        "the one that failed can be tried again"
    );
    let reader = region.reader().unwrap();
    assert_eq!((reader.bytes(1).is_some(), reader.bytes(2)), (true, None));
    region.end().unwrap();
    assert_eq!(
        (region.is_resident(1), region.is_resident(2)),
        (true, false)
    );
    assert_eq!(frame(&mut region, 2, &at(&[(2, 1.0)])), Ok(vec![(2, None)]));
    assert_eq!(region.counters().unfilled, 1);
}

#[test]
fn calls_out_of_turn_are_refused_and_change_nothing() {
    let (_arena, mut region) = full();
    let text = |error: Result<(), StreamError>| error.unwrap_err().to_string();
    assert_eq!(
        text(region.want(1, Want::pinned())),
        "stream: region \"four\" cannot take wants while no frame is open; want items between the frame's begin and its decision"
    );
    assert!(region.decide().is_err() && region.reader().is_err() && region.end().is_err());
    assert_eq!(
        text(region.begin(2)),
        "stream: region \"four\" begins frame 2 after frame 2; count frames upwards"
    );
    assert_eq!(
        text(region.retire(3)),
        "stream: region \"four\" retires frame 3, which has not ended (the last that has is frame 2); retire frames that were drawn"
    );
    region.begin(7).unwrap();
    assert_eq!(
        text(region.begin(8)),
        "stream: region \"four\" cannot begin a frame while frame 7 is open; end that one first"
    );
    assert!(region.retire(7).is_err(), "the open frame is not drawn yet");
    for key in 0..8 {
        region.want(key, Want::distance(key as f32)).unwrap();
    }
    region.want(3, Want::distance(0.5)).unwrap();
    assert_eq!(
        text(region.want(8, Want::pinned())),
        "stream: frame 7 wants item 8 of region \"four\" on top of 8 others; want less, or raise wants_max"
    );
    region.decide().unwrap();
    assert!(region.decide().is_err() && region.want(1, Want::pinned()).is_err());
    region.end().unwrap();
    assert_eq!(region.retire(1), Ok(()), "again, or backwards");
    let Counters {
        frames,
        hits,
        misses,
        fills,
        ..
    } = region.counters();
    assert_eq!((frames, hits, misses, fills), (3, 2 + 4, 2 + 4, 4));
}

#[test]
fn pages_of_a_region_dropped_in_flight_are_not_given_out_again() {
    let (arena, mut region) = full();
    frame(&mut region, 3, &at(&[(1, 1.0)])).unwrap();
    drop(region);
    assert_eq!(arena.gpu().stats().used, PAGE as u64);
    let (arena, region) = full();
    drop(region);
    assert_eq!(arena.gpu().stats().used, 0);
}
