//! Expressions.

use super::super::diagnostic::Outcome;
use super::super::ir::{
    At, Binary, Compare, Const, Convert, End, Index, Op, Scalar, Trap, Type, Unary, Value,
};
use super::super::tree::{Base, Element, Expr, Kind};
use super::{Bound, Lower};

impl Bound {
    pub fn place(self) -> (u32, Index) {
        let index = match (self.row, self.item) {
            (Some(row), _) => Index::Row(row, self.slot),
            (None, Some(item)) => Index::Item(item, self.slot),
            (None, None) => Index::Only(self.slot),
        };
        (self.input, index)
    }
}

impl<'t> Lower<'t> {
    /// The value of an expression.
    pub fn value(&mut self, expr: &'t Expr) -> Outcome<Value> {
        self.deeper(expr.at, |this| this.any_value(expr))
    }

    fn any_value(&mut self, expr: &'t Expr) -> Outcome<Value> {
        Ok(match &expr.kind {
            Kind::Const(value) => self.b.constant(*value),
            Kind::Local(local) => {
                self.env[self.slot(*local)].expect("a variable is declared with a value")
            }
            Kind::Global(number) => {
                let tree = self.tree;
                self.value(&tree.globals[*number])?
            }
            Kind::Load(access) => {
                let (input, index) = self.element(&access.element)?.place();
                self.b.load(input, index, access.scalar.ty())
            }
            Kind::Length => self.count.expect("a system with columns has their count"),
            Kind::Input(number) => {
                self.inputs[*number as usize].expect("the checker found a value here")
            }
            Kind::Unary(op, a) => {
                let a = self.value(a)?;
                self.b.unary(*op, a)
            }
            Kind::Binary(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.b.binary(*op, a, b)
            }
            Kind::Compare(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.b.compare(*op, a, b)
            }
            Kind::And(a, b) => self.choose(a, Arm::Expr(b), Arm::Bool(false))?,
            Kind::Or(a, b) => self.choose(a, Arm::Bool(true), Arm::Expr(b))?,
            Kind::Choose(on, a, b) => self.choose(on, Arm::Expr(a), Arm::Expr(b))?,
            Kind::Convert(a) => {
                let value = self.value(a)?;
                self.convert(value, a.ty, expr.ty)
            }
            Kind::Round(a) => {
                let a = self.value(a)?;
                self.round_half_up(a)
            }
            Kind::Sign(a) => {
                let a = self.value(a)?;
                let (zero, one, less) =
                    (self.float(a, 0.0), self.float(a, 1.0), self.float(a, -1.0));
                let (above, below) = (
                    self.b.compare(Compare::Gt, a, zero),
                    self.b.compare(Compare::Lt, a, zero),
                );
                // 0, -0 and NaN stay what they are.
                let rest = self.b.select(below, less, a);
                self.b.select(above, one, rest)
            }
            Kind::AbsInt(a) => {
                let a = self.value(a)?;
                let zero = match self.b.ty(a) {
                    Type::I64 => Const::I64(0),
                    _ => Const::I32(0),
                };
                let zero = self.b.constant(zero);
                let (below, turned) = (
                    self.b.compare(Compare::Lt, a, zero),
                    self.b.binary(Binary::Sub, zero, a),
                );
                self.b.select(below, turned, a)
            }
            Kind::MinInt(a, b) => self.extreme(Compare::Lt, Compare::LtU, a, b)?,
            Kind::MaxInt(a, b) => self.extreme(Compare::Gt, Compare::GtU, a, b)?,
            Kind::Keyed(words) => self.keyed(words)?,
            Kind::Draw(draw, local, args) => self.draw(*draw, *local, args)?,
            Kind::Call(function, args) => {
                let value = self.call(*function, args, expr.at)?;
                value.expect("the checker saw that it gives a value")
            }
        })
    }

    /// What an element stands for; a row, and an element of an array, is asserted to be there.
    pub fn element(&mut self, element: &'t Element) -> Outcome<Bound> {
        let bound = match &element.base {
            Base::Row(input, row, at) => {
                let row = self.value(row)?;
                let count = self.count.expect("a system with columns has their count");
                self.assert_below(row, count, Trap::Row, *at);
                Bound {
                    input: *input,
                    row: Some(row),
                    slot: element.slot,
                    item: None,
                }
            }
            Base::Event(input, count, event, at) => {
                let event = self.value(event)?;
                let count = self.inputs[*count as usize].expect("a number of events is a value");
                self.assert_below(event, count, Trap::Row, *at);
                Bound {
                    input: *input,
                    row: Some(event),
                    slot: element.slot,
                    item: None,
                }
            }
            Base::Resource(input) => Bound {
                input: *input,
                row: None,
                slot: element.slot,
                item: None,
            },
            Base::Named(id) => {
                let place = self.frame().elements + id.0 as usize;
                let bound =
                    self.elements[place].expect("a name of a row is bound where it is declared");
                Bound {
                    slot: bound.slot + element.slot,
                    ..bound
                }
            }
        };
        let Some(item) = &element.item else {
            return Ok(bound);
        };
        let index = self.value(&item.index)?;
        let count = self.b.constant(Const::I32(item.count as i32));
        self.assert_below(index, count, Trap::Item, item.at);
        Ok(Bound {
            item: Some(index),
            ..bound
        })
    }

    /// Asserts that an index is there: without sign, so that one below 0 is beyond the last.
    fn assert_below(&mut self, index: Value, count: Value, trap: Trap, at: At) {
        let before = self.b.locate(Some(at));
        let there = self.b.compare(Compare::LtU, index, count);
        self.b.effect(Op::Assert(there, trap));
        self.b.locate(before);
    }

    /// One of two values, of which only that one is computed. Variables that random numbers move on are passed on as by [`Lower::branch`].
    fn choose(&mut self, on: &'t Expr, then: Arm<'t>, otherwise: Arm<'t>) -> Outcome<Value> {
        let on = self.value(on)?;
        let mut arm = |arm: Arm<'t>| -> Outcome<_> {
            let mark = self.log.len();
            let mut chosen = None;
            let region = self.region(Vec::new(), |this| {
                chosen = Some(match arm {
                    Arm::Bool(value) => this.b.constant(Const::Bool(value)),
                    Arm::Expr(expr) => this.value(expr)?,
                });
                Ok(None)
            });
            let changed = self.back_to(mark);
            Ok((region?.0, chosen.expect("the region was made"), changed))
        };
        let arms = [arm(then)?, arm(otherwise)?];
        let mut slots: Vec<usize> = arms
            .iter()
            .flat_map(|(_, _, changed)| changed.iter().map(|(slot, _)| *slot))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let before = self.values(&slots);
        let types = [vec![self.b.ty(arms[0].1)], self.types(&before)].concat();
        let arms = arms.map(|(mut region, chosen, changed)| {
            let passed = slots.iter().zip(&before).map(|(slot, before)| {
                let found = changed.iter().find(|(known, _)| known == slot);
                found.map_or(*before, |(_, value)| *value)
            });
            region.end = End::Yield(std::iter::once(chosen).chain(passed).collect());
            region
        });
        let results = self.b.push(Op::If(on, Box::new(arms)), &types);
        for (slot, result) in slots.into_iter().zip(&results[1..]) {
            self.set(slot, *result);
        }
        Ok(results[0])
    }

    fn extreme(
        &mut self,
        signed: Compare,
        unsigned: Compare,
        a: &'t Expr,
        b: &'t Expr,
    ) -> Outcome<Value> {
        let op = match a.ty {
            Scalar::U32 | Scalar::U64 => unsigned,
            _ => signed,
        };
        let (a, b) = (self.value(a)?, self.value(b)?);
        let first = self.b.compare(op, a, b);
        Ok(self.b.select(first, a, b))
    }

    fn float(&mut self, like: Value, value: f64) -> Value {
        let constant = match self.b.ty(like) {
            Type::F64 => Const::f64(value),
            _ => Const::f32(value as f32),
        };
        self.b.constant(constant)
    }

    /// As `Math.round`: halves go up, and what becomes 0 keeps its sign. (`floor(x + 0.5)` is wrong just below 0.5.)
    fn round_half_up(&mut self, a: Value) -> Value {
        let (half, one) = (self.float(a, 0.5), self.float(a, 1.0));
        let low = self.b.unary(Unary::Floor, a);
        let rest = self.b.binary(Binary::Sub, a, low);
        let up = self.b.compare(Compare::Ge, rest, half);
        let high = self.b.binary(Binary::Add, low, one);
        let whole = self.b.select(up, high, low);
        self.b.binary(Binary::Copysign, whole, a)
    }

    fn convert(&mut self, value: Value, from: Scalar, to: Scalar) -> Value {
        use Convert::*;
        use Scalar::{Bool, Entity, F32, F64, I32, I64, U8, U32, U64};
        let steps: &[Convert] = match (from, to) {
            (F32, F64) => &[F32ToF64],
            (F64, F32) => &[F64ToF32],
            (I32, F32) => &[I32ToF32S],
            (U32, F32) => &[I32ToF32U],
            (I32, F64) => &[I32ToF64S],
            (U32, F64) => &[I32ToF64U],
            (I64, F32) => &[I64ToF32S],
            (U64, F32) => &[I64ToF32U],
            (I64, F64) => &[I64ToF64S],
            (U64, F64) => &[I64ToF64U],
            (F32, I32) => &[F32ToI32S],
            (F32, U32) => &[F32ToI32U],
            (F64, I32) => &[F64ToI32S],
            (F64, U32) => &[F64ToI32U],
            (F32, I64) => &[F32ToI64S],
            (F32, U64) => &[F32ToI64U],
            (F64, I64) => &[F64ToI64S],
            (F64, U64) => &[F64ToI64U],
            (I32, I64 | U64) => &[I32ToI64S],
            (U32, I64 | U64) => &[I32ToI64U],
            (I64 | U64, I32 | U32) => &[I64ToI32],
            (Bool, I32 | U32) => &[BoolToI32],
            (Bool, F32) => &[BoolToI32, I32ToF32S],
            (Bool, F64) => &[BoolToI32, I32ToF64S],
            (Bool, I64 | U64) => &[BoolToI32, I32ToI64U],
            (F32, F32)
            | (F64, F64)
            | (I32 | U32, I32 | U32)
            | (I64 | U64, I64 | U64)
            // Entities are not converted, and bytes are no values; the checker saw to that.
            | (Entity | U8, _)
            | (_, Bool | Entity | U8) => &[],
        };
        steps
            .iter()
            .fold(value, |value, step| self.b.convert(*step, value))
    }
}

/// An expression, or a boolean that is known.
enum Arm<'t> {
    Expr(&'t Expr),
    Bool(bool),
}
