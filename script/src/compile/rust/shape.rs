//! Which systems are one loop over their own rows.

use crate::compile::ir::{Const, End, For, Index, Input, Inst, Label, Op, Region, System, Value};
use std::collections::BTreeSet;

/// A system that does the same for each row: what is worked out before, and the loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLoop<'s> {
    /// Instructions without effect before the loop.
    pub(super) before: &'s [Inst],
    /// The loop.
    pub(super) rows: &'s For,
    /// Its index.
    pub(super) row: Value,
}

/// The system as a loop over its rows, if it is one: the rows in order, each touching only itself, nothing carried from one to the next.
pub(super) fn row_loop(system: &System) -> Option<RowLoop<'_>> {
    let insts = &system.body.insts;
    let place = insts
        .iter()
        .position(|inst| matches!(inst.op, Op::For(_)))?;
    let (before, rest) = insts.split_at(place);
    let (the_loop, after) = rest.split_first()?;
    let Op::For(rows) = &the_loop.op else {
        return None;
    };
    // A resource that nobody writes meanwhile is the same before and after.
    let writes = written(system);
    let still = |inst: &Inst| inst.op.is_pure() || is_steady_read(&inst.op, &writes);
    let whole = before.iter().chain(after).all(still)
        && rows.step == 1
        && rows.init.is_empty()
        && is_constant(before, rows.from, 0)
        && is_count(system, before, rows.to);
    let row = *rows.body.params.first()?;
    let own = whole
        && touches_only(system, &rows.body, row, rows.label)
        && !uses_count(system, &rows.body)
        && budgets_itself(&rows.body);
    own.then_some(RowLoop { before, rows, row })
}

/// The inputs that are written.
pub(super) fn written(system: &System) -> BTreeSet<u32> {
    let mut written = BTreeSet::new();
    system.body.walk(&mut |inst| {
        if let Op::Store(place, _) = &inst.op {
            written.insert(place.input);
        }
    });
    written
}

fn is_steady_read(op: &Op, writes: &BTreeSet<u32>) -> bool {
    matches!(op, Op::Load(place) if matches!(place.index, Index::Only(_)) && !writes.contains(&place.input))
}

fn definition(insts: &[Inst], value: Value) -> Option<&Op> {
    let inst = insts.iter().find(|inst| inst.results.contains(&value))?;
    Some(&inst.op)
}

fn is_constant(insts: &[Inst], value: Value, number: i32) -> bool {
    matches!(definition(insts, value), Some(Op::Const(Const::I32(n))) if *n == number)
}

fn is_count(system: &System, insts: &[Inst], value: Value) -> bool {
    match definition(insts, value) {
        Some(Op::Input(number)) => system.inputs.get(*number as usize) == Some(&Input::Count),
        _ => false,
    }
}

/// Whether all accesses go to this row, the row is used for nothing else, and the loop is not left early.
fn touches_only(system: &System, body: &Region, row: Value, label: Label) -> bool {
    let mut own = true;
    body.each_region(&mut |region| {
        if matches!(&region.end, End::Break(to, _) if *to == label) {
            own = false;
        }
        own &= !region.end.values().contains(&row);
    });
    body.walk(&mut |inst| {
        let place = match &inst.op {
            Op::Load(place) => Some(place),
            Op::Store(place, _) => Some(place),
            _ => None,
        };
        let mut uses = 0;
        inst.op
            .operands(&mut |value| uses += u32::from(value == row));
        let by_index = place.is_some_and(|place| {
            matches!(place.index, Index::Row(at, _) if at == row) && !is_event(system, place.input)
        });
        own &= uses == u32::from(by_index);
        own &= match place.map(|place| place.index) {
            None | Some(Index::Only(_) | Index::Item(..)) => true,
            // Events are the same for all rows.
            Some(Index::Row(..)) => {
                by_index || place.is_some_and(|place| is_event(system, place.input))
            }
            Some(Index::Word(_)) => false,
        };
    });
    own
}

fn is_event(system: &System, input: u32) -> bool {
    matches!(system.inputs[input as usize], Input::Events(_))
}

/// Whether each row has a whole budget of rounds, if it takes any: what all rows share is not the same for each.
fn budgets_itself(body: &Region) -> bool {
    let spends = |inst: &Inst| {
        let mut found = matches!(inst.op, Op::Spend(_));
        for region in inst.op.regions() {
            region.walk(&mut |inner| found |= matches!(inner.op, Op::Spend(_)));
        }
        found
    };
    let first = |is: &dyn Fn(&Inst) -> bool| body.insts.iter().position(is);
    match (first(&spends), first(&|inst| inst.op == Op::Refill)) {
        (None, _) => true,
        (Some(spend), Some(refill)) => refill < spend,
        (Some(_), None) => false,
    }
}

fn uses_count(system: &System, body: &Region) -> bool {
    let mut counts = BTreeSet::new();
    system.body.walk(&mut |inst| {
        if let Op::Input(number) = inst.op
            && system.inputs.get(number as usize) == Some(&Input::Count)
        {
            counts.extend(inst.results.iter().copied());
        }
    });
    let mut used = false;
    body.each_region(&mut |region| {
        used |= region
            .end
            .values()
            .iter()
            .any(|value| counts.contains(value));
    });
    body.walk(&mut |inst| {
        inst.op
            .operands(&mut |value| used |= counts.contains(&value));
        used |= inst.results.iter().any(|value| counts.contains(value));
    });
    used
}
