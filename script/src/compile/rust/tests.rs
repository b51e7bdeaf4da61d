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
    place.x = if v5 < 0.0 || place.y > 100.0 { at_most_f32(at_least_f32(v5, 0.0), 100.0) } else { place.x };
}
",
    );
}

#[test]
fn a_choice_of_what_to_write_is_written_in_any_case() {
    // What an arm does beside writing one number of its own row stays where it is.
    let form = "component Place { x: f32, y: f32 }
system Turn(column Place, count) {
  %0: i32 = const 0
  %1: i32 = input 1
  %2: f32 = const 0.0
  for @0 %4 in %0..%1 step 1 {
    %5: f32 = load 0[%4].0
    %6: bool = lt %5, %2
    if %6 {
      %7: f32 = load 0[%4].1
      %8: f32 = neg %7
      store 0[%4].1 = %8
      yield()
    } else {
      yield()
    }
    continue @0()
  }
  yield()
}
";
    check(
        form,
        "\
pub fn turn(place: &mut Place) {
    place.y = if place.x < 0.0 { -place.y } else { place.y };
}
",
    );
    let twice = form.replace(
        "      store 0[%4].1 = %8\n",
        "      store 0[%4].1 = %8\n      store 0[%4].0 = %8\n",
    );
    assert!(rust(&twice).unwrap().contains("    if place.x < 0.0 {\n"));
    let dear = form.replace("neg %7", "sin %7");
    assert!(rust(&dear).unwrap().contains("    if place.x < 0.0 {\n"));
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
    for v2 in 0..mass.len() as i32 {
        let mut v6: f64 = 0.0;
        for v5 in 0..mass.len() as i32 {
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
    let v10: i32 = ((n.c as i32 as u32).wrapping_rem(3) as i32 as u32).wrapping_shr(3) as i32;
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
    let grid = &mut *grid;
    let v1: i32 = cx.step as i64 as i32;
    let v3: i32 = (v1 as u32).wrapping_rem(100) as i32;
    let v5: i32 = (grid.counts[v3 as usize] as i32).wrapping_add(v1);
    grid.counts[v3 as usize] = v5 as u32;
    grid.bytes[3] = v5 as u8;
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
    commands.spawn((X(v4), Child { parent: Entity::from_bits(v3 as u64).expect(\"an entity\"), age: 0 }));
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
    let all = rust(&chunk).unwrap();
    for part in [
        "pub fn breed(entities: &[Entity], x: &[X], mut commands: Commands) {",
        "let v3: i64 = entities[v2 as usize].to_bits() as i64;",
        "    sim.chunks(breed);\n",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

#[test]
fn filters_stand_where_systems_are_added() {
    let form = "component X { 0: f32 }
component Burning { }
component Dead { }
system Burn(column X, count) with (Burning) without (Dead) {
  %0: i32 = const 0
  %1: i32 = input 1
  %2: f32 = const 1.5
  for @0 %3 in %0..%1 step 1 {
    store 0[%3].0 = %2
    continue @0()
  }
  yield()
}
";
    let all = rust(form).unwrap();
    assert!(
        all.contains("use layerw::{IntoRow, Sim, component};"),
        "{all}"
    );
    assert!(
        all.contains("    sim.each(burn.with::<Burning>().without::<Dead>());\n"),
        "{all}"
    );
    let chunk = form.replace("0[%3].0", "0[%0].0");
    let all = rust(&chunk).unwrap();
    assert!(
        all.contains("    sim.each(over_chunks(burn).with::<Burning>().without::<Dead>());\n"),
        "{all}"
    );
}

/// Counts rows, with what stands at `HERE` instead of the first number of the resource.
const TOTAL: &str = "component Total { rows: u32, of: f32 }
component X { 0: f32 }
component Dead { }
resource Total { 1: f32 = 2.5 }
system Sum(resource Total, column X, count) without (Dead) {
  %0: i32 = const 0
  %1: i32 = input 2
  %2: i32 = const 1
  for @0 %3 in %0..%1 step 1 {
    %4: i32 = load 0.0
    %5: i32 = add %4, %2
    store 0.0 = %5
    continue @0()
  }
  yield()
}
";

#[test]
fn who_writes_a_resource_goes_over_the_rows_itself() {
    check(
        TOTAL,
        "\
pub fn sum(rows: Query<&X, Without<Dead>>, mut total: ResMut<Total>) {
    let total = &mut *total;
    for _x in rows.iter() {
        total.rows = (total.rows as i32).wrapping_add(1) as u32;
    }
}
",
    );
    let all = rust(TOTAL).unwrap();
    assert!(all.contains("    sim.system(sum);\n"), "{all}");
    // What is read before the rows differs from chunk to chunk.
    let before = TOTAL
        .replace("  for @0", "  %4: i32 = load 0.0\n  for @0")
        .replace("    %4: i32 = load 0.0\n", "");
    let all = rust(&before).unwrap();
    assert!(
        all.contains(
            "    for x in rows.slices() {\n        if x.is_empty() {\n            continue;"
        ),
        "{all}"
    );
}

#[test]
fn resources_are_made_where_the_world_lacks_them() {
    let all = rust(TOTAL).unwrap();
    for part in [
        "    if world.resource::<Total>().is_none() {
        world.insert_resource(Total { rows: 0, of: 2.5 });
    }
",
        "pub fn add(sim: &mut Sim) {\n    resources(&mut sim.world);\n    sim.system(sum);\n}\n",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
    let large = TOTAL.replace("of: f32 }", "of: f32, all: f64 x4000 }");
    let all = rust(&large).unwrap();
    assert!(
        all.contains("&vec![0;") || all.contains("vec![0; size_of::<Total>()]"),
        "{all}"
    );
    assert!(all.contains("        value.of = 2.5;\n"), "{all}");
}

#[test]
fn names_do_not_meet() {
    // A component that is both a column and an event, one that is called as the engine calls something, systems of one name but for its form.
    let mut module = parse(
        "component Sim { x: f32 }
component V1 { x: f32 }
system Add(column Sim, events Sim, column V1, count) {
  %0: i32 = const 0
  %1: f32 = load 0[%0].0
  store 2[%0].0 = %1
  yield()
}
system MoveAll(column V1, count) {
  yield()
}
system MoveOn(column V1, count) {
  yield()
}
",
    )
    .unwrap();
    // As a class that starts is called.
    module.systems[2].name = "Move.all".to_owned();
    let all = text(&module, &[]).unwrap();
    for part in [
        "#[component(name = \"Sim\")]",
        "pub struct Sim_ {",
        "pub fn add_(sim_: &[Sim_], _sim__: Events<Sim_>, v1_: &mut [V1])",
        "pub fn move_all(",
        "pub fn move_all_(",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
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
    let columns: Vec<String> = (0..13).map(|n| format!("C{n}")).collect();
    let components: String = columns
        .iter()
        .map(|name| format!("component {name} {{ x: f32 }}\n"))
        .collect();
    let inputs: Vec<String> = columns
        .iter()
        .map(|name| format!("column {name}"))
        .collect();
    refused(
        &system(
            &components,
            "Wide",
            &format!("{}, count", inputs.join(", ")),
        ),
        "it takes 13 things, and a function that becomes a system takes 12",
    );
}

#[test]
fn a_refusal_names_the_place() {
    let source = "class Ort { größe: f32; }\n\nclass Grow {\n  update(orts: Ort[]) { for (const one of orts) one.größe += 1; }\n}\n";
    let source = crate::compile::Source::new("ort.ts", source);
    let program = crate::compile::compile(&[source]).expect("it is in the language");
    let said = program.rust().unwrap_err().to_string();
    assert_eq!(
        said,
        "ort.ts:1:7: `Ort` cannot be written as Rust: `größe` is not a name in Rust; use letters a to z, digits and `_`"
    );
}

#[test]
fn words_of_rust_become_raw_names() {
    let all = rust("component Type { x: f32 }\nsystem Move(column Type, count) {\n  yield()\n}\n");
    let all = all.unwrap();
    assert!(all.contains("pub fn r#move(_type: &[Type])"), "{all}");
}
