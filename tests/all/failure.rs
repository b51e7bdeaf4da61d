//! A panic in a system reaches the caller with its names, poisons the world, and leaves the workers usable.

use layerw::{Cx, Error, Sim, component};
use layerw_tests::on_workers;

#[component]
struct Fuse(u32);

fn burn(fuse: &mut Fuse, cx: Cx) {
    assert!(fuse.0 as u64 != cx.step, "the fuse is at its end");
}

fn scene() -> Sim {
    let mut sim = layerw_tests::sim();
    sim.world
        .spawn_batch((0..10_000).map(|i| Fuse(if i == 9_000 { 3 } else { 1_000_000 })));
    sim.each(burn);
    sim
}

#[test]
fn a_panic_names_system_entity_and_step() {
    for threads in [1, 2] {
        on_workers(scene, threads, None, |runner| {
            let mut image = Vec::new();
            runner
                .world()
                .snapshot(&mut image, b"")
                .expect("a vector takes all bytes");
            for _ in 0..3 {
                runner.step().expect("the fuse still burns");
            }
            let victim = runner
                .world()
                .query::<layerw::Entity>()
                .nth(9_000)
                .expect("ten thousand fuses");
            let error = runner.step().expect_err("the fuse is at its end in step 3");
            let text = error.to_string();
            assert_eq!(
                text,
                format!(
                    "system `burn` panicked at entity {victim} in step 3: the fuse is at its end"
                ),
            );
            assert!(matches!(error, Error::System { .. }));

            let again = runner
                .step()
                .expect_err("a half-done world refuses to go on");
            assert!(matches!(again, Error::Poisoned { .. }), "{again}");

            runner
                .world_mut()
                .restore(&image)
                .expect("the image is whole");
            runner.restored();
            for _ in 0..3 {
                runner.step().expect("the workers are as good as new");
            }
        });
    }
}

fn spend(fuse: &Fuse, cx: Cx) {
    cx.scratch()
        .alloc_slice_with(64, |i| i as u64 + u64::from(fuse.0));
}

#[test]
fn the_scratch_of_a_system_that_panicked_is_used_again() {
    let greedy = || {
        let mut sim = scene();
        sim.each(spend);
        sim
    };
    on_workers(greedy, 2, None, |runner| {
        runner.keep(1).expect("room for a step");
        let fail = |runner: &mut layerw::Runner| {
            while runner.step().is_ok() {}
            runner.rewind(0).expect("the step before is kept");
            runner.arena().scene().stats().used
        };
        let first = (0..8).map(|_| fail(runner)).max();
        let later = (0..100).map(|_| fail(runner)).max();
        assert!(later <= first, "{later:?} bytes, {first:?} at first");
    });
}
