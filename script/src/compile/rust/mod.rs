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
mod labels;
mod literal;
mod names;
mod params;
mod resources;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod uses;

use super::ir::{Component, Field, Module, Scalar, System};
use params::Function;
use std::fmt::Write;

/// What cannot be said in Rust text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}`{name}` cannot be written as Rust: {reason}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct RustError {
    /// Where its class stands, as `file:line:column`, where that is known.
    pub place: Option<String>,
    /// The system or component.
    pub name: String,
    /// Why, and what to do about it.
    pub reason: String,
}

/// A refusal whose place is not known yet.
fn refused(name: &str, reason: impl Into<String>) -> RustError {
    RustError {
        place: None,
        name: name.to_owned(),
        reason: reason.into(),
    }
}

/// The Rust text of a module. `texts` are the sources, in the order of [`Module::sources`], by which comments name lines; without them there are no
/// comments.
///
/// # Errors
/// A name that Rust has not, or a system that takes more than a function of Rust can; with the place of its class.
///
/// # Panics
/// The module is not in scalar form.
pub fn text(module: &Module, texts: &[&str]) -> Result<String, RustError> {
    written(module, texts).map_err(|error| RustError {
        place: place_of_class(module, &error.name, texts),
        ..error
    })
}

fn written(module: &Module, texts: &[&str]) -> Result<String, RustError> {
    let mut code = String::new();
    for component in &module.components {
        code.push_str(&declaration(component)?);
    }
    let system_names = module.systems.iter().map(|system| system.name.as_str());
    let names = names::functions(system_names, &module.components)?;
    let (mut starting, mut adds) = (String::new(), String::new());
    let mut helpers = expr::Helpers::default();
    for (system, name) in module.systems.iter().zip(&names) {
        let row = shape::row_loop(system);
        let function = Function::of(module, system, name, row.is_some())?;
        if let Some(line) = line_of(module, system, texts) {
            let _ = writeln!(code, "\n/// `{}`, {line}.", system.name);
        } else {
            let _ = writeln!(code, "\n/// `{}`.", system.name);
        }
        let body = body::body(module, system, &function, row, texts, &mut helpers)?;
        let body = labels::without_unused(&body);
        let (params, body) = labels::with_unused_marked(&function, body);
        let _ = writeln!(code, "pub fn {name}({params}) {{");
        code.push_str(&body);
        code.push_str("}\n");
        let add = &function.add;
        let _ = match system.start {
            true => writeln!(starting, "        {add};"),
            false => writeln!(adds, "    {add};"),
        };
    }
    let resources = resources::function(module)?;
    code.push_str(&resources);
    code.push_str("\n/// Adds the systems to a simulation, in written order");
    code.push_str(match resources.is_empty() {
        true => ".\npub fn add(sim: &mut Sim) {\n",
        false => {
            ", and what they need.\npub fn add(sim: &mut Sim) {\n    resources(&mut sim.world);\n"
        }
    });
    if !starting.is_empty() {
        let _ = writeln!(code, "    sim.start(|sim| {{\n{starting}    }});");
    }
    let _ = writeln!(code, "{adds}}}");
    code.push_str(&helpers.text());
    let sources = module.sources.join(", ");
    let head = format!(
        "//! Made from {sources} by `layerw_script::compile`; change that and make it again.\n\n"
    );
    Ok(head + &imports(&code) + &code)
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

/// What the code names of the engine.
fn imports(code: &str) -> String {
    const NAMES: [(&str, &str); 15] = [
        ("Commands", "Commands"),
        ("Cx", "Cx"),
        ("Entity", "Entity"),
        ("Events", "Events"),
        (".with::<", "IntoRow"),
        (".without::<", "IntoRow"),
        ("Query", "Query"),
        ("Res", "Res"),
        ("ResMut", "ResMut"),
        ("Sim", "Sim"),
        ("With", "With"),
        ("Without", "Without"),
        ("World", "World"),
        ("#[component", "component"),
        ("over_chunks(", "ecs::chunks::over_chunks"),
    ];
    let lines = || {
        code.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    };
    let used = NAMES
        .iter()
        .filter(|(mark, _)| lines().any(|line| labels::words(line, mark).next().is_some()));
    let mut names: Vec<&str> = used.map(|(_, name)| *name).collect();
    names.dedup();
    match names.as_slice() {
        [one] => format!("use layerw::{one};\n"),
        all => format!("use layerw::{{{}}};\n", all.join(", ")),
    }
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

/// `movement.ts:7`: where the system's first instruction comes from.
fn line_of(module: &Module, system: &System, texts: &[&str]) -> Option<String> {
    let mut at = None;
    system.body.walk(&mut |inst| at = at.or(inst.at));
    place(module, at?, texts)
}

/// `movement.ts:7:1`: where the class of that name, or of a system's name, is declared.
fn place_of_class(module: &Module, name: &str, texts: &[&str]) -> Option<String> {
    let class = name.split('.').next()?;
    let declared = |text: &str| {
        let mut places = text.match_indices(class);
        places.find_map(|(at, _)| {
            let before = text[..at].trim_end();
            let spaced = before.len() < at && before.ends_with("class");
            let ends = !text[at + class.len()..].starts_with(|c: char| c.is_alphanumeric());
            (spaced && ends).then_some(at)
        })
    };
    let mut sources = texts.iter().zip(&module.sources);
    sources.find_map(|(text, source)| {
        let at = declared(text)?;
        let line = text[..at].matches('\n').count() + 1;
        let column = text[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some(format!("{source}:{line}:{column}"))
    })
}

/// `movement.ts:7`.
fn place(module: &Module, at: super::ir::At, texts: &[&str]) -> Option<String> {
    let text = texts.get(at.source as usize)?;
    let name = module.sources.get(at.source as usize)?;
    let before = text.get(..at.byte as usize)?;
    Some(format!("{name}:{}", before.matches('\n').count() + 1))
}
