//! A reference is an address too, also inside an array.

use layerw_ecs::component;

#[component]
struct Names {
    label: [&'static str; 2],
}

fn main() {}
