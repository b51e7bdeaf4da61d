//! Loops: which row is at hand, which indices need no check, and where labels lead.

use super::{Rewriter, new, same};
use oxc_ast::ast::{
    BindingIdentifier, Expression, ForOfStatement, ForStatement, ForStatementInit,
    ForStatementLeft, SimpleAssignmentTarget, Statement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{BinaryOperator, UpdateOperator};

impl Rewriter<'_, '_> {
    pub(super) fn is_length(&self, expr: &Expression<'_>) -> bool {
        match expr {
            Expression::StaticMemberExpression(member) => {
                member.property.name == "length"
                    && matches!(&member.object, Expression::Identifier(id) if self.method.columns.contains(id.name.as_str()))
            }
            Expression::Identifier(id) => self.method.lengths.contains(id.name.as_str()),
            _ => false,
        }
    }

    /// What a loop's index stays below, if it goes up from 0 or more by one and nobody else changes it.
    pub(super) fn counts(&self, node: &ForStatement<'_>) -> Option<(String, String)> {
        let Some(ForStatementInit::VariableDeclaration(init)) = &node.init else {
            return None;
        };
        let [one] = &init.declarations[..] else {
            return None;
        };
        let name = one.id.get_binding_identifier()?.name.as_str();
        let from = matches!(&one.init, Some(Expression::NumericLiteral(_)));
        let Some(Expression::BinaryExpression(test)) = &node.test else {
            return None;
        };
        let is_index =
            |expr: &Expression<'_>| matches!(expr, Expression::Identifier(id) if id.name == name);
        let up = matches!(&node.update, Some(Expression::UpdateExpression(update))
            if update.operator == UpdateOperator::Increment
                && matches!(&update.argument, SimpleAssignmentTarget::AssignmentTargetIdentifier(id) if id.name == name));
        let mut changed = Changes(name, false);
        changed.visit_statement(&node.body);
        if !from
            || !up
            || changed.1
            || test.operator != BinaryOperator::LessThan
            || !is_index(&test.left)
        {
            return None;
        }
        let bound = match self.is_length(&test.right) {
            true => "$rows",
            false => self.said(test.right.span()),
        };
        Some((name.to_owned(), bound.to_owned()))
    }

    /// A loop's body, which begins by telling the row at hand if there is one.
    pub(super) fn body(
        &mut self,
        body: &Statement<'_>,
        row: Option<String>,
        safe: Option<(String, String)>,
    ) {
        let mark = row.map(|row| format!(" layerw_row = {row};"));
        match (body, mark) {
            (_, None) => {}
            (Statement::BlockStatement(block), Some(mark)) => {
                self.insert(block.span.start + 1, mark);
            }
            (body, Some(mark)) => {
                let span = body.span();
                self.edit(span, vec![new(format!("{{{mark} ")), same(span), new(" }")]);
            }
        }
        self.loops.push(safe);
        self.visit_statement(body);
        self.loops.pop();
    }

    pub(super) fn is_outermost(&self) -> bool {
        self.method.is_system && self.loops.is_empty() && self.functions == 1
    }

    /// Behind a loop within loops that have labels: where to go on.
    fn leave(&mut self, span: Span) {
        if self.labels.is_empty() {
            return;
        }
        let mut after = String::new();
        for (label, depth) in &self.labels {
            match self.loops.len() - 1 == *depth {
                true => {
                    after += &format!(
                        " if ($to_{label} == 2) break; if ($to_{label} == 1) {{ $to_{label} = 0; continue; }}"
                    )
                }
                false => after += &format!(" if ($to_{label} != 0) break;"),
            }
        }
        self.edit(span, vec![new("{ "), same(span), new(after + " }")]);
    }

    pub(super) fn jump(&mut self, span: Span, label: &str, word: &str) {
        let innermost = self.loops.len().wrapping_sub(1);
        let Some((_, depth)) = self.labels.iter().rev().find(|(known, _)| known == label) else {
            return;
        };
        let text = match *depth == innermost {
            true => format!("{word};"),
            false => {
                let to = if word == "break" { 2 } else { 1 };
                format!("{{ $to_{label} = {to}; break; }}")
            }
        };
        self.edit(span, vec![new(text)]);
    }

    pub(super) fn for_of(&mut self, node: &ForOfStatement<'_>) {
        let ForStatementLeft::VariableDeclaration(left) = &node.left else {
            return walk::walk_for_of_statement(self, node);
        };
        let index = self.name("r");
        let right = node.right.span();
        let over_rows = matches!(&node.right, Expression::Identifier(id) if self.method.columns.contains(id.name.as_str()));
        let mark = match over_rows && self.is_outermost() {
            true => format!("layerw_row = {index}; "),
            false => String::new(),
        };
        self.edit(
            node.span,
            vec![
                new(format!("for (let {index}: i32 = 0; {index} < ")),
                same(right),
                new(format!(".length; {index}++) {{ {mark}")),
                same(left.span),
                new(" = "),
                same(right),
                new(format!("[{index}]; ")),
                same(node.body.span()),
                new(" }"),
            ],
        );
        self.visit_expression(&node.right);
        self.body(&node.body, None, None);
    }

    /// As [`Rewriter::leave`], where a loop is within others.
    pub(super) fn left(&mut self, span: Span) {
        let depth = self.loops.len();
        if depth > 0 && self.labels.iter().any(|(_, of)| *of < depth) {
            let labels = self.labels.clone();
            self.labels.retain(|(_, of)| *of < depth);
            self.leave(span);
            self.labels = labels;
        }
    }
}

/// Whether a variable is changed, or another one has its name.
struct Changes<'n>(&'n str, bool);

impl<'a> Visit<'a> for Changes<'_> {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.1 |= it.name == self.0;
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = it {
            self.1 |= id.name == self.0;
        }
        walk::walk_simple_assignment_target(self, it);
    }
}
