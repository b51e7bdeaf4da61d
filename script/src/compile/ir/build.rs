//! Making a system, instruction by instruction.

use super::{
    At, Binary, Compare, Const, Convert, End, Filter, Index, Input, Inst, Label, Op, Place, Region,
    System, Type, Unary, Value,
};

/// A system under construction: a stack of open regions, of which the innermost takes what is appended.
#[derive(Debug)]
pub struct Builder {
    system: System,
    open: Vec<Region>,
    labels: u32,
    at: Option<At>,
}

impl Builder {
    /// A system that does nothing yet.
    pub fn new(name: &str, inputs: Vec<Input>) -> Self {
        Builder {
            system: System {
                name: name.to_owned(),
                inputs,
                filter: Filter::default(),
                start: false,
                types: Vec::new(),
                body: Region::new(End::Yield(Vec::new())),
            },
            open: vec![Region::new(End::Unreachable)],
            labels: 0,
            at: None,
        }
    }

    /// Goes on with a system whose body was taken out: labels from this number on are free.
    pub fn resume(system: System, labels: u32) -> Self {
        Builder {
            system,
            open: vec![Region::new(End::Unreachable)],
            labels,
            at: None,
        }
    }

    /// The system so far: its name, inputs and values.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.system.types.len()
    }

    /// Whether there is no value yet.
    pub fn is_empty(&self) -> bool {
        self.system.types.is_empty()
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.system.ty(value)
    }

    /// What is appended from now on comes from this place; gives back the place so far.
    pub fn locate(&mut self, at: Option<At>) -> Option<At> {
        std::mem::replace(&mut self.at, at)
    }

    /// A label that is used nowhere yet.
    pub fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }

    /// A value that whoever calls this defines, as a parameter of a region.
    pub fn value(&mut self, ty: Type) -> Value {
        self.system.value(ty)
    }

    /// Opens a region with these parameters.
    pub fn open(&mut self, params: Vec<Value>) {
        self.open.push(Region {
            params,
            insts: Vec::new(),
            end: End::Unreachable,
        });
    }

    /// Ends the innermost region.
    ///
    /// # Panics
    /// There is none that was opened.
    pub fn close(&mut self, end: End) -> Region {
        let mut region = self.open.pop().expect("a region that was opened is closed");
        region.end = end;
        region
    }

    /// The system, whose body ends here.
    pub fn finish(mut self) -> System {
        self.system.body = self.close(End::Yield(Vec::new()));
        self.system
    }

    /// Appends an instruction with results of these types.
    pub fn push(&mut self, op: Op, types: &[Type]) -> Vec<Value> {
        let results: Vec<Value> = types.iter().map(|&ty| self.system.value(ty)).collect();
        self.append(Inst {
            results: results.clone(),
            op,
            at: self.at,
        });
        results
    }

    /// Appends an instruction as it is.
    pub fn append(&mut self, inst: Inst) {
        self.open
            .last_mut()
            .expect("a system has an open region until it is finished")
            .insts
            .push(inst);
    }

    /// Appends an instruction without results.
    pub fn effect(&mut self, op: Op) {
        self.push(op, &[]);
    }

    fn one(&mut self, op: Op, ty: Type) -> Value {
        self.push(op, &[ty])[0]
    }

    /// A constant.
    pub fn constant(&mut self, value: Const) -> Value {
        self.one(Op::Const(value), value.ty())
    }

    /// An input's value.
    ///
    /// # Panics
    /// The input is memory.
    pub fn input(&mut self, number: u32) -> Value {
        let ty = self.system.inputs[number as usize].ty();
        self.one(Op::Input(number), ty.expect("an input with a value"))
    }

    /// `op a`.
    pub fn unary(&mut self, op: Unary, a: Value) -> Value {
        self.one(Op::Unary(op, a), self.ty(a))
    }

    /// `a op b`.
    pub fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        self.one(Op::Binary(op, a, b), self.ty(a))
    }

    /// `a op b`, a boolean.
    pub fn compare(&mut self, op: Compare, a: Value, b: Value) -> Value {
        let ty = Type::Bool.with_lanes_of(self.ty(a));
        self.one(Op::Compare(op, a, b), ty.expect("booleans have vectors"))
    }

    /// `on ? a : b`.
    pub fn select(&mut self, on: Value, a: Value, b: Value) -> Value {
        self.one(Op::Select(on, a, b), self.ty(a))
    }

    /// To another type.
    pub fn convert(&mut self, op: Convert, a: Value) -> Value {
        self.one(Op::Convert(op, a), op.types().1)
    }

    /// A load of a value of that type.
    pub fn load(&mut self, input: u32, index: Index, ty: Type) -> Value {
        self.one(Op::Load(Place { input, index }), ty)
    }

    /// A store.
    pub fn store(&mut self, input: u32, index: Index, value: Value) {
        self.effect(Op::Store(Place { input, index }, value));
    }
}
