//! Conditions without branches: where asking the second half of `a && b` or `a || b` can do no harm and is cheap, both halves are asked.
//!
//! ```text
//!   if a { b } else { false }     =     a and b
//! ```
//!
//! A branch that is guessed wrong costs more than some operations, and the conditions of inner loops, over neighbours say, are hard to guess.

use super::super::ir::{Binary, Const, End, Inst, Op, Region, System, Type, Unary, Value};
use super::Spoilt;
use std::collections::BTreeMap;

/// Operations of the second half up to which it is always asked.
const INSTS_MAX: usize = 8;

/// Joins what it can.
pub fn join(system: &mut System, spoilt: Option<Spoilt>) {
    let mut consts = BTreeMap::new();
    system.body.walk(&mut |inst| {
        if let (Op::Const(Const::Bool(value)), [result]) = (&inst.op, &*inst.results) {
            consts.insert(*result, *value);
        }
    });
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    region(system, &consts, &mut body, spoilt);
    system.body = body;
}

fn region(
    system: &mut System,
    consts: &BTreeMap<Value, bool>,
    of: &mut Region,
    spoilt: Option<Spoilt>,
) {
    let mut out = Vec::new();
    for mut inst in std::mem::take(&mut of.insts) {
        for inner in inst.op.regions_mut() {
            region(system, consts, inner, spoilt);
        }
        if let Some(mut before) = joined(system, consts, &mut inst) {
            out.append(&mut before);
            if let (Some(Spoilt::Join), Op::Binary(op, ..)) = (spoilt, &mut inst.op) {
                *op = match op {
                    Binary::And => Binary::Or,
                    _ => Binary::And,
                };
            }
        }
        out.push(inst);
    }
    of.insts = out;
}

/// Makes an `if` that is an `and` or `or` one; gives what has to be done before.
fn joined(
    system: &mut System,
    consts: &BTreeMap<Value, bool>,
    inst: &mut Inst,
) -> Option<Vec<Inst>> {
    let Op::If(on, arms) = &mut inst.op else {
        return None;
    };
    let [result] = *inst.results else { return None };
    if system.ty(result) != Type::Bool {
        return None;
    }
    let on = *on;
    let mut yielded = [on; 2];
    for (arm, value) in arms.iter().zip(&mut yielded) {
        let End::Yield(values) = &arm.end else {
            return None;
        };
        *value = *values.first()?;
        let pure = arm.insts.iter().all(|inst| inst.op.is_pure());
        if !pure || arm.insts.len() > INSTS_MAX {
            return None;
        }
    }
    let known = yielded.map(|value| consts.get(&value).copied());
    let (turned, op, other) = match known {
        [None, Some(false)] => (false, Binary::And, yielded[0]),
        [None, Some(true)] => (true, Binary::Or, yielded[0]),
        [Some(true), None] => (false, Binary::Or, yielded[1]),
        [Some(false), None] => (true, Binary::And, yielded[1]),
        _ => return None,
    };
    let mut before: Vec<Inst> = arms
        .iter_mut()
        .flat_map(|arm| std::mem::take(&mut arm.insts))
        .collect();
    let on = match turned {
        false => on,
        true => {
            let not = system.value(Type::Bool);
            before.push(Inst {
                results: vec![not],
                op: Op::Unary(Unary::Not, on),
                at: inst.at,
            });
            not
        }
    };
    inst.op = Op::Binary(op, on, other);
    Some(before)
}
