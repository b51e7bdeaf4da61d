//! Made from movement.ts, bounce.ts by `layerw_script::compile`; change that and make it again.

use layerw::{Cx, Res, Sim, component};

/// `Position` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub [f32; 2]);

/// `Velocity` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub [f32; 2]);

/// `Room` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Room {
    /// `width`.
    pub width: f32,
    /// `height`.
    pub height: f32,
    /// `bounce`.
    pub bounce: f32,
}

/// `MovementSystem`, movement.ts:3.
pub fn movement_system(position: &mut Position, velocity: &Velocity, cx: Cx) {
    // movement.ts:4
    position.0[0] = position.0[0] + velocity.0[0] * cx.dt;
    // movement.ts:5
    position.0[1] = position.0[1] + velocity.0[1] * cx.dt;
}

/// `BounceSystem`, bounce.ts:16.
pub fn bounce_system(position: &mut Position, velocity: &mut Velocity, room: Res<Room>) {
    let v6: f32 = room.width;
    let v11: f32 = room.height;
    let v5: f32 = position.0[0];
    let v9: f32 = at_least_f32(min_f32(v5, v6), 0.0);
    let v10: f32 = position.0[1];
    let v14: f32 = at_least_f32(min_f32(v10, v11), 0.0);
    // bounce.ts:21
    if v9 != v5 {
        // bounce.ts:22
        position.0[0] = v9;
        // bounce.ts:23
        velocity.0[0] = -velocity.0[0] * room.bounce;
    }
    // bounce.ts:25
    if v14 != v10 {
        // bounce.ts:26
        position.0[1] = v14;
        // bounce.ts:27
        velocity.0[1] = -velocity.0[1] * room.bounce;
    }
}

/// Adds the systems to a simulation, in written order.
pub fn add(sim: &mut Sim) {
    sim.each(movement_system);
    sim.each(bounce_system);
}

/// The larger one; NaN if the first is. The second is a constant.
fn at_least_f32(a: f32, b: f32) -> f32 {
    if a <= b { b } else { a }
}

/// The smaller one; NaN if one is; -0 is smaller than 0.
fn min_f32(a: f32, b: f32) -> f32 {
    let first = a < b || a.is_nan() || (a == b && a.is_sign_negative());
    if first { a } else { b }
}
