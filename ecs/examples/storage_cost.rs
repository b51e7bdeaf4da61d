//! What storage costs, in nanoseconds per entity: `cargo run --release -p layerw-ecs --example storage_cost`.
//!
//! The median and the least of some rounds. Each round has a fresh arena whose pages were mapped before, unless its name says otherwise.

use layerw_ecs::{Bundle, Entity, Hasher, World, component};
use layerw_jobs::Jobs;
use layerw_memory::{Arena, MemoryConfig, PageRun};
use layerw_trace::now_ns;
use std::hint::black_box;

#[component]
struct Position(glam::Vec3);

#[component]
struct Velocity(glam::Vec3);

#[component]
struct Mark(u32);

#[component]
struct A(f32);

#[component]
struct B(f32);

const COUNT: usize = 1_000_000;
const ROUNDS: usize = 7;

fn main() {
    report("spawn in bulk", COUNT, || {
        let mut world = world();
        timed(|| _ = world.spawn_batch((0..COUNT).map(bundle)))
    });
    report("spawn in bulk over used pages", COUNT, || {
        let (mut world, entities) = filled(bundle);
        entities
            .iter()
            .for_each(|&entity| world.despawn(entity).expect("lives"));
        timed(|| _ = world.spawn_batch((0..COUNT).map(bundle)))
    });
    report("spawn one by one", COUNT, || {
        let mut world = world();
        timed(|| (0..COUNT).for_each(|index| _ = world.spawn(bundle(index))))
    });
    report("despawn", COUNT, || {
        let (mut world, entities) = filled(bundle);
        timed(|| {
            entities
                .iter()
                .for_each(|&entity| world.despawn(entity).expect("lives"))
        })
    });
    for count in [10_000, 100_000, COUNT] {
        report(&format!("get at random among {count}"), count, || {
            let mut world = world();
            let mut entities: Vec<Entity> = world.spawn_batch((0..count).map(bundle)).collect();
            shuffle(&mut entities);
            let sum = || {
                entities
                    .iter()
                    .map(|&entity| world.get::<Mark>(entity).expect("has one").0 as usize)
                    .sum::<usize>()
            };
            assert_eq!(sum(), count * (count - 1) / 2);
            timed(|| _ = black_box(sum()))
        });
    }
    report("add and remove a component", 10_000, || {
        let mut world = world();
        let entities: Vec<Entity> = world.spawn_batch((0..10_000).map(|_| A(0.0))).collect();
        let mut both = || {
            entities
                .iter()
                .for_each(|&entity| world.insert(entity, B(0.0)).expect("lives"));
            entities
                .iter()
                .for_each(|&entity| world.remove::<B>(entity).expect("lives"));
        };
        both();
        timed(both)
    });
    report("hash", COUNT, || {
        let (world, _) = filled(bundle);
        timed(|| _ = black_box(world.hash()))
    });
    layerw_jobs::on_fresh_thread("cost", 0, || {
        let jobs = Jobs::new(2).expect("threads");
        report("hash, 2 workers", COUNT, || {
            let (world, _) = filled(bundle);
            let mut hasher = Hasher::default();
            timed(|| _ = black_box(hasher.hash(&world, &jobs)))
        });
    });
    let mut image = Vec::with_capacity(128 << 20);
    report("snapshot", COUNT, || {
        let (world, _) = filled(bundle);
        image.clear();
        timed(|| world.snapshot(&mut image, b"").expect("memory takes all"))
    });
    println!(
        "{:32} {:8.2} bytes",
        "image",
        image.len() as f64 / COUNT as f64
    );
    report("restore", COUNT, || {
        let mut world = world();
        timed(|| _ = world.restore(&image).expect("a good image"))
    });
    report("copy", COUNT, || {
        let (world, _) = filled(bundle);
        let target = arena();
        timed(|| _ = world.copy_into(&target).expect("free"))
    });
}

fn bundle(index: usize) -> (Position, Velocity, Mark) {
    (
        Position(glam::Vec3::splat(index as f32)),
        Velocity(glam::Vec3::X),
        Mark(index as u32),
    )
}

fn arena() -> Arena {
    let arena = Arena::new(&MemoryConfig::with_total(1 << 30)).expect("a gigabyte of addresses");
    arena
        .logic()
        .prefault(PageRun {
            first: 0,
            pages: 2048,
        })
        .expect("128 MiB of memory");
    arena
}

fn world() -> World {
    World::new(&arena()).expect("a fresh arena")
}

fn filled<T: Bundle>(bundle: impl Fn(usize) -> T) -> (World, Vec<Entity>) {
    let mut world = world();
    let entities = world.spawn_batch((0..COUNT).map(bundle)).collect();
    (world, entities)
}

fn shuffle(entities: &mut [Entity]) {
    let mut state = 1_u64;
    for place in (1..entities.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        entities.swap(place, ((state >> 33) as usize) % (place + 1));
    }
}

fn timed(work: impl FnOnce()) -> u64 {
    let start = now_ns();
    work();
    now_ns() - start
}

fn report(name: &str, count: usize, mut round: impl FnMut() -> u64) {
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| round() as f64 / count as f64).collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name:32} {:8.2} ns, least {:.2}",
        times[ROUNDS / 2],
        times[0]
    );
}
