//! Loops. One whose index goes up by one towards an end that does not move is a counted loop, however it is written.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Compare, Const, Scalar};
use super::super::tree::{Base, Counted, Element, Expr, General, Item, Kind, Local, LoopId, Stmt};
use super::classes::Shape;
use super::frame::{Frame, Name};
use super::items::simple_name;
use oxc_ast::ast::{self, Expression, ForStatementInit, ForStatementLeft, SimpleAssignmentTarget};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator, UpdateOperator};

impl<'a> Frame<'_, '_, 'a> {
    /// The loop that `break` or `continue` means.
    pub fn loop_named(&self, label: Option<&ast::LabelIdentifier<'a>>, at: At) -> Outcome<LoopId> {
        let found = match label {
            None => self.loops.last(),
            Some(label) => self
                .loops
                .iter()
                .rev()
                .find(|(known, _)| *known == Some(label.name.as_str())),
        };
        match found {
            Some((_, id)) => Ok(*id),
            None => problem(at, "there is no such loop around this"),
        }
    }

    fn in_loop<T>(
        &mut self,
        label: Option<&'a str>,
        f: impl FnOnce(&mut Self, LoopId) -> Outcome<T>,
    ) -> Outcome<T> {
        let id = self.next_loop();
        self.loops.push((label, id));
        let result = f(self, id);
        self.loops.pop();
        result
    }

    pub fn while_loop(
        &mut self,
        node: &ast::WhileStatement<'a>,
        label: Option<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let (log, locals, at) = (self.assigned.len(), self.locals(), self.at(node.span));
        let test = self.condition(&node.test)?;
        let general = self.in_loop(label, |this, id| {
            Ok(General {
                id,
                test: Some(test),
                body: this.body(&node.body)?,
                update: Vec::new(),
                until: None,
                assigned: this.assigned_since(log, locals),
                at,
            })
        })?;
        out.push(Stmt::Loop(Box::new(general)));
        Ok(())
    }

    pub fn do_loop(
        &mut self,
        node: &ast::DoWhileStatement<'a>,
        label: Option<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let (log, locals, at) = (self.assigned.len(), self.locals(), self.at(node.span));
        let general = self.in_loop(label, |this, id| {
            Ok(General {
                id,
                test: None,
                body: this.body(&node.body)?,
                update: Vec::new(),
                until: Some(this.condition(&node.test)?),
                assigned: this.assigned_since(log, locals),
                at,
            })
        })?;
        out.push(Stmt::Loop(Box::new(general)));
        Ok(())
    }

    pub fn for_loop(
        &mut self,
        node: &ast::ForStatement<'a>,
        label: Option<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let at = self.at(node.span);
        match &node.init {
            None => {}
            Some(ForStatementInit::VariableDeclaration(declaration)) => {
                self.declaration(declaration, true, out)?
            }
            Some(init) => match init.as_expression() {
                Some(expr) => self.effect(expr, out)?,
                None => return problem(at, "a loop begins with `let i = 0`"),
            },
        }
        let counted = self.counted(node);
        let (log, locals) = (self.assigned.len(), self.locals());
        let test = node
            .test
            .as_ref()
            .map(|test| self.condition(test))
            .transpose()?;
        let mut update = Vec::new();
        if let Some(expr) = &node.update {
            self.effect(expr, &mut update)?;
        }
        let after_update = self.assigned.len();
        let (id, body) = self.in_loop(label, |this, id| Ok((id, this.body(&node.body)?)))?;
        let changed = self.assigned_since(after_update, locals);
        let assigned = self.assigned_since(log, locals);
        let ends_steadily = match &test {
            Some(Expr {
                kind: Kind::Compare(Compare::Lt, _, to),
                ..
            }) => is_steady(to, &assigned),
            _ => false,
        };
        let is_first =
            |index: Local| matches!(out.last(), Some(Stmt::Set(set, _)) if *set == index);
        if ends_steadily
            && counted.is_some_and(|index| is_first(index) && !changed.contains(&index))
        {
            if let (Some(Stmt::Set(index, from)), Some(Kind::Compare(_, _, to))) =
                (out.pop(), test.map(|test| test.kind))
            {
                out.push(Stmt::Count(Box::new(Counted {
                    id,
                    index,
                    from,
                    to: *to,
                    body,
                    assigned: changed,
                    at,
                })));
            }
            return Ok(());
        }
        out.push(Stmt::Loop(Box::new(General {
            id,
            test,
            body,
            update,
            until: None,
            assigned,
            at,
        })));
        Ok(())
    }

    /// The index of a loop that is written as a counted one: `let i = …; i < …; i++`.
    fn counted(&self, node: &ast::ForStatement<'a>) -> Option<Local> {
        let Some(ForStatementInit::VariableDeclaration(init)) = &node.init else {
            return None;
        };
        let id = init.declarations.last()?.id.get_binding_identifier()?;
        let name = id.name.as_str();
        let is_index = |expr: &Expression<'a>| matches!(expr, Expression::Identifier(id) if id.name.as_str() == name);
        let below = matches!(&node.test, Some(Expression::BinaryExpression(test))
            if test.operator == BinaryOperator::LessThan && is_index(&test.left));
        let is_target = |target: &SimpleAssignmentTarget<'a>| matches!(target, SimpleAssignmentTarget::AssignmentTargetIdentifier(id) if id.name.as_str() == name);
        let one = |expr: &Expression<'a>| matches!(expr, Expression::NumericLiteral(literal) if literal.value == 1.0);
        let up = match &node.update {
            Some(Expression::UpdateExpression(update)) => {
                update.operator == UpdateOperator::Increment && is_target(&update.argument)
            }
            Some(Expression::AssignmentExpression(update)) => {
                let target = update.left.as_simple_assignment_target();
                update.operator == AssignmentOperator::Addition
                    && target.is_some_and(is_target)
                    && one(&update.right)
            }
            _ => false,
        };
        match self.find(name) {
            Some(Name::Local {
                local,
                ty: Scalar::I32,
                mutable: true,
            }) if below && up => Some(local),
            _ => None,
        }
    }

    /// `for (const p of positions)`: the rows of a column.
    pub fn for_of(
        &mut self,
        node: &ast::ForOfStatement<'a>,
        label: Option<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let at = self.at(node.span);
        let ForStatementLeft::VariableDeclaration(left) = &node.left else {
            return problem(at, "write `for (const p of positions)`");
        };
        let [one] = &left.declarations[..] else {
            return problem(at, "write `for (const p of positions)`");
        };
        let name = simple_name(self.source, &one.id)?;
        let column = match &node.right {
            Expression::Identifier(id) => self.find(id.name.as_str()),
            _ => None,
        };
        let (log, locals) = (self.assigned.len(), self.locals());
        let index = self.local();
        let of = |kind| Expr {
            kind,
            ty: Scalar::I32,
            at,
        };
        let place = of(Kind::Local(index));
        let array = match (&column, &node.right) {
            (Some(Name::Array { .. }), _) | (None, Expression::StaticMemberExpression(_)) => {
                self.place(&node.right)?
            }
            _ => None,
        };
        let (element, shape, to) = match (column, array) {
            (Some(Name::Column { input, shape }), _) => {
                let element = Element {
                    base: Base::Row(input, Box::new(place), at),
                    slot: 0,
                    item: None,
                };
                (element, shape, Kind::Length)
            }
            (
                Some(Name::Events {
                    input,
                    count,
                    class,
                }),
                _,
            ) => {
                let element = Element {
                    base: Base::Event(input, count, Box::new(place), at),
                    slot: 0,
                    item: None,
                };
                (element, Shape::Class(class), Kind::Input(count))
            }
            (_, Some((array, Shape::Array(scalar, count)))) => {
                let item = Item {
                    index: place,
                    count,
                    at,
                };
                let element = Element {
                    item: Some(Box::new(item)),
                    ..array
                };
                (
                    element,
                    Shape::Scalar(scalar),
                    Kind::Const(Const::I32(count as i32)),
                )
            }
            _ => {
                return problem(
                    self.at(node.right.span()),
                    "only the rows of a column and the elements of an array can be gone through; write a loop with an index",
                );
            }
        };
        let mut body = Vec::new();
        match shape {
            Shape::Array(..) => unreachable!("rows are no arrays"),
            Shape::Class(class) => {
                let id = self.element();
                body.push(Stmt::Alias(id, element));
                self.bind(name, Name::Element { id, class }, at)?;
            }
            Shape::Scalar(ty) => {
                let local = self.local();
                let access = super::super::tree::Access {
                    element,
                    scalar: ty,
                };
                let ty = ty.value();
                let value = Expr {
                    kind: Kind::Load(access),
                    ty,
                    at,
                };
                body.push(Stmt::Set(local, value));
                // Writing to it would change a copy, which nobody means.
                let mutable = false;
                self.bind(name, Name::Local { local, ty, mutable }, at)?;
            }
        }
        let id = self.in_loop(label, |this, id| {
            body.append(&mut this.body(&node.body)?);
            Ok(id)
        })?;
        out.push(Stmt::Count(Box::new(Counted {
            id,
            index,
            from: of(Kind::Const(Const::I32(0))),
            to: of(to),
            body,
            assigned: self.assigned_since(log, locals),
            at,
        })));
        Ok(())
    }
}

/// Whether an expression has the same value before each round of a loop that assigns these variables.
fn is_steady(expr: &Expr, assigned: &[Local]) -> bool {
    let steady = |expr: &Expr| is_steady(expr, assigned);
    match &expr.kind {
        Kind::Const(_) | Kind::Global(_) | Kind::Length | Kind::Input(_) => true,
        Kind::Local(local) => !assigned.contains(local),
        Kind::Unary(_, a) | Kind::Convert(a) | Kind::Round(a) | Kind::Sign(a) | Kind::AbsInt(a) => {
            steady(a)
        }
        Kind::Binary(_, a, b)
        | Kind::Compare(_, a, b)
        | Kind::MinInt(a, b)
        | Kind::MaxInt(a, b) => steady(a) && steady(b),
        // Memory may be written meanwhile.
        Kind::And(..) | Kind::Or(..) | Kind::Choose(..) | Kind::Load(_) | Kind::Call(..) => false,
        Kind::Keyed(_) | Kind::Draw(..) => false,
    }
}
