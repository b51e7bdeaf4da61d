//! examples/particles: no two grains ever in one cell, none lost, none in a wall, and the glass is turned when all lie still.

use std::collections::BTreeSet;
use std::path::PathBuf;

use layerw::{Jobs, Runner, RunnerOptions, Settings, component, on_fresh_thread};

/// The script's class of that name.
#[component]
struct Grain {
    x: i32,
    y: i32,
    speed: i32,
}

/// The script's class of that name.
#[component]
struct Glass {
    down: i32,
    turns: i32,
    moved: i32,
    cells: [u8; 200 * 400],
}

const WALL: u8 = 1;
const SAND: u8 = 2;

fn runner(jobs: &Jobs) -> Runner {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).with_file_name("examples");
    let settings = Settings::new()
        .with_project(folder.join("particles"))
        .with_script("sand.ts");
    let mut sim = settings.sim().expect("room");
    // So that the test can ask for them by their Rust types.
    sim.world.register::<Grain>().expect("a layout");
    sim.world.register::<Glass>().expect("a layout");
    sim.scripts(&settings).expect("a right script");
    Runner::new(sim, jobs, RunnerOptions::default()).expect("a graph")
}

/// On so many workers, on a thread of its own: a thread makes workers once.
fn on_workers<T: Send>(threads: usize, test: impl FnOnce(&Jobs) -> T + Send) -> T {
    on_fresh_thread("test", 8 << 20, move || {
        test(&Jobs::new(threads).expect("workers"))
    })
}

#[test]
fn ten_thousand_grains_never_overlap() {
    on_workers(2, |jobs| {
        let mut runner = runner(jobs);
        for step in 0..4_000 {
            runner.step().expect("a step");
            if step % 25 != 0 {
                continue;
            }
            let world = runner.world();
            let glass = world.resource::<Glass>().expect("the script made it");
            let mut taken = BTreeSet::new();
            for grain in world.query::<&Grain>() {
                let cell = (grain.y * 200 + grain.x) as usize;
                assert!(taken.insert(cell), "step {step}: two grains in cell {cell}");
                assert_eq!(
                    glass.cells[cell], SAND,
                    "step {step}: who is where is known"
                );
            }
            assert_eq!(taken.len(), 10_000, "step {step}: none is lost");
            let sand = glass.cells.iter().filter(|&&cell| cell == SAND).count();
            assert_eq!(sand, 10_000, "step {step}: no cell is taken by nobody");
            assert!(
                glass.cells[..200].iter().all(|&cell| cell == WALL),
                "the glass stays whole"
            );
        }
        let glass = runner.world().resource::<Glass>().expect("there");
        assert!(glass.turns >= 1, "turned {} times", glass.turns);
    });
}

#[test]
fn grains_fall_the_same_on_any_number_of_workers() {
    let hash = |threads| {
        on_workers(threads, |jobs| {
            let mut runner = runner(jobs);
            (0..300).for_each(|_| runner.step().expect("a step"));
            runner.hash()
        })
    };
    let one = hash(1);
    assert_eq!([hash(2), hash(8)], [one, one]);
}
