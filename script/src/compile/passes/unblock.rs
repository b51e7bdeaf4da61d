//! Early returns become conditions: what follows one moves into the other arm.
//!
//! ```text
//!   block @0 { if c { break @0(a) } else { yield() }  rest  yield(b) }     =     if c { yield(a) } else { rest  yield(b) }
//! ```
//!
//! That is the shape in which conditions can be turned into choices between values.

use super::super::ir::{DEPTH_MAX, End, Inst, Label, Op, Region, System, Type, Value};
use super::Spoilt;
use std::collections::BTreeMap;

/// Ways out of a block up to which it is taken apart: each makes the rest one level deeper.
const EXITS_MAX: usize = 16;

/// Takes blocks apart where it can.
pub fn unblock(system: &mut System, spoilt: Option<Spoilt>) {
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    let mut renames = Renames {
        values: BTreeMap::new(),
        spoilt,
    };
    region(system, &mut body, 0, &mut renames);
    rename(&mut body, &renames.values);
    system.body = body;
}

struct Renames {
    /// What stood for a result of what was taken apart, by the result.
    values: BTreeMap<Value, Value>,
    spoilt: Option<Spoilt>,
}

fn rename(of: &mut Region, renames: &BTreeMap<Value, Value>) {
    let resolve = |value: &mut Value| {
        while let Some(instead) = renames.get(value) {
            *value = *instead;
        }
    };
    for inst in &mut of.insts {
        inst.op.operands_mut(&mut { resolve });
        inst.op
            .regions_mut()
            .iter_mut()
            .for_each(|region| rename(region, renames));
    }
    of.end.values_mut().iter_mut().for_each(resolve);
}

fn region(system: &mut System, of: &mut Region, depth: usize, renames: &mut Renames) {
    let mut out = Vec::new();
    for mut inst in std::mem::take(&mut of.insts) {
        for inner in inst.op.regions_mut() {
            region(system, inner, depth + 1, renames);
        }
        if let Op::Block(label, body) = &mut inst.op {
            let types: Vec<Type> = inst
                .results
                .iter()
                .map(|result| system.ty(*result))
                .collect();
            if depth + EXITS_MAX + height(body) < DEPTH_MAX && exits(body, *label) <= EXITS_MAX {
                tail(system, body, *label, &types, renames);
                if exits(body, *label) == 0
                    && let End::Yield(values) = &body.end
                {
                    // Nothing leaves it early any more.
                    renames
                        .values
                        .extend(inst.results.iter().copied().zip(values.iter().copied()));
                    out.append(&mut body.insts);
                    continue;
                }
            }
        }
        out.push(inst);
    }
    of.insts = out;
}

/// Makes every `break` of the label that stands last on its way a `yield`, and moves what comes after an `if` with such an arm into the other one.
fn tail(
    system: &mut System,
    body: &mut Region,
    label: Label,
    types: &[Type],
    renames: &mut Renames,
) {
    if let End::Break(to, values) = &body.end
        && *to == label
    {
        body.end = End::Yield(values.clone());
    }
    let leaves = |inst: &Inst| matches!(&inst.op, Op::If(_, arms) if arms.iter().any(|arm| exits(arm, label) > 0 && leaves_last(arm, label)));
    let Some(place) = body.insts.iter().position(leaves) else {
        return;
    };
    let rest: Vec<Inst> = body.insts.split_off(place + 1);
    let Some(mut inst) = body.insts.pop() else {
        return;
    };
    let Op::If(on, arms) = &mut inst.op else {
        return;
    };
    let yields = |arm: &Region| matches!(arm.end, End::Yield(_));
    if arms.iter().all(yields) && !rest.is_empty() {
        // Both come here; the rest would have to be doubled.
        body.insts.push(inst);
        body.insts.extend(rest);
        return;
    }
    let mut rest = Some((rest, std::mem::replace(&mut body.end, End::Unreachable)));
    for arm in arms.iter_mut() {
        if yields(arm)
            && let Some((rest, end)) = rest.take()
        {
            let End::Yield(values) = std::mem::replace(&mut arm.end, end) else {
                continue;
            };
            renames
                .values
                .extend(inst.results.iter().copied().zip(values));
            arm.insts.extend(rest);
        }
        tail(system, arm, label, types, renames);
    }
    let results: Vec<Value> = types.iter().map(|ty| system.value(*ty)).collect();
    if renames.spoilt == Some(Spoilt::Unblock) {
        arms.reverse();
    }
    let on = *on;
    let Op::If(_, arms) = inst.op else {
        return;
    };
    body.end = match arms.iter().any(yields) {
        true => End::Yield(results.clone()),
        false => End::Unreachable,
    };
    body.insts.push(Inst {
        results,
        op: Op::If(on, arms),
        at: inst.at,
    });
}

/// Whether a region itself ends by leaving the label, or by an `if` that does.
fn leaves_last(region: &Region, label: Label) -> bool {
    matches!(&region.end, End::Break(to, _) if *to == label)
}

/// How often a label is left.
fn exits(region: &Region, label: Label) -> usize {
    let mut count = 0;
    region.each_region(&mut |region| {
        count += usize::from(matches!(&region.end, End::Break(to, _) if *to == label))
    });
    count
}

fn height(region: &Region) -> usize {
    let inner = region.insts.iter().flat_map(|inst| inst.op.regions());
    1 + inner.map(height).max().unwrap_or(0)
}
