//! What Tracy shows of a simulation is what ran: each system on each chunk once per step, a mark per
//! step, the pools plotted.
//!
//! The simulation is this same executable, started again with [`CHILD`] set; the test is the viewer.
//! There is no test harness, as Tracy's client works until the very end of a process.

#[path = "../trace/tests/wire/mod.rs"]
#[allow(dead_code)]
mod wire;

use layerw::{Cx, Query, Sim, component};
use layerw_tests::on_workers;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// Set in the program that is watched.
const CHILD: &str = "LAYERW_TRACY_RUN_CHILD";

const STEPS: usize = 50;
const CHUNKS: usize = 6;

#[component]
struct Heat(f32);

fn cool(heat: &mut Heat, cx: Cx) {
    heat.0 -= heat.0 * cx.dt;
}

fn warm(heat: &mut Heat) {
    heat.0 += 0.5;
}

fn survey(heats: Query<&Heat>) {
    assert!(heats.iter().all(|heat| heat.0.is_finite()));
}

fn scene() -> Sim {
    let mut sim = layerw_tests::sim();
    sim.world
        .spawn_batch((0..CHUNKS * 4096).map(|i| Heat(i as f32)));
    sim.each(cool).each(warm).system(survey);
    sim
}

fn main() -> ExitCode {
    if std::env::var_os(CHILD).is_some() {
        on_workers(scene, 2, None, |runner| {
            while !layerw_trace::viewer_connected() {
                std::thread::sleep(Duration::from_millis(1));
            }
            for _ in 0..STEPS {
                runner.step().expect("no system panics");
            }
        });
        return ExitCode::SUCCESS;
    }
    let passed = std::panic::catch_unwind(tracy_sees_exactly_what_ran).is_ok();
    println!(
        "test tracy_sees_exactly_what_ran ... {}",
        if passed { "ok" } else { "FAILED" }
    );
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn tracy_sees_exactly_what_ran() {
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

    let counts = trace.zone_counts();
    assert_eq!(counts.get("cool"), Some(&(CHUNKS * STEPS)));
    assert_eq!(counts.get("warm"), Some(&(CHUNKS * STEPS)));
    assert_eq!(counts.get("survey"), Some(&STEPS));
    assert_eq!(trace.frames_ns.len(), STEPS);
    for pool in ["Logic pool", "Scene pool", "GPU pool"] {
        assert_eq!(
            trace.plots.get(pool).map(|plot| plot.values.len()),
            Some(STEPS),
            "{pool}"
        );
    }
}
