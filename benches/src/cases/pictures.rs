//! V1, V2: what a picture costs before a device has it.

use anyhow::{Result, ensure};
use layerw::draw::{Camera, Colour, Instance, Material, Mesh, Scene};
use layerw::math::Vec3;
use layerw::{Runner, RunnerOptions, Sim, component};

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, single};
use crate::peers::ours;

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "V1",
        about: "100 000 entities that a camera sees, written into a picture's lists",
        figures: &[Figure::new("ms").goals(&[Goal::value(2, 1.0)])],
        entries: |effort| {
            let entry = |threads| Entry::new("layerw", threads, move || lists(effort, threads));
            vec![entry(1), entry(2)]
        },
    },
    #[cfg(feature = "gpu")]
    Case {
        name: "V2",
        about: "a picture of 10 000 entities that move: lists, uploads and commands, without the device's own work",
        figures: &[Figure::new("ms").goals(&[Goal::value(2, 4.0)])],
        entries: |effort| {
            let entry = |threads| Entry::new("layerw", threads, move || commands(effort, threads));
            vec![entry(1), entry(2)]
        },
    },
];

/// Where something is, and where it flies.
#[component]
struct Flight {
    at: Vec3,
    velocity: Vec3,
}

/// All before the camera.
fn runner(count: usize, threads: usize) -> Result<Runner> {
    let mut sim = Sim::new();
    sim.world.spawn_batch((0..count).map(|number| {
        let side = |digit: usize| ((number / digit) % 47) as f32 - 23.0;
        let at = Vec3::new(side(1), side(47), side(2209));
        let velocity = Vec3::new(side(3), side(5), side(7));
        Flight { at, velocity }
    }));
    sim.each(|flight: &mut Flight| flight.at += flight.velocity * 1e-5);
    sim.camera(|_| Camera::new(Vec3::Z * 90.0, Vec3::ZERO).shadows(0.0));
    sim.draw(|view| {
        let paint = Material::matte(Colour::WHITE);
        view.each::<&Flight>(Mesh::CUBE, paint, |flight| {
            Instance::at(flight.at).along(flight.velocity).sized(0.3)
        });
    });
    Ok(Runner::new(
        sim,
        &ours::jobs(threads)?,
        RunnerOptions::default(),
    )?)
}

const ASPECT: f32 = 16.0 / 9.0;

fn lists(effort: Effort, threads: usize) -> Result<Round> {
    let count = effort.pick(100_000, 1_000);
    let runner = runner(count, threads)?;
    let (mut scene, mut repeat) = (Scene::default(), effort.repeat());
    single(move || {
        let mean_ns = repeat.mean_ns(|| runner.extract(&mut scene, ASPECT));
        let parts = (0..scene.instances.len()).map(|part| scene.instances.part(part).seen.len());
        let found: usize = parts.sum();
        ensure!(found == count, "{found} of {count} are seen");
        Ok(mean_ns / 1e6)
    })
}

/// The picture is finished, and looked at, where nobody counts.
#[cfg(feature = "gpu")]
fn commands(effort: Effort, threads: usize) -> Result<Round> {
    use layerw_render::{Gpu, Quality, Renderer};
    use layerw_trace::now_ns;
    let mut runner = runner(effort.pick(10_000, 100), threads)?;
    let mut gpu = Gpu::open_to_draw()?;
    let mut renderer = Renderer::new(
        &mut gpu,
        &layerw_render::scene::Meshes::default(),
        Some(Quality::Medium),
    )?;
    let (mut scene, mut repeat) = (Scene::default(), effort.repeat());
    single(move || {
        let mut shown = 0;
        let mean_ns = repeat.mean_counted_ns(|| {
            ours::step(&mut runner);
            let start_ns = now_ns();
            runner.extract(&mut scene, ASPECT);
            let exposure = renderer.start(&mut gpu, &scene, 320, 180);
            let ns = now_ns() - start_ns;
            let picture = exposure.and_then(|exposure| renderer.finish(&mut gpu, exposure));
            let pixels = picture.map_or_else(|_| Vec::new(), |picture| picture.pixels);
            shown = pixels
                .chunks(4)
                .filter(|pixel| pixel[..3] != pixels[..3])
                .count();
            ns
        });
        ensure!(shown > 100, "the picture shows nothing");
        Ok(mean_ns / 1e6)
    })
}
