//! Values of components as text.

use super::expr::{Expr, Level};
use super::{RustError, names, nested};
use crate::compile::ir::{Component, Scalar};

/// What stands behind an entity whose bits are asked for.
pub(super) const BITS_OF: &str = ".to_bits() as i64";

/// A value of a component, made of one expression for each of its scalars in order.
pub(super) fn literal(
    component: &Component,
    values: &mut dyn Iterator<Item = Expr>,
) -> Result<String, RustError> {
    let name = names::type_name(&component.name)?;
    let tuple = names::is_tuple(component);
    let mut fields = Vec::new();
    let mut rest = component.fields.as_slice();
    while let [field, after @ ..] = rest {
        if let Some((first, _)) = field.name.split_once('.') {
            let (inner, count) = nested(component, first, rest);
            let first = names::segment(component, first)?;
            fields.push(format!("{first}: {}", literal(&inner, values)?));
            rest = &rest[count..];
            continue;
        }
        rest = after;
        let scalars: Vec<String> = (&mut *values)
            .take(field.count as usize)
            .map(|value| scalar(&value, field.scalar))
            .collect();
        let text = match scalars.as_slice() {
            [one] if field.count == 1 => one.clone(),
            [first, others @ ..] if others.len() > 3 && others.iter().all(|one| one == first) => {
                format!("[{first}; {}]", scalars.len())
            }
            all => format!("[{}]", all.join(", ")),
        };
        fields.push(match tuple {
            true => text,
            false => format!("{}: {text}", names::field(component, field)?),
        });
    }
    Ok(match (fields.is_empty(), tuple) {
        (true, _) => name,
        (false, true) => format!("{name}({})", fields.join(", ")),
        (false, false) => format!("{name} {{ {} }}", fields.join(", ")),
    })
}

/// A value as what stands in a field.
pub(super) fn scalar(value: &Expr, scalar: Scalar) -> String {
    match scalar {
        Scalar::Entity => as_entity(value),
        Scalar::U8 | Scalar::U32 | Scalar::U64 => cast(value, scalar.name()),
        _ => value.text.clone(),
    }
}

/// An integer's bits as an entity.
pub(super) fn as_entity(bits: &Expr) -> String {
    // What was one is one.
    if let Some(entity) = bits.text.strip_suffix(BITS_OF) {
        return entity.to_owned();
    }
    format!(
        "Entity::from_bits({} as u64).expect(\"an entity\")",
        bits.at(Level::Cast)
    )
}

/// An integer as one of a type without sign.
fn cast(value: &Expr, ty: &str) -> String {
    match value.number {
        // As it is, where it has no sign and fits.
        Some(_) if ty != "u8" && value.counted().is_some() => value.text.clone(),
        Some(_) if value.text.parse::<u8>().is_ok() => value.text.clone(),
        // `-1 as u32` would be a literal out of range.
        Some(number) => format!("({}_{} as {ty})", value.at(Level::Cast), number.name()),
        None => format!("{} as {ty}", value.at(Level::Cast)),
    }
}
