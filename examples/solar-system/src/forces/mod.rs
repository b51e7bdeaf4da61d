//! What pulls on the massive bodies: Newton, Einstein's first correction, and the flattening of the Earth and the Sun.
//!
//! Each term is a file and a switch, so that a run without it shows what it is worth. Distance from DE421 after one year,
//! from start dates in 1910, 1960, 2010 and 2040:
//!
//! | left out | who suffers | km |
//! |---|---|---|
//! | nothing | the Moon; no planet more than 0.3 | 0.5 to 0.9 |
//! | relativity | Mercury | 49 to 519 |
//! | oblateness | the Moon | 17 to 26 |
//! | Jupiter's pull | Mars | 80 000 to 210 000 |
//! | Mercury's pull | Venus | 430 to 1 240 |
//! | the three asteroids' pull | Mars, worst at other dates with 3.1 | 0.2 to 0.9 |
//! | Pluto's pull | Uranus and Neptune | 0.02 to 0.06 |

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::{MERCURY, MOON};
    use crate::ephemeris::Ephemeris;

    fn scene() -> (Model, f64, State) {
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let (jd, state) = ephemeris.epochs()[220];
        (ephemeris.model, jd, state)
    }

    #[test]
    fn every_pull_has_its_reaction() {
        let (mut model, jd, state) = scene();
        model.relativity = false;
        let field = model.accelerations(jd, &state);
        let forces = field
            .iter()
            .zip(model.gm)
            .map(|(acceleration, gm)| *acceleration * gm);
        let sum = forces
            .clone()
            .fold(DVec3::ZERO, |sum, force| sum + force)
            .length();
        let scale: f64 = forces.map(|force| force.length()).sum();
        assert!(sum < 1e-14 * scale, "forces sum up to {sum} of {scale}");
    }

    #[test]
    fn one_mass_curves_space_as_schwarzschild_says() {
        let (mut model, jd, mut state) = scene();
        let sun = model.gm[SUN];
        model.gm = [0.0; COUNT];
        model.gm[SUN] = sun;
        model.oblateness = false;
        (state.position[SUN], state.velocity[SUN]) = (DVec3::ZERO, DVec3::ZERO);
        let curved = model.accelerations(jd, &state)[MERCURY];
        model.relativity = false;
        let flat = model.accelerations(jd, &state)[MERCURY];

        let (x, v, c) = (
            state.position[MERCURY],
            state.velocity[MERCURY],
            model.speed_of_light,
        );
        let r = x.length();
        let expected =
            (x * (4.0 * sun / r - v.dot(v)) + v * (4.0 * x.dot(v))) * (sun / (c * c * r * r * r));
        let error = (curved - flat - expected).length() / expected.length();
        assert!(error < 1e-7, "off by {error} of the correction");
    }

    #[test]
    fn accelerations_are_the_slope_of_the_energy() {
        // Along the motion the energy must not change: compare it a little before and after, at constant axis.
        let (model, jd, state) = scene();
        let field = model.accelerations(jd, &state);
        let after = |seconds: f64| {
            let mut moved = state;
            for (body, acceleration) in field.iter().enumerate() {
                let velocity = state.velocity[body];
                moved.position[body] +=
                    velocity * seconds + *acceleration * (0.5 * seconds * seconds);
                moved.velocity[body] += *acceleration * seconds;
            }
            model.energy(jd, &moved)
        };
        // Second order in the displacement is all that may remain; a wrong term shows as 1e-12 and more.
        let change = (after(100.0) - after(-100.0)) / model.energy(jd, &state);
        assert!(change.abs() < 1e-14, "the energy changes by {change}");
    }

    #[test]
    fn the_bulge_of_the_earth_pulls_the_moon_towards_the_equator() {
        let (mut model, jd, mut state) = scene();
        state.position[MOON] = state.position[EARTH] + DVec3::new(300_000.0, 0.0, 300_000.0);
        let with = model.accelerations(jd, &state)[MOON];
        model.oblateness = false;
        let bulge = with - model.accelerations(jd, &state)[MOON];
        assert!(bulge.z < 0.0, "{bulge} leads away");
    }

    #[test]
    fn the_axis_of_the_earth_turns_as_precession_says() {
        let at = |year: f64| oblateness::earth_pole(2_451_545.0 + (year - 2000.0) * 365.25);
        assert!((at(2000.0) - DVec3::Z).length() < 1e-6);
        // 2004.19" a century, towards the equinox.
        assert!((at(2100.0).x - 9.7147e-3).abs() < 1e-5 && (at(1900.0).x + 9.7188e-3).abs() < 1e-5);
    }
}
