//! Not every bit pattern is a value of an enum, and a union's bytes may be undefined.

use layerw_ecs::component;

#[component]
enum State {
    Idle,
    Moving,
}

#[component]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
