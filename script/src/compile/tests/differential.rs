//! Random programs of the language do the same in every form: as lowered, with the scalar passes, in lanes.

use super::super::passes::{Passes, Spoilt};
use super::generator::{self, canonical, columns};
use super::runner::{Step, run};
use super::{FORMS, program_with};

/// Programs in the usual run; `LAYERW_LONG=1` makes it 10 000.
pub const PROGRAMS: u64 = 300;

/// What every column holds after a run, with one NaN for all, and how it ended.
pub fn ran(text: &str, passes: Passes, seed: u64) -> (Vec<Vec<u32>>, Option<i32>, String) {
    let program = program_with(text, passes);
    let (rows, mut columns) = columns(seed);
    let outcome = run(&program.wasm(), "S", rows, &mut columns, Step::default());
    (
        canonical(&columns),
        outcome.err().map(|(_, row)| row),
        program.report(),
    )
}

#[test]
fn every_form_does_the_same() {
    let long = std::env::var_os("LAYERW_LONG").is_some_and(|value| value == "1");
    let programs = if long { 10_000 } else { PROGRAMS };
    let (mut rows, mut words, mut traps) = (0, 0, 0);
    for seed in 0..programs {
        let text = generator::program(seed);
        let plain = ran(&text, FORMS[0], seed);
        for passes in &FORMS[1..] {
            let other = ran(&text, *passes, seed);
            assert_eq!(
                other.1, plain.1,
                "program {seed} with {passes:?} stops elsewhere\n{text}"
            );
            assert_eq!(other.0, plain.0, "program {seed} with {passes:?}\n{text}");
            rows += u64::from(other.2.contains("four rows"));
            words += u64::from(other.2.contains("four words"));
        }
        traps += u64::from(plain.1.is_some());
    }
    // The comparison is worth something only if all forms occur.
    assert!(
        rows > programs / 4 && words > programs / 8 && traps > programs / 100,
        "{rows} by rows, {words} by words, {traps} stopped"
    );
}

#[test]
fn a_pass_that_goes_wrong_is_noticed() {
    for spoilt in [Spoilt::Fold, Spoilt::Bounds, Spoilt::Vectorise] {
        let passes = Passes {
            spoilt: Some(spoilt),
            ..Passes::default()
        };
        let differs = |seed: &u64| {
            let text = generator::program(*seed);
            let (plain, other) = (ran(&text, FORMS[0], *seed), ran(&text, passes, *seed));
            plain.0 != other.0 || plain.1 != other.1
        };
        let found = (0..PROGRAMS).find(differs);
        assert!(
            found.is_some(),
            "{spoilt:?} was not noticed in {PROGRAMS} programs"
        );
    }
}
