//! What a debugger sees where a statement is written.

use super::super::steps::{self, Seen};
use super::Body;
use crate::compile::ir::{Input, Scalar};
use crate::compile::tree::Stmt;

impl Body<'_, '_> {
    /// Lets a debugger see a row, or a resource.
    pub(super) fn see(&mut self, input: u32, shown: &str, row: Option<&str>) {
        if self.shared.steps.is_none() {
            return;
        }
        let input = &self.shared.inputs[input as usize];
        if let Some(layout) = input.layout {
            let array = |scalar: Scalar| {
                let array = input.arrays.iter().find(|(kind, _)| *kind == scalar);
                array.map_or("", |(_, name)| name.as_str())
            };
            self.seen.extend(steps::fields(layout, shown, row, array));
        }
    }

    /// Lets a debugger see what does not change from row to row.
    pub(super) fn see_inputs(&mut self) {
        for number in 0..self.shared.inputs.len() as u32 {
            let of = &self.shared.inputs[number as usize];
            let shown = of.shown;
            match of.input {
                Input::Resource(_) => self.see(number, shown, None),
                Input::Dt | Input::Dt64 if self.shared.steps.is_some() => {
                    self.seen.push(Seen::variable(shown, &of.name));
                }
                _ => {}
            }
        }
    }

    /// Lets a debugger see the rows of all columns at an index.
    pub(super) fn see_rows(&mut self, index: &str) {
        for number in 0..self.shared.inputs.len() as u32 {
            let of = &self.shared.inputs[number as usize];
            if let Input::Column(_) | Input::Entities = of.input {
                let shown = format!("{}[{index}]", of.shown);
                self.see(number, &shown, Some(index));
            }
        }
    }

    /// Where a debugger can stop.
    pub(super) fn pause(&mut self, statement: &Stmt) {
        let (Some(steps), Some(at)) = (self.shared.steps, steps::place(statement)) else {
            return;
        };
        let line = steps.line(at);
        let first = self.lines.insert((at.source, line));
        let number = steps.add(at, self.called, first, &self.seen);
        let values = Seen::values(&self.seen);
        self.line(&format!("if ($pause({number}, $row)) $show([{values}]);"));
    }
}
