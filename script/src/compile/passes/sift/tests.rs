//! Text in, text out; and loops that are left as they are.

use super::super::super::ir::{parse, verify};
use super::sift;

/// A system over arrays of 64 floats, 64 whole numbers and 8 floats in a resource (input 0), a column of two floats (input 1), and the number of rows (input 2).
fn text(lines: &str) -> String {
    format!(
        "component A {{ x: f32 x64, k: i32 x64, few: f32 x8, one: f32 }}\ncomponent P {{ 0: f32 x2 }}\n\
         system S(resource A, column P, count) {{\n%0: i32 = const 0\n%1: i32 = const 64\n%2: f32 = const 3\n%3: i32 = const 1\n%4: i32 = load 0.64[%0]\n%5: i32 = input 2\n{lines}\n}}"
    )
}

fn sifted(lines: &str) -> (usize, String) {
    let mut module = parse(&text(lines)).unwrap();
    verify(&module).unwrap_or_else(|fault| panic!("{fault} in {lines}"));
    let mut system = module.systems[0].clone();
    let found = sift(&module, &mut system, None);
    module.systems[0] = system;
    verify(&module).unwrap_or_else(|fault| panic!("{fault} in {module}"));
    (found, module.to_string())
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

/// A loop from 0 that carries a float, with the condition `%20` of its rounds in `asks`.
fn carries(asks: &str, hit: &str) -> String {
    format!(
        "%9: f32 = for @0 %10 in %0..%4 step 1 (%11: f32 = %2) {{\n{asks}\n%19: f32 = if %20 {{\n{hit}\n}} else {{\nyield(%11)\n}}\ncontinue @0(%19)\n}}\nyield()"
    )
}

const LESS: &str = "%12: f32 = load 0.0[%10]\n%20: bool = lt %12, %2";
const ADD: &str = "%21: f32 = add %11, %12\nyield(%21)";

#[test]
fn a_question_is_asked_of_a_group_and_hits_are_visited_in_order() {
    let (found, after) = sifted(&carries(&format!("spend %3\n{LESS}"), ADD));
    assert_eq!(found, 1);
    assert_eq!(lines(&after), lines(include_str!("after.txt")));
}

#[test]
fn what_can_be_asked_of_groups_is() {
    let sum = |asks: &str| carries(asks, "%21: f32 = neg %11\nyield(%21)");
    for asks in [
        LESS,
        // An index that begins again, of which a group may be asked where it does not.
        "%12: i32 = const 31\n%13: i32 = and %10, %12\n%14: f32 = load 0.0[%13]\n%20: bool = lt %14, %2",
        // What is asserted holds for the group or the rounds are done one by one.
        "%12: bool = lt_u %10, %1\nassert %12, item\n%13: f32 = load 0.0[%10]\n%20: bool = lt %13, %2",
        // A question that is asked only where another holds.
        "%12: f32 = load 0.0[%10]\n%13: bool = lt %12, %2\n%20: bool = if %13 {\n%14: i32 = load 0.64[%10]\n%15: bool = eq %14, %3\nyield(%15)\n} else {\n%16: bool = const false\nyield(%16)\n}",
        // Rows, and the number of a round.
        "%12: f32 = load 1[%10].1\n%13: bool = lt %12, %2\n%14: bool = ne %10, %3\n%20: bool = and %13, %14",
        // What is the same for each place.
        "%12: f32 = load 0.136\n%13: f32 = load 0.0[%10]\n%20: bool = lt %13, %12",
    ] {
        assert_eq!(sifted(&sum(asks)).0, 1, "{asks}");
    }
}

#[test]
fn a_round_may_pay_at_its_end() {
    let text = carries(LESS, ADD).replace("continue @0(%19)", "spend %3\ncontinue @0(%19)");
    assert_eq!(sifted(&text).0, 1);
    // Where only hits pay, they do so one by one.
    let text = format!(
        "for @0 %10 in %0..%4 step 1 {{\n{LESS}\nif %20 {{\ncontinue @0()\n}} else {{\nyield()\n}}\nspend %3\ncontinue @0()\n}}\nyield()"
    );
    let (found, after) = sifted(&text);
    assert_eq!((found, after.contains("left")), (1, false), "{after}");
}

#[test]
fn a_round_that_goes_on_at_once_where_nothing_is_to_be_done_is_one() {
    let text = format!(
        "for @0 %10 in %0..%4 step 1 {{\n{LESS}\nif %20 {{\ncontinue @0()\n}} else {{\nyield()\n}}\nstore 0.64[%10] = %3\ncontinue @0()\n}}\nyield()"
    );
    assert_eq!(sifted(&text).0, 1);
}

#[test]
fn what_cannot_be_asked_of_groups_is_left() {
    for (asks, hit) in [
        // It depends on what was found before.
        ("%12: f32 = load 0.0[%10]\n%20: bool = lt %12, %11", ADD),
        // What is asked changes at a hit.
        (LESS, "store 0.0[%10] = %2\nyield(%2)"),
        // The places do not follow one another.
        (
            "%13: i32 = load 0.64[%10]\n%14: i32 = const 63\n%15: i32 = and %13, %14\n%12: f32 = load 0.0[%15]\n%20: bool = lt %12, %2",
            ADD,
        ),
        // No group fits.
        ("%12: f32 = load 0.128[%10]\n%20: bool = lt %12, %2", ADD),
        // Of a place that may not be there, and is the same for all.
        (
            "%12: f32 = load 0.0[%10]\n%13: bool = lt_u %4, %1\n%20: bool = if %13 {\n%14: f32 = load 0.0[%4]\n%15: bool = lt %14, %12\nyield(%15)\n} else {\n%16: bool = const false\nyield(%16)\n}",
            ADD,
        ),
        // Nothing is looked at.
        ("%12: f32 = const 4\n%20: bool = ne %10, %3", ADD),
        // A hit pays for more than its round, or leaves the loop: of a group is paid at once.
        (
            "spend %3\n%12: f32 = load 0.0[%10]\n%20: bool = lt %12, %2",
            "spend %3\nyield(%2)",
        ),
        (
            "spend %3\n%12: f32 = load 0.0[%10]\n%20: bool = lt %12, %2",
            "break @0(%2)",
        ),
    ] {
        let text = carries(asks, hit);
        let (found, after) = sifted(&text);
        assert_eq!(found, 0, "{text}\n{after}");
        assert_eq!(after, parse(&self::text(&text)).unwrap().to_string());
    }
}

#[test]
fn a_loop_that_goes_round_a_few_times_is_left() {
    let text = carries(LESS, ADD).replace("%0..%4", "%0..%3");
    assert_eq!(sifted(&text).0, 0);
}
