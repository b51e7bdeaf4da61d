//! A small project for the tests of the command: points that fall, bounce, come and go.
//!
//! Faults are switched on by the environment and not by settings, so that two runs of one identity can differ, as they do where a program is
//! not deterministic.

use std::process::ExitCode;
use std::time::Duration;

use layerw::math::Vec3;
use layerw::{
    Binding, Commands, Cx, Entity, Input, IntoRow, Res, Result, Settings, Sim, component,
};
use serde_json::json;

#[component]
struct Position(Vec3);

#[component]
struct Velocity(Vec3);

/// Steps left to live.
#[component]
struct Age(u32);

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

fn age(age: &mut Age, position: &Position, entity: Entity, mut commands: Commands) {
    age.0 -= 1;
    if age.0 == 0 {
        commands.despawn(entity);
        commands.spawn((
            Position(position.0),
            Velocity(Vec3::X),
            Age(7 + entity.index() % 5),
        ));
    }
}

fn sim(settings: &Settings) -> Result<Sim> {
    let points = settings.integer("points", 1_000, 1..=1_000_000, "number of points")?;
    let height = settings.number("height", 10.0, 0.0.., "where they start, metres")?;
    settings.text("title", "falling points", "what the run is called")?;
    // A setting that the project got after snapshots of it had been taken.
    if fault("WIND").is_some() {
        settings.number("wind", 0.5, 0.0.., "metres per second")?;
    }
    if settings.flag("fail", "fail while building")? {
        return Err(layerw::Error::Project(
            "the project cannot be built".to_owned(),
        ));
    }
    assert!(fault("PANIC_BUILDING").is_none(), "the project's own panic");

    let mut sim = settings.sim()?.dt(0.01).frames(100);
    sim.world.spawn_batch((0..points).map(|index| {
        let start = Vec3::new(index as f32, height as f32 + (index % 100) as f32, 0.0);
        (
            Position(start),
            Velocity(Vec3::X),
            Age(1 + index as u32 % 11),
        )
    }));
    sim.each(gravity).each(integrate);
    // Faults that never come where there is no such step: the plan, and with it the hash, must be the same with and without them.
    let at = fault("NUDGE").unwrap_or(u64::MAX);
    let nudge = move |velocity: &mut Velocity, entity: Entity, cx: Cx| {
        if cx.step == at && entity.index() == 3 {
            velocity.0.z += 1e-3;
        }
    };
    sim.each(nudge.named("nudge"));
    let push = sim.action(
        "push",
        Binding::axis(&["KeyA"], &["KeyD"]).or(&["Pad LeftX"]),
    )?;
    let jump = sim.action("jump", Binding::button(&["Space"]))?;
    let steer = move |velocity: &mut Velocity, input: Res<Input>| {
        velocity.0.x += input.value(push);
        if input.pressed(jump) {
            velocity.0.y += 5.0;
        }
    };
    sim.each(steer.named("steer"));
    sim.each(bounce).each(age);
    let at = fault("PANIC").unwrap_or(u64::MAX);
    let complain = move |position: &Position, entity: Entity, cx: Cx| {
        assert!(
            cx.step != at || entity.index() != 5,
            "no more, at {}",
            position.0.z
        );
    };
    sim.each(complain.named("complain"));
    if let Some(milliseconds) = fault("SLEEP_MS") {
        sim.exclusive("sleep", move |_| {
            std::thread::sleep(Duration::from_millis(milliseconds))
        });
    }
    sim.on_finish(|finish| {
        let lowest = finish
            .world()
            .query::<&Position>()
            .map(|position| position.0.y);
        let lowest = lowest.fold(f32::INFINITY, f32::min);
        finish.report("lowest", json!({ "metres": lowest }));
        if fault("TAKE_KEY").is_some() {
            finish.report("hash", 0);
        }
        finish.print(&format!("lowest {lowest} after {} frames", finish.frames()));
    });
    Ok(sim)
}

/// The number after `LAYERW_TEST_name` in the environment.
fn fault(name: &str) -> Option<u64> {
    std::env::var(format!("LAYERW_TEST_{name}"))
        .ok()?
        .parse()
        .ok()
}

fn main() -> ExitCode {
    layerw::main(sim)
}
