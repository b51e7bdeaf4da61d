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
    Act, Binary, Command, Compare, Const, Convert, For, Index, Lane, Loop, NAMES_ACT, NAMES_BINARY,
    NAMES_COMPARE, NAMES_CONVERT, NAMES_LANE, NAMES_UNARY, Op, Place, Trap, Unary,
};
pub use shape::{Component, Field, Scalar, Slot, Type};
pub use text::{TextError, parse};
pub use verify::{Fault, verify};

use std::sync::LazyLock;

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
    /// Lists of components, by number, that commands name.
    pub templates: Vec<Vec<u32>>,
    /// Resources that are made where the world lacks them.
    pub resources: Vec<Initial>,
    /// The systems in written order.
    pub systems: Vec<System>,
}

/// The value that a resource begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Initial {
    /// The component that it is declared as.
    pub component: u32,
    /// Slots with what they hold; all others hold zeros.
    pub values: Vec<(u32, Const)>,
}

/// A function that the host calls for the rows of a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Its name in the graph.
    pub name: String,
    /// What it is called with, in order.
    pub inputs: Vec<Input>,
    /// Components that entities must have beside its columns, and such that they must not have.
    pub filter: Filter,
    /// Whether it runs in the first step only, before the others.
    pub start: bool,
    /// The type of each value. A value that no instruction defines has a type that means nothing.
    pub types: Vec<Type>,
    /// What it does; ends in `yield()`.
    pub body: Region,
}

/// Which entities a system is for, beside those that have its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Components that they must have, by number.
    pub with: Vec<u32>,
    /// Components that they must not have.
    pub without: Vec<u32>,
}

/// One input of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The rows of a component.
    Column(u32),
    /// The rows' entities, which cannot be written.
    Entities,
    /// A value that the world holds once.
    Resource(u32),
    /// The events of the step before, which are read like the rows of a column.
    Events(u32),
    /// How many of them there are: `i32`.
    EventCount(u32),
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

/// How entities stand in memory.
static ENTITY: LazyLock<Component> = LazyLock::new(|| Component {
    name: "Entity".to_owned(),
    fields: vec![Field {
        name: "0".to_owned(),
        scalar: Scalar::Entity,
        count: 1,
    }],
});

/// How the values of an input stand in memory, if it is memory.
pub fn layout(components: &[Component], input: Input) -> Option<&Component> {
    match input {
        Input::Entities => Some(&ENTITY),
        input => components.get(input.component()?),
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
            Input::Column(_) | Input::Entities | Input::Resource(_) | Input::Events(_) => None,
            Input::Count | Input::EventCount(_) => Some(Type::I32),
            Input::Dt => Some(Type::F32),
            Input::Dt64 => Some(Type::F64),
            Input::Step | Input::Seed => Some(Type::I64),
        }
    }

    /// Whether it is memory that has rows.
    pub fn has_rows(self) -> bool {
        matches!(self, Input::Column(_) | Input::Entities)
    }

    /// The component that it gives access to.
    pub fn component(self) -> Option<usize> {
        match self {
            Input::Column(component) | Input::Resource(component) | Input::Events(component) => {
                Some(component as usize)
            }
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

    /// The first number that no label in it has.
    pub fn free_label(&self) -> u32 {
        let mut free = 0;
        self.walk(&mut |inst| {
            let label = match &inst.op {
                Op::For(one) => one.label,
                Op::Loop(one) => one.label,
                Op::Block(label, _) => *label,
                _ => return,
            };
            free = free.max(label.0 + 1);
        });
        free
    }

    /// Every region, itself first.
    pub fn each_region<'r>(&'r self, f: &mut dyn FnMut(&'r Region)) {
        f(self);
        for region in self.insts.iter().flat_map(|inst| inst.op.regions()) {
            region.each_region(f);
        }
    }
}
