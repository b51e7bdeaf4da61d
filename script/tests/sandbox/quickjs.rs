//! Sources run as JavaScript: what a fault says, what limits hold, and that nothing is copied.

use crate::support::*;
use layerw_memory::Backing;
use layerw_script::compile::{Source, compile};
use layerw_script::runtime::{Form, OnFault, Options, Runtime, Script};
use std::time::Duration;

const ENTITIES: usize = 6_000;

fn scene(body: &str, options: &Options) -> (Scene, Script) {
    let text = format!(
        "class S {{\n  update(positions: Vec2[], velocities: Vec2[], dt: number) {{\n{body}\n  }}\n}}\n"
    );
    let program = compile(&[Source::new("test.ts", text)]).expect("it is in the language");
    let script = Script::of_program("test", &program, options).expect("it is read");
    let mut world = world(Backing::Best, ENTITIES);
    let systems = script.bind(&mut world).expect("the same layouts");
    (Scene::new(1, world, systems), script)
}

fn options(on_fault: OnFault) -> Options {
    Options {
        runtime: Runtime::QuickJs,
        on_fault,
        ..Options::default()
    }
}

#[test]
fn a_fault_names_line_row_and_what_happened() {
    let body = "for (let i = 0; i < positions.length; i++) {\n      positions[i].x = -5;\n      const k = i32(velocities[i].y);\n      if (i > 2) positions[i].y = f32(7 / (k - k));\n    }";
    let (mut scene, script) = scene(body, &options(OnFault::Quarantine));
    scene.steps(3);
    let faults = script.faults();
    let [fault] = &faults[..] else {
        panic!("one system failed: {faults:?}");
    };
    let text = fault.to_string();
    for part in [
        "script `test`, system `S` at test.ts:6:",
        "entity 3",
        "step 0: a whole number divided by 0",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let fives = scene.world.query::<&Position>();
    let fives = fives.filter(|position| position.0[0] == -5.0).count();
    // Four rows of each of the two chunks.
    assert_eq!(fives, 8, "rows before the fault are done, in every chunk");
    assert_eq!(
        (script.runtime(), script.form(scene.world.arena())),
        ("quickjs", Form::Mapped)
    );
    assert_eq!(script.bytes_copied(), 0);
}

#[test]
fn a_row_that_is_not_there_and_a_loop_without_end_stop_the_step() {
    for (body, says) in [
        (
            "for (let i = 0; i < positions.length; i++) positions[i].x = velocities[i + 4000].x;",
            "a row beyond the last one",
        ),
        (
            "for (let i = 0; i < positions.length; i++) { let k = 0; while (k > -1) { k += 0; } }",
            "loops that go on for too long",
        ),
    ] {
        let unlimited = Options {
            time_limit: None,
            ..options(OnFault::Stop)
        };
        let (mut scene, _) = scene(body, &unlimited);
        for _ in 0..2 {
            let failure = scene.step().expect_err(says);
            assert!(text(&failure).contains(says), "{}", text(&failure));
            assert!(
                text(&failure).contains("at test.ts:3:"),
                "{}",
                text(&failure)
            );
        }
    }
}

#[test]
fn time_and_memory_are_limited() {
    let limited = Options {
        time_limit: Some(Duration::from_millis(20)),
        ..options(OnFault::Quarantine)
    };
    let endless =
        "for (let i = 0; i < positions.length; i++) { let k = 0; while (k > -1) { k += 0; } }";
    let (mut scene, script) = scene(endless, &limited);
    let failure = scene.step().expect_err("it takes long");
    assert!(
        text(&failure).contains("took longer than 20ms"),
        "{}",
        text(&failure)
    );
    assert!(script.faults().is_empty(), "time is no fault that repeats");
    let small = Options {
        memory_bytes: 1000,
        ..options(OnFault::Stop)
    };
    let program = compile(&[Source::new(
        "test.ts",
        "class S { update(positions: Vec2[]) { positions[0].x = 1; } }",
    )]);
    let refused = Script::of_program("test", &program.expect("it is in the language"), &small);
    assert!(refused.is_err(), "nothing fits into 1000 bytes");
}

#[test]
fn a_module_is_no_source() {
    let module = module(MOVEMENT, &movement());
    let refused = Script::load("test", &module, &options(OnFault::Stop));
    let refused = refused.expect_err("QuickJS runs no modules").to_string();
    assert!(
        refused.contains("`quickjs` runs sources and no modules"),
        "{refused}"
    );
}
