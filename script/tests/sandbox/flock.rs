//! The example that is nothing but scripts: it begins by itself, sorts its boids into a grid, and every boid sees whom it should.

use crate::support::*;
use layerw_ecs::whole::IntoWhole;
use layerw_ecs::{Query, ResMut, StateHash, World, component};
use layerw_jobs::on_fresh_thread;
use layerw_memory::{Arena, Backing, MemoryConfig};
use layerw_script::compile::{Source, compile};
use layerw_script::runtime::Options;

const FLOCK: &str = include_str!("../../../examples/script-flock/flock.ts");

#[component(name = "Position")]
struct Place([f32; 3]);

#[component(name = "Sight")]
struct Sight {
    count: u32,
}

/// What everybody saw, counted over all pairs, and whether it is what the script says.
#[component]
struct Seen {
    pairs: u64,
    wrong: u64,
}

/// Behind `Steer` and `Fly`, so it goes back to where boids were when they looked around: it runs before the script's systems of the next step.
fn look(boids: Query<&Place>, mut seen: ResMut<Seen>, mut counts: layerw_ecs::LocalMut<Counts>) {
    let all: Vec<[f32; 3]> = boids.iter().map(|place| place.0).collect();
    let counted = all.iter().map(|p| {
        let sees = |q: &&[f32; 3]| {
            let [x, y, z] = [q[0] - p[0], q[1] - p[1], q[2] - p[2]];
            let squared = x * x + y * y + z * z;
            squared < 1.0 && squared > 0.0
        };
        all.iter().filter(sees).count() as u32
    });
    counts.0 = counted.collect();
    seen.pairs += counts.0.iter().map(|count| u64::from(*count)).sum::<u64>();
}

/// By row, what [`look`] counted.
#[derive(Default)]
struct Counts(Vec<u32>);

fn compare(sights: Query<&Sight>, mut seen: ResMut<Seen>, counts: layerw_ecs::Local<Counts>) {
    let said = sights.iter().map(|sight| sight.count);
    seen.wrong += said.zip(&counts.0).filter(|(a, b)| a != *b).count() as u64;
}

/// The flock of so many boids after some steps, looked at in each but the first.
fn fly(boids: usize, steps: usize, threads: usize, watched: bool) -> StateHash {
    let text = FLOCK
        .replace("boids: i32 = 10000", &format!("boids: i32 = {boids}"))
        .replace(
            "BUCKETS = 16384",
            &format!("BUCKETS = {}", boids.next_power_of_two()),
        )
        .replace(
            "PLACES = 16384",
            &format!("PLACES = {}", boids.next_power_of_two()),
        )
        .replace(
            "home = 7.27",
            &format!("home = {:?}", (boids as f64 / 26.0).cbrt()),
        );
    on_fresh_thread("flock", 0, || {
        let program = compile(&[Source::new("flock.ts", text.clone())]).expect("the language");
        let script = load(&program.wasm(), &Options::default());
        let mut config = MemoryConfig::with_total(512 << 20);
        config.backing = Backing::Best;
        let arena = Arena::new(&config).expect("a small arena");
        let mut world = World::new(&arena).expect("a fresh arena");
        world.insert_resource(Seen { pairs: 0, wrong: 0 });
        world.insert_local(Counts::default());
        let mut systems = script.bind(&mut world).expect("an empty world");
        if watched {
            let steer = systems.iter().position(|system| system.name == "Steer");
            let steer = steer.expect("it steers");
            systems.insert(steer + 1, compare.decl().finish());
            systems.insert(steer, look.decl().finish());
        }
        let mut scene = Scene::with_scratch(threads, world, systems, 32 << 20);
        scene.steps(steps);
        assert_eq!(scene.world.len(), boids);
        if watched {
            let seen = scene.world.resource::<Seen>().expect("inserted");
            assert_eq!(seen.wrong, 0);
            let mean = seen.pairs as f64 / (boids * steps) as f64;
            assert!((10.0..40.0).contains(&mean), "a boid sees {mean} others");
        }
        scene.hash()
    })
}

#[test]
fn every_boid_sees_whom_it_should() {
    fly(1000, 5, 2, true);
}

#[test]
fn the_flock_is_one_whatever_the_number_of_workers() {
    let long = std::env::var_os("LAYERW_LONG").is_some_and(|value| value == "1");
    for (boids, steps) in [(10_000, 5), (100_000, if long { 20 } else { 1 })] {
        assert_eq!(
            fly(boids, steps, 1, false),
            fly(boids, steps, 3, false),
            "{boids}"
        );
    }
}
