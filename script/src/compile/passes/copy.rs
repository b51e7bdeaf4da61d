//! Instructions once more: with values and labels of their own.

use super::super::ir::{Builder, End, Inst, Label, Op, Region, Value};
use std::collections::BTreeMap;

/// Copies instructions to where a builder stands.
#[derive(Debug, Default)]
pub struct Copy {
    /// What stands for a value in the copy.
    pub values: BTreeMap<Value, Value>,
    /// Values that are others, before the copy.
    pub same: BTreeMap<Value, Value>,
    /// Where the next round of a loop is in the copy, and what is passed there before what is carried.
    pub rounds: Option<(Label, Label, Value)>,
    labels: BTreeMap<Label, Label>,
}

impl Copy {
    /// What stands for a value.
    pub fn of(&self, mut value: Value) -> Value {
        while let Some(other) = self.same.get(&value) {
            value = *other;
        }
        self.values.get(&value).copied().unwrap_or(value)
    }

    /// Appends copies.
    pub fn insts(&mut self, b: &mut Builder, insts: &[Inst]) {
        for inst in insts {
            let mut op = without_regions(&inst.op);
            op.operands_mut(&mut |value| *value = self.of(*value));
            match &mut op {
                Op::For(one) => one.label = self.label(b, one.label),
                Op::Loop(one) => one.label = self.label(b, one.label),
                Op::Block(label, _) => *label = self.label(b, *label),
                _ => {}
            }
            for (copy, region) in op.regions_mut().iter_mut().zip(inst.op.regions()) {
                *copy = self.region(b, region);
            }
            let results = self.define(b, &inst.results);
            b.append(Inst {
                results,
                op,
                at: inst.at,
            });
        }
    }

    /// Where the copy of a region goes.
    pub fn end(&self, end: &End) -> End {
        let mut end = end.clone();
        for value in end.values_mut() {
            *value = self.of(*value);
        }
        match (end, self.rounds) {
            (End::Continue(label, values), Some((from, to, first))) if label == from => {
                End::Continue(to, [vec![first], values].concat())
            }
            (End::Continue(label, values), _) => End::Continue(self.known(label), values),
            (End::Break(label, values), _) => End::Break(self.known(label), values),
            (end, _) => end,
        }
    }

    fn region(&mut self, b: &mut Builder, region: &Region) -> Region {
        let params = self.define(b, &region.params);
        b.open(params);
        self.insts(b, &region.insts);
        let end = self.end(&region.end);
        b.close(end)
    }

    fn define(&mut self, b: &mut Builder, values: &[Value]) -> Vec<Value> {
        let mut copies = Vec::new();
        for value in values {
            let copy = b.value(b.ty(*value));
            self.values.insert(*value, copy);
            copies.push(copy);
        }
        copies
    }

    fn label(&mut self, b: &mut Builder, label: Label) -> Label {
        *self.labels.entry(label).or_insert_with(|| b.label())
    }

    fn known(&self, label: Label) -> Label {
        self.labels.get(&label).copied().unwrap_or(label)
    }
}

/// An operation with empty regions in place of its own.
fn without_regions(op: &Op) -> Op {
    let empty = || Region::new(End::Unreachable);
    match op {
        Op::If(on, _) => Op::If(*on, Box::new([empty(), empty()])),
        Op::For(one) => Op::For(Box::new(super::super::ir::For {
            init: one.init.clone(),
            body: empty(),
            ..**one
        })),
        Op::Loop(one) => Op::Loop(Box::new(super::super::ir::Loop {
            label: one.label,
            init: one.init.clone(),
            body: empty(),
        })),
        Op::Block(label, _) => Op::Block(*label, Box::new(empty())),
        op => op.clone(),
    }
}
