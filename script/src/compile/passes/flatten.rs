//! A row's work without branches: both arms of every condition are done, and what they would have stored is chosen between.
//!
//! Memory is known by its places: a row is loaded once, before anything is stored, and stored once, at the end. Between, a place is a value, so a store in
//! one arm is a choice between that and what the place holds otherwise. That is allowed since nothing in the row can trap and nobody else sees
//! the row before the system is done with it; the bits are those of the branching form, because a choice copies bits.

use super::super::ir::{End, Index, Inst, Label, Op, Place, Region, System, Trap, Type, Value};
use super::Spoilt;
use std::collections::BTreeMap;

/// The body of a loop over rows, in a line.
#[derive(Debug)]
pub struct Flat {
    /// Pure operations, and loads of slots of the row at hand.
    pub insts: Vec<Inst>,
    /// What is stored in the end: input, slot, value.
    pub stores: Vec<(u32, u32, Value)>,
}

/// What a sentence of the report gives as the reason why not.
pub type Why = &'static str;

/// Flattens the body of a loop with this label and index, which carries nothing.
pub fn flatten(
    system: &mut System,
    label: Label,
    index: Value,
    body: &Region,
    spoilt: Option<Spoilt>,
) -> Result<Flat, Why> {
    let mut flat = Flattening {
        system,
        spoilt,
        label,
        index,
        insts: Vec::new(),
        loads: BTreeMap::new(),
        instead: BTreeMap::new(),
    };
    let mut memory = BTreeMap::new();
    flat.run(&body.insts, &body.end, &mut memory, None)?;
    let stores = memory
        .into_iter()
        .map(|((input, slot), value)| (input, slot, value))
        .collect();
    Ok(Flat {
        insts: flat.insts,
        stores,
    })
}

/// What follows a condition.
struct Then<'t> {
    results: &'t [Value],
    insts: &'t [Inst],
    end: &'t End,
    then: Option<&'t Then<'t>>,
}

/// Instructions of a row. What follows a condition that may be the end of the row is done once for each of its arms.
const INSTS_MAX: usize = 2000;

/// What each place was stored to, by input and slot.
type Memory = BTreeMap<(u32, u32), Value>;

struct Flattening<'s> {
    system: &'s mut System,
    spoilt: Option<Spoilt>,
    label: Label,
    index: Value,
    insts: Vec<Inst>,
    /// What each place held before.
    loads: BTreeMap<(u32, u32), Value>,
    instead: BTreeMap<Value, Value>,
}

impl Flattening<'_> {
    fn of(&self, value: Value) -> Value {
        self.instead.get(&value).copied().unwrap_or(value)
    }

    /// Does instructions up to an end, and then what follows; gives what it yields where nothing does, or None where it goes to the next row.
    fn run(
        &mut self,
        insts: &[Inst],
        end: &End,
        memory: &mut Memory,
        then: Option<&Then<'_>>,
    ) -> Result<Option<Vec<Value>>, Why> {
        for (place, inst) in insts.iter().enumerate() {
            let Op::If(on, arms) = &inst.op else {
                self.inst(inst, memory)?;
                continue;
            };
            let on = self.of(*on);
            let mut memories = [memory.clone(), memory.clone()];
            if arms.iter().any(|arm| self.goes_on(arm)) {
                // Some way through the arms is done with the row, so each of them has the rest of it to itself.
                let then = Then {
                    results: &inst.results,
                    insts: &insts[place + 1..],
                    end,
                    then,
                };
                for (arm, memory) in arms.iter().zip(&mut memories) {
                    if self
                        .run(&arm.insts, &arm.end, memory, Some(&then))?
                        .is_some()
                    {
                        return Err(
                            "a condition in it is used as a value and goes to the next row",
                        );
                    }
                }
                *memory = self.merge(on, memories);
                return Ok(None);
            }
            let mut yields = Vec::new();
            for (arm, memory) in arms.iter().zip(&mut memories) {
                let values = self.run(&arm.insts, &arm.end, memory, None)?;
                yields.push(values.ok_or("a condition in it goes to the next row")?);
            }
            for (number, result) in inst.results.iter().enumerate() {
                let chosen = self.choose(on, yields[0][number], yields[1][number]);
                self.instead.insert(*result, chosen);
            }
            *memory = self.merge(on, memories);
        }
        match (end, then) {
            (End::Yield(values), Some(then)) => {
                for (result, value) in then.results.iter().zip(values) {
                    let value = self.of(*value);
                    self.instead.insert(*result, value);
                }
                self.run(then.insts, then.end, memory, then.then)
            }
            (End::Yield(values), None) => {
                Ok(Some(values.iter().map(|value| self.of(*value)).collect()))
            }
            (End::Continue(label, _), _) if *label == self.label => Ok(None),
            (End::Unreachable, _) => Ok(None),
            _ => Err("it leaves the loop early"),
        }
    }

    /// Whether some way through a region goes to the next row.
    fn goes_on(&self, region: &Region) -> bool {
        let mut found = false;
        region.each_region(&mut |region| {
            found |= match &region.end {
                End::Continue(label, _) => *label == self.label,
                End::Unreachable => true,
                _ => false,
            }
        });
        found
    }

    fn inst(&mut self, inst: &Inst, memory: &mut Memory) -> Result<(), Why> {
        if self.insts.len() > INSTS_MAX {
            return Err("it has too many ways through it");
        }
        match &inst.op {
            Op::Load(place) => {
                match place.index {
                    Index::Only(_) => return Err("it reads a resource that it may write"),
                    Index::Item(..) => return Err("it looks into an array"),
                    _ => {}
                }
                let key = self.own(*place)?;
                let known = memory.get(&key).copied();
                let known = known.unwrap_or_else(|| self.before(key, inst.results[0]));
                self.instead.insert(inst.results[0], known);
                Ok(())
            }
            Op::Store(place, value) => {
                let key = self.own(*place)?;
                memory.insert(key, self.of(*value));
                Ok(())
            }
            Op::Assert(_, Trap::Item) => Err("it looks into an array"),
            Op::Assert(..) => Err("a row that it names may not be there"),
            Op::Spend(_) | Op::Refill | Op::For(_) | Op::Loop(_) => {
                Err("there is another loop in it")
            }
            Op::Command(_) => Err("it records commands"),
            Op::Block(..) => {
                Err("a function that it calls returns early from within a condition or loop")
            }
            op if op.is_pure() => {
                let mut op = op.clone();
                op.operands_mut(&mut |value| *value = self.of(*value));
                // The same may come several times, on several ways.
                let value = self.add(op, self.system.ty(inst.results[0]));
                self.instead.insert(inst.results[0], value);
                Ok(())
            }
            _ => Err("it divides whole numbers"),
        }
    }

    /// A slot of the row at hand.
    fn own(&self, place: Place) -> Result<(u32, u32), Why> {
        match place.index {
            Index::Row(row, slot) if row == self.index => Ok((place.input, slot)),
            Index::Only(_) | Index::Item(..) => Err("it writes a resource"),
            _ => Err("it looks at other rows"),
        }
    }

    fn choose(&mut self, on: Value, a: Value, b: Value) -> Value {
        if a == b {
            return a;
        }
        let ty = self.system.ty(a);
        self.add(Op::Select(on, a, b), ty)
    }

    fn add(&mut self, op: Op, ty: Type) -> Value {
        let result = self.system.value(ty);
        self.insts.push(Inst {
            results: vec![result],
            op,
            at: None,
        });
        result
    }

    /// What each place holds after a condition.
    fn merge(&mut self, on: Value, [first, second]: [Memory; 2]) -> Memory {
        let mut keys: Vec<(u32, u32)> = first.keys().chain(second.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let mut merged = Memory::new();
        for key in keys {
            let sample = first.get(&key).or(second.get(&key)).copied();
            let sample = sample.expect("the key is of one of them");
            let a = first.get(&key).copied();
            let a = a.unwrap_or_else(|| self.before(key, sample));
            let b = second.get(&key).copied();
            let b = b.unwrap_or_else(|| self.before(key, sample));
            let chosen = match self.spoilt {
                Some(Spoilt::Flatten) => self.choose(on, b, a),
                _ => self.choose(on, a, b),
            };
            merged.insert(key, chosen);
        }
        merged
    }

    /// What a place, of the type of some value, held before the row's work.
    fn before(&mut self, key: (u32, u32), like: Value) -> Value {
        if let Some(known) = self.loads.get(&key) {
            return *known;
        }
        let place = Place {
            input: key.0,
            index: Index::Row(self.index, key.1),
        };
        let value = self.add(Op::Load(place), self.system.ty(like));
        self.loads.insert(key, value);
        value
    }
}
