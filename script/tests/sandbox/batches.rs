//! Calls for few rows at a time: the same state for batches of any size, in every runtime, and what a call copies is counted.

use crate::support::*;
use layerw_ecs::StateHash;
use layerw_memory::Backing;
use layerw_script::compile::{Source, compile};
use layerw_script::runtime::{Columns, OnFault, Options, Runtime, Script};
use std::num::NonZeroU32;

/// Rows of two chunks.
const ENTITIES: usize = 5_000;

fn scene(threads: usize, body: &str, options: &Options) -> (Scene, Script) {
    let text = format!(
        "class S {{\n  update(entities: Entity[], positions: Vec2[], velocities: Vec2[], world: World) {{\n{body}\n  }}\n}}\n"
    );
    scene_of(threads, text, options)
}

fn scene_of(threads: usize, text: String, options: &Options) -> (Scene, Script) {
    let program = compile(&[Source::new("test.ts", text)]).expect("it is in the language");
    let script = Script::of_program("test", &program, options).expect("it is read");
    let mut world = world(Backing::Best, ENTITIES);
    let systems = script.bind(&mut world).expect("the same layouts");
    (Scene::new(threads, world, systems), script)
}

fn options(runtime: Runtime, columns: Columns, rows: u32) -> Options {
    Options {
        runtime,
        columns,
        batch_rows: NonZeroU32::new(rows),
        ..Options::default()
    }
}

fn runtimes() -> Vec<(Runtime, Columns)> {
    let mut all = vec![
        (Runtime::Wasmtime, Columns::Best),
        (Runtime::Wasmtime, Columns::Copied),
    ];
    #[cfg(feature = "quickjs")]
    all.push((Runtime::QuickJs, Columns::Best));
    all
}

#[test]
fn an_entity_despawned_in_mid_batch_changes_no_other() {
    // Every seventh goes away in the first step, in the middle of what is done to its row.
    let body = "for (let i = 0; i < positions.length; i++) {
      positions[i].y += 1;
      if (i32(velocities[i].x * 1000) % 7 === 0) world.despawn(entities[i]);
      positions[i].x += velocities[i].x;
    }";
    let hash = |threads, runtime, columns, rows| -> StateHash {
        // A thread makes workers once.
        let run = || {
            let (mut scene, _) = scene(threads, body, &options(runtime, columns, rows));
            scene.steps(3);
            scene.hash()
        };
        std::thread::scope(|scope| scope.spawn(run).join().expect("it runs"))
    };
    let (mut whole, script) = scene(1, body, &Options::default());
    whole.steps(3);
    assert!(script.faults().is_empty());
    let left = whole.world.query::<&Position>().count();
    assert!(
        left < ENTITIES * 9 / 10 && left > ENTITIES / 2,
        "{left} are left"
    );
    for (runtime, columns) in runtimes() {
        for rows in [1, 3, 100, 4_096, u32::MAX] {
            for threads in [1, 2] {
                assert_eq!(
                    hash(threads, runtime, columns, rows),
                    whole.hash(),
                    "{runtime:?}, {columns:?}, {rows} rows a call, {threads} workers"
                );
            }
        }
    }
}

#[test]
fn what_is_copied_is_counted_for_each_call() {
    let body = "for (let i = 0; i < positions.length; i++) positions[i].x += velocities[i].y + f32(u64(entities[i]) & u64(1));";
    let copied = |rows| {
        let (mut scene, script) =
            scene(1, body, &options(Runtime::Wasmtime, Columns::Copied, rows));
        scene.steps(2);
        script.bytes_copied()
    };
    // Positions in and out, velocities and entities in.
    let steps = 2 * ENTITIES as u64 * (2 * 8 + 8 + 8);
    for rows in [1, 7, 4_096] {
        assert_eq!(copied(rows), steps, "{rows} rows a call");
    }
}

#[test]
fn a_resource_that_is_only_read_is_copied_once_for_a_chunk() {
    let text = "
class Room { width: f32 = 1; }
class Grow { update(room: Room) { room.width += 1; } }
class S { update(positions: Vec2[], room: Room) { for (let i = 0; i < positions.length; i++) positions[i].x += room.width; } }
";
    let run = |runtime, columns, rows| {
        let options = options(runtime, columns, rows);
        let (mut scene, script) = scene_of(1, text.to_owned(), &options);
        scene.steps(3);
        (scene.hash(), script.bytes_copied())
    };
    let (hash, _) = run(Runtime::Best, Columns::Best, u32::MAX);
    // The room for each of two chunks, and in and out where it grows; positions in and out.
    let copied = 3 * (4 * 2 + 4 * 2 + 2 * 8 * ENTITIES as u64);
    let interpreted = cfg!(feature = "wasmi").then_some(Runtime::Wasmi);
    for runtime in [Runtime::Wasmtime].into_iter().chain(interpreted) {
        for rows in [7, 4_096] {
            let same = (hash, copied);
            assert_eq!(
                run(runtime, Columns::Copied, rows),
                same,
                "{runtime:?}, {rows} rows a call"
            );
        }
    }
}

#[test]
fn what_fails_in_a_batch_leaves_out_the_rest_of_its_chunk() {
    let body = "for (let i = 0; i < positions.length; i++) {
      positions[i].y = 1;
      if (velocities[i].y < 0.985) positions[i].x = f32(1 / (i - i));
    }";
    for (runtime, columns) in runtimes() {
        let options = Options {
            on_fault: OnFault::Quarantine,
            ..options(runtime, columns, 3)
        };
        let (mut scene, script) = scene(1, body, &options);
        scene.steps(2);
        let faults = script.faults();
        let said = faults[0].to_string();
        // The first row whose velocity is that small.
        assert!(
            said.contains("entity 8v1, step 0: a whole number divided by 0"),
            "{said}"
        );
        let done = scene.world.query::<&Position>();
        let done = done.filter(|position| position.0[1] == 1.0).count();
        // Nine of the first chunk, and the first of the second.
        assert_eq!(done, 10, "{runtime:?}, {columns:?}");
    }
}

#[test]
fn rows_that_depend_on_each_other_come_together() {
    let body = "for (let i = 1; i < positions.length; i++) positions[i].x += positions[i - 1].x;";
    let hash = |rows| {
        let (mut scene, _) = scene(1, body, &options(Runtime::Wasmtime, Columns::Best, rows));
        scene.steps(1);
        scene.hash()
    };
    assert_eq!(hash(1), hash(u32::MAX));
}
