//! Classes that are components, resources or values in them, and types as they are written.
//!
//! A column of a class of the script is the component of that name. A column of `Vec2`, `Vec3`, `Vec4` or of a plain number wraps one value, as
//! `struct Position(Vec2)` does in Rust, and is named after its parameter in the singular, with a capital: `positions` is `Position`,
//! `velocities` is `Velocity`, `boxes` is `Box`, `mass` is `Mass`.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Const, Field, Scalar};
pub use super::super::tree::Shape;
use super::super::tree::{ClassTree, FieldTree, Kind};
use super::items::{Checker, Item, at};
use oxc_ast::ast::{
    self, ClassElement, Expression, PropertyDefinition, PropertyKey, TSType, TSTypeAnnotation,
    TSTypeName, TSTypeOperatorOperator,
};
use oxc_span::GetSpan;

/// Constants by slot; all other slots hold 0.
pub type Values = Vec<(u32, Const)>;

/// A field of a class.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    pub name: &'a str,
    pub shape: Shape,
    /// The first of its scalars within the class.
    pub slot: u32,
    /// What it begins with, by slot within the field, where that is not 0; None if it has to be given.
    pub initial: Option<Values>,
}

/// A class with fields.
pub struct Class<'p, 'a> {
    pub name: &'a str,
    pub source: u32,
    /// None for those of the prelude.
    node: Option<&'p ast::Class<'a>>,
    pub fields: Vec<Member<'a>>,
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
                .map(|(name, slot)| Member {
                    name,
                    shape: Shape::Scalar(Scalar::F32),
                    slot,
                    initial: None,
                })
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

/// The type of the events, if a type is `Events<T>`.
pub fn events_of<'t, 'a>(ty: &'t TSType<'a>) -> Option<&'t TSType<'a>> {
    match ty {
        TSType::TSTypeReference(node) => {
            let named = matches!(&node.type_name, TSTypeName::IdentifierReference(id) if id.name.as_str() == "Events");
            match &node.type_arguments.as_ref()?.params[..] {
                [one] if named => Some(one),
                _ => None,
            }
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

/// The name, if a type is one without arguments.
pub fn reference<'a>(ty: &TSType<'a>) -> Option<&'a str> {
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
    let named =
        |scalar: &Scalar| scalar.name() == name && !matches!(scalar, Scalar::Bool | Scalar::U8);
    Scalar::ALL.into_iter().find(named)
}

/// What the elements of an array are, by the name of its class.
pub fn array_named(name: &str) -> Option<Scalar> {
    Some(match name {
        "Float32Array" => Scalar::F32,
        "Float64Array" => Scalar::F64,
        "Int32Array" => Scalar::I32,
        "Uint32Array" => Scalar::U32,
        "Uint8Array" => Scalar::U8,
        _ => return None,
    })
}

fn is_zero(value: Const) -> bool {
    matches!(
        value,
        Const::F32(0) | Const::F64(0) | Const::I32(0) | Const::I64(0) | Const::Bool(false)
    )
}

/// Scalars that a resource may have: what stands in it lies within reach of a constant offset.
const SLOTS_MAX: u32 = 1 << 21;

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
        let (mut fields, mut slots) = (Vec::<Member<'a>>::new(), 0u32);
        for element in &node.body.body {
            let ClassElement::PropertyDefinition(field) = element else {
                continue;
            };
            let place = at(source, field.span);
            let (PropertyKey::StaticIdentifier(key), false) = (&field.key, field.computed) else {
                return problem(place, "a field has a plain name");
            };
            let key = key.name.as_str();
            if field.r#static || field.declare || field.optional {
                return problem(
                    place,
                    format!("write the field as `{key}: number;`: no static, declare or optional"),
                );
            }
            let (shape, initial) = self.field(source, field, key, depth)?;
            if fields.iter().any(|known| known.name == key) {
                return problem(place, format!("`{name}` has two fields `{key}`"));
            }
            fields.push(Member {
                name: key,
                shape,
                slot: slots,
                initial,
            });
            slots += self.slots(shape);
            let plain = fields
                .iter()
                .filter(|field| !matches!(field.shape, Shape::Array(..)));
            if plain.map(|field| self.slots(field.shape)).sum::<u32>() > 1024 {
                return problem(
                    place,
                    format!(
                        "`{name}` has more than 1024 numbers; split it into several components"
                    ),
                );
            }
            if slots > SLOTS_MAX {
                return problem(
                    place,
                    format!(
                        "`{name}` has more than {SLOTS_MAX} numbers; make its arrays smaller, or split it into several resources"
                    ),
                );
            }
        }
        let class = &mut self.classes[number];
        (class.fields, class.slots, class.state) = (fields, slots, State::Known);
        Ok(())
    }

    /// The shape of a field, and what it begins with.
    fn field(
        &mut self,
        source: u32,
        field: &'p PropertyDefinition<'a>,
        key: &str,
        depth: usize,
    ) -> Outcome<(Shape, Option<Values>)> {
        let place = at(source, field.span);
        if let Some(Expression::NewExpression(node)) = &field.value
            && let Expression::Identifier(id) = &node.callee
            && let Some(scalar) = array_named(id.name.as_str())
        {
            let same = |annotation: &TSTypeAnnotation<'a>| {
                reference(&annotation.type_annotation) == Some(id.name.as_str())
            };
            if !field.type_annotation.as_ref().is_none_or(|one| same(one)) {
                return problem(
                    place,
                    format!("`{key}` is a {}; leave its type out", id.name),
                );
            }
            let length = match &node.arguments[..] {
                [one] => one
                    .as_expression()
                    .map(|one| self.number_of(source, one, 0)),
                _ => None,
            };
            let Some(length) = length.transpose()? else {
                return problem(
                    place,
                    format!("write its length: `{key} = new {}(4096);`", id.name),
                );
            };
            if !(1.0..=f64::from(SLOTS_MAX)).contains(&length) || length.fract() != 0.0 {
                return problem(
                    place,
                    format!(
                        "`{key}` has {length} elements; a whole number from 1 to {SLOTS_MAX} is possible"
                    ),
                );
            }
            return Ok((Shape::Array(scalar, length as u32), Some(Vec::new())));
        }
        let shape = match (&field.type_annotation, &field.value) {
            (Some(annotation), _) => self.shape(source, &annotation.type_annotation)?,
            (None, Some(Expression::BooleanLiteral(_))) => Shape::Scalar(Scalar::Bool),
            (None, Some(Expression::NewExpression(node))) => match &node.callee {
                Expression::Identifier(id) => match self.names.get(id.name.as_str()) {
                    Some(&Item::Class(class)) => Shape::Class(class),
                    _ => return problem(place, format!("there is no class `{}`", id.name)),
                },
                _ => return problem(place, format!("`{key}` needs a type: `{key}: number;`")),
            },
            (None, Some(_)) => Shape::Scalar(Scalar::F32),
            (None, None) => {
                return problem(place, format!("`{key}` needs a type: `{key}: number;`"));
            }
        };
        if let Shape::Class(inner) = shape {
            self.resolve_class(inner, depth + 1)?;
        }
        let initial = match &field.value {
            Some(value) => Some(self.initial(source, value, shape)?),
            None => match shape {
                Shape::Class(inner) => self.initial_of(inner),
                _ => None,
            },
        };
        Ok((shape, initial))
    }

    /// What all fields of a class begin with, if they all have initial values.
    pub fn initial_of(&self, class: usize) -> Option<Values> {
        let class = &self.classes[class];
        let mut all = Vec::new();
        for field in &class.fields {
            let values = field.initial.as_ref()?.iter();
            all.extend(values.map(|(slot, value)| (field.slot + slot, *value)));
        }
        (!class.fields.is_empty()).then_some(all)
    }

    /// An initial value: a constant, or `new Vec2(x, y)`.
    fn initial(&self, source: u32, expr: &Expression<'a>, shape: Shape) -> Outcome<Values> {
        let place = at(source, expr.span());
        match (shape, expr) {
            (Shape::Scalar(Scalar::Bool), Expression::BooleanLiteral(literal)) => {
                Ok(match literal.value {
                    true => vec![(0, Const::Bool(true))],
                    false => Vec::new(),
                })
            }
            (Shape::Scalar(Scalar::Bool), _) => problem(place, "this should be true or false"),
            (Shape::Scalar(ty), _) => {
                let value = super::numbers::constant(self.number_of(source, expr, 0)?, ty, place)?;
                Ok(match value.kind {
                    Kind::Const(value) if !is_zero(value) => vec![(0, value)],
                    _ => Vec::new(),
                })
            }
            (Shape::Class(class), Expression::NewExpression(node))
                if self.classes[class].is_vector()
                    && matches!(&node.callee, Expression::Identifier(id) if id.name.as_str() == self.classes[class].name)
                    && node.arguments.len() == self.classes[class].fields.len() =>
            {
                let mut values = Vec::new();
                for (slot, argument) in (0..).zip(&node.arguments) {
                    let Some(argument) = argument.as_expression() else {
                        return problem(place, "values are given one by one, without `...`");
                    };
                    let value = self.number_of(source, argument, 0)? as f32;
                    if value.to_bits() != 0 {
                        values.push((slot, Const::f32(value)));
                    }
                }
                Ok(values)
            }
            (Shape::Class(class), _) => problem(
                place,
                format!(
                    "a vector begins as `new {}(…)` with all its numbers, another class by the initial values of its own fields",
                    self.classes[class].name
                ),
            ),
            (Shape::Array(..), _) => {
                problem(place, "an array begins as zeros: `new Float32Array(100)`")
            }
        }
    }

    /// How many scalars a value has.
    pub fn slots(&self, shape: Shape) -> u32 {
        match shape {
            Shape::Scalar(_) => 1,
            Shape::Class(class) => self.classes[class].slots,
            Shape::Array(_, count) => count,
        }
    }

    /// The classes as others are told of them.
    pub fn class_trees(&self) -> Vec<ClassTree> {
        let bytes = |shape| self.scalars(shape).into_iter().map(Scalar::size).sum();
        let classes = self.classes.iter().map(|class| {
            let mut size = 0;
            let fields = class.fields.iter().map(|field| {
                let offset = size;
                size += match field.shape {
                    Shape::Array(scalar, count) => scalar.size() * count,
                    shape => bytes(shape),
                };
                FieldTree {
                    name: field.name.to_owned(),
                    shape: field.shape,
                    offset,
                    initial: self.spelled_out(field),
                }
            });
            ClassTree {
                name: class.name.to_owned(),
                fields: fields.collect(),
                size,
            }
        });
        classes.collect()
    }

    /// What each scalar of a field begins with; nothing of arrays, which begin with zeros.
    fn spelled_out(&self, field: &Member<'a>) -> Option<Vec<Const>> {
        let known = field.initial.as_ref()?;
        if matches!(field.shape, Shape::Array(..)) {
            return Some(Vec::new());
        }
        let value = |(slot, scalar)| {
            let found = known.iter().find(|(known, _)| *known == slot);
            found.map_or_else(|| super::commands::zero(scalar), |(_, value)| *value)
        };
        Some((0..).zip(self.scalars(field.shape)).map(value).collect())
    }

    /// Every scalar of a value in order.
    pub fn scalars(&self, shape: Shape) -> Vec<Scalar> {
        match shape {
            Shape::Scalar(scalar) => vec![scalar],
            Shape::Array(scalar, count) => vec![scalar; count as usize],
            Shape::Class(class) => {
                let fields = self.classes[class].fields.iter();
                fields.flat_map(|field| self.scalars(field.shape)).collect()
            }
        }
    }

    /// Refuses a class with arrays as a component of entities.
    pub fn without_arrays(&self, class: usize, place: At) -> Outcome<()> {
        match self.has_arrays(class) {
            false => Ok(()),
            true => problem(
                place,
                format!(
                    "`{}` has an array in it, so it is a resource and no component of entities",
                    self.classes[class].name
                ),
            ),
        }
    }

    /// Whether a class has arrays in it, which only resources may have.
    pub fn has_arrays(&self, class: usize) -> bool {
        self.classes[class]
            .fields
            .iter()
            .any(|field| match field.shape {
                Shape::Array(..) => true,
                Shape::Class(inner) => self.has_arrays(inner),
                Shape::Scalar(_) => false,
            })
    }

    /// The fields of the component that a class is.
    pub fn fields_of(&self, class: usize) -> Vec<Field> {
        let mut fields = Vec::new();
        self.flatten("", class, &mut fields);
        fields
    }

    fn flatten(&self, path: &str, class: usize, fields: &mut Vec<Field>) {
        for field in &self.classes[class].fields {
            let name = layerw_ecs::join(path, field.name);
            match field.shape {
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
            Shape::Array(scalar, count) => (scalar, count),
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
            Shape::Array(..) => problem(at(source, ty.span()), "an array stands in a resource"),
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
