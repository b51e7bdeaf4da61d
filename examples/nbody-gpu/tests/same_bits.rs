//! One hash, wherever the passes ran. These need an adapter, which the suite `gpu` brings; without one they fail with its sentence.

use layerw::memory::Protection;
use layerw::{
    Commands, Cx, GpuChoice, IntoRow, Jobs, LoseGpu, Query, Res, Runner, RunnerOptions, Settings,
    Sim, StateHash, component, label, on_fresh_thread,
};

const STEPS: u64 = 12;

/// Steps a simulation and says its hash after each, where its passes ran, and what `between` did before each.
fn run(
    threads: usize,
    options: RunnerOptions,
    build: impl FnOnce() -> Sim + Send,
    mut between: impl FnMut(u64, &mut Runner) + Send,
) -> (Vec<StateHash>, Vec<(u64, u64)>) {
    on_fresh_thread("test", 0, || {
        let jobs = Jobs::builder().threads(threads).build().expect("workers");
        let mut runner =
            Runner::new(build(), &jobs, options).unwrap_or_else(|error| panic!("{error}"));
        let step = |step| {
            between(step, &mut runner);
            runner.step().unwrap_or_else(|error| panic!("{error}"));
            runner.hash()
        };
        let hashes = (0..STEPS).map(step).collect();
        (hashes, runner.gpu_runs())
    })
}

fn options(gpu: GpuChoice) -> RunnerOptions {
    RunnerOptions {
        gpu,
        ..RunnerOptions::default()
    }
}

fn bodies() -> Sim {
    let memory = layerw::memory::MemoryConfig::with_total(32 << 20);
    let settings = Settings::new().with("bodies", "700").with_memory(memory);
    nbody_gpu::sim(&settings).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_gpu_gives_the_bits_of_the_cpu() {
    let (wanted, runs) = run(1, options(GpuChoice::Off), bodies, |_, _| {});
    assert_eq!(runs, [(0, 0); 2], "no device, nothing to count");
    for threads in [1, 2] {
        let (found, runs) = run(threads, options(GpuChoice::Require), bodies, |_, _| {});
        assert_eq!(found, wanted);
        assert_eq!(runs, [(STEPS, 0); 2], "all of it on the GPU");
    }
}

#[test]
fn a_device_that_is_lost_changes_nothing() {
    let (wanted, _) = run(2, options(GpuChoice::Off), bodies, |_, _| {});
    for when in [LoseGpu::BeforePass, LoseGpu::BeforeReadback] {
        let lose = |step, runner: &mut Runner| {
            if step == 5 {
                runner.lose_gpu(when);
            }
        };
        let (found, runs) = run(2, options(GpuChoice::Require), bodies, lose);
        assert_eq!(found, wanted, "{when:?}");
        // The step in which it was lost went on with the twins, and so did the others.
        assert_eq!(runs, [(5, STEPS - 5); 2], "{when:?}");
    }
}

#[component]
struct Charge {
    count: u32,
}

#[component]
struct Field {
    sum: u32,
    own: f32,
}

#[component]
struct Marked(u32);

#[component]
struct Scale {
    by: u32,
}

#[component(unhashed)]
struct Glow(f32);

fn charge(charge: &mut Charge, cx: Cx) {
    charge.count = charge
        .count
        .wrapping_mul(1_664_525)
        .wrapping_add(cx.step as u32);
}

/// The twin of a pass that looks at the rows of several archetypes, and at values from before itself.
fn spread(charges: Query<&Charge>, mut fields: Query<&mut Field>, scale: Res<Scale>, cx: Cx) {
    let charges = charges.collect(cx, label("charges"), |charge| charge.count);
    let looked_at = fields.iter_mut().step_by(97);
    let sum = looked_at.fold(0u32, |sum, field| {
        sum.wrapping_mul(3).wrapping_add(field.sum)
    });
    for field in fields.iter_mut() {
        let charge = charges[field.sum as usize % charges.len()];
        field.sum = sum.wrapping_add(charge.wrapping_mul(scale.by));
        field.own = field.own * 0.5 + charge as f32 * cx.dt;
    }
}

const SPREAD: &str = "
struct Field { sum: u32, own: f32 }
struct Charge { count: u32 }
struct Scale { by: u32 }
var<storage, read> before: array<Field>;
var<storage, read_write> fields: array<Field>;
var<storage, read> charges: array<Charge>;
var<uniform> scale: Scale;
fn row(row: u32) {
    var sum = 0u;
    for (var i = 0u; i < arrayLength(&before); i += 97u) { sum = sum * 3u + before[i].sum; }
    let charge = charges[fields[row].sum % arrayLength(&charges)].count;
    fields[row].sum = sum + charge * scale.by;
    fields[row].own = fields[row].own * 0.5 + f32(charge) * cx.dt;
}";

const SHINE: &str = "
struct Field { sum: u32, own: f32 }
struct Glow { value: f32 }
var<storage, read> fields: array<Field>;
var<storage, read_write> glows: array<Glow>;
fn row(row: u32) { glows[row].value = sqrt(abs(fields[row].own)); }";

fn shine(field: &Field, glow: &mut Glow) {
    glow.0 = field.own.abs().sqrt();
}

fn raise(mut scale: layerw::ResMut<Scale>) {
    scale.by += 2;
}

/// CPU systems before, between and after passes; entities that come and go; archetypes of several chunks and of none.
fn mixed() -> Sim {
    let memory = layerw::memory::MemoryConfig::with_total(32 << 20);
    let mut sim = Sim::with_memory(&memory).expect("a small arena");
    sim.world.insert_resource(Scale { by: 7 });
    let rows = |from: u32, to: u32| {
        (from..to).map(|i| {
            (
                Charge { count: i },
                Field {
                    sum: i ^ 99,
                    own: i as f32,
                },
                Glow(0.0),
            )
        })
    };
    sim.world.spawn_batch(rows(0, 4500));
    sim.world
        .spawn_batch(rows(0, 100).map(|(charge, field, glow)| (charge, field, glow, Marked(3))));
    sim.world.spawn((Field { sum: 1, own: 2.0 }, Marked(1_000)));
    sim.each(charge);
    sim.gpu("spread", SPREAD)
        .exact_system(spread)
        .expect("it fits");
    sim.gpu("shine", SHINE).visual(shine).expect("it fits");
    // Between the passes and their results, since it touches nothing of theirs.
    sim.each((|mark: &mut Marked| mark.0 = mark.0.saturating_sub(1)).named("count down"))
        .system(raise);
    sim.each(
        (|mark: &Marked, entity: layerw::Entity, mut commands: Commands| {
            if mark.0 == 0 {
                commands.despawn(entity);
                commands.spawn((
                    Charge {
                        count: entity.index(),
                    },
                    Field { sum: 5, own: 1.0 },
                    Glow(0.0),
                ));
            }
        })
        .named("expire"),
    );
    sim.each((|field: &mut Field| field.sum ^= field.own as u32).named("stir"));
    sim
}

#[test]
fn passes_and_systems_take_turns() {
    let (wanted, _) = run(1, options(GpuChoice::Off), mixed, |_, _| {});
    let edit = |step, runner: &mut Runner| {
        // Changes from outside are seen, too.
        if step == 7 {
            for field in runner.world_mut().query_mut::<&mut Field>() {
                field.own += 1.5;
            }
        }
    };
    let (edited, _) = run(1, options(GpuChoice::Off), mixed, edit);
    assert_ne!(edited, wanted);
    for threads in [1, 2] {
        let (found, runs) = run(threads, options(GpuChoice::Require), mixed, |_, _| {});
        assert_eq!(found, wanted, "{threads} threads");
        assert_eq!(runs, [(STEPS, 0); 2]);
        assert_eq!(
            run(threads, options(GpuChoice::Require), mixed, edit).0,
            edited
        );
        for seed in 0..3 {
            let shuffled = RunnerOptions {
                shuffle: Some(seed),
                ..options(GpuChoice::Require)
            };
            assert_eq!(
                run(threads, shuffled, mixed, |_, _| {}).0,
                wanted,
                "shuffled by {seed}"
            );
        }
    }
    for when in [LoseGpu::BeforePass, LoseGpu::BeforeReadback] {
        let lose = |step, runner: &mut Runner| {
            if step == 3 {
                runner.lose_gpu(when);
            }
        };
        assert_eq!(
            run(2, options(GpuChoice::Require), mixed, lose).0,
            wanted,
            "{when:?}"
        );
    }
}

/// With memory guarded against everybody who did not declare what he writes, and with steps that can be gone back to.
#[test]
fn passes_keep_to_what_they_declare() {
    let (wanted, _) = run(2, options(GpuChoice::Off), mixed, |_, _| {});
    for protection in [Protection::Pages, Protection::Checksums] {
        let guarded = RunnerOptions {
            protection,
            ..options(GpuChoice::Require)
        };
        let (found, runs) = run(2, guarded, mixed, |_, _| {});
        assert_eq!(found, wanted, "{protection:?}");
        assert_eq!(runs, [(STEPS, 0); 2]);
        let lose = |step, runner: &mut Runner| {
            if step == 3 {
                runner.lose_gpu(LoseGpu::BeforeReadback);
            }
        };
        assert_eq!(
            run(2, guarded, mixed, lose).0,
            wanted,
            "{protection:?}, lost"
        );
    }
    let back = |step, runner: &mut Runner| match step {
        0 => runner.keep(4).expect("room"),
        6 => {
            // The same steps once more, on rows that the device has seen with other values under the same ticks.
            runner.rewind(2).expect("kept");
            runner.step().expect("a step");
            runner.step().expect("a step");
        }
        _ => {}
    };
    assert_eq!(run(2, options(GpuChoice::Require), mixed, back).0, wanted);
}
