//! What a recording captures is what ran: every zone once, nested, on its thread; nothing invented, nothing lost
//! without being counted.

#![cfg(feature = "zones")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};

use layerw_trace::{
    Capture, Recording, TraceError, ZoneEvent, frame_mark, label, name_thread, now_ns, plot, zone,
    zone_value,
};
use serde_json::Value;

/// A process records once at a time, and the harness runs tests beside each other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(events_per_thread: usize) -> Recording {
    Recording::start(events_per_thread).expect("no other recording runs")
}

const THREADS: usize = 4;
const JOBS: u64 = 300;

/// Four threads with jobs that hold two inner zones each, and a main thread with frames and plots.
fn four_threads() -> Capture {
    let [job, inner, leaf] = ["job \"quoted\"\n", "inner", "leaf"].map(label);
    let recording = start(4 * JOBS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                name_thread(&format!("worker {thread}"));
                for index in 0..JOBS {
                    let _job = zone_value(job, index);
                    {
                        let _inner = zone(inner);
                        drop(zone_value(leaf, u64::MAX - index));
                    }
                    drop(zone(inner));
                }
            });
        }
        name_thread("main");
        for index in 0..10 {
            plot(label("pool \\ bytes"), index as f64 * 0.5);
            frame_mark();
        }
        plot(label("pool \\ bytes"), f64::NAN);
    });
    recording.finish()
}

fn of_thread(capture: &Capture, name: &str) -> Vec<ZoneEvent> {
    let index = capture
        .threads
        .iter()
        .position(|thread| thread == name)
        .expect("the thread left events");
    capture
        .zones
        .iter()
        .filter(|zone| zone.thread == index)
        .copied()
        .collect()
}

fn encloses(outer: &ZoneEvent, inner: &ZoneEvent) -> bool {
    outer.begin_ns <= inner.begin_ns && inner.end_ns <= outer.end_ns
}

#[test]
fn a_capture_holds_exactly_what_ran() {
    let _alone = alone();
    let before_ns = now_ns();
    let capture = four_threads();
    let after_ns = now_ns();

    assert_eq!(capture.dropped, 0);
    assert_eq!(capture.zones.len(), THREADS * 4 * JOBS as usize);
    assert_eq!(capture.frames.len(), 10);
    assert!(capture.frames.is_sorted());
    let values: Vec<f64> = capture.plots.iter().map(|plot| plot.value).collect();
    assert_eq!(
        values[..10],
        [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]
    );
    assert!(values.len() == 11 && values[10].is_nan());
    assert!(
        before_ns <= capture.start_ns
            && capture.start_ns <= capture.finish_ns
            && capture.finish_ns <= after_ns
    );

    for thread in 0..THREADS {
        let zones = of_thread(&capture, &format!("worker {thread}"));
        assert_eq!(zones.len(), 4 * JOBS as usize);
        for (index, four) in zones.chunks(4).enumerate() {
            let [job, inner, leaf, second] = four else {
                unreachable!("chunks of four")
            };
            let index = index as u64;
            assert_eq!(
                (job.label.name(), job.value),
                ("job \"quoted\"\n", Some(index))
            );
            assert_eq!((inner.label.name(), inner.value), ("inner", None));
            assert_eq!(
                (leaf.label.name(), leaf.value),
                ("leaf", Some(u64::MAX - index))
            );
            assert_eq!((second.label.name(), second.value), ("inner", None));
            assert!(encloses(job, inner) && encloses(inner, leaf) && encloses(job, second));
            assert!(inner.end_ns <= second.begin_ns);
        }
        assert!(
            zones
                .chunks(4)
                .map(|four| four[0])
                .collect::<Vec<_>>()
                .windows(2)
                .all(|w| w[0].end_ns <= w[1].begin_ns)
        );
    }
}

#[test]
fn chrome_json_holds_exactly_what_ran() {
    let _alone = alone();
    let capture = four_threads();
    let mut json = Vec::new();
    capture
        .write_chrome_json(&mut json)
        .expect("a Vec takes everything");
    let document: Value = serde_json::from_slice(&json).expect("valid JSON");
    assert_eq!(document["otherData"]["dropped"], 0);
    let events = document["traceEvents"]
        .as_array()
        .expect("an array of events");
    let of_kind = |kind: &str| {
        events
            .iter()
            .filter(|event| event["ph"] == kind)
            .collect::<Vec<_>>()
    };

    let names: Vec<_> = of_kind("M")
        .into_iter()
        .filter(|event| event["name"] == "thread_name")
        .collect();
    assert_eq!(names.len(), THREADS + 1);
    let zones = of_kind("X");
    assert_eq!(zones.len(), THREADS * 4 * JOBS as usize);
    assert_eq!(of_kind("i").len(), 10);
    let counters = of_kind("C");
    assert_eq!(counters.len(), 10, "NaN has no place in JSON");
    assert_eq!(counters[3]["name"], "pool \\ bytes");
    assert_eq!(counters[3]["args"]["value"], 1.5);

    // As a viewer reads it: on each thread a zone lies within the one around it, by whole nanoseconds.
    let ns = |value: &Value| (value.as_f64().expect("a number") * 1_000.0).round() as u64;
    for name in names.iter().filter(|name| {
        name["args"]["name"]
            .as_str()
            .is_some_and(|n| n.starts_with("worker "))
    }) {
        let mut open: Vec<(u64, u64)> = Vec::new();
        let mut counts = [0; 3];
        for zone in zones.iter().filter(|zone| zone["tid"] == name["tid"]) {
            let begin = ns(&zone["ts"]);
            let end = begin + ns(&zone["dur"]);
            let expected = match zone["name"].as_str() {
                Some("job \"quoted\"\n") => 0,
                Some("inner") => 1,
                Some("leaf") => 2,
                other => panic!("no such zone ran: {other:?}"),
            };
            open.truncate(expected);
            assert_eq!(open.len(), expected);
            assert!(
                open.last()
                    .is_none_or(|outer| outer.0 <= begin && end <= outer.1)
            );
            open.push((begin, end));
            counts[expected] += 1;
        }
        assert_eq!(counts, [JOBS, 2 * JOBS, JOBS]);
    }
    let last = zones.iter().find(|zone| zone["args"]["value"] == u64::MAX);
    assert!(
        last.is_some_and(|zone| zone["name"] == "leaf"),
        "values keep all 64 bits"
    );
}

#[test]
fn what_finds_no_room_is_counted() {
    let _alone = alone();
    let name = label("overflow");
    // Rounded up to a power of two, or to what an earlier recording took.
    let recording = start(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..1 << 17).for_each(|index| drop(zone_value(name, index))));
        }
    });
    let capture = recording.finish();
    assert!(capture.dropped > 0);
    assert_eq!(capture.zones.len() as u64 + capture.dropped, 2 << 17);
    for thread in 0..2 {
        let values = capture
            .zones
            .iter()
            .filter(|zone| zone.thread == thread)
            .map(|zone| zone.value);
        assert!(
            values.eq((0..capture.zones.len() as u64 / 2).map(Some)),
            "the first ones are kept"
        );
    }
}

#[test]
fn one_recording_at_a_time() {
    let _alone = alone();
    let recording = start(8);
    assert_eq!(
        Recording::start(8).err(),
        Some(TraceError::AlreadyRecording)
    );
    drop(zone(label("kept")));
    assert_eq!(recording.finish().zones.len(), 1);

    let refused = Recording::start(usize::MAX).err();
    assert!(
        matches!(
            refused,
            Some(TraceError::OutOfMemory {
                events_per_thread: usize::MAX,
                ..
            })
        ),
        "{refused:?}"
    );
    // Neither a refusal nor a dropped recording stands in the way.
    drop(start(8));
    assert_eq!(start(8).finish().zones.len(), 0);
}

#[test]
fn zones_that_cross_an_end_belong_to_neither_side() {
    let _alone = alone();
    let name = label("crossing");
    let before = zone(name);
    let first = start(8);
    drop(before);
    let within = zone(name);
    drop(within);
    let across = zone(name);
    assert_eq!(first.finish().zones.len(), 1);
    let second = start(8);
    drop(across);
    assert_eq!(second.finish().zones.len(), 0);
    drop(zone(name));
}

/// Recordings start and finish beside threads that never pause; what each holds must be whole events without a gap.
#[test]
fn finishing_beside_running_threads_never_tears() {
    let _alone = alone();
    const BUSY: usize = 3;
    let name = label("never pauses");
    let stop = AtomicBool::new(false);
    let ready = Barrier::new(BUSY + 1);
    std::thread::scope(|scope| {
        for thread in 0..BUSY {
            let (stop, ready) = (&stop, &ready);
            scope.spawn(move || {
                name_thread(&format!("busy {thread}"));
                ready.wait();
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    drop(zone_value(name, count * BUSY as u64 + thread as u64));
                    count += 1;
                }
            });
        }
        ready.wait();
        for round in 0..60 {
            let recording = start([64, 1_024, 512][round % 3]);
            // On few cores this lets the busy threads run for a while, on many it is short: both are wanted.
            std::thread::yield_now();
            let capture = recording.finish();
            for thread in 0..capture.threads.len() {
                let zones: Vec<_> = capture
                    .zones
                    .iter()
                    .filter(|zone| zone.thread == thread)
                    .collect();
                for pair in zones.windows(2) {
                    assert!(pair[0].label == name && pair[0].end_ns <= pair[1].begin_ns);
                    let step = pair[1]
                        .value
                        .zip(pair[0].value)
                        .map(|(later, earlier)| later - earlier);
                    assert_eq!(
                        step,
                        Some(BUSY as u64),
                        "a thread's zones come without a gap"
                    );
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn threads_that_exit_leave_their_events_and_their_place() {
    let _alone = alone();
    let name = label("short-lived");
    for _ in 0..3 {
        let recording = start(8);
        for _ in 0..50 {
            std::thread::scope(|scope| {
                scope
                    .spawn(|| drop(zone(name)))
                    .join()
                    .expect("it only traces")
            });
        }
        let capture = recording.finish();
        assert_eq!(
            (capture.zones.len(), capture.threads.len(), capture.dropped),
            (50, 50, 0)
        );
    }
    let recording = start(8);
    for _ in 0..100 {
        std::thread::scope(|scope| {
            scope
                .spawn(|| drop(zone(name)))
                .join()
                .expect("it only traces")
        });
    }
    let capture = recording.finish();
    assert_eq!(capture.zones.len() as u64 + capture.dropped, 100);
    assert!(
        capture.zones.len() >= 50,
        "at most 64 threads, less those that live on"
    );
}
