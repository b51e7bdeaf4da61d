//! One system as a function.

use super::super::ir::{
    At, Binary, Command, Const, End, For, Index, Input, Inst, Label, Lane, Module, Op, Place,
    Region, Slot, System, Trap, Type, Value, layout,
};
use super::imports::{Import, Imports, is_wide};
use super::locals::{Locals, deaths};
use super::vectors::Rows;
use super::{ops, val_type};
use std::collections::BTreeMap;
use wasm_encoder::{BlockType, Function, Ieee32, Ieee64, Instruction as I, ValType};

/// A function's code, and where its instructions come from.
pub struct Emitted {
    pub function: Function,
    pub marks: Vec<Mark>,
}

/// From this offset in the function's body on, instructions come from there.
pub struct Mark {
    pub offset: usize,
    pub at: Option<At>,
    pub trap: Option<Trap>,
}

/// Where the values of a command stand: behind the null page of 64 bytes.
const VALUES: u32 = 64;

/// 0, 1, 2 and 3 in the lanes.
const RAMP: i128 = 3 << 96 | 2 << 64 | 1 << 32;

/// How much more an index may be for its address to be another one's with an offset.
const AHEAD_MAX: i32 = 64;

/// The code of a system that the verifier found sound.
pub fn emit(module: &Module, imports: &Imports, system: &System, budget: i32) -> Emitted {
    let mut emit = Emit {
        module,
        imports,
        system,
        locals: Locals::new(system),
        code: Vec::new(),
        at: None,
        consts: BTreeMap::new(),
        ahead: BTreeMap::new(),
        addresses: Vec::new(),
        rows: Vec::new(),
        around: Vec::new(),
        loops: 0,
        rounds: None,
        budget,
    };
    if uses(&system.body, &|op| matches!(op, Op::Spend(_) | Op::Left)) {
        let rounds = emit.locals.take(ValType::I32);
        emit.rounds = Some(rounds);
        emit.refill();
    }
    emit.region(&system.body, &[]);
    emit.push(I::End);
    let mut function = Function::new_with_locals_types(emit.locals.types().iter().copied());
    let mut marks = Vec::new();
    for (instruction, at, trap) in &emit.code {
        marks.push(Mark {
            offset: function.byte_len(),
            at: *at,
            trap: *trap,
        });
        function.instruction(instruction);
    }
    Emitted { function, marks }
}

/// What `break` and `continue` of a label do here.
struct Around {
    /// None for an `if`, which only counts.
    label: Option<Label>,
    /// Whether jumping to it goes on with the next round.
    next_round: bool,
    /// Where what is passed on goes.
    passed: Vec<u32>,
}

pub struct Emit<'m> {
    pub module: &'m Module,
    imports: &'m Imports,
    pub system: &'m System,
    pub locals: Locals,
    code: Vec<(I<'static>, Option<At>, Option<Trap>)>,
    at: Option<At>,
    consts: BTreeMap<Value, Const>,
    /// Values that are another one and a little more: their addresses are that one's with an offset.
    ahead: BTreeMap<Value, (Value, u32)>,
    /// Of each region at hand: the local that holds the address of a value of that size, by its number.
    addresses: Vec<BTreeMap<(u32, Value, u32), u32>>,
    /// Of each region at hand: groups of four rows.
    rows: Vec<Rows>,
    around: Vec<Around>,
    loops: usize,
    rounds: Option<u32>,
    budget: i32,
}

impl Emit<'_> {
    pub fn push(&mut self, instruction: I<'static>) {
        self.code.push((instruction, self.at, None));
    }

    fn push_trap(&mut self, instruction: I<'static>, trap: Trap) {
        self.code.push((instruction, self.at, Some(trap)));
    }

    pub fn get(&mut self, value: Value) {
        match self.consts.get(&value) {
            Some(Const::F32(bits)) => self.push(I::F32Const(Ieee32::new(*bits))),
            Some(Const::F64(bits)) => self.push(I::F64Const(Ieee64::new(*bits))),
            Some(Const::I32(value)) => self.push(I::I32Const(*value)),
            Some(Const::I64(value)) => self.push(I::I64Const(*value)),
            Some(Const::Bool(value)) => self.push(I::I32Const(i32::from(*value))),
            None => {
                let local =
                    self.locals.of[value.index()].expect("a value is defined before it is used");
                self.push(I::LocalGet(local));
            }
        }
    }

    fn set_result(&mut self, inst: &Inst) {
        let result = inst.results[0];
        let local = self.locals.define(result, self.system.ty(result));
        self.push(I::LocalSet(local));
    }

    fn refill(&mut self) {
        if let Some(rounds) = self.rounds {
            self.push(I::I32Const(self.budget));
            self.push(I::LocalSet(rounds));
        }
    }

    /// A region whose yielded values go to these locals.
    fn region(&mut self, region: &Region, yields: &[u32]) {
        self.addresses.push(BTreeMap::new());
        self.rows.push(Rows::default());
        let deaths = deaths(region);
        for (number, inst) in region.insts.iter().enumerate() {
            self.at = inst.at.or(self.at);
            self.inst(inst);
            for value in deaths.get(&number).into_iter().flatten() {
                self.kill(*value);
            }
        }
        self.flush_rows();
        match &region.end {
            End::Yield(values) => self.pass(values, yields),
            End::Break(label, values) => self.jump(*label, false, values),
            End::Continue(label, values) => self.jump(*label, true, values),
            End::Unreachable => self.push(I::Unreachable),
        }
        // Whatever the region defined ends here.
        for value in region.insts.iter().flat_map(|inst| &inst.results) {
            self.kill(*value);
        }
        let held = self.rows.pop().expect("it was pushed above").locals();
        let addresses = self.addresses.pop().expect("it was pushed above");
        for local in addresses.into_values().chain(held) {
            self.locals.give(local);
        }
    }

    fn kill(&mut self, value: Value) {
        if let Some(local) = self.locals.of[value.index()].take() {
            // What waits to be written is still needed.
            match self.rows.iter_mut().any(|rows| rows.keeps(value, local)) {
                true => {}
                false => self.locals.give(local),
            }
        }
    }

    /// Values into locals, all at once: one may be the other's.
    fn pass(&mut self, values: &[Value], locals: &[u32]) {
        values.iter().for_each(|value| self.get(*value));
        locals
            .iter()
            .rev()
            .for_each(|local| self.push(I::LocalSet(*local)));
    }

    fn jump(&mut self, label: Label, next_round: bool, values: &[Value]) {
        let is = |around: &Around| around.label == Some(label) && around.next_round == next_round;
        let place = self
            .around
            .iter()
            .rposition(is)
            .expect("the label stands around this");
        let passed = self.around[place].passed.clone();
        self.pass(values, &passed);
        self.push(I::Br((self.around.len() - 1 - place) as u32));
    }

    fn inst(&mut self, inst: &Inst) {
        match &inst.op {
            Op::Const(value) => {
                self.consts.insert(inst.results[0], *value);
            }
            Op::Input(number) => {
                self.locals.of[inst.results[0].index()] = Some(*number);
            }
            Op::Unary(op, a) => {
                self.get(*a);
                self.push(match op.is_hosts() {
                    true => {
                        let wide = is_wide(self.system, *a);
                        I::Call(self.imports.get(Import::Unary(*op, wide)))
                    }
                    false => ops::unary(*op, self.system.ty(*a)),
                });
                self.set_result(inst);
            }
            Op::Binary(op, a, b) => {
                if let (Binary::Add, Some(Const::I32(ahead @ 0..=AHEAD_MAX))) =
                    (op, self.consts.get(b))
                {
                    self.ahead.insert(inst.results[0], (*a, *ahead as u32));
                }
                self.binary(*op, *a, *b);
                self.set_result(inst);
            }
            Op::Compare(op, a, b) => {
                self.get(*a);
                self.get(*b);
                self.push(ops::compare(*op, self.system.ty(*a)));
                self.set_result(inst);
            }
            Op::Select(on, a, b) => {
                self.select(*on, *a, *b);
                self.set_result(inst);
            }
            Op::Convert(op, a) => {
                self.get(*a);
                let vector = self.system.ty(*a).is_vector();
                if let Some(instruction) = ops::convert(*op, vector) {
                    self.push(instruction);
                }
                self.set_result(inst);
            }
            Op::Splat(a) => {
                match self.system.ty(*a) {
                    Type::F32 => {
                        self.get(*a);
                        self.push(I::F32x4Splat);
                    }
                    Type::Bool => {
                        // A lane of a mask is all ones or all zeros.
                        self.push(I::I32Const(0));
                        self.get(*a);
                        self.push(I::I32Sub);
                        self.push(I::I32x4Splat);
                    }
                    _ => {
                        self.get(*a);
                        self.push(I::I32x4Splat);
                    }
                }
                self.set_result(inst);
            }
            Op::Lane(op, a) => {
                self.get(*a);
                match op {
                    Lane::Ramp => {
                        self.push(I::I32x4Splat);
                        self.push(I::V128Const(RAMP));
                        self.push(I::I32x4Add);
                    }
                    Lane::Bits => self.push(I::I32x4Bitmask),
                    Lane::Lowest => self.push(I::I32Ctz),
                }
                self.set_result(inst);
            }
            Op::Load(place) => self.load(*place, inst),
            Op::Store(place, value) => self.store(*place, *value),
            Op::Assert(holds, trap) => {
                self.get(*holds);
                self.push(I::I32Eqz);
                self.trap_if(*trap);
            }
            Op::Command(one) => self.command(one),
            Op::Refill => self.refill(),
            Op::Left => {
                let rounds = self.rounds.expect("who asks for the budget spends of it");
                self.push(I::LocalGet(rounds));
                self.set_result(inst);
            }
            Op::Spend(value) => self.spend(*value),
            Op::If(on, arms) => {
                self.get(*on);
                let results = self.results(inst);
                self.push(I::If(BlockType::Empty));
                self.enter(None, false, Vec::new());
                self.region(&arms[0], &results);
                if arms[1].end.values().is_empty()
                    && arms[1].insts.is_empty()
                    && arms[1].end == End::Yield(vec![])
                {
                    self.leave();
                    return;
                }
                self.push(I::Else);
                self.region(&arms[1], &results);
                self.leave();
            }
            Op::For(one) => self.counted(one, inst),
            Op::Loop(one) => {
                let results = self.results(inst);
                let params = self.params(&one.body.params);
                self.pass(&one.init, &params);
                self.push(I::Block(BlockType::Empty));
                self.enter(Some(one.label), false, results);
                self.push(I::Loop(BlockType::Empty));
                self.enter(Some(one.label), true, params.clone());
                self.loops += 1;
                self.region(&one.body, &[]);
                self.loops -= 1;
                self.leave();
                self.leave();
                one.body.params.iter().for_each(|param| self.kill(*param));
            }
            Op::Block(label, body) => {
                let results = self.results(inst);
                self.push(I::Block(BlockType::Empty));
                self.enter(Some(*label), false, results.clone());
                self.region(body, &results);
                self.leave();
            }
        }
    }

    fn enter(&mut self, label: Option<Label>, next_round: bool, passed: Vec<u32>) {
        self.around.push(Around {
            label,
            next_round,
            passed,
        });
    }

    fn leave(&mut self) {
        self.around.pop();
        self.push(I::End);
    }

    fn results(&mut self, inst: &Inst) -> Vec<u32> {
        self.params(&inst.results)
    }

    fn params(&mut self, values: &[Value]) -> Vec<u32> {
        let values = values
            .iter()
            .map(|value| self.locals.define(*value, self.system.ty(*value)));
        values.collect()
    }

    fn counted(&mut self, one: &For, inst: &Inst) {
        let all = self.params(&one.body.params);
        let (index, carried) = all.split_first().expect("a counted loop has an index");
        let init = [&[one.from][..], &one.init].concat();
        self.pass(&init, &all);
        // The results are what was carried last.
        let results = self.results(inst);
        let over_rows = self.loops == 0 && self.is_count(one.to);
        self.push(I::Block(BlockType::Empty));
        self.enter(Some(one.label), false, results.clone());
        self.push(I::LocalGet(*index));
        self.get(one.to);
        self.push(I::I32GeS);
        self.push(I::If(BlockType::Empty));
        self.enter(None, false, Vec::new());
        self.copy(carried, &results);
        self.push(I::Br(1));
        self.leave();
        self.push(I::Loop(BlockType::Empty));
        self.enter(None, false, Vec::new());
        self.push(I::Block(BlockType::Empty));
        self.enter(Some(one.label), true, carried.to_vec());
        if over_rows && uses(&one.body, &may_trap) {
            self.push(I::LocalGet(*index));
            self.push(I::GlobalSet(0));
        }
        self.loops += 1;
        self.region(&one.body, &[]);
        self.loops -= 1;
        self.leave();
        self.push(I::LocalGet(*index));
        self.push(I::I32Const(one.step as i32));
        self.push(I::I32Add);
        self.push(I::LocalTee(*index));
        self.get(one.to);
        self.push(I::I32LtS);
        self.push(I::BrIf(0));
        self.leave();
        self.copy(carried, &results);
        self.leave();
        one.body.params.iter().for_each(|param| self.kill(*param));
    }

    fn copy(&mut self, from: &[u32], to: &[u32]) {
        for (from, to) in from.iter().zip(to) {
            self.push(I::LocalGet(*from));
            self.push(I::LocalSet(*to));
        }
    }

    fn is_count(&self, value: Value) -> bool {
        let count = self
            .system
            .inputs
            .iter()
            .position(|input| *input == Input::Count);
        count.is_some() && self.locals.of[value.index()] == count.map(|count| count as u32)
    }

    fn binary(&mut self, op: Binary, a: Value, b: Value) {
        let ty = self.system.ty(a);
        if op.is_hosts() {
            self.get(a);
            self.get(b);
            let import = Import::Binary(op, is_wide(self.system, a));
            return self.push(I::Call(self.imports.get(import)));
        }
        match ops::binary(op, ty) {
            Some(instruction) => {
                self.get(a);
                self.get(b);
                match op.may_trap() {
                    true => self.push_trap(instruction, Trap::Divide),
                    false => self.push(instruction),
                }
            }
            None if op == Binary::Copysign => {
                self.get(a);
                self.get(b);
                self.push(I::V128Const(i128::from_le_bytes(
                    [0xff, 0xff, 0xff, 0x7f]
                        .repeat(4)
                        .try_into()
                        .expect("16 bytes"),
                )));
                self.push(I::V128Bitselect);
            }
            None => self.divide(a, b, ty),
        }
    }

    /// With sign, wrapping.
    fn divide(&mut self, a: Value, b: Value, ty: Type) {
        let wide = ty == Type::I64;
        let divide = if wide { I::I64DivS } else { I::I32DivS };
        let minus_one = matches!(
            self.consts.get(&b),
            None | Some(Const::I32(-1) | Const::I64(-1))
        );
        if minus_one {
            self.get(b);
            self.push(if wide {
                I::I64Const(-1)
            } else {
                I::I32Const(-1)
            });
            self.push(if wide { I::I64Eq } else { I::I32Eq });
            self.push(I::If(BlockType::Result(val_type(ty))));
            self.push(if wide { I::I64Const(0) } else { I::I32Const(0) });
            self.get(a);
            self.push(if wide { I::I64Sub } else { I::I32Sub });
            self.push(I::Else);
        }
        self.get(a);
        self.get(b);
        self.push_trap(divide, Trap::Divide);
        if minus_one {
            self.push(I::End);
        }
    }

    /// A scalar float is chosen as an integer of its bits: Cranelift makes a jump of a choice between floats, which costs ten times as much where it is
    /// not foreseen (bytecodealliance/wasmtime#3682).
    fn select(&mut self, on: Value, a: Value, b: Value) {
        let ty = self.system.ty(a);
        if ty.is_vector() {
            self.get(a);
            self.get(b);
            self.get(on);
            self.push(I::V128Bitselect);
            return;
        }
        let (to_bits, from_bits) = match ty {
            Type::F32 => (Some(I::I32ReinterpretF32), Some(I::F32ReinterpretI32)),
            Type::F64 => (Some(I::I64ReinterpretF64), Some(I::F64ReinterpretI64)),
            _ => (None, None),
        };
        for value in [a, b] {
            self.get(value);
            to_bits
                .iter()
                .for_each(|instruction| self.push(instruction.clone()));
        }
        self.get(on);
        self.push(I::Select);
        from_bits
            .into_iter()
            .for_each(|instruction| self.push(instruction));
    }

    /// Values go to the module's own memory, where the host takes them from.
    fn command(&mut self, one: &Command) {
        let import = self.imports.get(Import::Command(one.act));
        let mut values = one.values.iter();
        let mut offset = 0;
        if one.act.takes_values() {
            let template = one
                .template
                .map(|number| &self.module.templates[number as usize]);
            for component in template.into_iter().flatten() {
                for field in &self.module.components[*component as usize].fields {
                    for value in values.by_ref().take(field.count as usize) {
                        self.push(I::I32Const(0));
                        self.get(*value);
                        // One after another without gaps, so an address is aligned to nothing.
                        self.push(ops::store_packed(field.scalar, VALUES + offset));
                        offset += field.scalar.size();
                    }
                }
            }
        }
        if let Some(entity) = one.entity {
            self.get(entity);
        }
        if let Some(template) = one.template {
            self.push(I::I32Const(template as i32));
        }
        if one.act.takes_values() {
            self.push(I::I32Const(VALUES as i32));
        }
        self.push(I::Call(import));
    }

    fn trap_if(&mut self, trap: Trap) {
        self.push(I::If(BlockType::Empty));
        self.push_trap(I::Unreachable, trap);
        self.push(I::End);
    }

    fn spend(&mut self, value: Value) {
        let rounds = self.rounds.expect("who spends has a budget");
        self.get(value);
        self.push(I::LocalGet(rounds));
        self.push(I::I32GtS);
        self.trap_if(Trap::Endless);
        self.push(I::LocalGet(rounds));
        self.get(value);
        if !matches!(self.consts.get(&value), Some(Const::I32(rounds)) if *rounds >= 0) {
            // What is less than 0 counts as 0.
            self.push(I::I32Const(0));
            self.get(value);
            self.push(I::I32Const(0));
            self.push(I::I32GtS);
            self.push(I::Select);
        }
        self.push(I::I32Sub);
        self.push(I::LocalSet(rounds));
    }

    /// The slot at a place, and its component's size.
    pub fn slot(&self, place: Place) -> (Slot, u32) {
        let component = layout(
            &self.module.components,
            self.system.inputs[place.input as usize],
        );
        let component = component.expect("a place is memory");
        let number = match place.index {
            Index::Row(_, slot) | Index::Only(slot) | Index::Item(_, slot) => slot,
            Index::Word(_) => 0,
        };
        (
            component.slot(number).expect("the slot is there"),
            component.size(),
        )
    }

    /// Pushes the address of a row, element or word of that size; gives the offset that is to be added to it.
    pub fn address(&mut self, place: Place, size: u32) -> u32 {
        // A row that a script names is another row's neighbour seldom, and the one before may not be there.
        self.address_near(place, size, !matches!(place.index, Index::Row(..)))
    }

    /// The same; `close` where the address may be that of what lies before, with an offset.
    pub fn address_near(&mut self, place: Place, size: u32, close: bool) -> u32 {
        let mut value = match place.index {
            Index::Only(_) => {
                self.push(I::LocalGet(place.input));
                return 0;
            }
            Index::Row(value, _) | Index::Item(value, _) | Index::Word(value) => value,
        };
        let mut offset = 0;
        if let (true, Some((base, ahead))) = (close, self.ahead.get(&value))
            // What nothing else needs is gone by now.
            && self.locals.of[base.index()].is_some()
        {
            (value, offset) = (*base, ahead * size);
        }
        let key = (place.input, value, size);
        if let Some(local) = self
            .addresses
            .iter()
            .rev()
            .find_map(|known| known.get(&key))
        {
            let local = *local;
            self.push(I::LocalGet(local));
            return offset;
        }
        let local = self.locals.take(ValType::I32);
        self.push(I::LocalGet(place.input));
        self.get(value);
        self.push(I::I32Const(size as i32));
        self.push(I::I32Mul);
        self.push(I::I32Add);
        self.push(I::LocalTee(local));
        let known = self.addresses.last_mut().expect("there is a region");
        known.insert(key, local);
        offset
    }

    fn load(&mut self, place: Place, inst: &Inst) {
        let (slot, size) = self.slot(place);
        let vector = self.system.ty(inst.results[0]).is_vector();
        match place.index {
            Index::Word(_) => {
                let offset = self.address(place, slot.scalar.size());
                self.push(match vector {
                    true => I::V128Load(ops::mem(offset, 4)),
                    false => ops::load(slot.scalar, offset),
                });
            }
            Index::Row(row, _) if vector => self.load_rows(place.input, row, slot, size),
            Index::Item(..) => {
                let ahead = self.address(place, slot.scalar.size());
                self.push(match vector {
                    true => I::V128Load(ops::mem(slot.offset + ahead, 4)),
                    false => ops::load(slot.scalar, slot.offset + ahead),
                });
            }
            _ => {
                self.address(place, size);
                self.push(ops::load(slot.scalar, slot.offset));
            }
        }
        self.set_result(inst);
    }

    fn store(&mut self, place: Place, value: Value) {
        let (slot, size) = self.slot(place);
        let vector = self.system.ty(value).is_vector();
        match place.index {
            Index::Word(_) => {
                let offset = self.address(place, slot.scalar.size());
                self.get(value);
                self.push(match vector {
                    true => I::V128Store(ops::mem(offset, 4)),
                    false => ops::store(slot.scalar, offset),
                });
            }
            Index::Row(row, _) if vector => self.store_rows(place.input, row, slot, size, value),
            Index::Item(..) => {
                let ahead = self.address(place, slot.scalar.size());
                self.get(value);
                self.push(match vector {
                    true => I::V128Store(ops::mem(slot.offset + ahead, 4)),
                    false => ops::store(slot.scalar, slot.offset + ahead),
                });
            }
            _ => {
                self.address(place, size);
                self.get(value);
                self.push(ops::store(slot.scalar, slot.offset));
            }
        }
    }

    /// The groups of four rows of the region at hand.
    pub fn rows(&mut self) -> &mut Rows {
        self.rows.last_mut().expect("there is a region")
    }
}

/// Whether an operation may stop the system; the host wants the row then.
fn may_trap(op: &Op) -> bool {
    match op {
        Op::Assert(..) | Op::Spend(_) | Op::Command(_) => true,
        Op::Binary(op, ..) => op.may_trap(),
        _ => false,
    }
}

/// Whether some instruction of a region, at any depth, is such a one.
fn uses(region: &Region, is: &dyn Fn(&Op) -> bool) -> bool {
    let mut found = false;
    region.walk(&mut |inst| found |= is(&inst.op));
    found
}
