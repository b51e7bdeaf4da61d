//! What systems take, read off the parameters of `update` and `start`, and the sources without what stands in functions: what they declare of components, for a source that is otherwise
//! beyond our own language.

use super::super::Source;
use super::super::check::classes::{
    array_of, component_name, events_of, is_context, is_world, reference, scalar_named,
};
use super::super::diagnostic::{Outcome, problem};
use super::super::ir::At;
use oxc_ast::ast::{
    BindingPattern, CallExpression, Class, ClassElement, Declaration, ExportDefaultDeclarationKind,
    Expression, FormalParameter, IdentifierReference, MethodDefinition, ObjectPropertyKind,
    Program, PropertyKey, Statement, TSType, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A method that is a system.
#[derive(Debug)]
pub struct Signature {
    pub class: String,
    pub start: bool,
    /// The parameters with their names.
    pub takes: Vec<(String, Take)>,
    /// Resources that the method seems to write: assigned to by their name, or passed on.
    pub written: BTreeSet<String>,
}

/// A parameter of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// A column: its component, the type of its elements, and whether it says `readonly`.
    Column {
        component: String,
        element: String,
        readonly: bool,
    },
    Entities,
    Resource(String),
    Events(String),
    Dt,
    Dt64,
    Context,
    World,
}

impl Signature {
    /// The name in the manifest.
    pub fn name(&self) -> String {
        match self.start {
            true => format!("{}.start", self.class),
            false => self.class.clone(),
        }
    }

    /// The name of the exported function.
    pub fn export(&self) -> String {
        let word = if self.start { "start" } else { "run" };
        format!("{word}_{}", self.class)
    }

    /// Whether it takes something of that kind.
    pub fn has(&self, is: impl Fn(&Take) -> bool) -> bool {
        self.takes.iter().any(|(_, take)| is(take))
    }
}

/// The name of the system that names what only commands name; no class of a source has it.
pub const MENTIONS: &str = "$Mentions";

/// The systems of all sources, in the order of the text.
pub fn read(sources: &[Source], programs: &[Program<'_>]) -> Outcome<Vec<Signature>> {
    let mut systems = Vec::new();
    for (number, (source, program)) in (0..).zip(sources.iter().zip(programs)) {
        for class in program.body.iter().filter_map(class_of) {
            for method in methods_of(class) {
                systems.push(signature(number, source, class, method)?);
            }
        }
    }
    Ok(systems)
}

/// The sources with nothing but systems, whose methods are empty, and what they and their commands name.
pub fn bare(sources: &[Source], programs: &[Program<'_>], systems: &[Signature]) -> Vec<Source> {
    let mut classes: BTreeMap<&str, &Class<'_>> = BTreeMap::new();
    let mut constants: BTreeMap<&str, Span> = BTreeMap::new();
    for statement in programs.iter().flat_map(|program| &program.body) {
        if let Some(class) = class_of(statement)
            && let Some(id) = &class.id
            && methods_of(class).next().is_none()
        {
            classes.insert(id.name.as_str(), class);
        }
        if let Some(Declaration::VariableDeclaration(node)) = statement.as_declaration() {
            for one in &node.declarations {
                if let Some(id) = one.id.get_binding_identifier() {
                    constants.insert(id.name.as_str(), node.span);
                }
            }
        }
    }
    let mut commands = Commands {
        classes: &classes,
        worlds: &words_of(programs).worlds,
        mentions: BTreeSet::new(),
    };
    programs
        .iter()
        .for_each(|program| commands.visit_program(program));
    let mentions = commands.mentions;
    // What is kept, and what that names in turn.
    let mut named = Named::default();
    for (_, take) in systems.iter().flat_map(|system| &system.takes) {
        match take {
            Take::Column { element, .. } => drop(named.0.insert(element.clone())),
            Take::Resource(class) | Take::Events(class) => drop(named.0.insert(class.clone())),
            _ => {}
        }
    }
    let mentioned = mentions
        .iter()
        .filter(|(_, vector)| vector.is_none())
        .map(|(name, _)| name.clone());
    named.0.extend(mentioned);
    for class in programs
        .iter()
        .flat_map(|program| program.body.iter().filter_map(class_of))
    {
        if methods_of(class).next().is_some() {
            let fields = class.body.body.iter();
            fields
                .filter(|element| matches!(element, ClassElement::PropertyDefinition(_)))
                .for_each(|element| named.visit_class_element(element));
        }
    }
    let mut known = BTreeSet::new();
    while known != named.0 {
        known = named.0.clone();
        for name in &known {
            if let Some(class) = classes.get(name.as_str()) {
                named.visit_class(class);
            }
            if constants.contains_key(name.as_str()) {
                for program in programs {
                    let mut of = ConstantOf(name, &mut named);
                    of.visit_program(program);
                }
            }
        }
    }
    let named = named.0;
    let bare = sources.iter().zip(programs).map(|(source, program)| {
        let mut kept = vec![false; source.text.len()];
        let mut keep = |from: u32, to: u32| kept[from as usize..to as usize].fill(true);
        for statement in &program.body {
            if let Some(Declaration::VariableDeclaration(node)) = statement.as_declaration() {
                let wanted = node.declarations.iter().any(|one| {
                    let id = one.id.get_binding_identifier();
                    id.is_some_and(|id| named.contains(id.name.as_str()))
                });
                if wanted {
                    keep(node.span.start, node.span.end);
                }
            }
            let Some(class) = class_of(statement) else {
                continue;
            };
            let body = class.body.span;
            if methods_of(class).next().is_none() {
                let id = class.id.as_ref();
                if id.is_some_and(|id| named.contains(id.name.as_str())) {
                    keep(class.span.start, class.span.end);
                }
                continue;
            }
            keep(class.span.start, body.start + 1);
            keep(body.end - 1, body.end);
            for element in &class.body.body {
                if let ClassElement::PropertyDefinition(field) = element
                    && field.r#static
                {
                    keep(field.span.start, field.span.end);
                }
            }
            for method in methods_of(class) {
                let function = &method.value;
                let inner = function.body.as_ref().map_or(function.span, |one| one.span);
                keep(method.key.span().start, method.key.span().end);
                keep(function.params.span.start, function.params.span.end);
                keep(inner.start, inner.start + 1);
                keep(inner.end - 1, inner.end);
            }
        }
        let blank = |(byte, keep): (&u8, &bool)| if *keep || *byte == b'\n' { *byte } else { b' ' };
        let bytes = source.text.as_bytes().iter().zip(&kept).map(blank);
        let text = String::from_utf8(bytes.collect()).unwrap_or_default();
        Source::new(source.name.clone(), text)
    });
    let mut bare: Vec<Source> = bare.collect();
    let params = mentions
        .iter()
        .enumerate()
        .map(|(number, (name, vector))| match vector {
            Some(vector) => format!("{name}: {vector}[]"),
            None => format!("$m{number}: {name}[]"),
        });
    let params: Vec<String> = params.collect();
    if let Some(last) = bare.last_mut()
        && !params.is_empty()
    {
        last.text += &format!(
            "\nclass {MENTIONS} {{ update({}) {{ }} }}",
            params.join(", ")
        );
    }
    bare
}

/// Identifiers.
#[derive(Default)]
struct Named(BTreeSet<String>);

impl<'a> Visit<'a> for Named {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.0.insert(it.name.to_string());
    }
}

/// What the constant of a name is made of.
struct ConstantOf<'n>(&'n str, &'n mut Named);

impl<'a> Visit<'a> for ConstantOf<'_> {
    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        let id = it.id.get_binding_identifier();
        if id.is_some_and(|id| id.name.as_str() == self.0) {
            self.1.visit_variable_declarator(it);
        }
    }

    fn visit_class(&mut self, _: &Class<'a>) {}
}

/// The components that commands name: a class, or a column with its vector.
struct Commands<'c, 'p, 'a> {
    classes: &'c BTreeMap<&'p str, &'p Class<'a>>,
    worlds: &'c BTreeSet<String>,
    mentions: BTreeSet<(String, Option<&'static str>)>,
}

impl<'a> Visit<'a> for Commands<'_, '_, '_> {
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if is_command(it, self.worlds) {
            for argument in it.arguments.iter().filter_map(|one| one.as_expression()) {
                match argument {
                    Expression::Identifier(id) if self.classes.contains_key(id.name.as_str()) => {
                        self.mentions.insert((id.name.to_string(), None));
                    }
                    Expression::ObjectExpression(object) => {
                        for property in &object.properties {
                            self.property(property);
                        }
                    }
                    _ => {}
                }
            }
        }
        walk::walk_call_expression(self, it);
    }
}

impl Commands<'_, '_, '_> {
    fn property(&mut self, property: &ObjectPropertyKind<'_>) {
        let ObjectPropertyKind::ObjectProperty(one) = property else {
            return;
        };
        let PropertyKey::StaticIdentifier(key) = &one.key else {
            return;
        };
        let key = key.name.as_str();
        let vector = match &one.value {
            _ if self.classes.contains_key(key) => {
                self.mentions.insert((key.to_owned(), None));
                return;
            }
            Expression::ObjectExpression(object) => object.properties.len(),
            Expression::NewExpression(node) => node.arguments.len(),
            _ => return,
        };
        let vector = ["Vec2", "Vec3", "Vec4"].get(vector.wrapping_sub(2));
        if let Some(vector) = vector {
            self.mentions.insert((key.to_owned(), Some(vector)));
        }
    }
}

/// Whether a call is a command.
pub fn is_command(call: &CallExpression<'_>, worlds: &BTreeSet<String>) -> bool {
    matches!(&call.callee, Expression::StaticMemberExpression(member)
        if matches!(&member.object, Expression::Identifier(id) if worlds.contains(id.name.as_str())))
}

/// Names that stand for the world and for the step, wherever they are declared.
#[derive(Debug, Default)]
pub struct Words {
    pub worlds: BTreeSet<String>,
    pub contexts: BTreeSet<String>,
}

/// Those of all sources.
pub fn words_of(programs: &[Program<'_>]) -> Words {
    let mut words = Words::default();
    programs
        .iter()
        .for_each(|program| words.visit_program(program));
    words
}

impl<'a> Visit<'a> for Words {
    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        if let (BindingPattern::BindingIdentifier(name), Some(annotation)) =
            (&it.pattern, &it.type_annotation)
        {
            let ty = &annotation.type_annotation;
            if is_world(ty) {
                self.worlds.insert(name.name.to_string());
            }
            if is_context(ty) {
                self.contexts.insert(name.name.to_string());
            }
        }
    }
}

/// The class that a statement of the top level declares.
pub fn class_of<'p, 'a>(statement: &'p Statement<'a>) -> Option<&'p Class<'a>> {
    let declaration = match statement {
        Statement::ExportDeclaration(node) => Some(&node.declaration),
        Statement::ExportDefaultDeclaration(node) => {
            return match &node.declaration {
                ExportDefaultDeclarationKind::ClassDeclaration(class) => Some(class),
                _ => None,
            };
        }
        other => other.as_declaration(),
    };
    match declaration? {
        Declaration::ClassDeclaration(class) => Some(class),
        _ => None,
    }
}

/// The methods of a class that are systems.
pub fn methods_of<'p, 'a>(class: &'p Class<'a>) -> impl Iterator<Item = &'p MethodDefinition<'a>> {
    class.body.body.iter().filter_map(|element| match element {
        ClassElement::MethodDefinition(method) => match &method.key {
            PropertyKey::StaticIdentifier(key)
                if ["start", "update"].contains(&key.name.as_str()) && !method.r#static =>
            {
                Some(&**method)
            }
            _ => None,
        },
        _ => None,
    })
}

fn signature(
    number: u32,
    source: &Source,
    class: &Class<'_>,
    method: &MethodDefinition<'_>,
) -> Outcome<Signature> {
    let at = |span: Span| At {
        source: number,
        byte: span.start,
    };
    let Some(id) = &class.id else {
        return problem(at(class.span), "a class needs a name");
    };
    let mut takes = Vec::new();
    for param in &method.value.params.items {
        let (BindingPattern::BindingIdentifier(name), Some(annotation)) =
            (&param.pattern, &param.type_annotation)
        else {
            return problem(
                at(param.span),
                "a parameter has a plain name and a type: `positions: Vec2[]`",
            );
        };
        let ty = &annotation.type_annotation;
        let name = name.name.as_str();
        takes.push((name.to_owned(), take(name, ty, source)));
    }
    let mut written = Written {
        text: &source.text,
        names: BTreeSet::new(),
    };
    if let Some(body) = &method.value.body {
        written.visit_function_body(body);
    }
    Ok(Signature {
        class: id.name.to_string(),
        start: matches!(&method.key, PropertyKey::StaticIdentifier(key) if key.name == "start"),
        takes,
        written: written.names,
    })
}

fn take(name: &str, ty: &TSType<'_>, source: &Source) -> Take {
    let said = |ty: &TSType<'_>| {
        let span = ty.span();
        let said = &source.text[span.start as usize..span.end as usize];
        match said.trim() {
            "number" => "f32".to_owned(),
            "boolean" => "bool".to_owned(),
            other => other.to_owned(),
        }
    };
    if let Some(element) = array_of(ty) {
        let element = said(element);
        if element == "Entity" {
            return Take::Entities;
        }
        let plain = scalar_named(&element).is_some()
            || ["bool", "Vec2", "Vec3", "Vec4"].contains(&element.as_str());
        return Take::Column {
            component: match plain {
                true => component_name(name),
                false => element.clone(),
            },
            element,
            readonly: matches!(ty, TSType::TSTypeOperatorType(_)),
        };
    }
    if let Some(event) = events_of(ty) {
        return Take::Events(said(event));
    }
    match reference(ty) {
        Some("Context") => Take::Context,
        Some("World") => Take::World,
        _ => match said(ty).as_str() {
            "f32" => Take::Dt,
            "f64" => Take::Dt64,
            class => Take::Resource(class.to_owned()),
        },
    }
}

/// The names before the first dot or bracket of what is assigned to, and of what is passed to functions.
struct Written<'s> {
    text: &'s str,
    names: BTreeSet<String>,
}

impl Written<'_> {
    fn root(&mut self, span: Span) {
        let text = &self.text[span.start as usize..span.end as usize];
        let root: String = text
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || "_$".contains(*letter))
            .collect();
        self.names.insert(root);
    }
}

impl<'a> Visit<'a> for Written<'_> {
    fn visit_simple_assignment_target(&mut self, it: &oxc_ast::ast::SimpleAssignmentTarget<'a>) {
        self.root(it.span());
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &oxc_ast::ast::AssignmentExpression<'a>) {
        self.root(it.left.span());
        walk::walk_assignment_expression(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        for argument in &it.arguments {
            if let Some(Expression::Identifier(id)) = argument.as_expression() {
                self.root(id.span);
            }
        }
        walk::walk_call_expression(self, it);
    }
}
