//! Gauss-Legendre integration with four stages: order eight, symplectic, symmetric in time.
//!
//! Relativity and the Earth's turning axis make the forces depend on velocity and date, which rules out the cheaper
//! compositions of kicks and drifts; Gauss' method takes any force and still keeps the energy from drifting. Its
//! equations are implicit and solved by a fixed number of substitutions, so that a step is a fixed list of additions,
//! multiplications, divisions and square roots: the same bits on every machine.
//!
//! Source: Hairer, Lubich, Wanner, "Geometric Numerical Integration" (2006), II.1.3 (the method), IV.2.1 (symplecticity),
//! VIII.6 (substitution). Written for accelerations: the stage positions use the square of the matrix.

use layerw::math::DVec3;

use crate::bodies::{COUNT, DAY, State};
use crate::forces::{Field, Model};

/// The longest step that is taken at once, s. At 0.35 days the Moon, the fastest body, turns by 0.08 radians: the
/// method's error is 1e-15 of its distance, and each substitution gains three digits.
const LONGEST: f64 = 0.35 * DAY;

/// Substitutions per step. Four leave nothing to gain in the longest step (see the tests); the fifth is for safety.
const SUBSTITUTIONS: usize = 5;

const STAGES: usize = 4;

/// Instants of the stages, as shares of the step: zeros of Legendre's polynomial.
const C: [f64; STAGES] = [
    0.069_431_844_202_973_71,
    0.330_009_478_207_571_87,
    0.669_990_521_792_428_1,
    0.930_568_155_797_026_3,
];

/// Weights of the stages' accelerations in the velocity at the end.
const B: [f64; STAGES] = [
    0.173_927_422_568_726_92,
    0.326_072_577_431_273_05,
    0.326_072_577_431_273_05,
    0.173_927_422_568_726_92,
];

/// Weights of the stages' accelerations in the position at the end.
const D: [f64; STAGES] = [
    0.161_851_320_862_310_3,
    0.218_465_536_295_380_57,
    0.107_607_041_135_892_5,
    0.012_076_101_706_416_622,
];

/// Weights of the stages' accelerations in the velocity of each stage.
const A: [[f64; STAGES]; STAGES] = [
    [
        0.086_963_711_284_363_46,
        -0.026_604_180_084_998_794,
        0.012_627_462_689_404_725,
        -0.003_555_149_685_795_683_3,
    ],
    [
        0.188_118_117_499_868_06,
        0.163_036_288_715_636_52,
        -0.027_880_428_602_470_895,
        0.006_735_500_594_538_156,
    ],
    [
        0.167_191_921_974_188_78,
        0.353_953_006_033_743_97,
        0.163_036_288_715_636_52,
        -0.014_190_694_931_141_144,
    ],
    [
        0.177_482_572_254_522_6,
        0.313_445_114_741_868_37,
        0.352_676_757_516_271_87,
        0.086_963_711_284_363_46,
    ],
];

/// Weights of the stages' accelerations in the position of each stage: the square of `A`.
const AA: [[f64; STAGES]; STAGES] = [
    [
        0.004_038_191_450_846_731_5,
        -0.003_295_860_944_944_696,
        0.002_644_782_952_066_853_8,
        -0.000_976_722_963_255_881_7,
    ],
    [
        0.043_563_580_902_396_26,
        0.013_818_951_406_296_126,
        -0.004_340_134_194_434_996,
        0.001_410_729_739_159_533_8,
    ],
    [
        0.105_864_352_633_576_41,
        0.106_518_360_965_053_07,
        0.013_818_951_406_296_126,
        -0.001_758_015_359_080_549_5,
    ],
    [
        0.148_798_496_192_637_8,
        0.198_470_498_852_377_2,
        0.081_671_359_795_877_57,
        0.004_038_191_450_846_731_5,
    ],
];

/// The state `seconds` after (or, if negative, before) the Julian date `jd`, in equal steps no longer than a third of a day.
pub fn advance(model: &Model, jd: f64, state: &State, seconds: f64) -> State {
    let count = (seconds.abs() / LONGEST).ceil().max(1.0);
    let h = seconds / count;
    let mut state = *state;
    for k in 0..count as u64 {
        state = step(model, jd + k as f64 * h / DAY, &state, h, SUBSTITUTIONS);
    }
    state
}

/// One step of `h` seconds.
fn step(model: &Model, jd: f64, start: &State, h: f64, substitutions: usize) -> State {
    let mut stages = [model.accelerations(jd, start); STAGES];
    for _ in 0..substitutions {
        let mut next = stages;
        for (i, field) in next.iter_mut().enumerate() {
            let state = combine(start, C[i] * h, h, &AA[i], &A[i], &stages);
            *field = model.accelerations(jd + C[i] * h / DAY, &state);
        }
        stages = next;
    }
    combine(start, h, h, &D, &B, &stages)
}

/// The state after `elapsed` seconds of a step of `h`, given the weights of the stages' accelerations.
fn combine(
    start: &State,
    elapsed: f64,
    h: f64,
    position: &[f64; STAGES],
    velocity: &[f64; STAGES],
    stages: &[Field; STAGES],
) -> State {
    let mut state = State::ZERO;
    for body in 0..COUNT {
        let (mut shift, mut gain) = (DVec3::ZERO, DVec3::ZERO);
        for (stage, field) in stages.iter().enumerate() {
            shift += field[body] * position[stage];
            gain += field[body] * velocity[stage];
        }
        state.position[body] =
            start.position[body] + (start.velocity[body] * elapsed + shift * (h * h));
        state.velocity[body] = start.velocity[body] + gain * h;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::{MERCURY, SUN};
    use crate::ephemeris::Ephemeris;

    #[test]
    fn coefficients_are_those_of_gauss() {
        let close = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() < 1e-16,
                "{found} is not {expected}"
            )
        };
        for power in 0..2 * STAGES {
            // The quadrature is exact for polynomials up to degree seven.
            let sum = (0..STAGES).map(|i| B[i] * C[i].powi(power as i32)).sum();
            close(sum, 1.0 / (power + 1) as f64);
        }
        for i in 0..STAGES {
            for power in 0..STAGES {
                let sum = (0..STAGES).map(|j| A[i][j] * C[j].powi(power as i32)).sum();
                close(sum, C[i].powi(power as i32 + 1) / (power + 1) as f64);
            }
            close(D[i], (0..STAGES).map(|j| B[j] * A[j][i]).sum());
            for k in 0..STAGES {
                close(AA[i][k], (0..STAGES).map(|j| A[i][j] * A[j][k]).sum());
            }
        }
    }

    #[test]
    fn substitutions_have_settled() {
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let (jd, start) = &ephemeris.epochs()[100];
        let step = |count| step(&ephemeris.model, *jd, start, LONGEST, count);
        assert_eq!(step(SUBSTITUTIONS), step(20));
    }

    #[test]
    fn a_circle_is_a_circle() {
        let (mut model, mut start) = (
            Ephemeris::load().expect("the data is sound").model,
            State::ZERO,
        );
        (model.relativity, model.oblateness) = (false, false);
        let sun = model.gm[SUN];
        model.gm = [0.0; COUNT];
        model.gm[SUN] = sun;
        for body in 1..COUNT {
            let radius = 5e7 * body as f64;
            start.position[body] = DVec3::X * radius;
            start.velocity[body] = DVec3::Y * (sun / radius).sqrt();
        }
        let end = advance(&model, 0.0, &start, 100.0 * DAY);
        for body in 1..COUNT {
            let radius = start.position[body].x;
            let angle = (sun / radius).sqrt() / radius * 100.0 * DAY;
            let expected =
                DVec3::new(layerw::math::cos(angle), layerw::math::sin(angle), 0.0) * radius;
            let error = end.position[body].distance(expected) / radius;
            assert!(error < 1e-12, "body {body} is {error} radii off");
        }
    }

    #[test]
    fn time_runs_both_ways() {
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let (jd, start) = &ephemeris.epochs()[200];
        let there = advance(&ephemeris.model, *jd, start, 30.0 * DAY);
        let back = advance(&ephemeris.model, jd + 30.0, &there, -30.0 * DAY);
        let error = back.position[MERCURY].distance(start.position[MERCURY]);
        assert!(error < 1e-4, "Mercury came back {error} km away");
    }
}
