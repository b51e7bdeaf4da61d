//! Operators of two operands.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{Binary, Compare, Scalar};
use super::super::tree::{Expr, Kind};
use super::frame::Frame;
use oxc_ast::ast::{self, Expression};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator};

/// What gives a number of the operands' type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Bits(Binary),
    Left,
    Right,
    RightZero,
    Power,
}

pub fn arithmetic(operator: BinaryOperator) -> Option<Arithmetic> {
    Some(match operator {
        BinaryOperator::Addition => Arithmetic::Add,
        BinaryOperator::Subtraction => Arithmetic::Subtract,
        BinaryOperator::Multiplication => Arithmetic::Multiply,
        BinaryOperator::Division => Arithmetic::Divide,
        BinaryOperator::Remainder => Arithmetic::Remainder,
        BinaryOperator::BitwiseAnd => Arithmetic::Bits(Binary::And),
        BinaryOperator::BitwiseOR => Arithmetic::Bits(Binary::Or),
        BinaryOperator::BitwiseXOR => Arithmetic::Bits(Binary::Xor),
        BinaryOperator::ShiftLeft => Arithmetic::Left,
        BinaryOperator::ShiftRight => Arithmetic::Right,
        BinaryOperator::ShiftRightZeroFill => Arithmetic::RightZero,
        BinaryOperator::Exponential => Arithmetic::Power,
        _ => return None,
    })
}

/// The operator of `+=` and the like.
pub fn compound(operator: AssignmentOperator) -> Option<Arithmetic> {
    Some(match operator {
        AssignmentOperator::Addition => Arithmetic::Add,
        AssignmentOperator::Subtraction => Arithmetic::Subtract,
        AssignmentOperator::Multiplication => Arithmetic::Multiply,
        AssignmentOperator::Division => Arithmetic::Divide,
        AssignmentOperator::Remainder => Arithmetic::Remainder,
        AssignmentOperator::BitwiseAnd => Arithmetic::Bits(Binary::And),
        AssignmentOperator::BitwiseOR => Arithmetic::Bits(Binary::Or),
        AssignmentOperator::BitwiseXOR => Arithmetic::Bits(Binary::Xor),
        AssignmentOperator::ShiftLeft => Arithmetic::Left,
        AssignmentOperator::ShiftRight => Arithmetic::Right,
        AssignmentOperator::ShiftRightZeroFill => Arithmetic::RightZero,
        AssignmentOperator::Exponential => Arithmetic::Power,
        _ => return None,
    })
}

fn comparison(operator: BinaryOperator) -> Option<Compare> {
    Some(match operator {
        BinaryOperator::Equality | BinaryOperator::StrictEquality => Compare::Eq,
        BinaryOperator::Inequality | BinaryOperator::StrictInequality => Compare::Ne,
        BinaryOperator::LessThan => Compare::Lt,
        BinaryOperator::LessEqualThan => Compare::Le,
        BinaryOperator::GreaterThan => Compare::Gt,
        BinaryOperator::GreaterEqualThan => Compare::Ge,
        _ => return None,
    })
}

/// Whether a type has no sign.
pub fn is_unsigned(ty: Scalar) -> bool {
    matches!(ty, Scalar::U32 | Scalar::U64)
}

pub fn is_float(ty: Scalar) -> bool {
    matches!(ty, Scalar::F32 | Scalar::F64)
}

/// The comparison of values of a type.
pub fn signed(compare: Compare, ty: Scalar) -> Compare {
    match (is_unsigned(ty), compare) {
        (true, Compare::Lt) => Compare::LtU,
        (true, Compare::Le) => Compare::LeU,
        (true, Compare::Gt) => Compare::GtU,
        (true, Compare::Ge) => Compare::GeU,
        _ => compare,
    }
}

impl<'a> Frame<'_, '_, 'a> {
    pub fn binary(
        &mut self,
        node: &ast::BinaryExpression<'a>,
        want: Option<Scalar>,
    ) -> Outcome<Expr> {
        let at = self.at(node.span);
        if let Some(operator) = arithmetic(node.operator) {
            let (left, right) = self.operands(&node.left, &node.right, want)?;
            let ty = left.ty;
            let op = self.operation(operator, ty, node.span)?;
            return Ok(Expr {
                kind: Kind::Binary(op, Box::new(left), Box::new(right)),
                ty,
                at,
            });
        }
        let Some(compare) = comparison(node.operator) else {
            return problem(
                at,
                format!(
                    "`{}` is not in the language; compare numbers",
                    node.operator.as_str()
                ),
            );
        };
        let (left, right) = self.operands(&node.left, &node.right, None)?;
        if !matches!(compare, Compare::Eq | Compare::Ne) {
            match left.ty {
                Scalar::Bool => {
                    return problem(at, "booleans have no order; compare them by === and !==");
                }
                Scalar::Entity => {
                    return problem(at, "entities have no order; compare them by === and !==");
                }
                _ => {}
            }
        }
        Ok(Expr {
            kind: Kind::Compare(signed(compare, left.ty), Box::new(left), Box::new(right)),
            ty: Scalar::Bool,
            at,
        })
    }

    /// Two operands of one type: where one is a plain number, it takes the other's.
    pub fn operands(
        &mut self,
        left: &Expression<'a>,
        right: &Expression<'a>,
        want: Option<Scalar>,
    ) -> Outcome<(Expr, Expr)> {
        let (left, right) = match (self.is_flexible(left), self.is_flexible(right)) {
            (true, true) => {
                let ty = want.filter(|ty| *ty != Scalar::Bool).unwrap_or(Scalar::F32);
                (self.expr(left, Some(ty))?, self.expr(right, Some(ty))?)
            }
            (true, false) => {
                let right = self.expr(right, want)?;
                (self.expr(left, Some(right.ty))?, right)
            }
            (false, _) => {
                let left = self.expr(left, want)?;
                let right = self.expr(right, Some(left.ty))?;
                (left, right)
            }
        };
        match left.ty == right.ty {
            true => Ok((left, right)),
            false => {
                let (from, to) = (right.ty.name(), left.ty.name());
                problem(
                    right.at,
                    format!(
                        "this is {from} and the left side {to}; write {to}(…) around this or {from}(…) around the left side"
                    ),
                )
            }
        }
    }

    /// The operation on values of a type.
    pub fn operation(
        &self,
        operator: Arithmetic,
        ty: Scalar,
        span: oxc_span::Span,
    ) -> Outcome<Binary> {
        let at = self.at(span);
        if ty == Scalar::Bool {
            return match operator {
                Arithmetic::Bits(op) => Ok(op),
                _ => problem(at, "there is no arithmetic on booleans; use &&, || and !"),
            };
        }
        if ty == Scalar::Entity {
            return problem(
                at,
                "there is no arithmetic on entities; compare them by === and !==",
            );
        }
        let whole = |op: Binary, what: &str| match is_float(ty) {
            false => Ok(op),
            true => problem(
                at,
                format!("{what} takes whole numbers; write i32(…) or u32(…) around both sides"),
            ),
        };
        if matches!(operator, Arithmetic::Divide | Arithmetic::Remainder) && !is_float(ty) {
            let part = (self.source, span.start, span.end);
            self.checker.notes.borrow_mut().divisions.insert(part, ty);
        }
        match operator {
            Arithmetic::Add => Ok(Binary::Add),
            Arithmetic::Subtract => Ok(Binary::Sub),
            Arithmetic::Multiply => Ok(Binary::Mul),
            Arithmetic::Divide => Ok(match (is_float(ty), is_unsigned(ty)) {
                (true, _) => Binary::Div,
                (_, true) => Binary::DivU,
                _ => Binary::DivS,
            }),
            Arithmetic::Remainder => match (is_float(ty), is_unsigned(ty)) {
                (true, _) => problem(
                    at,
                    "% takes whole numbers; for others write a - Math.trunc(a / b) * b",
                ),
                (_, true) => Ok(Binary::RemU),
                _ => Ok(Binary::RemS),
            },
            Arithmetic::Bits(op) => whole(op, "an operation on bits"),
            Arithmetic::Left => whole(Binary::Shl, "a shift"),
            Arithmetic::Right => whole(
                if is_unsigned(ty) {
                    Binary::ShrU
                } else {
                    Binary::ShrS
                },
                "a shift",
            ),
            Arithmetic::RightZero if !is_float(ty) && !is_unsigned(ty) => problem(
                at,
                "`>>>` takes numbers without sign; write u32(…) around both sides",
            ),
            Arithmetic::RightZero => whole(Binary::ShrU, "a shift"),
            Arithmetic::Power if is_float(ty) => Ok(Binary::Pow),
            Arithmetic::Power => problem(at, "`**` takes f32 or f64; multiply: `x * x`"),
        }
    }

    /// `&&`, `||`.
    pub fn logical(&mut self, node: &ast::LogicalExpression<'a>) -> Outcome<Expr> {
        use oxc_syntax::operator::LogicalOperator;
        if node.operator == LogicalOperator::Coalesce {
            return problem(
                self.at(node.span),
                "nothing is null here, so there is no `??`; write a condition",
            );
        }
        let left = Box::new(self.condition(&node.left)?);
        let right = Box::new(self.condition(&node.right)?);
        Ok(Expr {
            kind: match node.operator {
                LogicalOperator::And => Kind::And(left, right),
                _ => Kind::Or(left, right),
            },
            ty: Scalar::Bool,
            at: self.at(node.span),
        })
    }

    /// An expression that is a boolean.
    pub fn condition(&mut self, expr: &Expression<'a>) -> Outcome<Expr> {
        let value = self.expr(expr, None)?;
        match value.ty {
            Scalar::Bool => Ok(value),
            ty => problem(
                self.at(expr.span()),
                format!(
                    "this is {} and should be a boolean; compare it: `x !== 0`",
                    ty.name()
                ),
            ),
        }
    }
}
