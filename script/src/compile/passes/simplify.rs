//! Constants, common subexpressions, memory that is known, rows that are known to be there.
//!
//! One walk down the tree, with what is known at each place: which value holds what an operation would give again, what was stored where, and which conditions
//! hold. What is learnt in a region is forgotten at its end.

use super::super::ir::{
    Binary, Compare, Const, End, Index, Inst, Op, Place, Region, System, Type, Unary, Value,
};
use super::{Spoilt, fold};
use std::collections::{BTreeMap, BTreeSet};

/// Places of which is remembered what stands there; each `if` takes a copy.
const PLACES_MAX: usize = 256;

/// Simplifies a system.
pub fn simplify(system: &mut System, spoilt: Option<Spoilt>) {
    let mut body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    let mut walk = Walk {
        types: &system.types,
        instead: (0..system.types.len() as u32).map(Value).collect(),
        consts: BTreeMap::new(),
        known: BTreeMap::new(),
        memory: BTreeMap::new(),
        true_now: BTreeSet::new(),
        learnt: Vec::new(),
        most: BTreeMap::new(),
        below: Vec::new(),
        added: Vec::new(),
        spoilt,
    };
    walk.region(&mut body);
    system.body = body;
}

/// What an operation is, so that two that are the same are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Const(Const),
    Input(u32),
    Unary(Unary, Value),
    Binary(Binary, Value, Value),
    Compare(Compare, Value, Value),
    Select(Value, Value, Value),
    Convert(super::super::ir::Convert, Value),
    Splat(Value),
    Lane(super::super::ir::Lane, Value),
}

struct Walk<'s> {
    types: &'s [Type],
    /// What stands for each value.
    instead: Vec<Value>,
    consts: BTreeMap<Value, Const>,
    known: BTreeMap<Key, Value>,
    /// What stands at a place, by its input first.
    memory: BTreeMap<(u32, Spot), Value>,
    /// Conditions that hold here.
    true_now: BTreeSet<Value>,
    /// Those in the order in which they were learnt.
    learnt: Vec<Value>,
    /// Of integers without sign, what they are at most.
    most: BTreeMap<Value, u32>,
    /// Indices from 0 up, with what they are below.
    below: Vec<(Value, Value)>,
    /// Keys that were added, to be forgotten.
    added: Vec<Key>,
    spoilt: Option<Spoilt>,
}

/// A place within an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Row(u32, Value),
    Only(u32),
    Item(u32, Value),
}

fn spot(place: Place) -> Option<(u32, Spot)> {
    match place.index {
        Index::Row(row, slot) => Some((place.input, Spot::Row(slot, row))),
        Index::Only(slot) => Some((place.input, Spot::Only(slot))),
        Index::Item(item, slot) => Some((place.input, Spot::Item(slot, item))),
        Index::Word(_) => None,
    }
}

/// What an instruction turns into.
enum Turn {
    Stay,
    /// It is not needed: its result is known.
    Gone,
    /// The instructions of one arm take its place.
    Arm(Region),
}

impl Walk<'_> {
    fn region(&mut self, region: &mut Region) {
        let (added, learnt) = (self.added.len(), self.learnt.len());
        let mut queue: Vec<Inst> = std::mem::take(&mut region.insts);
        queue.reverse();
        while let Some(mut inst) = queue.pop() {
            match self.inst(&mut inst) {
                Turn::Stay => region.insts.push(inst),
                Turn::Gone => {}
                Turn::Arm(arm) => match arm.end {
                    End::Yield(values) => {
                        // What stands for the values is found when they are used.
                        for (result, value) in inst.results.into_iter().zip(values) {
                            self.instead[result.index()] = value;
                        }
                        queue.extend(arm.insts.into_iter().rev());
                    }
                    end => {
                        // Control does not come back.
                        region.end = end;
                        queue.clear();
                        queue.extend(arm.insts.into_iter().rev());
                    }
                },
            }
        }
        for value in region.end.values_mut() {
            *value = self.resolved(*value);
        }
        for key in self.added.drain(added..) {
            self.known.remove(&key);
        }
        self.forget(learnt);
    }

    fn learn(&mut self, condition: Value) {
        if self.true_now.insert(condition) {
            self.learnt.push(condition);
        }
    }

    fn forget(&mut self, mark: usize) {
        for condition in self.learnt.drain(mark..) {
            self.true_now.remove(&condition);
        }
    }

    /// What stands for a value in the end.
    fn resolved(&self, mut value: Value) -> Value {
        while self.instead[value.index()] != value {
            value = self.instead[value.index()];
        }
        value
    }

    fn inst(&mut self, inst: &mut Inst) -> Turn {
        inst.op
            .operands_mut(&mut |value| *value = self.resolved(*value));
        match &mut inst.op {
            Op::Load(place) => {
                let place = *place;
                let Some(spot) = spot(place) else {
                    return Turn::Stay;
                };
                let result = inst.results[0];
                match self.memory.get(&spot) {
                    Some(known) if self.types[known.index()] == self.types[result.index()] => {
                        self.instead[result.index()] = *known;
                        Turn::Gone
                    }
                    _ => {
                        self.remember(spot, result);
                        Turn::Stay
                    }
                }
            }
            Op::Store(place, value) => {
                let (place, value) = (*place, *value);
                match spot(place) {
                    Some(_) if self.spoilt == Some(Spoilt::Memory) => {}
                    Some(spot) => {
                        self.forget_aliases(spot);
                        self.remember(spot, value);
                    }
                    None => self.memory.retain(|(input, _), _| *input != place.input),
                }
                Turn::Stay
            }
            Op::Assert(holds, _) => {
                let holds = *holds;
                if self.consts.get(&holds) == Some(&Const::Bool(true))
                    || self.true_now.contains(&holds)
                {
                    return Turn::Gone;
                }
                if self.spoilt == Some(Spoilt::Bounds) {
                    return Turn::Gone;
                }
                self.learn(holds);
                Turn::Stay
            }
            Op::If(on, arms) => {
                let on = *on;
                match self.consts.get(&on) {
                    Some(Const::Bool(on)) => {
                        let empty = || Region::new(End::Unreachable);
                        Turn::Arm(std::mem::replace(&mut arms[usize::from(!*on)], empty()))
                    }
                    _ => {
                        let mut after: Option<BTreeMap<_, _>> = None;
                        let before = self.memory.clone();
                        for (arm, holds) in arms.iter_mut().zip([true, false]) {
                            self.memory = before.clone();
                            let mark = self.learnt.len();
                            if holds {
                                self.learn(on);
                            }
                            self.region(arm);
                            self.forget(mark);
                            if matches!(arm.end, End::Yield(_)) {
                                let memory = std::mem::take(&mut self.memory);
                                after = Some(match after {
                                    None => memory,
                                    Some(other) => other
                                        .into_iter()
                                        .filter(|(spot, value)| memory.get(spot) == Some(value))
                                        .collect(),
                                });
                            }
                        }
                        for (number, result) in inst.results.iter().enumerate() {
                            let most = arms.iter().filter_map(|arm| match &arm.end {
                                End::Yield(values) => Some(self.most.get(&values[number]).copied()),
                                _ => None,
                            });
                            if let Some(most) = most.collect::<Option<Vec<u32>>>()
                                && let Some(most) = most.into_iter().max()
                            {
                                self.most.insert(*result, most);
                            }
                        }
                        // What an arm loaded or computed is not known after it.
                        let mut after = after.unwrap_or_default();
                        after.retain(|spot, value| before.get(spot) == Some(value));
                        self.memory = after;
                        Turn::Stay
                    }
                }
            }
            Op::For(one) => {
                let from_zero =
                    matches!(self.consts.get(&one.from), Some(Const::I32(from)) if *from >= 0);
                self.enter_loop(&one.body);
                let index = one.body.params[0];
                if from_zero {
                    self.below.push((index, one.to));
                    if let Some(Const::I32(to @ 1..)) = self.consts.get(&one.to) {
                        self.most.insert(index, *to as u32 - 1);
                    }
                }
                let before = self.memory.clone();
                self.region(&mut one.body);
                self.memory = before;
                if from_zero {
                    self.below.pop();
                }
                Turn::Stay
            }
            Op::Loop(one) => {
                self.enter_loop(&one.body);
                let before = self.memory.clone();
                self.region(&mut one.body);
                self.memory = before;
                Turn::Stay
            }
            Op::Block(_, body) => {
                self.enter_loop(body);
                let before = self.memory.clone();
                self.region(body);
                self.memory = before;
                Turn::Stay
            }
            Op::Refill | Op::Left | Op::Spend(_) => Turn::Stay,
            _ => self.pure(inst),
        }
    }

    fn remember(&mut self, spot: (u32, Spot), value: Value) {
        if self.memory.len() >= PLACES_MAX {
            self.memory.clear();
        }
        self.memory.insert(spot, value);
    }

    /// Before a region that may run again, or be left in the middle: what it stores to is not known, neither in it nor after it.
    fn enter_loop(&mut self, body: &Region) {
        body.walk(&mut |inst| {
            if let Op::Store(place, _) = &inst.op {
                match spot(*place) {
                    Some(spot) => self.forget_aliases(spot),
                    None => self.memory.retain(|(input, _), _| *input != place.input),
                }
            }
        });
    }

    /// After a store: the same slot of other rows, or another element of the array, may have been meant.
    fn forget_aliases(&mut self, (input, stored): (u32, Spot)) {
        let range = match stored {
            Spot::Row(slot, _) => {
                (input, Spot::Row(slot, Value(0)))..=(input, Spot::Row(slot, Value(u32::MAX)))
            }
            Spot::Item(slot, _) => {
                (input, Spot::Item(slot, Value(0)))..=(input, Spot::Item(slot, Value(u32::MAX)))
            }
            only => (input, only)..=(input, only),
        };
        let aliases: Vec<_> = self.memory.range(range).map(|(key, _)| *key).collect();
        for key in &aliases {
            self.memory.remove(key);
        }
    }

    fn pure(&mut self, inst: &mut Inst) -> Turn {
        let result = inst.results.first().copied();
        let Some(result) = result else {
            return Turn::Stay;
        };
        if let Some(value) = self.same_as(&inst.op) {
            self.instead[result.index()] = value;
            return Turn::Gone;
        }
        if let Some(value) = self.folded(&inst.op) {
            inst.op = Op::Const(value);
        }
        if let Op::Const(value) = inst.op {
            self.consts.insert(result, value);
        }
        if let Some(most) = self.most_of(&inst.op) {
            self.most.insert(result, most);
        }
        let Some(key) = key(&inst.op) else {
            return Turn::Stay;
        };
        match self.known.get(&key) {
            Some(known) => {
                self.instead[result.index()] = *known;
                Turn::Gone
            }
            None => {
                self.known.insert(key.clone(), result);
                self.added.push(key);
                Turn::Stay
            }
        }
    }

    fn folded(&self, op: &Op) -> Option<Const> {
        let of = |value: &Value| self.consts.get(value).copied();
        let folded = match op {
            Op::Unary(op, a) => fold::unary(*op, of(a)?),
            Op::Binary(op, a, b) => fold::binary(*op, of(a)?, of(b)?),
            Op::Compare(op, a, b) => {
                // An index from 0 up is below where its loop ends, with sign or without.
                let below =
                    matches!(op, Compare::Lt | Compare::LtU) && self.below.contains(&(*a, *b));
                let within = *op == Compare::LtU
                    && match (self.most.get(a), of(b)) {
                        (Some(most), Some(Const::I32(end))) => *most < end as u32,
                        _ => false,
                    };
                if below || within {
                    return Some(Const::Bool(true));
                }
                fold::compare(*op, of(a)?, of(b)?)
            }
            Op::Convert(op, a) => fold::convert(*op, of(a)?),
            _ => None,
        };
        match (folded, self.spoilt) {
            (Some(Const::F32(bits)), Some(Spoilt::Fold)) => Some(Const::F32(bits ^ 1)),
            (folded, _) => folded,
        }
    }

    /// What the result of an operation is at most, as an integer of 32 bits without sign, if something is known.
    fn most_of(&self, op: &Op) -> Option<u32> {
        let of = |value: &Value| self.most.get(value).copied();
        let constant = |value: &Value| match self.consts.get(value) {
            Some(Const::I32(value)) => Some(*value as u32),
            _ => None,
        };
        match op {
            Op::Const(Const::I32(value)) => Some(*value as u32),
            Op::Binary(Binary::And, a, b) => match (of(a), of(b)) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            Op::Binary(Binary::RemU, _, b) => constant(b)?.checked_sub(1),
            Op::Binary(Binary::DivU, a, b) => of(a).unwrap_or(u32::MAX).checked_div(constant(b)?),
            Op::Binary(Binary::ShrU, a, b) => {
                Some(of(a).unwrap_or(u32::MAX) >> (constant(b)? & 31))
            }
            Op::Binary(Binary::Add, a, b) => of(a)?.checked_add(of(b)?),
            Op::Binary(Binary::Mul, a, b) => of(a)?.checked_mul(of(b)?),
            Op::Select(_, a, b) => Some(of(a)?.max(of(b)?)),
            _ => None,
        }
    }

    /// The operand that an operation gives back unchanged.
    fn same_as(&self, op: &Op) -> Option<Value> {
        let of = |value: &Value| self.consts.get(value).copied();
        match op {
            Op::Select(_, a, b) if a == b => Some(*a),
            Op::Select(on, a, b) => match of(on)? {
                Const::Bool(true) => Some(*a),
                Const::Bool(false) => Some(*b),
                _ => None,
            },
            // Of integers and booleans only: with floats, -0 and NaN would have a say.
            Op::Binary(op, a, b) => match (op, of(b)?) {
                (
                    Binary::Add
                    | Binary::Sub
                    | Binary::Or
                    | Binary::Xor
                    | Binary::Shl
                    | Binary::ShrS
                    | Binary::ShrU,
                    Const::I32(0) | Const::I64(0),
                )
                | (Binary::Mul | Binary::DivS | Binary::DivU, Const::I32(1) | Const::I64(1))
                | (Binary::And, Const::Bool(true))
                | (Binary::Or | Binary::Xor, Const::Bool(false)) => Some(*a),
                _ => None,
            },
            _ => None,
        }
    }
}

fn key(op: &Op) -> Option<Key> {
    Some(match *op {
        Op::Const(value) => Key::Const(value),
        Op::Input(number) => Key::Input(number),
        Op::Unary(op, a) => Key::Unary(op, a),
        // Trapping ones too: where the first did not trap, the second does not.
        Op::Binary(op, a, b) => Key::Binary(op, a, b),
        Op::Compare(op, a, b) => Key::Compare(op, a, b),
        Op::Select(on, a, b) => Key::Select(on, a, b),
        Op::Convert(op, a) => Key::Convert(op, a),
        Op::Splat(a) => Key::Splat(a),
        Op::Lane(op, a) => Key::Lane(op, a),
        _ => return None,
    })
}
