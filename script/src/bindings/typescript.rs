//! Components as classes of TypeScript.

use crate::abi::{ComponentDecl, FieldDecl};
use crate::compile::column_name;
use std::fmt::Write;

/// A component that scripts cannot declare.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{component}` has no form in TypeScript: {reason}")]
pub struct BindingError {
    /// Its name.
    pub component: String,
    /// Why, and what to do about it.
    pub reason: String,
}

/// The components as classes in the order given. One that wraps a single value has no class: a comment says by which column a script takes it.
///
/// # Errors
/// A field of a type that scripts have not, a gap between fields, or a field without a name among others.
pub fn typescript(components: &[ComponentDecl]) -> Result<String, BindingError> {
    let mut out =
        "// Made from the components of a world by `layerw_script::bindings`.\n".to_owned();
    for component in components {
        let refused = |reason: String| BindingError {
            component: component.name.clone(),
            reason,
        };
        let mut end = 0;
        for field in &component.fields {
            if field.offset != end {
                return Err(refused(format!(
                    "there is a gap before `{}`, and classes of scripts have none; fill it with a field",
                    field.name
                )));
            }
            end += field.count * size(&field.primitive).map_err(refused)?;
        }
        out.push('\n');
        match component.fields.as_slice() {
            [only] if only.name == "0" => {
                let ty = wrapped(only).map_err(refused)?;
                match column_name(&component.name) {
                    Some(column) => {
                        let name = &component.name;
                        let _ = writeln!(out, "// `{name}` is the column `{column}: {ty}[]`.");
                    }
                    None => {
                        return Err(refused(
                            "no parameter's name stands for it; begin it with a capital".to_owned(),
                        ));
                    }
                }
            }
            fields => {
                let fields: Vec<(&str, &FieldDecl)> = fields
                    .iter()
                    .map(|field| (field.name.as_str(), field))
                    .collect();
                out.push_str(&class(&component.name, &fields).map_err(refused)?);
            }
        }
    }
    Ok(out)
}

/// A class, after the classes of the values in it, which are named after it and their field.
fn class(name: &str, fields: &[(&str, &FieldDecl)]) -> Result<String, String> {
    let (mut before, mut body) = (String::new(), String::new());
    let mut rest = fields;
    while let Some(((path, field), after)) = rest.split_first() {
        let (first, nested) = match path.split_once('.') {
            None => (*path, false),
            Some((first, _)) => (first, true),
        };
        if first.starts_with(|letter: char| letter.is_ascii_digit()) {
            return Err(format!(
                "field `{}` has no name of its own; name it",
                field.name
            ));
        }
        if !nested {
            let _ = writeln!(body, "  {first}{}", declared(field)?);
            rest = after;
            continue;
        }
        let inner = |path: &str| {
            path.split_once('.')
                .filter(|(one, _)| *one == first)
                .is_some()
        };
        let count = rest.iter().take_while(|(path, _)| inner(path)).count();
        let (own, others) = rest.split_at(count);
        let parts: Vec<(&str, &FieldDecl)> = own
            .iter()
            .map(|(path, field)| (path.split_once('.').map_or(*path, |(_, part)| part), *field))
            .collect();
        let mut letters = first.chars();
        let capital = letters.next().map(|first| first.to_uppercase().to_string());
        let of = format!("{name}{}{}", capital.unwrap_or_default(), letters.as_str());
        before.push_str(&class(&of, &parts)?);
        before.push('\n');
        let _ = writeln!(body, "  {first}: {of};");
        rest = others;
    }
    Ok(format!("{before}class {name} {{\n{body}}}\n"))
}

/// What stands behind a field's name.
fn declared(field: &FieldDecl) -> Result<String, String> {
    let array = match (field.primitive.as_str(), field.count) {
        (_, 1) | ("f32", 2..=4) => return Ok(format!(": {};", wrapped(field)?)),
        ("f32", _) => "Float32Array",
        ("f64", _) => "Float64Array",
        ("i32", _) => "Int32Array",
        ("u32", _) => "Uint32Array",
        ("u8", _) => "Uint8Array",
        (other, _) => {
            return Err(format!(
                "scripts have no arrays of {other}; keep its values one by one"
            ));
        }
    };
    Ok(format!(" = new {array}({});", field.count))
}

/// The type of a single value.
fn wrapped(field: &FieldDecl) -> Result<String, String> {
    Ok(match (field.primitive.as_str(), field.count) {
        ("f32", count @ 2..=4) => format!("Vec{count}"),
        ("bool", 1) => "boolean".to_owned(),
        ("u8", 1) => return Err("scripts have no u8; use i32 or u32".to_owned()),
        (name, 1) => name.to_owned(),
        (name, count) => return Err(format!("it wraps {count} values of {name}; name the field")),
    })
}

/// Bytes of a scalar that scripts have.
fn size(primitive: &str) -> Result<u32, String> {
    match primitive {
        "f32" | "i32" | "u32" => Ok(4),
        "f64" | "i64" | "u64" | "Entity" => Ok(8),
        "bool" | "u8" => Ok(1),
        other => Err(format!("scripts have no {other}; use i32 or u32")),
    }
}
