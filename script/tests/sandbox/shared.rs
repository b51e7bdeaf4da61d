//! A heavy system over few chunks: its rows are shared between workers, unless somebody could tell.

use crate::support::*;
use layerw_ecs::Entity;
use layerw_jobs::on_fresh_thread;
use layerw_memory::Backing;
use layerw_script::abi::Param;
use layerw_script::runtime::{OnFault, Options};
use std::collections::BTreeSet;

/// One chunk.
const ROWS: usize = 4096;

/// Takes half a microsecond for a row, notes in each by how many calls of this instance it was reached, and gives up at row 3 000 in step 4 if it is to.
fn heavy(fails: bool) -> String {
    let step = if fails { 4 } else { -1 };
    format!(
        r#"(module
  (import "env" "memory" (memory 1))
  (global $calls (mut i32) (i32.const 0))
  (global $row (export "layerw.row") (mut i32) (i32.const 0))
  (func (export "Heavy") (param $p i32) (param $s i32) (param $n i32) (param $step i64)
    (local $i i32) (local $k i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (loop $rows
      (global.set $row (local.get $i))
      (local.set $k (i32.const 1000))
      (loop $spin
        (local.set $k (i32.sub (local.get $k) (i32.const 1)))
        (br_if $spin (local.get $k)))
      (if (i32.and (i64.eq (local.get $step) (i64.const {step})) (f32.eq (f32.load (local.get $p)) (f32.const 3000)))
        (then unreachable))
      (i64.store (local.get $s) (i64.extend_i32_u (global.get $calls)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $s (i32.add (local.get $s) (i32.const 8)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $i) (local.get $n)))))
)"#
    )
}

fn scene(fails: bool, on_fault: OnFault, whole_chunks: bool) -> Scene {
    let params = [
        column::<Position>(false),
        column::<Secret>(true),
        Param::Count,
        Param::Step,
    ];
    let mut decl = system("Heavy", &params);
    decl.whole_chunks = whole_chunks;
    let module = module(&heavy(fails), &manifest(&[decl]));
    let options = Options {
        on_fault,
        ..Options::default()
    };
    let mut world = world(Backing::Best, ROWS);
    let systems = load(&module, &options).bind(&mut world);
    Scene::new(2, world, systems.expect("the same layouts"))
}

/// Whether rows of the chunk were reached by different calls in the last of six steps.
fn is_shared(on_fault: OnFault, whole_chunks: bool) -> bool {
    on_fresh_thread("shared", 0, || {
        let mut scene = scene(false, on_fault, whole_chunks);
        scene.steps(6);
        let calls: BTreeSet<u64> = scene
            .world
            .query::<&Secret>()
            .map(|secret| secret.0)
            .collect();
        calls.len() > 1
    })
}

#[test]
fn rows_of_a_heavy_system_are_shared() {
    assert!(is_shared(OnFault::Stop, false));
}

#[test]
fn rows_that_depend_on_others_are_not() {
    assert!(!is_shared(OnFault::Stop, true));
}

/// A system that is put aside keeps what it did up to its fault, so how far it came must not depend on who ran it.
#[test]
fn nor_where_a_fault_puts_the_system_aside() {
    assert!(!is_shared(OnFault::Quarantine, false));
}

#[test]
fn a_fault_in_shared_rows_names_its_entity() {
    on_fresh_thread("shared", 0, || {
        let mut scene = scene(true, OnFault::Stop, false);
        scene.steps(4);
        let failure = scene.step().expect_err("it gives up");
        assert_eq!(failure.entity.map(Entity::index), Some(3_000));
        let said = text(&failure);
        assert!(
            said.contains("`Heavy`") && said.contains("entity 3000v"),
            "{said}"
        );
    });
}
