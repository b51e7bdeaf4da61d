//! From source text to what comes out of running it.

mod errors;
mod hostile;
mod language;
mod runner;
mod seed;
mod shape;

use super::{Program, Source, compile, ir};

/// Compiles one file that must be in the language; what is made of it must keep the rules.
fn program(text: &str) -> Program {
    let program = compile(&[Source::new("test.ts", text)]);
    let program = program.unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\nin {text}", lines.join("\n"))
    });
    if let Err(fault) = ir::verify(program.module()) {
        panic!("{fault}\nin {}", program.ir_text());
    }
    wasmparser::validate(&program.wasm())
        .unwrap_or_else(|error| panic!("{error}\nof {}", program.ir_text()));
    program
}
