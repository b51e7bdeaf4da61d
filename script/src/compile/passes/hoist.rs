//! What gives the same in each round of a loop is done once, before it.

use super::super::ir::{End, Index, Inst, Op, Region, System, Value};
use super::Spoilt;
use std::collections::BTreeSet;

/// Moves it.
pub fn hoist(system: &mut System, spoilt: Option<Spoilt>) {
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    region(&mut body, spoilt);
    system.body = body;
}

fn region(of: &mut Region, spoilt: Option<Spoilt>) {
    let mut out: Vec<Inst> = Vec::new();
    for mut inst in std::mem::take(&mut of.insts) {
        for inner in inst.op.regions_mut() {
            region(inner, spoilt);
        }
        if let Op::For(_) | Op::Loop(_) = inst.op
            && let [body] = inst.op.regions_mut()
        {
            out.append(&mut steady(body, spoilt));
        }
        out.push(inst);
    }
    of.insts = out;
}

/// Takes out of a loop's body what does not depend on the round.
fn steady(body: &mut Region, spoilt: Option<Spoilt>) -> Vec<Inst> {
    let mut inside: BTreeSet<Value> = BTreeSet::new();
    let mut stored: BTreeSet<(u32, u32)> = BTreeSet::new();
    inside.extend(&body.params);
    body.walk(&mut |inst| {
        inside.extend(&inst.results);
        if let Op::Store(place, _) = &inst.op
            && let Index::Only(slot) = place.index
            && spoilt != Some(Spoilt::Hoist)
        {
            stored.insert((place.input, slot));
        }
        inst.op
            .regions()
            .iter()
            .for_each(|region| inside.extend(&region.params));
    });
    let mut out = Vec::new();
    let mut kept = Vec::new();
    for inst in std::mem::take(&mut body.insts) {
        let mut free = true;
        inst.op
            .operands(&mut |value| free &= !inside.contains(&value));
        // A resource is always there. A row may not be, and what says so stands in the loop.
        let steady_load = matches!(&inst.op, Op::Load(place)
            if matches!(place.index, Index::Only(slot) if !stored.contains(&(place.input, slot))));
        match free && (inst.op.is_pure() || steady_load) {
            true => {
                for result in &inst.results {
                    inside.remove(result);
                }
                out.push(inst);
            }
            false => kept.push(inst),
        }
    }
    body.insts = kept;
    out
}
