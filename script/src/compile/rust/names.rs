//! Names that Rust accepts, made of those that the script has.

use super::RustError;
use crate::compile::ir::{Component, Field};
use std::collections::BTreeSet;

/// Words that cannot be names, not even raw ones, and those that must be raw.
const NEVER: [&str; 4] = ["self", "Self", "super", "crate"];
const RAW: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while",
];

/// Types that the text uses beside the script's own.
const TYPES: [&str; 27] = [
    "Commands", "Cx", "Entity", "Events", "None", "Option", "Query", "Res", "ResMut", "Sim",
    "Some", "Vec", "With", "Without", "World", "bool", "char", "f32", "f64", "i16", "i8", "isize",
    "str", "u16", "u32", "u8", "usize",
];

/// Functions and variables of the text's own, which neither a system nor a parameter may be called.
const VALUES: [&str; 19] = [
    "add",
    "at_least_f32",
    "at_least_f64",
    "at_most_f32",
    "at_most_f64",
    "commands",
    "cx",
    "entities",
    "entity",
    "max_f32",
    "max_f64",
    "min_f32",
    "min_f64",
    "over_chunks",
    "resources",
    "rounds",
    "rows",
    "sim",
    "world",
];

/// The functions of systems: `MovementSystem` becomes `movement_system`, `Populate.start` becomes `populate_start`. No two are the same.
pub(super) fn functions<'n>(
    names: impl Iterator<Item = &'n str>,
    types: &[Component],
) -> Result<Vec<String>, RustError> {
    let mut taken: BTreeSet<String> = VALUES.iter().map(|&name| name.to_owned()).collect();
    for component in types {
        taken.insert(type_name(&component.name)?);
    }
    let functions = names.map(|name| {
        let mut snake = snake(&name.replace('.', "_"));
        while !taken.insert(snake.clone()) {
            snake.push('_');
        }
        identifier(&snake, name)
    });
    functions.collect()
}

/// The struct of a component: its own name, without what Rust does not know or the text uses otherwise.
pub(super) fn type_name(name: &str) -> Result<String, RustError> {
    if TYPES.contains(&name) {
        return Ok(format!("{name}_"));
    }
    identifier(&name.replace('$', "_"), name)
}

/// The parameter of a component: `LinearVelocity` becomes `linear_velocity`.
pub(super) fn param(component: &Component) -> Result<String, RustError> {
    let snake = snake(&component.name);
    // `v12` is a value of the text, and the name of a struct without fields is one too.
    let digits = snake.strip_prefix('v').is_some_and(is_number);
    if digits || VALUES.contains(&snake.as_str()) || snake == component.name {
        return Ok(format!("{snake}_"));
    }
    identifier(&snake, &component.name)
}

/// A field of a struct with names.
pub(super) fn field(component: &Component, field: &Field) -> Result<String, RustError> {
    segment(component, &field.name)
}

/// A field as it is accessed.
pub(super) fn field_access(component: &Component, one: &Field) -> Result<String, RustError> {
    if is_tuple(component) {
        return Ok(one.name.clone());
    }
    let segments = one.name.split('.');
    let segments: Result<Vec<String>, RustError> =
        segments.map(|one| segment(component, one)).collect();
    Ok(segments?.join("."))
}

/// One name of a field's path.
pub(super) fn segment(component: &Component, name: &str) -> Result<String, RustError> {
    identifier(&name.replace('$', "_"), &component.name)
}

/// Whether the fields have numbers for names.
pub(super) fn is_tuple(component: &Component) -> bool {
    let mut fields = component.fields.iter().enumerate();
    fields.all(|(number, field)| field.name == number.to_string())
}

fn identifier(text: &str, of: &str) -> Result<String, RustError> {
    let mut letters = text.chars();
    let starts = letters
        .next()
        .is_some_and(|c| c == '_' || c.is_ascii_alphabetic());
    let goes_on = letters.all(|c| c == '_' || c.is_ascii_alphanumeric());
    if !starts || !goes_on || text == "_" || NEVER.contains(&text) {
        return Err(super::refused(
            of,
            format!("`{text}` is not a name in Rust; use letters a to z, digits and `_`"),
        ));
    }
    Ok(if RAW.contains(&text) {
        format!("r#{text}")
    } else {
        text.to_owned()
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `HTTPServer2` becomes `http_server2`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (place, &letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| letters[place]);
        let lower_next = letters.get(place + 1).is_some_and(|c| c.is_lowercase());
        let word_starts = letter.is_uppercase()
            && before.is_some_and(|before| before != '_' && (!before.is_uppercase() || lower_next));
        if word_starts {
            out.push('_');
        }
        match letter {
            '$' => out.push('_'),
            letter => out.extend(letter.to_lowercase()),
        }
    }
    out
}
