//! What a component is made of: its fields, their types and places, and one number that stands for all of it.
//!
//! One description serves everyone who must agree on a component's bytes: the Rust attribute `#[component]` fills it at compile time,
//! images carry it, and whoever declares the same component elsewhere (a script, a shader, an image of another build) is compared with it field by field.

mod value;

pub use value::{Value, join};

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// Rows start at multiples of this many bytes, and so a component may not ask for more.
pub const ALIGN_MAX: u32 = 64;

/// A component or resource: plain old data whose bytes are its value.
///
/// Implemented by `#[component]`.
///
/// # Safety
/// `number` must return a static of this type alone, since a type is found by it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a component",
    label = "not declared as a component",
    note = "write `#[component]` above the struct: it adds repr(C), Clone and Copy, and checks that there is no padding and no pointer",
    note = "data that cannot live so (a `Vec`, a handle, a cache) belongs beside the world: `world.insert_local(value)`"
)]
pub unsafe trait Component: Value {
    /// The component's name, by which images and scripts find it: the struct's own, or `#[component(name = "…")]`.
    const NAME: &'static str;
    /// Whether the state hash covers it: true unless `#[component(unhashed)]` says that it is for the eye only.
    const HASHED: bool;

    /// The type's number in this process.
    #[doc(hidden)]
    fn number() -> &'static TypeNumber;
}

/// A value that the world holds once. Resources are declared as components are, with `#[component]`.
pub trait Resource: Component {}

impl<T: Component> Resource for T {}

/// What a scalar in a component is.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Primitive {
    /// `f32`.
    F32 = 1,
    /// `f64`.
    F64 = 2,
    /// `i8`.
    I8 = 3,
    /// `u8`.
    U8 = 4,
    /// `i16`.
    I16 = 5,
    /// `u16`.
    U16 = 6,
    /// `i32`.
    I32 = 7,
    /// `u32`.
    U32 = 8,
    /// `i64`.
    I64 = 9,
    /// `u64`.
    U64 = 10,
    /// `bool`: a byte that is 0 or 1.
    Bool = 11,
    /// An entity: 64 bits, of which the upper half is not 0.
    Entity = 12,
    /// An entity or `None`: 64 bits, all 0 for `None`.
    OptionEntity = 13,
}

impl Primitive {
    /// All of them, in order of their numbers in an image.
    pub const ALL: [Primitive; 13] = [
        Primitive::F32,
        Primitive::F64,
        Primitive::I8,
        Primitive::U8,
        Primitive::I16,
        Primitive::U16,
        Primitive::I32,
        Primitive::U32,
        Primitive::I64,
        Primitive::U64,
        Primitive::Bool,
        Primitive::Entity,
        Primitive::OptionEntity,
    ];

    /// The primitive with this number in an image.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Bytes of one value; its alignment is the same.
    pub const fn size(self) -> u32 {
        match self {
            Primitive::I8 | Primitive::U8 | Primitive::Bool => 1,
            Primitive::I16 | Primitive::U16 => 2,
            Primitive::F32 | Primitive::I32 | Primitive::U32 => 4,
            Primitive::F64
            | Primitive::I64
            | Primitive::U64
            | Primitive::Entity
            | Primitive::OptionEntity => 8,
        }
    }

    /// The Rust name.
    pub const fn name(self) -> &'static str {
        match self {
            Primitive::F32 => "f32",
            Primitive::F64 => "f64",
            Primitive::I8 => "i8",
            Primitive::U8 => "u8",
            Primitive::I16 => "i16",
            Primitive::U16 => "u16",
            Primitive::I32 => "i32",
            Primitive::U32 => "u32",
            Primitive::I64 => "i64",
            Primitive::U64 => "u64",
            Primitive::Bool => "bool",
            Primitive::Entity => "Entity",
            Primitive::OptionEntity => "Option<Entity>",
        }
    }
}

/// A run of equal scalars in a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The path from the component: `0`, `velocity`, `orbit.axis`, `corners[2].z`.
    pub name: String,
    /// What its scalars are.
    pub primitive: Primitive,
    /// Bytes from the component's start.
    pub offset: u32,
    /// How many scalars stand one after another: 3 for a `Vec3`, 4 for a `[u32; 4]`.
    pub count: u32,
}

impl Field {
    /// Bytes of all its scalars.
    pub fn bytes(&self) -> u32 {
        self.primitive.size() * self.count
    }
}

/// `velocity: f32 x3 at 0`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.primitive.name())?;
        if self.count != 1 {
            write!(f, " x{}", self.count)?;
        }
        write!(f, " at {}", self.offset)
    }
}

/// The layout of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The component's name.
    pub name: String,
    /// Bytes of a value; 0 for a tag.
    pub size: u32,
    /// Alignment of a value in bytes: a power of two, at most 64.
    pub align: u32,
    /// Whether the state hash covers it.
    pub hashed: bool,
    /// The fields in order of offset; together they cover every byte.
    pub fields: Vec<Field>,
    /// A number for all of the above but the name.
    pub layout_hash: u64,
}

impl Schema {
    /// The layout of a Rust type.
    pub fn of<T: Component>() -> Self {
        let mut fields = Vec::new();
        T::describe("", 0, &mut fields);
        let (size, align) = (size_of::<T>(), align_of::<T>());
        let size = u32::try_from(size).unwrap_or_else(|_| {
            panic!(
                "component `{}` takes {size} bytes; 4 GiB is the most",
                T::NAME
            )
        });
        Schema::new(T::NAME.to_owned(), size, align as u32, T::HASHED, fields)
    }

    /// A layout out of its parts, as a script or an image declares it. [`Schema::fault`] says whether it holds together.
    pub fn new(name: String, size: u32, align: u32, hashed: bool, fields: Vec<Field>) -> Self {
        let layout_hash = layout_hash(size, align, hashed, &fields);
        Schema {
            name,
            size,
            align,
            hashed,
            fields,
            layout_hash,
        }
    }

    /// What is wrong with this layout, if anything: only a layout whose fields cover its bytes, each once, can live in a world.
    pub fn fault(&self) -> Option<String> {
        if !self.align.is_power_of_two() || self.align > ALIGN_MAX {
            return Some(format!(
                "alignment {} is not a power of two up to {ALIGN_MAX}",
                self.align
            ));
        }
        if !self.size.is_multiple_of(self.align) {
            return Some(format!(
                "size {} is not a multiple of its alignment {}",
                self.size, self.align
            ));
        }
        let mut end = 0u64;
        for field in &self.fields {
            if u64::from(field.offset) != end {
                return Some(format!(
                    "field `{}` starts at byte {}, and the one before it ends at {end}",
                    field.name, field.offset
                ));
            }
            if !field.offset.is_multiple_of(field.primitive.size())
                || field.primitive.size() > self.align
            {
                return Some(format!("field `{}` is not aligned", field.name));
            }
            end += u64::from(field.primitive.size()) * u64::from(field.count);
        }
        (end != u64::from(self.size))
            .then(|| format!("fields end at byte {end}, and the size is {}", self.size))
    }

    /// A line for each field in which the two differ, for messages.
    pub fn differences(&self, other: &Schema) -> String {
        let mut lines = Vec::new();
        let mut fact = |what: &str, here: String, there: String| {
            if here != there {
                lines.push(format!("{what}: {here} here, {there} there"));
            }
        };
        fact("size", self.size.to_string(), other.size.to_string());
        fact("alignment", self.align.to_string(), other.align.to_string());
        fact("hashed", self.hashed.to_string(), other.hashed.to_string());
        let text = |field: Option<&Field>| {
            field.map_or_else(|| "nothing".to_owned(), |field| format!("`{field}`"))
        };
        for place in 0..self.fields.len().max(other.fields.len()) {
            fact(
                &format!("field {place}"),
                text(self.fields.get(place)),
                text(other.fields.get(place)),
            );
        }
        lines.join("; ")
    }

    /// Whether any field's bytes could be something that is no value: a `bool` of 2, an entity of generation 0.
    pub fn has_invalid_bits(&self) -> bool {
        self.fields.iter().any(|field| {
            matches!(
                field.primitive,
                Primitive::Bool | Primitive::Entity | Primitive::OptionEntity
            )
        })
    }

    /// The first field of this value whose bytes are no value of its type.
    ///
    /// # Panics
    /// `value` is shorter than [`Schema::size`].
    pub fn invalid_field(&self, value: &[u8]) -> Option<&Field> {
        self.fields.iter().find(|field| {
            let size = field.primitive.size() as usize;
            let mut scalars =
                value[field.offset as usize..][..field.bytes() as usize].chunks_exact(size);
            let word = |scalar: &[u8]| u64::from_le_bytes(scalar.try_into().expect("8 bytes"));
            match field.primitive {
                Primitive::Bool => scalars.any(|scalar| scalar[0] > 1),
                Primitive::Entity => scalars.any(|scalar| word(scalar) >> 32 == 0),
                Primitive::OptionEntity => {
                    scalars.any(|scalar| word(scalar) != 0 && word(scalar) >> 32 == 0)
                }
                _ => false,
            }
        })
    }
}

fn layout_hash(size: u32, align: u32, hashed: bool, fields: &[Field]) -> u64 {
    let mut text = format!("{size} {align} {hashed}\n");
    for field in fields {
        text.push_str(&format!("{field}\n"));
    }
    xxh3_64(text.as_bytes())
}

/// A small number for a Rust type, given on first use, so that the way from a type to its component is two loads and not a search.
///
/// The numbers depend on the order of first use and mean nothing outside the process; nothing that is hashed or stored holds one.
#[doc(hidden)]
#[derive(Debug)]
pub struct TypeNumber(AtomicU32);

impl TypeNumber {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        TypeNumber(AtomicU32::new(0))
    }

    /// The type's number, from 0.
    #[inline]
    pub fn get(&self) -> usize {
        // Relaxed: the number is the whole message, nothing else is published with it.
        match self.0.load(Ordering::Relaxed) {
            0 => self.give(),
            number => number as usize - 1,
        }
    }

    /// The type's number, if it was asked for before. No call: a look-up that might call something keeps nothing in vector registers.
    #[inline(always)]
    pub(crate) fn given(&self) -> Option<usize> {
        // Relaxed: as in `get`.
        (self.0.load(Ordering::Relaxed) as usize).checked_sub(1)
    }

    #[cold]
    fn give(&self) -> usize {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // Relaxed: numbers need only differ, and `compare_exchange` lets one of two racing threads win for both.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        match self
            .0
            .compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => number as usize - 1,
            Err(winner) => winner as usize - 1,
        }
    }
}
