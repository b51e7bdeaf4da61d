//! What is played in the test of windows: a red ball in a green world, which goes where the keys, the mouse and the wheel say.

use std::process::ExitCode;

use layerw::draw::{Camera, Colour, Instance, Material, Mesh, Sky, View};
use layerw::math::Vec3;
use layerw::{Binding, Input, Res, Result, Settings, Sim, component};
use serde_json::json;

#[component]
struct Ball {
    at: Vec3,
    /// Steps in which something was held.
    held: u32,
    /// Presses of a key, and of a button.
    fired: u32,
    clicked: u32,
    /// Lines that the wheel went.
    wheel: f32,
    /// Where the pointer was last.
    pointer_x: f32,
    pointer_y: f32,
}

fn view(view: &mut View) {
    view.sky(Sky::plain(Colour::hex(0x00_a0_00)));
    let red = Material::light(Colour::hex(0xff_00_00), 1.0);
    view.each::<&Ball>(Mesh::SPHERE, red, |ball| Instance::at(ball.at).sized(2.0));
}

fn sim(settings: &Settings) -> Result<Sim> {
    let mut sim = settings.sim()?.dt(0.01);
    let push = sim.action("push", Binding::axis(&["KeyA"], &["KeyD"]))?;
    let fire = sim.action("fire", Binding::button(&["Space"]))?;
    let click = sim.action("click", Binding::button(&["Mouse Left"]))?;
    let zoom = sim.action("zoom", Binding::default().or(&["Wheel Y"]))?;
    sim.world.spawn(Ball {
        at: Vec3::ZERO,
        held: 0,
        fired: 0,
        clicked: 0,
        wheel: 0.0,
        pointer_x: 0.0,
        pointer_y: 0.0,
    });
    let steer = move |ball: &mut Ball, input: Res<Input>| {
        ball.at.x += 0.001 * input.value(push);
        ball.held += u32::from(input.held(push));
        ball.fired += u32::from(input.pressed(fire));
        ball.clicked += u32::from(input.pressed(click));
        ball.wheel += input.value(zoom);
        [ball.pointer_x, ball.pointer_y] = input.pointer();
    };
    sim.each(steer);
    sim.camera(|_| Camera::new(Vec3::new(0.0, 0.0, 5.0), Vec3::ZERO));
    sim.draw(view);
    sim.on_finish(|finish| {
        let ball = finish.world().query::<&Ball>().next().map(|ball| {
            json!({
                "held": ball.held, "fired": ball.fired, "clicked": ball.clicked, "wheel": ball.wheel,
                "pointer": [ball.pointer_x, ball.pointer_y],
            })
        });
        finish.report("ball", ball);
    });
    Ok(sim)
}

fn main() -> ExitCode {
    layerw::main(sim)
}
