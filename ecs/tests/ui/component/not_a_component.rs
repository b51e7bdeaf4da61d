//! A struct without the attribute is no component.

use layerw_ecs::Component;

#[derive(Clone, Copy)]
struct Plain(#[allow(dead_code)] f32);

fn takes<T: Component>(_: T) {}

fn main() {
    takes(Plain(1.0));
}
