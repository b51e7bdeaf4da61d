//! Text in, text out, for each pass.

use super::super::ir::{System, parse, verify};
use super::{count, dead, hoist, simplify, unblock};

/// Lines of a system over a column of two floats (input 0), a resource of one (input 1), with the count (input 2) and seconds (input 3), before and after.
fn check(pass: fn(&mut System), before: &str, after: &str) {
    let text = |lines: &str| {
        format!(
            "component P {{ 0: f32 x2 }}\ncomponent R {{ 0: f32 }}\nsystem S(column P, resource R, count, dt) {{\n{lines}\n}}"
        )
    };
    let mut module = parse(&text(before)).unwrap();
    verify(&module).unwrap_or_else(|fault| panic!("{fault} in {before}"));
    pass(&mut module.systems[0]);
    verify(&module).unwrap_or_else(|fault| panic!("{fault} in {module}"));
    let wanted = parse(&text(after)).unwrap();
    let lines = |text: String| {
        text.lines()
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(module.to_string()), lines(wanted.to_string()));
}

fn simple(system: &mut System) {
    simplify::simplify(system, None);
}

#[test]
fn constants_fold_and_equal_operations_become_one() {
    check(
        simple,
        "%0: i32 = const 2\n%1: i32 = const 3\n%2: i32 = mul %0, %1\n%3: i32 = const 6\n%4: i32 = input 2\n%5: i32 = add %4, %2\n\
         %6: i32 = add %4, %3\n%7: bool = lt %5, %6\nassert %7, row\nyield()",
        "%0: i32 = const 2\n%1: i32 = const 3\n%2: i32 = const 6\n%4: i32 = input 2\n%5: i32 = add %4, %2\n\
         %7: bool = lt %5, %5\nassert %7, row\nyield()",
    );
}

#[test]
fn memory_is_known_until_it_may_have_changed() {
    check(
        simple,
        "%0: i32 = const 0\n%1: i32 = input 2\n%2: f32 = load 0[%0].0\n%3: f32 = load 0[%0].0\n%4: f32 = add %2, %3\nstore 0[%0].0 = %4\n\
         %5: f32 = load 0[%0].0\nstore 0[%1].1 = %5\n%6: f32 = load 0[%0].0\nstore 0[%1].0 = %6\n%7: f32 = load 0[%0].0\nstore 0[%0].1 = %7\nyield()",
        "%0: i32 = const 0\n%1: i32 = input 2\n%2: f32 = load 0[%0].0\n%4: f32 = add %2, %2\nstore 0[%0].0 = %4\n\
         store 0[%1].1 = %4\nstore 0[%1].0 = %4\n%7: f32 = load 0[%0].0\nstore 0[%0].1 = %7\nyield()",
    );
}

#[test]
fn a_row_between_0_and_the_end_of_its_loop_is_there() {
    check(
        simple,
        "%0: i32 = const 0\n%1: i32 = input 2\n%2: f32 = input 3\n%9: i32 = const 1\nfor @0 %3 in %0..%1 step 1 {\n%4: bool = lt_u %3, %1\nassert %4, row\n\
         store 0[%3].0 = %2\n%5: i32 = add %3, %9\n%6: bool = lt_u %5, %1\nassert %6, row\nassert %6, row\nstore 0[%5].0 = %2\ncontinue @0()\n}\nyield()",
        "%0: i32 = const 0\n%1: i32 = input 2\n%2: f32 = input 3\n%9: i32 = const 1\nfor @0 %3 in %0..%1 step 1 {\n%4: bool = const true\n\
         store 0[%3].0 = %2\n%5: i32 = add %3, %9\n%6: bool = lt_u %5, %1\nassert %6, row\nstore 0[%5].0 = %2\ncontinue @0()\n}\nyield()",
    );
}

#[test]
fn a_condition_that_is_known_is_none() {
    check(
        simple,
        "%0: bool = const true\n%1: f32 = input 3\n%2: f32 = if %0 {\n%3: f32 = neg %1\nyield(%3)\n} else {\nyield(%1)\n}\n%4: i32 = const 0\nstore 0[%4].0 = %2\nyield()",
        "%0: bool = const true\n%1: f32 = input 3\n%3: f32 = neg %1\n%4: i32 = const 0\nstore 0[%4].0 = %3\nyield()",
    );
}

#[test]
fn what_is_the_same_each_round_is_done_before() {
    check(
        |system| hoist::hoist(system, None),
        "%0: i32 = const 0\n%1: i32 = input 2\nfor @0 %2 in %0..%1 step 1 {\n%3: f32 = load 1.0\n%4: f32 = const 2\n%5: f32 = mul %3, %4\n\
         %6: f32 = load 0[%2].0\n%7: f32 = add %5, %6\nstore 0[%2].0 = %7\ncontinue @0()\n}\nyield()",
        "%0: i32 = const 0\n%1: i32 = input 2\n%3: f32 = load 1.0\n%4: f32 = const 2\n%5: f32 = mul %3, %4\nfor @0 %2 in %0..%1 step 1 {\n\
         %6: f32 = load 0[%2].0\n%7: f32 = add %5, %6\nstore 0[%2].0 = %7\ncontinue @0()\n}\nyield()",
    );
}

#[test]
fn a_resource_that_the_loop_writes_is_read_each_round() {
    let same = "%0: i32 = const 0\n%1: i32 = input 2\nfor @0 %2 in %0..%1 step 1 {\n%3: f32 = load 1.0\nstore 1.0 = %3\ncontinue @0()\n}\nyield()";
    check(|system| hoist::hoist(system, None), same, same);
}

#[test]
fn what_nobody_needs_goes() {
    check(
        |system| dead::remove_dead(system, None),
        "%0: i32 = const 0\n%1: f32 = input 3\n%2: f32 = neg %1\n%3: f32 = load 0[%0].1\nstore 0[%0].0 = %1\nstore 0[%0].0 = %1\n\
         %4: bool = const true\nstore 0[%0].1 = %1\nassert %4, row\nstore 0[%0].1 = %1\nyield()",
        "%0: i32 = const 0\n%1: f32 = input 3\nstore 0[%0].0 = %1\n\
         %4: bool = const true\nstore 0[%0].1 = %1\nassert %4, row\nstore 0[%0].1 = %1\nyield()",
    );
}

#[test]
fn an_early_return_becomes_a_condition() {
    check(
        |system| unblock::unblock(system, None),
        "%0: f32 = input 3\n%1: bool = lt %0, %0\n%2: f32 = block @0 {\nif %1 {\nbreak @0(%0)\n} else {\nyield()\n}\n%3: f32 = neg %0\nbreak @0(%3)\n}\n\
         %4: i32 = const 0\nstore 0[%4].0 = %2\nyield()",
        "%0: f32 = input 3\n%1: bool = lt %0, %0\n%5: f32 = if %1 {\nyield(%0)\n} else {\n%3: f32 = neg %0\nyield(%3)\n}\n\
         %4: i32 = const 0\nstore 0[%4].0 = %5\nyield()",
    );
}

const COUNTS: &str = "%0: i32 = const 0\n%1: i32 = input 2\n%2: i32 = const 1\n%3: f32 = input 3\n\
    %4: i32, %5: f32 = loop @0 (%6: i32 = %0, %7: f32 = %3) {\nspend %2\n%8: i32 = mul %1, %1\n%9: bool = lt %6, %8\n\
    if %9 {\nyield()\n} else {\nbreak @0(%6, %7)\n}\n%10: f32 = neg %7\n%11: i32 = add %6, %2\ncontinue @0(%11, %10)\n}\n\
    store 1.0 = %5\n%12: bool = lt_u %4, %1\nassert %12, row\nyield()";

#[test]
fn a_loop_that_counts_is_counted() {
    check(
        |system| count::count(system, None),
        COUNTS,
        "%0: i32 = const 0\n%1: i32 = input 2\n%2: i32 = const 1\n%3: f32 = input 3\nspend %2\n%8: i32 = mul %1, %1\n\
         %5: f32 = for @0 %6 in %0..%8 step 1 (%7: f32 = %3) {\n%9: bool = lt %6, %8\n%10: f32 = neg %7\n%11: i32 = add %6, %2\nspend %2\n\
         continue @0(%10)\n}\n%13: bool = lt %0, %8\n%4: i32 = select %13, %8, %0\nstore 1.0 = %5\n%12: bool = lt_u %4, %1\nassert %12, row\nyield()",
    );
}

#[test]
fn a_loop_whose_end_moves_or_that_is_left_elsewhere_is_not() {
    for (from, to) in [
        ("mul %1, %1", "mul %6, %1"),
        ("add %6, %2", "add %6, %1"),
        ("spend %2\n%8", "%8"),
        ("lt %6", "le %6"),
        // It would be a loop over the rows, of which the host is told.
        ("lt %6, %8", "lt %6, %1"),
        (
            "%10: f32",
            "if %9 {\nbreak @0(%6, %7)\n} else {\nyield()\n}\n%10: f32",
        ),
    ] {
        let same = COUNTS.replace(from, to);
        check(|system| count::count(system, None), &same, &same);
    }
}
