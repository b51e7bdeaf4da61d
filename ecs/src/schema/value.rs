//! What a field of a component may be, and how it describes itself.

use super::{Field, Primitive};
use crate::entity::Entity;

/// Plain old data: fixed size, no padding, no pointers, the same bytes on every host.
///
/// Implemented for the scalars, [`Entity`], `Option<Entity>`, arrays, the vectors and matrices of glam, and every struct under `#[component]`.
///
/// # Safety
/// - No byte of a value is ever undefined: there is no padding.
/// - The type has the same size, alignment and meaning on every host: no pointers, references, `usize`.
/// - `describe` appends fields that cover every byte of the type, each once, in order of offset; any bytes that are values of those
///   scalars are a value of the type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot live in the world",
    label = "cannot be a field of a component",
    note = "components and resources are plain data: f32, f64, i8..i64, u8..u64, bool, Entity, Option<Entity>, arrays and glam vectors of these, and other `#[component]` structs",
    note = "instead of `usize` use `u32` or `u64`; instead of `char` or an enum use `u32` or `u8`; instead of a reference or pointer use an `Entity`",
    note = "a `Vec`, `String`, `Box`, handle or cache belongs beside the world: `world.insert_local(value)`"
)]
pub unsafe trait Value: Copy + Send + Sync + 'static {
    /// Appends the fields of a value that starts at `offset` under the path `name`.
    fn describe(name: &str, offset: u32, fields: &mut Vec<Field>);
}

/// The path of a field within a path.
pub fn join(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

macro_rules! values {
    ($($type:ty => $primitive:ident x $count:literal),* $(,)?) => {$(
        const _: () = assert!(size_of::<$type>() == Primitive::$primitive.size() as usize * $count);
        // SAFETY: the assertion above shows that the scalars fill the type; scalars and glam's `repr(C)` structs of them hold no pointer.
        unsafe impl Value for $type {
            fn describe(name: &str, offset: u32, fields: &mut Vec<Field>) {
                fields.push(Field { name: name.to_owned(), primitive: Primitive::$primitive, offset, count: $count });
            }
        }
    )*};
}

values! {
    f32 => F32 x 1,
    f64 => F64 x 1,
    i8 => I8 x 1,
    u8 => U8 x 1,
    i16 => I16 x 1,
    u16 => U16 x 1,
    i32 => I32 x 1,
    u32 => U32 x 1,
    i64 => I64 x 1,
    u64 => U64 x 1,
    bool => Bool x 1,
    Entity => Entity x 1,
    Option<Entity> => OptionEntity x 1,
    glam::Vec2 => F32 x 2,
    glam::Vec3 => F32 x 3,
    glam::Vec4 => F32 x 4,
    glam::Quat => F32 x 4,
    glam::Mat2 => F32 x 4,
    glam::Mat3 => F32 x 9,
    glam::Mat4 => F32 x 16,
    glam::DVec2 => F64 x 2,
    glam::DVec3 => F64 x 3,
    glam::DVec4 => F64 x 4,
    glam::DQuat => F64 x 4,
    glam::DMat2 => F64 x 4,
    glam::DMat3 => F64 x 9,
    glam::DMat4 => F64 x 16,
    glam::IVec2 => I32 x 2,
    glam::IVec3 => I32 x 3,
    glam::IVec4 => I32 x 4,
    glam::UVec2 => U32 x 2,
    glam::UVec3 => U32 x 3,
    glam::UVec4 => U32 x 4,
}

// SAFETY: arrays have no padding between or after their elements, and the elements keep the promise.
unsafe impl<T: Value, const N: usize> Value for [T; N] {
    fn describe(name: &str, offset: u32, fields: &mut Vec<Field>) {
        let mut element = Vec::new();
        T::describe(name, 0, &mut element);
        match element.as_slice() {
            // One kind of scalar: a longer run of it.
            [run] if N > 0 => fields.push(Field {
                offset,
                count: run.count * N as u32,
                ..run.clone()
            }),
            _ => {
                for index in 0..N {
                    T::describe(
                        &format!("{name}[{index}]"),
                        offset + (index * size_of::<T>()) as u32,
                        fields,
                    );
                }
            }
        }
    }
}
