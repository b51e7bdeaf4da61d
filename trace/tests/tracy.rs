//! What a Tracy viewer sees of a program is what the program did: each zone once, on its thread, nested, with its value
//! and name, each frame mark, each plotted value.
//!
//! The program is this same executable, started again with [`CHILD`] set; the test is the viewer, with a client of the
//! wire protocol that shares nothing with Tracy's code. There is no test harness, as Tracy's client works until the
//! very end of a process: with the feature `tracy-flush` this process would wait for a viewer of its own.

mod wire;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use layerw_trace::{
    PlotUnit, frame_mark, label, name_thread, plot, plot_unit, viewer_connected, zone, zone_value,
};

/// Set in the program that is watched.
const CHILD: &str = "LAYERW_TRACY_TEST_CHILD";

const THREADS: u64 = 4;
const FRAMES: u64 = 200;
/// Jobs of each thread in each frame; each surrounds two zones `inner`, one with a value.
const JOBS: u64 = 25;

fn main() {
    if std::env::var_os(CHILD).is_some() {
        program();
        return;
    }
    let passed = std::panic::catch_unwind(a_viewer_sees_exactly_what_ran).is_ok();
    println!(
        "test a_viewer_sees_exactly_what_ran ... {}",
        if passed { "ok" } else { "FAILED" }
    );
    exit_now(if passed { 0 } else { 101 })
}

fn a_viewer_sees_exactly_what_ran() {
    let port = wire::free_port();
    let mut child = Command::new(std::env::current_exe().expect("a program has a path"))
        .env(CHILD, "1")
        .env("TRACY_PORT", port.to_string())
        .spawn()
        .expect("this executable runs");
    let trace = wire::Viewer::connect(port, Duration::from_secs(60))
        .and_then(wire::Viewer::watch)
        .expect("the program sends a valid trace");
    assert!(child.wait().expect("the program was started").success());

    assert_eq!(
        trace.zone_counts(),
        BTreeMap::from([
            ("frame", FRAMES as usize),
            ("job Größe \"1\"", (THREADS * FRAMES * JOBS) as usize),
            ("inner", (2 * THREADS * FRAMES * JOBS) as usize),
        ])
    );
    assert_eq!(trace.frames_ns.len() as u64, FRAMES);
    assert!(trace.frames_ns.is_sorted());

    let workers: Vec<_> = trace
        .threads
        .iter()
        .filter(|t| t.name.starts_with("worker "))
        .collect();
    assert_eq!(workers.len() as u64, THREADS);
    for worker in workers {
        for (index, zone) in worker.zones.iter().enumerate() {
            // Three zones a job: itself, then the two in it.
            let (job, place) = (index as u64 / 3, index % 3);
            assert_eq!(zone.depth, usize::from(place > 0));
            assert_eq!(zone.parent, (place > 0).then_some(index - place));
            assert_eq!(
                zone.name,
                if place == 0 {
                    "job Größe \"1\""
                } else {
                    "inner"
                }
            );
            assert_eq!(zone.value, (place == 1).then_some(job % JOBS));
            let end_ns = zone.end_ns.expect("every zone ends");
            assert!(zone.begin_ns <= end_ns);
            if let Some(parent) = zone.parent {
                let parent = &worker.zones[parent];
                assert!(parent.begin_ns <= zone.begin_ns && Some(end_ns) <= parent.end_ns);
            }
        }
    }

    let values = |name: &str| trace.plots[name].values.clone();
    assert_eq!(
        values("pool bytes"),
        (0..FRAMES).map(|f| f as f64 * 4096.0).collect::<Vec<_>>()
    );
    assert_eq!(
        values("load"),
        (0..FRAMES).map(|f| f as f64 / 8.0).collect::<Vec<_>>()
    );
    assert_eq!(trace.plots["pool bytes"].format, 1);
    assert_eq!(trace.plots["load"].format, 2);
    assert_eq!(trace.plots.len(), 2);
}

/// The program that is watched.
fn program() {
    let [frame, job, inner] = ["frame", "job Größe \"1\"", "inner"].map(label);
    let [bytes, load] = ["pool bytes", "load"].map(label);
    plot_unit(bytes, PlotUnit::Bytes);
    plot_unit(load, PlotUnit::Percent);
    // Nobody is to see what ran before somebody looked.
    drop(zone(label("before")));
    while !viewer_connected() {
        std::thread::sleep(Duration::from_millis(1));
    }
    for index in 0..FRAMES {
        let _frame = zone(frame);
        plot(bytes, index as f64 * 4096.0);
        plot(load, index as f64 / 8.0);
        frame_mark();
    }
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                name_thread(&format!("worker {thread}"));
                for _ in 0..FRAMES {
                    for index in 0..JOBS {
                        let _job = zone(job);
                        drop(zone_value(inner, index));
                        drop(zone(inner));
                    }
                }
            });
        }
    });
}

/// Ends the process without its destructors, those of Tracy's client among them.
fn exit_now(code: i32) -> ! {
    unsafe extern "C" {
        /// POSIX `_exit`, also in the C library of Windows.
        fn _exit(code: i32) -> !;
    }
    // SAFETY: no preconditions.
    unsafe { _exit(code) }
}
