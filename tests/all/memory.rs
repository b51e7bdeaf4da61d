//! Memory that runs out under a world, and what systems take of scratch.

use layerw::ecs::EcsError;
use layerw::ecs::schedule::{OverScratch, ScratchBudget};
use layerw::{Cx, Error, Sim, World, component, label};
use layerw_memory::{Arena, MemoryConfig, PAGE, Rung};
use layerw_tests::on_workers;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

#[component]
struct Wide([u64; 16]);

/// An arena whose Logic pool has so many pages.
fn arena(pages: u64) -> Arena {
    let logic = pages * PAGE as u64;
    let config = MemoryConfig {
        logic,
        ..MemoryConfig::with_total(2 * logic)
    };
    Arena::new(&config).expect("a small arena")
}

#[test]
fn a_world_without_room_asks_others_first_and_refuses_with_the_table() {
    let arena = arena(64);
    let mut world = World::new(&arena).expect("a pool of its own");
    let pool = arena.logic();
    // Somebody else's level of detail: 32 pages that can be done without, 8 at a time.
    let detail = pool.owner("detail", pool.bytes()).expect("a name");
    let kept: Vec<_> = (0..4)
        .map(|_| pool.reserve(detail, 8).expect("room"))
        .collect();
    let kept = Mutex::new(kept);
    let registration = pool.on_pressure(detail, Rung::Degrade, move |pool, _| {
        if let Some(run) = kept.lock().expect("nobody panics").pop() {
            pool.release(detail, run);
        }
    });
    let mut spawned = 0_u64;
    let refusal = loop {
        match world.try_spawn(Wide([spawned; 16])) {
            Ok(_) => spawned += 1,
            Err(refusal) => break refusal,
        }
    };
    let pressure = pool.pressure();
    assert_eq!(
        (pressure.degrades, pressure.degraded),
        (4, 32 * PAGE as u64)
    );
    assert_eq!(pressure.refusals, 1);
    assert_eq!(
        pool.holding(detail).used,
        0,
        "all of it went before the refusal"
    );
    assert!(matches!(refusal, EcsError::Memory { .. }), "{refusal}");
    let text = refusal.to_string();
    assert!(text.starts_with("world: no memory for "), "{text}");
    for row in [
        "\nlogic  (whole pool)",
        "\nlogic  component Wide",
        "\nlogic  detail",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
    // What lives goes on living, and the infallible form says the same in a panic.
    assert_eq!(world.len() as u64, spawned);
    assert!(world.query::<&Wide>().map(|wide| wide.0[15]).eq(0..spawned));
    let asked = AssertUnwindSafe(|| world.spawn(Wide([0; 16])));
    let payload = catch_unwind(asked).expect_err("no room");
    let said = payload.downcast_ref::<String>().expect("words");
    assert!(said.contains("\nlogic  (whole pool)"), "{said}");
    drop(registration);
}

#[component]
struct Seed(u32);

/// Takes scratch on whichever workers help, in parts that open parts.
fn gather(cx: Cx) {
    cx.scratch().alloc_slice_with(100, |i| i as u64);
    cx.par_for(label("outer"), 64, 1, |range, cx| {
        for _ in range {
            cx.scratch().alloc_slice_with(8, |i| i as u64);
            cx.par_for(label("inner"), 4, 1, |range, cx| {
                for _ in range {
                    cx.scratch().alloc_slice_with(2, |i| i as u64);
                }
            });
        }
    });
}

fn every_row(seed: &mut Seed, cx: Cx) {
    seed.0 += cx.scratch().alloc_slice_with(2, |i| i as u32)[1];
}

fn idle(seed: &Seed) {
    assert!(seed.0 < u32::MAX);
}

fn scene() -> Sim {
    let mut sim = layerw_tests::sim();
    sim.world.spawn_batch((0..20_000).map(Seed));
    sim.system(gather).each(every_row).each(idle);
    sim
}

/// What the scene's systems take in a step: nothing here needs a gap for alignment.
const TAKEN: [(&str, u64); 3] = [
    ("gather", 100 * 8 + 64 * (8 * 8 + 4 * 2 * 8)),
    ("every_row", 20_000 * 8),
    ("idle", 0),
];

#[test]
fn what_systems_take_of_scratch_is_counted_whoever_runs_them() {
    for threads in [1, 2, 4] {
        on_workers(scene, threads, Some(5), |runner| {
            for _ in 0..20 {
                runner.step().expect("no system panics");
                let peaks = runner.costs().map(|cost| (cost.name, cost.scratch.peak));
                let peaks: Vec<_> = peaks.collect();
                assert_eq!(peaks, TAKEN, "{threads} workers");
            }
        });
    }
}

#[test]
fn a_budget_is_checked_after_whole_steps_and_ends_nothing() {
    on_workers(scene, 2, None, |runner| {
        let bytes = TAKEN[1].1;
        let budget = |bytes, over| ScratchBudget { bytes, over };
        let unknown = runner.set_scratch_budget("every row", budget(1, OverScratch::Error));
        assert_eq!(
            unknown.expect_err("no such system").to_string(),
            "there is no system `every row`; there are gather, every_row, idle"
        );
        let mut set = |bytes, over| {
            let set = runner.set_scratch_budget("every_row", budget(bytes, over));
            set.expect("a system of that name");
            let step = runner.step();
            let every_row = runner.costs().nth(1).expect("three systems");
            (step, every_row.scratch.over, runner.world().step())
        };
        assert!(matches!(set(bytes, OverScratch::Error), (Ok(()), 0, 1)));
        let (refused, over, step) = set(bytes - 1, OverScratch::Error);
        let refused = refused.expect_err("a byte too much");
        assert!(
            matches!(refused, Error::ScratchBudget { step: 1, .. }),
            "{refused}"
        );
        assert_eq!(
            (refused.code(), over, step),
            ("scratch-budget", 1, 2),
            "the step is whole"
        );
        assert!(matches!(
            set(bytes - 1, OverScratch::Degrade),
            (Ok(()), 2, 3)
        ));
        assert!(
            matches!(set(bytes, OverScratch::Error), (Ok(()), 2, 4)),
            "and others follow"
        );
    });
}
