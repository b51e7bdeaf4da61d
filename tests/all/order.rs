//! Row systems run chunk by chunk: a chunk is done with all of them before the next one is begun.

use layerw::{Sim, component};
use layerw_tests::on_workers;
use layerw_trace::Recording;

#[component]
struct Number(f32);

fn first(number: &mut Number) {
    number.0 += 1.0;
}

fn second(number: &mut Number) {
    number.0 *= 1.5;
}

fn third(number: &mut Number) {
    number.0 -= 0.5;
}

fn scene() -> Sim {
    let mut sim = layerw_tests::sim();
    sim.world
        .spawn_batch((0..5 * 4096).map(|i| Number(i as f32)));
    sim.each(first).each(second).each(third);
    sim
}

#[test]
fn a_chain_of_row_systems_finishes_a_chunk_before_the_next() {
    let capture = on_workers(scene, 1, None, |runner| {
        runner.step().expect("the step runs");
        let recording = Recording::start(10_000).expect("nobody else records");
        runner.step().expect("the step runs");
        recording.finish()
    });
    let zone = |name: &str, chunk: u64| {
        let found = capture
            .zones
            .iter()
            .find(|zone| zone.label.name() == name && zone.value == Some(chunk));
        found.unwrap_or_else(|| panic!("no zone of `{name}` on chunk {chunk}"))
    };
    for chunk in 0..4 {
        assert!(zone("first", chunk).end_ns <= zone("second", chunk).begin_ns);
        assert!(zone("second", chunk).end_ns <= zone("third", chunk).begin_ns);
        assert!(
            zone("third", chunk).end_ns <= zone("first", chunk + 1).begin_ns,
            "chunk {chunk} of the last system ends before the first system begins the next chunk",
        );
    }
}
