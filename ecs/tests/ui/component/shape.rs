//! Other shapes that cannot be, and options that are not known.

use layerw_ecs::component;

#[component]
struct Pair((f32, f32));

#[component]
#[repr(packed)]
struct Packed {
    a: u8,
    b: u32,
}

#[component]
#[repr(align(128))]
struct Wide([u8; 128]);

#[component(nam = "x")]
struct Misspelt(f32);

#[component]
struct Symbol(char);

fn main() {}
