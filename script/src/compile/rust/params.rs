//! How a system's function is called: what it takes, and which verb of the simulation adds it.

use super::{RustError, names, refused, shape};
use crate::compile::ir::{Input, Module, Op, System};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Parameters that a function may have which becomes a system.
const PARAMS_MAX: usize = 12;

/// Filters that stand in one tuple.
const FILTERS_MAX: usize = 4;

/// How a system is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For one row.
    Row,
    /// For the rows of a chunk.
    Chunk,
    /// Once a step, without rows.
    Whole,
    /// Once a step, and goes over all rows itself, since it writes what they share.
    Rows,
    /// Once a step, and goes over all chunks itself.
    Chunks,
}

/// A system's function, before its body.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) form: Form,
    /// The name of each input that has one.
    pub(super) inputs: Vec<String>,
    /// Inputs that are written.
    pub(super) written: BTreeSet<u32>,
    /// Between the brackets.
    pub(super) params: String,
    /// What adds it to the variable `sim`.
    pub(super) add: String,
}

impl Function {
    /// The function of a system under a name.
    pub(super) fn of(
        module: &Module,
        system: &System,
        name: &str,
        by_row: bool,
    ) -> Result<Self, RustError> {
        let written = shape::written(system);
        let has_rows = system.inputs.iter().any(|input| input.has_rows());
        let shared = (0..).zip(&system.inputs).any(|(number, input)| {
            matches!(input, Input::Resource(_)) && written.contains(&number)
        });
        let form = match (has_rows, by_row, shared) {
            (false, ..) => Form::Whole,
            (true, true, false) => Form::Row,
            (true, false, false) => Form::Chunk,
            (true, true, true) => Form::Rows,
            (true, false, true) => Form::Chunks,
        };
        let mut function = Function {
            form,
            inputs: inputs(module, system, form)?,
            written,
            params: String::new(),
            add: String::new(),
        };
        let params = function.params(module, system)?;
        if params.len() > PARAMS_MAX {
            return Err(refused(
                &system.name,
                format!(
                    "it takes {} things, and a function that becomes a system takes {PARAMS_MAX}; split it, or put resources together",
                    params.len()
                ),
            ));
        }
        function.params = params.join(", ");
        function.add = function.adding(module, system, name)?;
        Ok(function)
    }

    /// Whether any rows are written.
    fn writes_rows(&self, system: &System) -> bool {
        let mut inputs = (0..).zip(&system.inputs);
        inputs.any(|(number, input)| input.has_rows() && self.written.contains(&number))
    }

    /// Its columns and resources in order, then the context.
    fn params(&self, module: &Module, system: &System) -> Result<Vec<String>, RustError> {
        let mut params = Vec::new();
        let over_all = matches!(self.form, Form::Rows | Form::Chunks);
        if over_all {
            let mutable = if self.writes_rows(system) { "mut " } else { "" };
            params.push(format!(
                "{mutable}rows: Query<{}>",
                self.query(module, system)?
            ));
        }
        for ((number, input), name) in (0..).zip(&system.inputs).zip(&self.inputs) {
            let ty = || names::type_name(&module.components[input.component().unwrap_or(0)].name);
            let written = self.written.contains(&number);
            params.push(match (input, self.form) {
                (Input::Entities, Form::Row) => format!("{name}: Entity"),
                (Input::Entities, Form::Chunk) => format!("{name}: &[Entity]"),
                (Input::Column(_), Form::Row) if written => format!("{name}: &mut {}", ty()?),
                (Input::Column(_), Form::Row) => format!("{name}: &{}", ty()?),
                (Input::Column(_), Form::Chunk) if written => format!("{name}: &mut [{}]", ty()?),
                (Input::Column(_), Form::Chunk) => format!("{name}: &[{}]", ty()?),
                (Input::Events(_), _) => format!("{name}: Events<{}>", ty()?),
                (Input::Resource(_), _) if written => format!("mut {name}: ResMut<{}>", ty()?),
                (Input::Resource(_), _) => format!("{name}: Res<{}>", ty()?),
                _ => continue,
            });
        }
        if records_commands(system) {
            params.push("mut commands: Commands".to_owned());
        }
        if system.inputs.iter().any(|input| takes_context(*input)) {
            params.push("cx: Cx".to_owned());
        }
        Ok(params)
    }

    /// `(Entity, &mut Position), With<Burning>`
    fn query(&self, module: &Module, system: &System) -> Result<String, RustError> {
        let mut fetch = Vec::new();
        for (number, input) in (0..).zip(&system.inputs) {
            let written = self.written.contains(&number);
            fetch.push(match input {
                Input::Entities => "Entity".to_owned(),
                Input::Column(component) => {
                    let ty = names::type_name(&module.components[*component as usize].name)?;
                    let reference = if written { "&mut " } else { "&" };
                    format!("{reference}{ty}")
                }
                _ => continue,
            });
        }
        if fetch.len() > PARAMS_MAX {
            return Err(refused(
                &system.name,
                format!(
                    "it writes a resource and takes {} columns, and a query fetches {PARAMS_MAX}; split it, or put components together",
                    fetch.len()
                ),
            ));
        }
        let mut filters = Vec::new();
        for (which, components) in filters_of(system) {
            for component in components {
                let ty = names::type_name(&module.components[*component as usize].name)?;
                filters.push(format!("{which}<{ty}>"));
            }
        }
        while filters.len() > FILTERS_MAX {
            let groups = filters.chunks(FILTERS_MAX);
            filters = groups
                .map(|group| format!("({})", group.join(", ")))
                .collect();
        }
        let mut query = tuple(&fetch);
        if !filters.is_empty() {
            // A String takes everything.
            let _ = write!(query, ", {}", tuple(&filters));
        }
        Ok(query)
    }

    /// What stands before the body of a function that goes over rows or chunks itself.
    pub(super) fn over(&self, system: &System) -> String {
        let rows = system.inputs.iter().zip(&self.inputs);
        let names: Vec<String> = rows
            .filter(|(input, _)| input.has_rows())
            .map(|(_, name)| name.clone())
            .collect();
        let by = match (self.form, self.writes_rows(system)) {
            (Form::Rows, false) => "iter",
            (Form::Rows, true) => "iter_mut",
            (_, false) => "slices",
            (_, true) => "slices_mut",
        };
        format!("for {} in rows.{by}() {{", tuple(&names))
    }

    /// `sim.each(burn.with::<Burning>())`
    fn adding(&self, module: &Module, system: &System, name: &str) -> Result<String, RustError> {
        let mut filters = String::new();
        for (which, components) in filters_of(system) {
            for component in components {
                let ty = names::type_name(&module.components[*component as usize].name)?;
                let _ = write!(filters, ".{}::<{ty}>()", which.to_lowercase());
            }
        }
        Ok(match self.form {
            Form::Row => format!("sim.each({name}{filters})"),
            Form::Chunk if filters.is_empty() => format!("sim.chunks({name})"),
            Form::Chunk => format!("sim.each(over_chunks({name}){filters})"),
            Form::Whole | Form::Rows | Form::Chunks => format!("sim.system({name})"),
        })
    }
}

fn filters_of(system: &System) -> [(&'static str, &[u32]); 2] {
    let filter = &system.filter;
    [("With", &filter.with), ("Without", &filter.without)]
}

/// One alone, several in brackets.
fn tuple(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    }
}

/// A name for each input, no two the same; empty for those that have none.
fn inputs(module: &Module, system: &System, form: Form) -> Result<Vec<String>, RustError> {
    let mut taken = BTreeSet::new();
    let names = system.inputs.iter().map(|input| {
        let mut name = match (input.component(), form) {
            (Some(component), _) => names::param(&module.components[component])?,
            (None, Form::Row | Form::Rows) if *input == Input::Entities => "entity".to_owned(),
            (None, _) if *input == Input::Entities => "entities".to_owned(),
            (None, _) => return Ok(String::new()),
        };
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        Ok(name)
    });
    names.collect()
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
