//! What a system touches, read off its instructions.

use super::ir::{End, Index, Input, Label, Op, Place, Region, System, Value};
use std::collections::BTreeSet;

/// What a system reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    reads: BTreeSet<u32>,
    writes: BTreeSet<u32>,
    commands: bool,
    whole_chunks: bool,
}

impl Access {
    /// What a system touches.
    pub fn of(system: &System) -> Self {
        let mut access = Access {
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            commands: false,
            whole_chunks: false,
        };
        system.body.walk(&mut |inst| match &inst.op {
            Op::Load(place) => drop(access.reads.insert(place.input)),
            Op::Store(place, _) => drop(access.writes.insert(place.input)),
            Op::Command(_) => access.commands = true,
            _ => {}
        });
        access.whole_chunks = !is_row_by_row(system);
        access
    }

    /// Whether it reads an input's memory.
    pub fn reads(&self, input: usize) -> bool {
        self.reads.contains(&(input as u32))
    }

    /// Whether it writes an input's memory.
    pub fn writes(&self, input: usize) -> bool {
        self.writes.contains(&(input as u32))
    }

    /// Whether it records commands or events.
    pub fn records_commands(&self) -> bool {
        self.commands
    }

    /// Whether what it does to a row depends on which other rows the host passes with it.
    pub fn needs_whole_chunks(&self) -> bool {
        self.whole_chunks
    }
}

/// The values that are the number of rows.
pub(crate) fn counts(system: &System) -> BTreeSet<Value> {
    let mut counts: BTreeSet<Value> = BTreeSet::new();
    system.body.walk(&mut |inst| {
        if let Op::Input(number) = inst.op
            && system.inputs[number as usize] == Input::Count
        {
            counts.extend(&inst.results);
        }
    });
    counts
}

/// Whether a system does nothing but go over the rows, each by itself: the number of rows is only where such loops end, and a loop's index only names its own row.
fn is_row_by_row(system: &System) -> bool {
    let counts = counts(system);
    if counts.is_empty() {
        return true;
    }
    top(&system.body, &counts, &system.inputs)
}

/// A region outside of loops over rows.
fn top(region: &Region, counts: &BTreeSet<Value>, inputs: &[Input]) -> bool {
    let passed_on = region
        .end
        .values()
        .iter()
        .any(|value| counts.contains(value));
    !passed_on
        && region.insts.iter().all(|inst| match &inst.op {
            Op::For(one) if counts.contains(&one.to) => {
                let index = one.body.params[0];
                let mut labels = BTreeSet::new();
                one.body.walk(&mut |inst| labels.extend(label_of(&inst.op)));
                let row = Row {
                    index,
                    counts,
                    inputs,
                    labels,
                };
                one.init.is_empty() && row.only(&one.body)
            }
            Op::Load(place) | Op::Store(place, _)
                if matches!(place.index, Index::Row(..) | Index::Word(_)) =>
            {
                false
            }
            // Once for each time that the host calls.
            Op::Command(_) => false,
            // A resource that is written in a loop over rows, or a variable, would show the number of rows; those are found there.
            op => {
                let mut plain = true;
                op.operands(&mut |value| plain &= !counts.contains(&value));
                plain
                    && op
                        .regions()
                        .iter()
                        .all(|region| top(region, counts, inputs))
            }
        })
}

/// A loop over rows.
struct Row<'a> {
    index: Value,
    counts: &'a BTreeSet<Value>,
    inputs: &'a [Input],
    /// Of the loops and blocks in it.
    labels: BTreeSet<Label>,
}

impl Row<'_> {
    /// Whether a region in the loop touches the row at hand only, and goes on to the next one.
    fn only(&self, region: &Region) -> bool {
        let leaves = matches!(&region.end, End::Break(label, _) if !self.labels.contains(label));
        !leaves
            && !region.end.values().iter().any(|value| self.shows(*value))
            && region.insts.iter().all(|inst| self.inst(&inst.op))
    }

    fn inst(&self, op: &Op) -> bool {
        let own = |index: Index, load: bool| match index {
            Index::Row(row, _) => row == self.index,
            Index::Only(_) | Index::Item(..) => load,
            Index::Word(_) => false,
        };
        match op {
            Op::Load(Place {
                index: Index::Item(item, _),
                ..
            }) => !self.shows(*item),
            // Which event stands at a row's number would show that.
            Op::Load(place) if matches!(self.inputs[place.input as usize], Input::Events(_)) => {
                !place.index.value().is_some_and(|event| self.shows(event))
            }
            Op::Load(place) => own(place.index, true),
            Op::Store(place, value) => own(place.index, false) && !self.shows(*value),
            // That the row at hand is there.
            Op::Compare(_, a, b) if *a == self.index && self.counts.contains(b) => true,
            op => {
                let mut plain = true;
                op.operands(&mut |value| plain &= !self.shows(value));
                plain && op.regions().iter().all(|region| self.only(region))
            }
        }
    }

    /// Whether a value says how many rows there are, or which one this is.
    fn shows(&self, value: Value) -> bool {
        value == self.index || self.counts.contains(&value)
    }
}

fn label_of(op: &Op) -> Option<Label> {
    match op {
        Op::For(one) => Some(one.label),
        Op::Loop(one) => Some(one.label),
        Op::Block(label, _) => Some(*label),
        _ => None,
    }
}
