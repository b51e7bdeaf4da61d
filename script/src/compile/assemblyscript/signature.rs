//! What systems take, read off the parameters of `update`, and the sources without what stands in functions.

use super::super::Source;
use super::super::check::classes::{array_of, component_name, is_context, scalar_named};
use super::super::diagnostic::{Outcome, problem};
use super::super::ir::At;
use oxc_ast::ast::{
    BindingPattern, Class, ClassElement, Declaration, ExportDefaultDeclarationKind,
    MethodDefinition, Program, PropertyKey, Statement, TSType,
};
use oxc_span::{GetSpan, Span};
use std::collections::BTreeSet;

/// A class with `update`.
#[derive(Debug)]
pub struct Signature {
    pub name: String,
    pub takes: Vec<Take>,
}

/// A parameter of `update`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// A column: its component, the type of its elements, and whether it says `readonly`.
    Column {
        component: String,
        element: String,
        readonly: bool,
    },
    Resource(String),
    Dt,
    Context,
}

/// The systems of all sources, and the sources with nothing but them and the classes that they name: each `update` is empty.
pub fn read(
    sources: &[Source],
    programs: &[Program<'_>],
) -> Outcome<(Vec<Signature>, Vec<Source>)> {
    let mut systems = Vec::new();
    for (number, (source, program)) in (0..).zip(sources.iter().zip(programs)) {
        for class in program.body.iter().filter_map(class_of) {
            if let Some(update) = update_of(class) {
                systems.push(signature(number, source, class, update)?);
            }
        }
    }
    let named: BTreeSet<&str> = systems
        .iter()
        .flat_map(|system| &system.takes)
        .filter_map(|take| match take {
            Take::Column { element, .. } => Some(element.as_str()),
            Take::Resource(class) => Some(class.as_str()),
            Take::Dt | Take::Context => None,
        })
        .collect();
    let bare = sources.iter().zip(programs).map(|(source, program)| {
        let mut kept = vec![false; source.text.len()];
        let mut keep = |from: u32, to: u32| kept[from as usize..to as usize].fill(true);
        for class in program.body.iter().filter_map(class_of) {
            let body = class.body.span;
            match update_of(class) {
                Some(update) => {
                    let function = &update.value;
                    let inner = function.body.as_ref().map_or(function.span, |one| one.span);
                    keep(class.span.start, body.start + 1);
                    keep(update.key.span().start, update.key.span().end);
                    keep(function.params.span.start, function.params.span.end);
                    keep(inner.start, inner.start + 1);
                    keep(inner.end - 1, inner.end);
                    keep(body.end - 1, body.end);
                }
                None if class
                    .id
                    .as_ref()
                    .is_some_and(|id| named.contains(id.name.as_str())) =>
                {
                    keep(class.span.start, class.span.end);
                }
                None => {}
            }
        }
        let blank = |(byte, keep): (&u8, &bool)| if *keep || *byte == b'\n' { *byte } else { b' ' };
        let bytes = source
            .text
            .as_bytes()
            .iter()
            .zip(&kept)
            .map(blank)
            .collect();
        let text = String::from_utf8(bytes).unwrap_or_default();
        Source::new(source.name.clone(), text)
    });
    let bare = bare.collect();
    Ok((systems, bare))
}

fn class_of<'p, 'a>(statement: &'p Statement<'a>) -> Option<&'p Class<'a>> {
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

fn update_of<'p, 'a>(class: &'p Class<'a>) -> Option<&'p MethodDefinition<'a>> {
    class.body.body.iter().find_map(|element| match element {
        ClassElement::MethodDefinition(method) => match &method.key {
            PropertyKey::StaticIdentifier(key) if key.name == "update" => Some(&**method),
            _ => None,
        },
        _ => None,
    })
}

fn signature(
    number: u32,
    source: &Source,
    class: &Class<'_>,
    update: &MethodDefinition<'_>,
) -> Outcome<Signature> {
    let at = |span: Span| At {
        source: number,
        byte: span.start,
    };
    let Some(id) = &class.id else {
        return problem(at(class.span), "a class needs a name");
    };
    let mut takes = Vec::new();
    for param in &update.value.params.items {
        let (BindingPattern::BindingIdentifier(name), Some(annotation)) =
            (&param.pattern, &param.type_annotation)
        else {
            return problem(
                at(param.span),
                "a parameter has a plain name and a type: `positions: Vec2[]`",
            );
        };
        let ty = &annotation.type_annotation;
        let said = |ty: &TSType<'_>| {
            let span = ty.span();
            source.text[span.start as usize..span.end as usize]
                .trim()
                .to_owned()
        };
        takes.push(match array_of(ty) {
            Some(element) => {
                let element = match said(element).as_str() {
                    "number" => "f32".to_owned(),
                    "boolean" => "bool".to_owned(),
                    other => other.to_owned(),
                };
                if element == "Entity" {
                    return problem(
                        at(param.span),
                        "AssemblyScript is given no entities; keep such a system in the language of layerw",
                    );
                }
                let plain = scalar_named(&element).is_some()
                    || ["bool", "Vec2", "Vec3", "Vec4"].contains(&element.as_str());
                Take::Column {
                    component: match plain {
                        true => component_name(name.name.as_str()),
                        false => element.clone(),
                    },
                    element,
                    readonly: matches!(ty, TSType::TSTypeOperatorType(_)),
                }
            }
            None if is_context(ty) => Take::Context,
            None => match said(ty).as_str() {
                "number" => Take::Dt,
                "World" => {
                    return problem(
                        at(param.span),
                        "AssemblyScript records no commands; keep such a system in the language of layerw",
                    );
                }
                class => Take::Resource(class.to_owned()),
            },
        });
    }
    Ok(Signature {
        name: id.name.to_string(),
        takes,
    })
}
