//! Statements.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Input, Scalar};
use super::super::tree::{Access, Base, Element, Expr, Kind, Stmt};
use super::classes::Shape;
use super::frame::{Frame, Name};
use super::items::simple_name;
use super::numbers::{constant, literal_of};
use super::operators::{Arithmetic, compound};
use oxc_ast::ast::{
    self, AssignmentTarget, Expression, SimpleAssignmentTarget, Statement, VariableDeclarationKind,
};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, UpdateOperator};

/// Whether control never reaches the end of some statements.
pub fn always_returns(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Return(_) => true,
        Stmt::If(_, then, otherwise, _) => always_returns(then) && always_returns(otherwise),
        _ => false,
    })
}

/// What an assignment goes to.
enum Target {
    Local(super::super::tree::Local, Scalar),
    Memory(Access),
}

impl<'a> Frame<'_, '_, 'a> {
    /// Statements one after another; each problem costs its statement only.
    pub fn statements(&mut self, statements: &[Statement<'a>], out: &mut Vec<Stmt>) {
        for statement in statements {
            let outcome = self.statement(statement, None, out);
            self.note(outcome);
        }
    }

    /// A statement that may be a block, in a scope of its own.
    pub fn body(&mut self, statement: &Statement<'a>) -> Outcome<Vec<Stmt>> {
        let mut out = Vec::new();
        self.scoped(|this| this.statement(statement, None, &mut out))?;
        Ok(out)
    }

    pub fn statement(
        &mut self,
        statement: &Statement<'a>,
        label: Option<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        self.deeper(statement.span(), |this| {
            this.any_statement(statement, label, out)
        })
    }

    fn any_statement(
        &mut self,
        statement: &Statement<'a>,
        label: Option<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let at = self.at(statement.span());
        match statement {
            Statement::EmptyStatement(_) => Ok(()),
            Statement::BlockStatement(block) => {
                self.scoped(|this| this.statements(&block.body, out));
                Ok(())
            }
            Statement::VariableDeclaration(node) => self.declaration(node, false, out),
            Statement::ExpressionStatement(node) => self.effect(&node.expression, out),
            Statement::IfStatement(node) => {
                let on = self.condition(&node.test)?;
                let then = self.body(&node.consequent)?;
                let otherwise = match &node.alternate {
                    Some(statement) => self.body(statement)?,
                    None => Vec::new(),
                };
                out.push(Stmt::If(on, then, otherwise, at));
                Ok(())
            }
            Statement::ForStatement(node) => self.scoped(|this| this.for_loop(node, label, out)),
            Statement::ForOfStatement(node) => self.scoped(|this| this.for_of(node, label, out)),
            Statement::WhileStatement(node) => self.while_loop(node, label, out),
            Statement::DoWhileStatement(node) => self.do_loop(node, label, out),
            Statement::LabeledStatement(node) => {
                self.statement(&node.body, Some(node.label.name.as_str()), out)
            }
            Statement::BreakStatement(node) => {
                let id = self.loop_named(node.label.as_ref(), at)?;
                out.push(Stmt::Break(id));
                Ok(())
            }
            Statement::ContinueStatement(node) => {
                let id = self.loop_named(node.label.as_ref(), at)?;
                out.push(Stmt::Continue(id));
                Ok(())
            }
            Statement::ReturnStatement(node) => {
                let value = match (&node.argument, self.result) {
                    (None, None) => None,
                    (Some(value), Some(ty)) => Some(self.expr_of(value, Some(ty))?),
                    (Some(value), None) => {
                        return problem(
                            self.at(value.span()),
                            "nothing is given back here; say the type of the function's result (`: number`), or write to a row",
                        );
                    }
                    (None, Some(ty)) => {
                        return problem(
                            at,
                            format!("the function gives {}; return a value", ty.name()),
                        );
                    }
                };
                out.push(Stmt::Return(value));
                Ok(())
            }
            other => problem(at, outside(other)),
        }
    }

    /// Variables; of a `for`, whole numbers without a type are `i32`.
    pub fn declaration(
        &mut self,
        node: &ast::VariableDeclaration<'a>,
        of_loop: bool,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let constant = match node.kind {
            VariableDeclarationKind::Const => true,
            VariableDeclarationKind::Let => false,
            _ => return problem(self.at(node.span), "write `let` or `const`"),
        };
        for one in &node.declarations {
            let place = self.at(one.span);
            let name = simple_name(self.source, &one.id)?;
            let Some(init) = &one.init else {
                return problem(place, format!("`{name}` needs a value: `let {name} = 0`"));
            };
            let want = match &one.type_annotation {
                None => None,
                Some(annotation) => Some(
                    match self
                        .checker
                        .shape(self.source, &annotation.type_annotation)?
                    {
                        Shape::Scalar(ty) => Some(ty),
                        Shape::Class(_) | Shape::Array(..) => None,
                    },
                ),
            };
            if constant
                && want.is_none()
                && let Some(value) = literal_of(init)
            {
                self.bind(name, Name::Literal(value), place)?;
                continue;
            }
            if let Some(call) = self.makes_random(init) {
                if !constant {
                    return problem(
                        place,
                        format!(
                            "`{name}` names random numbers and cannot be changed to others; write `const`"
                        ),
                    );
                }
                self.declare_random(name, call, out)?;
                continue;
            }
            if let Some((element, shape @ (Shape::Class(_) | Shape::Array(..)))) =
                self.place(init)?
            {
                if !constant {
                    return problem(
                        place,
                        format!(
                            "`{name}` names a row and cannot be changed to another; write `const`"
                        ),
                    );
                }
                let id = self.element();
                out.push(Stmt::Alias(id, element));
                let bound = match shape {
                    Shape::Array(scalar, count) => Name::Array { id, scalar, count },
                    Shape::Class(class) => Name::Element { id, class },
                    Shape::Scalar(_) => unreachable!("it was seen to be none"),
                };
                self.bind(name, bound, place)?;
                continue;
            }
            if want == Some(None) {
                return problem(
                    place,
                    format!("`{name}` names a row of a column: `const {name} = positions[i]`"),
                );
            }
            let whole = of_loop && self.is_whole(init);
            let value = match want.flatten() {
                Some(ty) => self.expr_of(init, Some(ty))?,
                None if whole => self.expr(init, Some(Scalar::I32))?,
                None => self.expr(init, None)?,
            };
            let local = self.local();
            let bound = Name::Local {
                local,
                ty: value.ty,
                mutable: !constant,
            };
            out.push(Stmt::Set(local, value));
            self.bind(name, bound, place)?;
        }
        Ok(())
    }

    /// An expression for what it does.
    pub fn effect(&mut self, expr: &Expression<'a>, out: &mut Vec<Stmt>) -> Outcome<()> {
        let at = self.at(expr.span());
        match expr {
            Expression::ParenthesizedExpression(inner) => {
                self.deeper(expr.span(), |this| this.effect(&inner.expression, out))
            }
            Expression::AssignmentExpression(node) => self.assignment(node, out),
            Expression::UpdateExpression(node) => {
                let target = match &node.argument {
                    SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => self.variable(id)?,
                    other => match other.as_member_expression() {
                        Some(member) => self.member_target(member)?,
                        None => return problem(at, "only variables and fields can be changed"),
                    },
                };
                let operator = match node.operator {
                    UpdateOperator::Increment => Arithmetic::Add,
                    UpdateOperator::Decrement => Arithmetic::Subtract,
                };
                self.change(target, operator, node.span, out, |_, ty| {
                    constant(1.0, ty, at)
                })
            }
            Expression::CallExpression(node) if self.is_command(node) => self.command(node, out),
            Expression::CallExpression(node) => {
                let (call, _) = self.call(node, None)?;
                match call.kind {
                    Kind::Call(..) => {
                        out.push(Stmt::Call(call));
                        Ok(())
                    }
                    _ => problem(at, "this computes a value and does nothing with it"),
                }
            }
            _ => problem(at, "this does nothing; assign it, or leave it out"),
        }
    }

    fn assignment(
        &mut self,
        node: &ast::AssignmentExpression<'a>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let target = match &node.left {
            AssignmentTarget::AssignmentTargetIdentifier(id) => self.variable(id)?,
            other => match other.as_member_expression() {
                Some(member) => self.member_target(member)?,
                None => {
                    return problem(
                        self.at(node.span),
                        "assign to one variable or field at a time",
                    );
                }
            },
        };
        if node.operator == AssignmentOperator::Assign {
            let ty = target.ty();
            let value = self.expr_of(&node.right, Some(ty))?;
            self.put(target, value, self.at(node.span), out);
            return Ok(());
        }
        match compound(node.operator) {
            Some(operator) => self.change(target, operator, node.span, out, |this, ty| {
                this.expr_of(&node.right, Some(ty))
            }),
            None => problem(
                self.at(node.span),
                format!(
                    "`{}` is not in the language; write `if`",
                    node.operator.as_str()
                ),
            ),
        }
    }

    /// `target op= value`.
    fn change(
        &mut self,
        target: Target,
        operator: Arithmetic,
        span: oxc_span::Span,
        out: &mut Vec<Stmt>,
        value: impl FnOnce(&mut Self, Scalar) -> Outcome<Expr>,
    ) -> Outcome<()> {
        let (at, ty) = (self.at(span), target.ty());
        let (read, target) = match target {
            Target::Local(local, ty) => (Kind::Local(local), Target::Local(local, ty)),
            Target::Memory(access) => {
                // The row is looked for once.
                let (id, scalar) = (self.element(), access.scalar);
                out.push(Stmt::Alias(id, access.element));
                let access = || Access {
                    element: Element {
                        base: Base::Named(id),
                        slot: 0,
                        item: None,
                    },
                    scalar,
                };
                (Kind::Load(access()), Target::Memory(access()))
            }
        };
        let old = Expr { kind: read, ty, at };
        let value = value(self, ty)?;
        let op = self.operation(operator, ty, span)?;
        let value = Expr {
            kind: Kind::Binary(op, Box::new(old), Box::new(value)),
            ty,
            at,
        };
        self.put(target, value, at, out);
        Ok(())
    }

    fn put(&mut self, target: Target, value: Expr, at: At, out: &mut Vec<Stmt>) {
        match target {
            Target::Local(local, _) => {
                self.assigned.push(local);
                out.push(Stmt::Set(local, value));
            }
            Target::Memory(access) => out.push(Stmt::Store(access, value, at)),
        }
    }

    fn variable(&mut self, id: &ast::IdentifierReference<'a>) -> Outcome<Target> {
        let (name, at) = (id.name.as_str(), self.at(id.span));
        match self.find(name) {
            Some(Name::Local {
                local,
                ty,
                mutable: true,
            }) => Ok(Target::Local(local, ty)),
            Some(Name::Local { .. } | Name::Literal(_)) => problem(
                at,
                format!("`{name}` is a constant; declare it by `let` to change it"),
            ),
            Some(_) => problem(
                at,
                format!("`{name}` itself cannot be changed; change its numbers: `{name}.x = …`"),
            ),
            None => match self.checker.names.contains_key(name) {
                true => problem(
                    at,
                    format!("`{name}` is declared at the top level and cannot be changed"),
                ),
                false => problem(
                    at,
                    format!("`{name}` is not known; declare it: `let {name} = …`"),
                ),
            },
        }
    }

    fn member_target(&mut self, member: &ast::MemberExpression<'a>) -> Outcome<Target> {
        match member {
            ast::MemberExpression::StaticMemberExpression(node) => {
                let load = self.load_member(node)?;
                match load.kind {
                    Kind::Load(access) => Ok(Target::Memory(access)),
                    _ => problem(load.at, "this cannot be changed"),
                }
            }
            ast::MemberExpression::ComputedMemberExpression(node) => {
                let load = self.load_row(node)?;
                match load.kind {
                    Kind::Load(Access {
                        element:
                            Element {
                                base: Base::Row(input, ..),
                                ..
                            },
                        ..
                    }) if self.inputs[input as usize].0 == Input::Entities => problem(
                        load.at,
                        "the rows' own entities cannot be changed; despawn one, or write to a field of a component",
                    ),
                    Kind::Load(access) => Ok(Target::Memory(access)),
                    _ => problem(load.at, "this cannot be changed"),
                }
            }
            other => problem(self.at(other.span()), "a field has a plain name"),
        }
    }
}

impl Target {
    fn ty(&self) -> Scalar {
        match self {
            Target::Local(_, ty) => *ty,
            Target::Memory(access) => access.scalar.value(),
        }
    }
}

/// What to say of a statement that is not in the language.
fn outside(statement: &Statement<'_>) -> String {
    let (what, cure) = match statement {
        Statement::SwitchStatement(_) => ("`switch`", "write `if … else if …`"),
        Statement::ThrowStatement(_) | Statement::TryStatement(_) => {
            ("an exception", "write what happened into a component")
        }
        Statement::ForInStatement(_) => {
            ("`for … in`", "write `for (let i = 0; i < xs.length; i++)`")
        }
        Statement::FunctionDeclaration(_) | Statement::ClassDeclaration(_) => (
            "a declaration within a function",
            "declare it at the top level",
        ),
        Statement::DebuggerStatement(_) => ("`debugger`", "leave it out"),
        _ => (
            "this statement",
            "write it with variables, conditions and loops",
        ),
    };
    format!("{what} is not in the language; {cure}")
}
