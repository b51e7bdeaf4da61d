//! W1, W2: scripts as systems, beside the same systems in Rust.

use anyhow::{Result, ensure};
use layerw::ecs::Schema;
use layerw::{Component, Cx, Runner, Sim, component};
use layerw_script::abi::{self, ComponentDecl, Manifest, Param};
use layerw_script::runtime::{Columns, Options, Script};

use crate::harness::{Case, Effort, Entry, Figure, Goal, single};
use crate::peers::ours;

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "W1",
        about: "a system that does nothing on 244 chunks: what a call of a script costs",
        figures: &[Figure::new("ns/chunk").goals(&[Goal::value(1, 200.0)])],
        entries: calls,
    },
    Case {
        name: "W2-10k",
        about: MOVEMENT,
        figures: &[Figure::new("ns/entity")],
        entries: |effort| movement(effort, 10_000),
    },
    Case {
        name: "W2-100k",
        about: MOVEMENT,
        figures: &[Figure::new("ns/entity")],
        entries: |effort| movement(effort, effort.pick(100_000, 10_000)),
    },
    Case {
        name: "W2-1M",
        about: MOVEMENT,
        figures: &[Figure::new("ns/entity")],
        entries: |effort| movement(effort, effort.pick(1_000_000, 10_000)),
    },
];

const MOVEMENT: &str =
    "position += velocity * dt in two dimensions: Rust, f32x4 and scalar WebAssembly";

#[component]
struct Place([f32; 2]);

#[component]
struct Speed([f32; 2]);

fn integrate(place: &mut Place, speed: &Speed, cx: Cx) {
    place.0[0] += speed.0[0] * cx.dt;
    place.0[1] += speed.0[1] * cx.dt;
}

fn nothing(_: &mut Place, _: &Speed) {}

const NOTHING: &str =
    r#"(module (import "env" "memory" (memory 1)) (func (export "run") (param i32 i32 i32 f32)))"#;

const SCALAR: &str = r#"
(module (import "env" "memory" (memory 1))
  (func (export "run") (param $p i32) (param $v i32) (param $n i32) (param $dt f32) (local $end i32)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))
    (loop $rows
      (f32.store (local.get $p) (f32.add (f32.load (local.get $p)) (f32.mul (f32.load (local.get $v)) (local.get $dt))))
      (f32.store offset=4 (local.get $p) (f32.add (f32.load offset=4 (local.get $p)) (f32.mul (f32.load offset=4 (local.get $v)) (local.get $dt))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $v (i32.add (local.get $v) (i32.const 8)))
      (br_if $rows (i32.lt_u (local.get $p) (local.get $end))))))"#;

/// Eight rows at a time, then one by one.
fn vectors() -> String {
    let four: String = (0..4)
        .map(|part| {
            let at = part * 16;
            format!("(v128.store offset={at} (local.get $p) (f32x4.add (v128.load offset={at} (local.get $p)) (f32x4.mul (v128.load offset={at} (local.get $v)) (local.get $dts))))")
        })
        .collect();
    format!(
        r#"
(module (import "env" "memory" (memory 1))
  (func (export "run") (param $p i32) (param $v i32) (param $n i32) (param $dt f32) (local $end i32) (local $whole i32) (local $dts v128)
    (local.set $dts (f32x4.splat (local.get $dt)))
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))
    (local.set $whole (i32.add (local.get $p) (i32.shl (i32.and (local.get $n) (i32.const -8)) (i32.const 3))))
    (block $done
      (br_if $done (i32.ge_u (local.get $p) (local.get $whole)))
      (loop $rows {four}
        (local.set $p (i32.add (local.get $p) (i32.const 64)))
        (local.set $v (i32.add (local.get $v) (i32.const 64)))
        (br_if $rows (i32.lt_u (local.get $p) (local.get $whole)))))
    (block $done
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (loop $rows
        (f32.store (local.get $p) (f32.add (f32.load (local.get $p)) (f32.mul (f32.load (local.get $v)) (local.get $dt))))
        (f32.store offset=4 (local.get $p) (f32.add (f32.load offset=4 (local.get $p)) (f32.mul (f32.load offset=4 (local.get $v)) (local.get $dt))))
        (local.set $p (i32.add (local.get $p) (i32.const 8)))
        (local.set $v (i32.add (local.get $v) (i32.const 8)))
        (br_if $rows (i32.lt_u (local.get $p) (local.get $end)))))))"#
    )
}

fn sim(count: usize) -> Sim {
    let mut sim = Sim::new();
    sim.world.spawn_batch((0..count).map(|number| {
        let x = number as f32;
        (Place([x, 0.0]), Speed([0.5, 1.0]))
    }));
    sim
}

/// A simulation of one script.
fn scripted(text: &str, count: usize, threads: usize, options: &Options) -> Result<Runner> {
    let column = |name: &str, write| Param::Column {
        component: name.to_owned(),
        write,
    };
    let manifest = Manifest {
        abi: abi::VERSION,
        components: vec![
            ComponentDecl::of(&Schema::of::<Place>()),
            ComponentDecl::of(&Schema::of::<Speed>()),
        ],
        systems: vec![abi::SystemDecl {
            name: "movement".to_owned(),
            export: "run".to_owned(),
            params: vec![
                column(Place::NAME, true),
                column(Speed::NAME, false),
                Param::Count,
                Param::Dt,
            ],
            ..abi::SystemDecl::default()
        }],
        ..Manifest::default()
    };
    let module = abi::attach(wat::parse_str(text)?, &manifest, None);
    let script = Script::load("bench", &module, options)?;
    let mut sim = sim(count);
    for system in script.bind(&mut sim.world)? {
        sim.add(system);
    }
    ours::runner(sim, &ours::jobs(threads)?)
}

fn compiled() -> Options {
    Options {
        time_limit: None,
        ..Options::default()
    }
}

fn copied() -> Options {
    Options {
        columns: Columns::Copied,
        ..compiled()
    }
}

fn calls(effort: Effort) -> Vec<Entry> {
    const CHUNKS: usize = 244;
    let entry = |peer, make: fn() -> Result<Runner>| {
        Entry::new(peer, 1, move || {
            let mut runner = make()?;
            let mut repeat = effort.repeat();
            single(move || Ok(repeat.mean_ns(|| ours::step(&mut runner)) / CHUNKS as f64))
        })
    };
    const ROWS: usize = CHUNKS * 4096;
    vec![
        entry("layerw script", || scripted(NOTHING, ROWS, 1, &compiled())),
        entry("layerw script, with a time limit", || {
            scripted(NOTHING, ROWS, 1, &Options::default())
        }),
        entry("layerw", || {
            let mut sim = sim(ROWS);
            sim.each(nothing);
            ours::runner(sim, &ours::jobs(1)?)
        }),
    ]
}

fn movement(effort: Effort, count: usize) -> Vec<Entry> {
    let entry = |peer, threads, make: Box<dyn Fn() -> Result<Runner> + Send>| {
        Entry::new(peer, threads, move || {
            let mut runner = make()?;
            let (mut steps, mut repeat) = (0, effort.repeat());
            single(move || {
                let mean_ns = repeat.mean_ns(|| {
                    steps += 1;
                    ours::step(&mut runner);
                });
                check(&runner, steps)?;
                Ok(mean_ns / count as f64)
            })
        })
    };
    let mut entries = Vec::new();
    for threads in [1, 2] {
        let script = |text: fn() -> String,
                      options: fn() -> Options|
         -> Box<dyn Fn() -> Result<Runner> + Send> {
            Box::new(move || scripted(&text(), count, threads, &options()))
        };
        entries.push(entry(
            "layerw script f32x4",
            threads,
            script(vectors, compiled),
        ));
        entries.push(entry(
            "layerw",
            threads,
            Box::new(move || {
                let mut sim = sim(count);
                sim.each(integrate);
                ours::runner(sim, &ours::jobs(threads)?)
            }),
        ));
        entries.push(entry(
            "layerw script f32x4, copied",
            threads,
            script(vectors, copied),
        ));
        entries.push(entry(
            "layerw script scalar",
            threads,
            script(|| SCALAR.to_owned(), compiled),
        ));
        entries.push(entry(
            "layerw script f32x4, with a time limit",
            threads,
            script(vectors, Options::default),
        ));
    }
    entries
}

/// Every step moved the first entity by a sixtieth of its speed.
fn check(runner: &Runner, steps: u64) -> Result<()> {
    let dt = runner.world().dt() as f32;
    let first = runner
        .world()
        .query::<&Place>()
        .next()
        .map(|place| place.0[1]);
    let expected = (0..steps).fold(0.0_f32, |y, _| y + dt);
    ensure!(
        first == Some(expected),
        "after {steps} steps at {first:?} instead of {expected}"
    );
    Ok(())
}
