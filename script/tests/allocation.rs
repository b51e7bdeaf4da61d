//! A steady step of scripts calls the global allocator not once, on any thread, in either form. Alone in its process, because everything counts.

#[path = "sandbox/support.rs"]
mod support;

use layerw_jobs::on_fresh_thread;
use layerw_memory::Backing;
use layerw_memory::counting::{self, CountingAllocator};
use layerw_script::abi::Param;
use layerw_script::runtime::{Columns, Options};
use support::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const WARM_UP: usize = 60;
const COUNTED: usize = 500;

/// Reads a resource, and sends an event for each row whose position passed 1.
const EVENTS: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (import "layerw" "send" (func $send (param i32 i32)))
  (func (export "Send") (param $p i32) (param $total i32) (param $n i32)
    (loop $rows
      (if (f32.lt (f32.load (local.get $p)) (f32.load (local.get $total))) (then (call $send (i32.const 0) (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br_if $rows (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
)"#;

fn main() {
    for columns in [Columns::Best, Columns::Copied] {
        for threads in [1, 2] {
            let calls = on_fresh_thread("steady", 0, || steady(threads, columns));
            assert_eq!(
                calls, 0,
                "{threads} workers, {columns:?}: allocator calls in {COUNTED} steps after step {WARM_UP}"
            );
            println!("{threads} workers, {columns:?}: 0 allocator calls in {COUNTED} steps");
        }
    }
}

fn steady(threads: usize, columns: Columns) -> u64 {
    let mut world = world(Backing::Best, 50_000);
    world.insert_resource(Total(100.0));
    let options = Options {
        columns,
        ..Options::default()
    };
    let mut send = system(
        "Send",
        &[
            column::<Position>(false),
            resource::<Total>(false),
            Param::Count,
        ],
    );
    send.commands = true;
    let mut systems = Vec::new();
    for (text, manifest) in [(MOVEMENT, movement()), (EVENTS, manifest(&[send]))] {
        let script = load(&module(text, &manifest), &options);
        systems.extend(script.bind(&mut world).expect("the same layouts"));
    }
    let mut scene = Scene::new(threads, world, systems);
    scene.steps(WARM_UP);
    let before = counting::snapshot().allocations;
    scene.steps(COUNTED);
    counting::snapshot().allocations - before
}
