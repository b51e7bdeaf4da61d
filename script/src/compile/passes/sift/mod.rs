//! Loops that look for something: what they ask of each place is asked of many at once.
//!
//! ```text
//!   for k { if near(k) { visit(k) } }     =     for groups of k { hits = near(k), near(k + 1), … as bits;  for each bit { visit(its k) } }
//! ```
//!
//! Most of what a loop over neighbours, or over an array, finds is not what it looks for. Asked in lanes, a question costs a fraction, and the jumps that are hard to foresee are
//! those over hits only. What happens at a hit happens in the order of the loop, with values that are computed again as the loop would have: the bits are the same.
//!
//! A group is asked as a whole where every place of it is there, no ramp of indices begins again within it, and the budget pays for it; a round is done as it was
//! everywhere else. So what stops, stops where it did.

mod find;

use super::super::ir::{
    Binary, Builder, Compare, Const, End, For, Index, Inst, Label, Lane, Loop, Module, Op, Region,
    System, Type, Value,
};
use super::Spoilt;
use super::copy::Copy;
use find::{Kind, Known, Sieve, find};
use std::collections::BTreeMap;

/// Rounds of a group: a multiple of four, below 32.
pub const GROUP: u32 = 16;

/// Does every loop that is one; says how many there were.
pub fn sift(module: &Module, system: &mut System, spoilt: Option<Spoilt>) -> usize {
    let known = Known::of(module, system);
    let labels = system.body.free_label();
    let body = std::mem::replace(&mut system.body, Region::new(End::Unreachable));
    let empty = Builder::new("", Vec::new()).finish();
    let mut sift = Sift {
        known,
        b: Builder::resume(std::mem::replace(system, empty), labels),
        spoilt,
        found: 0,
    };
    for inst in body.insts {
        sift.inst(inst, 0);
    }
    let found = sift.found;
    *system = sift.b.finish();
    system.body.end = body.end;
    found
}

struct Sift<'m> {
    known: Known<'m>,
    b: Builder,
    spoilt: Option<Spoilt>,
    found: usize,
}

impl Sift<'_> {
    fn inst(&mut self, mut inst: Inst, loops: usize) {
        let inner = loops + usize::from(matches!(inst.op, Op::For(_) | Op::Loop(_)));
        for region in inst.op.regions_mut() {
            let of = std::mem::replace(region, Region::new(End::Unreachable));
            self.b.open(of.params);
            for inst in of.insts {
                self.inst(inst, inner);
            }
            *region = self.b.close(of.end);
        }
        let Op::For(one) = &inst.op else {
            return self.b.append(inst);
        };
        // The outermost loop over rows says which row is at hand.
        let over_rows = loops == 0 && self.known.counts.contains(&one.to);
        if one.step != 1 || over_rows || self.is_short(one) {
            return self.b.append(inst);
        }
        let Some(sieve) = find(&self.known, &mut self.b, one) else {
            return self.b.append(inst);
        };
        self.found += 1;
        let before = self.b.locate(inst.at);
        let Op::For(one) = inst.op else {
            unreachable!("it was seen to be a loop");
        };
        self.groups(*one, &sieve, inst.results);
        self.b.locate(before);
    }

    /// Whether a loop is known to go round a few times only.
    fn is_short(&self, one: &For) -> bool {
        let of = |value: &Value| self.known.consts.get(value);
        matches!((of(&one.from), of(&one.to)), (Some(Const::I32(from)), Some(Const::I32(to)))
            if to.saturating_sub(*from) < GROUP as i32)
    }

    fn constant(&mut self, value: u32) -> Value {
        self.b.constant(Const::I32(value as i32))
    }

    fn binary(&mut self, op: Binary, a: Value, b: u32) -> Value {
        let b = self.constant(b);
        self.b.binary(op, a, b)
    }

    /// The loop in groups.
    fn groups(&mut self, one: For, sieve: &Sieve, results: Vec<Value>) {
        let For {
            label,
            from,
            to,
            init,
            body,
            ..
        } = one;
        let types: Vec<Type> = results.iter().map(|result| self.b.ty(*result)).collect();
        let passed = [vec![Type::I32], types.clone()].concat();
        let (index, carried) = (body.params[0], body.params[1..].to_vec());
        let steady = self.splats(sieve);
        self.b.open(body.params.clone());
        let more = self.b.compare(Compare::Lt, index, to);
        self.leave_unless(more, label, &carried);
        let left = self.b.binary(Binary::Sub, to, index);
        let group = self.constant(GROUP);
        let few = self.b.compare(Compare::LtU, left, group);
        let rounds = self.b.select(few, left, group);
        let mut first = Copy::default();
        for inst in &sieve.asks {
            if sieve.kinds[&inst.results[0]] != Kind::Varying {
                first.insts(&mut self.b, std::slice::from_ref(inst));
            }
        }
        let whole = self.whole(sieve, &first);
        self.b.open(Vec::new());
        if sieve.pays {
            self.b.effect(Op::Spend(rounds));
        }
        let mut mask = self.mask(sieve, &first, steady);
        if self.spoilt != Some(Spoilt::Sift) {
            let one = self.constant(1);
            let above = self.b.binary(Binary::Shl, one, rounds);
            let ones = self.b.binary(Binary::Sub, above, one);
            mask = self.b.binary(Binary::And, mask, ones);
        }
        let done = self.hits(sieve, label, index, &carried, mask, &types);
        let next = self.b.binary(Binary::Add, index, rounds);
        let many = self.b.close(End::Yield([vec![next], done].concat()));
        // A round as it was.
        self.b.open(Vec::new());
        let next = self.binary(Binary::Add, index, 1);
        let block = self.b.label();
        let mut round = Region {
            params: Vec::new(),
            ..body
        };
        redirect(&mut round, label, block, next);
        let round = Op::Block(block, Box::new(round));
        let done = self.b.push(round, &passed);
        let single = self.b.close(End::Yield(done));
        let both = Op::If(whole, Box::new([many, single]));
        let next = self.b.push(both, &passed);
        let body = self.b.close(End::Continue(label, next));
        let init = [vec![from], init].concat();
        let at = self.b.locate(None);
        self.b.locate(at);
        self.b.append(Inst {
            results,
            op: Op::Loop(Box::new(Loop { label, init, body })),
            at,
        });
    }

    /// What comes from outside of the loop, in all lanes.
    fn splats(&mut self, sieve: &Sieve) -> BTreeMap<Value, Value> {
        let mut steady = BTreeMap::new();
        for inst in &sieve.asks {
            if sieve.kinds[&inst.results[0]] != Kind::Varying || matches!(inst.op, Op::Load(_)) {
                continue;
            }
            inst.op.operands(&mut |value| {
                if !sieve.kinds.contains_key(&value) {
                    steady.entry(value).or_insert_with(|| self.splat(value));
                }
            });
        }
        steady
    }

    fn splat(&mut self, value: Value) -> Value {
        let ty = self
            .b
            .ty(value)
            .vector()
            .expect("it was seen to have lanes");
        self.b.push(Op::Splat(value), &[ty])[0]
    }

    fn leave_unless(&mut self, on: Value, label: Label, values: &[Value]) {
        let stay = Region::new(End::Yield(Vec::new()));
        let leave = Region::new(End::Break(label, values.to_vec()));
        self.b.effect(Op::If(on, Box::new([stay, leave])));
    }

    /// Whether a group can be asked as a whole.
    fn whole(&mut self, sieve: &Sieve, first: &Copy) -> Value {
        let mut conditions = Vec::new();
        for (ramp, end) in &sieve.below {
            let last = self.constant(end - GROUP);
            conditions.push(self.b.compare(Compare::LeU, first.of(*ramp), last));
        }
        if let Some((count, ramps)) = &sieve.rows {
            let last = self.binary(Binary::Sub, *count, GROUP);
            let zero = self.constant(0);
            for ramp in ramps {
                let ramp = first.of(*ramp);
                conditions.push(self.b.compare(Compare::Le, ramp, last));
                conditions.push(self.b.compare(Compare::Ge, ramp, zero));
            }
        }
        if sieve.pays {
            let left = self.b.push(Op::Left, &[Type::I32])[0];
            let group = self.constant(GROUP);
            conditions.push(self.b.compare(Compare::Ge, left, group));
        }
        let all = conditions
            .into_iter()
            .reduce(|all, one| self.b.binary(Binary::And, all, one));
        all.expect("what looks at memory has a limit")
    }

    /// A bit for each place of the group.
    fn mask(&mut self, sieve: &Sieve, first: &Copy, steady: BTreeMap<Value, Value>) -> Value {
        let mut mask: Option<Value> = None;
        let mut shared = steady;
        for lanes in (0..GROUP).step_by(4) {
            let mut values: BTreeMap<Value, Value> = BTreeMap::new();
            for inst in &sieve.asks {
                let result = inst.results[0];
                if sieve.kinds[&result] != Kind::Varying {
                    continue;
                }
                let mut op = inst.op.clone();
                match &mut op {
                    Op::Load(place) => match &mut place.index {
                        Index::Row(at, _) | Index::Item(at, _) | Index::Word(at) => {
                            *at = self.binary(Binary::Add, first.of(*at), lanes);
                        }
                        Index::Only(_) => {}
                    },
                    op => op.operands_mut(&mut |value| {
                        let known = values.get(value).or(shared.get(value)).copied();
                        *value = known.unwrap_or_else(|| {
                            let scalar = first.of(*value);
                            match sieve.kinds.get(value) {
                                Some(Kind::Ramp) => {
                                    let begin = self.binary(Binary::Add, scalar, lanes);
                                    let ramp = Op::Lane(Lane::Ramp, begin);
                                    let ramp = self.b.push(ramp, &[Type::I32x4])[0];
                                    values.insert(*value, ramp);
                                    ramp
                                }
                                _ => {
                                    let splat = self.splat(scalar);
                                    shared.insert(*value, splat);
                                    splat
                                }
                            }
                        });
                    }),
                }
                let ty = self.b.ty(result).vector();
                let ty = ty.expect("it was seen to have lanes");
                let vector = self.b.push(op, &[ty])[0];
                values.insert(result, vector);
            }
            let bits = Op::Lane(Lane::Bits, values[&sieve.on]);
            let bits = self.b.push(bits, &[Type::I32])[0];
            mask = Some(match mask {
                None => bits,
                Some(mask) => {
                    let bits = self.binary(Binary::Shl, bits, lanes);
                    self.b.binary(Binary::Or, mask, bits)
                }
            });
        }
        mask.expect("a group has lanes")
    }

    /// Does the round of each bit, from the lowest up; gives what is carried after them.
    fn hits(
        &mut self,
        sieve: &Sieve,
        around: Label,
        index: Value,
        carried: &[Value],
        mask: Value,
        types: &[Type],
    ) -> Vec<Value> {
        let label = self.b.label();
        let bits = self.b.value(Type::I32);
        let params: Vec<Value> = types.iter().map(|ty| self.b.value(*ty)).collect();
        self.b.open([vec![bits], params.clone()].concat());
        let zero = self.constant(0);
        let some = self.b.compare(Compare::Ne, bits, zero);
        self.leave_unless(some, label, &params);
        let lowest = self.b.push(Op::Lane(Lane::Lowest, bits), &[Type::I32])[0];
        let place = self.b.binary(Binary::Add, index, lowest);
        let less = self.binary(Binary::Sub, bits, 1);
        let rest = self.b.binary(Binary::And, bits, less);
        let mut copy = Copy::default();
        copy.same = sieve.same.clone();
        copy.rounds = Some((around, label, rest));
        copy.values.insert(index, place);
        copy.values.extend(carried.iter().copied().zip(params));
        copy.insts(&mut self.b, &sieve.round);
        let body = self.b.close(copy.end(&sieve.end));
        let init = [&[mask], carried].concat();
        let hits = Op::Loop(Box::new(Loop { label, init, body }));
        self.b.push(hits, types)
    }
}

/// Makes what goes on to the next round leave a block, with the next index before what is carried.
fn redirect(region: &mut Region, from: Label, block: Label, next: Value) {
    if let End::Continue(label, values) = &region.end
        && *label == from
    {
        region.end = End::Break(block, [&[next], values.as_slice()].concat());
    }
    for inst in &mut region.insts {
        for inner in inst.op.regions_mut() {
            redirect(inner, from, block, next);
        }
    }
}

#[cfg(test)]
mod tests;
