//! An address means nothing in an image.

use layerw_ecs::component;

#[component]
struct Node {
    next: *const Node,
}

#[component]
struct Call(fn(f32) -> f32);

fn main() {}
