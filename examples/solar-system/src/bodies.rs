//! The massive bodies: their names, their order and their state.
//!
//! Lengths are kilometres and times are seconds everywhere in this example, because that is how JPL states its
//! ephemerides and masses; days appear only in dates (Julian dates, TDB) and in names that say so. Positions and
//! velocities are barycentric, in the axes of the ICRF.

use layerw::math::DVec3;

/// How many massive bodies there are.
pub const COUNT: usize = 14;

/// How many of them DE421 has an orbit for: the first eleven. The asteroids after them only pull.
pub const CHECKED: usize = 11;

/// The bodies in the order in which every array and every data file holds them.
pub const NAMES: [&str; COUNT] = [
    "sun", "mercury", "venus", "earth", "moon", "mars", "jupiter", "saturn", "uranus", "neptune",
    "pluto", "ceres", "pallas", "vesta",
];

/// Index of the Sun.
pub const SUN: usize = 0;
/// Index of Mercury.
pub const MERCURY: usize = 1;
/// Index of the Earth.
pub const EARTH: usize = 3;
/// Index of the Moon.
pub const MOON: usize = 4;

/// Seconds in a day.
pub const DAY: f64 = 86_400.0;

/// Position and velocity of every massive body at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Positions, km.
    pub position: [DVec3; COUNT],
    /// Velocities, km/s.
    pub velocity: [DVec3; COUNT],
}

impl State {
    /// All bodies at rest at the barycentre: a value to fill.
    pub const ZERO: State = State {
        position: [DVec3::ZERO; COUNT],
        velocity: [DVec3::ZERO; COUNT],
    };
}
