//! Same inputs, same bits: for any number of workers, any schedule, any build, and across a snapshot.

use layerw_memory::Protection;
use layerw_tests::{
    Scene, flock, flock_of, fountain::fountain, hashes, on_protected_workers, on_workers, solar,
};

const SCENES: [(&str, Scene); 3] = [
    ("flock", flock),
    ("fountain", fountain),
    ("solar-system", solar),
];

#[test]
fn the_number_of_workers_changes_no_bit() {
    for (name, scene) in SCENES {
        let one = on_workers(scene, 1, None, |runner| hashes(runner, 90));
        for threads in [2, 3, 8] {
            let many = on_workers(scene, threads, None, |runner| hashes(runner, 90));
            let step = one.iter().zip(&many).position(|(a, b)| a != b);
            assert_eq!(
                step, None,
                "{name}: first step that differs on {threads} workers"
            );
        }
    }
}

#[test]
fn a_shuffled_schedule_changes_no_bit() {
    for (name, scene) in SCENES {
        let straight = on_workers(scene, 1, None, |runner| hashes(runner, 40));
        for seed in 0..20 {
            let shuffled = on_workers(scene, 2, Some(seed), |runner| hashes(runner, 40));
            let step = straight.iter().zip(&shuffled).position(|(a, b)| a != b);
            assert_eq!(
                step, None,
                "{name}: first step that differs with shuffle seed {seed}"
            );
        }
    }
}

#[test]
fn protection_changes_no_bit() {
    for (name, scene) in SCENES {
        let plain = on_workers(scene, 1, None, |runner| hashes(runner, 40));
        for protection in [Protection::Pages, Protection::Checksums] {
            for (threads, shuffle) in [(1, None), (3, Some(9))] {
                let guarded = on_protected_workers(scene, threads, shuffle, protection, |runner| {
                    hashes(runner, 40)
                });
                let step = plain.iter().zip(&guarded).position(|(a, b)| a != b);
                let how = format!("{protection:?}, {threads} workers");
                assert_eq!(step, None, "{name}: first step that differs with {how}");
            }
        }
    }
}

/// The recorded hashes hold on every host and in every build: this test runs optimised and not, and its figures are the same.
/// A change that moves them says so and why.
#[test]
fn the_hash_is_the_recorded_one() {
    let recorded = include_str!("../golden/hashes.txt");
    let mut lines = String::new();
    for (name, scene) in SCENES {
        let hash = on_workers(scene, 2, None, |runner| {
            *hashes(runner, 40).last().expect("forty steps")
        });
        lines.push_str(&format!("{name} after 40 steps {hash}\n"));
    }
    assert_eq!(lines, recorded, "left: now, right: recorded");
}

#[test]
fn a_snapshot_goes_on_as_if_nothing_had_happened() {
    for (name, scene) in SCENES {
        let straight = on_workers(scene, 2, None, |runner| hashes(runner, 60));
        let image = on_workers(scene, 1, None, |runner| {
            hashes(runner, 25);
            let mut image = Vec::new();
            runner
                .world()
                .snapshot(&mut image, b"")
                .expect("a vector takes all bytes");
            image
        });
        let restored = on_workers(scene, 3, None, |runner| {
            hashes(runner, 7); // whatever was there before goes
            runner
                .world_mut()
                .restore(&image)
                .expect("the image is whole");
            runner.restored();
            hashes(runner, 35)
        });
        assert_eq!(&straight[25..], restored, "{name}");
    }
}

#[test]
fn a_copy_goes_its_own_way_and_leaves_the_world_alone() {
    on_workers(fountain, 2, None, |runner| {
        hashes(runner, 20);
        let before = runner.hash();
        let mut copy = runner
            .world()
            .copy()
            .expect("there is room for a second world");
        assert_eq!(copy.hash(), before);
        copy.set_seed(77);
        assert_ne!(copy.hash(), before);
        assert_eq!(runner.hash(), before);
    });
}

/// At full size for a few steps; small scenes cannot show what only happens with many chunks.
#[test]
fn a_hundred_thousand_boids_do_not_depend_on_workers() {
    let scene: Scene = || flock_of(100_000);
    let steps = 30;
    let one = on_workers(scene, 1, None, |runner| hashes(runner, steps));
    let two = on_workers(scene, 2, Some(5), |runner| hashes(runner, steps));
    assert_eq!(one, two);
}
