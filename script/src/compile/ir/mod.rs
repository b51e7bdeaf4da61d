//! What the compiler works on: systems in structured static single assignment.
//!
//! A [`System`] is a tree of [`Region`]s: straight runs of instructions, of which some hold regions of their own (`if`, `for`, `loop`, `block`).
//! Each [`Value`] is defined once, by an instruction or as a parameter of a region, and may be used by what follows it in its region and by
//! regions within that. So there are no φ-functions and no graph to recover: what an `if` yields and what a loop carries are named values, and WebAssembly, Rust and this form have
//! the same shape. (A graph of blocks was the alternative. It buys jumps that the language has not, and both back ends would have to find the tree again.)
//!
//! Columns are operands: an access names the input, the row and the slot, never an address. Therefore what a system reads and writes can be read off its
//! instructions, two inputs never overlap, and whether a row is in bounds is a question about one value.
//!
//! ```text
//! component Position { 0: f32 x2 }
//! component Velocity { 0: f32 x2 }
//! system Movement(column Position, column Velocity, count, dt) {
//!   %0: i32 = const 0
//!   %1: i32 = input 2
//!   for @0 %2 in %0..%1 step 1 {
//!     %3: f32 = load 0[%2].0
//!     …
//!     store 0[%2].0 = %5
//!     continue @0()
//!   }
//!   yield()
//! }
//! ```
//!
//! The text form ([`Module`] prints it, [`parse`] reads it back) is what the tests of the passes are written in. [`verify()`] holds every rule of this page; it
//! runs after each pass in tests and once before a back end.

mod build;
mod op;
mod print;
mod shape;
mod text;
mod token;
mod verify;

pub use build::Builder;
pub use op::{
    Binary, Compare, Const, Convert, For, Index, Loop, NAMES_BINARY, NAMES_COMPARE, NAMES_CONVERT,
    NAMES_UNARY, Op, Place, Trap, Unary,
};
pub use shape::{Component, Field, Scalar, Slot, Type};
pub use text::{TextError, parse};
pub use verify::{Fault, verify};

/// How deep regions may stand in one another: walks over them use the stack.
pub const DEPTH_MAX: usize = 256;

/// A value: its number in [`System::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u32);

impl Value {
    /// Its place in a table of values.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The name of a loop or block that `break` and `continue` refer to; each stands once in a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u32);

/// A place in the sources: which file, and the byte in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// The file's number in [`Module::sources`].
    pub source: u32,
    /// The byte.
    pub byte: u32,
}

/// Several systems and the components that they know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// The files, by the names that messages use.
    pub sources: Vec<String>,
    /// The components; their order is that of first mention.
    pub components: Vec<Component>,
    /// The systems in written order.
    pub systems: Vec<System>,
}

/// A function that the host calls for the rows of a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Its name in the graph.
    pub name: String,
    /// What it is called with, in order.
    pub inputs: Vec<Input>,
    /// The type of each value. A value that no instruction defines has a type that means nothing.
    pub types: Vec<Type>,
    /// What it does; ends in `yield()`.
    pub body: Region,
}

/// One input of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The rows of a component.
    Column(u32),
    /// A value that the world holds once.
    Resource(u32),
    /// How many rows: `i32`, at least 1.
    Count,
    /// Seconds of the step: `f32`.
    Dt,
    /// Seconds of the step: `f64`.
    Dt64,
    /// The number of the step: `i64`.
    Step,
    /// The seed of the run: `i64`.
    Seed,
}

/// A straight run of instructions.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Values that whoever enters the region passes in.
    pub params: Vec<Value>,
    /// What is done, in order.
    pub insts: Vec<Inst>,
    /// Where it goes then.
    pub end: End,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Inst {
    /// The values that it defines.
    pub results: Vec<Value>,
    /// What it does.
    pub op: Op,
    /// The source that it comes from.
    pub at: Option<At>,
}

/// Where a region goes when it is done.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// On after the instruction that the region belongs to, with these results.
    Yield(Vec<Value>),
    /// Into the next round of a loop around it, with these values carried.
    Continue(Label, Vec<Value>),
    /// Out of a loop or block around it, with these results.
    Break(Label, Vec<Value>),
    /// Nowhere: control does not get here.
    Unreachable,
}

impl End {
    /// The values that are passed on.
    pub fn values(&self) -> &[Value] {
        match self {
            End::Yield(values) | End::Continue(_, values) | End::Break(_, values) => values,
            End::Unreachable => &[],
        }
    }

    /// As [`End::values`], to be changed.
    pub fn values_mut(&mut self) -> &mut [Value] {
        match self {
            End::Yield(values) | End::Continue(_, values) | End::Break(_, values) => values,
            End::Unreachable => &mut [],
        }
    }
}

impl System {
    /// A new value of a type.
    pub fn value(&mut self, ty: Type) -> Value {
        let number = u32::try_from(self.types.len()).expect("a system has fewer than 2^32 values");
        self.types.push(ty);
        Value(number)
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.types[value.index()]
    }
}

impl Input {
    /// The type of its value; None for memory.
    pub fn ty(self) -> Option<Type> {
        match self {
            Input::Column(_) | Input::Resource(_) => None,
            Input::Count => Some(Type::I32),
            Input::Dt => Some(Type::F32),
            Input::Dt64 => Some(Type::F64),
            Input::Step | Input::Seed => Some(Type::I64),
        }
    }

    /// The component that it gives access to.
    pub fn component(self) -> Option<usize> {
        match self {
            Input::Column(component) | Input::Resource(component) => Some(component as usize),
            _ => None,
        }
    }
}

impl Region {
    /// A region with nothing in it.
    pub fn new(end: End) -> Self {
        Region {
            params: Vec::new(),
            insts: Vec::new(),
            end,
        }
    }

    /// Every instruction, those of regions within too, in order of the text.
    pub fn walk<'r>(&'r self, f: &mut dyn FnMut(&'r Inst)) {
        for inst in &self.insts {
            f(inst);
            for region in inst.op.regions() {
                region.walk(f);
            }
        }
    }

    /// Every region, itself first.
    pub fn each_region<'r>(&'r self, f: &mut dyn FnMut(&'r Region)) {
        f(self);
        for region in self.insts.iter().flat_map(|inst| inst.op.regions()) {
            region.each_region(f);
        }
    }
}
