//! Systems: classes with `update`, `start` or both, which become a system each.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Filter, Input, Scalar};
use super::super::tree::SystemTree;
use super::classes::{Shape, array_of, events_of, is_context, is_world};
use super::frame::{Frame, Name};
use super::items::{Checker, Item, at, simple_name};
use oxc_ast::ast::{
    self, ArrayExpressionElement, Class as ClassNode, ClassElement, Expression,
    MethodDefinitionKind, PropertyDefinition, PropertyKey,
};
use oxc_span::GetSpan;

/// A class that is a system, before its methods are looked at.
pub struct SystemSource<'p, 'a> {
    source: u32,
    name: &'a str,
    methods: Vec<(Method, &'p ast::Function<'a>)>,
    filters: Vec<&'p PropertyDefinition<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    /// Once, before the first step.
    Start,
    Update,
}

impl<'p, 'a> SystemSource<'p, 'a> {
    /// The class as a system; None if it has no methods.
    pub fn of(source: u32, name: &'a str, node: &'p ClassNode<'a>) -> Outcome<Option<Self>> {
        let mut methods = Vec::new();
        let mut fields = Vec::new();
        for element in &node.body.body {
            match element {
                ClassElement::MethodDefinition(method) => match method_of(method) {
                    Some(which) => methods.push((which, &*method.value)),
                    None => {
                        return problem(
                            at(source, method.span),
                            "a class has no methods but a system's `update` and `start`; write a function outside of the class and pass it what it needs",
                        );
                    }
                },
                ClassElement::PropertyDefinition(field) => fields.push(&**field),
                other => {
                    return problem(
                        at(source, other.span()),
                        "a component has fields and a system has `update`; nothing else stands in a class",
                    );
                }
            }
        }
        if methods.is_empty() {
            return Ok(None);
        }
        let (filters, kept): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|field| is_filter(field));
        if let Some(field) = kept.first() {
            return problem(
                at(source, field.span),
                "a system runs on many workers at once and keeps nothing; put this into a component or a resource",
            );
        }
        Ok(Some(SystemSource {
            source,
            name,
            methods,
            filters,
        }))
    }
}

fn method_of(method: &ast::MethodDefinition<'_>) -> Option<Method> {
    let PropertyKey::StaticIdentifier(key) = &method.key else {
        return None;
    };
    let plain = method.kind == MethodDefinitionKind::Method && !method.r#static && !method.computed;
    match key.name.as_str() {
        "start" if plain => Some(Method::Start),
        "update" if plain => Some(Method::Update),
        _ => None,
    }
}

fn filter_name<'f>(field: &'f PropertyDefinition<'_>) -> Option<&'f str> {
    match &field.key {
        PropertyKey::StaticIdentifier(key) if field.r#static && !field.computed => {
            Some(key.name.as_str())
        }
        _ => None,
    }
}

fn is_filter(field: &PropertyDefinition<'_>) -> bool {
    matches!(filter_name(field), Some("with" | "without"))
}

/// A parameter: what the module is given for it, and what its name stands for.
type Bound<'a> = (Vec<Input>, Name, &'a str, At);

impl<'p, 'a> Checker<'p, 'a> {
    /// Checks all systems. What their parameters name is made known first, so that commands find it whatever the order.
    pub fn resolve_systems(&mut self) {
        let mut found = Vec::new();
        for system in std::mem::take(&mut self.systems) {
            let filter = self.filter(&system);
            let filter = match filter {
                Ok(filter) => filter,
                Err(problem) => {
                    self.note(Err(problem));
                    continue;
                }
            };
            for &(method, node) in &system.methods {
                match self.parameters(system.source, node) {
                    Ok(params) => found.push((
                        system.source,
                        system.name,
                        method,
                        node,
                        params,
                        filter.clone(),
                    )),
                    Err(problem) => self.note(Err(problem)),
                }
            }
        }
        for (source, name, method, node, params, filter) in found {
            let outcome = self.system(source, name, method, node, params, filter);
            self.note(outcome);
        }
    }

    /// `static with = [Burning]; static without = [Dead];`
    fn filter(&self, system: &SystemSource<'p, 'a>) -> Outcome<Filter> {
        let mut filter = Filter::default();
        for field in &system.filters {
            let place = at(system.source, field.span);
            let Some(Expression::ArrayExpression(list)) = &field.value else {
                return problem(place, "write a list of classes: `static with = [Burning];`");
            };
            for one in &list.elements {
                let number = match one {
                    ArrayExpressionElement::SpreadElement(_)
                    | ArrayExpressionElement::Elision(_) => {
                        return problem(
                            place,
                            "write a list of classes: `static with = [Burning];`",
                        );
                    }
                    other => match other.as_expression() {
                        Some(expr) => self.component_as_value(system.source, expr)?,
                        None => continue,
                    },
                };
                match filter_name(field) {
                    Some("with") => filter.with.push(number),
                    _ => filter.without.push(number),
                }
            }
        }
        Ok(filter)
    }

    /// A component named by its class, or by a text with its name where it wraps one value.
    pub fn component_as_value(&self, source: u32, expr: &Expression<'_>) -> Outcome<u32> {
        let place = at(source, expr.span());
        match expr {
            Expression::Identifier(id) => match self.names.get(id.name.as_str()) {
                Some(&Item::Class(class)) if !self.classes[class].is_vector() => {
                    self.component("", Shape::Class(class), place)
                }
                _ => problem(
                    place,
                    format!(
                        "`{}` is no class of a component; name one, or write the name of a column in quotes: \"positions\"",
                        id.name
                    ),
                ),
            },
            Expression::StringLiteral(text) => {
                let name = super::classes::component_name(text.value.as_str());
                let known = self.registry.borrow().named(&name);
                match known {
                    Some(number) => Ok(number),
                    None => problem(
                        place,
                        format!(
                            "no column of component `{name}` is named in the script; name a class, or a column"
                        ),
                    ),
                }
            }
            _ => problem(
                place,
                "a component is named by its class, or by the name of a column in quotes",
            ),
        }
    }

    /// The parameters of a system's method.
    fn parameters(&self, source: u32, node: &'p ast::Function<'a>) -> Outcome<Vec<Bound<'a>>> {
        if node.generator || node.r#async || node.type_parameters.is_some() {
            return problem(
                at(source, node.span),
                "`update` and `start` are plain methods: no generator, async or type parameters",
            );
        }
        if let Some(rest) = &node.params.rest {
            return problem(
                at(source, rest.span),
                "a system takes a fixed number of parameters",
            );
        }
        let mut found: Vec<Bound<'a>> = Vec::new();
        for param in &node.params.items {
            let place = at(source, param.span);
            let name = simple_name(source, &param.pattern)?;
            let Some(annotation) = &param.type_annotation else {
                return problem(
                    place,
                    format!(
                        "`{name}` needs a type: `{name}: Vec2[]` for a column, `{name}: number` for the seconds of the step"
                    ),
                );
            };
            let number = found.iter().map(|one| one.0.len() as u32).sum();
            let (inputs, bound) =
                self.parameter(source, &annotation.type_annotation, name, place, number)?;
            let mut known = found.iter().flat_map(|one| &one.0);
            if let Some(&input) = inputs.first()
                && known.any(|known| same(*known, input))
            {
                return problem(
                    place,
                    match input {
                        Input::Column(_) | Input::Resource(_) | Input::Events(_) => format!(
                            "`{name}` is a component that another parameter is already; a system takes each once"
                        ),
                        Input::Entities => {
                            format!("`{name}` is the entities, which another parameter is already")
                        }
                        _ => format!(
                            "`{name}` is the second plain number; a system takes one, the seconds of the step: put others into a resource"
                        ),
                    },
                );
            }
            found.push((inputs, bound, name, place));
        }
        Ok(found)
    }

    /// What a parameter of a type is; `input` is the number that it gets.
    fn parameter(
        &self,
        source: u32,
        ty: &'p ast::TSType<'a>,
        name: &'a str,
        place: At,
        input: u32,
    ) -> Outcome<(Vec<Input>, Name)> {
        if let Some(element) = array_of(ty) {
            let shape = self.shape(source, element)?;
            // What a column of entities holds: the rows themselves. A component with an entity in it is a class.
            let column = match shape {
                Shape::Scalar(Scalar::Entity) => Input::Entities,
                shape => {
                    if let Shape::Class(class) = shape {
                        self.without_arrays(class, place)?;
                    }
                    Input::Column(self.component(name, shape, place)?)
                }
            };
            return Ok((vec![column], Name::Column { input, shape }));
        }
        if is_context(ty) {
            return Ok((Vec::new(), Name::Context));
        }
        if is_world(ty) {
            return Ok((Vec::new(), Name::World));
        }
        if let Some(events) = events_of(ty) {
            let Shape::Class(class) = self.shape(source, events)? else {
                return problem(place, "events are of a class: `hits: Events<Hit>`");
            };
            self.without_arrays(class, place)?;
            let component = self.component(name, Shape::Class(class), place)?;
            let (inputs, count) = (
                vec![Input::Events(component), Input::EventCount(component)],
                input + 1,
            );
            return Ok((
                inputs,
                Name::Events {
                    input,
                    count,
                    class,
                },
            ));
        }
        match self.shape(source, ty)? {
            Shape::Class(class) => {
                let component = self.component(name, Shape::Class(class), place)?;
                if let Some(values) = self.initial_of(class) {
                    self.registry.borrow_mut().resource(component, values);
                }
                Ok((
                    vec![Input::Resource(component)],
                    Name::Resource { input, class },
                ))
            }
            Shape::Array(..) => unreachable!("no type is written for an array"),
            Shape::Scalar(ty) => {
                let given = match ty {
                    Scalar::F32 => Input::Dt,
                    Scalar::F64 => Input::Dt64,
                    _ => {
                        return problem(
                            place,
                            format!(
                                "`{name}` is {}; the only plain number that a system takes is the seconds of the step, a `number`",
                                ty.name()
                            ),
                        );
                    }
                };
                Ok((vec![given], Name::Input { input, ty }))
            }
        }
    }

    fn system(
        &mut self,
        source: u32,
        name: &'a str,
        method: Method,
        node: &'p ast::Function<'a>,
        params: Vec<Bound<'a>>,
        filter: Filter,
    ) -> Outcome<()> {
        let mut inputs: Vec<(Input, String)> = Vec::new();
        for (given, _, name, _) in &params {
            inputs.extend(given.iter().map(|input| match input {
                Input::EventCount(_) => (*input, format!("{name}_length")),
                input => (*input, (*name).to_owned()),
            }));
        }
        if inputs.iter().any(|(input, _)| input.has_rows()) {
            inputs.push((Input::Count, "count".to_owned()));
        } else if filter != Filter::default() {
            return problem(
                at(source, node.span),
                format!(
                    "`{name}` says which entities it is for and takes no column; take one, or `entities: Entity[]`"
                ),
            );
        }
        let mut frame = Frame::new(self, source);
        frame.inputs = inputs;
        for (_, bound, name, place) in params {
            frame.bind(name, bound, place)?;
        }
        let mut body = Vec::new();
        if let Some(node) = &node.body {
            frame.statements(&node.statements, &mut body);
        }
        let inputs = std::mem::take(&mut frame.inputs);
        let names = frame.names();
        let (locals, elements, problems) = frame.done();
        problems
            .into_iter()
            .for_each(|problem| self.note(Err(problem)));
        self.tree.systems.push(SystemTree {
            // No class has such a name.
            name: match method {
                Method::Start => format!("{name}.start"),
                Method::Update => name.to_owned(),
            },
            inputs,
            filter,
            start: method == Method::Start,
            body,
            locals,
            elements,
            names,
        });
        Ok(())
    }
}

/// Whether two inputs are the same, or of the same component, which would overlap.
fn same(a: Input, b: Input) -> bool {
    a == b || (a.component().is_some() && a.component() == b.component())
}
