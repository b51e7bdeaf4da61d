//! Text in, the same text out; and what the verifier says of texts that break a rule.

use super::super::{parse, verify};

/// Everything that the form has.
const ALL: &str = "\
source \"a.ts\"
component Body { mass: f32, velocity: f32 x3 }
component Flags { big: f64, wide: u64, a: i32, b: u32, on: bool x8 }
component Wind { 0: f32 x2 }
system All(column Body, column Flags, resource Wind, count, dt, dt64, step, seed) {
  %0: i32 = const 0 @0:17
  %1: i32 = input 3
  %2: f32 = input 4
  %3: f64 = input 5
  %4: i64 = input 6
  %5: f32 = const -1.5
  %6: f32 = const nan:2143289344
  %7: f64 = const 1e-7
  %8: i64 = const -3
  %9: bool = const true
  %10: f32 = const -inf
  %11: f32 = load 2.1
  for @0 %12 in %0..%1 step 1 {
    %13: f32 = load 0[%12].3
    %14: f32 = mul %13, %11
    %15: bool = lt %14, %5
    %16: f32 = if %15 {
      %17: f32 = neg %14
      yield(%17)
    } else {
      continue @0()
    }
    %18: f32 = select %15, %16, %14
    store 0[%12].0 = %18
    store 1[%12].4 = %15
    continue @0()
  }
  %19: i32, %20: f32 = loop @1 (%21: i32 = %0, %22: f32 = %5) {
    refill
    spend %21
    %23: i32 = const 1
    %24: i32 = add %21, %23
    %25: bool = ge %24, %1
    if %25 {
      break @1(%24, %22)
    } else {
      yield()
    }
    %26: bool = lt_u %24, %1
    assert %26, row
    continue @1(%24, %22)
  }
  %27: i32 = block @2 {
    if %9 {
      break @2(%0)
    } else {
      yield()
    }
    yield(%19)
  }
  %28: f32x4 = splat %2
  for @3 %29 in %0..%27 step 4 {
    %30: f32x4 = load 0[%29]
    unreachable
  }
  %31: i32x4 = ramp %0
  %32: boolx4 = eq %31, %31
  %33: i32 = bits %32
  %34: i32 = lowest %33
  %35: i32 = left
  spend %35
  yield()
}
";

#[test]
fn what_is_printed_reads_back() {
    let module = parse(ALL).unwrap();
    assert_eq!(module.to_string(), ALL);
    assert_eq!(parse(&module.to_string()).unwrap(), module);
}

/// Lines of a system with a column of two floats as input 0, one with a double as 1, and the count as 2.
fn check(lines: &str, fault: &str) {
    let text = format!(
        "component Position {{ 0: f32 x2 }}\ncomponent Deep {{ 0: f64 }}\n\
         system S(column Position, column Deep, count) {{\n{lines}\nyield()\n}}"
    );
    let module = parse(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let found = verify(&module).map_or_else(|fault| fault.what, |()| String::new());
    assert_eq!(found, fault, "{text}");
}

#[test]
fn rules_that_hold() {
    check(
        "%0: i32 = input 2\n%1: f32 = load 0[%0].1\nstore 0[%0].0 = %1",
        "",
    );
    check(
        "%0: i32 = const 0\n%1: f32x4 = load 0[%0]\nstore 0[%0] = %1",
        "",
    );
    check(
        "%0: i32 = input 2\nfor @0 %1 in %0..%0 step 4 { %2: f32x4 = load 0[%1].0\n%3: boolx4 = lt %2, %2\ncontinue @0() }",
        "",
    );
}

#[test]
fn rules_that_are_broken() {
    check(
        "%0: f32 = add %1, %1\n%1: f32 = const 1",
        "%1 is used before it is defined",
    );
    check(
        "%0: i32 = const 1\n%0: i32 = const 1",
        "%0 is defined twice",
    );
    check(
        "%0: bool = const true\nif %0 { %1: i32 = const 1\nyield() } else { yield() }\n%2: i32 = add %1, %1",
        "%1 is used outside of its region",
    );
    check(
        "%0: i32 = const 1\n%1: f32 = neg %0",
        "%0 is i32 and should be f32",
    );
    check(
        "%0: i32 = const 1\n%1: i32 = div %0, %0",
        "there is no div of i32",
    );
    check(
        "%0: i32 = const 1\n%1: i32 = lt %0, %0",
        "a result is i32 and should be bool",
    );
    check(
        "%0: i32 = const 1\n%1: f64 = f32_to_f64 %0",
        "there is no f32_to_f64 of i32",
    );
    check(
        "%0: f64 = const 1\n%1: f32x4 = splat %0",
        "a result is f32x4, and there is no such vector",
    );
    check("%0: f32 = input 2", "input 2 is no f32");
    check("%0: f32 = input 0", "input 0 is no f32");
    check("%0: f32 = input 7", "input 7 is no f32");
    check(
        "%0: i32 = const 0\n%1: f32 = load 0[%0].2",
        "0[%0].2 is no slot of Position",
    );
    check(
        "%0: i32 = const 0\n%1: i32 = load 0[%0].1",
        "0[%0].1 is f32 and the value i32",
    );
    check(
        "%0: i32 = const 0\n%1: f32 = load 2[%0].1",
        "input 2 is no memory",
    );
    check("%0: f32 = load 0.1", "0.1 names no row of a column");
    check(
        "%0: f32 = const 0\n%1: f32 = load 0[%0].1",
        "%0 is f32 and should be i32",
    );
    check(
        "%0: i32 = const 0\nassert %0, row",
        "%0 is i32 and should be bool",
    );
    check(
        "%0: i32 = const 0\nfor @0 %1 in %0..%0 step 0 { continue @0() }",
        "@0 does not move",
    );
    check(
        "%0: i32 = const 0\nfor @0 %1 in %0..%0 step 1 { yield() }",
        "the body of a loop yields; it goes on by `continue`",
    );
    check(
        "block @0 { continue @0() }",
        "continue @0, which is a block",
    );
    check(
        "block @0 { yield() }\nblock @0 { yield() }",
        "@0 stands twice",
    );
    check(
        "block @0 { yield() }\nblock @1 { break @0() }",
        "@0 does not stand around what goes there",
    );
    check(
        "%0: i32 = block @0 { yield() }",
        "yield passes 0 values where 1 are due",
    );
    check(
        "%0: i32 = const 0\n%1: f32 = loop @0 (%2: i32 = %0) { break @0(%2) }",
        "%2 is i32 and should be f32",
    );
    check(
        "%0: i32, %1: i32 = const 1",
        "an instruction gives 2 results and not one",
    );
}

#[test]
fn inputs_that_overlap_or_have_padding_are_broken_rules() {
    let fault = |text: &str| verify(&parse(text).unwrap()).unwrap_err().what;
    let twice = "component A { 0: f32 }\nsystem S(column A, resource A) { yield() }";
    assert_eq!(
        fault(twice),
        "two inputs are of component A; they would overlap"
    );
    let padded = "component A { a: f32, b: f64 }\nsystem S(column A) { yield() }";
    assert_eq!(fault(padded), "component A has padding");
}

/// Texts with a piece lost, doubled or changed: read or refused, and if read, judged; never a panic.
#[test]
fn no_text_makes_it_panic() {
    let mut seed = 1u64;
    let mut next = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % bound
    };
    let mut read = 0;
    for _ in 0..4000 {
        let mut text = ALL.as_bytes().to_vec();
        for _ in 0..=next(3) {
            let (from, length) = (next(text.len()), next(12));
            let to = (from + length).min(text.len());
            match next(3) {
                0 => drop(text.drain(from..to)),
                1 => {
                    let piece = text[from..to].to_vec();
                    let place = next(text.len());
                    text.splice(place..place, piece);
                }
                _ => text[from] = b"%@0123456789.{}()[]=,:xif-\n"[next(27)],
            }
        }
        let text = String::from_utf8(text).expect("the text is ASCII");
        if let Ok(module) = parse(&text) {
            read += 1;
            let _ = verify(&module);
            assert_eq!(parse(&module.to_string()).as_ref(), Ok(&module), "{text}");
        }
    }
    assert!(read > 200, "{read} of the texts were read");
}

#[test]
fn deep_texts_are_refused() {
    let deep = format!("system S() {}", "{ block @0 ".repeat(100_000));
    assert!(parse(&deep).unwrap_err().what.contains("256 deep"));
}
