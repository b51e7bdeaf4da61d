//! What a zone costs, in ns: idle, recorded, and with a Tracy viewer connected.
//!
//!     cargo run --release -p layerw-trace --example zone_cost
//!     cargo run --release -p layerw-trace --example zone_cost --no-default-features
//!     cargo run --release -p layerw-trace --example zone_cost --features tracy
//!
//! Each line is `case,ns`: the fastest of many rounds, as whatever else runs can only add. The same loop without a zone
//! is timed beside it and taken off, so a zone that is compiled out shows 0. With Tracy the program starts itself a
//! second time and watches that run, reading all that it sends.

use std::hint::black_box;
use std::time::Instant;

use layerw_trace::{Recording, label, now_ns, zone, zone_value};

#[cfg(feature = "tracy")]
#[path = "../tests/wire/mod.rs"]
mod wire;

const ROUNDS: usize = 300;
const CALLS_A_ROUND: usize = 10_000;
/// Calls in one turn of the loop, so that the processor cannot hide a load and a branch behind the loop's own.
const UNROLL: usize = 20;

fn main() {
    let name = label("zone_cost");
    let one_zone = |_| {
        let _zone = zone(name);
        // The work that the zone surrounds: nothing, but the compiler does not know.
        black_box(());
    };
    #[cfg(feature = "tracy")]
    if std::env::args().any(|argument| argument == WATCHED) {
        while !layerw_trace::viewer_connected() {
            std::thread::yield_now();
        }
        report("zone_tracy", one_zone);
        return;
    }
    report("zone_idle", one_zone);
    report("zone_value_idle", |index| {
        let _zone = zone_value(name, index);
        black_box(());
    });
    report_beyond("zone_idle_around_call", opaque, |index| {
        let _zone = zone(name);
        opaque(index);
    });
    report("now_ns", |_| {
        black_box(now_ns());
    });
    report("std_instant", |_| {
        black_box(Instant::now());
    });
    // Room for all rounds, so that no event takes the shorter way of being dropped.
    match Recording::start((ROUNDS + 1) * CALLS_A_ROUND) {
        Ok(recording) => {
            report("zone_recorded", one_zone);
            assert_eq!(recording.finish().dropped, 0, "every zone found room");
        }
        Err(refusal) => eprintln!("zone_recorded: {refusal}"),
    }
    #[cfg(feature = "tracy")]
    watch();
}

/// The argument of the run that is watched.
#[cfg(feature = "tracy")]
const WATCHED: &str = "--watched";

/// Runs this program under a viewer's eyes.
#[cfg(feature = "tracy")]
fn watch() {
    let port = wire::free_port();
    let mut child =
        std::process::Command::new(std::env::current_exe().expect("a program has a path"))
            .arg(WATCHED)
            .env("TRACY_PORT", port.to_string())
            .spawn()
            .expect("this program runs again");
    let trace = wire::Viewer::connect(port, std::time::Duration::from_secs(10))
        .and_then(wire::Viewer::watch)
        .expect("the program sends a valid trace");
    assert!(child.wait().expect("the program was started").success());
    assert_eq!(
        trace.zone_counts()["zone_cost"],
        ROUNDS * CALLS_A_ROUND,
        "every zone arrived"
    );
}

/// Prints what one `call` costs beyond an empty loop.
fn report(case: &str, call: impl Fn(u64)) {
    report_beyond(case, |_| black_box(()), call);
}

/// Prints what one `call` costs beyond one call of `empty`.
fn report_beyond(case: &str, empty: impl Fn(u64), call: impl Fn(u64)) {
    // In turns, so that a change of the processor's clock meets both.
    let (mut fastest, mut fastest_empty) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        fastest = fastest.min(round_ns(&call));
        fastest_empty = fastest_empty.min(round_ns(&empty));
    }
    println!("{case},{:.2}", (fastest - fastest_empty).max(0.0));
}

/// Nanoseconds a call, over one round.
fn round_ns(call: impl Fn(u64)) -> f64 {
    let start = Instant::now();
    for index in 0..(CALLS_A_ROUND / UNROLL) as u64 {
        for offset in 0..UNROLL as u64 {
            call(index + offset);
        }
    }
    start.elapsed().as_nanos() as f64 / CALLS_A_ROUND as f64
}

/// Work that the compiler cannot look into, so a guard must be kept across it, and dropped when it panics.
#[inline(never)]
fn opaque(index: u64) {
    black_box(index);
}
