//! Measures what a step costs: the asteroids' kernel on one core, and the massive bodies.

use std::hint::black_box;
use std::time::Instant;

use solar_system::belt::{Belt, advance};
use solar_system::bodies::{DAY, SUN};
use solar_system::ephemeris::{DataError, Ephemeris};
use solar_system::step::step;

fn main() -> Result<(), DataError> {
    let (ephemeris, belt) = (Ephemeris::load()?, Belt::load()?);
    let (mut jd, count, steps) = (ephemeris.span().0, 100_000, 20);
    let mut state = ephemeris.state_at(jd)?;
    let gm = ephemeris.model.gm[SUN];
    let mut asteroids: Vec<_> = (0..count)
        .map(|index| {
            let mut orbit = belt.orbit(1, index);
            orbit.semi_major_axis *= ephemeris.astronomical_unit;
            let (position, velocity) = orbit.state(gm);
            (
                position + state.position[SUN],
                velocity + state.velocity[SUN],
            )
        })
        .collect();
    let (mut least_bodies, mut least_asteroids) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..steps {
        let begin = Instant::now();
        let (next, stages) = step(&ephemeris.model, jd, &state, DAY);
        least_bodies = least_bodies.min(begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        for (position, velocity) in &mut asteroids {
            advance(position, velocity, &stages, DAY);
        }
        black_box(&asteroids);
        least_asteroids = least_asteroids.min(begin.elapsed().as_secs_f64());
        (state, jd) = (next, jd + 1.0);
    }
    println!("massive bodies: {:.0} µs a step", least_bodies * 1e6);
    println!(
        "asteroids: {:.1} ns each a step",
        least_asteroids * 1e9 / count as f64
    );
    Ok(())
}
