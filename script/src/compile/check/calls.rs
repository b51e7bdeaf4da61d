//! Calls: conversions, `Math`, and functions of the script.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Binary, NAMES_BINARY, NAMES_UNARY, Scalar, Unary};
use super::super::tree::{Arg, Expr, Kind};
use super::classes::{Shape, scalar_named};
use super::frame::{Frame, Name};
use super::items::{Item, Taken};
use super::operators::is_float;
use oxc_ast::ast::{self, Argument, Expression};
use oxc_span::GetSpan;

/// What of `Math` is left out, and what to write instead.
const WITHOUT: [(&str, &str); 2] = [
    (
        "random",
        "it would differ from run to run; write `const random = cx.random(entity, 0)` and `random.unit()`",
    ),
    ("imul", "declare the factors `: i32` and multiply"),
];

impl<'a> Frame<'_, '_, 'a> {
    /// A call, and whether it gives a value.
    pub fn call(
        &mut self,
        node: &ast::CallExpression<'a>,
        want: Option<Scalar>,
    ) -> Outcome<(Expr, bool)> {
        let at = self.at(node.span);
        if node.optional || node.type_arguments.is_some() {
            return problem(at, "a call is a name and values: `f(a, b)`");
        }
        match &node.callee {
            Expression::Identifier(id) => {
                let name = id.name.as_str();
                match (self.checker.names.get(name), scalar_named(name)) {
                    (Some(&Item::Function(number)), _) => self.function_call(number, node),
                    (None, Some(ty)) => Ok((self.conversion(ty, node)?, true)),
                    _ => problem(
                        self.at(id.span),
                        format!("there is no function `{name}`; declare it at the top level"),
                    ),
                }
            }
            Expression::StaticMemberExpression(member) if self.is_math(&member.object) => {
                let name = member.property.name.as_str();
                Ok((self.math(name, node, want)?, true))
            }
            Expression::StaticMemberExpression(member)
                if let Expression::Identifier(id) = &member.object
                    && let Some(Name::Random { local }) = self.find(id.name.as_str()) =>
            {
                Ok((self.draw(local, member.property.name.as_str(), node)?, true))
            }
            Expression::StaticMemberExpression(member) if self.is_context(&member.object) => {
                problem(
                    at,
                    "give random numbers a name first: `const random = cx.random(entity, 0)`, then `random.unit()`",
                )
            }
            Expression::StaticMemberExpression(member) if self.is_world(&member.object) => problem(
                at,
                "a command gives nothing back; it stands as a statement of its own",
            ),
            callee => problem(
                self.at(callee.span()),
                "only functions of the top level, Math and conversions can be called",
            ),
        }
    }

    pub fn values<'n>(
        &self,
        node: &'n ast::CallExpression<'a>,
        count: usize,
    ) -> Outcome<Vec<&'n Expression<'a>>> {
        let values: Option<Vec<_>> = node.arguments.iter().map(Argument::as_expression).collect();
        match values {
            Some(values) if values.len() == count => Ok(values),
            Some(values) => problem(
                self.at(node.span),
                format!("this takes {count} values and is given {}", values.len()),
            ),
            None => problem(
                self.at(node.span),
                "values are given one by one, without `...`",
            ),
        }
    }

    fn conversion(&mut self, ty: Scalar, node: &ast::CallExpression<'a>) -> Outcome<Expr> {
        let from = self.values(node, 1)?[0];
        let want = self.is_flexible(from).then_some(ty);
        // i32(1.5) is 1, so a plain number that does not fit is a float first.
        let value = match self.expr(from, want) {
            Err(_) if want.is_some() => self.expr(from, Some(Scalar::F64))?,
            outcome => outcome?,
        };
        if ty == Scalar::Entity || (value.ty == Scalar::Entity && ty != Scalar::U64) {
            return problem(
                value.at,
                "an entity is no number; its bits are u64(entity), and there is no way back",
            );
        }
        Ok(Expr {
            at: value.at,
            kind: Kind::Convert(Box::new(value)),
            ty,
        })
    }

    fn function_call(
        &mut self,
        number: usize,
        node: &ast::CallExpression<'a>,
    ) -> Outcome<(Expr, bool)> {
        let at = self.at(node.span);
        let checker = self.checker;
        let signature = &checker.signatures[number];
        let values = self.values(node, signature.params.len())?;
        let mut args = Vec::new();
        for (value, &(name, taken, _)) in values.into_iter().zip(&signature.params) {
            args.push(match taken {
                Taken::World => match value {
                    Expression::Identifier(id) if matches!(self.find(id.name.as_str()), Some(Name::World)) => continue,
                    _ => {
                        return problem(
                            self.at(value.span()),
                            format!("parameter `{name}` is the world; pass the system's own parameter of type `World`"),
                        );
                    }
                },
                Taken::Context(needed) => {
                    let context = match value {
                        Expression::Identifier(id) => self.find(id.name.as_str()),
                        _ => None,
                    };
                    let Some(context @ (Name::Context | Name::Passed(_))) = context else {
                        return problem(
                            self.at(value.span()),
                            format!("parameter `{name}` is the step; pass the system's own parameter of type `Context`"),
                        );
                    };
                    let asked = (0..needed.len()).filter(|number| needed[*number]);
                    let asked: Vec<usize> = asked.collect();
                    for number in asked {
                        let value = self.asked(context, number, at);
                        args.extend(value.map(Arg::Value));
                    }
                    continue;
                }
                Taken::Value(ty) => Arg::Value(self.expr_of(value, Some(ty))?),
                Taken::Element(class) => match self.place(value)? {
                    Some((element, Shape::Class(found))) if found == class => Arg::Element(element),
                    _ => {
                        let class = checker.classes[class].name;
                        return problem(
                            self.at(value.span()),
                            format!("parameter `{name}` is a `{class}`; pass a row or a field of that class"),
                        );
                    }
                },
            });
        }
        let value = Expr {
            kind: Kind::Call(number, args),
            ty: signature.result.unwrap_or(Scalar::Bool),
            at,
        };
        Ok((value, signature.result.is_some()))
    }

    fn math(
        &mut self,
        name: &str,
        node: &ast::CallExpression<'a>,
        want: Option<Scalar>,
    ) -> Outcome<Expr> {
        let at = self.at(node.span);
        let unary = match name {
            "sqrt" => Some(Unary::Sqrt),
            "floor" => Some(Unary::Floor),
            "ceil" => Some(Unary::Ceil),
            "trunc" => Some(Unary::Trunc),
            name => {
                let mut hosts = NAMES_UNARY.iter().filter(|(_, op)| op.is_hosts());
                hosts.find(|(known, _)| *known == name).map(|(_, op)| *op)
            }
        };
        if let Some(op) = unary {
            let value = self.float(node, want, name)?;
            return Ok(of(value.ty, at, Kind::Unary(op, Box::new(value))));
        }
        let mut hosts = NAMES_BINARY.iter().filter(|(_, op)| op.is_hosts());
        if let Some((_, op)) = hosts.find(|(known, _)| *known == name) {
            let values = self.values(node, 2)?;
            let want = want.filter(|ty| is_float(*ty));
            let (left, right) = self.operands(values[0], values[1], want)?;
            self.is_float(&left, name)?;
            let ty = left.ty;
            let kind = Kind::Binary(*op, Box::new(left), Box::new(right));
            return Ok(of(ty, at, kind));
        }
        match name {
            "abs" => {
                let value = self.one(node, want)?;
                let ty = self.number(&value)?;
                let kind = match ty {
                    Scalar::F32 | Scalar::F64 => Kind::Unary(Unary::Abs, Box::new(value)),
                    Scalar::I32 | Scalar::I64 => Kind::AbsInt(Box::new(value)),
                    _ => return Ok(value),
                };
                Ok(of(ty, at, kind))
            }
            "round" => {
                let value = self.float(node, want, name)?;
                Ok(of(value.ty, at, Kind::Round(Box::new(value))))
            }
            "sign" => {
                let value = self.float(node, want, name)?;
                Ok(of(value.ty, at, Kind::Sign(Box::new(value))))
            }
            "fround" => {
                let value = self.one(node, want)?;
                self.number(&value)?;
                Ok(of(Scalar::F32, at, Kind::Convert(Box::new(value))))
            }
            "min" | "max" => self.extreme(name == "max", node, want),
            _ => {
                let cure = WITHOUT.iter().find(|(known, _)| *known == name);
                let cure = cure.map_or(
                    "the language has abs, sqrt, floor, ceil, trunc, round, sign, min, max, fround, sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, exp, log, log2, log10, cbrt, pow and hypot",
                    |(_, cure)| cure,
                );
                problem(at, format!("there is no `Math.{name}`; {cure}"))
            }
        }
    }

    /// `Math.min` and `Math.max` of two values and more, from the left.
    fn extreme(
        &mut self,
        max: bool,
        node: &ast::CallExpression<'a>,
        want: Option<Scalar>,
    ) -> Outcome<Expr> {
        let at = self.at(node.span);
        let values = self.values(node, node.arguments.len())?;
        let Some(first) = values
            .iter()
            .find(|value| !self.is_flexible(value))
            .or(values.first())
        else {
            return problem(at, "this takes values: `Math.min(a, b)`");
        };
        let ty = self.expr(first, want)?.ty;
        let mut result: Option<Expr> = None;
        for value in values {
            let value = self.expr_of(value, Some(ty))?;
            self.number(&value)?;
            result = Some(match result {
                None => value,
                Some(left) => {
                    let (left, right) = (Box::new(left), Box::new(value));
                    let kind = match (is_float(ty), max) {
                        (true, false) => Kind::Binary(Binary::Min, left, right),
                        (true, true) => Kind::Binary(Binary::Max, left, right),
                        (false, false) => Kind::MinInt(left, right),
                        (false, true) => Kind::MaxInt(left, right),
                    };
                    of(ty, at, kind)
                }
            });
        }
        match result {
            Some(result) => Ok(result),
            None => problem(at, "this takes values: `Math.min(a, b)`"),
        }
    }

    fn one(&mut self, node: &ast::CallExpression<'a>, want: Option<Scalar>) -> Outcome<Expr> {
        let value = self.values(node, 1)?[0];
        self.expr(value, want)
    }

    /// The only value, which is a float.
    fn float(
        &mut self,
        node: &ast::CallExpression<'a>,
        want: Option<Scalar>,
        name: &str,
    ) -> Outcome<Expr> {
        let value = self.one(node, want.filter(|ty| is_float(*ty)))?;
        self.is_float(&value, name)?;
        Ok(value)
    }

    fn is_float(&self, value: &Expr, name: &str) -> Outcome<()> {
        match is_float(value.ty) {
            true => Ok(()),
            false => problem(
                value.at,
                format!(
                    "`Math.{name}` takes f32 or f64 and this is {}; write f32(…) around it",
                    value.ty.name()
                ),
            ),
        }
    }

    fn number(&self, value: &Expr) -> Outcome<Scalar> {
        match value.ty {
            Scalar::Bool => problem(value.at, "this is a boolean and should be a number"),
            Scalar::Entity => problem(value.at, "this is an entity and should be a number"),
            ty => Ok(ty),
        }
    }
}

fn of(ty: Scalar, at: At, kind: Kind) -> Expr {
    Expr { kind, ty, at }
}
