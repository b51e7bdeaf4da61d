//! Classes that are components, resources or values in them, and types as they are written.
//!
//! A column of a class of the script is the component of that name. A column of `Vec2`, `Vec3`, `Vec4` or of a plain number wraps one value, as
//! `struct Position(Vec2)` does in Rust, and is named after its parameter in the singular, with a capital: `positions` is `Position`,
//! `velocities` is `Velocity`, `boxes` is `Box`, `mass` is `Mass`.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{Field, Scalar};
use super::items::{Checker, Item, at};
use oxc_ast::ast::{self, ClassElement, PropertyKey, TSType, TSTypeName, TSTypeOperatorOperator};
use oxc_span::GetSpan;

/// What a value is: a scalar, or an object of a class by its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    Scalar(Scalar),
    Class(usize),
}

/// A class with fields.
pub struct Class<'p, 'a> {
    pub name: &'a str,
    pub source: u32,
    /// None for those of the prelude.
    node: Option<&'p ast::Class<'a>>,
    /// Name, shape and first slot of each field.
    pub fields: Vec<(&'a str, Shape, u32)>,
    pub slots: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unknown,
    Busy,
    Known,
}

impl<'p, 'a> Class<'p, 'a> {
    pub fn of(source: u32, name: &'a str, node: &'p ast::Class<'a>) -> Self {
        Class {
            name,
            source,
            node: Some(node),
            fields: Vec::new(),
            slots: 0,
            state: State::Unknown,
        }
    }

    /// Whether it is a vector of the prelude.
    pub fn is_vector(&self) -> bool {
        self.node.is_none()
    }
}

/// `Vec2`, `Vec3` and `Vec4`.
pub fn prelude<'p, 'a>() -> [Class<'p, 'a>; 3] {
    [("Vec2", 2), ("Vec3", 3), ("Vec4", 4)].map(|(name, slots)| {
        let names = ["x", "y", "z", "w"].into_iter().zip(0..slots);
        Class {
            name,
            source: 0,
            node: None,
            fields: names
                .map(|(name, slot)| (name, Shape::Scalar(Scalar::F32), slot))
                .collect(),
            slots,
            state: State::Known,
        }
    })
}

/// `positions` becomes `Position`.
pub fn component_name(param: &str) -> String {
    let ends = |end: &str| param.strip_suffix(end);
    let double = ["sses", "xes", "ches", "shes"]
        .iter()
        .any(|end| param.ends_with(end));
    let single = if let Some(stem) = ends("ies").filter(|stem| !stem.is_empty()) {
        format!("{stem}y")
    } else if double {
        param[..param.len() - 2].to_owned()
    } else {
        let stem = ends("s").filter(|stem| !stem.is_empty() && !stem.ends_with('s'));
        stem.unwrap_or(param).to_owned()
    };
    let mut letters = single.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The type of the elements, if a type is an array.
pub fn array_of<'t, 'a>(ty: &'t TSType<'a>) -> Option<&'t TSType<'a>> {
    match ty {
        TSType::TSArrayType(array) => Some(&array.element_type),
        TSType::TSTypeOperatorType(op) if op.operator == TSTypeOperatorOperator::Readonly => {
            array_of(&op.type_annotation)
        }
        _ => None,
    }
}

/// Whether a type is `World`, which commands are given to.
pub fn is_world(ty: &TSType<'_>) -> bool {
    reference(ty) == Some("World")
}

/// Whether a type is `Context`, which stands for the step.
pub fn is_context(ty: &TSType<'_>) -> bool {
    reference(ty) == Some("Context")
}

fn reference<'a>(ty: &TSType<'a>) -> Option<&'a str> {
    match ty {
        TSType::TSTypeReference(node) if node.type_arguments.is_none() => match &node.type_name {
            TSTypeName::IdentifierReference(id) => Some(id.name.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// The scalar of that name.
pub fn scalar_named(name: &str) -> Option<Scalar> {
    let named = |scalar: &Scalar| scalar.name() == name && *scalar != Scalar::Bool;
    Scalar::ALL.into_iter().find(named)
}

const TYPES: &str = "known are number (f32), f64, i32, u32, i64, u64, boolean, Entity, Vec2, Vec3, Vec4 and classes with fields";

impl<'p, 'a> Checker<'p, 'a> {
    /// Fills the fields of all classes.
    pub fn resolve_classes(&mut self) {
        for number in 0..self.classes.len() {
            let outcome = self.resolve_class(number, 0);
            if outcome.is_err() {
                // It has been complained about; whoever holds it need not be.
                self.classes
                    .iter_mut()
                    .filter(|class| class.state == State::Busy)
                    .for_each(|class| class.state = State::Known);
            }
            self.note(outcome);
        }
    }

    fn resolve_class(&mut self, number: usize, depth: usize) -> Outcome<()> {
        let (source, name) = (self.classes[number].source, self.classes[number].name);
        let Some(node) = self.classes[number].node else {
            return Ok(());
        };
        let place = at(source, node.span);
        match self.classes[number].state {
            State::Known => return Ok(()),
            State::Busy => {
                return problem(
                    place,
                    format!("`{name}` holds itself; name an entity instead of holding it"),
                );
            }
            State::Unknown if depth > 32 => {
                return problem(
                    place,
                    format!("`{name}` holds classes that hold classes, more than 32 deep"),
                );
            }
            State::Unknown => self.classes[number].state = State::Busy,
        }
        let (mut fields, mut slots) = (Vec::<(&str, Shape, u32)>::new(), 0u32);
        for element in &node.body.body {
            let ClassElement::PropertyDefinition(field) = element else {
                continue;
            };
            let place = at(source, field.span);
            let (PropertyKey::StaticIdentifier(key), false) = (&field.key, field.computed) else {
                return problem(place, "a field has a plain name");
            };
            let key = key.name.as_str();
            if field.r#static || field.declare || field.optional || field.value.is_some() {
                return problem(
                    place,
                    format!(
                        "write the field as `{key}: number;`: no static, declare, optional or initial value"
                    ),
                );
            }
            let Some(annotation) = &field.type_annotation else {
                return problem(place, format!("`{key}` needs a type: `{key}: number;`"));
            };
            let shape = self.shape(source, &annotation.type_annotation)?;
            if let Shape::Class(inner) = shape {
                self.resolve_class(inner, depth + 1)?;
            }
            if fields.iter().any(|(known, ..)| *known == key) {
                return problem(place, format!("`{name}` has two fields `{key}`"));
            }
            fields.push((key, shape, slots));
            slots += self.slots(shape);
            if slots > 1024 {
                return problem(
                    place,
                    format!(
                        "`{name}` has more than 1024 numbers; split it into several components"
                    ),
                );
            }
        }
        let class = &mut self.classes[number];
        (class.fields, class.slots, class.state) = (fields, slots, State::Known);
        Ok(())
    }

    /// How many scalars a value has.
    pub fn slots(&self, shape: Shape) -> u32 {
        match shape {
            Shape::Scalar(_) => 1,
            Shape::Class(class) => self.classes[class].slots,
        }
    }

    /// The fields of the component that a class is.
    pub fn fields_of(&self, class: usize) -> Vec<Field> {
        let mut fields = Vec::new();
        self.flatten("", class, &mut fields);
        fields
    }

    fn flatten(&self, path: &str, class: usize, fields: &mut Vec<Field>) {
        for &(name, shape, _) in &self.classes[class].fields {
            let name = layerw_ecs::join(path, name);
            match shape {
                Shape::Class(inner) if !self.classes[inner].is_vector() => {
                    self.flatten(&name, inner, fields)
                }
                shape => {
                    fields.extend(self.fields_of_value(shape).into_iter().map(|field| Field {
                        name: name.clone(),
                        ..field
                    }))
                }
            }
        }
    }

    /// The field of a component that wraps a vector or a scalar.
    pub fn fields_of_value(&self, shape: Shape) -> Vec<Field> {
        let (scalar, count) = match shape {
            Shape::Scalar(scalar) => (scalar, 1),
            Shape::Class(class) => (Scalar::F32, self.classes[class].slots),
        };
        vec![Field {
            name: "0".to_owned(),
            scalar,
            count,
        }]
    }

    /// What a written type is.
    pub fn shape(&self, source: u32, ty: &TSType<'a>) -> Outcome<Shape> {
        let place = at(source, ty.span());
        match ty {
            TSType::TSNumberKeyword(_) => Ok(Shape::Scalar(Scalar::F32)),
            TSType::TSBooleanKeyword(_) => Ok(Shape::Scalar(Scalar::Bool)),
            TSType::TSParenthesizedType(inner) => self.shape(source, &inner.type_annotation),
            _ => match reference(ty) {
                Some(name) => match (self.names.get(name), scalar_named(name)) {
                    (Some(Item::Class(class)), _) => Ok(Shape::Class(*class)),
                    (None, Some(scalar)) => Ok(Shape::Scalar(scalar)),
                    _ => problem(place, format!("there is no type `{name}`; {TYPES}")),
                },
                None => problem(place, format!("this type is not in the language; {TYPES}")),
            },
        }
    }

    /// A written type that must be a scalar.
    pub fn scalar_type(&self, source: u32, ty: &TSType<'a>) -> Outcome<Scalar> {
        match self.shape(source, ty)? {
            Shape::Scalar(scalar) => Ok(scalar),
            Shape::Class(class) => problem(
                at(source, ty.span()),
                format!(
                    "a value of `{}` cannot be kept in a variable; name a row (`const p = column[i]`) or keep its numbers",
                    self.classes[class].name
                ),
            ),
        }
    }

    /// The type of a function's result; None for `void`.
    pub fn result_type(&self, source: u32, ty: &TSType<'a>) -> Outcome<Option<Scalar>> {
        match ty {
            TSType::TSVoidKeyword(_) => Ok(None),
            ty => self.scalar_type(source, ty).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::component_name;

    #[test]
    fn columns_are_named_in_the_singular() {
        let names = [
            "positions",
            "velocities",
            "mass",
            "masses",
            "boxes",
            "s",
            "alpha",
            "speeds",
        ]
        .map(component_name);
        assert_eq!(
            names,
            [
                "Position", "Velocity", "Mass", "Mass", "Box", "S", "Alpha", "Speed"
            ]
        );
    }
}
