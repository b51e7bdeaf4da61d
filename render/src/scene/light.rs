//! What shines: the sky, the sun, lamps.

use glam::Vec3;

use super::material::Colour;

/// The light that comes from everywhere, and what is seen where nothing stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sky {
    /// Straight up.
    pub zenith: Colour,
    /// All around.
    pub horizon: Colour,
    /// From below.
    pub ground: Colour,
    /// Brightness of stars; 0 for none.
    pub stars: f32,
}

impl Sky {
    /// A clear day.
    pub const DAY: Sky = Sky {
        zenith: Colour::linear(0.10, 0.22, 0.52),
        horizon: Colour::linear(0.52, 0.66, 0.82),
        ground: Colour::linear(0.16, 0.15, 0.13),
        stars: 0.0,
    };

    /// The sun is low.
    pub const EVENING: Sky = Sky {
        zenith: Colour::linear(0.045, 0.075, 0.20),
        horizon: Colour::linear(0.95, 0.42, 0.20),
        ground: Colour::linear(0.07, 0.05, 0.06),
        stars: 0.0,
    };

    /// Space: stars, and hardly any light.
    pub const SPACE: Sky = Sky {
        zenith: Colour::linear(0.0016, 0.0020, 0.0040),
        horizon: Colour::linear(0.0016, 0.0020, 0.0040),
        ground: Colour::linear(0.0016, 0.0020, 0.0040),
        stars: 1.0,
    };

    /// One colour everywhere.
    pub const fn plain(colour: Colour) -> Sky {
        Sky {
            zenith: colour,
            horizon: colour,
            ground: colour,
            stars: 0.0,
        }
    }
}

/// Light from far away that comes along one direction, with shadows where the camera asks for them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sun {
    /// Where it stands; any length.
    pub towards: Vec3,
    /// Its light.
    pub colour: Colour,
    /// How bright; about 3 by day.
    pub strength: f32,
}

impl Sun {
    /// A white sun that stands towards `towards`.
    pub fn new(towards: Vec3) -> Sun {
        Sun {
            towards,
            colour: Colour::linear(1.0, 0.96, 0.90),
            strength: 3.0,
        }
    }

    /// The same with another light.
    #[must_use]
    pub fn colour(self, colour: Colour) -> Sun {
        Sun { colour, ..self }
    }

    /// The same, brighter or darker.
    #[must_use]
    pub fn strength(self, strength: f32) -> Sun {
        Sun { strength, ..self }
    }
}

/// A light at a place: all around, or in a cone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lamp {
    /// Where it hangs.
    pub at: Vec3,
    /// Its light.
    pub colour: Colour,
    /// How bright at distance 1; falls with the square of the distance.
    pub strength: f32,
    /// Where it ends.
    pub reach: f32,
    /// Where a spot points; zero for light all around.
    pub towards: Vec3,
    /// Half the opening of a spot's cone, radians.
    pub cone: f32,
}

impl Lamp {
    /// A white light all around that ends at the distance `reach`.
    pub fn new(at: Vec3, reach: f32) -> Lamp {
        Lamp {
            at,
            colour: Colour::WHITE,
            strength: 1.0,
            reach,
            towards: Vec3::ZERO,
            cone: 0.0,
        }
    }

    /// The same as a spot towards a direction, with half an opening in degrees.
    #[must_use]
    pub fn spot(self, towards: Vec3, half_degrees: f32) -> Lamp {
        let cone = half_degrees.to_radians();
        Lamp {
            towards,
            cone,
            ..self
        }
    }

    /// The same with another light.
    #[must_use]
    pub fn colour(self, colour: Colour) -> Lamp {
        Lamp { colour, ..self }
    }

    /// The same, brighter or darker.
    #[must_use]
    pub fn strength(self, strength: f32) -> Lamp {
        Lamp { strength, ..self }
    }

    /// Whether it shines in a cone.
    pub fn is_spot(&self) -> bool {
        self.towards != Vec3::ZERO
    }
}
