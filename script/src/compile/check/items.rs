//! What stands at the top level of the sources.

use super::super::diagnostic::{Outcome, Problem, problem};
use super::super::ir::{At, Component, Input};
use super::super::tree::{Function, Param, SystemTree, Tree};
use super::PROBLEMS_MAX;
use super::classes::{Class, Shape, component_name, prelude};
use super::frame::{Frame, Name};
use oxc_ast::ast::{
    self, BindingPattern, Class as ClassNode, ClassElement, Declaration,
    ExportDefaultDeclarationKind, MethodDefinitionKind, Program, PropertyKey, Statement,
    VariableDeclarationKind,
};
use oxc_span::{GetSpan, Span};
use std::collections::BTreeMap;

/// What a name of the top level stands for.
#[derive(Debug, Clone, Copy)]
pub enum Item {
    Class(usize),
    Function(usize),
    /// Of the constants, by number in the tree.
    Global(usize),
    /// A number that takes the type that its place asks for.
    Literal(f64),
    System,
}

/// The declaration of a function, before its body is looked at.
pub struct Signature<'p, 'a> {
    pub source: u32,
    pub node: &'p ast::Function<'a>,
    pub name: &'a str,
    pub params: Vec<(&'a str, Shape, At)>,
    pub result: Option<super::super::ir::Scalar>,
}

#[derive(Default)]
pub struct Checker<'p, 'a> {
    pub tree: Tree,
    pub problems: Vec<Problem>,
    pub classes: Vec<Class<'p, 'a>>,
    pub signatures: Vec<Signature<'p, 'a>>,
    pub names: BTreeMap<&'a str, Item>,
    systems: Vec<(u32, &'a str, &'p ast::Function<'a>)>,
    globals: Vec<(u32, &'p ast::VariableDeclarator<'a>)>,
    components: BTreeMap<String, u32>,
}

impl<'p, 'a> Checker<'p, 'a> {
    /// Finds what the sources declare.
    pub fn collect(&mut self, programs: &'p [Program<'a>]) {
        for class in prelude() {
            self.names
                .insert(class.name, Item::Class(self.classes.len()));
            self.classes.push(class);
        }
        for (source, program) in (0..).zip(programs) {
            for statement in &program.body {
                let outcome = self.item(source, statement);
                self.note(outcome);
            }
        }
    }

    /// Keeps a problem and goes on.
    pub fn note(&mut self, outcome: Outcome<()>) {
        if let Err(problem) = outcome
            && self.problems.len() < PROBLEMS_MAX
        {
            self.problems.push(problem);
        }
    }

    fn item(&mut self, source: u32, statement: &'p Statement<'a>) -> Outcome<()> {
        match statement {
            Statement::EmptyStatement(_) => Ok(()),
            Statement::ImportDeclaration(node) => {
                let from = node.source.value.as_str();
                match from == "layerw" || from.starts_with("./") || from.starts_with("../") {
                    // Names of all sources are known everywhere; the line is for the editor.
                    true => Ok(()),
                    false => problem(
                        at(source, node.span),
                        format!(
                            "nothing can be imported from \"{from}\"; only from \"layerw\" and from files of this script"
                        ),
                    ),
                }
            }
            Statement::ExportDeclaration(node) => self.declaration(source, &node.declaration),
            Statement::ExportDefaultDeclaration(node) => match &node.declaration {
                ExportDefaultDeclarationKind::ClassDeclaration(class) => self.class(source, class),
                ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                    self.function(source, function)
                }
                _ => problem(
                    at(source, node.span),
                    "only a class or a function can be exported",
                ),
            },
            Statement::ExportNamedDeclaration(_) => Ok(()),
            _ => match statement.as_declaration() {
                Some(declaration) => self.declaration(source, declaration),
                None => problem(
                    at(source, statement.span()),
                    "only classes, functions and constants stand outside of them; put this into the `update` of a class",
                ),
            },
        }
    }

    fn declaration(&mut self, source: u32, declaration: &'p Declaration<'a>) -> Outcome<()> {
        match declaration {
            Declaration::ClassDeclaration(class) => self.class(source, class),
            Declaration::FunctionDeclaration(function) => self.function(source, function),
            Declaration::VariableDeclaration(node) => {
                if node.kind != VariableDeclarationKind::Const {
                    return problem(
                        at(source, node.span),
                        "a variable outside of a system would be shared by all workers; make it `const`, or put it into a resource",
                    );
                }
                for one in &node.declarations {
                    self.globals.push((source, one));
                }
                Ok(())
            }
            other => problem(
                at(source, other.span()),
                "this declaration is not in the language; declare classes, functions and constants",
            ),
        }
    }

    fn declare(&mut self, name: &'a str, item: Item, place: At) -> Outcome<()> {
        let taken =
            super::classes::scalar_named(name).is_some() || ["Math", "Context"].contains(&name);
        if taken {
            return problem(
                place,
                format!("`{name}` is a name of the language; choose another one"),
            );
        }
        match self.names.insert(name, item) {
            None => Ok(()),
            Some(_) => problem(
                place,
                format!("`{name}` is declared twice; give one of them another name"),
            ),
        }
    }

    fn class(&mut self, source: u32, node: &'p ClassNode<'a>) -> Outcome<()> {
        let Some(id) = &node.id else {
            return problem(at(source, node.span), "a class needs a name");
        };
        let name = id.name.as_str();
        let place = at(source, id.span);
        if let Some(heritage) = &node.heritage {
            return problem(
                at(source, heritage.expression.span()),
                format!(
                    "`{name}` cannot extend another class; repeat its fields, or give an entity both components"
                ),
            );
        }
        if node.type_parameters.is_some() || !node.decorators.is_empty() {
            return problem(
                place,
                format!("`{name}` has type parameters or decorators; write a plain class"),
            );
        }
        let mut update = None;
        for element in &node.body.body {
            match element {
                ClassElement::MethodDefinition(method) if is_update(method) => {
                    update = Some(&*method.value)
                }
                ClassElement::MethodDefinition(method) => {
                    return problem(
                        at(source, method.span),
                        "a class has no methods but a system's `update`; write a function outside of the class and pass it what it needs",
                    );
                }
                ClassElement::PropertyDefinition(_) => {}
                other => {
                    return problem(
                        at(source, other.span()),
                        "a component has fields and a system has `update`; nothing else stands in a class",
                    );
                }
            }
        }
        let Some(update) = update else {
            let number = self.classes.len();
            self.declare(name, Item::Class(number), place)?;
            self.classes.push(Class::of(source, name, node));
            return Ok(());
        };
        let field =
            |element: &&ClassElement<'a>| matches!(element, ClassElement::PropertyDefinition(_));
        if let Some(field) = node.body.body.iter().find(field) {
            return problem(
                at(source, field.span()),
                "a system runs on many workers at once and keeps nothing; put this into a component or a resource",
            );
        }
        self.declare(name, Item::System, place)?;
        self.systems.push((source, name, update));
        Ok(())
    }

    fn function(&mut self, source: u32, node: &'p ast::Function<'a>) -> Outcome<()> {
        let Some(id) = &node.id else {
            return problem(at(source, node.span), "a function needs a name");
        };
        let place = at(source, id.span);
        if node.generator
            || node.r#async
            || node.type_parameters.is_some()
            || node.this_param.is_some()
        {
            return problem(
                place,
                "a function takes values and gives a value: no generator, async, type parameters or `this`",
            );
        }
        self.declare(
            id.name.as_str(),
            Item::Function(self.signatures.len()),
            place,
        )?;
        self.signatures.push(Signature {
            source,
            node,
            name: id.name.as_str(),
            params: Vec::new(),
            result: None,
        });
        Ok(())
    }

    /// Checks everything that was found.
    pub fn resolve(&mut self) {
        self.resolve_classes();
        if !self.problems.is_empty() {
            // What stands in functions would be complained about for the sake of the classes.
            return;
        }
        for number in 0..self.signatures.len() {
            let outcome = self.signature(number);
            self.note(outcome);
        }
        for (source, one) in std::mem::take(&mut self.globals) {
            let outcome = self.global(source, one);
            self.note(outcome);
        }
        if !self.problems.is_empty() {
            return;
        }
        for number in 0..self.signatures.len() {
            let outcome = self.function_body(number);
            self.note(outcome);
        }
        for (source, name, update) in std::mem::take(&mut self.systems) {
            let outcome = self.system(source, name, update);
            self.note(outcome);
        }
    }

    fn signature(&mut self, number: usize) -> Outcome<()> {
        let Signature { source, node, .. } = self.signatures[number];
        if let Some(rest) = &node.params.rest {
            return problem(
                at(source, rest.span),
                "a function takes a fixed number of parameters",
            );
        }
        let mut params = Vec::new();
        for param in &node.params.items {
            let place = at(source, param.span);
            let name = simple_name(source, &param.pattern)?;
            if param.initializer.is_some() || param.optional {
                return problem(
                    place,
                    "a parameter has no default; pass the value at each call",
                );
            }
            let Some(annotation) = &param.type_annotation else {
                return problem(place, format!("`{name}` needs a type: `{name}: number`"));
            };
            params.push((
                name,
                self.shape(source, &annotation.type_annotation)?,
                place,
            ));
        }
        let result = match &node.return_type {
            None => None,
            Some(annotation) => self.result_type(source, &annotation.type_annotation)?,
        };
        self.signatures[number].params = params;
        self.signatures[number].result = result;
        Ok(())
    }

    fn global(&mut self, source: u32, node: &'p ast::VariableDeclarator<'a>) -> Outcome<()> {
        let name = simple_name(source, &node.id)?;
        let place = at(source, node.span);
        let Some(init) = &node.init else {
            return problem(place, format!("`{name}` needs a value"));
        };
        let mut frame = Frame::new(self, source);
        let item = match (&node.type_annotation, super::numbers::literal_of(init)) {
            (None, Some(value)) => Item::Literal(value),
            (annotation, _) => {
                let want = match annotation {
                    None => None,
                    Some(annotation) => {
                        let ty = &annotation.type_annotation;
                        Some(frame.checker.scalar_type(source, ty)?)
                    }
                };
                let value = frame.expr_of(init, want)?;
                self.tree.globals.push(value);
                Item::Global(self.tree.globals.len() - 1)
            }
        };
        self.declare(name, item, place)
    }

    fn function_body(&mut self, number: usize) -> Outcome<()> {
        let Signature {
            source,
            node,
            name,
            result,
            ..
        } = self.signatures[number];
        let declared = std::mem::take(&mut self.signatures[number].params);
        let mut frame = Frame::new(self, source);
        frame.result = result;
        let mut params = Vec::new();
        for &(name, shape, place) in &declared {
            params.push(match shape {
                Shape::Scalar(ty) => {
                    let local = frame.local();
                    frame.bind(
                        name,
                        Name::Local {
                            local,
                            ty,
                            mutable: true,
                        },
                        place,
                    )?;
                    Param::Value(local)
                }
                Shape::Class(class) => {
                    let id = frame.element();
                    frame.bind(name, Name::Element { id, class }, place)?;
                    Param::Element(id)
                }
            });
        }
        let mut body = Vec::new();
        if let Some(node) = &node.body {
            frame.statements(&node.statements, &mut body);
        }
        let (locals, elements, problems) = frame.done();
        self.signatures[number].params = declared;
        let sound = problems.is_empty();
        problems
            .into_iter()
            .for_each(|problem| self.note(Err(problem)));
        if sound && result.is_some() && !super::statements::always_returns(&body) {
            return problem(
                at(source, node.span),
                format!("`{name}` can reach its end without `return`; give a value on every way"),
            );
        }
        self.tree.functions.push(Function {
            name: name.to_owned(),
            params,
            result,
            body,
            locals,
            elements,
        });
        Ok(())
    }

    fn system(&mut self, source: u32, name: &'a str, node: &'p ast::Function<'a>) -> Outcome<()> {
        let mut inputs = Vec::new();
        let mut bindings = Vec::new();
        if node.generator || node.r#async || node.type_parameters.is_some() {
            return problem(
                at(source, node.span),
                "`update` is a plain method: no generator, async or type parameters",
            );
        }
        if let Some(rest) = &node.params.rest {
            return problem(
                at(source, rest.span),
                "`update` takes a fixed number of parameters",
            );
        }
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
            let ty = &annotation.type_annotation;
            let (input, bound) = if let Some(element) = super::classes::array_of(ty) {
                let shape = self.shape(source, element)?;
                let component = self.component(name, shape, place)?;
                (
                    Input::Column(component),
                    Name::Column {
                        input: inputs.len() as u32,
                        shape,
                    },
                )
            } else if super::classes::is_context(ty) {
                bindings.push((name, Name::Context, place));
                continue;
            } else {
                match self.shape(source, ty)? {
                    Shape::Class(class) => {
                        let component = self.component(name, Shape::Class(class), place)?;
                        (
                            Input::Resource(component),
                            Name::Resource {
                                input: inputs.len() as u32,
                                class,
                            },
                        )
                    }
                    Shape::Scalar(ty) => {
                        let input = match ty {
                            super::super::ir::Scalar::F32 => Input::Dt,
                            super::super::ir::Scalar::F64 => Input::Dt64,
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
                        (
                            input,
                            Name::Input {
                                input: inputs.len() as u32,
                                ty,
                            },
                        )
                    }
                }
            };
            if inputs.iter().any(|(known, _)| *known == input) {
                return problem(
                    place,
                    match input {
                        Input::Column(_) | Input::Resource(_) => {
                            format!(
                                "`{name}` is a component that another parameter is already; a system takes each once"
                            )
                        }
                        _ => format!(
                            "`{name}` is the second plain number; a system takes one, the seconds of the step: put others into a resource"
                        ),
                    },
                );
            }
            inputs.push((input, name.to_owned()));
            bindings.push((name, bound, place));
        }
        if inputs
            .iter()
            .any(|(input, _)| matches!(input, Input::Column(_)))
        {
            inputs.push((Input::Count, "count".to_owned()));
        }
        let mut frame = Frame::new(self, source);
        frame.inputs = inputs;
        for (name, bound, place) in bindings {
            frame.bind(name, bound, place)?;
        }
        let mut body = Vec::new();
        if let Some(node) = &node.body {
            frame.statements(&node.statements, &mut body);
        }
        let inputs = std::mem::take(&mut frame.inputs);
        let (locals, elements, problems) = frame.done();
        problems
            .into_iter()
            .for_each(|problem| self.note(Err(problem)));
        self.tree.systems.push(SystemTree {
            name: name.to_owned(),
            inputs,
            body,
            locals,
            elements,
        });
        Ok(())
    }

    /// The number of the component that a parameter of this shape is.
    fn component(&mut self, param: &str, shape: Shape, place: At) -> Outcome<u32> {
        let (name, fields) = match shape {
            Shape::Class(class) if !self.classes[class].is_vector() => (
                self.classes[class].name.to_owned(),
                self.fields_of(class, place)?,
            ),
            shape => (component_name(param), self.fields_of_value(shape)),
        };
        let component = Component {
            name: name.clone(),
            fields,
        };
        if let Some(&number) = self.components.get(&name) {
            let known = &self.tree.components[number as usize];
            return match *known == component {
                true => Ok(number),
                false => problem(
                    place,
                    format!(
                        "`{component}` is declared elsewhere as `{known}`; they must be the same"
                    ),
                ),
            };
        }
        if let Some(gap) = component.gap() {
            return problem(
                place,
                format!(
                    "component `{name}` would have padding at byte {gap}; order its fields from large to small (f64, then f32, i32 and u32, then boolean) and fill up with fields of your own"
                ),
            );
        }
        let number = self.tree.components.len() as u32;
        self.tree.components.push(component);
        self.components.insert(name, number);
        Ok(number)
    }
}

fn is_update(method: &ast::MethodDefinition<'_>) -> bool {
    let named =
        matches!(&method.key, PropertyKey::StaticIdentifier(key) if key.name.as_str() == "update");
    named && method.kind == MethodDefinitionKind::Method && !method.r#static && !method.computed
}

/// The place of a node.
pub fn at(source: u32, span: Span) -> At {
    At {
        source,
        byte: span.start,
    }
}

/// The name that a declaration binds.
pub fn simple_name<'a>(source: u32, pattern: &BindingPattern<'a>) -> Outcome<&'a str> {
    match pattern {
        BindingPattern::BindingIdentifier(id) => Ok(id.name.as_str()),
        other => problem(
            at(source, other.span()),
            "no values are taken apart here; give a name and use its fields",
        ),
    }
}
