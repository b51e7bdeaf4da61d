//! A flock in three dimensions: each boid looks at some two dozen neighbours and follows three rules.
//!
//! The neighbours are found through a hash grid that jobs build in frame scratch, see [`grid`]. The result is
//! the same, bit for bit, as that of looking at all boids (`tests/brute.rs`).

pub mod grid;
pub mod rules;

use grid::Grid;
use layerw::math::Vec3;
use layerw::{Random, Result, Settings, Sim, component};
pub use rules::Rules;

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
    Ok(sim)
}

/// Fills a simulation with boids, evenly spread over their home, and with the systems that move them.
pub fn populate(sim: &mut Sim, count: usize, seed: u64) {
    let rules = Rules::for_count(count);
    sim.world.insert_resource(rules);
    sim.world.insert_local(Grid::default());
    sim.world.spawn_batch((0..count as u64).map(move |boid| {
        let mut random = Random::keyed([seed, 0, boid, 0]);
        let position = in_ball(&mut random) * rules.home;
        let velocity = in_ball(&mut random) * rules.fastest;
        (Position(position), Velocity(velocity))
    }));
    sim.system(grid::build_grid)
        .each(rules::steer)
        .each(rules::fly);
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
