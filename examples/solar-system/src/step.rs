//! One step of the simulation for the massive bodies: where they are at its end, and at the asteroids' kicks on the way.

use crate::belt::{INSTANTS, KICKS, Stages};
use crate::bodies::{DAY, State};
use crate::forces::Model;
use crate::gauss;

/// The longest step that suits the asteroids, s: eight days, which put them 400 km off in a year, a millionth of their
/// distance; a day puts them 0.1 km off.
/// The massive bodies do not mind: their integrator cuts a step as it needs.
pub const LONGEST_STEP: f64 = 8.0 * DAY;

/// The state `dt` seconds after the Julian date `jd`, and the places of the bodies at the instants of the kicks.
///
/// The step is cut at those instants, so that the places are states of the integration itself, with its whole accuracy.
pub fn step(model: &Model, jd: f64, state: &State, dt: f64) -> (State, Stages) {
    let mut kicks = [*state; KICKS];
    let (mut state, mut done) = (*state, 0.0);
    // In the order of time, which is the opposite of the order of the kicks.
    for kick in (0..KICKS).rev() {
        state = gauss::advance(
            model,
            jd + done * dt / DAY,
            &state,
            (INSTANTS[kick] - done) * dt,
        );
        kicks[kick] = state;
        done = INSTANTS[kick];
    }
    state = gauss::advance(model, jd + done * dt / DAY, &state, (1.0 - done) * dt);
    (state, Stages::new(&model.gm, &kicks))
}
