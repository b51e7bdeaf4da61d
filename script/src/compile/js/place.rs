//! Columns and resources as flat typed arrays: a view of the same bytes for each kind of number that a component holds.

use crate::compile::ir::{Component, Scalar};

/// The array that shows scalars of a kind, and the end of its name where a component has several.
pub fn array(scalar: Scalar) -> (&'static str, &'static str) {
    match scalar {
        Scalar::F32 => ("Float32Array", "f32"),
        Scalar::F64 => ("Float64Array", "f64"),
        Scalar::I32 => ("Int32Array", "i32"),
        Scalar::U32 => ("Uint32Array", "u32"),
        Scalar::I64 => ("BigInt64Array", "i64"),
        Scalar::U64 => ("BigUint64Array", "u64"),
        Scalar::Bool => ("Uint8Array", "bool"),
        Scalar::U8 => ("Uint8Array", "u8"),
        Scalar::Entity => ("BigInt64Array", "entity"),
    }
}

/// The kinds of scalars of a component, in order of first appearance.
pub fn kinds(component: &Component) -> Vec<Scalar> {
    let mut kinds = Vec::new();
    for field in &component.fields {
        if !kinds.contains(&field.scalar) {
            kinds.push(field.scalar);
        }
    }
    kinds
}

/// The index of a slot in the array of its kind: that of the first row, and what each row adds.
pub fn index(component: &Component, slot: u32) -> (u32, u32) {
    let slot = component.slot(slot).expect("the checker found the slot");
    let size = slot.scalar.size();
    (slot.offset / size, component.size() / size)
}
