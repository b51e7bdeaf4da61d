//! Steady steps with passes allocate nothing of their own, and what the GPU's libraries allocate is counted apart. Alone in its process, since the counters are the process's.

use layerw::memory::counting;
use layerw::{GpuChoice, Jobs, Runner, RunnerOptions, Settings, on_fresh_thread};

#[test]
fn only_the_libraries_of_others_allocate() {
    let spent = on_fresh_thread("test", 0, || {
        let memory = layerw::memory::MemoryConfig::with_total(32 << 20);
        let settings = Settings::new().with("bodies", "300").with_memory(memory);
        let sim = nbody_gpu::sim(&settings).unwrap_or_else(|error| panic!("{error}"));
        let jobs = Jobs::builder().threads(2).build().expect("workers");
        let options = RunnerOptions {
            gpu: GpuChoice::Require,
            ..RunnerOptions::default()
        };
        let mut runner = Runner::new(sim, &jobs, options).unwrap_or_else(|error| panic!("{error}"));
        let mut step = || runner.step().unwrap_or_else(|error| panic!("{error}"));
        (0..60).for_each(|_| step());
        let before = counting::snapshot();
        (0..40).for_each(|_| step());
        counting::snapshot() - before
    });
    assert!(spent.foreign > 0, "wgpu allocates");
    assert_eq!(spent.allocations, spent.foreign, "and nobody else");
    // What it takes today, with room; a figure to watch.
    assert!(spent.foreign / 40 < 200, "{} a step", spent.foreign / 40);
}
