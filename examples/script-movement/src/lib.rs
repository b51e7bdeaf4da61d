//! Points that Rust makes and TypeScript moves.
//!
//! The systems are `movement.ts` and `bounce.ts`, named in `layerw.toml`. They are compiled to WebAssembly when the program starts and run in a sandbox over the
//! columns of this world, on all workers, without copying a byte. A component that both sides declare must be the same field by field.

use layerw::{Random, Result, Settings, Sim, component, math::Vec2};

/// Where a point is, metres. What `positions: Vec2[]` means in a script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub Vec2);

/// How it moves, metres a second: `velocities: Vec2[]`.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub Vec2);

/// The walls, and what hitting them takes: the class `Room` of `bounce.ts`.
#[component]
#[derive(Debug, PartialEq)]
pub struct Room {
    /// Metres.
    pub width: f32,
    /// Metres.
    pub height: f32,
    /// The share of its speed that a point keeps.
    pub bounce: f32,
}

/// The simulation, with its systems from the scripts.
pub fn sim(settings: &Settings) -> Result<Sim> {
    let mut sim = world(settings)?;
    sim.scripts(settings)?;
    Ok(sim)
}

/// The same with systems in Rust, to the same bits: what the scripts are measured against.
pub fn sim_in_rust(settings: &Settings) -> Result<Sim> {
    let mut sim = world(settings)?;
    sim.each(in_rust::movement).each(in_rust::bounce);
    Ok(sim)
}

fn world(settings: &Settings) -> Result<Sim> {
    let points = settings.integer("points", 100_000, 1..=10_000_000, "how many points move")?;
    let mut sim = settings.sim()?.hertz(60.0);
    let room = Room {
        width: 160.0,
        height: 90.0,
        bounce: 0.9,
    };
    let seed = settings.seed();
    sim.world.spawn_batch((0..points as u64).map(|point| {
        let mut random = Random::keyed([seed, 0, point, 0]);
        let place = Vec2::new(random.range(0.0, 160.0), random.range(0.0, 90.0));
        let speed = Vec2::new(random.range(-40.0, 40.0), random.range(-40.0, 40.0));
        (Position(place), Velocity(speed))
    }));
    sim.world.insert_resource(room);
    Ok(sim)
}

mod in_rust {
    use super::{Position, Room, Velocity};
    use layerw::{Cx, Res};

    pub(super) fn movement(position: &mut Position, velocity: &Velocity, cx: Cx) {
        position.0 += velocity.0 * cx.dt;
    }

    pub(super) fn bounce(position: &mut Position, velocity: &mut Velocity, room: Res<Room>) {
        let (at, speed) = (&mut position.0, &mut velocity.0);
        let (x, y) = (at.x.clamp(0.0, room.width), at.y.clamp(0.0, room.height));
        if x != at.x {
            (at.x, speed.x) = (x, -speed.x * room.bounce);
        }
        if y != at.y {
            (at.y, speed.y) = (y, -speed.y * room.bounce);
        }
    }
}
