//! What is refused before any of it runs: modules that are malformed, too large, ask for what is not granted, or are not what their manifest says.

use crate::support::*;
use layerw_ecs::schedule::{Entry, Schedule};
use layerw_memory::Backing;
use layerw_script::abi::{self, Manifest, Param};
use layerw_script::runtime::{CompileLimits, Options, Script};
use std::time::Duration;

fn one() -> Manifest {
    manifest(&[system("Run", &[column::<Position>(true), Param::Count])])
}

fn refusal(module: &[u8], options: &Options) -> String {
    match Script::load("evil", module, options) {
        Ok(_) => panic!("it was loaded"),
        Err(refused) => refused.to_string(),
    }
}

fn refused(text: &str, manifest: &Manifest, reason: &str) {
    let found = refusal(&module(text, manifest), &Options::default());
    assert!(
        found.contains("script `evil`") && found.contains(reason),
        "{reason:?}: {found}\n{text}"
    );
}

/// A module with a good system and this beside it.
fn beside(part: &str) -> String {
    format!(
        r#"(module {part}
  (import "env" "memory" (memory 1))
  (func (export "Run") (param i32 i32)))"#
    )
}

/// A module with a good system, of which this is the rest.
fn behind(part: &str) -> String {
    format!(
        r#"(module
  (import "env" "memory" (memory 1))
  (func (export "Run") (param i32 i32))
  {part})"#
    )
}

#[test]
fn imports_that_are_not_granted() {
    let m = &one();
    refused(
        &beside(r#"(import "env" "abort" (func (param i32 i32 i32 i32)))"#),
        m,
        "import `env.abort`: it is not granted",
    );
    refused(
        &beside(
            r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
        ),
        m,
        "it is not granted",
    );
    refused(
        &beside(r#"(import "env" "table" (table 1 funcref))"#),
        m,
        "import `env.table`: it is not granted",
    );
    refused(
        &beside(r#"(import "env" "base" (global i32))"#),
        m,
        "import `env.base`: it is not granted",
    );
    refused(
        &beside(r#"(import "layerw" "format_disk" (func))"#),
        m,
        "a host offers despawn, spawn, insert, remove, send",
    );
    refused(
        &beside(r#"(import "layerw" "row" (global i32))"#),
        m,
        "it is not granted",
    );
    refused(
        &beside(r#"(import "layerw" "spawn" (func (param i32)))"#),
        m,
        "takes i32, i32 and returns nothing",
    );
    refused(
        &beside(r#"(import "layerw" "spawn" (func (param i32 i32)))"#),
        m,
        "no system of the manifest says that it records commands",
    );
}

#[test]
fn memories_that_do_not_fit() {
    let m = &one();
    let with = |memory: &str| format!(r#"(module {memory} (func (export "Run") (param i32 i32)))"#);
    refused(&with(""), m, "import `env.memory`: it is missing");
    refused(&with("(memory 1)"), m, "it is missing");
    refused(
        &with(r#"(import "env" "memory" (memory 1 16))"#),
        m,
        "it ends at 16 pages, and columns lie behind",
    );
    refused(
        &with(r#"(import "env" "memory" (memory 2000))"#),
        m,
        "it begins with 2000 pages of 64 KiB, and 1024 are granted",
    );
    refused(
        &with(r#"(import "other" "memory" (memory 1))"#),
        m,
        "it is not granted",
    );
    refused(
        &with(r#"(import "env" "memory" (memory 1 65535 shared))"#),
        m,
        "",
    );
    refused(&with(r#"(import "env" "memory" (memory i64 1))"#), m, "");
    refused(
        &with(r#"(import "env" "memory" (memory 1)) (memory 1)"#),
        m,
        "multiple memories",
    );
    refused(
        &with(r#"(import "env" "memory" (memory 1)) (import "env" "more" (memory 1))"#),
        m,
        "multiple memories",
    );
}

#[test]
fn functions_that_are_not_what_the_manifest_says() {
    let m = &one();
    let with = |export: &str| format!(r#"(module (import "env" "memory" (memory 1)) {export})"#);
    refused(
        &with(""),
        m,
        "system `Run`: the module has no export `Run`, it has none",
    );
    refused(
        &with(r#"(func (export "Walk") (param i32 i32))"#),
        m,
        "it has `Walk`",
    );
    refused(
        &with(r#"(func (export "Run") (param i32))"#),
        m,
        "the manifest's parameters make it (func (param i32 i32))",
    );
    refused(
        &with(r#"(func (export "Run") (param i32 i64))"#),
        m,
        "system `Run`: export `Run` is",
    );
    refused(
        &with(r#"(func (export "Run") (param i32 i32) (result i32) (i32.const 0))"#),
        m,
        "without a result",
    );
    refused(
        &with(r#"(global (export "Run") i32 (i32.const 0))"#),
        m,
        "export `Run` is no function",
    );
    refused(
        &behind(r#"(global (export "layerw.row") (mut i64) (i64.const 0))"#),
        m,
        "no mutable i32",
    );
    refused(
        &behind(r#"(func (export "layerw.row"))"#),
        m,
        "no mutable i32",
    );
}

#[test]
fn modules_that_use_what_is_not_offered() {
    let m = &one();
    for (part, reason) in [
        (
            r#"(func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))"#,
            "threads",
        ),
        (r#"(func (atomic.fence))"#, "threads"),
        (
            r#"(func (result v128) (f32x4.relaxed_madd (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))"#,
            "relaxed SIMD",
        ),
        (
            r#"(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))"#,
            "gc",
        ),
        (r#"(tag $t) (func (throw $t))"#, "exceptions"),
        (r#"(func $f (return_call $f))"#, "tail calls"),
    ] {
        refused(&behind(part), m, "its module cannot be compiled");
        let found = refusal(&module(&behind(part), m), &Options::default());
        assert!(
            found.to_lowercase().contains(&reason.to_lowercase()),
            "{reason}: {found}"
        );
    }
}

#[test]
fn start_functions_and_segments_that_fail() {
    let m = &one();
    refused(
        &behind("(func $go unreachable) (start $go)"),
        m,
        "cannot be started: gave up",
    );
    refused(
        &behind("(func $go (i32.store (i32.const 0x10000000) (i32.const 1))) (start $go)"),
        m,
        "cannot be started: touched memory",
    );
    refused(
        &behind("(func $go (call $go)) (start $go)"),
        m,
        "cannot be started: called itself too deeply",
    );
    refused(
        &behind(r#"(data (i32.const 65534) "0123")"#),
        m,
        "cannot be started",
    );
    refused(
        &behind(r#"(data (i32.const 0x10000000) "0123")"#),
        m,
        "cannot be started",
    );
    refused(
        &behind(r#"(table 1 funcref) (func $f) (elem (i32.const 1) $f)"#),
        m,
        "cannot be started",
    );
    refused(&behind("(table 10000000 funcref)"), m, "cannot be started");
    refused(
        &behind(&"(table 60000 funcref)".repeat(2)),
        m,
        "cannot be started",
    );
    refused(
        &behind(&"(table 1 funcref)".repeat(101)),
        m,
        "tables count exceeds limit of 100",
    );
    let limited = Options {
        time_limit: Some(Duration::from_millis(20)),
        ..Options::default()
    };
    let found = refusal(
        &module(&behind("(func $go (loop $ever (br $ever))) (start $go)"), m),
        &limited,
    );
    assert!(
        found.contains("cannot be started: a call took longer than 20ms"),
        "{found}"
    );
}

#[test]
fn malformed_bytes_and_every_beginning_of_a_module() {
    let good = module(MOVEMENT, &movement());
    for end in (0..good.len()).step_by(3) {
        refusal(&good[..end], &Options::default());
    }
    // One byte of it changed: refused or loaded, never a panic.
    for place in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut spoilt = good.clone();
            spoilt[place] ^= change;
            let _ = Script::load("evil", &spoilt, &Options::default());
        }
    }
    for bytes in [&b""[..], b"\0asm", b"(module)", b"\0asm\x0d\0\x01\0"] {
        let found = refusal(bytes, &Options::default());
        assert!(found.contains("script `evil`"), "{found}");
    }
    let bare = wat::parse_str(MOVEMENT).expect("a module");
    let found = refusal(&bare, &Options::default());
    assert!(found.contains("no section `layerw`"), "{found}");
    let mut stale = movement();
    stale.abi = abi::VERSION + 1;
    let found = refusal(&module(MOVEMENT, &stale), &Options::default());
    assert!(found.contains("compile the script again"), "{found}");
}

#[test]
fn modules_that_are_too_large_to_compile() {
    let small = CompileLimits {
        module_bytes: 64 << 10,
        code_bytes: 8 << 10,
        function_bytes: 2 << 10,
        functions: 20,
        locals: 100,
        block_locals: 5_000,
        entries: 50,
    };
    let options = Options {
        compile: small,
        ..Options::default()
    };
    let too_large = |part: &str, reason: &str, setting: &str| {
        let found = refusal(&module(&behind(part), &one()), &options);
        assert!(
            found.contains(reason) && found.contains(setting),
            "{reason}: {found}"
        );
    };
    let repeat = |part: &str, times: usize| part.repeat(times);
    too_large(
        &repeat("(func)", 20),
        "functions: 21, and 20 is the most",
        "`functions`",
    );
    too_large(
        &format!("(func {})", repeat("(drop (i32.const 1))", 1000)),
        "bytes of function 1",
        "`function_bytes`",
    );
    let many = format!("(func {})", repeat("(drop (i32.const 1))", 600));
    too_large(&repeat(&many, 10), "bytes of its code", "`code_bytes`");
    too_large(
        &format!("(func (local {}))", repeat("i32 ", 101)),
        "local variables of function 1",
        "`locals`",
    );
    let loops = repeat("(loop (br_if 0 (local.get 0)))", 50);
    too_large(
        &format!("(func (local {}) {loops})", repeat("i32 ", 60)),
        "blocks times local variables of function 1",
        "`block_locals`",
    );
    too_large(
        &repeat("(global i32 (i32.const 0))", 60),
        "types, imports, exports, globals",
        "`entries`",
    );
    too_large(
        &format!(
            "(table 100 funcref) (func $f) (elem (i32.const 0) {})",
            repeat("$f ", 60)
        ),
        "segments",
        "`entries`",
    );
    too_large(
        &format!(r#"(data "{}")"#, repeat("x", 70_000)),
        "bytes of its module",
        "`module_bytes`",
    );
    // As it is by default: a module of 40 MB, and one function of 1 MB.
    let huge = vec![0; 40 << 20];
    assert!(refusal(&huge, &Options::default()).contains("8388608 is the most"));
    let function = format!("(func {})", repeat("(drop (i32.const 1))", 350_000));
    let found = refusal(&module(&behind(&function), &one()), &Options::default());
    assert!(found.contains("262144 is the most"), "{found}");
}

#[test]
fn a_resource_that_is_not_there_is_named() {
    let reads = manifest(&[system(
        "Run",
        &[column::<Position>(true), resource::<Total>(false)],
    )]);
    let loaded = load(&module(&behind(""), &reads), &Options::default());
    let mut world = world(Backing::Best, 10);
    let mut systems = loaded.bind(&mut world).expect("the same layouts");
    let entries = systems.drain(..).map(Entry::System).collect();
    let refused = match Schedule::new(entries, &mut world, 1) {
        Ok(_) => panic!("no such resource"),
        Err(refused) => refused.to_string(),
    };
    assert!(
        refused.contains("resource Total") && refused.contains("Run"),
        "{refused}"
    );
    // One that goes later is missed by the call.
    world.insert_resource(Total(1.0));
    let mut scene = Scene::new(
        1,
        world,
        loaded
            .bind(&mut { layerw_ecs::World::new(&arena(Backing::Best)).expect("fresh") })
            .expect("any world"),
    );
    scene.steps(1);
    scene.world.remove_resource::<Total>();
    let failure = scene.step().expect_err("no such resource");
    let text = text(&failure);
    assert!(
        text.contains("resource Total is not in the world"),
        "{text}"
    );
}
