//! Expressions.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{Binary, Const, Scalar, Unary};
use super::super::tree::{Expr, Kind};
use super::frame::{ASKED, Frame, Name};
use super::items::Item;
use super::numbers::{constant, math_constant};
use super::operators::{is_float, is_unsigned};
use oxc_ast::ast::{self, Expression};
use oxc_span::GetSpan;
use oxc_syntax::operator::UnaryOperator;

impl<'a> Frame<'_, '_, 'a> {
    /// An expression that must be of a type, where one is given.
    pub fn expr_of(&mut self, expr: &Expression<'a>, want: Option<Scalar>) -> Outcome<Expr> {
        let value = self.expr(expr, want)?;
        match want {
            Some(ty) if ty != value.ty => {
                let (from, to) = (value.ty.name(), ty.name());
                let cure = match (value.ty, ty) {
                    (Scalar::Entity, _) | (_, Scalar::Entity) => {
                        "an entity is compared and passed on, and nothing else".to_owned()
                    }
                    (Scalar::Bool, _) => format!("write {to}(…) around it, which gives 1 or 0"),
                    (_, Scalar::Bool) => "compare it: `x !== 0`".to_owned(),
                    _ => format!("write {to}(…) around it"),
                };
                problem(
                    value.at,
                    format!("this is {from} and should be {to}; {cure}"),
                )
            }
            _ => Ok(value),
        }
    }

    /// An expression; `want` is the type that plain numbers in it take.
    pub fn expr(&mut self, expr: &Expression<'a>, want: Option<Scalar>) -> Outcome<Expr> {
        self.deeper(expr.span(), |this| this.any(expr, want))
    }

    fn any(&mut self, expr: &Expression<'a>, want: Option<Scalar>) -> Outcome<Expr> {
        let at = self.at(expr.span());
        let number = want.unwrap_or(Scalar::F32);
        match expr {
            Expression::NumericLiteral(literal) => self.typed(literal.value, number, literal.span),
            Expression::BooleanLiteral(literal) => Ok(Expr {
                kind: Kind::Const(Const::Bool(literal.value)),
                ty: Scalar::Bool,
                at,
            }),
            Expression::Identifier(id) => self.named(id, number),
            Expression::ParenthesizedExpression(inner) => self.expr(&inner.expression, want),
            // `positions[i]!` says that the row is there; whether it is, is checked anyway.
            Expression::TSNonNullExpression(inner) => self.expr(&inner.expression, want),
            Expression::UnaryExpression(node) => self.unary(node, want),
            Expression::BinaryExpression(node) => self.binary(node, want),
            Expression::LogicalExpression(node) => self.logical(node),
            Expression::ConditionalExpression(node) => {
                let on = self.condition(&node.test)?;
                let (a, b) = self.operands(&node.consequent, &node.alternate, want)?;
                Ok(Expr {
                    ty: a.ty,
                    kind: Kind::Choose(Box::new(on), Box::new(a), Box::new(b)),
                    at,
                })
            }
            Expression::CallExpression(node) => {
                let call = self.call(node, want)?;
                match call {
                    (value, true) => Ok(value),
                    (_, false) => problem(
                        at,
                        "this function gives nothing back; let it `return` a value and say its type: `: number`",
                    ),
                }
            }
            Expression::StaticMemberExpression(node) => self.member(node, number),
            Expression::ComputedMemberExpression(_) => self.load(expr),
            other => problem(at, outside(other)),
        }
    }

    fn named(&mut self, id: &ast::IdentifierReference<'a>, number: Scalar) -> Outcome<Expr> {
        let (name, at) = (id.name.as_str(), self.at(id.span));
        let whole = |what: &str| {
            problem(
                at,
                format!("`{name}` is {what}; use its numbers: `{name}.x`"),
            )
        };
        let (kind, ty) = match self.find(name) {
            Some(Name::Local { local, ty, .. }) => (Kind::Local(local), ty),
            Some(Name::Literal(value)) => return self.typed(value, number, id.span),
            Some(Name::Input { input, ty }) => (Kind::Input(input), ty),
            Some(Name::Element { .. }) => return whole("a row"),
            Some(Name::Resource { .. }) => return whole("a resource"),
            Some(Name::Array { .. }) => {
                return problem(
                    at,
                    format!("`{name}` is an array; use an element of it: `{name}[i]`"),
                );
            }
            Some(Name::Context | Name::Passed(_)) => {
                return problem(
                    at,
                    format!("`{name}` is the step; use `{name}.dt` or `{name}.step`"),
                );
            }
            Some(Name::Random { .. }) => {
                return problem(
                    at,
                    format!("`{name}` is a source of random numbers; draw one: `{name}.unit()`"),
                );
            }
            Some(Name::World) => {
                return problem(
                    at,
                    format!("`{name}` is the world; give it commands: `{name}.despawn(entity)`"),
                );
            }
            Some(Name::Events { .. }) => {
                return problem(
                    at,
                    format!("`{name}` are events; go over them: `for (const event of {name})`"),
                );
            }
            Some(Name::Column { .. }) => {
                return problem(
                    at,
                    format!("`{name}` is a column; use a row of it: `{name}[i]`"),
                );
            }
            None => match self.checker.names.get(name) {
                Some(Item::Literal(value)) => return self.typed(*value, number, id.span),
                Some(&Item::Global(global)) => {
                    (Kind::Global(global), self.checker.tree.globals[global].ty)
                }
                Some(Item::Function(_)) => {
                    return problem(at, format!("`{name}` is a function; call it: `{name}(…)`"));
                }
                Some(_) => return problem(at, format!("`{name}` is a class and no value")),
                None => {
                    let cure = match name {
                        "undefined" | "NaN" | "Infinity" => {
                            "there is no name for it; write 0 / 0 or 1 / 0"
                        }
                        _ => "declare it above, or look for a slip of the pen",
                    };
                    return problem(at, format!("`{name}` is not known; {cure}"));
                }
            },
        };
        Ok(Expr { kind, ty, at })
    }

    fn unary(&mut self, node: &ast::UnaryExpression<'a>, want: Option<Scalar>) -> Outcome<Expr> {
        let at = self.at(node.span);
        if let (UnaryOperator::UnaryNegation, Expression::NumericLiteral(literal)) =
            (node.operator, &node.argument)
        {
            // So that the smallest whole number can be written.
            return self.typed(-literal.value, want.unwrap_or(Scalar::F32), node.span);
        }
        match node.operator {
            UnaryOperator::LogicalNot => {
                let value = self.condition(&node.argument)?;
                Ok(Expr {
                    kind: Kind::Unary(Unary::Not, Box::new(value)),
                    ty: Scalar::Bool,
                    at,
                })
            }
            UnaryOperator::UnaryPlus | UnaryOperator::UnaryNegation | UnaryOperator::BitwiseNot => {
                let value = self.expr(&node.argument, want)?;
                let ty = value.ty;
                let whole = |value: f64| constant(value, ty, at);
                let kind = match node.operator {
                    _ if ty == Scalar::Entity => {
                        return problem(
                            at,
                            "there is no arithmetic on entities; compare them by === and !==",
                        );
                    }
                    _ if ty == Scalar::Bool => {
                        return problem(at, "this is a boolean; turn it by `!`");
                    }
                    UnaryOperator::UnaryPlus => return Ok(value),
                    UnaryOperator::BitwiseNot if is_float(ty) => {
                        return problem(at, "`~` takes whole numbers; write i32(…) around it");
                    }
                    UnaryOperator::BitwiseNot => {
                        let all = match ty {
                            Scalar::I64 | Scalar::U64 => Const::I64(-1),
                            _ => Const::I32(-1),
                        };
                        let all = Expr {
                            kind: Kind::Const(all),
                            ty,
                            at,
                        };
                        Kind::Binary(Binary::Xor, Box::new(value), Box::new(all))
                    }
                    _ if is_float(ty) => Kind::Unary(Unary::Neg, Box::new(value)),
                    _ if is_unsigned(ty) => {
                        return problem(
                            at,
                            format!("{} has no sign; write i32(…) around it", ty.name()),
                        );
                    }
                    _ => Kind::Binary(Binary::Sub, Box::new(whole(0.0)?), Box::new(value)),
                };
                Ok(Expr { kind, ty, at })
            }
            other => problem(at, format!("`{}` is not in the language", other.as_str())),
        }
    }

    fn member(&mut self, node: &ast::StaticMemberExpression<'a>, number: Scalar) -> Outcome<Expr> {
        let at = self.at(node.span);
        let property = node.property.name.as_str();
        if node.optional {
            return problem(at, "nothing is null here; write `.` and not `?.`");
        }
        if self.is_math(&node.object) {
            return match math_constant(property) {
                Some(value) => self.typed(value, number, node.span),
                None => problem(
                    at,
                    format!(
                        "`Math.{property}` is no number; functions are called: `Math.{property}(…)`"
                    ),
                ),
            };
        }
        if property == "length"
            && let Some(count) = self.array_length(&node.object)?
        {
            return constant(f64::from(count), Scalar::I32, at);
        }
        if let Expression::Identifier(id) = &node.object {
            match self.find(id.name.as_str()) {
                Some(Name::Events { count, .. }) if property == "length" => {
                    return Ok(Expr {
                        kind: Kind::Input(count),
                        ty: Scalar::I32,
                        at,
                    });
                }
                Some(Name::Column { .. }) if property == "length" => {
                    return Ok(Expr {
                        kind: Kind::Length,
                        ty: Scalar::I32,
                        at,
                    });
                }
                Some(context @ (Name::Context | Name::Passed(_))) => {
                    let number = ASKED.iter().position(|(name, ..)| *name == property);
                    let value = number.and_then(|number| self.asked(context, number, at));
                    return match value {
                        Some(value) => Ok(value),
                        None => problem(
                            at,
                            format!("the step has no `{property}`; it has dt, dt64, step and seed"),
                        ),
                    };
                }
                _ => {}
            }
        }
        self.load_member(node)
    }
}

/// What to say of an expression that is not in the language.
fn outside(expr: &Expression<'_>) -> String {
    let (what, cure) = match expr {
        Expression::StringLiteral(_)
        | Expression::TemplateLiteral(_)
        | Expression::TaggedTemplateExpression(_) => ("text", "use numbers and booleans"),
        Expression::NullLiteral(_) => ("null", "use a boolean or a number that stands for nothing"),
        Expression::BigIntLiteral(_) => (
            "a big integer",
            "declare a variable `: i64` and give it a plain number",
        ),
        Expression::ArrayExpression(_) => ("an array", "use columns, or variables of their own"),
        Expression::ObjectExpression(_) | Expression::NewExpression(_) => (
            "an object",
            "keep its numbers in variables, and set the fields of a row one by one",
        ),
        Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => (
            "a function as a value",
            "declare it at the top level and call it by name",
        ),
        Expression::AssignmentExpression(_) | Expression::UpdateExpression(_) => (
            "an assignment within an expression",
            "put it into a statement of its own",
        ),
        Expression::SequenceExpression(_) => ("a comma", "write two statements"),
        Expression::ThisExpression(_) => (
            "`this`",
            "a system keeps nothing: use parameters, and constants of the top level",
        ),
        Expression::AwaitExpression(_) | Expression::YieldExpression(_) => (
            "waiting",
            "a system runs to its end; keep what it waits for in a component",
        ),
        Expression::TSAsExpression(_)
        | Expression::TSTypeAssertion(_)
        | Expression::TSSatisfiesExpression(_) => (
            "a type assertion",
            "convert by i32(…), u32(…), f32(…) or f64(…)",
        ),
        _ => ("this", "write it with numbers, conditions and loops"),
    };
    format!("{what} is not in the language; {cure}")
}
