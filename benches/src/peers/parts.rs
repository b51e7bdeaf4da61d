//! Components, each the same type for all peers, and how often a value is checked.

use bevy_ecs::component::Component as BevyComponent;
use layerw::math::{Mat4, Vec3};
use shipyard::Component as ShipyardComponent;

/// Where something is.
#[layerw::component]
#[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
pub struct Position(pub Vec3);

/// How it moves, per second.
#[layerw::component]
#[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
pub struct Velocity(pub Vec3);

/// How it is turned.
#[layerw::component]
#[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
pub struct Rotation(pub Vec3);

/// Where, how large and how turned.
#[layerw::component]
#[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
pub struct Transform(pub Mat4);

/// What comes and goes.
#[layerw::component]
#[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
pub struct Extra(pub f32);

/// The data of the entities that are all different.
#[layerw::component]
#[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
pub struct Data(pub f32);

/// Seconds a step, in all cases.
pub const DT: f32 = 1.0 / 64.0;

/// Where entity `number` starts.
pub fn position(number: usize) -> Position {
    Position(Vec3::new(number as f32, 0.0, 1.0))
}

/// How entity `number` moves: by values that are exact in f32.
pub fn velocity(number: usize) -> Velocity {
    Velocity(Vec3::new((number % 8) as f32, 1.0, -0.5))
}

/// What movement is: one step of one entity.
#[inline(always)]
pub fn advance(position: &mut Position, velocity: &Velocity) {
    position.0 += velocity.0 * DT;
}

/// Many components of one value, `$name0` to `$nameN`.
macro_rules! many {
    ($($name:ident)*) => {$(
        #[layerw::component]
        #[derive(Debug, PartialEq, BevyComponent, ShipyardComponent)]
        pub struct $name(pub f32);
    )*};
}

many!(C0 C1 C2 C3 C4 C5 C6 C7 C8 C9);
many!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);

/// Calls a macro with each of the ten components of small systems.
macro_rules! ten {
    ($call:ident) => {
        $call!(C0 C1 C2 C3 C4 C5 C6 C7 C8 C9)
    };
}

/// Calls a macro with each of the 26 components of the entities that are all different.
macro_rules! letters {
    ($call:ident) => {
        $call!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z)
    };
}

pub(crate) use {letters, ten};
