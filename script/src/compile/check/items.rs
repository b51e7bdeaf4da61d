//! What stands at the top level of the sources.

use super::super::diagnostic::{Outcome, Problem, problem};
use super::super::ir::{At, Scalar};
use super::super::tree::{Function, Notes, Param, Tree};
use super::PROBLEMS_MAX;
use super::classes::{Class, Shape, prelude};
use super::frame::{ASKED, Frame, Name};
use super::registry::Registry;
use super::systems::SystemSource;
use oxc_ast::ast::{
    self, BindingPattern, Class as ClassNode, Declaration, ExportDefaultDeclarationKind, Program,
    Statement, VariableDeclarationKind,
};
use oxc_span::{GetSpan, Span};
use std::cell::RefCell;
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

/// What a function takes at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Taken {
    Value(Scalar),
    /// A row, a resource or a part of one, of a class.
    Element(usize),
    /// What commands are given to.
    World,
    /// The step, with whether the function needs each of what can be asked of it.
    Context([bool; 4]),
}

/// The declaration of a function, before its body is looked at.
pub struct Signature<'p, 'a> {
    pub source: u32,
    pub node: &'p ast::Function<'a>,
    pub name: &'a str,
    pub params: Vec<(&'a str, Taken, At)>,
    pub result: Option<Scalar>,
}

#[derive(Default)]
pub struct Checker<'p, 'a> {
    pub tree: Tree,
    pub problems: Vec<Problem>,
    pub classes: Vec<Class<'p, 'a>>,
    pub signatures: Vec<Signature<'p, 'a>>,
    pub names: BTreeMap<&'a str, Item>,
    pub systems: Vec<SystemSource<'p, 'a>>,
    globals: Vec<(u32, &'p ast::VariableDeclarator<'a>)>,
    pub registry: RefCell<Registry>,
    pub notes: RefCell<Notes>,
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
        let taken = super::classes::scalar_named(name).is_some()
            || ["Math", "Context", "World", "Events", "Random"].contains(&name);
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
        match SystemSource::of(source, name, node)? {
            Some(system) => {
                self.declare(name, Item::System, place)?;
                self.systems.push(system);
            }
            None => {
                let number = self.classes.len();
                self.declare(name, Item::Class(number), place)?;
                self.classes.push(Class::of(source, name, node));
            }
        }
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

    /// A constant of the top level, before it is looked at: its file, and what it is made of.
    pub fn constant_named(&self, name: &str) -> Option<(u32, &'p ast::Expression<'a>)> {
        let mut constants = self.globals.iter();
        let (source, found) = constants.find(|(_, one)| {
            let id = one.id.get_binding_identifier();
            id.is_some_and(|id| id.name.as_str() == name)
        })?;
        Some((*source, found.init.as_ref()?))
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
        self.resolve_systems();
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
            let ty = &annotation.type_annotation;
            let taken = match ty {
                ty if super::classes::is_world(ty) => Taken::World,
                ty if super::classes::is_context(ty) => {
                    Taken::Context(super::context::needed(name, node))
                }
                ty => match self.shape(source, ty)? {
                    Shape::Scalar(ty) => Taken::Value(ty),
                    Shape::Class(class) => Taken::Element(class),
                    Shape::Array(..) => unreachable!("no type is written for an array"),
                },
            };
            params.push((name, taken, place));
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
        for &(name, taken, place) in &declared {
            params.push(match taken {
                Taken::World => {
                    frame.bind(name, Name::World, place)?;
                    continue;
                }
                Taken::Context(needed) => {
                    let mut given = [None; 4];
                    for ((given, needed), (name, ..)) in given.iter_mut().zip(needed).zip(ASKED) {
                        *given = needed.then(|| frame.hidden(name));
                    }
                    params.extend(given.into_iter().flatten().map(Param::Value));
                    frame.bind(name, Name::Passed(given), place)?;
                    continue;
                }
                Taken::Value(ty) => {
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
                Taken::Element(class) => {
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
        let names = frame.names();
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
            names,
        });
        Ok(())
    }
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
