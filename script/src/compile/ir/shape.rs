//! Types of values, and the layout of components.

use std::fmt;

/// The type of a value. A vector is four lanes of one scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// A float, each operation rounded to 32 bits.
    F32,
    /// A float.
    F64,
    /// An integer that wraps; whether it has a sign is said by the operation.
    I32,
    /// As `I32`, of 64 bits.
    I64,
    /// True or false.
    Bool,
    /// Four floats.
    F32x4,
    /// Four integers.
    I32x4,
    /// Four booleans.
    Boolx4,
}

impl Type {
    /// All of them.
    pub const ALL: [Type; 8] = [
        Type::F32,
        Type::F64,
        Type::I32,
        Type::I64,
        Type::Bool,
        Type::F32x4,
        Type::I32x4,
        Type::Boolx4,
    ];

    /// As in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::Bool => "bool",
            Type::F32x4 => "f32x4",
            Type::I32x4 => "i32x4",
            Type::Boolx4 => "boolx4",
        }
    }

    /// The scalar that a vector is made of; a scalar itself.
    pub fn lane(self) -> Type {
        match self {
            Type::F32x4 => Type::F32,
            Type::I32x4 => Type::I32,
            Type::Boolx4 => Type::Bool,
            scalar => scalar,
        }
    }

    /// Four of this scalar, if there is such a vector.
    pub fn vector(self) -> Option<Type> {
        match self {
            Type::F32 => Some(Type::F32x4),
            Type::I32 => Some(Type::I32x4),
            Type::Bool => Some(Type::Boolx4),
            _ => None,
        }
    }

    /// Whether it has four lanes.
    pub fn is_vector(self) -> bool {
        self.lane() != self
    }

    /// This scalar with as many lanes as `like`.
    pub fn with_lanes_of(self, like: Type) -> Option<Type> {
        match like.is_vector() {
            true => self.vector(),
            false => Some(self),
        }
    }

    /// Whether its lanes are floats.
    pub fn is_float(self) -> bool {
        matches!(self.lane(), Type::F32 | Type::F64)
    }

    /// Whether its lanes are integers.
    pub fn is_int(self) -> bool {
        matches!(self.lane(), Type::I32 | Type::I64)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a scalar stands in a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `i32`.
    I32,
    /// `u32`.
    U32,
    /// `i64`.
    I64,
    /// `u64`.
    U64,
    /// One byte, 0 or 1.
    Bool,
    /// An entity: 64 bits, compared only.
    Entity,
    /// One byte, of arrays only; as a value it is a `u32`.
    U8,
}

impl Scalar {
    /// All of them.
    pub const ALL: [Scalar; 9] = [
        Scalar::F32,
        Scalar::F64,
        Scalar::I32,
        Scalar::U32,
        Scalar::I64,
        Scalar::U64,
        Scalar::Bool,
        Scalar::Entity,
        Scalar::U8,
    ];

    /// The Rust name, which manifests use too.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
            Scalar::I32 => "i32",
            Scalar::U32 => "u32",
            Scalar::I64 => "i64",
            Scalar::U64 => "u64",
            Scalar::Bool => "bool",
            Scalar::Entity => "Entity",
            Scalar::U8 => "u8",
        }
    }

    /// Bytes; the alignment is the same.
    pub fn size(self) -> u32 {
        match self {
            Scalar::F32 | Scalar::I32 | Scalar::U32 => 4,
            Scalar::F64 | Scalar::I64 | Scalar::U64 | Scalar::Entity => 8,
            Scalar::Bool | Scalar::U8 => 1,
        }
    }

    /// The scalar that a value is which was read from memory: bytes have no arithmetic of their own.
    pub fn value(self) -> Scalar {
        match self {
            Scalar::U8 => Scalar::U32,
            scalar => scalar,
        }
    }

    /// The type of the value that a load gives.
    pub fn ty(self) -> Type {
        match self {
            Scalar::F32 => Type::F32,
            Scalar::F64 => Type::F64,
            Scalar::I32 | Scalar::U32 | Scalar::U8 => Type::I32,
            Scalar::I64 | Scalar::U64 | Scalar::Entity => Type::I64,
            Scalar::Bool => Type::Bool,
        }
    }
}

/// A component or resource: plain data without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name in the world.
    pub name: String,
    /// Its fields in order; they follow one another without gaps.
    pub fields: Vec<Field>,
}

/// A run of equal scalars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name; `0` for the only field of a component that wraps one value.
    pub name: String,
    /// What it is made of.
    pub scalar: Scalar,
    /// How many.
    pub count: u32,
}

/// One scalar of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Number of the field.
    pub field: usize,
    /// Which of the field's scalars.
    pub element: u32,
    /// What it is.
    pub scalar: Scalar,
    /// Bytes from the component's start.
    pub offset: u32,
}

impl Component {
    /// One of its scalars: accesses name them by their number in order of offset.
    pub fn slot(&self, number: u32) -> Option<Slot> {
        let (mut first, mut offset) = (0, 0);
        for (place, field) in self.fields.iter().enumerate() {
            let element = number - first;
            if element < field.count {
                return Some(Slot {
                    field: place,
                    element,
                    scalar: field.scalar,
                    offset: offset + element * field.scalar.size(),
                });
            }
            first += field.count;
            offset += field.scalar.size() * field.count;
        }
        None
    }

    /// Bytes of a value.
    pub fn size(&self) -> u32 {
        self.fields
            .iter()
            .map(|field| field.scalar.size() * field.count)
            .sum()
    }

    /// Alignment of a value in bytes.
    pub fn align(&self) -> u32 {
        let sizes = self.fields.iter().map(|field| field.scalar.size());
        sizes.max().unwrap_or(1)
    }

    /// The scalar that all of it is made of, if it is one.
    pub fn uniform(&self) -> Option<Scalar> {
        let first = self.fields.first()?.scalar;
        let same = self.fields.iter().all(|field| field.scalar == first);
        same.then_some(first)
    }

    /// How many scalars it has.
    pub fn slot_count(&self) -> u32 {
        self.fields.iter().map(|field| field.count).sum()
    }

    /// The byte before which there would have to be padding, if any.
    pub fn gap(&self) -> Option<u32> {
        let mut offset = 0;
        for field in &self.fields {
            if !u32::is_multiple_of(offset, field.scalar.size()) {
                return Some(offset);
            }
            offset += field.scalar.size() * field.count;
        }
        (!offset.is_multiple_of(self.align())).then_some(offset)
    }
}
