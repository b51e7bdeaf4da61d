//! From source text to what comes out of running it.

mod differential;
mod documents;
mod errors;
pub mod generator;
mod hostile;
mod javascript;
mod language;
mod looks;
pub mod runner;
mod rust_text;
mod seed;
mod shape;
mod vectors;
pub mod wide;

use super::passes::Passes;
use super::{Program, Source, compile_with, ir};

/// As it is lowered, with the scalar passes, and in lanes.
const FORMS: [Passes; 3] = [
    Passes {
        scalar: false,
        vectors: false,
        spoilt: None,
    },
    Passes {
        scalar: true,
        vectors: false,
        spoilt: None,
    },
    Passes {
        scalar: true,
        vectors: true,
        spoilt: None,
    },
];

/// Compiles one file that must be in the language; what is made of it must keep the rules.
fn program(text: &str) -> Program {
    program_with(text, Passes::default())
}

fn program_with(text: &str, passes: Passes) -> Program {
    let program = compile_with(&[Source::new("test.ts", text)], passes);
    let program = program.unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\nin {text}", lines.join("\n"))
    });
    if let Err(fault) = ir::verify(program.module()) {
        panic!("{fault}\nin {}\nof {text}", program.ir_text());
    }
    wasmparser::validate(&program.wasm())
        .unwrap_or_else(|error| panic!("{error}\nof {}", program.ir_text()));
    program
}
