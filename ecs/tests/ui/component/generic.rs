//! A component has one layout and one name.

use layerw_ecs::component;

#[component]
struct Wrapper<T>(T);

fn main() {}
