//! Random numbers: `const random = cx.random(entities[i], 0);`, then `random.unit()`, `random.range(-1, 1)`.
//!
//! A generator is a name for a state that each number moves on. It is keyed by seed, step, entity and stream, and by nothing else.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::Scalar;
use super::super::tree::{Draw, Expr, Kind, Stmt};
use super::frame::{Frame, Name};
use super::numbers::constant;
use oxc_ast::ast::{self, Argument, Expression};

impl<'a> Frame<'_, '_, 'a> {
    /// Whether an expression makes a generator: the call of `random` on the context.
    pub fn makes_random<'n>(
        &self,
        expr: &'n Expression<'a>,
    ) -> Option<&'n ast::CallExpression<'a>> {
        let Expression::CallExpression(call) = expr else {
            return None;
        };
        let Expression::StaticMemberExpression(member) = &call.callee else {
            return None;
        };
        (self.is_context(&member.object) && member.property.name.as_str() == "random")
            .then_some(&**call)
    }

    /// Whether an expression is the context.
    pub fn is_context(&self, expr: &Expression<'_>) -> bool {
        matches!(expr, Expression::Identifier(id) if matches!(self.find(id.name.as_str()), Some(Name::Context | Name::Passed(_))))
    }

    /// Declares a generator.
    pub fn declare_random(
        &mut self,
        name: &'a str,
        call: &ast::CallExpression<'a>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let at = self.at(call.span);
        let args: Option<Vec<&Expression<'a>>> =
            call.arguments.iter().map(Argument::as_expression).collect();
        let (entity, stream) = match args.as_deref() {
            Some([stream]) => (constant(0.0, Scalar::U64, at)?, stream),
            Some([entity, stream]) => (self.key(entity)?, stream),
            _ => {
                return problem(
                    at,
                    "name an entity and a stream, or a stream: `cx.random(entities[i], 0)`",
                );
            }
        };
        let stream = self.key(stream)?;
        let context = match &call.callee {
            Expression::StaticMemberExpression(member) => match &member.object {
                Expression::Identifier(id) => self.find(id.name.as_str()),
                _ => None,
            },
            _ => None,
        };
        let context = context.expect("a generator is made by the step");
        let known = "a function takes what it asks";
        let step = self.asked(context, 2, at).expect(known);
        let seed = self.asked(context, 3, at).expect(known);
        let state = Expr {
            kind: Kind::Keyed(Box::new([seed, step, entity, stream])),
            ty: Scalar::U64,
            at,
        };
        let local = self.local();
        out.push(Stmt::Set(local, state));
        self.bind(name, Name::Random { local }, at)
    }

    /// A word of the key: an entity or a whole number.
    fn key(&mut self, expr: &Expression<'a>) -> Outcome<Expr> {
        let want = self.is_flexible(expr).then_some(Scalar::U64);
        let value = self.expr(expr, want)?;
        match value.ty {
            Scalar::U64 => Ok(value),
            Scalar::Entity | Scalar::I64 | Scalar::I32 | Scalar::U32 => Ok(Expr {
                at: value.at,
                kind: Kind::Convert(Box::new(value)),
                ty: Scalar::U64,
            }),
            ty => problem(
                value.at,
                format!(
                    "this is {} and should be an entity or a whole number",
                    ty.name()
                ),
            ),
        }
    }

    /// The next number of a generator.
    pub fn draw(
        &mut self,
        local: super::super::tree::Local,
        name: &str,
        node: &ast::CallExpression<'a>,
    ) -> Outcome<Expr> {
        let at = self.at(node.span);
        let (draw, takes, ty): (Draw, &[Scalar], Scalar) = match name {
            "bits" => (Draw::Bits, &[], Scalar::U64),
            "unit" => (Draw::Unit, &[], Scalar::F32),
            "unit64" => (Draw::Unit64, &[], Scalar::F64),
            "range" => (Draw::Range, &[Scalar::F32, Scalar::F32], Scalar::F32),
            "below" => (Draw::Below, &[Scalar::U32], Scalar::U32),
            _ => {
                return problem(
                    at,
                    format!(
                        "there is no `{name}` of random numbers; there are unit, unit64, range, below and bits"
                    ),
                );
            }
        };
        let mut args = Vec::new();
        for (value, ty) in self.values(node, takes.len())?.into_iter().zip(takes) {
            args.push(self.expr_of(value, Some(*ty))?);
        }
        self.assigned.push(local);
        Ok(Expr {
            kind: Kind::Draw(draw, local, args),
            ty,
            at,
        })
    }
}
