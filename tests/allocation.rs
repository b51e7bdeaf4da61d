//! A steady headless step does not call the global allocator, on any thread, and no more does what a picture shows. Alone in its process, because everything counts.

use layerw::Sim;
use layerw::draw;
use layerw_memory::counting;
use layerw_tests::{Scene, flock, fountain::fountain, on_workers, seen_flock, solar};

/// Steps before counting: by then every buffer has its size.
const WARM_UP: u64 = 60;

/// Steps that are counted.
const COUNTED: u64 = 1_000;

/// Pictures that are counted, without a device.
const PICTURES: u64 = 100;

fn main() {
    steps();
    pictures();
}

fn steps() {
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

fn pictures() {
    type Scene = (&'static str, fn() -> Sim);
    const SCENES: [Scene; 2] = [("flock", seen_flock), ("solar-system", solar)];
    for (name, scene) in SCENES {
        for threads in [1, 2] {
            let (calls, shown) = on_workers(scene, threads, None, |runner| {
                let mut lists = draw::Scene::default();
                for _ in 0..WARM_UP {
                    runner.extract(&mut lists, 1.5);
                }
                let before = counting::snapshot().allocations;
                for _ in 0..PICTURES {
                    runner.extract(&mut lists, 1.5);
                }
                let calls = counting::snapshot().allocations - before;
                let instances =
                    (0..lists.instances.len()).map(|part| lists.instances.part(part).seen.len());
                let dots = (0..lists.dots.len()).map(|part| lists.dots.part(part).seen.len());
                (calls, instances.chain(dots).sum::<usize>())
            });
            assert!(shown > 100, "{name}: a picture shows {shown} things");
            assert_eq!(
                calls, 0,
                "{name} on {threads} workers: allocator calls for {PICTURES} pictures like the ones before"
            );
            println!("{name} on {threads} workers: 0 allocator calls for {PICTURES} pictures");
        }
    }
}
