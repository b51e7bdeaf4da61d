//! The pull of a flattened body: the second zonal harmonic J₂ of the Earth and of the Sun, and the reaction on them.
//!
//! The Earth's bulge moves the Moon by more than ten kilometres a year, the Sun's moves Mercury by some hundred metres.

use layerw::math::DVec3;

use super::{Field, Pairs};
use crate::bodies::COUNT;

/// The figure of a body.
#[derive(Clone, Copy, Debug)]
pub struct Oblate {
    /// The second zonal harmonic J₂, without unit.
    pub j2: f64,
    /// The radius that J₂ refers to, km.
    pub radius: f64,
}

/// The Sun's axis: right ascension 286.13°, declination 63.87° (IAU WGCCRE 2009).
pub const SUN_POLE: DVec3 = DVec3::new(
    0.122_353_493_472_327_82,
    -0.423_072_083_647_643_26,
    0.897_797_101_060_790_1,
);

/// Days of a Julian century.
const CENTURY_DAYS: f64 = 36_525.0;
/// J2000.0, the epoch of the precession formula.
const J2000: f64 = 2_451_545.0;
/// Radians in a second of arc.
const ARCSECOND: f64 = 4.848_136_811_095_36e-6;

/// The Earth's axis at a date: precession of the pole (IAU 2006, to the second order), without its nutation of 9".
pub fn earth_pole(jd: f64) -> DVec3 {
    let t = (jd - J2000) / CENTURY_DAYS;
    let x = ((-0.429_782_9 * t + 2_004.191_898) * t - 0.016_617) * ARCSECOND;
    let y = ((-22.407_274_7 * t - 0.025_896) * t - 0.006_951) * ARCSECOND;
    DVec3::new(x, y, (1.0 - x * x - y * y).sqrt())
}

pub fn add(
    figure: &Oblate,
    body: usize,
    pole: DVec3,
    gm: &[f64; COUNT],
    pairs: &Pairs,
    field: &mut Field,
) {
    for other in 0..COUNT {
        if other == body {
            continue;
        }
        let (offset, inverse) = (pairs.offset[body][other], pairs.inverse[body][other]);
        let square = inverse * inverse;
        let strength = 1.5 * figure.j2 * figure.radius * figure.radius * square * square * inverse;
        let sine = pole.dot(offset) * inverse;
        // Per unit of GM: the pull on `other` is GM of `body` times this, the reaction GM of `other` times its opposite.
        let pull = offset * (strength * (5.0 * sine * sine - 1.0))
            - pole * (2.0 * strength * pole.dot(offset));
        field[other] += pull * gm[body];
        field[body] -= pull * gm[other];
    }
}

pub fn energy(figure: &Oblate, body: usize, pole: DVec3, gm: &[f64; COUNT], pairs: &Pairs) -> f64 {
    let mut energy = 0.0;
    for other in 0..COUNT {
        let (offset, inverse) = (pairs.offset[body][other], pairs.inverse[body][other]);
        let sine = pole.dot(offset) * inverse;
        let ratio = figure.radius * inverse;
        energy +=
            gm[body] * gm[other] * inverse * figure.j2 * ratio * ratio * (1.5 * sine * sine - 0.5);
    }
    energy
}
