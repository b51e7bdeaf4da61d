//! The operations.

use super::{Label, Region, Type, Value};

/// What an instruction does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// A constant.
    Const(Const),
    /// An input's value.
    Input(u32),
    /// One operand, same type.
    Unary(Unary, Value),
    /// Two operands of the same type, same type.
    Binary(Binary, Value, Value),
    /// Two operands of the same type, a boolean for each lane.
    Compare(Compare, Value, Value),
    /// The first of two values where the condition holds, the second elsewhere. Both are known already.
    Select(Value, Value, Value),
    /// To another type.
    Convert(Convert, Value),
    /// A scalar in all four lanes.
    Splat(Value),
    /// Between lanes and whole numbers.
    Lane(Lane, Value),
    /// What stands at a place. A vector is read from four rows, words or elements that follow one another.
    Load(Place),
    /// Puts a value there.
    Store(Place, Value),
    /// Traps if a condition does not hold.
    Assert(Value, Trap),
    /// Records a change of structure or an event.
    Command(Box<Command>),
    /// The rounds that loops may still make are set to the whole budget.
    Refill,
    /// How many rounds loops may still make: `i32`.
    Left,
    /// Takes that many rounds (`i32`, less than 0 counts as 0) from the budget and traps if there are fewer.
    Spend(Value),
    /// One of two regions; results are what it yields.
    If(Value, Box<[Region; 2]>),
    /// A loop whose rounds are known when it starts.
    For(Box<For>),
    /// A loop that ends by `break`.
    Loop(Box<Loop>),
    /// A region that may be left by `break` with the results, as by yielding them.
    Block(Label, Box<Region>),
}

/// A change of structure, recorded now and done when no system runs. It traps where its values are none.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// What is to be done.
    pub act: Act,
    /// The entity that it is done to: `i64`; of all but [`Act::Spawn`] and [`Act::Send`].
    pub entity: Option<Value>,
    /// Number of the template; of all but [`Act::Despawn`].
    pub template: Option<u32>,
    /// A value for each scalar of the template's components in order; of [`Act::Spawn`], [`Act::Insert`] and [`Act::Send`].
    pub values: Vec<Value>,
}

/// `for index in from..to`: results are the carried values after the last round, or those of a `break`.
#[derive(Debug, Clone, PartialEq)]
pub struct For {
    /// Its name.
    pub label: Label,
    /// The first index, `i32`.
    pub from: Value,
    /// The index it ends before, compared with sign.
    pub to: Value,
    /// Added each round, at least 1. Rounds end before an index would reach or pass `to`; `to` is small enough that it does not overflow.
    pub step: u32,
    /// What the first round is given.
    pub init: Vec<Value>,
    /// Parameters: the index, then the carried values.
    pub body: Region,
}

/// `loop`: results are those of its `break`s.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// Its name.
    pub label: Label,
    /// What the first round is given.
    pub init: Vec<Value>,
    /// Parameters: the carried values.
    pub body: Region,
}

/// Where a load or store goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Number of the input.
    pub input: u32,
    /// What of it.
    pub index: Index,
}

/// What of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// A slot of a row of a column.
    Row(Value, u32),
    /// A slot of a resource that stands in no array that [`Index::Item`] reaches.
    Only(u32),
    /// An element of an array in a resource, and the array's first slot.
    Item(Value, u32),
    /// A column of one kind of scalar taken as a run of words, and one of them.
    Word(Value),
}

impl Index {
    /// The row or word.
    pub fn value(self) -> Option<Value> {
        match self {
            Index::Row(value, _) | Index::Item(value, _) | Index::Word(value) => Some(value),
            Index::Only(_) => None,
        }
    }
}

/// A constant, by its bits: two NaNs are the same constant if they have the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Const {
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// An integer.
    I32(i32),
    /// An integer.
    I64(i64),
    /// A boolean.
    Bool(bool),
}

impl Const {
    /// A float.
    pub fn f32(value: f32) -> Self {
        Const::F32(value.to_bits())
    }

    /// A float.
    pub fn f64(value: f64) -> Self {
        Const::F64(value.to_bits())
    }

    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Const::F32(_) => Type::F32,
            Const::F64(_) => Type::F64,
            Const::I32(_) => Type::I32,
            Const::I64(_) => Type::I64,
            Const::Bool(_) => Type::Bool,
        }
    }
}

/// Why a run of a system stops in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trap {
    /// A row that is not there.
    Row,
    /// An element of an array that is not there.
    Item,
    /// A whole number was divided by 0.
    Divide,
    /// A loop went on for longer than the budget.
    Endless,
}

impl Trap {
    /// All of them, with their names in the text form.
    pub const ALL: [(&'static str, Trap); 4] = [
        ("row", Trap::Row),
        ("item", Trap::Item),
        ("divide", Trap::Divide),
        ("endless", Trap::Endless),
    ];

    /// What happened, in words; the source map carries them.
    pub fn words(self) -> &'static str {
        match self {
            Trap::Row => "a row beyond the last one",
            Trap::Item => "an index beyond the end of the array",
            Trap::Divide => "a whole number divided by 0",
            Trap::Endless => "loops that go on for too long",
        }
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $enum:ident, $table:ident { $($(#[$one:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $enum { $($(#[$one])* $variant,)* }

        /// The names in the text form.
        pub const $table: &[(&str, $enum)] = &[$(($name, $enum::$variant),)*];

        impl $enum {
            /// The name in the text form.
            pub fn name(self) -> &'static str {
                match self { $($enum::$variant => $name,)* }
            }
        }
    };
}

named! {
    /// What a command does.
    Act, NAMES_ACT {
        /// A new entity of the template.
        Spawn = "spawn",
        /// An entity goes.
        Despawn = "despawn",
        /// The template's components are given to an entity.
        Insert = "insert",
        /// They are taken from it.
        Remove = "remove",
        /// An event: a template of one component.
        Send = "send",
    }
}

impl Act {
    /// Whether it is done to an entity.
    pub fn takes_entity(self) -> bool {
        matches!(self, Act::Despawn | Act::Insert | Act::Remove)
    }

    /// Whether it names a template.
    pub fn takes_template(self) -> bool {
        self != Act::Despawn
    }

    /// Whether it comes with values of the template's components.
    pub fn takes_values(self) -> bool {
        matches!(self, Act::Spawn | Act::Insert | Act::Send)
    }
}

named! {
    /// One operand.
    Unary, NAMES_UNARY {
        /// A float's sign turned.
        Neg = "neg",
        /// A float without its sign.
        Abs = "abs",
        /// The square root, rounded correctly.
        Sqrt = "sqrt",
        /// The next whole float below.
        Floor = "floor",
        /// The next whole float above.
        Ceil = "ceil",
        /// The next whole float towards 0.
        Trunc = "trunc",
        /// A boolean turned.
        Not = "not",
        /// As the crate `libm` has it, like all that follow: the host computes it.
        Sin = "sin",
        /// Cosine.
        Cos = "cos",
        /// Tangent.
        Tan = "tan",
        /// Inverse of the sine.
        Asin = "asin",
        /// Inverse of the cosine.
        Acos = "acos",
        /// Inverse of the tangent.
        Atan = "atan",
        /// Hyperbolic sine.
        Sinh = "sinh",
        /// Hyperbolic cosine.
        Cosh = "cosh",
        /// Hyperbolic tangent.
        Tanh = "tanh",
        /// e to this power.
        Exp = "exp",
        /// Natural logarithm.
        Log = "log",
        /// Logarithm to base 2.
        Log2 = "log2",
        /// Logarithm to base 10.
        Log10 = "log10",
        /// Cube root.
        Cbrt = "cbrt",
    }
}

named! {
    /// Two operands. What divides integers traps where the divisor is 0 and otherwise wraps.
    Binary, NAMES_BINARY {
        /// Sum.
        Add = "add",
        /// Difference.
        Sub = "sub",
        /// Product.
        Mul = "mul",
        /// Quotient of floats.
        Div = "div",
        /// Quotient of integers with sign, towards 0.
        DivS = "div_s",
        /// Quotient of integers without sign.
        DivU = "div_u",
        /// Rest with the sign of the first.
        RemS = "rem_s",
        /// Rest without sign.
        RemU = "rem_u",
        /// The smaller float; NaN if one is NaN; -0 is smaller than 0.
        Min = "min",
        /// The larger float; NaN if one is NaN; 0 is larger than -0.
        Max = "max",
        /// The first float with the sign of the second.
        Copysign = "copysign",
        /// The angle of the point with that `y` and `x`, as the crate `libm` has it, like the next two: the host computes it.
        Atan2 = "atan2",
        /// The first to the power of the second.
        Pow = "pow",
        /// The length of the vector.
        Hypot = "hypot",
        /// Both, of integers or booleans.
        And = "and",
        /// Either.
        Or = "or",
        /// One of them.
        Xor = "xor",
        /// Left shift; the amount counts modulo the width.
        Shl = "shl",
        /// Right shift with sign.
        ShrS = "shr_s",
        /// Right shift without sign.
        ShrU = "shr_u",
    }
}

named! {
    /// A comparison. With NaN all but `ne` are false.
    Compare, NAMES_COMPARE {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Less, of floats or integers with sign.
        Lt = "lt",
        /// Less or equal.
        Le = "le",
        /// Greater.
        Gt = "gt",
        /// Greater or equal.
        Ge = "ge",
        /// Less, of integers without sign.
        LtU = "lt_u",
        /// Less or equal, without sign.
        LeU = "le_u",
        /// Greater, without sign.
        GtU = "gt_u",
        /// Greater or equal, without sign.
        GeU = "ge_u",
    }
}

named! {
    /// Between lanes and whole numbers.
    Lane, NAMES_LANE {
        /// An `i32` in the first lane, and in each that follows one more; it wraps.
        Ramp = "ramp",
        /// An `i32` with a bit for each lane of a mask, the first lane's lowest.
        Bits = "bits",
        /// The number of the lowest bit of an `i32` that is set; 32 if none is.
        Lowest = "lowest",
    }
}

impl Lane {
    /// From which type to which.
    pub fn types(self) -> (Type, Type) {
        match self {
            Lane::Ramp => (Type::I32, Type::I32x4),
            Lane::Bits => (Type::Boolx4, Type::I32),
            Lane::Lowest => (Type::I32, Type::I32),
        }
    }
}

named! {
    /// To another type. Floats become integers towards 0, the nearest there is if out of range, 0 if NaN.
    Convert, NAMES_CONVERT {
        /// Exact.
        F32ToF64 = "f32_to_f64",
        /// Rounded.
        F64ToF32 = "f64_to_f32",
        /// With sign, rounded.
        I32ToF32S = "i32_to_f32_s",
        /// Without sign, rounded.
        I32ToF32U = "i32_to_f32_u",
        /// With sign, exact.
        I32ToF64S = "i32_to_f64_s",
        /// Without sign, exact.
        I32ToF64U = "i32_to_f64_u",
        /// With sign, rounded.
        I64ToF32S = "i64_to_f32_s",
        /// Without sign, rounded.
        I64ToF32U = "i64_to_f32_u",
        /// With sign, rounded.
        I64ToF64S = "i64_to_f64_s",
        /// Without sign, rounded.
        I64ToF64U = "i64_to_f64_u",
        /// To an integer with sign.
        F32ToI32S = "f32_to_i32_s",
        /// To an integer without sign.
        F32ToI32U = "f32_to_i32_u",
        /// To an integer with sign.
        F64ToI32S = "f64_to_i32_s",
        /// To an integer without sign.
        F64ToI32U = "f64_to_i32_u",
        /// To an integer with sign.
        F32ToI64S = "f32_to_i64_s",
        /// To an integer without sign.
        F32ToI64U = "f32_to_i64_u",
        /// To an integer with sign.
        F64ToI64S = "f64_to_i64_s",
        /// To an integer without sign.
        F64ToI64U = "f64_to_i64_u",
        /// The sign goes on.
        I32ToI64S = "i32_to_i64_s",
        /// Filled with zeros.
        I32ToI64U = "i32_to_i64_u",
        /// The low half.
        I64ToI32 = "i64_to_i32",
        /// 1 or 0.
        BoolToI32 = "bool_to_i32",
    }
}

impl Unary {
    /// Whether there is such an operation on this type.
    pub fn takes(self, ty: Type) -> bool {
        match self {
            Unary::Not => ty.lane() == Type::Bool,
            _ => ty.is_float() && !(self.is_hosts() && ty.is_vector()),
        }
    }
}

impl Unary {
    /// Whether the host computes it.
    pub fn is_hosts(self) -> bool {
        !matches!(
            self,
            Unary::Neg
                | Unary::Abs
                | Unary::Sqrt
                | Unary::Floor
                | Unary::Ceil
                | Unary::Trunc
                | Unary::Not
        )
    }
}

impl Binary {
    /// Whether the host computes it.
    pub fn is_hosts(self) -> bool {
        matches!(self, Binary::Atan2 | Binary::Pow | Binary::Hypot)
    }

    /// Whether there is such an operation on this type.
    pub fn takes(self, ty: Type) -> bool {
        match self {
            Binary::Add | Binary::Sub | Binary::Mul => ty.is_float() || ty.is_int(),
            Binary::Div | Binary::Min | Binary::Max | Binary::Copysign => ty.is_float(),
            Binary::Atan2 | Binary::Pow | Binary::Hypot => ty.is_float() && !ty.is_vector(),
            Binary::And | Binary::Or | Binary::Xor => ty.is_int() || ty.lane() == Type::Bool,
            // No vector unit divides integers, and a vector shift takes one amount for all lanes.
            Binary::DivS
            | Binary::DivU
            | Binary::RemS
            | Binary::RemU
            | Binary::Shl
            | Binary::ShrS
            | Binary::ShrU => ty.is_int() && !ty.is_vector(),
        }
    }

    /// Whether it traps on some operands.
    pub fn may_trap(self) -> bool {
        matches!(
            self,
            Binary::DivS | Binary::DivU | Binary::RemS | Binary::RemU
        )
    }
}

impl Compare {
    /// Whether there is such an operation on this type.
    pub fn takes(self, ty: Type) -> bool {
        match self {
            Compare::Eq | Compare::Ne => true,
            Compare::Lt | Compare::Le | Compare::Gt | Compare::Ge => ty.lane() != Type::Bool,
            _ => ty.is_int(),
        }
    }
}

impl Convert {
    /// From which scalar to which.
    pub fn types(self) -> (Type, Type) {
        use Convert::*;
        use Type::{Bool, F32, F64, I32, I64};
        match self {
            F32ToF64 => (F32, F64),
            F64ToF32 => (F64, F32),
            I32ToF32S | I32ToF32U => (I32, F32),
            I32ToF64S | I32ToF64U => (I32, F64),
            I64ToF32S | I64ToF32U => (I64, F32),
            I64ToF64S | I64ToF64U => (I64, F64),
            F32ToI32S | F32ToI32U => (F32, I32),
            F64ToI32S | F64ToI32U => (F64, I32),
            F32ToI64S | F32ToI64U => (F32, I64),
            F64ToI64S | F64ToI64U => (F64, I64),
            I32ToI64S | I32ToI64U => (I32, I64),
            I64ToI32 => (I64, I32),
            BoolToI32 => (Bool, I32),
        }
    }
}

impl Op {
    /// The values that it uses itself; not those of its regions.
    pub fn operands(&self, f: &mut dyn FnMut(Value)) {
        match self {
            Op::Const(_) | Op::Input(_) | Op::Refill | Op::Left | Op::Block(..) => {}
            Op::Unary(_, a)
            | Op::Convert(_, a)
            | Op::Splat(a)
            | Op::Lane(_, a)
            | Op::Assert(a, _)
            | Op::Spend(a)
            | Op::If(a, _) => f(*a),
            Op::Binary(_, a, b) | Op::Compare(_, a, b) => {
                f(*a);
                f(*b);
            }
            Op::Select(a, b, c) => {
                f(*a);
                f(*b);
                f(*c);
            }
            Op::Load(place) => place.index.value().into_iter().for_each(f),
            Op::Store(place, value) => {
                place.index.value().into_iter().for_each(&mut *f);
                f(*value);
            }
            Op::For(one) => {
                f(one.from);
                f(one.to);
                one.init.iter().copied().for_each(f);
            }
            Op::Loop(one) => one.init.iter().copied().for_each(f),
            Op::Command(one) => one.entity.iter().chain(&one.values).copied().for_each(f),
        }
    }

    /// As [`Op::operands`], to be changed.
    pub fn operands_mut(&mut self, f: &mut dyn FnMut(&mut Value)) {
        let index = |place: &mut Place, f: &mut dyn FnMut(&mut Value)| match &mut place.index {
            Index::Row(value, _) | Index::Item(value, _) | Index::Word(value) => f(value),
            Index::Only(_) => {}
        };
        match self {
            Op::Const(_) | Op::Input(_) | Op::Refill | Op::Left | Op::Block(..) => {}
            Op::Unary(_, a)
            | Op::Convert(_, a)
            | Op::Splat(a)
            | Op::Lane(_, a)
            | Op::Assert(a, _)
            | Op::Spend(a)
            | Op::If(a, _) => f(a),
            Op::Binary(_, a, b) | Op::Compare(_, a, b) => {
                f(a);
                f(b);
            }
            Op::Select(a, b, c) => {
                f(a);
                f(b);
                f(c);
            }
            Op::Load(place) => index(place, f),
            Op::Store(place, value) => {
                index(place, f);
                f(value);
            }
            Op::For(one) => {
                f(&mut one.from);
                f(&mut one.to);
                one.init.iter_mut().for_each(f);
            }
            Op::Loop(one) => one.init.iter_mut().for_each(f),
            Op::Command(one) => one.entity.iter_mut().chain(&mut one.values).for_each(f),
        }
    }

    /// Its regions.
    pub fn regions(&self) -> &[Region] {
        match self {
            Op::If(_, arms) => &arms[..],
            Op::For(one) => std::slice::from_ref(&one.body),
            Op::Loop(one) => std::slice::from_ref(&one.body),
            Op::Block(_, body) => std::slice::from_ref(body),
            _ => &[],
        }
    }

    /// As [`Op::regions`], to be changed.
    pub fn regions_mut(&mut self) -> &mut [Region] {
        match self {
            Op::If(_, arms) => &mut arms[..],
            Op::For(one) => std::slice::from_mut(&mut one.body),
            Op::Loop(one) => std::slice::from_mut(&mut one.body),
            Op::Block(_, body) => std::slice::from_mut(body),
            _ => &mut [],
        }
    }

    /// Whether it does nothing but give its results, the same ones for the same operands, so that it may be moved, merged and dropped.
    pub fn is_pure(&self) -> bool {
        match self {
            Op::Const(_)
            | Op::Input(_)
            | Op::Unary(..)
            | Op::Compare(..)
            | Op::Select(..)
            | Op::Convert(..)
            | Op::Splat(_)
            | Op::Lane(..) => true,
            Op::Binary(op, ..) => !op.may_trap(),
            _ => false,
        }
    }
}
