//! The table of what hostile modules try while they run. Each is a trap: the process lives, the message names script, system and line, the other systems of the
//! schedule go on, and no byte changes that was not granted.

use crate::support::*;
use layerw_ecs::row::IntoRow;
use layerw_ecs::{Component, World};
use layerw_jobs::on_fresh_thread;
use layerw_memory::{Backing, PAGE, PageRun};
use layerw_script::abi::Param;
use layerw_script::runtime::{Columns, Form, OnFault, Options, Runtime, Script};
use std::time::Duration;

const ENTITIES: usize = 6_000;
const WINDOW: u64 = 0x1000_0000;

/// What a module of the table looks like around its body: `$p` is a column that it may write, `$v` one that it may read, `$n` the rows.
const AROUND: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (import "layerw" "spawn" (func $spawn (param i32 i32)))
  (import "layerw" "despawn" (func $despawn (param i64)))
  (import "layerw" "insert" (func $insert (param i64 i32 i32)))
  (import "layerw" "send" (func $send (param i32 i32)))
  (global (export "layerw.row") (mut i32) (i32.const 3))
  (type $nothing (func))
  (table $table 4 100000 funcref)
  (elem (i32.const 0) $again $run)
  (data $seg "0123456789abcdef")
  (func $again (call_indirect (type $nothing) (i32.const 0)))
  (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
  (func $deep_host (param i64) (call $despawn (i64.const 0x100ffffff)) (call $deep_host (local.get 0)) (call $despawn (local.get 0)))
  (func $run (export "Hostile") (param $p i32) (param $v i32) (param $n i32) (local $i i32) (local $q i64)
    BODY)
)"#;

/// Name, body, and what the message says. `{before}` and `{behind}` are the first byte of the granted pages around the column, and the one after them; `{secret}`
/// the first row of a column that is not granted; `{velocity_last}` the last word of the pages that are granted for reading.
const TABLE: &[(&str, &str, &str)] = &[
    (
        "store to a read-only column",
        "(i32.store (local.get $v) (i32.const 1))",
        "wrote to `Velocity`, which it only reads",
    ),
    (
        "store of a byte to it",
        "(i32.store8 (local.get $v) (i32.const 1))",
        "wrote to `Velocity`",
    ),
    (
        "store of a vector to it",
        "(v128.store (local.get $v) (v128.const i32x4 1 2 3 4))",
        "wrote to `Velocity`",
    ),
    (
        "store of a lane to it",
        "(v128.store32_lane 0 (local.get $v) (v128.const i32x4 1 2 3 4))",
        "wrote to `Velocity`",
    ),
    (
        "store to its last page",
        "(i64.store (i32.const {velocity_last}) (i64.const 1))",
        "wrote to `Velocity`",
    ),
    (
        "store before the granted pages",
        "(i32.store8 (i32.sub (i32.const {before}) (i32.const 1)) (i32.const 1))",
        "touched address",
    ),
    (
        "load before the granted pages",
        "(drop (i32.load8_u (i32.sub (i32.const {before}) (i32.const 1))))",
        "touched address",
    ),
    (
        "store behind the granted pages",
        "(i32.store8 (i32.const {behind}) (i32.const 1))",
        "touched address",
    ),
    (
        "load behind the granted pages",
        "(drop (i32.load8_u (i32.const {behind})))",
        "touched address",
    ),
    (
        "load across their end",
        "(drop (i64.load align=1 (i32.sub (i32.const {behind}) (i32.const 4))))",
        "touched address",
    ),
    (
        "vector load across their end",
        "(drop (v128.load align=1 (i32.sub (i32.const {behind}) (i32.const 8))))",
        "touched address",
    ),
    (
        "store across their end",
        "(i64.store align=1 (i32.sub (i32.const {behind}) (i32.const 1)) (i64.const -1))",
        "address 0x",
    ),
    (
        "vector store across their end",
        "(v128.store align=1 (i32.sub (i32.const {behind}) (i32.const 15)) (v128.const i64x2 -1 -1))",
        "address 0x",
    ),
    (
        "load of a column not granted",
        "(drop (i64.load (i32.const {secret})))",
        "touched address",
    ),
    (
        "store to a column not granted",
        "(i64.store (i32.const {secret}) (i64.const 0))",
        "touched address",
    ),
    (
        "the same by a constant offset",
        "(i64.store offset=4096 (i32.sub (i32.const {secret}) (i32.const 4096)) (i64.const 0))",
        "touched address",
    ),
    (
        "the same by an offset that wraps",
        "(i64.store offset=0x20000000 (i32.sub (i32.const {secret}) (i32.const 0x20000000)) (i64.const 0))",
        "touched",
    ),
    (
        "load of the world's tables",
        "(drop (i32.load (i32.const 0x10000000)))",
        "touched address 0x10000000",
    ),
    (
        "store to the world's tables",
        "(i32.store (i32.const 0x10000000) (i32.const 0))",
        "touched address 0x10000000",
    ),
    (
        "load just before the window",
        "(drop (i32.load8_u (i32.const 0x0fffffff)))",
        "touched address",
    ),
    (
        "load across the window's start",
        "(drop (i64.load align=1 (i32.const 0x0ffffffc)))",
        "touched address",
    ),
    (
        "load of the last address",
        "(drop (i32.load8_u (i32.const -1)))",
        "touched address",
    ),
    (
        "load across the last address",
        "(drop (i64.load align=1 (i32.const -4)))",
        "touched address",
    ),
    (
        "vector load across the last address",
        "(drop (v128.load align=1 (i32.const -1)))",
        "touched address",
    ),
    (
        "the furthest offset from the last address",
        "(drop (i32.load offset=0xffffffff (i32.const -1)))",
        "touched",
    ),
    (
        "an offset within the guard from the last address",
        "(drop (i32.load offset=0x1000000 (i32.const -4)))",
        "touched",
    ),
    (
        "a column by an offset alone",
        "(i32.store offset=0x10000000 (i32.const 0) (i32.const 0))",
        "touched",
    ),
    (
        "load behind its own memory",
        "(drop (i32.load (i32.shl (memory.size) (i32.const 16))))",
        "touched address",
    ),
    (
        "store behind its own memory",
        "(i32.store (i32.shl (memory.size) (i32.const 16)) (i32.const 1))",
        "touched address",
    ),
    (
        "a page without access below the window",
        "(i32.store (i32.const 0x08000000) (i32.const 1))",
        "touched address",
    ),
    (
        "fill of its own column",
        "(memory.fill (local.get $p) (i32.const 0) (i32.const 64))",
        "bulk operation",
    ),
    (
        "fill of a read-only column",
        "(memory.fill (local.get $v) (i32.const 0) (i32.const 64))",
        "bulk operation",
    ),
    (
        "fill of a column not granted",
        "(memory.fill (i32.const {secret}) (i32.const 0) (i32.const 64))",
        "bulk operation",
    ),
    (
        "fill of a hole",
        "(memory.fill (i32.const 0x08000000) (i32.const 0) (i32.const 64))",
        "bulk operation",
    ),
    (
        "fill around the end of all addresses",
        "(memory.fill (i32.const -1) (i32.const 0) (i32.const -1))",
        "bulk operation",
    ),
    (
        "fill of everything",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const -1))",
        "bulk operation",
    ),
    (
        "copy out of a column",
        "(memory.copy (i32.const 0) (local.get $p) (i32.const 64))",
        "bulk operation",
    ),
    (
        "copy into a column",
        "(memory.copy (local.get $p) (i32.const 0) (i32.const 16))",
        "bulk operation",
    ),
    (
        "copy of a column not granted",
        "(memory.copy (i32.const 0) (i32.const {secret}) (i32.const 64))",
        "bulk operation",
    ),
    (
        "copy of a length of its own",
        "(memory.copy (local.get $p) (local.get $v) (local.get $n))",
        "bulk operation",
    ),
    (
        "init of a column",
        "(memory.init $seg (local.get $p) (i32.const 0) (i32.const 16))",
        "bulk operation",
    ),
    (
        "init from behind a segment",
        "(memory.init $seg (i32.const 0) (i32.const 8) (i32.const 16))",
        "bulk operation",
    ),
    (
        "memory page by page",
        "(loop $more (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) (if (i32.gt_u (memory.size) (i32.const 64)) (then (return))) unreachable",
        "gave up",
    ),
    (
        "memory at once",
        "(if (i32.ge_s (memory.grow (i32.const 60000)) (i32.const 0)) (then (return))) unreachable",
        "gave up",
    ),
    (
        "memory up to the window",
        "(if (i32.ge_s (memory.grow (i32.const 4095)) (i32.const 0)) (then (return))) unreachable",
        "gave up",
    ),
    (
        "a table that grows",
        "(loop $more (br_if $more (i32.ge_s (table.grow $table (ref.null func) (i32.const 1000)) (i32.const 0)))) (if (i32.gt_u (table.size $table) (i32.const 70000)) (then (return))) unreachable",
        "gave up",
    ),
    (
        "a recursion",
        "(drop (call $deep (i32.const 0)))",
        "called itself too deeply",
    ),
    (
        "a recursion through a table",
        "(call $again)",
        "called itself too deeply",
    ),
    (
        "a recursion through the host",
        "(call $deep_host (i64.const 0x100ffffff))",
        "called itself too deeply",
    ),
    (
        "a function of another type",
        "(call_indirect (type $nothing) (i32.const 1))",
        "what is no such function",
    ),
    (
        "a function that is not there",
        "(call_indirect (type $nothing) (i32.const 2))",
        "what is no such function",
    ),
    (
        "a function behind the table",
        "(call_indirect (type $nothing) (i32.const 99))",
        "what is no such function",
    ),
    (
        "a division by zero",
        "(drop (i32.div_u (local.get $n) (local.get $i)))",
        "divided an integer by zero",
    ),
    (
        "a division that overflows",
        "(drop (i32.div_s (i32.const 0x80000000) (i32.sub (local.get $i) (i32.const 1))))",
        "overflowed",
    ),
    (
        "NaN as an integer",
        "(drop (i32.trunc_f32_s (f32.div (f32.const 0) (f32.convert_i32_u (local.get $i)))))",
        "NaN",
    ),
    ("unreachable code", "unreachable", "gave up"),
    (
        "a count times a thousand",
        "(i32.store (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 8000))) (i32.const 1))",
        "address 0x",
    ),
    (
        "a row far behind",
        "(i32.store (i32.add (local.get $p) (i32.shl (i32.const 0x0fffffff) (i32.const 3))) (i32.const 1))",
        "touched address",
    ),
    (
        "a row far before",
        "(i32.store (i32.sub (local.get $p) (i32.const 0x0f000000)) (i32.const 1))",
        "touched address",
    ),
    (
        "a walk up through its column",
        "(loop $up (i32.store8 (local.get $p) (i32.const 1)) (local.set $p (i32.add (local.get $p) (i32.const 1))) (br $up))",
        "address 0x",
    ),
    (
        "a walk down through its column",
        "(loop $down (i32.store8 (local.get $p) (i32.const 1)) (local.set $p (i32.sub (local.get $p) (i32.const 1))) (br $down))",
        "address 0x",
    ),
    (
        "a walk over every page that can be read",
        "(loop $pages (drop (i32.load8_u (local.get $i))) (local.set $i (i32.add (local.get $i) (i32.const 4096))) (br_if $pages (local.get $i)))",
        "touched address",
    ),
    (
        "a template that is none",
        "(call $spawn (i32.const 99) (i32.const 0))",
        "named template 99 of 2",
    ),
    (
        "a template far away",
        "(call $spawn (i32.const -1) (i32.const 0))",
        "named template 4294967295",
    ),
    (
        "values in a hole",
        "(call $spawn (i32.const 0) (i32.const 0x08000000))",
        "passed values of 8 bytes at address 0x8000000",
    ),
    (
        "values of a column not granted",
        "(call $spawn (i32.const 0) (i32.const {secret}))",
        "neither its own memory nor a column",
    ),
    (
        "values across the end of its memory",
        "(call $spawn (i32.const 0) (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)))",
        "neither its own memory nor a column",
    ),
    (
        "values at the last address",
        "(call $send (i32.const 0) (i32.const -1))",
        "neither its own memory nor a column",
    ),
    (
        "values that are none",
        "(i32.store8 (i32.const 0) (i32.const 2)) (call $spawn (i32.const 1) (i32.const 0))",
        "field `0` of component `Flag`",
    ),
    (
        "an event that is none",
        "(i32.store8 (i32.const 0) (i32.const 7)) (call $send (i32.const 1) (i32.const 0))",
        "field `0` of component `Flag`",
    ),
    (
        "an entity that is none",
        "(call $despawn (i64.const 7))",
        "no entity ever is",
    ),
    (
        "components for an entity that is none",
        "(call $insert (i64.const 0) (i32.const 0) (i32.const 0))",
        "no entity ever is",
    ),
];

/// Counts in rows, so that it shows in which steps a system ran.
fn before(visits: &mut Visits) {
    visits.0 += 1;
}

fn after(visits: &mut Visits) {
    visits.0 += 1000;
}

fn first_row<T: Component>(world: &World) -> (u64, PageRun) {
    let archetype = &world.archetypes()[0];
    let column = archetype
        .column(world.component_id::<T>().expect("known"))
        .expect("has it");
    let chunk = archetype.chunks()[0];
    let first = world.chunk(chunk).column_ptr(column).as_ptr().addr();
    let base = world.arena().logic().base().as_ptr().addr();
    let run = world.column_pages(chunk, column).expect("has bytes").run();
    (WINDOW + (first - base) as u64, run)
}

/// The pages around the first row that is granted for writing which are granted, for writing or reading: where they begin and end.
fn granted(world: &World) -> (u64, u64) {
    let archetype = &world.archetypes()[0];
    let mut runs = Vec::new();
    for id in [
        world.component_id::<Position>(),
        world.component_id::<Velocity>(),
    ] {
        let column = archetype.column(id.expect("known")).expect("has it");
        let pages = |&chunk| world.column_pages(chunk, column).expect("has bytes").run();
        runs.extend(archetype.chunks().iter().map(pages));
    }
    let (_, first) = first_row::<Position>(world);
    let (mut from, mut to) = (u64::from(first.first), first.end());
    while let Some(run) = runs
        .iter()
        .find(|run| run.end() == from || u64::from(run.first) == to)
    {
        (from, to) = (from.min(u64::from(run.first)), to.max(run.end()));
    }
    (WINDOW + from * PAGE as u64, WINDOW + to * PAGE as u64)
}

/// The world of the table, and its module.
fn scene(body: &str, options: &Options) -> (Scene, Script) {
    scene_on(1, body, options)
}

fn scene_on(threads: usize, body: &str, options: &Options) -> (Scene, Script) {
    let mut world = world(Backing::Best, ENTITIES);
    let (granted, (_, run)) = (granted(&world), first_row::<Velocity>(&world));
    let body = body
        .replace("{before}", &granted.0.to_string())
        .replace("{behind}", &granted.1.to_string())
        .replace("{secret}", &first_row::<Secret>(&world).0.to_string())
        .replace(
            "{velocity_last}",
            &(WINDOW + run.offset() + run.bytes() - 8).to_string(),
        );
    let mut hostile = system(
        "Hostile",
        &[
            column::<Position>(true),
            column::<Velocity>(false),
            Param::Count,
        ],
    );
    hostile.commands = true;
    let script = load(
        &module(&AROUND.replace("BODY", &body), &manifest(&[hostile])),
        options,
    );
    let mut systems = vec![before.named("before").finish()];
    systems.extend(script.bind(&mut world).expect("the same layouts"));
    systems.push(after.named("after").finish());
    (Scene::new(threads, world, systems), script)
}

/// Everything that the script may not write.
fn others(scene: &Scene) -> (Vec<Velocity>, Vec<Secret>) {
    let world = &scene.world;
    (
        world.query::<&Velocity>().copied().collect(),
        world.query::<&Secret>().copied().collect(),
    )
}

fn options(on_fault: OnFault) -> Options {
    Options {
        on_fault,
        memory_bytes: 4 << 20,
        ..Options::default()
    }
}

#[test]
fn every_illegal_access_is_a_trap_that_harms_nobody_else() {
    assert!(TABLE.len() >= 60);
    for (name, body, says) in TABLE {
        let (mut scene, script) = scene(body, &options(OnFault::Quarantine));
        if script.form(scene.world.arena()) != Form::Mapped {
            return;
        }
        let expected = others(&scene);
        scene.steps(3);
        let faults = script.faults();
        assert_eq!(faults.len(), 1, "{name}: {faults:?}");
        let fault = faults[0].to_string();
        for part in [
            "script `test`",
            "system `Hostile`",
            "hostile.ts:7:3",
            "step 0",
            says,
        ] {
            assert!(fault.contains(part), "{name}: no {part:?} in: {fault}");
        }
        assert!(faults[0].entity.is_some(), "{name}: {fault}");
        assert!(
            others(&scene) == expected,
            "{name}: a column changed that was not granted"
        );
        let visits = scene.world.query::<&Visits>().map(|visits| visits.0).min();
        assert_eq!(visits, Some(3003), "{name}: a system did not go on");
        assert_eq!(scene.world.len(), ENTITIES, "{name}");
        assert_eq!(script.bytes_copied(), 0, "{name}");
    }
}

#[test]
fn a_stopped_step_names_it_too_and_the_workers_go_on() {
    for (name, body, says) in TABLE.iter().step_by(7) {
        let (mut scene, script) = scene(body, &options(OnFault::Stop));
        if script.form(scene.world.arena()) != Form::Mapped {
            return;
        }
        for _ in 0..2 {
            let failure = scene.step().expect_err(name);
            assert_eq!(failure.system, "Hostile", "{name}");
            assert!(failure.entity.is_some(), "{name}");
            let text = text(&failure);
            assert!(
                text.contains(says) && text.contains("hostile.ts:7:3"),
                "{name}: {text}"
            );
        }
        assert!(script.faults().is_empty(), "{name}: not in quarantine");
    }
}

#[test]
fn where_columns_are_copied_the_world_is_out_of_reach() {
    let interpreted = cfg!(feature = "wasmi").then_some(Runtime::Wasmi);
    for runtime in [Runtime::Best].into_iter().chain(interpreted) {
        out_of_reach(&Options {
            runtime,
            columns: Columns::Copied,
            ..options(OnFault::Quarantine)
        });
    }
}

fn out_of_reach(options: &Options) {
    for (name, body, _) in TABLE {
        let (mut scene, script) = scene(body, options);
        let expected = others(&scene);
        scene.steps(3);
        assert!(
            others(&scene) == expected,
            "{name}: a column changed that was not granted"
        );
        let visits = scene.world.query::<&Visits>().map(|visits| visits.0).min();
        assert_eq!(visits, Some(3003), "{name}: a system did not go on");
        assert!(script.bytes_copied() > 0, "{name}");
        // What copies let pass is nothing; what they do not is told as always.
        for fault in script.faults() {
            let fault = fault.to_string();
            assert!(
                fault.contains("system `Hostile` at hostile.ts:7:3, entity "),
                "{name}: {fault}"
            );
        }
    }
}

#[test]
fn a_chunk_keeps_its_rows_up_to_the_trap_and_the_others_finish() {
    // Writes 9 to its rows, and gives up at the second row of a chunk that is not full.
    let body = r#"
      (local.set $i (local.get $p))
      (loop $rows
        (if (i32.and (i32.lt_u (local.get $n) (i32.const 2048)) (i32.eq (local.get $i) (i32.add (local.get $p) (i32.const 8)))) (then unreachable))
        (f32.store (local.get $i) (f32.const 9))
        (local.set $i (i32.add (local.get $i) (i32.const 8)))
        (br_if $rows (i32.lt_u (local.get $i) (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))))"#;
    let mut found = Vec::new();
    for columns in [Columns::Best, Columns::Copied] {
        for threads in [1, 2] {
            let run = || {
                let options = Options {
                    columns,
                    ..options(OnFault::Quarantine)
                };
                let (mut scene, script) = scene_on(threads, body, &options);
                scene.steps(4);
                assert_eq!(script.faults().len(), 1);
                let nine = |position: &&Position| position.0[0] == 9.0;
                let nines = scene.world.query::<&Position>().filter(nine).count();
                // The first chunk, and the first row of the second.
                assert_eq!(nines, 4097);
                scene.hash()
            };
            found.push(on_fresh_thread("keeps", 0, run));
        }
    }
    found.dedup();
    assert_eq!(
        found.len(),
        1,
        "the same bits whoever ran it and in either form"
    );
}

#[test]
fn a_call_that_takes_too_long_stops_the_run() {
    let limited = Options {
        time_limit: Some(Duration::from_millis(20)),
        ..options(OnFault::Quarantine)
    };
    let (mut scene, script) = scene("(loop $ever (br $ever))", &limited);
    let failure = scene.step().expect_err("it never ends");
    let text = text(&failure);
    for part in [
        "system `Hostile` at hostile.ts:7:3",
        "took longer than 20ms",
        "time_limit",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(script.faults().is_empty(), "time is no fault that repeats");
    // Many calls may take longer together.
    let (mut scene, _) = self::scene("(nop)", &limited);
    scene.steps(50);
}

#[test]
#[cfg(feature = "wasmi")]
fn an_interpreter_counts_work_in_place_of_time() {
    let limited = Options {
        runtime: Runtime::Wasmi,
        time_limit: Some(Duration::from_millis(20)),
        ..options(OnFault::Quarantine)
    };
    let (mut scene, script) = scene("(loop $ever (br $ever))", &limited);
    scene.steps(2);
    let [fault] = &script.faults()[..] else {
        panic!("the same work is too much each time: {:?}", script.faults());
    };
    assert!(fault.repeats && fault.what.contains("took longer than 20ms"));
    let (mut scene, script) = self::scene("(nop)", &limited);
    scene.steps(50);
    assert_eq!(
        (script.runtime(), script.form(scene.world.arena())),
        ("wasmi", Form::Copied)
    );
}

#[test]
fn commands_are_for_systems_that_declare_them() {
    let text_of = r#"
(module
  (import "env" "memory" (memory 1))
  (import "layerw" "despawn" (func $despawn (param i64)))
  (func (export "Says") (param $n i32) (call $despawn (i64.const 0x100ffffff)))
  (func (export "Hides") (param $n i32) (call $despawn (i64.const 0x100ffffff)))
)"#;
    let mut says = system("Says", &[Param::Count]);
    says.commands = true;
    let hides = system("Hides", &[Param::Count]);
    let loaded = load(
        &module(text_of, &manifest(&[says, hides])),
        &Options::default(),
    );
    let mut world = world(Backing::Best, 10);
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let failure = Scene::new(1, world, systems)
        .step()
        .expect_err("one of them may not");
    assert_eq!(failure.system, "Hides");
    assert!(
        text(&failure).contains("which its manifest does not say"),
        "{}",
        text(&failure)
    );
}

#[test]
fn pages_are_what_the_table_believes() {
    let world = world(Backing::Best, ENTITIES);
    let (from, to) = granted(&world);
    assert!(from.is_multiple_of(PAGE as u64) && to > from);
    let secret = first_row::<Secret>(&world).0;
    assert!(!(from..to).contains(&secret));
}

#[test]
fn commands_without_end_end_with_the_scratch() {
    let unlimited = Options {
        time_limit: Some(Duration::from_secs(60)),
        ..options(OnFault::Quarantine)
    };
    let (mut scene, _) = scene(
        "(loop $ever (call $spawn (i32.const 0) (i32.const 0)) (br $ever))",
        &unlimited,
    );
    for _ in 0..2 {
        let failure = scene.step().expect_err("no scratch is that large");
        assert_eq!(failure.system, "Hostile");
        assert_eq!(scene.world.len(), ENTITIES);
    }
}

#[test]
fn protected_memory_and_scripts_do_not_mistake_each_others_faults() {
    for (body, fails) in [
        ("(f32.store (local.get $p) (f32.const 1))", false),
        ("(i32.store (local.get $v) (i32.const 1))", true),
        ("(i64.store (i32.const {secret}) (i64.const 0))", true),
    ] {
        let (mut scene, script) = scene(body, &options(OnFault::Quarantine));
        let protection = layerw_memory::Protection::Pages;
        scene.world.arena().protect(protection).expect("a handler");
        scene.steps(3);
        assert_eq!(script.faults().len(), usize::from(fails), "{body}");
        let visits = scene.world.query::<&Visits>().map(|visits| visits.0).min();
        assert_eq!(visits, Some(3003));
    }
}
