//! The first post-Newtonian terms of general relativity, for all bodies (Einstein, Infeld and Hoffmann 1938).
//!
//! The Sun's own field (Schwarzschild) is what turns Mercury's perihelion; the terms that mix the fields of several
//! bodies are worth a few kilometres a year on the Moon, because the Earth and the Moon fall together through the field
//! of the Sun at 30 km/s. The form is the one JPL integrates: Standish and Williams, "Orbital ephemerides of the Sun,
//! Moon and planets", Explanatory Supplement to the Astronomical Almanac (1992), equation 8-1 with β = γ = 1. The energy
//! follows from the Lagrangian in Landau and Lifshitz, "The classical theory of fields", §106.

use layerw::math::DVec3;

use super::{Field, Pairs, newton};
use crate::bodies::{COUNT, State};

pub fn add(gm: &[f64; COUNT], light: f64, state: &State, pairs: &Pairs, field: &mut Field) {
    // Accelerations on the right-hand side may be Newton's: the difference is of the second order.
    let newton = newton::accelerations(gm, pairs);
    let potential = potentials(gm, pairs);
    let velocity = &state.velocity;
    let scale = 1.0 / (light * light);
    for i in 0..COUNT {
        let mut sum = DVec3::ZERO;
        for j in 0..COUNT {
            if i == j {
                continue;
            }
            let (offset, inverse) = (pairs.offset[i][j], pairs.inverse[i][j]);
            let pull = gm[j] * inverse * inverse * inverse;
            let radial = offset.dot(velocity[j]) * inverse;
            let along = velocity[i].dot(velocity[i]) + 2.0 * velocity[j].dot(velocity[j])
                - 4.0 * velocity[i].dot(velocity[j])
                - 1.5 * radial * radial
                - 4.0 * potential[i]
                - potential[j]
                + 0.5 * offset.dot(newton[j]);
            let across = -offset.dot(velocity[i] * 4.0 - velocity[j] * 3.0);
            sum += offset * (pull * along);
            sum += (velocity[i] - velocity[j]) * (pull * across);
            sum += newton[j] * (3.5 * gm[j] * inverse);
        }
        field[i] += sum * scale;
    }
}

pub fn energy(gm: &[f64; COUNT], light: f64, state: &State, pairs: &Pairs) -> f64 {
    let potential = potentials(gm, pairs);
    let velocity = &state.velocity;
    let mut sum = 0.0;
    for i in 0..COUNT {
        let square = velocity[i].dot(velocity[i]);
        sum += gm[i] * (0.375 * square * square + 0.5 * potential[i] * potential[i]);
        for j in i + 1..COUNT {
            let inverse = pairs.inverse[i][j];
            let normal = pairs.offset[i][j] * inverse;
            let bracket = 1.5 * (square + velocity[j].dot(velocity[j]))
                - 3.5 * velocity[i].dot(velocity[j])
                - 0.5 * normal.dot(velocity[i]) * normal.dot(velocity[j]);
            sum += gm[i] * gm[j] * inverse * bracket;
        }
    }
    sum / (light * light)
}

/// Newtonian potential (positive) of all other bodies at each body, km²/s².
fn potentials(gm: &[f64; COUNT], pairs: &Pairs) -> [f64; COUNT] {
    std::array::from_fn(|i| {
        let mut sum = 0.0;
        for (mass, inverse) in gm.iter().zip(&pairs.inverse[i]) {
            sum += mass * inverse;
        }
        sum
    })
}
