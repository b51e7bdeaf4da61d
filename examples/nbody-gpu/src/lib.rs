//! Bodies that attract each other: two GPU passes, each with a twin on the CPU that gives the same bits.
//!
//! The passes are exact, so the hash of a run is one whether a GPU, a program that pretends to be one, or the CPU's workers did it, and also if the GPU is lost on the way. For that the
//! inverse square root is made of operations that have one result everywhere, see `inverse_root.wgsl`.

use layerw::math::Vec3;
use layerw::{Cx, Query, Random, Res, Result, Settings, Sim, World, component, label, par, wgsl};

/// A body: where it is, and how much it attracts.
#[component]
#[derive(Debug, PartialEq)]
pub struct Body {
    /// Its place.
    pub at: Vec3,
    /// Its mass, where the constant of gravity is 1.
    pub mass: f32,
}

/// Where it goes.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub Vec3);

/// What is the same for all.
#[component]
#[derive(Debug, PartialEq)]
pub struct Rules {
    /// Added to the square of each distance, so that near bodies do not throw each other out.
    pub softening: f32,
}

/// The simulation: setting `bodies` is how many there are.
pub fn sim(settings: &Settings) -> Result<Sim> {
    let count = settings.integer(
        "bodies",
        2_000,
        1..=1_000_000,
        "how many bodies attract each other",
    )?;
    let mut sim = settings.sim()?.dt(0.01).frames(200);
    populate(&mut sim.world, count as u64, settings.seed());
    sim.gpu(
        "attract",
        wgsl!("attract.wgsl").with("inverse_root.wgsl", include_str!("inverse_root.wgsl")),
    )
    .exact_system(attract)?;
    sim.gpu("drift", wgsl!("drift.wgsl")).exact(drift)?;
    let before = energy(&sim.world);
    sim.on_finish(move |finish| {
        let drift = (energy(finish.world()) - before) / before.abs();
        finish.report("energy_drift", drift);
        finish.print(&format!("the energy drifted by {drift:.1e} of what it was"));
    });
    Ok(sim)
}

/// A ball of bodies that turns.
fn populate(world: &mut World, count: u64, seed: u64) {
    world.insert_resource(Rules { softening: 0.01 });
    world.spawn_batch((0..count).map(move |body| {
        let mut random = Random::keyed([seed, 0, body, 0]);
        let at = loop {
            let mut side = || random.range(-1.0, 1.0);
            let at = Vec3::new(side(), side(), side());
            if at.length_squared() <= 1.0 {
                break at;
            }
        };
        let mass = 1.0 / count as f32;
        (
            Body { at, mass },
            Velocity(Vec3::new(-at.y, at.x, 0.0) * 0.8),
        )
    }));
}

/// The twin of `attract.wgsl`.
pub fn attract(
    bodies: Query<&Body>,
    mut velocities: Query<&mut Velocity, layerw::With<Body>>,
    rules: Res<Rules>,
    cx: Cx,
) {
    let bodies = bodies
        .collect(cx, label("bodies"), |body| *body)
        .into_slice();
    let (softening, dt) = (rules.softening, cx.dt);
    let of = |body: usize| pull(bodies, bodies[body].at, softening);
    let pulls = par::map(cx, label("pulls"), bodies.len(), 16, of).into_slice();
    velocities.par_enumerate(cx, label("attract"), |body, velocity| {
        velocity.0 += pulls[body] * dt;
    });
}

fn pull(bodies: &[Body], at: Vec3, softening: f32) -> Vec3 {
    let mut pull = Vec3::ZERO;
    for body in bodies {
        let d = body.at - at;
        let inverse = inverse_root(d.x * d.x + d.y * d.y + d.z * d.z + softening);
        let strength = body.mass * inverse * inverse * inverse;
        pull += d * strength;
    }
    pull
}

/// The twin of `inverse_root.wgsl`.
fn inverse_root(x: f32) -> f32 {
    let half = x * 0.5;
    let mut root = f32::from_bits(0x5f37_59df - (x.to_bits() >> 1));
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    root
}

/// The twin of `drift.wgsl`.
pub fn drift(body: &mut Body, velocity: &Velocity, cx: Cx) {
    body.at += velocity.0 * cx.dt;
}

/// Of motion and of place, for those who want to know how well the steps keep it.
pub fn energy(world: &World) -> f64 {
    let all: Vec<(Body, Velocity)> = world
        .query::<(&Body, &Velocity)>()
        .map(|(body, velocity)| (*body, *velocity))
        .collect();
    let softening = world
        .resource::<Rules>()
        .map_or(0.0, |rules| f64::from(rules.softening));
    let mut energy = 0.0;
    for (place, (body, velocity)) in all.iter().enumerate() {
        let mass = f64::from(body.mass);
        energy += 0.5 * mass * velocity.0.as_dvec3().length_squared();
        for (other, _) in &all[..place] {
            let squared = (body.at - other.at).as_dvec3().length_squared() + softening;
            energy -= mass * f64::from(other.mass) / squared.sqrt();
        }
    }
    energy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_root_is_right_to_a_few_bits() {
        for x in [1e-4, 0.01, 0.3, 1.0, 2.0, 123.0, 1e6_f32] {
            let wanted = 1.0 / f64::from(x).sqrt();
            let error = (f64::from(inverse_root(x)) - wanted) / wanted;
            assert!(error.abs() < 3e-7, "{x}: {error:e}");
        }
    }
}
