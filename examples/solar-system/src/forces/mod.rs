//! What pulls on the massive bodies: Newton, Einstein's first correction, and the flattening of the Earth and the Sun.
//!
//! Each term is a file and a switch, so that a run without it shows what it is worth. One year after the start, the
//! distance from DE421 is (worst of four start dates):
//!
//! | left out | what suffers |
//! |---|---|
//! | relativity | Mercury: hundreds of km |
//! | oblateness | Moon: more than ten km |
//! | a planet | its neighbours: thousands of km |

mod newton;
mod oblateness;
mod relativity;

use layerw::math::DVec3;

use crate::bodies::{COUNT, EARTH, SUN, State};
pub use oblateness::Oblate;

/// One vector for each massive body.
pub type Field = [DVec3; COUNT];

/// The masses, the constants and the switches that make up the equations of motion.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Gravitational constant times mass of each body, km³/s². Zero makes a body a mere passenger.
    pub gm: [f64; COUNT],
    /// Speed of light, km/s.
    pub speed_of_light: f64,
    /// The figure of the Earth.
    pub earth: Oblate,
    /// The figure of the Sun.
    pub sun: Oblate,
    /// Whether the first post-Newtonian terms act.
    pub relativity: bool,
    /// Whether the flattening of the Earth and the Sun acts.
    pub oblateness: bool,
}

impl Model {
    /// Acceleration of every body in km/s², at the Julian date `jd` (TDB), which only the Earth's axis needs.
    pub fn accelerations(&self, jd: f64, state: &State) -> Field {
        let pairs = Pairs::new(&state.position);
        let mut field = newton::accelerations(&self.gm, &pairs);
        if self.relativity {
            relativity::add(&self.gm, self.speed_of_light, state, &pairs, &mut field);
        }
        if self.oblateness {
            oblateness::add(
                &self.earth,
                EARTH,
                oblateness::earth_pole(jd),
                &self.gm,
                &pairs,
                &mut field,
            );
            oblateness::add(
                &self.sun,
                SUN,
                oblateness::SUN_POLE,
                &self.gm,
                &pairs,
                &mut field,
            );
        }
        field
    }

    /// This model with the pull of one body on all others left out.
    pub fn without(mut self, body: usize) -> Model {
        self.gm[body] = 0.0;
        self
    }

    /// Total energy times the gravitational constant, km⁵/s⁴, in the approximation of the terms that are switched on.
    /// Conserved up to the integrator's error, and the turning of the Earth's axis.
    pub fn energy(&self, jd: f64, state: &State) -> f64 {
        let pairs = Pairs::new(&state.position);
        let mut energy = newton::energy(&self.gm, state, &pairs);
        if self.relativity {
            energy += relativity::energy(&self.gm, self.speed_of_light, state, &pairs);
        }
        if self.oblateness {
            energy += oblateness::energy(
                &self.earth,
                EARTH,
                oblateness::earth_pole(jd),
                &self.gm,
                &pairs,
            );
            energy += oblateness::energy(&self.sun, SUN, oblateness::SUN_POLE, &self.gm, &pairs);
        }
        energy
    }
}

/// The geometry that all terms share.
struct Pairs {
    /// `offset[i][j]` leads from body i to body j, km.
    offset: [[DVec3; COUNT]; COUNT],
    /// One over the distance of bodies i and j, 1/km; zero where i is j, so that no body pulls on itself.
    inverse: [[f64; COUNT]; COUNT],
}

impl Pairs {
    fn new(position: &Field) -> Pairs {
        let mut pairs = Pairs {
            offset: [[DVec3::ZERO; COUNT]; COUNT],
            inverse: [[0.0; COUNT]; COUNT],
        };
        for i in 0..COUNT {
            for j in i + 1..COUNT {
                let offset = position[j] - position[i];
                let inverse = 1.0 / offset.dot(offset).sqrt();
                pairs.offset[i][j] = offset;
                pairs.offset[j][i] = -offset;
                pairs.inverse[i][j] = inverse;
                pairs.inverse[j][i] = inverse;
            }
        }
        pairs
    }
}
