//! The text of small systems, and what rustc makes of it.

use super::{RustError, text};
use crate::compile::ir::{parse, verify};

fn rust(form: &str) -> Result<String, RustError> {
    let module = parse(form).expect("the form is well written");
    verify(&module).expect("the form keeps the rules");
    text(&module, &[])
}

/// The function of the only system, without what stands around it.
fn check(form: &str, expected: &str) {
    let all = rust(form).expect("there is a Rust form");
    let start = all.find("pub fn ").expect("a function");
    let end = all[start..].find("\n}\n").expect("its end") + start + 3;
    assert_eq!(&all[start..end], expected, "all of it:\n{all}");
}

const MOVEMENT: &str = "\
component Position { x: f32, y: f32 }
component Velocity { 0: f32 x2 }
system MovementSystem(column Position, column Velocity, count, dt) {
  %0: i32 = const 0
  %1: i32 = input 2
  %2: f32 = input 3
  for @0 %3 in %0..%1 step 1 {
    %4: f32 = load 0[%3].0
    %5: f32 = load 1[%3].0
    %6: f32 = mul %5, %2
    %7: f32 = add %4, %6
    store 0[%3].0 = %7
    %8: f32 = load 0[%3].1
    %9: f32 = load 1[%3].1
    %10: f32 = mul %9, %2
    %11: f32 = add %8, %10
    store 0[%3].1 = %11
    continue @0()
  }
  yield()
}
";

#[test]
fn a_loop_over_rows_becomes_a_function_of_one_row() {
    let all = rust(MOVEMENT).unwrap();
    assert_eq!(
        all,
        "\
//! Made from  by `layerw_script::compile`; change that and make it again.

use layerw::{Cx, Sim, component};

/// `Position` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position {
    /// `x`.
    pub x: f32,
    /// `y`.
    pub y: f32,
}

/// `Velocity` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub [f32; 2]);

/// `MovementSystem`.
pub fn movement_system(position: &mut Position, velocity: &Velocity, cx: Cx) {
    position.x = position.x + velocity.0[0] * cx.dt;
    position.y = position.y + velocity.0[1] * cx.dt;
}

/// Adds the systems to a simulation, in written order.
pub fn add(sim: &mut Sim) {
    sim.each(movement_system);
}
"
    );
}

#[test]
fn reads_do_not_move_past_writes() {
    check(
        "component A { a: f32, b: f32 }
system Swap(column A, count) {
  %0: i32 = const 0
  %1: i32 = input 1
  for @0 %2 in %0..%1 step 1 {
    %3: f32 = load 0[%2].0
    %4: f32 = load 0[%2].1
    store 0[%2].0 = %4
    store 0[%2].1 = %3
    continue @0()
  }
  yield()
}
",
        "\
pub fn swap(a: &mut A) {
    let v3: f32 = a.a;
    a.a = a.b;
    a.b = v3;
}
",
    );
}

#[test]
fn branches_yield_and_rows_are_left_early() {
    check(
        "component Health { now: f32, most: f32, hits: u32 }
system Heal(column Health, count) {
  %0: i32 = const 0
  %1: i32 = input 1
  %2: f32 = const 0.0
  %3: f32 = const 1.5
  for @0 %4 in %0..%1 step 1 {
    %5: f32 = load 0[%4].0
    %6: bool = le %5, %2
    if %6 {
      continue @0()
    } else {
      yield()
    }
    %7: f32 = load 0[%4].1
    %8: bool = lt %5, %7
    %9: f32 = if %8 {
      %10: f32 = add %5, %3
      %11: f32 = min %10, %7
      yield(%11)
    } else {
      yield(%7)
    }
    store 0[%4].0 = %9
    %12: i32 = load 0[%4].2
    %13: i32 = const -1
    %14: bool = lt_u %12, %13
    %15: i32 = const 1
    %16: i32 = add %12, %15
    %17: i32 = select %14, %16, %13
    store 0[%4].2 = %17
    continue @0()
  }
  yield()
}
",
        "\
pub fn heal(health: &mut Health) {
    let v5: f32 = health.now;
    if v5 <= 0.0 {
        return;
    }
    let v7: f32 = health.most;
    let v9: f32 = if v5 < v7 {
        min_f32(v5 + 1.5, v7)
    } else {
        v7
    };
    health.now = v9;
    let v12: i32 = health.hits as i32;
    health.hits = (if (v12 as u32) < (-1_i32 as u32) { v12.wrapping_add(1) } else { -1 }) as u32;
}
",
    );
}

#[test]
fn choices_of_truth_are_short() {
    check(
        "component Place { x: f32, y: f32 }
system Fold(column Place, count) {
  %0: i32 = const 0
  %1: i32 = input 1
  %2: f32 = const 0.0
  %3: f32 = const 100.0
  for @0 %4 in %0..%1 step 1 {
    %5: f32 = load 0[%4].0
    %6: bool = lt %5, %2
    %7: bool = if %6 {
      %8: bool = const true
      yield(%8)
    } else {
      %9: f32 = load 0[%4].1
      %10: bool = gt %9, %3
      yield(%10)
    }
    if %7 {
      %11: f32 = max %5, %2
      %12: f32 = min %3, %11
      store 0[%4].0 = %12
      yield()
    } else {
      yield()
    }
    continue @0()
  }
  yield()
}
",
        "\
pub fn fold(place: &mut Place) {
    let v5: f32 = place.x;
    if v5 < 0.0 || place.y > 100.0 {
        place.x = at_most_f32(at_least_f32(v5, 0.0), 100.0);
    }
}
",
    );
}

#[test]
fn what_is_not_one_loop_takes_the_rows_of_a_chunk() {
    check(
        "component Mass { 0: f32 }
component Pull { x: f64 }
system Pairs(column Mass, column Pull, count) {
  %0: i32 = const 0
  %1: i32 = input 2
  for @0 %2 in %0..%1 step 1 {
    %3: f64 = const 0.0
    %4: f64 = for @1 %5 in %0..%1 step 1 (%6: f64 = %3) {
      %7: f32 = load 0[%5].0
      %8: f64 = f32_to_f64 %7
      %9: f64 = add %6, %8
      continue @1(%9)
    }
    store 1[%2].0 = %4
    continue @0()
  }
  yield()
}
",
        "\
pub fn pairs(mass: &[Mass], pull: &mut [Pull]) {
    'l0: for v2 in 0..mass.len() as i32 {
        let mut v6: f64 = 0.0;
        'l1: for v5 in 0..mass.len() as i32 {
            v6 = v6 + mass[v5 as usize].0 as f64;
        }
        pull[v2 as usize].x = v6;
    }
}
",
    );
}

#[test]
fn integers_wrap_and_divisors_are_looked_at() {
    check(
        "component N { a: i32, b: i32, c: u32 }
system Ints(column N, count) {
  %0: i32 = const 0
  %1: i32 = input 1
  for @0 %2 in %0..%1 step 1 {
    %3: i32 = load 0[%2].0
    %4: i32 = load 0[%2].1
    %5: i32 = div_s %3, %4
    %6: i32 = mul %5, %5
    store 0[%2].0 = %6
    %7: i32 = const 3
    %8: i32 = load 0[%2].2
    %9: i32 = rem_u %8, %7
    %10: i32 = shr_u %9, %7
    store 0[%2].2 = %10
    continue @0()
  }
  yield()
}
",
        "\
pub fn ints(n: &mut N) {
    let v4: i32 = n.b;
    assert!(v4 != 0, \"a whole number divided by 0\");
    let v5: i32 = n.a.wrapping_div(v4);
    n.a = v5.wrapping_mul(v5);
    let v10: i32 = ((n.c as i32 as u32).wrapping_rem(3_i32 as u32) as i32 as u32).wrapping_shr(3_i32 as u32) as i32;
    n.c = v10 as u32;
}
",
    );
}

#[test]
fn a_system_without_rows_runs_once_and_may_write_resources() {
    check(
        "component Grid { cell: f32, counts: u32 x100, bytes: u8 x4 }
system Count(resource Grid, step) {
  %0: i64 = input 1
  %1: i32 = i64_to_i32 %0
  %2: i32 = const 100
  %3: i32 = rem_u %1, %2
  %4: i32 = load 0.1[%3]
  %5: i32 = add %4, %1
  store 0.1[%3] = %5
  %6: i32 = const 3
  store 0.101[%6] = %5
  yield()
}
",
        "\
pub fn count(mut grid: ResMut<Grid>, cx: Cx) {
    let v1: i32 = cx.step as i64 as i32;
    let v3: i32 = (v1 as u32).wrapping_rem(100_i32 as u32) as i32;
    let v5: i32 = (grid.counts[v3 as usize] as i32).wrapping_add(v1);
    grid.counts[v3 as usize] = v5 as u32;
    grid.bytes[3 as usize] = v5 as u8;
}
",
    );
}

#[test]
fn commands_are_recorded_with_values_of_their_types() {
    let form = "component X { 0: f32 }
component Child { parent: Entity, age: u32 }
template (X, Child)
template (X)
system Breed(entities, column X, count) {
  %0: i32 = const 0
  %1: i32 = input 2
  for @0 %2 in %0..%1 step 1 {
    %3: i64 = load 0[%2].0
    %4: f32 = load 1[%2].0
    spawn 0 (%4, %3, %0)
    insert 1 %3 (%4)
    remove 1 %3 ()
    despawn %3 ()
    continue @0()
  }
  yield()
}
";
    check(
        form,
        "\
pub fn breed(entity: Entity, x: &X, mut commands: Commands) {
    let v3: i64 = entity.to_bits() as i64;
    let v4: f32 = x.0;
    commands.spawn((X(v4), Child { parent: Entity::from_bits(v3 as u64).expect(\"an entity\"), age: (0_i32 as u32) }));
    commands.insert(Entity::from_bits(v3 as u64).expect(\"an entity\"), X(v4));
    commands.remove::<X>(Entity::from_bits(v3 as u64).expect(\"an entity\"));
    commands.despawn(Entity::from_bits(v3 as u64).expect(\"an entity\"));
}
",
    );
    let all = rust(form).unwrap();
    assert!(
        all.contains("use layerw::{Commands, Entity, Sim, component};"),
        "{all}"
    );
    let module = parse(form).unwrap();
    assert_eq!(
        parse(&module.to_string()).unwrap(),
        module,
        "it reads what it prints"
    );
    let chunk = form.replace("%4: f32 = load 1[%2].0", "%4: f32 = load 1[%0].0");
    let error = rust(&chunk).unwrap_err().to_string();
    assert!(error.contains("not one loop over the rows"), "{error}");
    let filtered = form.replace(", count) {", ", count) without (Child) {");
    let error = rust(&filtered).unwrap_err().to_string();
    assert!(
        error.contains("which components entities must have"),
        "{error}"
    );
}

#[test]
fn what_rust_has_no_name_for_is_refused() {
    let refused = |form: &str, reason: &str| {
        let error = rust(form).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    };
    let system = |component: &str, name: &str, inputs: &str| {
        format!("{component}\nsystem {name}({inputs}) {{\n  yield()\n}}\n")
    };
    refused(
        &system("component Self { x: f32 }", "A", "column Self, count"),
        "`Self` is not a name in Rust",
    );
    refused(
        "component Total { 0: f32 }
component X { 0: f32 }
system Sum(resource Total, column X, count) {
  %0: f32 = const 1.0
  store 0.0 = %0
  yield()
}
",
        "it writes the resource `Total` and takes rows",
    );
}

#[test]
fn words_of_rust_become_raw_names() {
    let all = rust("component Type { x: f32 }\nsystem Move(column Type, count) {\n  yield()\n}\n");
    let all = all.unwrap();
    assert!(all.contains("pub fn r#move(r#type: &[Type])"), "{all}");
}
