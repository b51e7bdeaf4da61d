//! What nobody needs: results that are not used, stores that are overwritten.

use super::super::ir::{End, Index, Inst, Op, Place, Region, System, Value};
use super::Spoilt;
use std::collections::BTreeSet;

/// Removes it.
pub fn remove_dead(system: &mut System, spoilt: Option<Spoilt>) {
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    let mut needed = vec![false; system.types.len()];
    overwritten(&mut body);
    sweep(&mut body, &mut needed, spoilt);
    system.body = body;
}

/// From the end to the beginning: an instruction is needed for what it does or for a result.
fn sweep(region: &mut Region, needed: &mut [bool], spoilt: Option<Spoilt>) {
    for value in region.end.values() {
        needed[value.index()] = true;
    }
    let mut kept: Vec<Inst> = Vec::new();
    for mut inst in std::mem::take(&mut region.insts).into_iter().rev() {
        let wanted = inst.results.iter().any(|result| needed[result.index()]);
        let idle = inst.op.is_pure() || matches!(inst.op, Op::Load(_)) || is_idle(&inst.op);
        let idle = idle || (spoilt == Some(Spoilt::Dead) && matches!(inst.op, Op::If(..)));
        if idle && !wanted {
            continue;
        }
        for inner in inst.op.regions_mut() {
            sweep(inner, needed, spoilt);
        }
        inst.op.operands(&mut |value| needed[value.index()] = true);
        kept.push(inst);
    }
    kept.reverse();
    region.insts = kept;
}

/// An `if` that does nothing but give results.
fn is_idle(op: &Op) -> bool {
    let Op::If(_, arms) = op else {
        return false;
    };
    arms.iter().all(|arm| {
        matches!(arm.end, End::Yield(_))
            && arm.insts.iter().all(|inst| {
                inst.op.is_pure() || matches!(inst.op, Op::Load(_)) || is_idle(&inst.op)
            })
    })
}

/// Removes stores that another store of the same region follows, with nothing in between that could see the difference.
fn overwritten(region: &mut Region) {
    let mut later: BTreeSet<(u32, u32, Option<Value>)> = BTreeSet::new();
    let mut kept: Vec<Inst> = Vec::new();
    for mut inst in std::mem::take(&mut region.insts).into_iter().rev() {
        match &mut inst.op {
            Op::Store(place, _) => {
                if let Some(spot) = spot(*place)
                    && !later.insert(spot)
                {
                    continue;
                }
            }
            Op::Load(place) => match spot(*place) {
                Some((input, slot, _)) => {
                    later.retain(|(other, at, _)| (*other, *at) != (input, slot))
                }
                None => later.clear(),
            },
            // Rows keep what was done before a system stopped.
            Op::Assert(..) | Op::Spend(_) | Op::Command(_) => later.clear(),
            Op::Binary(op, ..) if op.may_trap() => later.clear(),
            op => {
                if !op.regions().is_empty() {
                    later.clear();
                }
                op.regions_mut().iter_mut().for_each(overwritten);
            }
        }
        kept.push(inst);
    }
    kept.reverse();
    region.insts = kept;
}

fn spot(place: Place) -> Option<(u32, u32, Option<Value>)> {
    match place.index {
        Index::Row(row, slot) => Some((place.input, slot, Some(row))),
        Index::Only(slot) => Some((place.input, slot, None)),
        Index::Item(..) | Index::Word(_) => None,
    }
}
