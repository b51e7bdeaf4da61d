//! Numbers as they are written, which have no type of their own: they take the one that their place asks for.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Const, Scalar};
use super::super::tree::{Expr, Kind};
use super::frame::{Frame, Name};
use super::items::{Checker, Item, at};
use oxc_ast::ast::{BinaryOperator, Expression, UnaryOperator};
use oxc_span::{GetSpan, Span};

/// The value of a written number, with its sign.
pub fn literal_of(expr: &Expression<'_>) -> Option<f64> {
    match expr {
        Expression::NumericLiteral(literal) => Some(literal.value),
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::UnaryNegation => {
            match &unary.argument {
                Expression::NumericLiteral(literal) => Some(-literal.value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The constants of `Math`.
pub fn math_constant(name: &str) -> Option<f64> {
    use std::f64::consts;
    Some(match name {
        "PI" => consts::PI,
        "E" => consts::E,
        "LN2" => consts::LN_2,
        "LN10" => consts::LN_10,
        "LOG2E" => consts::LOG2_E,
        "LOG10E" => consts::LOG10_E,
        "SQRT2" => consts::SQRT_2,
        "SQRT1_2" => consts::FRAC_1_SQRT_2,
        _ => return None,
    })
}

/// A number as a constant of a type.
pub fn constant(value: f64, ty: Scalar, at: At) -> Outcome<Expr> {
    let whole = |low: f64, high: f64| match value.fract() == 0.0 && (low..=high).contains(&value) {
        true => Ok(value),
        false => problem(
            at,
            format!(
                "{value} is no {}; write f32({value}) or give what it is combined with another type",
                ty.name()
            ),
        ),
    };
    // Whole numbers beyond this are not exact in JavaScript.
    let exact = 9_007_199_254_740_991.0;
    let constant = match ty {
        Scalar::F32 => Const::f32(value as f32),
        Scalar::F64 => Const::f64(value),
        Scalar::U8 => unreachable!("no value is a byte"),
        Scalar::I32 => Const::I32(whole(-2_147_483_648.0, 2_147_483_647.0)? as i32),
        Scalar::U32 => Const::I32(whole(0.0, 4_294_967_295.0)? as u32 as i32),
        Scalar::I64 => Const::I64(whole(-exact, exact)? as i64),
        Scalar::U64 => Const::I64(whole(0.0, exact)? as i64),
        Scalar::Entity => {
            return problem(
                at,
                "this is a number and should be an entity; entities come from a parameter `entities: Entity[]` and from fields",
            );
        }
        Scalar::Bool => {
            return problem(
                at,
                "this is a number and should be a boolean; compare it: `x !== 0`",
            );
        }
    };
    Ok(Expr {
        kind: Kind::Const(constant),
        ty,
        at,
    })
}

impl<'a> Checker<'_, 'a> {
    /// The value of an expression of plain numbers and constants of the top level, as JavaScript computes it.
    pub fn number_of(&self, source: u32, expr: &Expression<'a>, depth: usize) -> Outcome<f64> {
        let place = at(source, expr.span());
        if depth > super::DEPTH_MAX {
            return problem(
                place,
                "this is nested too deep, or a constant is made of itself",
            );
        }
        let of = |expr: &Expression<'a>| self.number_of(source, expr, depth + 1);
        match expr {
            Expression::NumericLiteral(literal) => Ok(literal.value),
            Expression::ParenthesizedExpression(inner) => of(&inner.expression),
            Expression::UnaryExpression(unary)
                if unary.operator == UnaryOperator::UnaryNegation =>
            {
                Ok(-of(&unary.argument)?)
            }
            Expression::BinaryExpression(binary) => {
                let (a, b) = (of(&binary.left)?, of(&binary.right)?);
                match binary.operator {
                    BinaryOperator::Addition => Ok(a + b),
                    BinaryOperator::Subtraction => Ok(a - b),
                    BinaryOperator::Multiplication => Ok(a * b),
                    BinaryOperator::Division => Ok(a / b),
                    _ => problem(place, "a constant is made by +, -, * and /"),
                }
            }
            Expression::StaticMemberExpression(member) if matches!(&member.object, Expression::Identifier(id) if id.name.as_str() == "Math") =>
            {
                let value = math_constant(member.property.name.as_str());
                value.map_or_else(|| problem(place, "this is no constant"), Ok)
            }
            Expression::Identifier(id) => match self.constant_named(id.name.as_str()) {
                Some((source, init)) => self.number_of(source, init, depth + 1),
                None => problem(
                    place,
                    format!("`{}` is no constant number of the top level", id.name),
                ),
            },
            _ => problem(
                place,
                "this is no constant; write a number, or a constant of the top level",
            ),
        }
    }
}

impl Frame<'_, '_, '_> {
    /// A written number as a constant of a type, which is noted.
    pub fn typed(&self, value: f64, ty: Scalar, span: Span) -> Outcome<Expr> {
        let made = constant(value, ty, self.at(span))?;
        if let Kind::Const(value) = made.kind {
            let part = (self.source, span.start, span.end);
            let mut notes = self.checker.notes.borrow_mut();
            notes.numbers.insert(part, (ty, value));
        }
        Ok(made)
    }

    /// The value of a name that is a number without a type.
    pub fn literal_named(&self, name: &str) -> Option<f64> {
        match self.find(name) {
            Some(Name::Literal(value)) => Some(value),
            Some(_) => None,
            None => match self.checker.names.get(name) {
                Some(Item::Literal(value)) => Some(*value),
                _ => None,
            },
        }
    }

    /// Whether an expression is made of numbers without a type only.
    pub fn is_flexible(&self, expr: &Expression<'_>) -> bool {
        self.is_flexible_within(expr, super::DEPTH_MAX)
    }

    fn is_flexible_within(&self, expr: &Expression<'_>, depth: usize) -> bool {
        // What is deeper is refused later on; here it must only not exhaust the stack.
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match expr {
            Expression::NumericLiteral(_) => true,
            Expression::ParenthesizedExpression(inner) => {
                self.is_flexible_within(&inner.expression, depth)
            }
            Expression::UnaryExpression(unary) => {
                unary.operator != UnaryOperator::LogicalNot
                    && self.is_flexible_within(&unary.argument, depth)
            }
            Expression::BinaryExpression(binary) => {
                super::operators::arithmetic(binary.operator).is_some()
                    && self.is_flexible_within(&binary.left, depth)
                    && self.is_flexible_within(&binary.right, depth)
            }
            Expression::Identifier(id) => self.literal_named(id.name.as_str()).is_some(),
            Expression::StaticMemberExpression(member) => {
                self.is_math(&member.object)
                    && math_constant(member.property.name.as_str()).is_some()
            }
            _ => false,
        }
    }

    /// Whether an expression is made of whole numbers without a type only, by operations that leave them whole: what a loop counts from.
    pub fn is_whole(&self, expr: &Expression<'_>) -> bool {
        self.is_whole_within(expr, super::DEPTH_MAX)
    }

    fn is_whole_within(&self, expr: &Expression<'_>, depth: usize) -> bool {
        // As for `is_flexible`.
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let whole = |expr: &Expression<'_>| self.is_whole_within(expr, depth);
        match expr {
            Expression::NumericLiteral(literal) => literal.value.fract() == 0.0,
            Expression::Identifier(id) => {
                let value = self.literal_named(id.name.as_str());
                value.is_some_and(|value| value.fract() == 0.0)
            }
            Expression::ParenthesizedExpression(inner) => whole(&inner.expression),
            Expression::UnaryExpression(unary) => {
                let sign = matches!(
                    unary.operator,
                    UnaryOperator::UnaryNegation | UnaryOperator::UnaryPlus
                );
                sign && whole(&unary.argument)
            }
            Expression::BinaryExpression(binary) => {
                let kept = matches!(
                    binary.operator,
                    BinaryOperator::Addition
                        | BinaryOperator::Subtraction
                        | BinaryOperator::Multiplication
                );
                kept && whole(&binary.left) && whole(&binary.right)
            }
            _ => false,
        }
    }

    /// Whether an expression is the object `Math`.
    pub fn is_math(&self, expr: &Expression<'_>) -> bool {
        matches!(expr, Expression::Identifier(id) if id.name.as_str() == "Math" && self.find("Math").is_none())
    }
}
