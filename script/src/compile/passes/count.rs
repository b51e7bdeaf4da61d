//! Loops that count to an end which stands still become counted loops.
//!
//! ```text
//!   loop { spend 1;  if i < end { } else { break }  rest;  i + 1 }     =     spend 1;  for i in from..end { rest;  spend 1 }
//! ```
//!
//! What leads to the end (`n < grid.starts[past]`) is done at least once, so it is done once, before the loop, where nothing in the loop changes it. The budget is asked in the
//! same order as before.

use super::super::access::counts;
use super::super::ir::{
    Binary, Compare, Const, End, For, Index, Inst, Loop, Op, Place, Region, System, Type, Value,
};
use super::Spoilt;
use std::collections::{BTreeMap, BTreeSet};

/// Counts what can be counted.
pub fn count(system: &mut System, spoilt: Option<Spoilt>) {
    let mut consts = BTreeMap::new();
    system.body.walk(&mut |inst| {
        if let (Op::Const(value), [result]) = (&inst.op, &*inst.results) {
            consts.insert(*result, *value);
        }
    });
    let known = Known {
        consts,
        counts: counts(system),
        spoilt,
    };
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    region(system, &known, &mut body, 0);
    system.body = body;
}

struct Known {
    consts: BTreeMap<Value, Const>,
    /// The values that are the number of rows.
    counts: BTreeSet<Value>,
    spoilt: Option<Spoilt>,
}

fn region(system: &mut System, known: &Known, of: &mut Region, loops: usize) {
    let mut out = Vec::new();
    for mut inst in std::mem::take(&mut of.insts) {
        let inner = loops + usize::from(matches!(inst.op, Op::For(_) | Op::Loop(_)));
        for region_in in inst.op.regions_mut() {
            region(system, known, region_in, inner);
        }
        let found = match &inst.op {
            Op::Loop(one) => counted(system, &known.consts, one),
            _ => None,
        };
        // A counted loop over all rows, in no other one, would say which row is at hand, and this one does not.
        let found = found.filter(|found| loops > 0 || !known.counts.contains(&found.to));
        match found {
            Some(found) => put(system, found, inst, known.spoilt, &mut out),
            None => out.push(inst),
        }
    }
    of.insts = out;
}

/// What a loop is as a counted one.
struct Counted {
    /// Which of the carried values counts.
    index: usize,
    to: Value,
    /// What is done once, before it.
    once: Vec<Inst>,
    /// Its rounds, less what counts.
    one: For,
}

/// Whether a loop counts by 1 to an end that stands still.
fn counted(system: &System, consts: &BTreeMap<Value, Const>, one: &Loop) -> Option<Counted> {
    let body = &one.body;
    let is_one = |value: &Value| consts.get(value) == Some(&Const::I32(1));
    let test = body
        .insts
        .iter()
        .position(|inst| matches!(inst.op, Op::If(..)))?;
    let (head, rest) = (&body.insts[..test], &body.insts[test + 1..]);
    let (Op::If(on, arms), []) = (&body.insts[test].op, &*body.insts[test].results) else {
        return None;
    };
    let leave = End::Break(one.label, body.params.clone());
    let bare = |arm: &Region| arm.insts.is_empty();
    if !arms.iter().all(bare) || arms[0].end != End::Yield(Vec::new()) || arms[1].end != leave {
        return None;
    }
    let spend = head.first()?;
    let (compare, head) = head[1..].split_last()?;
    let Op::Compare(Compare::Lt, counter, to) = compare.op else {
        return None;
    };
    let index = body.params.iter().position(|param| *param == counter)?;
    if !matches!(&spend.op, Op::Spend(rounds) if is_one(rounds))
        || compare.results != [*on]
        || system.ty(counter) != Type::I32
    {
        return None;
    }
    let End::Continue(label, values) = &body.end else {
        return None;
    };
    let next = rest.iter().find(|inst| inst.results == [values[index]])?;
    let by_one = matches!(&next.op, Op::Binary(Binary::Add, a, b) if *a == counter && is_one(b));
    let mut goes = false;
    let mut stored = BTreeSet::new();
    for inst in rest {
        for inner in inst.op.regions() {
            inner.each_region(&mut |region| {
                goes |= matches!(&region.end,
                    End::Break(to, _) | End::Continue(to, _) if *to == one.label);
            });
        }
    }
    body.walk(&mut |inst| {
        if let Op::Store(place, _) = inst.op {
            stored.insert(spot(place));
        }
    });
    if !by_one || goes || *label != one.label || !stands(body, head, to, &stored) {
        return None;
    }
    let others = |values: &[Value]| {
        let mut values = values.to_vec();
        values.remove(index);
        values
    };
    let insts = [
        std::slice::from_ref(compare),
        rest,
        std::slice::from_ref(spend),
    ];
    Some(Counted {
        index,
        to,
        once: [std::slice::from_ref(spend), head].concat(),
        one: For {
            label: one.label,
            from: one.init[index],
            to,
            step: 1,
            init: others(&one.init),
            body: Region {
                params: [vec![counter], others(&body.params)].concat(),
                insts: insts.concat(),
                end: End::Continue(one.label, others(values)),
            },
        },
    })
}

/// Whether what leads to the end of a loop gives the same in each round.
fn stands(body: &Region, head: &[Inst], to: Value, stored: &BTreeSet<(u32, u32)>) -> bool {
    let mut inside: BTreeSet<Value> = body.params.iter().copied().collect();
    for inst in &body.insts {
        inside.extend(&inst.results);
    }
    for inst in head {
        let mut still = match &inst.op {
            Op::Load(place) => !stored.contains(&spot(*place)),
            Op::Assert(..) => true,
            op => op.is_pure(),
        };
        inst.op
            .operands(&mut |value| still &= !inside.contains(&value));
        if !still {
            return false;
        }
        for result in &inst.results {
            inside.remove(result);
        }
    }
    !inside.contains(&to)
}

/// Puts a counted loop where the other one was.
fn put(
    system: &mut System,
    found: Counted,
    inst: Inst,
    spoilt: Option<Spoilt>,
    out: &mut Vec<Inst>,
) {
    let Counted {
        index,
        to,
        once,
        mut one,
    } = found;
    if spoilt == Some(Spoilt::Count) {
        one.step = 2;
    }
    let (from, at) = (one.from, inst.at);
    let mut results = inst.results;
    let last = results.remove(index);
    out.extend(once);
    out.push(Inst {
        results,
        op: Op::For(Box::new(one)),
        at,
    });
    let later = system.value(Type::Bool);
    out.push(Inst {
        results: vec![later],
        op: Op::Compare(Compare::Lt, from, to),
        at,
    });
    out.push(Inst {
        results: vec![last],
        op: Op::Select(later, to, from),
        at,
    });
}

/// Input and slot.
pub fn spot(place: Place) -> (u32, u32) {
    let slot = match place.index {
        Index::Row(_, slot) | Index::Only(slot) | Index::Item(_, slot) => slot,
        Index::Word(_) => 0,
    };
    (place.input, slot)
}
