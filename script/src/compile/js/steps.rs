//! Where a debugger can stop: before each statement, with what can be seen there.

use super::place;
use crate::compile::Source;
use crate::compile::diagnostic::Lines;
use crate::compile::ir::{At, Component, Scalar};
use crate::compile::tree::Stmt;
use std::cell::RefCell;

/// Scalars of one field that are shown: vectors, not arrays.
const SCALARS_MAX: u32 = 4;

/// A statement that a debugger can stop at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The source's name.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What stands on the line.
    pub text: String,
    /// The system or function that it is in.
    pub within: String,
    /// Whether it is the first of its line there: where a stop at the line is.
    pub first: bool,
    /// What can be seen, in the order of the values that come with it.
    pub variables: Vec<Variable>,
}

/// A variable, or a field of a row or resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// As people would write it: `speed`, `positions[i].x`.
    pub name: String,
    /// How many values it has: more than one for a vector.
    pub values: usize,
    /// Whether its bits are an entity's.
    pub entity: bool,
}

/// What a debugger shows, with the expressions that give its values.
#[derive(Debug, Clone)]
pub struct Seen {
    variable: Variable,
    values: Vec<String>,
}

impl Seen {
    pub fn variable(shown: &str, name: &str) -> Seen {
        let variable = Variable {
            name: shown.to_owned(),
            values: 1,
            entity: false,
        };
        Seen {
            variable,
            values: vec![name.to_owned()],
        }
    }

    /// The values of several.
    pub fn values(seen: &[Seen]) -> String {
        let values = seen.iter().flat_map(|seen| &seen.values);
        let values: Vec<&str> = values.map(String::as_str).collect();
        values.join(", ")
    }
}

/// The fields of a row, or of a resource where there is none, but for arrays. `array` is the name of the array of a kind.
pub fn fields<'a>(
    layout: &Component,
    shown: &str,
    row: Option<&str>,
    array: impl Fn(Scalar) -> &'a str,
) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut slot = 0;
    for field in &layout.fields {
        let slots = slot..slot + field.count;
        slot = slots.end;
        if field.count > SCALARS_MAX {
            continue;
        }
        let name = match field.name.as_str() {
            "0" => shown.to_owned(),
            name => format!("{shown}.{name}"),
        };
        let value = |slot| {
            let (first, stride) = place::index(layout, slot);
            let array = array(field.scalar);
            match row {
                Some(row) => format!("{array}[{stride} * {row} + {first}]"),
                None => format!("{array}[{first}]"),
            }
        };
        seen.push(Seen {
            values: slots.map(value).collect(),
            variable: Variable {
                name,
                values: field.count as usize,
                entity: field.scalar == Scalar::Entity,
            },
        });
    }
    seen
}

/// Where a statement stands; `None` for those that only jump or name something.
pub fn place(statement: &Stmt) -> Option<At> {
    match statement {
        Stmt::Set(_, value) | Stmt::Call(value) | Stmt::Return(Some(value)) => Some(value.at),
        Stmt::Store(_, _, at) | Stmt::If(_, _, _, at) => Some(*at),
        Stmt::Count(counted) => Some(counted.at),
        Stmt::Loop(general) => Some(general.at),
        Stmt::Command(command) => Some(command.at),
        Stmt::Alias(..) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::Return(None) => None,
    }
}

/// The statements of a text as it is written.
pub struct Steps {
    sources: Vec<(String, String, Lines)>,
    statements: RefCell<Vec<Statement>>,
}

impl Steps {
    pub fn new(sources: &[Source]) -> Steps {
        let source = |source: &Source| {
            (
                source.name.clone(),
                source.text.clone(),
                Lines::new(&source.text),
            )
        };
        Steps {
            sources: sources.iter().map(source).collect(),
            statements: RefCell::default(),
        }
    }

    /// The line that a place is on, from 1.
    pub fn line(&self, at: At) -> u32 {
        self.place(at).1
    }

    fn place(&self, at: At) -> (&str, u32, u32) {
        let (name, text, lines) = &self.sources[at.source as usize];
        let (line, column) = lines.place(text, at.byte);
        (name, line as u32 + 1, column as u32 + 1)
    }

    /// Adds one. Returns its number.
    pub fn add(&self, at: At, within: &str, first: bool, seen: &[Seen]) -> usize {
        let (file, line, column) = self.place(at);
        let (_, text, _) = &self.sources[at.source as usize];
        let statement = Statement {
            file: file.to_owned(),
            line,
            column,
            text: text
                .lines()
                .nth(line as usize - 1)
                .unwrap_or_default()
                .to_owned(),
            within: within.to_owned(),
            first,
            variables: seen.iter().map(|seen| seen.variable.clone()).collect(),
        };
        let mut statements = self.statements.borrow_mut();
        statements.push(statement);
        statements.len() - 1
    }

    /// All, in the order of their numbers.
    pub fn take(&self) -> Vec<Statement> {
        self.statements.take()
    }
}
