//! The system that the project began with, word for word.

use super::program;
use super::runner::{Step, bytes, numbers, run};

const MOVEMENT: &str = "\
// Developer writes clean TypeScript
class MovementSystem {
  update(positions: Vec2[], velocities: Vec2[], dt: number) {
    for (let i = 0; i < positions.length; i++) {
      positions[i].x += velocities[i].x * dt;
      positions[i].y += velocities[i].y * dt;
    }
  }
}
";

#[test]
fn movement_compiles_unchanged_and_moves() {
    let program = program(MOVEMENT);
    let rows = 1001;
    let value = |i: usize, k: f32| ((i * 7919) % 1000) as f32 * k - 3.7;
    let mut positions: Vec<f32> = (0..2 * rows).map(|i| value(i, 0.37)).collect();
    let velocities: Vec<f32> = (0..2 * rows).map(|i| value(i + 5, 0.011)).collect();
    let mut columns = [
        ("Position", bytes(&positions)),
        ("Velocity", bytes(&velocities)),
    ];
    run(
        &program.wasm(),
        "MovementSystem",
        rows,
        &mut columns,
        Step {
            dt: 1.0 / 60.0,
            ..Step::default()
        },
    )
    .unwrap();
    for (position, velocity) in positions.iter_mut().zip(&velocities) {
        *position += velocity * (1.0 / 60.0);
    }
    assert_eq!(columns[0].1, bytes(&positions));
    assert_eq!(numbers::<f32>(&columns[1].1), velocities);
}

#[test]
fn access_is_read_off_the_code() {
    let program = program(MOVEMENT);
    assert_eq!(
        program.report(),
        "MovementSystem: reads Position, Velocity; writes Position\n  loop 1: four words at a time, as they stand in memory\n"
    );
    let manifest = crate::abi::read(&program.wasm()).unwrap();
    let columns: Vec<_> = manifest.systems[0].columns().collect();
    assert_eq!(columns, [("Position", true), ("Velocity", false)]);
    assert!(!manifest.systems[0].whole_chunks);
    let fields = &manifest.component("Position").unwrap().fields;
    assert_eq!((fields[0].name.as_str(), fields[0].count), ("0", 2));
}

#[test]
fn names_and_order_mean_nothing() {
    // The same system by other names, with its parameters and statements the other way round.
    let other = program(
        "class Drift { update(seconds: number, speed: Vec2[], place: Vec2[]) {
           for (let row = 0; row < speed.length; row++) {
             place[row].y += speed[row].y * seconds;
             place[row].x += speed[row].x * seconds;
           } } }",
    );
    let mut columns = [
        ("Place", bytes(&[1f32, 2.0, 3.0, 4.0])),
        ("Speed", bytes(&[10f32, 20.0, 30.0, 40.0])),
    ];
    run(&other.wasm(), "Drift", 2, &mut columns, Step::default()).unwrap();
    assert_eq!(numbers::<f32>(&columns[0].1), [6.0, 12.0, 18.0, 24.0]);
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    assert_eq!(program(MOVEMENT).wasm(), program(MOVEMENT).wasm());
}
