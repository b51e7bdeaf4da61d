//! Records the trace that M3 replays: what three programs ask of their allocator, from the command line to the report.
//!
//! ```text
//! cargo run --release -p layerw-benches --features record --bin record-allocations -- run --frames 3 --threads 2 \
//!     --hash-every 1 --report /tmp/a.json --snapshot /tmp/a.snapshot --record /tmp/a.recording --trace /tmp/a.trace
//! ```
//!
//! The options are those of `layerw run`, for all three programs; the trace goes to `benches/traces/programs.lwalloc`. The programs are a small one,
//! the flock, and the solar system. Between them the report is read, changed and written as a document.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use layerw::{Cx, Settings, Sim, component};
use layerw_memory::alloc::trace::Recorder;

/// Where the trace goes.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/programs.lwalloc");

/// Calls that are written down at most.
const CALLS: usize = 2_000_000;

#[component]
struct Height(f32);

fn fall(height: &mut Height, cx: Cx) {
    height.0 -= 9.81 * cx.dt;
}

fn small(settings: &Settings) -> layerw::Result<Sim> {
    let mut sim = settings.sim()?.hertz(60.0);
    sim.world
        .spawn_batch((0..1_000).map(|i| (Height(i as f32),)));
    sim.each(fall);
    Ok(sim)
}

fn main() -> anyhow::Result<()> {
    Recorder::<System>::start(CALLS);
    let codes = [
        layerw::main(small),
        layerw::main(flock::sim),
        layerw::main(solar_system::sim),
    ];
    index_words();
    let trace = Recorder::<System>::stop();
    let done = codes.iter().all(|code| *code == ExitCode::SUCCESS);
    ensure!(done, "a program did not end well");
    let bytes = trace.to_bytes();
    std::fs::write(FILE, &bytes).with_context(|| format!("cannot write {FILE}"))?;
    eprintln!(
        "{} calls, {} bytes, in {FILE}",
        trace.ops().len(),
        bytes.len()
    );
    Ok(())
}

/// What tools around a simulation do: words of a text, counted, sorted and joined.
fn index_words() {
    let text = include_str!("../../../ARCHITECTURE.md");
    let mut places = BTreeMap::<String, Vec<usize>>::new();
    for (place, word) in text.split_whitespace().enumerate() {
        places.entry(word.to_lowercase()).or_default().push(place);
    }
    let lines: Vec<String> = places
        .iter()
        .map(|(word, places)| format!("{word}: {places:?}"))
        .collect();
    std::hint::black_box(lines.join("\n"));
}
