//! Expressions, each in parentheses only where it needs them.

use super::body::Body;
use super::mark;
use crate::compile::ir::{Binary, Compare, Const, Scalar, Unary};
use crate::compile::tree::{Arg, Base, Draw, Element, Expr, Kind, Stmt};

/// How tightly an operator binds.
pub const CHOOSE: u8 = 1;
const OR: u8 = 2;
pub const AND: u8 = 3;
const BIT_OR: u8 = 4;
const BIT_XOR: u8 = 5;
const BIT_AND: u8 = 6;
const EQUAL: u8 = 7;
const LESS: u8 = 8;
const SHIFT: u8 = 9;
const SUM: u8 = 10;
const PRODUCT: u8 = 11;
const PREFIX: u8 = 12;
const ATOM: u8 = 13;

/// An expression as text.
pub struct Js {
    pub text: String,
    binds: u8,
}

impl Js {
    fn new(binds: u8, text: impl Into<String>) -> Js {
        Js {
            text: text.into(),
            binds,
        }
    }

    /// In parentheses if it binds less tightly.
    pub fn at_least(&self, binds: u8) -> String {
        match self.binds >= binds {
            true => self.text.clone(),
            false => format!("({})", self.text),
        }
    }
}

fn call(function: &str, values: &[&Js]) -> Js {
    let values: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
    Js::new(ATOM, format!("{function}({})", values.join(", ")))
}

/// Two operands and what stands between them.
fn between(binds: u8, a: &Js, operator: &str, b: &Js) -> Js {
    let (a, b) = (a.at_least(binds), b.at_least(binds + 1));
    Js::new(binds, format!("{a} {operator} {b}"))
}

/// A whole number of 32 bits as its type has it.
fn wrapped(ty: Scalar, value: Js) -> Js {
    match ty {
        Scalar::I32 => Js::new(BIT_OR, format!("{} | 0", value.at_least(BIT_OR))),
        Scalar::U32 => Js::new(SHIFT, format!("{} >>> 0", value.at_least(SHIFT))),
        Scalar::I64 => call("$wrap", &[&value]),
        Scalar::U64 => call("$wrapU", &[&value]),
        _ => value,
    }
}

/// A float as its type has it.
fn rounded(ty: Scalar, value: Js) -> Js {
    match ty {
        Scalar::F32 => call("Math.fround", &[&value]),
        _ => value,
    }
}

/// The text of an expression. Its value is a number that its type has (an unsigned one is not below 0), a BigInt for 64 bits, or a boolean.
pub fn expr<'t>(body: &mut Body<'_, 't>, expr: &'t Expr) -> Js {
    let ty = expr.ty;
    match &expr.kind {
        Kind::Const(value) => constant(*value, ty),
        Kind::Local(local) => Js::new(ATOM, body.local(*local)),
        Kind::Global(number) => {
            let tree = body.tree();
            body.expr(&tree.globals[*number])
        }
        Kind::Load(access) => {
            let text = body.scalar(&access.element, access.scalar);
            match access.scalar {
                Scalar::Bool => Js::new(EQUAL, format!("{text} !== 0")),
                _ => Js::new(ATOM, text),
            }
        }
        Kind::Length => Js::new(ATOM, body.length()),
        Kind::Input(number) => {
            let name = Js::new(ATOM, body.input_name(*number));
            match ty {
                Scalar::U64 => call("$wrapU", &[&name]),
                _ => name,
            }
        }
        Kind::Unary(op, a) => {
            let a = body.expr(a);
            let math = |name: &str| call(&format!("Math.{name}"), &[&a]);
            match op {
                Unary::Neg => Js::new(PREFIX, format!("-{}", a.at_least(ATOM))),
                Unary::Abs => math("abs"),
                Unary::Sqrt => rounded(ty, math("sqrt")),
                Unary::Floor => math("floor"),
                Unary::Ceil => math("ceil"),
                Unary::Trunc => math("trunc"),
                Unary::Not => Js::new(PREFIX, format!("!{}", a.at_least(PREFIX))),
                hosts => call(&hosted(hosts.name(), ty), &[&a]),
            }
        }
        Kind::Binary(op, a, b) => {
            let (a, b) = (body.expr(a), body.expr(b));
            if op.may_trap() {
                body.stops = true;
            }
            binary(*op, ty, a, b, &mark(expr.at))
        }
        Kind::Compare(op, a, b) => {
            let (a, b) = (body.expr(a), body.expr(b));
            let (operator, binds) = match op {
                Compare::Eq => ("===", EQUAL),
                Compare::Ne => ("!==", EQUAL),
                Compare::Lt | Compare::LtU => ("<", LESS),
                Compare::Le | Compare::LeU => ("<=", LESS),
                Compare::Gt | Compare::GtU => (">", LESS),
                Compare::Ge | Compare::GeU => (">=", LESS),
            };
            between(binds, &a, operator, &b)
        }
        Kind::And(a, b) => {
            let (a, b) = (body.expr(a), body.expr(b));
            between(AND, &a, "&&", &b)
        }
        Kind::Or(a, b) => {
            let (a, b) = (body.expr(a), body.expr(b));
            between(OR, &a, "||", &b)
        }
        Kind::Choose(on, a, b) => {
            let (on, a, b) = (body.expr(on), body.expr(a), body.expr(b));
            let (on, a, b) = (
                on.at_least(CHOOSE + 1),
                a.at_least(CHOOSE),
                b.at_least(CHOOSE),
            );
            Js::new(CHOOSE, format!("{on} ? {a} : {b}"))
        }
        Kind::Convert(a) => {
            let from = a.ty;
            let a = body.expr(a);
            convert(from, ty, a)
        }
        Kind::Round(a) => call("Math.round", &[&body.expr(a)]),
        Kind::Sign(a) => call("Math.sign", &[&body.expr(a)]),
        Kind::AbsInt(a) => {
            let a = body.expr(a);
            match ty {
                Scalar::I64 => call("$abs", &[&a]),
                _ => wrapped(ty, call("Math.abs", &[&a])),
            }
        }
        Kind::MinInt(a, b) => {
            let (a, b) = (body.expr(a), body.expr(b));
            call(extreme("Math.min", "$min", ty), &[&a, &b])
        }
        Kind::MaxInt(a, b) => {
            let (a, b) = (body.expr(a), body.expr(b));
            call(extreme("Math.max", "$max", ty), &[&a, &b])
        }
        Kind::Keyed(words) => {
            let words = words.each_ref().map(|word| body.expr(word));
            call("$keyed", &words.each_ref())
        }
        Kind::Draw(draw, local, args) => {
            let mut values: Vec<String> = args.iter().map(|arg| body.expr(arg).text).collect();
            let state = body.local(*local);
            values.push(format!("{state} = $step({state})"));
            let name = match draw {
                Draw::Bits => "$mix",
                Draw::Unit => "$unit",
                Draw::Unit64 => "$unit64",
                Draw::Range => "$range",
                Draw::Below => "$below",
            };
            Js::new(ATOM, format!("{name}({})", values.join(", ")))
        }
        Kind::Call(number, args) => {
            let (mut values, mut bounds) = (Vec::new(), Vec::new());
            for arg in args {
                match arg {
                    Arg::Value(value) => {
                        values.push(body.expr(value).text);
                        bounds.push(None);
                    }
                    Arg::Element(element) => {
                        let bound = body.bound(element);
                        values.extend(bound.row.clone());
                        bounds.push(Some(bound));
                    }
                }
            }
            body.stops = true;
            let name = body.function(*number, bounds);
            let text = format!("{}{name}({})", mark(expr.at), values.join(", "));
            Js::new(ATOM, text)
        }
    }
}

/// The name of what the host computes.
fn hosted(name: &str, ty: Scalar) -> String {
    format!("$math.{name}_{}", ty.name())
}

fn extreme(numbers: &'static str, bigints: &'static str, ty: Scalar) -> &'static str {
    match ty {
        Scalar::I64 | Scalar::U64 => bigints,
        _ => numbers,
    }
}

fn constant(value: Const, ty: Scalar) -> Js {
    let text = match (value, ty) {
        (Const::F32(bits), _) => float32(f32::from_bits(bits)),
        (Const::F64(bits), _) => float64(f64::from_bits(bits)),
        (Const::I32(value), Scalar::U32) => (value as u32).to_string(),
        (Const::I32(value), _) => value.to_string(),
        (Const::I64(value), Scalar::U64) => format!("{}n", value as u64),
        (Const::I64(value), _) => format!("{value}n"),
        (Const::Bool(value), _) => value.to_string(),
    };
    let binds = if text.starts_with('-') { PREFIX } else { ATOM };
    Js::new(binds, text)
}

fn float64(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) => format!("{value:e}"),
        value => value.to_string(),
    }
}

/// The shortest text that rounds to it.
fn float32(value: f32) -> String {
    let exact = float64(value.into());
    if value.is_nan() || value.is_infinite() {
        return exact;
    }
    let short = value.to_string();
    match short.parse::<f64>() {
        Ok(wide) if wide != f64::from(value) && wide as f32 == value && short.len() < 20 => {
            format!("Math.fround({short})")
        }
        _ => exact,
    }
}

fn binary(op: Binary, ty: Scalar, a: Js, b: Js, mark: &str) -> Js {
    let is_float = matches!(ty, Scalar::F32 | Scalar::F64);
    let fits = |value: Js| match is_float {
        true => rounded(ty, value),
        false => wrapped(ty, value),
    };
    let big = matches!(ty, Scalar::I64 | Scalar::U64);
    let divisor = |b: &Js| {
        let mut by = call("$divisor", &[b]);
        by.text.insert_str(0, mark);
        by
    };
    match op {
        Binary::Add => fits(between(SUM, &a, "+", &b)),
        Binary::Sub => fits(between(SUM, &a, "-", &b)),
        Binary::Mul if is_float || big => fits(between(PRODUCT, &a, "*", &b)),
        Binary::Mul => {
            let product = call("Math.imul", &[&a, &b]);
            match ty {
                Scalar::U32 => wrapped(ty, product),
                _ => product,
            }
        }
        Binary::Div => fits(between(PRODUCT, &a, "/", &b)),
        Binary::DivS | Binary::DivU => wrapped(ty, between(PRODUCT, &a, "/", &divisor(&b))),
        Binary::RemS | Binary::RemU => wrapped(ty, between(PRODUCT, &a, "%", &divisor(&b))),
        Binary::Atan2 | Binary::Pow | Binary::Hypot => call(&hosted(op.name(), ty), &[&a, &b]),
        Binary::Min => call("Math.min", &[&a, &b]),
        Binary::Max => call("Math.max", &[&a, &b]),
        Binary::Copysign => call("$sign", &[&a, &b]),
        // Both sides of what takes booleans are computed.
        Binary::And if ty == Scalar::Bool => Js::new(
            PREFIX,
            format!("!!({})", between(BIT_AND, &a, "&", &b).text),
        ),
        Binary::Or if ty == Scalar::Bool => {
            Js::new(PREFIX, format!("!!({})", between(BIT_OR, &a, "|", &b).text))
        }
        Binary::Xor if ty == Scalar::Bool => between(EQUAL, &a, "!==", &b),
        Binary::And => unsigned(ty, between(BIT_AND, &a, "&", &b)),
        Binary::Or => unsigned(ty, between(BIT_OR, &a, "|", &b)),
        Binary::Xor => unsigned(ty, between(BIT_XOR, &a, "^", &b)),
        Binary::Shl if big => wrapped(ty, between(SHIFT, &a, "<<", &amount(&b))),
        Binary::Shl => unsigned(ty, between(SHIFT, &a, "<<", &b)),
        Binary::ShrS | Binary::ShrU if big => between(SHIFT, &a, ">>", &amount(&b)),
        Binary::ShrS => between(SHIFT, &a, ">>", &b),
        Binary::ShrU => between(SHIFT, &a, ">>>", &b),
    }
}

/// What operations on bits leave with a sign.
fn unsigned(ty: Scalar, value: Js) -> Js {
    match ty {
        Scalar::U32 => wrapped(ty, value),
        _ => value,
    }
}

/// How far 64 bits are shifted.
fn amount(by: &Js) -> Js {
    Js::new(BIT_AND, format!("{} & 63n", by.at_least(BIT_AND)))
}

fn convert(from: Scalar, to: Scalar, a: Js) -> Js {
    use Scalar::{Bool, Entity, F32, F64, I32, I64, U8, U32, U64};
    let bigint = |a: &Js| call("BigInt", &[a]);
    match (from, to) {
        (F64, F32) | (I32 | U32, F32) => rounded(F32, a),
        (F32, F64) | (I32 | U32, F64) => a,
        (I64 | U64, F32) => call("$f32", &[&a]),
        (I64 | U64, F64) => call("Number", &[&a]),
        (F32 | F64, I32) => call("$i32", &[&a]),
        (F32 | F64, U32) => call("$u32", &[&a]),
        (F32 | F64, I64) => call("$i64", &[&a]),
        (F32 | F64, U64) => call("$u64", &[&a]),
        (I32, U64) => wrapped(U64, bigint(&a)),
        (I32, I64) | (U32, I64 | U64) => bigint(&a),
        (I64 | U64, I32) => Js::new(ATOM, format!("Number(BigInt.asIntN(32, {}))", a.text)),
        (I64 | U64, U32) => Js::new(ATOM, format!("Number(BigInt.asUintN(32, {}))", a.text)),
        (I32, U32) | (U32, I32) => wrapped(to, a),
        (I64, U64) | (U64, I64) => wrapped(to, a),
        (Bool, I32 | U32 | F32 | F64) => {
            Js::new(CHOOSE, format!("{} ? 1 : 0", a.at_least(CHOOSE + 1)))
        }
        (Bool, I64 | U64) => Js::new(CHOOSE, format!("{} ? 1n : 0n", a.at_least(CHOOSE + 1))),
        (F32, F32) | (F64, F64) | (I32, I32) | (U32, U32) | (I64, I64) | (U64, U64) => a,
        (Entity, U64) => wrapped(U64, a),
        // Neither entities nor bytes are converted otherwise; the checker saw to that.
        (Entity | U8, _) | (_, Bool | Entity | U8) => a,
    }
}

/// Every expression of some statements, at any depth.
pub fn each<'t>(body: &'t [Stmt], f: &mut dyn FnMut(&'t Expr)) {
    for statement in body {
        match statement {
            Stmt::Set(_, value) | Stmt::Call(value) | Stmt::Return(Some(value)) => within(value, f),
            Stmt::Alias(_, element) => element_within(element, f),
            Stmt::Store(access, value, _) => {
                element_within(&access.element, f);
                within(value, f);
            }
            Stmt::If(on, then, otherwise, _) => {
                within(on, f);
                each(then, f);
                each(otherwise, f);
            }
            Stmt::Count(counted) => {
                within(&counted.from, f);
                within(&counted.to, f);
                each(&counted.body, f);
            }
            Stmt::Loop(general) => {
                for test in general.test.iter().chain(&general.until) {
                    within(test, f);
                }
                each(&general.body, f);
                each(&general.update, f);
            }
            Stmt::Command(command) => {
                for value in command.entity.iter().chain(&command.values) {
                    within(value, f);
                }
            }
            Stmt::Break(_) | Stmt::Continue(_) | Stmt::Return(None) => {}
        }
    }
}

fn element_within<'t>(element: &'t Element, f: &mut dyn FnMut(&'t Expr)) {
    if let Base::Row(_, row, _) | Base::Event(_, _, row, _) = &element.base {
        within(row, f);
    }
    if let Some(item) = &element.item {
        within(&item.index, f);
    }
}

fn within<'t>(expr: &'t Expr, f: &mut dyn FnMut(&'t Expr)) {
    f(expr);
    match &expr.kind {
        Kind::Const(_) | Kind::Local(_) | Kind::Global(_) | Kind::Length | Kind::Input(_) => {}
        Kind::Load(access) => element_within(&access.element, f),
        Kind::Unary(_, a) | Kind::Convert(a) | Kind::Round(a) | Kind::Sign(a) | Kind::AbsInt(a) => {
            within(a, f)
        }
        Kind::Binary(_, a, b)
        | Kind::Compare(_, a, b)
        | Kind::And(a, b)
        | Kind::Or(a, b)
        | Kind::MinInt(a, b)
        | Kind::MaxInt(a, b) => {
            within(a, f);
            within(b, f);
        }
        Kind::Keyed(words) => words.iter().for_each(|word| within(word, f)),
        Kind::Draw(_, _, args) => args.iter().for_each(|arg| within(arg, f)),
        Kind::Choose(a, b, c) => [a, b, c].into_iter().for_each(|one| within(one, f)),
        Kind::Call(_, args) => args.iter().for_each(|arg| match arg {
            Arg::Value(value) => within(value, f),
            Arg::Element(element) => element_within(element, f),
        }),
    }
}
