//! Checked sources: names are resolved, every expression has a type, and what is left is in the language.

use super::ir::{
    Act, At, Binary, Compare, Component, Const, Filter, Initial, Input, Scalar, Unary,
};
use std::collections::BTreeMap;

/// All sources together.
#[derive(Debug, Default)]
pub struct Tree {
    /// The components and resources, in order of first mention.
    pub components: Vec<Component>,
    /// Lists of components, by number, that commands name.
    pub templates: Vec<Vec<u32>>,
    /// Resources that are made where the world lacks them.
    pub resources: Vec<Initial>,
    /// Constants of the top level, each made of earlier ones.
    pub globals: Vec<Expr>,
    /// Functions of the top level.
    pub functions: Vec<Function>,
    /// Systems in written order.
    pub systems: Vec<SystemTree>,
    /// The classes with fields, vectors first.
    pub classes: Vec<ClassTree>,
    /// What became of written text whose types are seen by the checker alone.
    pub notes: Notes,
}

/// A class with fields, as it stands in memory: without gaps.
#[derive(Debug)]
pub struct ClassTree {
    pub name: String,
    pub fields: Vec<FieldTree>,
    /// Bytes of a value.
    pub size: u32,
}

#[derive(Debug)]
pub struct FieldTree {
    pub name: String,
    /// The number of a class in it is that of [`Tree::classes`].
    pub shape: Shape,
    /// Bytes from the start of the class.
    pub offset: u32,
    /// What each of its scalars begins with; None if it has to be given.
    pub initial: Option<Vec<Const>>,
}

/// What a value is: a scalar, an object of a class by its number, or an array of so many scalars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    Scalar(Scalar),
    Class(usize),
    Array(Scalar, u32),
}

/// A part of the sources: the file, its first byte, and the byte behind it.
pub type Part = (u32, u32, u32);

/// For other compilers of the same sources, which have rules of their own for what has no written type.
#[derive(Debug, Default)]
pub struct Notes {
    /// Numbers without a type, with the one that they took.
    pub numbers: BTreeMap<Part, (Scalar, Const)>,
    /// Operations that divide whole numbers, also those that assign.
    pub divisions: BTreeMap<Part, Scalar>,
}

/// A system.
#[derive(Debug)]
pub struct SystemTree {
    pub name: String,
    /// The component that stands for a parameter's name comes with it, for what people read.
    pub inputs: Vec<(Input, String)>,
    pub filter: Filter,
    /// Whether it runs in the first step only.
    pub start: bool,
    pub body: Vec<Stmt>,
    pub locals: usize,
    pub elements: usize,
    pub names: Names,
}

/// A function of the top level; calls are replaced by its body.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub params: Vec<Param>,
    pub result: Option<Scalar>,
    pub body: Vec<Stmt>,
    pub locals: usize,
    pub elements: usize,
    pub names: Names,
}

/// What variables and rows are called in the source. What the source gives no name has a usual one here.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub locals: BTreeMap<Local, String>,
    pub elements: BTreeMap<ElementId, String>,
}

impl Names {
    /// The name of a variable; empty if the source has none.
    pub fn local(&self, local: Local) -> &str {
        self.locals.get(&local).map_or("", String::as_str)
    }

    /// The name of a row.
    pub fn element(&self, id: ElementId) -> &str {
        self.elements.get(&id).map_or("row", String::as_str)
    }
}

/// What a parameter is bound to.
#[derive(Debug, Clone, Copy)]
pub enum Param {
    Value(Local),
    Element(ElementId),
}

/// A variable of a function or system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local(pub u32);

/// A name for a row, a resource, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ElementId(pub u32);

/// A loop, by its number in its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopId(pub u32);

#[derive(Debug)]
pub enum Stmt {
    /// A variable gets a value, its first or another.
    Set(Local, Expr),
    /// A name for a row.
    Alias(ElementId, Element),
    Store(Access, Expr, At),
    If(Expr, Vec<Stmt>, Vec<Stmt>, At),
    Count(Box<Counted>),
    Loop(Box<General>),
    Break(LoopId),
    Continue(LoopId),
    Return(Option<Expr>),
    /// A call for what it does.
    Call(Expr),
    Command(Box<Command>),
}

/// A change of structure or an event, recorded.
#[derive(Debug)]
pub struct Command {
    pub act: Act,
    /// Of all but [`Act::Spawn`] and [`Act::Send`].
    pub entity: Option<Expr>,
    /// Of all but [`Act::Despawn`].
    pub template: Option<u32>,
    /// For each scalar of the template's components in order.
    pub values: Vec<Expr>,
    pub at: At,
}

/// A loop whose index goes up by one and whose end does not change.
#[derive(Debug)]
pub struct Counted {
    pub id: LoopId,
    pub index: Local,
    pub from: Expr,
    pub to: Expr,
    pub body: Vec<Stmt>,
    /// Variables from outside that the body changes.
    pub assigned: Vec<Local>,
    pub at: At,
}

/// Any other loop.
#[derive(Debug)]
pub struct General {
    pub id: LoopId,
    /// Asked before each round.
    pub test: Option<Expr>,
    pub body: Vec<Stmt>,
    /// Done after each round, also after `continue`.
    pub update: Vec<Stmt>,
    /// Asked after each round.
    pub until: Option<Expr>,
    pub assigned: Vec<Local>,
    pub at: At,
}

/// A row of a column, a resource, or what a name stands for; and the part of it that begins at a slot.
#[derive(Debug)]
pub struct Element {
    pub base: Base,
    pub slot: u32,
    /// Which element of the array that begins at the slot, if it is one.
    pub item: Option<Box<Item>>,
}

/// An element of an array.
#[derive(Debug)]
pub struct Item {
    pub index: Expr,
    /// Elements of the array.
    pub count: u32,
    pub at: At,
}

#[derive(Debug)]
pub enum Base {
    /// Number of the input, and the row.
    Row(u32, Box<Expr>, At),
    Resource(u32),
    /// An event: numbers of the inputs with the events and with how many there are, and which.
    Event(u32, u32, Box<Expr>, At),
    Named(ElementId),
}

/// One scalar of an element.
#[derive(Debug)]
pub struct Access {
    pub element: Element,
    pub scalar: Scalar,
}

/// An expression with its type.
#[derive(Debug)]
pub struct Expr {
    pub kind: Kind,
    pub ty: Scalar,
    pub at: At,
}

#[derive(Debug)]
pub enum Kind {
    Const(Const),
    Local(Local),
    Global(usize),
    Load(Access),
    /// How many rows there are.
    Length,
    /// The value of an input.
    Input(u32),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Compare(Compare, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    /// To the expression's type.
    Convert(Box<Expr>),
    Round(Box<Expr>),
    Sign(Box<Expr>),
    AbsInt(Box<Expr>),
    MinInt(Box<Expr>, Box<Expr>),
    MaxInt(Box<Expr>, Box<Expr>),
    /// The state of random numbers for four words: seed, step, entity, stream. See `layerw_ecs::Random`, whose numbers these are.
    Keyed(Box<[Expr; 4]>),
    /// The next random number; the variable, a `u64`, holds the state and gets the next one. The only expression that changes a variable.
    Draw(Draw, Local, Vec<Expr>),
    /// A call of a function; of no type that matters where it gives nothing.
    Call(usize, Vec<Arg>),
}

/// What a random number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// 64 bits: `u64`.
    Bits,
    /// From 0 to below 1: `f32`.
    Unit,
    /// From 0 to below 1: `f64`.
    Unit64,
    /// From the first to below the second: `f32`.
    Range,
    /// From 0 to below the first, which is a `u32`, as the number is.
    Below,
}

#[derive(Debug)]
pub enum Arg {
    Value(Expr),
    Element(Element),
}
