//! A project that fails in a system, on the worker that one chooses: what people are told of it is looked at on hosts where a panic ends the program.

use std::process::ExitCode;

use layerw::{Res, Result, Settings, Sim, component};
use layerw_memory::protect::current;

#[component]
struct Load(f32);

#[component]
struct Chosen {
    worker: u64,
}

/// Work for all workers, until the chosen one comes by.
fn fragile(load: &mut Load, chosen: Res<Chosen>) {
    for _ in 0..100 {
        load.0 = load.0 * 0.5 + 1.0;
    }
    current(|running| {
        let worker = running.map(|(worker, _)| worker as u64);
        assert_ne!(
            worker,
            Some(chosen.worker),
            "this worker was chosen to fail"
        );
    });
}

fn sim(settings: &Settings) -> Result<Sim> {
    let worker = settings.integer("worker", 0, 0..=1023, "which worker fails")?;
    let mut sim = settings.sim()?.hertz(60.0);
    sim.world.insert_resource(Chosen {
        worker: worker as u64,
    });
    sim.world.spawn_batch((0..100_000).map(|_| (Load(0.0),)));
    sim.each(fragile);
    Ok(sim)
}

fn main() -> ExitCode {
    layerw::main(sim)
}
