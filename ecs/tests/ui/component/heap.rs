//! What points to the heap belongs beside the world.

use layerw_ecs::component;

#[component]
struct Path {
    points: Vec<f32>,
}

#[component]
struct Name(String);

#[component]
struct Target(Option<u32>);

fn main() {}
