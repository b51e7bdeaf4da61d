//! Newton's law between all pairs of bodies.

use layerw::math::DVec3;

use super::{Field, Pairs};
use crate::bodies::{COUNT, State};

pub fn accelerations(gm: &[f64; COUNT], pairs: &Pairs) -> Field {
    std::array::from_fn(|i| {
        let mut sum = DVec3::ZERO;
        for (j, mass) in gm.iter().enumerate() {
            let inverse = pairs.inverse[i][j];
            sum += pairs.offset[i][j] * (mass * inverse * inverse * inverse);
        }
        sum
    })
}

pub fn energy(gm: &[f64; COUNT], state: &State, pairs: &Pairs) -> f64 {
    let mut energy = 0.0;
    for i in 0..COUNT {
        energy += 0.5 * gm[i] * state.velocity[i].dot(state.velocity[i]);
        for j in i + 1..COUNT {
            energy -= gm[i] * gm[j] * pairs.inverse[i][j];
        }
    }
    energy
}
