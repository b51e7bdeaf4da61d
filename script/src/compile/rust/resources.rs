//! The resources that a world may lack, made of what the script begins them with.

use super::expr::{Expr, constant};
use super::literal::{literal, scalar};
use super::{RustError, names};
use crate::compile::ir::{Component, Const, Field, Initial, Module, Scalar};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Scalars of a value that is written down as a whole; a larger one would stand on the stack while it is made.
const SCALARS_MAX: u32 = 1024;

/// The function `resources`, or nothing if there is nothing to make.
pub(super) fn function(module: &Module) -> Result<String, RustError> {
    if module.resources.is_empty() {
        return Ok(String::new());
    }
    let mut out = String::from(
        "\n/// Makes the resources that the world lacks.\npub fn resources(world: &mut World) {\n",
    );
    for initial in &module.resources {
        let component = &module.components[initial.component as usize];
        let name = names::type_name(&component.name)?;
        let scalars: u32 = component.fields.iter().map(|field| field.count).sum();
        let _ = writeln!(out, "    if world.resource::<{name}>().is_none() {{");
        out.push_str(&match scalars <= SCALARS_MAX {
            true => whole(component, initial)?,
            false => in_place(component, &name, initial)?,
        });
        out.push_str("    }\n");
    }
    out.push_str("}\n");
    Ok(out)
}

fn whole(component: &Component, initial: &Initial) -> Result<String, RustError> {
    let known: BTreeMap<u32, Const> = initial.values.iter().copied().collect();
    let fields = component.fields.iter();
    let scalars = fields.flat_map(|field| (0..field.count).map(|_| field.scalar));
    let mut values = (0..).zip(scalars).map(|(slot, scalar)| {
        let value = known.get(&slot).copied();
        constant(value.unwrap_or_else(|| zero(scalar)))
    });
    let value = literal(component, &mut values)?;
    Ok(format!("        world.insert_resource({value});\n"))
}

/// Zeros first, then what is none.
fn in_place(component: &Component, name: &str, initial: &Initial) -> Result<String, RustError> {
    let mut out = format!(
        "        // Too large for the stack.\n        let id = world.register::<{name}>().expect(\"a layout of its own\");\n\
         \x20       let zeros = vec![0; size_of::<{name}>()];\n\
         \x20       world.try_insert_resource_bytes(id, &zeros).expect(\"room for it\");\n"
    );
    if !initial.values.is_empty() {
        let _ = writeln!(
            out,
            "        let value = world.resource_mut::<{name}>().expect(\"it was put there\");"
        );
    }
    for (slot, value) in &initial.values {
        let (path, field) = place(component, *slot)?;
        let value: Expr = constant(*value);
        let _ = writeln!(
            out,
            "        value.{path} = {};",
            scalar(&value, field.scalar)
        );
    }
    Ok(out)
}

/// The scalar at a slot, as it is accessed.
fn place(component: &Component, slot: u32) -> Result<(String, &Field), RustError> {
    let mut first = 0;
    for field in &component.fields {
        if slot < first + field.count {
            let mut path = names::field_access(component, field)?;
            if field.count > 1 {
                let _ = write!(path, "[{}]", slot - first);
            }
            return Ok((path, field));
        }
        first += field.count;
    }
    unreachable!("the value of `{}` has a scalar at {slot}", component.name)
}

fn zero(scalar: Scalar) -> Const {
    match scalar {
        Scalar::F32 => Const::f32(0.0),
        Scalar::F64 => Const::f64(0.0),
        Scalar::Bool => Const::Bool(false),
        Scalar::U8 | Scalar::I32 | Scalar::U32 => Const::I32(0),
        Scalar::I64 | Scalar::U64 | Scalar::Entity => Const::I64(0),
    }
}
