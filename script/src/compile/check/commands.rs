//! Commands: `world.spawn({ positions: { x: 1, y: 2 }, Health: { now: 5, most: 5 } })`.
//!
//! A key names a component as a parameter of a system does: a class by its own name, a vector or a number by the name that a column of it has. What is named
//! here need not be a column of any system.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{Act, At, Const, NAMES_ACT, Scalar};
use super::super::tree::{Access, Base, Command, Element, Expr, Kind, Stmt};
use super::classes::{Shape, component_name};
use super::frame::{Frame, Name};
use super::items::Item;
use oxc_ast::ast::{self, Argument, Expression, ObjectExpression, ObjectPropertyKind, PropertyKey};
use oxc_span::{GetSpan, Span};

impl<'a> Frame<'_, '_, 'a> {
    /// Whether an expression is the world.
    pub fn is_world(&self, expr: &Expression<'_>) -> bool {
        matches!(expr, Expression::Identifier(id) if matches!(self.find(id.name.as_str()), Some(Name::World)))
    }

    /// Whether a call is a command.
    pub fn is_command(&self, node: &ast::CallExpression<'_>) -> bool {
        matches!(&node.callee, Expression::StaticMemberExpression(member) if self.is_world(&member.object))
    }

    pub fn command(&mut self, node: &ast::CallExpression<'a>, out: &mut Vec<Stmt>) -> Outcome<()> {
        let at = self.at(node.span);
        let Expression::StaticMemberExpression(member) = &node.callee else {
            return problem(
                at,
                "a command is called on the world: `world.despawn(entity)`",
            );
        };
        let name = member.property.name.as_str();
        let Some((_, act)) = NAMES_ACT.iter().find(|(known, _)| *known == name) else {
            return problem(
                self.at(member.property.span),
                format!(
                    "the world has no `{name}`; it has spawn, despawn, insert, remove and send"
                ),
            );
        };
        let args: Option<Vec<&Expression<'a>>> =
            node.arguments.iter().map(Argument::as_expression).collect();
        let Some(args) = args else {
            return problem(at, "values are given one by one, without `...`");
        };
        let mut command = Command {
            act: *act,
            entity: None,
            template: None,
            values: Vec::new(),
            at,
        };
        match (act, &args[..]) {
            (Act::Spawn, [parts]) => self.parts(parts, &mut command, out)?,
            (Act::Despawn, [entity]) => command.entity = Some(self.entity(entity)?),
            (Act::Insert, [entity, parts]) => {
                command.entity = Some(self.entity(entity)?);
                self.parts(parts, &mut command, out)?;
            }
            (Act::Remove, [entity, components @ ..]) if !components.is_empty() => {
                command.entity = Some(self.entity(entity)?);
                let numbers = components.iter();
                let numbers = numbers.map(|one| self.checker.component_as_value(self.source, one));
                command.template = Some(self.template(numbers.collect::<Outcome<_>>()?));
            }
            (Act::Send, [class, value]) => {
                let number = self.checker.component_as_value(self.source, class)?;
                let event = match class {
                    Expression::Identifier(id) => self.checker.names.get(id.name.as_str()),
                    _ => None,
                };
                let Some(&Item::Class(event)) = event else {
                    return problem(
                        self.at(class.span()),
                        "an event is of a class of the script",
                    );
                };
                self.whole(value, Shape::Class(event), &mut command.values, out)?;
                command.template = Some(self.template(vec![number]));
            }
            _ => {
                let form = match act {
                    Act::Spawn => "spawn({ Health: { now: 5 } })",
                    Act::Despawn => "despawn(entity)",
                    Act::Insert => "insert(entity, { Burning: {} })",
                    Act::Remove => "remove(entity, Burning)",
                    Act::Send => "send(Hit, { damage: 3 })",
                };
                return problem(at, format!("this command is written `world.{form}`"));
            }
        }
        out.push(Stmt::Command(Box::new(command)));
        Ok(())
    }

    fn entity(&mut self, expr: &Expression<'a>) -> Outcome<Expr> {
        self.expr_of(expr, Some(Scalar::Entity))
    }

    fn template(&self, components: Vec<u32>) -> u32 {
        self.checker.registry.borrow_mut().template(components)
    }

    /// The components of an object, with their values.
    fn parts(
        &mut self,
        expr: &Expression<'a>,
        command: &mut Command,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let mut template = Vec::new();
        for (name, place, value) in self.properties(expr)? {
            let number = self.part(name, place, value, &mut command.values, out)?;
            if template.contains(&number) {
                return problem(
                    place,
                    format!("`{name}` is a component that stands here already"),
                );
            }
            template.push(number);
        }
        let bytes: u32 = {
            let registry = self.checker.registry.borrow();
            let sizes = template
                .iter()
                .map(|one| registry.components[*one as usize].size());
            sizes.sum()
        };
        if bytes > BYTES_MAX {
            return problem(
                command.at,
                format!(
                    "the values of one command take {bytes} bytes, and {BYTES_MAX} are the most"
                ),
            );
        }
        command.template = Some(self.template(template));
        Ok(())
    }

    /// The names and values of an object.
    fn properties<'n>(
        &self,
        expr: &'n Expression<'a>,
    ) -> Outcome<Vec<(&'a str, At, &'n Expression<'a>)>> {
        let Expression::ObjectExpression(object) = expr else {
            return problem(
                self.at(expr.span()),
                "write what it is made of: `{ Health: { now: 5, most: 5 } }`",
            );
        };
        let mut found = Vec::new();
        for property in &object.properties {
            let place = self.at(property.span());
            let plain = match property {
                ObjectPropertyKind::ObjectProperty(one) if !one.computed && !one.method => {
                    Some(one)
                }
                _ => None,
            };
            let named = plain.and_then(|one| match &one.key {
                PropertyKey::StaticIdentifier(key) => Some((key.name.as_str(), one)),
                _ => None,
            });
            match named {
                Some((name, one)) => found.push((name, place, &one.value)),
                None => return problem(place, "write `name: value`"),
            }
        }
        Ok(found)
    }

    /// One component of a command; its number.
    fn part(
        &mut self,
        name: &'a str,
        place: At,
        value: &Expression<'a>,
        values: &mut Vec<Expr>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<u32> {
        if let Some(&Item::Class(class)) = self.checker.names.get(name)
            && !self.checker.classes[class].is_vector()
        {
            let shape = Shape::Class(class);
            self.checker.without_arrays(class, place)?;
            let number = self.checker.component(name, shape, place)?;
            self.whole(value, shape, values, out)?;
            return Ok(number);
        }
        let known = self.checker.registry.borrow().named(&component_name(name));
        let shape = match value {
            Expression::ObjectExpression(object) => Shape::Class(self.vector(object)?),
            Expression::NewExpression(node) => match &node.callee {
                Expression::Identifier(id) => match self.checker.names.get(id.name.as_str()) {
                    Some(&Item::Class(class)) => Shape::Class(class),
                    _ => return problem(place, format!("there is no class `{}`", id.name)),
                },
                _ => return problem(place, "write `new Vec2(x, y)`"),
            },
            value => match self.place(value)? {
                Some((_, shape)) => shape,
                None => {
                    // A plain number takes the type of the column, if there is one.
                    let want = known.and_then(|number| {
                        let registry = self.checker.registry.borrow();
                        match &registry.components[number as usize].fields[..] {
                            [field] if field.count == 1 => Some(field.scalar),
                            _ => None,
                        }
                    });
                    let value = self.expr(value, want)?;
                    let number = self
                        .checker
                        .component(name, Shape::Scalar(value.ty), place)?;
                    values.push(value);
                    return Ok(number);
                }
            },
        };
        if let Shape::Class(class) = shape
            && !self.checker.classes[class].is_vector()
        {
            let class = self.checker.classes[class].name;
            return problem(
                place,
                format!("this is a `{class}`; name it so: `{class}: …`"),
            );
        }
        let number = self.checker.component(name, shape, place)?;
        self.whole(value, shape, values, out)?;
        Ok(number)
    }

    /// The vector with these fields.
    fn vector(&self, object: &ObjectExpression<'a>) -> Outcome<usize> {
        let fields = object.properties.len();
        let name = ["Vec2", "Vec3", "Vec4"].get(fields.wrapping_sub(2));
        match name.and_then(|name| self.checker.names.get(name)) {
            Some(&Item::Class(class)) => Ok(class),
            _ => problem(
                self.at(object.span),
                "this is no class of the script and no vector: { x, y }, { x, y, z } or { x, y, z, w }",
            ),
        }
    }

    /// The scalars of a value in order: of an object with all its fields, of a row, a resource or a part of one, or of a number.
    fn whole(
        &mut self,
        expr: &Expression<'a>,
        shape: Shape,
        values: &mut Vec<Expr>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        self.deeper(expr.span(), |this| match (shape, expr) {
            (Shape::Scalar(ty), expr) => {
                values.push(this.expr_of(expr, Some(ty))?);
                Ok(())
            }
            (Shape::Class(class), Expression::ObjectExpression(object)) => {
                this.object(class, expr, object.span, values, out)
            }
            (Shape::Array(..), expr) => problem(
                this.at(expr.span()),
                "arrays stand in resources, which are no components of entities",
            ),
            (Shape::Class(class), Expression::NewExpression(node)) => {
                this.vector_of(class, node, values)
            }
            (Shape::Class(class), expr) => match this.place(expr)? {
                Some((element, found)) if found == shape => {
                    let id = this.element();
                    out.push(Stmt::Alias(id, element));
                    this.copy(id, class, 0, this.at(expr.span()), values);
                    Ok(())
                }
                _ => problem(
                    this.at(expr.span()),
                    format!(
                        "this should be a `{}`: write its fields, `{{ … }}`, or name a row",
                        this.checker.classes[class].name
                    ),
                ),
            },
        })
    }

    fn object(
        &mut self,
        class: usize,
        expr: &Expression<'a>,
        span: Span,
        values: &mut Vec<Expr>,
        out: &mut Vec<Stmt>,
    ) -> Outcome<()> {
        let checker = self.checker;
        let (name, fields) = (checker.classes[class].name, &checker.classes[class].fields);
        let given = self.properties(expr)?;
        for (place, (key, at, _)) in given.iter().enumerate() {
            if given[..place].iter().any(|(known, ..)| known == key) {
                return problem(*at, format!("`{key}` stands twice"));
            }
            if !fields.iter().any(|known| known.name == *key) {
                let known: Vec<&str> = fields.iter().map(|known| known.name).collect();
                return problem(
                    *at,
                    format!("`{name}` has no field `{key}`; it has {}", known.join(", ")),
                );
            }
        }
        for field in fields {
            match (
                given.iter().find(|(key, ..)| *key == field.name),
                &field.initial,
            ) {
                (Some((_, _, value)), _) => self.whole(value, field.shape, values, out)?,
                (None, Some(initial)) => {
                    let at = self.at(span);
                    for (slot, scalar) in (0..).zip(checker.scalars(field.shape)) {
                        let known = initial.iter().find(|(known, _)| *known == slot);
                        let value = known.map_or_else(|| zero(scalar), |(_, value)| *value);
                        values.push(Expr {
                            kind: Kind::Const(value),
                            ty: scalar,
                            at,
                        });
                    }
                }
                (None, None) => {
                    return problem(
                        self.at(span),
                        format!(
                            "`{name}` needs all its fields here, and `{}` is missing",
                            field.name
                        ),
                    );
                }
            }
        }
        Ok(())
    }

    /// `new Vec2(x, y)`
    fn vector_of(
        &mut self,
        class: usize,
        node: &ast::NewExpression<'a>,
        values: &mut Vec<Expr>,
    ) -> Outcome<()> {
        let at = self.at(node.span);
        let checker = self.checker;
        let class = &checker.classes[class];
        let named =
            matches!(&node.callee, Expression::Identifier(id) if id.name.as_str() == class.name);
        if !named || !class.is_vector() || node.arguments.len() != class.fields.len() {
            return problem(
                at,
                format!(
                    "write its fields, `{{ … }}`, or a vector with all its numbers; this should be a `{}`",
                    class.name
                ),
            );
        }
        for argument in &node.arguments {
            let Some(value) = argument.as_expression() else {
                return problem(at, "values are given one by one, without `...`");
            };
            values.push(self.expr_of(value, Some(Scalar::F32))?);
        }
        Ok(())
    }

    /// Loads of all scalars of an element.
    fn copy(
        &self,
        id: super::super::tree::ElementId,
        class: usize,
        first: u32,
        at: At,
        values: &mut Vec<Expr>,
    ) {
        for field in &self.checker.classes[class].fields {
            let slot = field.slot;
            match field.shape {
                Shape::Array(..) => unreachable!("no component has arrays"),
                Shape::Class(inner) => self.copy(id, inner, first + slot, at, values),
                Shape::Scalar(scalar) => values.push(Expr {
                    kind: Kind::Load(Access {
                        element: Element {
                            base: Base::Named(id),
                            slot: first + slot,
                            item: None,
                        },
                        scalar,
                    }),
                    ty: scalar,
                    at,
                }),
            }
        }
    }
}

/// Bytes that the values of one command may take: they stand in the module's first page.
const BYTES_MAX: u32 = 32 << 10;

pub(super) fn zero(scalar: Scalar) -> Const {
    match scalar {
        Scalar::F32 => Const::f32(0.0),
        Scalar::F64 => Const::f64(0.0),
        Scalar::I32 | Scalar::U32 | Scalar::U8 => Const::I32(0),
        Scalar::I64 | Scalar::U64 | Scalar::Entity => Const::I64(0),
        Scalar::Bool => Const::Bool(false),
    }
}
