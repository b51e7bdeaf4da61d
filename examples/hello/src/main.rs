//! Three systems over one hundred thousand falling points: the whole idea in one page.

use layerw::{Cx, Result, Settings, Sim, component, math::Vec3};
use std::process::ExitCode;

#[component]
struct Position(Vec3);

#[component]
struct Velocity(Vec3);

fn gravity(velocity: &mut Velocity, cx: Cx) {
    velocity.0.y -= 9.81 * cx.dt;
}

fn integrate(position: &mut Position, velocity: &Velocity, cx: Cx) {
    position.0 += velocity.0 * cx.dt;
}

fn bounce(position: &mut Position, velocity: &mut Velocity) {
    if position.0.y < 0.0 {
        position.0.y *= -1.0;
        velocity.0.y *= -0.8;
    }
}

fn sim(settings: &Settings) -> Result<Sim> {
    let points = settings.integer("points", 100_000, 1..=10_000_000, "how many points fall")?;
    let mut sim = settings.sim()?.hertz(60.0);
    sim.world.spawn_batch(
        (0..points).map(|i| (Position(Vec3::Y * (i % 100) as f32), Velocity(Vec3::X))),
    );
    sim.each(gravity).each(integrate).each(bounce); // jobs; the written order is the meaning
    Ok(sim)
}

fn main() -> ExitCode {
    layerw::main(sim)
}
