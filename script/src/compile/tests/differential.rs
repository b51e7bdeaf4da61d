//! Random programs of the language do the same in every form: as lowered, with the scalar passes, in lanes.

use super::super::passes::{Passes, Spoilt};
use super::super::{LOOP_BUDGET, Program};
use super::generator::{self, canonical, columns};
use super::runner::{Column, Step, run};
use super::{FORMS, program_with, wide};

/// Programs of each kind in the usual run; `LAYERW_LONG=1` makes it 10 000.
pub const PROGRAMS: u64 = 300;

/// What every column holds after a run, with one NaN for all, and how it ended.
pub fn ran(text: &str, passes: Passes, seed: u64) -> (Vec<Vec<u32>>, Option<i32>, String) {
    let program = program_with(text, passes);
    let (columns, stopped) = left(&program, columns(seed), LOOP_BUDGET);
    (canonical(&columns), stopped, program.report())
}

/// What every column holds after a run, with the commands that were recorded, and the row at which it stopped.
fn left(
    program: &Program,
    (rows, mut columns): (usize, Vec<Column<'static>>),
    budget: i32,
) -> (Vec<Column<'static>>, Option<i32>) {
    let outcome = run(
        &program.wasm_within(budget),
        "S",
        rows,
        &mut columns,
        Step::default(),
    );
    (columns, outcome.err().map(|(_, row)| row))
}

/// A program of either kind, with what it runs over.
fn made(kind: u64, seed: u64) -> (String, (usize, Vec<Column<'static>>)) {
    match kind {
        0 => (generator::program(seed), columns(seed)),
        _ => (wide::program_of(seed), wide::columns(seed)),
    }
}

#[test]
fn every_form_does_the_same() {
    let long = std::env::var_os("LAYERW_LONG").is_some_and(|value| value == "1");
    let programs = if long { 10_000 } else { PROGRAMS };
    let (mut rows, mut words, mut sifted, mut traps) = (0, 0, 0, 0);
    for (kind, seed) in (0..programs).flat_map(|seed| [(0, seed), (1, seed)]) {
        let (text, memory) = made(kind, seed);
        // Some run out of rounds, in the middle of whatever takes several at once.
        let budget = match seed % 3 {
            0 => 10 + (seed % 91) as i32,
            _ => LOOP_BUDGET,
        };
        let plain = left(&program_with(&text, FORMS[0]), memory.clone(), budget);
        for passes in &FORMS[1..] {
            let program = program_with(&text, *passes);
            let other = left(&program, memory.clone(), budget);
            let about = || {
                format!(
                    "program {seed} with {passes:?}\n{text}\n{}",
                    program.ir_text()
                )
            };
            assert_eq!(other.1, plain.1, "it stops elsewhere, {}", about());
            for (other, plain) in other.0.iter().zip(&plain.0) {
                assert_eq!(other, plain, "{}", about());
            }
            let report = program.report();
            rows += u64::from(report.contains("four rows"));
            words += u64::from(report.contains("four words"));
            sifted += u64::from(report.contains("places at once"));
        }
        traps += u64::from(plain.1.is_some());
    }
    // The comparison is worth something only if all forms occur.
    assert!(
        rows > programs / 4
            && words > programs / 8
            && sifted > programs / 8
            && traps > programs / 100,
        "{rows} by rows, {words} by words, {sifted} sifted, {traps} stopped"
    );
}

#[test]
fn a_pass_that_goes_wrong_is_noticed() {
    let mut waiting = Spoilt::ALL.to_vec();
    for (kind, seed) in (0..PROGRAMS).flat_map(|seed| [(0, seed), (1, seed)]) {
        let (text, memory) = made(kind, seed);
        let plain = left(&program_with(&text, FORMS[0]), memory.clone(), LOOP_BUDGET);
        waiting.retain(|spoilt| {
            let passes = Passes {
                spoilt: Some(*spoilt),
                ..Passes::default()
            };
            let same = left(&program_with(&text, passes), memory.clone(), LOOP_BUDGET) == plain;
            if !same {
                println!("{spoilt:?} is noticed by program {seed} of kind {kind}");
            }
            same
        });
        if waiting.is_empty() {
            return;
        }
    }
    panic!("{waiting:?} were not noticed in {PROGRAMS} programs of each kind");
}
