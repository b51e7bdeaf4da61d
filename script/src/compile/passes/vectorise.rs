//! Loops over rows, four rows at a time.
//!
//! A loop that carries nothing from row to row, touches its own row only and cannot trap is flattened and done in lanes, with the loop as it was for the rows that
//! remain. There are two forms:
//!
//! - **By rows**: lane k is row i + k. Slots of components of several words are gathered and scattered by shuffles. Sixteen rows a round where the work is little.
//! - **By words**: where all components have the same number of equal words and every word goes through the same expression (`p.x += v.x * dt; p.y += v.y * dt`),
//!   a column is one run of words, and lanes are words as they stand in memory: no shuffles, and four registers a round.
//!
//! Lanes do what the scalar operations do, in the same order for each row, so the bits are the same.

use super::super::access::counts;
use super::super::ir::{
    Binary, Const, End, For, Index, Inst, Label, Module, Op, Place, Region, System, Type, Value,
    layout,
};
use super::Spoilt;
use super::flatten::{Flat, Why, flatten};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a loop over rows, for the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// In lanes of rows.
    Rows,
    /// In lanes of words.
    Words,
    /// As it was, and why.
    Scalar(Why),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Rows => f.write_str("four rows at a time"),
            Outcome::Words => f.write_str("four words at a time, as they stand in memory"),
            Outcome::Scalar(why) => write!(f, "row by row: {why}"),
        }
    }
}

/// Registers that a round takes, where the work is little beside the loop's own.
const UNROLLED: u32 = 4;

/// Operations of a row's work up to which it is little. More of them fill the processor, and four times as many its registers.
const SMALL: usize = 16;

/// Does all of a system's loops over rows that it can; says what became of each, in written order.
pub fn vectorise(module: &Module, system: &mut System, spoilt: Option<Spoilt>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let all_counts = counts(system);
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    let mut make = Make {
        module,
        system,
        labels: body.free_label(),
        consts: BTreeMap::new(),
        counts: all_counts,
        out: Vec::new(),
        spoilt,
    };
    make.region(&mut body, &mut outcomes);
    system.body = body;
    outcomes
}

struct Make<'m> {
    module: &'m Module,
    system: &'m mut System,
    labels: u32,
    consts: BTreeMap<Value, Const>,
    /// The values that are the number of rows.
    counts: BTreeSet<Value>,
    out: Vec<Inst>,
    spoilt: Option<Spoilt>,
}

impl Make<'_> {
    fn region(&mut self, region: &mut Region, outcomes: &mut Vec<Outcome>) {
        let mut out = Vec::new();
        for mut inst in std::mem::take(&mut region.insts) {
            match &mut inst.op {
                Op::Const(value) => drop(self.consts.insert(inst.results[0], *value)),
                Op::For(one) if self.counts.contains(&one.to) => {
                    let outcome = self.row_loop(one);
                    out.append(&mut self.out);
                    if outcome == Outcome::Words {
                        // The remaining words are done too.
                        outcomes.push(outcome);
                        continue;
                    }
                    outcomes.push(outcome);
                }
                op => {
                    // In a loop that is not over rows there may be one, but what it is worth is little.
                    if let Op::If(..) | Op::Block(..) = op {
                        op.regions_mut()
                            .iter_mut()
                            .for_each(|region| self.region(region, outcomes));
                    }
                }
            }
            out.push(inst);
        }
        region.insts = out;
    }

    /// Puts the form in lanes before the loop, which is left with the rows that remain.
    fn row_loop(&mut self, one: &mut For) -> Outcome {
        let out_of_reach = |why| Outcome::Scalar(why);
        if !one.init.is_empty() {
            return out_of_reach("it carries a variable from row to row");
        }
        if self.consts.get(&one.from) != Some(&Const::I32(0)) {
            return out_of_reach("it does not begin at row 0");
        }
        let (label, index) = (one.label, one.body.params[0]);
        let flat = match flatten(self.system, label, index, &one.body, self.spoilt) {
            Ok(flat) => flat,
            Err(why) => return out_of_reach(why),
        };
        if let Err(why) = self.fits(&flat, index) {
            return out_of_reach(why);
        }
        if flat.stores.is_empty() {
            return out_of_reach("it does nothing");
        }
        if let Some(words) = self.words(&flat) {
            self.by_words(one, &flat, words);
            return Outcome::Words;
        }
        self.by_rows(one, &flat);
        Outcome::Rows
    }

    /// Whether everything has lanes.
    fn fits(&self, flat: &Flat, index: Value) -> Result<(), Why> {
        for inst in &flat.insts {
            let mut shows = false;
            inst.op.operands(&mut |value| shows |= value == index);
            match &inst.op {
                Op::Load(place) => self.memory_fits(place.input)?,
                _ if shows => return Err("it computes with the number of the row"),
                Op::Const(value) if value.ty().vector().is_none() => {
                    return Err("it computes with 64 bits");
                }
                Op::Const(_) => {}
                Op::Input(_) => return Err("it reads an input in the loop"),
                Op::Unary(op, _) if op.is_hosts() => {
                    return Err("it calls a function of the host");
                }
                Op::Binary(op, ..) if op.is_hosts() => {
                    return Err("it calls a function of the host");
                }
                Op::Binary(op, a, _) => {
                    let ty = self
                        .system
                        .ty(*a)
                        .vector()
                        .ok_or("it computes with 64 bits")?;
                    if !op.takes(ty) {
                        return Err("it shifts whole numbers");
                    }
                }
                Op::Convert(op, _) => {
                    let (from, to) = op.types();
                    if from.vector().is_none() || to.vector().is_none() {
                        return Err("it computes with 64 bits");
                    }
                }
                op => {
                    let mut wide = false;
                    op.operands(&mut |value| wide |= self.system.ty(value).vector().is_none());
                    if wide {
                        return Err("it computes with 64 bits");
                    }
                }
            }
            if inst
                .results
                .iter()
                .any(|result| self.system.ty(*result).vector().is_none())
            {
                return Err("it computes with 64 bits");
            }
        }
        flat.stores.iter().try_for_each(|(input, _, value)| {
            if *value == index || self.system.ty(*value).vector().is_none() {
                return Err("it computes with the number of the row, or with 64 bits");
            }
            self.memory_fits(*input)
        })
    }

    fn memory_fits(&self, input: u32) -> Result<(), Why> {
        let component = layout(&self.module.components, self.system.inputs[input as usize]);
        let component = component.ok_or("it reads an input in the loop")?;
        // An address with an offset must fit the instruction.
        let plain = component
            .fields
            .iter()
            .all(|field| field.scalar.size() == 4)
            && component.size() < 1 << 16;
        plain
            .then_some(())
            .ok_or("a component has fields that are not of 32 bits")
    }

    /// How many words each row has, if every word goes through the same expression.
    fn words(&self, flat: &Flat) -> Option<u32> {
        let component =
            |input: u32| layout(&self.module.components, self.system.inputs[input as usize]);
        let (first, ..) = flat.stores.first()?;
        let words = component(*first)?.slot_count();
        let loads = flat.insts.iter().filter_map(|inst| match &inst.op {
            Op::Load(place) => Some(place.input),
            _ => None,
        });
        let mut inputs: BTreeSet<u32> = loads.collect();
        inputs.extend(flat.stores.iter().map(|(input, ..)| *input));
        let alike = |input: &u32| {
            component(*input)
                .is_some_and(|one| one.slot_count() == words && one.uniform().is_some())
        };
        if !inputs.iter().all(alike) {
            return None;
        }
        let stored: BTreeMap<(u32, u32), Value> = flat
            .stores
            .iter()
            .map(|(input, slot, value)| ((*input, *slot), *value))
            .collect();
        let defs: BTreeMap<Value, &Op> = flat
            .insts
            .iter()
            .map(|inst| (inst.results[0], &inst.op))
            .collect();
        for (input, slot, value) in flat.stores.iter().filter(|(_, slot, _)| *slot == 0) {
            debug_assert_eq!(*slot, 0);
            for word in 0..words {
                let other = stored.get(&(*input, word))?;
                let mut pairs = BTreeMap::new();
                if !self.same(&defs, *value, *other, word, &mut pairs, 0) {
                    return None;
                }
            }
        }
        let whole = flat.stores.len() as u32
            == words * flat.stores.iter().filter(|(_, slot, _)| *slot == 0).count() as u32;
        whole.then_some(words)
    }

    /// Whether `other` is for `word` what `value` is for word 0.
    fn same(
        &self,
        defs: &BTreeMap<Value, &Op>,
        value: Value,
        other: Value,
        word: u32,
        pairs: &mut BTreeMap<Value, Value>,
        depth: usize,
    ) -> bool {
        if let Some(known) = pairs.get(&value) {
            return *known == other;
        }
        if depth > 200 || self.system.ty(value) != self.system.ty(other) {
            return false;
        }
        let same = match (defs.get(&value), defs.get(&other)) {
            (None, None) => value == other,
            (Some(Op::Load(a)), Some(Op::Load(b))) => {
                a.input == b.input
                    && matches!((a.index, b.index), (Index::Row(_, 0), Index::Row(_, slot)) if slot == word)
            }
            (Some(Op::Const(a)), Some(Op::Const(b))) => a == b,
            (Some(a), Some(b)) => {
                let (mut left, mut right) = (Vec::new(), Vec::new());
                a.operands(&mut |value| left.push(value));
                b.operands(&mut |value| right.push(value));
                let mut renamed = (*b).clone();
                let mut operands = left.iter();
                renamed.operands_mut(&mut |value| *value = *operands.next().unwrap_or(value));
                renamed == **a
                    && left
                        .iter()
                        .zip(&right)
                        .all(|(a, b)| self.same(defs, *a, *b, word, pairs, depth + 1))
            }
            _ => false,
        };
        if same {
            pairs.insert(value, other);
        }
        same
    }

    fn add(&mut self, op: Op, ty: Type) -> Value {
        let result = self.system.value(ty);
        self.out.push(Inst {
            results: vec![result],
            op,
            at: None,
        });
        result
    }

    fn constant(&mut self, value: i32) -> Value {
        self.add(Op::Const(Const::I32(value)), Type::I32)
    }

    fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }

    fn by_rows(&mut self, one: &mut For, flat: &Flat) {
        let work = flat.insts.iter();
        let work = work.filter(|inst| !matches!(inst.op, Op::Const(_))).count();
        let steps: &[u32] = if work <= SMALL {
            &[4 * UNROLLED, 4]
        } else {
            &[4]
        };
        let lanes = Lanes::new(self, flat);
        let place = |row, slot| Index::Row(row, slot);
        // The rows that remain. There are no fewer than 0 of them.
        one.from = self.rounds(flat, &lanes, (one.from, one.to), steps, &place);
    }

    fn by_words(&mut self, one: &For, flat: &Flat, words: u32) {
        let flat = only_word_0(flat);
        let each = self.constant(words as i32);
        let all = self.add(Op::Binary(Binary::Mul, one.to, each), Type::I32);
        let lanes = Lanes::new(self, &flat);
        let (steps, place) = ([4 * UNROLLED, 4], |word, _| Index::Word(word));
        let from = self.rounds(&flat, &lanes, (one.from, all), &steps, &place);
        // What remains is less than a register: word by word.
        let (label, index) = (self.label(), self.system.value(Type::I32));
        let insts = scalar_words(self.system, &flat, index);
        self.push_loop(label, from, all, 1, index, insts);
    }

    /// Loops of so many rows or words a round each, one after the other, each over what the one before left. Gives where the last one ends.
    fn rounds(
        &mut self,
        flat: &Flat,
        lanes: &Lanes,
        (mut from, all): (Value, Value),
        steps: &[u32],
        index_of: &dyn Fn(Value, u32) -> Index,
    ) -> Value {
        for &step in steps {
            let mask = self.constant(-(step as i32));
            let to = self.add(Op::Binary(Binary::And, all, mask), Type::I32);
            let (label, index) = (self.label(), self.system.value(Type::I32));
            let mut insts = Vec::new();
            for register in 0..step / 4 {
                let mut place = index;
                if register > 0 {
                    let (ahead, sum) = (self.system.value(Type::I32), self.system.value(Type::I32));
                    let plain = |results, op| Inst {
                        results,
                        op,
                        at: None,
                    };
                    insts.push(plain(
                        vec![ahead],
                        Op::Const(Const::I32(4 * register as i32)),
                    ));
                    insts.push(plain(vec![sum], Op::Binary(Binary::Add, index, ahead)));
                    place = sum;
                }
                insts.extend(lanes.body(self, flat, &|slot| index_of(place, slot)));
            }
            self.push_loop(label, from, to, step, index, insts);
            from = to;
        }
        from
    }

    fn push_loop(
        &mut self,
        label: Label,
        from: Value,
        to: Value,
        step: u32,
        index: Value,
        insts: Vec<Inst>,
    ) {
        let body = Region {
            params: vec![index],
            insts,
            end: End::Continue(label, Vec::new()),
        };
        self.out.push(Inst {
            results: Vec::new(),
            op: Op::For(Box::new(For {
                label,
                from,
                to,
                step,
                init: Vec::new(),
                body,
            })),
            at: None,
        });
    }
}

/// What of a row's work is for word 0.
fn only_word_0(flat: &Flat) -> Flat {
    let stores: Vec<_> = flat
        .stores
        .iter()
        .filter(|(_, slot, _)| *slot == 0)
        .copied()
        .collect();
    let mut needed: BTreeSet<Value> = stores.iter().map(|(_, _, value)| *value).collect();
    let mut insts = Vec::new();
    for inst in flat.insts.iter().rev() {
        if needed.contains(&inst.results[0]) {
            inst.op.operands(&mut |value| {
                needed.insert(value);
            });
            insts.push(inst.clone());
        }
    }
    insts.reverse();
    Flat { insts, stores }
}

/// The work on one word, in scalars.
fn scalar_words(system: &mut System, flat: &Flat, index: Value) -> Vec<Inst> {
    let mut instead: BTreeMap<Value, Value> = BTreeMap::new();
    let of = |instead: &BTreeMap<Value, Value>, value: Value| {
        instead.get(&value).copied().unwrap_or(value)
    };
    let mut insts = Vec::new();
    for inst in &flat.insts {
        let mut inst = inst.clone();
        match &mut inst.op {
            Op::Load(place) => place.index = Index::Word(index),
            op => op.operands_mut(&mut |value| *value = of(&instead, *value)),
        }
        let result = system.value(system.ty(inst.results[0]));
        instead.insert(inst.results[0], result);
        inst.results[0] = result;
        insts.push(inst);
    }
    insts.extend(flat.stores.iter().map(|(input, _, value)| {
        let place = Place {
            input: *input,
            index: Index::Word(index),
        };
        Inst {
            results: Vec::new(),
            op: Op::Store(place, of(&instead, *value)),
            at: None,
        }
    }));
    insts
}

/// A row's work in lanes.
struct Lanes {
    /// What comes from outside of the loop, in all lanes.
    steady: BTreeMap<Value, Value>,
}

impl Lanes {
    /// Puts what the work takes from outside, and its constants, into all lanes, before the loop.
    fn new(make: &mut Make<'_>, flat: &Flat) -> Self {
        let mut steady = BTreeMap::new();
        let inside: BTreeSet<Value> = flat.insts.iter().map(|inst| inst.results[0]).collect();
        let mut outside = Vec::new();
        for inst in &flat.insts {
            if let Op::Const(value) = inst.op {
                let scalar = make.add(Op::Const(value), value.ty());
                outside.push((inst.results[0], scalar));
            }
            if !matches!(inst.op, Op::Load(_)) {
                inst.op.operands(&mut |value| {
                    if !inside.contains(&value) {
                        outside.push((value, value));
                    }
                });
            }
        }
        outside.extend(
            flat.stores
                .iter()
                .map(|(_, _, value)| (*value, *value))
                .filter(|(value, _)| !inside.contains(value)),
        );
        for (value, scalar) in outside {
            if let Entry::Vacant(place) = steady.entry(value) {
                let ty = make.system.ty(scalar).vector();
                place.insert(make.add(Op::Splat(scalar), ty.expect("it was seen to have lanes")));
            }
        }
        Lanes { steady }
    }

    /// The work once, at places by slot.
    fn body(&self, make: &mut Make<'_>, flat: &Flat, index: &dyn Fn(u32) -> Index) -> Vec<Inst> {
        let mut lanes = self.steady.clone();
        let mut insts = Vec::new();
        for inst in &flat.insts {
            let result = inst.results[0];
            if lanes.contains_key(&result) {
                continue;
            }
            let mut op = inst.op.clone();
            match &mut op {
                Op::Load(place) => {
                    if let Index::Row(_, slot) = place.index {
                        place.index = index(slot);
                    }
                }
                op => op.operands_mut(&mut |value| *value = lanes[value]),
            }
            if make.spoilt == Some(Spoilt::Vectorise)
                && let Op::Binary(op @ Binary::Sub, ..) = &mut op
            {
                *op = Binary::Add;
            }
            let ty = make
                .system
                .ty(result)
                .vector()
                .expect("it was seen to have lanes");
            let vector = make.system.value(ty);
            lanes.insert(result, vector);
            insts.push(Inst {
                results: vec![vector],
                op,
                at: inst.at,
            });
        }
        insts.extend(flat.stores.iter().map(|(input, slot, value)| {
            let place = Place {
                input: *input,
                index: index(*slot),
            };
            Inst {
                results: Vec::new(),
                op: Op::Store(place, lanes[value]),
                at: None,
            }
        }));
        insts
    }
}
