//! Made from systems.ts by `layerw_script::compile`; change that and make it again.

use layerw::{Cx, Sim, component};

/// `Place` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Place(pub [f32; 2]);

/// `Speed` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Speed(pub [f32; 2]);

/// `Health` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Health(pub f32);

/// `Poison` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Poison(pub f32);

/// `Movement`, systems.ts:5.
pub fn movement(place: &mut Place, speed: &Speed, cx: Cx) {
    // systems.ts:6
    place.0[0] = place.0[0] + speed.0[0] * cx.dt;
    // systems.ts:7
    place.0[1] = place.0[1] + speed.0[1] * cx.dt;
}

/// `Steer`, systems.ts:14.
pub fn steer(place: &Place, speed: &mut Speed, cx: Cx) {
    let v8: f32 = 50.0 - place.0[0];
    let v12: f32 = 50.0 - place.0[1];
    let v16: f32 = (v8 * v8 + v12 * v12).sqrt();
    let v17: f32 = speed.0[0];
    let v18: f32 = speed.0[1];
    // systems.ts:21
    let (v27, v28): (f32, f32) = if v16 > 1.0 {
        (v17 + v8 / v16 * cx.dt, v18 + v12 / v16 * cx.dt)
    } else {
        (v17, v18)
    };
    let v32: f32 = (v27 * v27 + v28 * v28).sqrt();
    // systems.ts:26
    let (v41, v42): (f32, f32) = if v32 > 10.0 {
        (v27 / v32 * 10.0, v28 / v32 * 10.0)
    } else {
        (v27, v28)
    };
    // systems.ts:30
    speed.0[0] = v41;
    // systems.ts:31
    speed.0[1] = v42;
}

/// `Bounce`, systems.ts:38.
pub fn bounce(place: &Place, speed: &mut Speed) {
    let v4: f32 = place.0[0];
    // systems.ts:40
    speed.0[0] = if v4 < 0.0 || v4 > 100.0 { -speed.0[0] } else { speed.0[0] };
    let v18: f32 = place.0[1];
    // systems.ts:43
    speed.0[1] = if v18 < 0.0 || v18 > 100.0 { -speed.0[1] } else { speed.0[1] };
}

/// `Poisoned`, systems.ts:51.
pub fn poisoned(health: &mut Health, poison: &mut Poison, cx: Cx) {
    let v5: f32 = poison.0;
    // systems.ts:52
    if v5 > 0.0 {
        // systems.ts:53
        health.0 = health.0 - 5.0 * cx.dt;
        // systems.ts:54
        poison.0 = v5 - cx.dt;
    } else {
        // systems.ts:56
        health.0 = at_most_f32(health.0 + 2.0 * cx.dt, 100.0);
    }
}

/// Adds the systems to a simulation, in written order.
pub fn add(sim: &mut Sim) {
    sim.each(movement);
    sim.each(steer);
    sim.each(bounce);
    sim.each(poisoned);
}

/// The smaller one; NaN if the first is. The second is a constant.
fn at_most_f32(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}
