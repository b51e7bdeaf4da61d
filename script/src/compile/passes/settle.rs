//! One NaN in memory: which bits a NaN has that an operation made is the processor's to choose, so nobody may find them in a column.
//!
//! ```text
//!   store p, x     =     store p, (x != x ? NaN : x)
//! ```
//!
//! Within a system no operation can tell NaNs apart, so looking where values go to memory is enough. The run-time could do it for us, after each operation: that
//! adds four instructions to each.

use super::super::ir::{Compare, Const, End, Inst, Module, Op, Region, System, Type, Value};
use super::Spoilt;
use std::collections::BTreeSet;

/// Settles what all systems store and record.
pub fn settle(module: &mut Module, spoilt: Option<Spoilt>) {
    if spoilt == Some(Spoilt::Settle) {
        return;
    }
    for system in &mut module.systems {
        let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
        let mut settled = BTreeSet::new();
        body.walk(&mut |inst| {
            // Copies are no operations: they pass on what is there.
            if matches!(inst.op, Op::Const(_) | Op::Load(_)) {
                settled.extend(&inst.results);
            }
        });
        region(system, &settled, &mut body);
        system.body = body;
    }
}

fn region(system: &mut System, settled: &BTreeSet<Value>, of: &mut Region) {
    let mut out = Vec::new();
    for mut inst in std::mem::take(&mut of.insts) {
        for inner in inst.op.regions_mut() {
            region(system, settled, inner);
        }
        let goes: &mut [Value] = match &mut inst.op {
            Op::Store(_, value) => std::slice::from_mut(value),
            Op::Command(one) => &mut one.values,
            _ => &mut [],
        };
        for value in goes {
            if !settled.contains(value) {
                *value = one_nan(system, *value, &mut out);
            }
        }
        out.push(inst);
    }
    of.insts = out;
}

/// A value, or the NaN.
fn one_nan(system: &mut System, value: Value, out: &mut Vec<Inst>) -> Value {
    let ty = system.ty(value);
    let nan = match ty {
        Type::F32 | Type::F32x4 => Const::F32(f32::NAN.to_bits()),
        Type::F64 => Const::F64(f64::NAN.to_bits()),
        _ => return value,
    };
    let mut add = |system: &mut System, op: Op, ty: Type| {
        let result = system.value(ty);
        out.push(Inst {
            results: vec![result],
            op,
            at: None,
        });
        result
    };
    let lane = ty.lane();
    let mut other = add(system, Op::Const(nan), lane);
    let mut differs = Type::Bool;
    if ty.is_vector() {
        other = add(system, Op::Splat(other), ty);
        differs = Type::Boolx4;
    }
    let is_nan = add(system, Op::Compare(Compare::Ne, value, value), differs);
    add(system, Op::Select(is_nan, other, value), ty)
}
