//! From text to the parser's tree.

mod guard;

use super::Source;
use super::diagnostic::{Outcome, Problem};
use super::ir::At;
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::Parser;
use oxc_span::SourceType;

/// The syntax tree of a source.
pub fn parse<'a>(
    number: u32,
    source: &'a Source,
    allocator: &'a Allocator,
) -> Outcome<Program<'a>> {
    guard::guard(number, &source.text)?;
    let parsed = Parser::new(allocator, &source.text, SourceType::ts()).parse();
    match parsed.diagnostics.iter().next() {
        None => Ok(parsed.program),
        Some(error) => {
            let label = error.labels.first();
            Err(Problem {
                at: At {
                    source: number,
                    byte: label.map_or(0, |label| label.offset()),
                },
                message: error.message.to_string(),
            })
        }
    }
}
