//! W1: what a call of a script costs.

use anyhow::Result;
use layerw::ecs::Schema;
use layerw::{Component, Runner, Sim, component};
use layerw_script::abi::{self, ComponentDecl, Manifest, Param};
use layerw_script::runtime::{Options, Script};

use crate::harness::{Effort, Entry, single};
use crate::peers::ours;

#[component]
struct Place([f32; 2]);

#[component]
struct Speed([f32; 2]);

fn nothing(_: &mut Place, _: &Speed) {}

const NOTHING: &str =
    r#"(module (import "env" "memory" (memory 1)) (func (export "run") (param i32 i32 i32 f32)))"#;

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

/// Who takes part.
pub fn entries(effort: Effort) -> Vec<Entry> {
    const CHUNKS: usize = 244;
    const ROWS: usize = CHUNKS * 4096;
    let entry = |peer, make: fn() -> Result<Runner>| {
        Entry::new(peer, 1, move || {
            let mut runner = make()?;
            let mut repeat = effort.repeat();
            single(move || Ok(repeat.mean_ns(|| ours::step(&mut runner)) / CHUNKS as f64))
        })
    };
    vec![
        entry("layerw", || {
            let unlimited = Options {
                time_limit: None,
                ..Options::default()
            };
            scripted(NOTHING, ROWS, 1, &unlimited)
        }),
        entry("layerw-time-limit", || {
            scripted(NOTHING, ROWS, 1, &Options::default())
        }),
        entry("layerw-rust", || {
            let mut sim = sim(ROWS);
            sim.each(nothing);
            ours::runner(sim, &ours::jobs(1)?)
        }),
    ]
}
