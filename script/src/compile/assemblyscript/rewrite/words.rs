//! Numbers and names as asc takes them.

use crate::compile::ir::{Const, Scalar};

/// A number as asc reads it with its type.
pub fn number(ty: Scalar, value: Const) -> String {
    let float = |value: f64| match value {
        _ if value.is_infinite() => format!("{}Infinity", if value < 0.0 { "-" } else { "" }),
        _ if value == 0.0 || (1e-5..1e15).contains(&value.abs()) => format!("{value:?}"),
        _ => format!("{value:e}"),
    };
    let text = match value {
        Const::F32(bits) => float(f64::from(f32::from_bits(bits))),
        Const::F64(bits) => float(f64::from_bits(bits)),
        Const::I32(value) if ty == Scalar::I32 => value.to_string(),
        Const::I32(value) => (value as u32).to_string(),
        Const::I64(value) if ty == Scalar::I64 => value.to_string(),
        Const::I64(value) => (value as u64).to_string(),
        Const::Bool(value) => return value.to_string(),
    };
    format!("{}({text})", number_type(ty))
}

/// What asc keeps for itself, of what TypeScript takes for the name of a variable or a field.
pub(super) const KEPT: [&str; 56] = [
    "abstract",
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "constructor",
    "continue",
    "debugger",
    "declare",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "is",
    "keyof",
    "let",
    "module",
    "namespace",
    "new",
    "null",
    "of",
    "override",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "return",
    "set",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "type",
    "typeof",
    "yield",
];

/// A name as asc takes it.
pub fn name_of(name: &str) -> std::borrow::Cow<'_, str> {
    match KEPT.contains(&name) {
        true => format!("${name}").into(),
        false => name.into(),
    }
}

/// The type of a value in AssemblyScript.
pub fn number_type(ty: Scalar) -> &'static str {
    match ty.value() {
        Scalar::Entity => "u64",
        other => other.name(),
    }
}
