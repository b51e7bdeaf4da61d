//! A gap between two fields would hold undefined bytes.

use layerw_ecs::component;

#[component]
struct Shell {
    armed: u8,
    mass: f32,
}

#[component]
struct Tail {
    mass: f64,
    armed: u8,
}

fn main() {}
