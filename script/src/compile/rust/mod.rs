//! Systems as Rust text: a file that a project adds to its sources, for those who ship without a script runtime.
//!
//! ```text
//! /// `Movement`, movement.ts:7.
//! pub fn movement(position: &mut Position, velocity: &Velocity, cx: Cx) {
//!     position.x = position.x + velocity.x * cx.dt;
//!     position.y = position.y + velocity.y * cx.dt;
//! }
//! ```
//!
//! A system that is one loop over the rows becomes a function over one row, which the engine calls for every row: what the loop's index was is gone, and with
//! it every check of a bound. Any other system becomes a function over the rows of a chunk. The bits are those of the WebAssembly form: the same operations in
//! the same order, each rounded; what Rust's own operators do otherwise (the smaller of two floats, integers that overflow) is spelled out.
//!
//! The text is made from scalar form, before rows are taken four at a time: vectors are for rustc to find.

mod body;
mod expr;
mod names;
mod shape;
#[cfg(test)]
mod tests;

use super::ir::{Component, Field, Filter, Input, Module, Op, Scalar, System};
use std::fmt::Write;

/// What cannot be said in Rust text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be written as Rust: {reason}")]
pub struct RustError {
    /// The system or component.
    pub name: String,
    /// Why, and what to do about it.
    pub reason: String,
}

/// How a system is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// For one row.
    Row,
    /// For the rows of a chunk.
    Chunk,
    /// Once a step.
    Whole,
}

/// The Rust text of a module. `texts` are the sources, in the order of [`Module::sources`], by which comments name lines; without them there are no
/// comments.
///
/// # Errors
/// A name that Rust has not, or a system that has no Rust form.
///
/// # Panics
/// The module is not in scalar form.
pub fn text(module: &Module, texts: &[&str]) -> Result<String, RustError> {
    let mut out = String::new();
    let sources = module.sources.join(", ");
    let _ = writeln!(
        out,
        "//! Made from {sources} by `layerw_script::compile`; change that and make it again."
    );
    let _ = writeln!(out, "\n{}", imports(module));
    for component in &module.components {
        out.push_str(&declaration(component)?);
    }
    let mut adds = String::new();
    let mut helpers = expr::Helpers::default();
    for system in &module.systems {
        let name = names::function(&system.name)?;
        if system.filter != Filter::default() {
            return Err(RustError {
                name: system.name.clone(),
                reason: "it says which components entities must have; write `sim.each(system.with::<T>())` in Rust".to_owned(),
            });
        }
        if system.start {
            return Err(RustError {
                name: system.name.clone(),
                reason: "it runs in the first step only; make what it makes where the simulation is built".to_owned(),
            });
        }
        let row = shape::row_loop(system);
        let form = match row {
            Some(_) => Form::Row,
            None if system.inputs.iter().any(|input| input.has_rows()) => Form::Chunk,
            None => Form::Whole,
        };
        let params = params(module, system, form)?;
        if let Some(line) = line_of(module, system, texts) {
            let _ = writeln!(out, "\n/// `{}`, {line}.", system.name);
        } else {
            let _ = writeln!(out, "\n/// `{}`.", system.name);
        }
        let _ = writeln!(out, "pub fn {name}({params}) {{");
        out.push_str(&body::body(module, system, row, texts, &mut helpers)?);
        out.push_str("}\n");
        let verb = match form {
            Form::Row => "each",
            Form::Chunk => "chunks",
            Form::Whole => "system",
        };
        let _ = writeln!(adds, "    sim.{verb}({name});");
    }
    out.push_str("\n/// Adds the systems to a simulation, in written order.\n");
    let _ = write!(out, "pub fn add(sim: &mut Sim) {{\n{adds}}}\n");
    out.push_str(&helpers.text());
    Ok(out)
}

/// The structs of components alone.
pub(crate) fn declarations(
    components: &[Component],
    sources: &[String],
) -> Result<String, RustError> {
    let sources = sources.join(", ");
    let entity = |field: &Field| field.scalar == Scalar::Entity;
    let holds_entities = |component: &Component| component.fields.iter().any(entity);
    let names = match components.iter().any(holds_entities) {
        true => "{Entity, component}",
        false => "component",
    };
    let mut out = format!(
        "//! Made from {sources} by `layerw_script::bindings`; change that and make it again.\n\nuse layerw::{names};\n"
    );
    for component in components {
        out.push_str(&declaration(component)?);
    }
    Ok(out)
}

fn imports(module: &Module) -> String {
    let inputs = || module.systems.iter().flat_map(|system| &system.inputs);
    let uses_cx = inputs().any(|input| takes_context(*input));
    let resources = |written: bool| {
        module.systems.iter().any(|system| {
            let writes = shape::written(system);
            let mut inputs = (0..).zip(&system.inputs);
            inputs.any(|(number, input)| {
                matches!(input, Input::Resource(_)) && writes.contains(&number) == written
            })
        })
    };
    let entity = |field: &Field| field.scalar == Scalar::Entity;
    let holds_entities = |component: &Component| component.fields.iter().any(entity);
    let mut names = Vec::new();
    if module.systems.iter().any(records_commands) {
        names.push("Commands");
    }
    if uses_cx {
        names.push("Cx");
    }
    if inputs().any(|input| *input == Input::Entities)
        || module.components.iter().any(holds_entities)
    {
        names.push("Entity");
    }
    if inputs().any(|input| matches!(input, Input::Events(_))) {
        names.push("Events");
    }
    if resources(false) {
        names.push("Res");
    }
    if resources(true) {
        names.push("ResMut");
    }
    names.push("Sim");
    if !module.components.is_empty() {
        names.push("component");
    }
    match names.as_slice() {
        [one] => format!("use layerw::{one};"),
        all => format!("use layerw::{{{}}};", all.join(", ")),
    }
}

fn records_commands(system: &System) -> bool {
    let mut found = false;
    system
        .body
        .walk(&mut |inst| found |= matches!(inst.op, Op::Command(_)));
    found
}

/// Whether an input is asked of the context.
fn takes_context(input: Input) -> bool {
    matches!(input, Input::Dt | Input::Dt64 | Input::Step | Input::Seed)
}

/// A component as a struct whose layout is the script's.
fn declaration(component: &Component) -> Result<String, RustError> {
    let name = names::type_name(&component.name)?;
    let ty = |field: &Field| match field.count {
        1 => field.scalar.name().to_owned(),
        count => format!("[{}; {count}]", field.scalar.name()),
    };
    let mut out = String::new();
    let _ = writeln!(out, "\n/// `{}` of the script.", component.name);
    if name == component.name {
        let _ = writeln!(out, "#[component]");
    } else {
        let _ = writeln!(out, "#[component(name = {:?})]", component.name);
    }
    let _ = writeln!(out, "#[derive(Debug, PartialEq)]");
    if component.fields.is_empty() {
        let _ = writeln!(out, "pub struct {name};");
    } else if names::is_tuple(component) {
        let fields: Vec<String> = component
            .fields
            .iter()
            .map(|field| format!("pub {}", ty(field)))
            .collect();
        let _ = writeln!(out, "pub struct {name}({});", fields.join(", "));
    } else {
        let mut before = String::new();
        let _ = writeln!(out, "pub struct {name} {{");
        let mut rest = component.fields.as_slice();
        while let [field, after @ ..] = rest {
            if let Some((first, _)) = field.name.split_once('.') {
                let (inner, count) = nested(component, first, rest);
                before.push_str(&declaration(&inner)?);
                let ty = names::type_name(&inner.name)?;
                let first = names::segment(component, first)?;
                let _ = writeln!(out, "    /// `{first}`.\n    pub {first}: {ty},");
                rest = &rest[count..];
                continue;
            }
            rest = after;
            let _ = writeln!(out, "    /// `{}`.", field.name);
            let _ = writeln!(
                out,
                "    pub {}: {},",
                names::field(component, field)?,
                ty(field)
            );
        }
        out.push_str("}\n");
        out.insert_str(0, &before);
    }
    Ok(out)
}

/// The value that a component's next fields are of, as a component of its own, and how many fields they are.
fn nested(component: &Component, first: &str, rest: &[Field]) -> (Component, usize) {
    let part = |field: &Field| {
        let (one, name) = field.name.split_once('.')?;
        let name = name.to_owned();
        (one == first).then(|| Field {
            name,
            ..field.clone()
        })
    };
    let fields: Vec<Field> = rest.iter().map_while(part).collect();
    let mut letters = first.chars();
    let capital = letters.next().map(|first| first.to_uppercase().to_string());
    let name = format!(
        "{}{}{}",
        component.name,
        capital.unwrap_or_default(),
        letters.as_str()
    );
    let count = fields.len();
    (Component { name, fields }, count)
}

/// The parameters of a system's function: its columns and resources in order, then the context.
fn params(module: &Module, system: &System, form: Form) -> Result<String, RustError> {
    let writes = shape::written(system);
    let mut params = Vec::new();
    let records = records_commands(system);
    let entities = system.inputs.contains(&Input::Entities);
    if form == Form::Chunk && (records || entities) {
        return Err(RustError {
            name: system.name.clone(),
            reason: "it takes entities or records commands, and is not one loop over the rows; write such a system in Rust".to_owned(),
        });
    }
    for (number, input) in system.inputs.iter().enumerate() {
        if *input == Input::Entities {
            params.push("entity: Entity".to_owned());
        }
        let Some(component) = input.component() else {
            continue;
        };
        let component = &module.components[component];
        let name = names::param(component)?;
        let ty = names::type_name(&component.name)?;
        let written = writes.contains(&(number as u32));
        params.push(match (input, form, written) {
            (Input::Events(_), Form::Whole, _) => format!("{name}: Events<{ty}>"),
            (Input::Events(_), ..) => {
                return Err(RustError {
                    name: system.name.clone(),
                    reason: "it reads events and takes rows; write such a system in Rust"
                        .to_owned(),
                });
            }
            (Input::Resource(_), _, false) => format!("{name}: Res<{ty}>"),
            (Input::Resource(_), Form::Whole, true) => format!("mut {name}: ResMut<{ty}>"),
            (Input::Resource(_), _, true) => {
                return Err(RustError {
                    name: system.name.clone(),
                    reason: format!(
                        "it writes the resource `{}` and takes rows; write such a system in Rust",
                        component.name
                    ),
                });
            }
            (_, Form::Row, false) => format!("{name}: &{ty}"),
            (_, Form::Row, true) => format!("{name}: &mut {ty}"),
            (_, Form::Whole, _) => unreachable!("it has no columns"),
            (_, Form::Chunk, false) => format!("{name}: &[{ty}]"),
            (_, Form::Chunk, true) => format!("{name}: &mut [{ty}]"),
        });
    }
    if records {
        params.push("mut commands: Commands".to_owned());
    }
    if system.inputs.iter().any(|input| takes_context(*input)) {
        params.push("cx: Cx".to_owned());
    }
    Ok(params.join(", "))
}

/// `movement.ts:7`: where the system's first instruction comes from.
fn line_of(module: &Module, system: &System, texts: &[&str]) -> Option<String> {
    let mut at = None;
    system.body.walk(&mut |inst| at = at.or(inst.at));
    place(module, at?, texts)
}

/// `movement.ts:7`.
fn place(module: &Module, at: super::ir::At, texts: &[&str]) -> Option<String> {
    let text = texts.get(at.source as usize)?;
    let name = module.sources.get(at.source as usize)?;
    let before = text.get(..at.byte as usize)?;
    Some(format!("{name}:{}", before.matches('\n').count() + 1))
}
