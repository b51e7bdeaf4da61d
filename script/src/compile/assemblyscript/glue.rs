//! What stands around the sources for asc: the types of the language, and for each system the function that a host calls.

use super::signature::{Signature, Take};
use crate::abi::{ComponentDecl, Manifest, Param, SystemDecl};
use std::fmt::Write;

/// The types of the language. A column is an address, and a row of a class is the address of its first field, so that nothing is made for them.
const TYPES: &str = r#"
let rows: i32 = 0;
let contextDt: f32 = 0;
let contextDt64: f64 = 0;
let contextStep: u64 = 0;
let contextSeed: u64 = 0;
@global @unmanaged @final class Vec2 { x: f32; y: f32; }
@global @unmanaged @final class Vec3 { x: f32; y: f32; z: f32; }
@global @unmanaged @final class Vec4 { x: f32; y: f32; z: f32; w: f32; }
@global @unmanaged @final class Context {
  @inline get dt(): f32 { return contextDt; }
  @inline get dt64(): f64 { return contextDt64; }
  @inline get step(): u64 { return contextStep; }
  @inline get seed(): u64 { return contextSeed; }
}
@global @unmanaged @final class Column<T> {
  @inline get length(): i32 { return rows; }
  @inline @operator("[]") get(row: i32): T {
    if (<u32>row >= <u32>rows) unreachable();
    if (isReference<T>()) return changetype<T>(changetype<usize>(this) + <usize>row * offsetof<T>());
    return load<T>(changetype<usize>(this) + <usize>row * sizeof<T>());
  }
  @inline @operator("[]=") set(row: i32, value: T): void {
    if (<u32>row >= <u32>rows) unreachable();
    if (isReference<T>()) ERROR("a row is written field by field");
    else store<T>(changetype<usize>(this) + <usize>row * sizeof<T>(), value);
  }
}
"#;

/// A number as written on the left of an operator, which takes the type of what stands on the right. The driver puts calls of these.
fn numbers() -> String {
    let mut out = String::new();
    for (name, sign, result) in [
        ("plus", "+", "T"),
        ("minus", "-", "T"),
        ("times", "*", "T"),
        ("over", "/", "T"),
        ("less", "<", "bool"),
        ("atMost", "<=", "bool"),
        ("more", ">", "bool"),
        ("atLeast", ">=", "bool"),
    ] {
        for (kind, ty) in [("", "f64"), ("Whole", "i64")] {
            let _ = writeln!(
                out,
                "@global @inline function __{name}{kind}<T>(right: T, left: {ty}): {result} {{ return <T>left {sign} right; }}"
            );
        }
    }
    out
}

/// The text of the glue.
pub fn text(manifest: &Manifest, systems: &[Signature]) -> String {
    let mut out = format!("{TYPES}{}", numbers());
    for component in classes(manifest, systems) {
        let name = &component.name;
        let size = component.size;
        let _ = writeln!(
            out,
            "if (offsetof<{name}>() != {size}) ERROR(\"{name} is laid out otherwise than the component\");"
        );
        for field in &component.fields {
            let (field, offset) = (&field.name, field.offset);
            let _ = writeln!(
                out,
                "if (offsetof<{name}>(\"{field}\") != {offset}) ERROR(\"{name} is laid out otherwise than the component\");"
            );
        }
    }
    for (decl, system) in manifest.systems.iter().zip(systems) {
        out.push_str(&function(decl, system));
    }
    out
}

/// The classes of the sources that are components.
pub fn classes<'m>(
    manifest: &'m Manifest,
    systems: &[Signature],
) -> impl Iterator<Item = &'m ComponentDecl> {
    let is_class = |component: &&ComponentDecl| {
        let mut takes = systems.iter().flat_map(|system| &system.takes);
        takes.any(|take| match take {
            Take::Column {
                component: name,
                element,
                ..
            } => name == element && *name == component.name,
            Take::Resource(name) => *name == component.name,
            Take::Dt | Take::Context => false,
        })
    };
    let classes: Vec<&ComponentDecl> = manifest.components.iter().filter(is_class).collect();
    classes.into_iter()
}

/// The parameters of a system's function: what `update` takes, then the rows, then all that is known of the step.
pub fn params(system: &Signature, writes: impl Fn(&Take) -> bool) -> Vec<Param> {
    let mut params: Vec<Param> = system
        .takes
        .iter()
        .filter_map(|take| match take {
            Take::Column { component, .. } => Some(Param::Column {
                component: component.clone(),
                write: writes(take),
            }),
            Take::Resource(component) => Some(Param::Resource {
                component: component.clone(),
                write: writes(take),
            }),
            Take::Dt | Take::Context => None,
        })
        .collect();
    params.extend([
        Param::Count,
        Param::Dt,
        Param::Dt64,
        Param::Step,
        Param::Seed,
    ]);
    params
}

fn function(decl: &SystemDecl, system: &Signature) -> String {
    let mut place = 0;
    let mut memory = |ty: String| {
        place += 1;
        format!("changetype<{ty}>(a{})", place - 1)
    };
    let args: Vec<String> = system
        .takes
        .iter()
        .map(|take| match take {
            Take::Column { element, .. } => memory(format!("Column<{element}>")),
            Take::Resource(class) => memory(class.clone()),
            Take::Dt => "dt".to_owned(),
            Take::Context => "changetype<Context>(0)".to_owned(),
        })
        .collect();
    let addresses: String = (0..place)
        .map(|number| format!("a{number}: usize, "))
        .collect();
    let (name, export, args) = (&system.name, &decl.export, args.join(", "));
    format!(
        "export function {export}({addresses}count: i32, dt: f32, dt64: f64, step: u64, seed: u64): void {{\n\
         rows = count;\ncontextDt = dt;\ncontextDt64 = dt64;\ncontextStep = step;\ncontextSeed = seed;\n\
         changetype<{name}>(0).update({args});\n}}\n"
    )
}
