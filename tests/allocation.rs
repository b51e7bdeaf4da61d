//! A steady headless step does not call the global allocator, on any thread. Alone in its process, because everything counts.

use layerw_memory::counting;
use layerw_tests::{Scene, flock, fountain::fountain, on_workers, solar};

/// Steps before counting: by then every buffer has its size.
const WARM_UP: u64 = 60;

/// Steps that are counted.
const COUNTED: u64 = 1_000;

fn main() {
    let scenes: [(&str, Scene); 3] = [
        ("flock", flock),
        ("fountain", fountain),
        ("solar-system", solar),
    ];
    for (name, scene) in scenes {
        // Past steps are kept in the third run: by the end of the warm-up as many as ever.
        for (threads, kept) in [(1, 0), (2, 0), (2, 20)] {
            let calls = on_workers(scene, threads, None, |runner| {
                runner.keep(kept).expect("room for past steps");
                for _ in 0..WARM_UP {
                    runner.step().expect("no system panics");
                }
                let before = counting::snapshot().allocations;
                for _ in 0..COUNTED {
                    runner.step().expect("no system panics");
                }
                counting::snapshot().allocations - before
            });
            assert_eq!(
                calls, 0,
                "{name} on {threads} workers, {kept} steps kept: allocator calls in {COUNTED} steps after step {WARM_UP}"
            );
            println!(
                "{name} on {threads} workers, {kept} steps kept: 0 allocator calls in {COUNTED} steps"
            );
        }
    }
}
