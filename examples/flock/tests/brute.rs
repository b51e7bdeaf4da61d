//! The grid against the obvious way: every boid looks at all boids, in order of cell and row.

use flock::rules::{Rules, Sight};
use flock::{Position, Velocity, populate};
use layerw::math::Vec3;
use layerw::memory::MemoryConfig;
use layerw::{Jobs, Runner, RunnerOptions, Sim};

const BOIDS: usize = 2_000;

/// One step for all boids; `order` is by cell and row.
fn brute_step(flock: &mut [(Vec3, Vec3)], rules: &Rules, dt: f32) -> u64 {
    let cell = |p: Vec3| {
        let scaled = p * (1.0 / rules.radius);
        (
            scaled.z.floor() as i32,
            scaled.y.floor() as i32,
            scaled.x.floor() as i32,
        )
    };
    let mut order: Vec<usize> = (0..flock.len()).collect();
    order.sort_by_key(|&row| (cell(flock[row].0), row));
    let mut seen = 0;
    let turned: Vec<Vec3> = flock
        .iter()
        .map(|&(position, velocity)| {
            let mut sight = Sight::default();
            for &row in &order {
                let (other, its_velocity) = flock[row];
                let squared = (other - position).length_squared();
                if squared < rules.radius * rules.radius && squared > 0.0 {
                    sight.add(rules, other - position, squared, its_velocity);
                }
            }
            seen += u64::from(sight.count);
            let wanted = velocity + sight.steer(rules, position, velocity) * dt;
            let speed = wanted.length().max(1e-6);
            wanted * (speed.clamp(rules.slowest, rules.fastest) / speed)
        })
        .collect();
    for ((position, velocity), turned) in flock.iter_mut().zip(turned) {
        *velocity = turned;
        *position += turned * dt;
    }
    seen
}

fn state(runner: &Runner) -> Vec<(Vec3, Vec3)> {
    runner
        .world()
        .query::<(&Position, &Velocity)>()
        .map(|(p, v)| (p.0, v.0))
        .collect()
}

#[test]
fn the_grid_gives_the_bits_of_looking_at_all() {
    let jobs = Jobs::new(2).expect("two workers start");
    let mut sim = Sim::with_memory(&MemoryConfig::with_total(64 << 20))
        .expect("64 MiB of address space")
        .hertz(60.0);
    populate(&mut sim, BOIDS, 7);
    let mut runner =
        Runner::new(sim, &jobs, RunnerOptions::default()).expect("the systems form a graph");
    let rules = *runner
        .world()
        .resource::<Rules>()
        .expect("populate inserts the rules");
    let mut brute = state(&runner);
    for step in 0..60 {
        let seen = brute_step(&mut brute, &rules, (1.0f64 / 60.0) as f32);
        runner.step().expect("the step runs");
        let grid = state(&runner);
        for (row, (a, b)) in grid.iter().zip(&brute).enumerate() {
            let bits = |v: Vec3| v.to_array().map(f32::to_bits);
            assert_eq!(
                (bits(a.0), bits(a.1)),
                (bits(b.0), bits(b.1)),
                "step {step}, boid {row}"
            );
        }
        // A small flock is mostly surface; the big one sees more.
        assert!(
            seen >= 10 * BOIDS as u64,
            "a boid sees {} others on average",
            seen as f64 / BOIDS as f64
        );
    }
}
