//! All shapes that a component can have, in a crate that forbids unsafe code.
#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(dead_code)]

use layerw_ecs::{Entity, Schema, component};

#[component]
struct Tag;

#[component]
struct Position(glam::Vec3);

#[component]
#[derive(Debug, PartialEq)]
struct Orbit {
    axis: f64,
    phase: f64,
}

#[component(name = "game.Ship", unhashed)]
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Ship {
    orbits: [Orbit; 2],
    owner: Option<Entity>,
    r#type: u32,
    alive: bool,
    _pad: [u8; 3],
}

#[component]
#[repr(align(64))]
struct Line([f32; 16]);

fn main() {
    let schema = Schema::of::<Ship>();
    assert_eq!(schema.fault(), None);
    let fields: Vec<String> = schema.fields.iter().map(ToString::to_string).collect();
    assert_eq!(
        fields,
        [
            "orbits[0].axis: f64 at 0",
            "orbits[0].phase: f64 at 8",
            "orbits[1].axis: f64 at 16",
            "orbits[1].phase: f64 at 24",
            "owner: Option<Entity> at 32",
            "type: u32 at 40",
            "alive: bool at 44",
            "_pad: u8 x3 at 45",
        ]
    );
    assert_eq!((schema.name.as_str(), schema.hashed), ("game.Ship", false));
    assert_eq!(Schema::of::<Line>().align, 64);
    assert_eq!(Schema::of::<Tag>().size, 0);
    let copy = Orbit { axis: 1.0, phase: 2.0 };
    assert_eq!(copy, copy);
    let _ = Position(glam::Vec3::ZERO);
}
