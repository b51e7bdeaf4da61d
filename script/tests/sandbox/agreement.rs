//! A script's system and the same system in Rust give the same bits, for any number of workers and in every form.

use crate::support::*;
use layerw_ecs::row::IntoRow;
use layerw_ecs::{Cx, StateHash};
use layerw_jobs::on_fresh_thread;
use layerw_memory::Backing;
use layerw_script::runtime::{Columns, Form, Options, Runtime, Script};

const ENTITIES: usize = 100_003;
const STEPS: usize = 5;

fn in_rust(position: &mut Position, velocity: &Velocity, cx: Cx) {
    position.0[0] += velocity.0[0] * cx.dt;
    position.0[1] += velocity.0[1] * cx.dt;
}

fn rust(threads: usize) -> StateHash {
    let mut scene = Scene::new(
        threads,
        world(Backing::Best, ENTITIES),
        vec![in_rust.named("Movement").finish()],
    );
    scene.steps(STEPS);
    scene.hash()
}

fn script(script: &Script, backing: Backing, threads: usize) -> StateHash {
    let mut world = world(backing, ENTITIES);
    let systems = script.bind(&mut world).expect("the world's own layouts");
    let mut scene = Scene::new(threads, world, systems);
    scene.steps(STEPS);
    scene.hash()
}

/// Each call on a thread of its own, because a thread keeps its workers.
fn on<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    on_fresh_thread("agreement", 0, run)
}

#[test]
fn movement_gives_the_bits_of_rust() {
    let expected = on(|| rust(1));
    assert_eq!(expected, on(|| rust(2)));
    for text in [MOVEMENT, MOVEMENT_V128] {
        let module = module(text, &movement());
        let limit = Options::default().time_limit;
        for (runtime, columns, time_limit) in [
            (Runtime::Best, Columns::Best, None),
            (Runtime::Best, Columns::Best, limit),
            (Runtime::Best, Columns::Copied, None),
            (Runtime::Wasmi, Columns::Best, None),
            (Runtime::Wasmi, Columns::Best, limit),
        ] {
            if runtime == Runtime::Wasmi && !cfg!(feature = "wasmi") {
                continue;
            }
            let options = Options {
                runtime,
                columns,
                time_limit,
                ..Options::default()
            };
            let loaded = load(&module, &options);
            for threads in [1, 2, 8] {
                let found = on(|| script(&loaded, Backing::Best, threads));
                assert_eq!(
                    found, expected,
                    "{runtime:?}, {columns:?}, {threads} workers"
                );
            }
            let copied = loaded.bytes_copied() > 0;
            assert_eq!(copied, loaded.form(&arena(Backing::Best)) == Form::Copied);
        }
    }
}

#[test]
fn an_arena_of_plain_pages_copies_and_counts() {
    let expected = on(|| rust(1));
    let loaded = load(&module(MOVEMENT, &movement()), &Options::default());
    assert_eq!(loaded.form(&arena(Backing::Plain)), Form::Copied);
    assert_eq!(on(|| script(&loaded, Backing::Plain, 2)), expected);
    // Positions in and out, velocities in.
    assert_eq!(loaded.bytes_copied(), (ENTITIES * 24 * STEPS) as u64);
    let reason = loaded.why_copied(&arena(Backing::Plain)).expect("a reason");
    assert!(reason.contains("plain pages"), "{reason}");
}

#[test]
fn change_ticks_move_as_for_a_rust_system() {
    let ticks =
        |systems: &dyn Fn(&mut layerw_ecs::World) -> Vec<layerw_ecs::system::SystemDecl>| {
            let mut world = world(Backing::Best, 10_000);
            let systems = systems(&mut world);
            let mut scene = Scene::new(1, world, systems);
            scene.steps(2);
            let world = &scene.world;
            let mut found = Vec::new();
            for archetype in world.archetypes() {
                for &chunk in archetype.chunks() {
                    let columns = 0..archetype.components().len();
                    found.extend(columns.map(|column| world.chunk(chunk).changed(column)));
                }
            }
            found
        };
    let rust = ticks(&|_| vec![in_rust.named("Movement").finish()]);
    let loaded = load(&module(MOVEMENT, &movement()), &Options::default());
    let script = ticks(&|world| loaded.bind(world).expect("the same layouts"));
    assert_eq!(rust, script);
    assert!(rust.iter().any(|&tick| tick > 0));
}

#[test]
fn a_component_of_another_layout_is_refused_field_by_field() {
    #[layerw_ecs::component(name = "Position")]
    struct Other([f64; 2]);

    let mut world = layerw_ecs::World::new(&arena(Backing::Best)).expect("a fresh arena");
    world.spawn(Other([1.0, 2.0]));
    let loaded = load(&module(MOVEMENT, &movement()), &Options::default());
    let refused = match loaded.bind(&mut world) {
        Err(refused) => refused.to_string(),
        Ok(_) => panic!("two layouts under one name"),
    };
    for part in [
        "script `test`",
        "component `Position`",
        "f32 x2",
        "f64 x2",
        "compile the script again",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}

#[test]
fn components_that_the_world_lacks_are_made_known() {
    let mut world = layerw_ecs::World::new(&arena(Backing::Best)).expect("a fresh arena");
    let loaded = load(&module(MOVEMENT, &movement()), &Options::default());
    assert_eq!(loaded.bind(&mut world).expect("room").len(), 1);
    assert!(world.component_id_by_name("Velocity").is_some());
    // The Rust type comes later and is the same component.
    world.spawn((Position([0.0, 0.0]), Velocity([1.0, 2.0])));
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let mut scene = Scene::new(1, world, systems);
    scene.steps(60);
    let total: f32 = scene
        .world
        .query::<&Position>()
        .map(|position| position.0[1])
        .sum();
    assert!((total - 2.0).abs() < 1e-4, "{total}");
}
