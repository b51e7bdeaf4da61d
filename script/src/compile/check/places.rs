//! Rows, resources, and the numbers in them.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::Scalar;
use super::super::tree::{Access, Base, Element, Expr, Item, Kind};
use super::classes::Shape;
use super::frame::{Frame, Name};
use oxc_ast::ast::{self, Expression};
use oxc_span::GetSpan;

impl<'a> Frame<'_, '_, 'a> {
    /// What an expression names in memory; None if it is something else.
    pub fn place(&mut self, expr: &Expression<'a>) -> Outcome<Option<(Element, Shape)>> {
        self.deeper(expr.span(), |this| match expr {
            Expression::ParenthesizedExpression(inner) => this.place(&inner.expression),
            Expression::TSNonNullExpression(inner) => this.place(&inner.expression),
            Expression::Identifier(id) => Ok(match this.find(id.name.as_str()) {
                Some(Name::Element { id, class }) => {
                    Some((whole(Base::Named(id)), Shape::Class(class)))
                }
                Some(Name::Array { id, scalar, count }) => {
                    Some((whole(Base::Named(id)), Shape::Array(scalar, count)))
                }
                Some(Name::Resource { input, class }) => {
                    Some((whole(Base::Resource(input)), Shape::Class(class)))
                }
                _ => None,
            }),
            Expression::ComputedMemberExpression(node) => this.row(node),
            Expression::StaticMemberExpression(node) => this.field(node),
            _ => Ok(None),
        })
    }

    fn row(
        &mut self,
        node: &ast::ComputedMemberExpression<'a>,
    ) -> Outcome<Option<(Element, Shape)>> {
        let at = self.at(node.span);
        let column = match &node.object {
            Expression::Identifier(id) => self.find(id.name.as_str()),
            _ => None,
        };
        if node.optional {
            return problem(at, "nothing is null here; leave the `?.` out");
        }
        if let Some(Name::Events {
            input,
            count,
            class,
        }) = column
        {
            let event = Box::new(self.index(&node.expression, "an event")?);
            let base = Base::Event(input, count, event, at);
            return Ok(Some((whole(base), Shape::Class(class))));
        }
        let Some(Name::Column { input, shape }) = column else {
            let array = match &node.object {
                Expression::Identifier(_) | Expression::StaticMemberExpression(_) => {
                    self.place(&node.object)?
                }
                _ => None,
            };
            let Some((element, Shape::Array(scalar, count))) = array else {
                return problem(
                    at,
                    "only a column has rows: `positions[i]`; a field is named by a dot",
                );
            };
            let index = self.index(&node.expression, "an element")?;
            let item = Item { index, count, at };
            let element = Element {
                item: Some(Box::new(item)),
                ..element
            };
            return Ok(Some((element, Shape::Scalar(scalar))));
        };
        let row = self.index(&node.expression, "a row")?;
        Ok(Some((whole(Base::Row(input, Box::new(row), at)), shape)))
    }

    fn index(&mut self, expr: &Expression<'a>, what: &str) -> Outcome<Expr> {
        let index = self.expr(expr, Some(Scalar::I32))?;
        match index.ty {
            Scalar::I32 | Scalar::U32 => Ok(index),
            ty => problem(
                index.at,
                format!(
                    "{what} is named by a whole number and this is {}; declare the variable `: i32`, or write i32(…)",
                    ty.name()
                ),
            ),
        }
    }

    /// How many elements an array has, if an expression names one.
    pub fn array_length(&mut self, expr: &Expression<'a>) -> Outcome<Option<u32>> {
        let place = match expr {
            Expression::Identifier(_) | Expression::StaticMemberExpression(_) => {
                self.place(expr)?
            }
            _ => None,
        };
        Ok(match place {
            Some((_, Shape::Array(_, count))) => Some(count),
            _ => None,
        })
    }

    fn field(
        &mut self,
        node: &ast::StaticMemberExpression<'a>,
    ) -> Outcome<Option<(Element, Shape)>> {
        let Some((mut element, shape)) = self.place(&node.object)? else {
            return Ok(None);
        };
        let (at, name) = (self.at(node.property.span), node.property.name.as_str());
        let class = match shape {
            Shape::Class(class) => &self.checker.classes[class],
            Shape::Scalar(ty) => {
                return problem(
                    at,
                    format!("this is {} and has no field `{name}`", ty.name()),
                );
            }
            // No field: a number that is known.
            Shape::Array(..) if name == "length" => return Ok(None),
            Shape::Array(..) => {
                return problem(
                    at,
                    format!(
                        "this is an array and has no `{name}`; it has `length` and elements: `[i]`"
                    ),
                );
            }
        };
        match class.fields.iter().find(|known| known.name == name) {
            Some(field) => {
                element.slot += field.slot;
                Ok(Some((element, field.shape)))
            }
            None => {
                let known: Vec<&str> = class.fields.iter().map(|known| known.name).collect();
                problem(
                    at,
                    format!(
                        "`{}` has no field `{name}`; it has {}",
                        class.name,
                        known.join(", ")
                    ),
                )
            }
        }
    }

    /// The scalar that an expression names in memory.
    pub fn access(&mut self, expr: &Expression<'a>) -> Outcome<Access> {
        let place = self.place(expr)?;
        self.scalar(place, expr.span())
    }

    fn scalar(&mut self, place: Option<(Element, Shape)>, span: oxc_span::Span) -> Outcome<Access> {
        match place {
            Some((element, Shape::Scalar(scalar))) => Ok(Access { element, scalar }),
            Some((_, Shape::Array(..))) => problem(
                self.at(span),
                "this is a whole array; use its elements one by one: `[i]`",
            ),
            Some((_, Shape::Class(class))) => {
                let class = &self.checker.classes[class];
                let field = class.fields.first().map_or("x", |field| field.name);
                problem(
                    self.at(span),
                    format!(
                        "this is a whole `{}`; use its numbers one by one: `.{field}`",
                        class.name
                    ),
                )
            }
            None => problem(
                self.at(span),
                "this is no field of a row or resource; known names are columns, rows and variables",
            ),
        }
    }

    pub fn load(&mut self, expr: &Expression<'a>) -> Outcome<Expr> {
        let access = self.access(expr)?;
        Ok(Expr {
            ty: access.scalar.value(),
            kind: Kind::Load(access),
            at: self.at(expr.span()),
        })
    }

    pub fn load_row(&mut self, node: &ast::ComputedMemberExpression<'a>) -> Outcome<Expr> {
        let place = self.row(node)?;
        let access = self.scalar(place, node.span)?;
        Ok(Expr {
            ty: access.scalar.value(),
            kind: Kind::Load(access),
            at: self.at(node.span),
        })
    }

    pub fn load_member(&mut self, node: &ast::StaticMemberExpression<'a>) -> Outcome<Expr> {
        let place = self.field(node)?;
        let access = self.scalar(place, node.span)?;
        Ok(Expr {
            ty: access.scalar.value(),
            kind: Kind::Load(access),
            at: self.at(node.span),
        })
    }
}

fn whole(base: Base) -> Element {
    Element {
        base,
        slot: 0,
        item: None,
    }
}
