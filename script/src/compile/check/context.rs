//! The step as a parameter of a function: it becomes a parameter for each thing that the function asks of it.

use super::frame::ASKED;
use oxc_ast::ast::{Expression, Function, IdentifierReference, StaticMemberExpression};
use oxc_ast_visit::{Visit, walk};

/// What a function asks of the step, by its name for it; everything, where it passes it on.
pub fn needed(name: &str, function: &Function<'_>) -> [bool; 4] {
    let mut asks = Asks {
        name,
        needed: [false; 4],
    };
    if let Some(body) = &function.body {
        asks.visit_function_body(body);
    }
    asks.needed
}

struct Asks<'n> {
    name: &'n str,
    needed: [bool; 4],
}

impl<'a> Visit<'a> for Asks<'_> {
    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        let of = matches!(&it.object, Expression::Identifier(id) if id.name == self.name);
        if !of {
            return walk::walk_static_member_expression(self, it);
        }
        for ((name, ..), needed) in ASKED.iter().zip(&mut self.needed) {
            let random = it.property.name == "random" && ["step", "seed"].contains(name);
            *needed |= random || it.property.name == *name;
        }
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        if it.name == self.name {
            self.needed = [true; 4];
        }
    }
}
