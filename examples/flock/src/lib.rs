//! A flock in three dimensions: each boid looks at some two dozen neighbours and follows three rules.
//!
//! The neighbours are found through a hash grid that jobs build in frame scratch, see [`grid`]. The result is
//! the same, bit for bit, as that of looking at all boids (`tests/brute.rs`).

pub mod grid;
pub mod rules;
pub mod view;

use layerw::math::Vec3;
use layerw::{Random, Result, Settings, Sim, World, component};
use rules::Pulls;
pub use rules::Rules;
use std::collections::BTreeMap;

/// Where a boid is.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub Vec3);

/// Where it flies.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub Vec3);

/// The simulation: setting `boids` is how many fly.
pub fn sim(settings: &Settings) -> Result<Sim> {
    let count = settings.integer("boids", 100_000, 1..=10_000_000, "how many boids fly")? as usize;
    let mut sim = settings.sim()?.hertz(60.0).frames(600);
    populate(&mut sim, count, settings.seed());
    view::look(&mut sim)?;
    sim.on_finish(|finish| {
        let seen = mean_neighbours(finish.world());
        finish.report("mean_neighbours", seen);
        finish.print(&format!("a boid sees {seen:.1} others on average"));
    });
    Ok(sim)
}

/// How many others a boid sees on average, counted without the grid.
pub fn mean_neighbours(world: &World) -> f64 {
    let Some(rules) = world.resource::<Rules>() else {
        return 0.0;
    };
    let cell = |at: Vec3| (at / rules.radius).floor().as_ivec3().to_array();
    let mut cells: BTreeMap<[i32; 3], Vec<Vec3>> = BTreeMap::new();
    for position in world.query::<&Position>() {
        cells.entry(cell(position.0)).or_default().push(position.0);
    }
    let around = |[x, y, z]: [i32; 3]| {
        (0..27).map(move |n| [x + n % 3 - 1, y + n / 3 % 3 - 1, z + n / 9 - 1])
    };
    let (mut boids, mut pairs) = (0u64, 0u64);
    for (&at, here) in &cells {
        boids += here.len() as u64;
        for there in around(at).filter_map(|cell| cells.get(&cell)) {
            let near = |a: &Vec3| {
                there
                    .iter()
                    .filter(|b| (**b - *a).length_squared() < rules.radius * rules.radius)
                    .count()
            };
            pairs += here.iter().map(|a| near(a) as u64).sum::<u64>();
        }
    }
    // Each boid was paired with itself, too.
    if boids == 0 {
        0.0
    } else {
        (pairs - boids) as f64 / boids as f64
    }
}

/// Fills a simulation with boids, evenly spread over their home, and with the systems that move them.
pub fn populate(sim: &mut Sim, count: usize, seed: u64) {
    let rules = Rules::for_count(count);
    sim.world.insert_resource(rules);
    sim.world.insert_local(Pulls::default());
    sim.world.spawn_batch((0..count as u64).map(move |boid| {
        let mut random = Random::keyed([seed, 0, boid, 0]);
        let position = in_ball(&mut random) * rules.home;
        let velocity = in_ball(&mut random) * rules.fastest;
        (Position(position), Velocity(velocity))
    }));
    sim.system(rules::look).system(rules::turn).each(rules::fly);
}

/// A point of the unit ball, every one as likely as any other.
fn in_ball(random: &mut Random) -> Vec3 {
    loop {
        let point = Vec3::new(
            random.range(-1.0, 1.0),
            random.range(-1.0, 1.0),
            random.range(-1.0, 1.0),
        );
        if point.length_squared() <= 1.0 {
            return point;
        }
    }
}
