//! Commands and random numbers: values stored one by one, and calls.

use super::words::number;
use super::{Rewriter, new, same};
use crate::compile::assemblyscript::edit::{Edit, Part};
use crate::compile::check::classes::component_name;
use crate::compile::ir::{Component, Const, Scalar};
use crate::compile::tree::{ClassTree, Shape};
use oxc_ast::ast::{
    Argument, CallExpression, Expression, ObjectExpression, ObjectPropertyKind, PropertyKey,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

impl Rewriter<'_, '_> {
    /// Reads a key of random numbers.
    pub(super) fn random(&mut self, node: &CallExpression<'_>) {
        let args: Vec<&Expression<'_>> = node
            .arguments
            .iter()
            .filter_map(Argument::as_expression)
            .collect();
        let mut parts = vec![new("$random(memory.data(8), ")];
        if args.len() == 1 {
            parts.push(new("0, "));
        }
        for (number, argument) in args.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            parts.extend([new(format!("{comma}u64(")), same(argument.span()), new(")")]);
        }
        parts.push(new(")"));
        self.edit(node.span, parts);
        args.iter().for_each(|one| self.visit_expression(one));
    }

    pub(super) fn command(&mut self, span: Span, node: &CallExpression<'_>) {
        let Expression::StaticMemberExpression(member) = &node.callee else {
            return;
        };
        let act = member.property.name.as_str();
        let args: Vec<&Expression<'_>> = node
            .arguments
            .iter()
            .filter_map(Argument::as_expression)
            .collect();
        let mut values = Values::default();
        let mut call = Vec::new();
        // Ours are before what is within.
        let place = self.edits.len();
        let outcome = match (act, &args[..]) {
            ("despawn", [entity]) => {
                call = vec![new("$despawn("), same(entity.span()), new(");")];
                Ok(())
            }
            ("spawn", [parts]) => self.components(parts, &mut values).map(|components| {
                let template = self.template(components);
                call = vec![new(format!("$spawn({template}, $c);"))];
            }),
            ("insert", [entity, parts]) => self.components(parts, &mut values).map(|components| {
                let template = self.template(components);
                call = vec![
                    new("$insert("),
                    same(entity.span()),
                    new(format!(", {template}, $c);")),
                ];
            }),
            ("remove", [entity, components @ ..]) => {
                let found = components.iter().map(|one| self.component(one));
                found.collect::<Result<Vec<String>, _>>().map(|components| {
                    let template = self.template(components);
                    call = vec![
                        new("$remove("),
                        same(entity.span()),
                        new(format!(", {template});")),
                    ];
                })
            }
            ("send", [class, value]) => self.component(class).and_then(|class| {
                let tree = self.class_named(&class).ok_or_else(|| unknown(&class))?;
                self.class(tree, value, &mut values)?;
                let template = self.template(vec![class]);
                call = vec![new(format!("$send({template}, $c);"))];
                Ok(())
            }),
            _ => Err("the world has spawn, despawn, insert, remove and send".to_owned()),
        };
        if let Err(message) = outcome {
            return self.problem(node.span, message);
        }
        let mut parts = vec![new("{ ")];
        if values.made {
            parts.push(new(format!(
                "const $c = memory.data({}); ",
                values.bytes.max(8)
            )));
        }
        parts.extend(values.parts);
        parts.extend(call);
        parts.push(new(" }"));
        let edit = Edit {
            from: span.start,
            to: span.end,
            parts,
        };
        self.edits.insert(place, edit);
        args.iter().for_each(|one| self.within(one));
    }

    /// What stands in the values of a command; keys of objects are none of it.
    fn within(&mut self, value: &Expression<'_>) {
        match value {
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    if let ObjectPropertyKind::ObjectProperty(one) = property {
                        self.within(&one.value);
                    }
                }
            }
            Expression::NewExpression(node) => {
                let args = node.arguments.iter().filter_map(Argument::as_expression);
                args.for_each(|one| self.visit_expression(one));
            }
            value => self.visit_expression(value),
        }
    }

    fn template(&mut self, components: Vec<String>) -> usize {
        let known = self.templates.iter().position(|one| *one == components);
        known.unwrap_or_else(|| {
            self.templates.push(components);
            self.templates.len() - 1
        })
    }

    /// A component by its class, or by a text with the name of a column.
    fn component(&self, expr: &Expression<'_>) -> Result<String, String> {
        match expr {
            Expression::Identifier(id) => Ok(id.name.to_string()),
            Expression::StringLiteral(text) => Ok(component_name(text.value.as_str())),
            _ => Err(
                "a component is named by its class, or by the name of a column in quotes"
                    .to_owned(),
            ),
        }
    }

    fn components(
        &mut self,
        parts: &Expression<'_>,
        values: &mut Values,
    ) -> Result<Vec<String>, String> {
        let Expression::ObjectExpression(object) = parts else {
            return Err("write what it is made of: `{ Health: { now: 5, most: 5 } }`".to_owned());
        };
        values.made = true;
        let mut found = Vec::new();
        for (key, value) in properties(object)? {
            let class = self.class_named(key);
            if let Some(class) = class {
                self.class(class, value, values)?;
                found.push(key.to_owned());
                continue;
            }
            let name = component_name(key);
            let components = &self.known.tree.components;
            let component = components.iter().find(|one| one.name == name);
            let Some(Component { fields, .. }) = component else {
                return Err(format!(
                    "no column here is named `{key}`, so its type is not known; let a system take it, or make it a class"
                ));
            };
            let [field] = &fields[..] else {
                return Err(format!("`{name}` is a class; name it so: `{name}: …`"));
            };
            match field.count {
                1 => values.scalar(field.scalar, value.span()),
                count => {
                    let vector = self.class_named(&format!("Vec{count}"));
                    let vector = vector.ok_or_else(|| unknown(&name))?;
                    self.class(vector, value, values)?;
                }
            }
            found.push(name);
        }
        Ok(found)
    }

    /// The values of a class: of an object with its fields, of a vector made anew, or of a row.
    fn class(
        &self,
        class: &ClassTree,
        value: &Expression<'_>,
        values: &mut Values,
    ) -> Result<(), String> {
        values.made = true;
        let object = match value {
            Expression::ObjectExpression(object) => object,
            Expression::NewExpression(node) => {
                for (field, argument) in class.fields.iter().zip(&node.arguments) {
                    let Shape::Scalar(scalar) = field.shape else {
                        return Err(unknown(&class.name));
                    };
                    values.scalar(scalar, argument.span());
                }
                return Ok(());
            }
            row => {
                let at = values.bytes;
                values.parts.extend([
                    new(format!("$copy($c + {at}, changetype<usize>(")),
                    same(row.span()),
                    new(format!("), {}); ", class.size)),
                ]);
                values.bytes += class.size;
                return Ok(());
            }
        };
        let given = properties(object)?;
        if let Some((key, _)) = given
            .iter()
            .find(|(key, _)| class.fields.iter().all(|field| field.name != *key))
        {
            return Err(format!("`{}` has no field `{key}`", class.name));
        }
        for field in &class.fields {
            let found = given.iter().find(|(key, _)| *key == field.name);
            match (found, field.shape, &field.initial) {
                (Some((_, value)), Shape::Scalar(scalar), _) => values.scalar(scalar, value.span()),
                (Some((_, value)), Shape::Class(inner), _) => {
                    self.class(&self.known.tree.classes[inner], value, values)?;
                }
                (None, shape, Some(initial)) => {
                    let scalars = self.scalars(shape);
                    for (scalar, value) in scalars.into_iter().zip(initial) {
                        values.constant(scalar, *value);
                    }
                }
                _ => {
                    return Err(format!(
                        "`{}` needs all its fields here, and `{}` is missing",
                        class.name, field.name
                    ));
                }
            }
        }
        Ok(())
    }

    fn scalars(&self, shape: Shape) -> Vec<Scalar> {
        match shape {
            Shape::Scalar(scalar) => vec![scalar],
            Shape::Array(scalar, count) => vec![scalar; count as usize],
            Shape::Class(class) => {
                let fields = self.known.tree.classes[class].fields.iter();
                fields.flat_map(|field| self.scalars(field.shape)).collect()
            }
        }
    }
}

fn unknown(name: &str) -> String {
    format!("`{name}` is no class of the script")
}

fn properties<'p, 'a>(
    object: &'p ObjectExpression<'a>,
) -> Result<Vec<(&'p str, &'p Expression<'a>)>, String> {
    let property = |property: &'p ObjectPropertyKind<'a>| match property {
        ObjectPropertyKind::ObjectProperty(one) => match &one.key {
            PropertyKey::StaticIdentifier(key) => Some((key.name.as_str(), &one.value)),
            _ => None,
        },
        ObjectPropertyKind::SpreadProperty(_) => None,
    };
    let found: Option<Vec<_>> = object.properties.iter().map(property).collect();
    found.ok_or_else(|| "write `name: value`".to_owned())
}

/// The values of a command, stored one after another.
#[derive(Default)]
struct Values {
    parts: Vec<Part>,
    bytes: u32,
    made: bool,
}

impl Values {
    fn scalar(&mut self, scalar: Scalar, value: Span) {
        let (at, ty) = (self.bytes, scalar.name());
        self.parts.extend([
            new(format!("$store_{ty}($c + {at}, ")),
            same(value),
            new("); "),
        ]);
        self.bytes += scalar.size();
    }

    fn constant(&mut self, scalar: Scalar, value: Const) {
        let (at, ty, value) = (self.bytes, scalar.name(), number(scalar, value));
        let text = format!("$store_{ty}($c + {at}, {value}); ");
        self.parts.push(new(text));
        self.bytes += scalar.size();
    }
}
