//! Which loops ask something of each place before they do anything there, and what they ask.

use super::super::super::access::counts;
use super::super::super::ir::{
    Binary, Builder, Compare, Const, End, For, Index, Input, Inst, Label, Module, Op, Place,
    Region, Type, Unary, Value, layout,
};
use super::super::count::spot;
use super::GROUP;
use std::collections::{BTreeMap, BTreeSet};

/// Instructions that a question may take.
const ASKS_MAX: usize = 64;

/// Instructions of a round that is done, of which there are two copies then.
const ROUND_MAX: usize = 400;

/// What a value is in the lanes of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The same in all of them.
    Steady,
    /// One more in each than in the one before.
    Ramp,
    /// Something else in each.
    Varying,
}

/// A loop whose rounds do nothing unless a condition holds that can be asked of many of them at once.
#[derive(Debug)]
pub struct Sieve {
    /// What leads to the condition, in a line; some of it is asked of places that the loop would not have asked it of.
    pub asks: Vec<Inst>,
    /// The condition.
    pub on: Value,
    /// What the values are that `asks` gives.
    pub kinds: BTreeMap<Value, Kind>,
    /// Ramps that have to be below a number in every lane.
    pub below: BTreeMap<Value, u32>,
    /// Ramps that have to be rows in every lane, and how many rows there are.
    pub rows: Option<(Value, BTreeSet<Value>)>,
    /// What a round does for which the condition holds.
    pub round: Vec<Inst>,
    /// Where it goes then.
    pub end: End,
    /// Values of the round that are others.
    pub same: BTreeMap<Value, Value>,
    /// Whether each round costs one of the budget.
    pub pays: bool,
}

/// What all loops of a system have in common.
pub struct Known<'m> {
    pub module: &'m Module,
    pub consts: BTreeMap<Value, Const>,
    pub counts: BTreeSet<Value>,
}

impl<'m> Known<'m> {
    pub fn of(module: &'m Module, system: &super::super::super::ir::System) -> Self {
        let mut consts = BTreeMap::new();
        system.body.walk(&mut |inst| {
            if let Op::Const(value) = inst.op {
                consts.insert(inst.results[0], value);
            }
        });
        Known {
            module,
            consts,
            counts: counts(system),
        }
    }
}

/// The sieve that a loop is, if it is one.
pub fn find(known: &Known<'_>, b: &mut Builder, one: &For) -> Option<Sieve> {
    let mut rest = Path {
        insts: one.body.insts.clone(),
        end: one.body.end.clone(),
    };
    let pays = paid(known, one.label, &rest.insts);
    if let Some(place) = pays {
        rest.insts.remove(place);
    }
    let mut find = Find {
        known,
        b,
        label: one.label,
        params: &one.body.params,
        flat: Vec::new(),
        guarded: BTreeSet::new(),
        asserts: Vec::new(),
        scalar: Vec::new(),
        same: BTreeMap::new(),
        pays: pays.is_some(),
        conditions: Vec::new(),
    };
    let mut found = None;
    while let Some(next) = find.next(rest) {
        found = Some((
            find.flat.len(),
            find.asserts.len(),
            find.scalar.len(),
            find.conditions.len(),
            next.clone(),
        ));
        rest = next;
    }
    let (flat, asserts, scalar, conditions, next) = found?;
    find.flat.truncate(flat);
    find.asserts.truncate(asserts);
    find.scalar.truncate(scalar);
    find.conditions.truncate(conditions);
    let mut stored = BTreeSet::new();
    one.body.walk(&mut |inst| {
        if let Op::Store(place, _) = inst.op {
            stored.insert(spot(place));
        }
    });
    find.sieve(next, &stored)
}

/// Where a round pays for itself, if each of them comes there.
fn paid(known: &Known<'_>, label: Label, insts: &[Inst]) -> Option<usize> {
    let one = |inst: &Inst| matches!(&inst.op, Op::Spend(rounds) if known.consts.get(rounds) == Some(&Const::I32(1)));
    let place = insts.iter().position(one)?;
    let mut skips = false;
    for region in insts[..place].iter().flat_map(|inst| inst.op.regions()) {
        region.each_region(&mut |region| {
            skips |=
                matches!(&region.end, End::Break(to, _) | End::Continue(to, _) if *to == label);
        });
    }
    (!skips).then_some(place)
}

/// What is left of a round.
#[derive(Clone)]
struct Path {
    insts: Vec<Inst>,
    end: End,
}

struct Find<'f, 'm> {
    known: &'f Known<'m>,
    b: &'f mut Builder,
    label: Label,
    params: &'f [Value],
    /// The questions in a line.
    flat: Vec<Inst>,
    /// Loads in it that some round may not come to.
    guarded: BTreeSet<Value>,
    /// What is asserted in it.
    asserts: Vec<Value>,
    /// The questions as they are.
    scalar: Vec<Inst>,
    same: BTreeMap<Value, Value>,
    pays: bool,
    /// What has to hold, or not to.
    conditions: Vec<(Value, bool)>,
}

impl Find<'_, '_> {
    fn of(&self, mut value: Value) -> Value {
        while let Some(other) = self.same.get(&value) {
            value = *other;
        }
        value
    }

    /// Goes on to the next condition that decides whether anything happens; gives what follows where it does.
    fn next(&mut self, path: Path) -> Option<Path> {
        let Path { insts, end } = path;
        for (place, inst) in insts.iter().enumerate() {
            if let Op::If(on, arms) = &inst.op {
                let rest = &insts[place + 1..];
                if let Some((hit, next)) = self.split(inst, arms, rest, &end) {
                    let on = self.of(*on);
                    self.conditions.push((on, hit == 0));
                    return Some(next);
                }
            }
            if !self.ask(inst, !self.conditions.is_empty()) {
                return None;
            }
            if !matches!(inst.op, Op::Assert(..)) {
                self.scalar.push(inst.clone());
            }
        }
        None
    }

    /// Whether one arm of a condition does nothing, and neither does what follows; which the other one is, and what follows that.
    fn split(
        &mut self,
        inst: &Inst,
        arms: &[Region; 2],
        rest: &[Inst],
        end: &End,
    ) -> Option<(usize, Path)> {
        let idle = |insts: &[Inst]| {
            insts
                .iter()
                .all(|inst| inst.op.is_pure() || matches!(inst.op, Op::Load(_)))
        };
        let hit = (0..2).find(|hit| {
            let miss = &arms[1 - hit];
            let (passed, end) = match &miss.end {
                End::Yield(values) if idle(rest) => (values.as_slice(), end),
                End::Yield(_) => return false,
                end => (&[][..], end),
            };
            let End::Continue(label, values) = end else {
                return false;
            };
            let after = |value: &Value| {
                let value = self.of(*value);
                let result = inst.results.iter().position(|result| *result == value);
                let passed = result.and_then(|result| passed.get(result));
                passed.map_or(value, |passed| self.of(*passed))
            };
            *label == self.label
                && idle(&miss.insts)
                && values
                    .iter()
                    .map(after)
                    .eq(self.params[1..].iter().copied())
        })?;
        let arm = &arms[hit];
        let path = match &arm.end {
            End::Yield(values) => {
                self.same
                    .extend(inst.results.iter().copied().zip(values.iter().copied()));
                Path {
                    insts: [&arm.insts, rest].concat(),
                    end: end.clone(),
                }
            }
            end => Path {
                insts: arm.insts.clone(),
                end: end.clone(),
            },
        };
        Some((hit, path))
    }

    /// Takes an instruction among the questions, if it can be asked of any place.
    fn ask(&mut self, inst: &Inst, guarded: bool) -> bool {
        match &inst.op {
            Op::Assert(holds, _) => {
                let holds = self.of(*holds);
                self.asserts.push(holds);
                true
            }
            Op::If(on, arms) => {
                for arm in arms.iter() {
                    if !arm.insts.iter().all(|inst| self.ask(inst, true)) {
                        return false;
                    }
                }
                let [End::Yield(a), End::Yield(b)] = [&arms[0].end, &arms[1].end] else {
                    return false;
                };
                for (number, result) in inst.results.iter().enumerate() {
                    let choice = Op::Select(self.of(*on), self.of(a[number]), self.of(b[number]));
                    self.flat.push(Inst {
                        results: vec![*result],
                        op: choice,
                        at: inst.at,
                    });
                }
                true
            }
            op if op.is_pure() || matches!(op, Op::Load(_)) => {
                let mut inst = inst.clone();
                inst.op.operands_mut(&mut |value| *value = self.of(*value));
                if guarded {
                    self.guarded.extend(&inst.results);
                }
                self.flat.push(inst);
                true
            }
            _ => false,
        }
    }

    /// The sieve, if its questions fit lanes.
    fn sieve(mut self, next: Path, stored: &BTreeSet<(u32, u32)>) -> Option<Sieve> {
        let on = self.condition();
        let mut sieve = Sieve {
            asks: Vec::new(),
            on,
            kinds: BTreeMap::from([(self.params[0], Kind::Ramp)]),
            below: BTreeMap::new(),
            rows: None,
            round: [self.scalar.clone(), next.insts].concat(),
            end: next.end,
            same: self.same.clone(),
            pays: self.pays,
        };
        let mut roots = BTreeSet::from([on]);
        let mut bounds = Vec::new();
        for holds in &self.asserts {
            let found = self.flat.iter().find(|inst| inst.results[0] == *holds)?;
            let Op::Compare(Compare::LtU, index, end) = found.op else {
                return None;
            };
            bounds.push((index, end));
            roots.insert(index);
        }
        sieve.asks = needed(&self.flat, roots);
        if sieve.asks.len() > ASKS_MAX || !self.exits_fit(&sieve) {
            return None;
        }
        let mut looks = false;
        for inst in &sieve.asks {
            let kind = self.kind(inst, &mut sieve.below, &mut sieve.rows, &sieve.kinds)?;
            if let Op::Load(place) = inst.op {
                looks |= kind == Kind::Varying;
                if stored.contains(&spot(place)) {
                    return None;
                }
            }
            sieve.kinds.insert(inst.results[0], kind);
        }
        for (index, end) in bounds {
            if sieve.kinds.get(&index) != Some(&Kind::Ramp) {
                return None;
            }
            match self.known.consts.get(&end) {
                Some(Const::I32(end)) => below(&mut sieve.below, index, *end as u32)?,
                _ if self.known.counts.contains(&end) => rows(&mut sieve.rows, index, end),
                _ => return None,
            }
        }
        (looks && sieve.kinds.get(&on) == Some(&Kind::Varying)).then_some(sieve)
    }

    /// All conditions in one.
    fn condition(&mut self) -> Value {
        let mut all: Option<Value> = None;
        for (on, holds) in std::mem::take(&mut self.conditions) {
            let one = match holds {
                true => on,
                false => self.add(Op::Unary(Unary::Not, on)),
            };
            all = Some(match all {
                None => one,
                Some(all) => self.add(Op::Binary(Binary::And, all, one)),
            });
        }
        all.expect("a sieve has a condition")
    }

    fn add(&mut self, op: Op) -> Value {
        let result = self.b.value(Type::Bool);
        self.flat.push(Inst {
            results: vec![result],
            op,
            at: None,
        });
        result
    }

    /// Whether the round is small enough, and its ways out leave the budget right: of a group is paid for all of it.
    fn exits_fit(&self, sieve: &Sieve) -> bool {
        let round = Region {
            params: Vec::new(),
            insts: sieve.round.clone(),
            end: sieve.end.clone(),
        };
        let (mut size, mut spends) = (0, false);
        let mut labels = BTreeSet::new();
        round.walk(&mut |inst| {
            size += 1;
            spends |= matches!(inst.op, Op::Spend(_) | Op::Refill | Op::Left);
            match &inst.op {
                Op::For(one) => drop(labels.insert(one.label)),
                Op::Loop(one) => drop(labels.insert(one.label)),
                Op::Block(label, _) => drop(labels.insert(*label)),
                _ => {}
            }
        });
        let mut leaves = false;
        round.each_region(&mut |region| {
            leaves |= match &region.end {
                End::Break(label, _) => !labels.contains(label),
                End::Continue(label, _) => !labels.contains(label) && *label != self.label,
                _ => false,
            }
        });
        size <= ROUND_MAX && !(sieve.pays && (spends || leaves))
    }

    /// What the result of a question's instruction is in lanes; None where it has none.
    fn kind(
        &self,
        inst: &Inst,
        limits: &mut BTreeMap<Value, u32>,
        row_limits: &mut Option<(Value, BTreeSet<Value>)>,
        kinds: &BTreeMap<Value, Kind>,
    ) -> Option<Kind> {
        let carried = &self.params[1..];
        let of = |value: Value| match carried.contains(&value) {
            true => None,
            false => Some(kinds.get(&value).copied().unwrap_or(Kind::Steady)),
        };
        if let Op::Load(place) = inst.op {
            let Some(index) = place.index.value() else {
                return Some(Kind::Steady);
            };
            return match of(index)? {
                // Where no round comes, it may not be there.
                Kind::Steady => (!self.guarded.contains(&inst.results[0])).then_some(Kind::Steady),
                Kind::Ramp => {
                    self.limit(place, limits, row_limits)?;
                    Some(Kind::Varying)
                }
                Kind::Varying => None,
            };
        }
        let mut operands = Vec::new();
        inst.op.operands(&mut |value| operands.push(value));
        let operands = operands
            .into_iter()
            .map(|value| Some((value, of(value)?)))
            .collect::<Option<Vec<(Value, Kind)>>>()?;
        if operands.iter().all(|(_, kind)| *kind == Kind::Steady) {
            return Some(Kind::Steady);
        }
        match (&inst.op, &operands[..]) {
            (Op::Binary(Binary::Add, ..), [(_, Kind::Ramp), (_, Kind::Steady)])
            | (Op::Binary(Binary::Add, ..), [(_, Kind::Steady), (_, Kind::Ramp)])
            | (Op::Binary(Binary::Sub, ..), [(_, Kind::Ramp), (_, Kind::Steady)])
                if self.b.ty(inst.results[0]) == Type::I32 =>
            {
                return Some(Kind::Ramp);
            }
            (Op::Binary(Binary::And, ..), [(_, Kind::Ramp), (mask, Kind::Steady)]) => {
                // A ramp that does not begin again within the group is one.
                if let Some(Const::I32(mask @ 0..)) = self.known.consts.get(mask)
                    && let size = *mask as u32 + 1
                    && size.is_power_of_two()
                {
                    below(limits, inst.results[0], size)?;
                    return Some(Kind::Ramp);
                }
            }
            _ => {}
        }
        self.has_lanes(inst).then_some(Kind::Varying)
    }

    /// Notes where a load in lanes has to stay.
    fn limit(
        &self,
        place: Place,
        limits: &mut BTreeMap<Value, u32>,
        row_limits: &mut Option<(Value, BTreeSet<Value>)>,
    ) -> Option<()> {
        let input = self.b.system().inputs[place.input as usize];
        let component = layout(&self.known.module.components, input)?;
        match place.index {
            Index::Item(item, slot) => {
                let slot = component.slot(slot)?;
                let count = component.fields[slot.field].count;
                (slot.scalar.size() == 4).then_some(())?;
                below(limits, item, count)
            }
            Index::Row(row, _) if matches!(input, Input::Column(_)) => {
                let words = component
                    .fields
                    .iter()
                    .all(|field| field.scalar.size() == 4);
                (words && component.size() < 1 << 16).then_some(())?;
                rows(row_limits, row, *self.known.counts.first()?);
                Some(())
            }
            _ => None,
        }
    }

    /// Whether an operation has a form in lanes.
    fn has_lanes(&self, inst: &Inst) -> bool {
        let vector = |value: Value| self.b.ty(value).vector();
        let mut fits = vector(inst.results[0]).is_some();
        inst.op
            .operands(&mut |value| fits &= vector(value).is_some());
        fits && match &inst.op {
            Op::Unary(op, a) => vector(*a).is_some_and(|ty| op.takes(ty)),
            Op::Binary(op, a, _) => vector(*a).is_some_and(|ty| op.takes(ty)),
            Op::Compare(..) | Op::Select(..) | Op::Convert(..) => true,
            _ => false,
        }
    }
}

/// What leads to some values, of instructions in a line.
fn needed(flat: &[Inst], mut roots: BTreeSet<Value>) -> Vec<Inst> {
    let mut asks = Vec::new();
    for inst in flat.iter().rev() {
        if inst.results.iter().any(|result| roots.contains(result)) {
            inst.op.operands(&mut |value| roots.extend([value]));
            asks.push(inst.clone());
        }
    }
    asks.reverse();
    asks
}

/// Notes that a ramp has to be below a number; None if no group fits below it.
fn below(limits: &mut BTreeMap<Value, u32>, ramp: Value, end: u32) -> Option<()> {
    let limit = limits.entry(ramp).or_insert(end);
    *limit = end.min(*limit);
    (end >= GROUP).then_some(())
}

/// Notes that a ramp has to be rows.
fn rows(limits: &mut Option<(Value, BTreeSet<Value>)>, ramp: Value, count: Value) {
    limits
        .get_or_insert_with(|| (count, BTreeSet::new()))
        .1
        .insert(ramp);
}
