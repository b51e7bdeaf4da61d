//! Expressions, and what Rust's own operators would do otherwise.

use crate::compile::ir::{Binary, Compare, Const, Convert, Type, Unary};
use std::collections::BTreeSet;

/// How tightly an expression holds together, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `if a { b } else { c }`
    Open,
    /// `a < b`
    Compare,
    /// `a | b`
    Or,
    /// `a ^ b`
    Xor,
    /// `a & b`
    And,
    /// `a + b`
    Sum,
    /// `a * b`
    Product,
    /// `a as f32`
    Cast,
    /// `-a`
    Unary,
    /// A name, a call, a field.
    Atom,
}

/// An expression's text.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) text: String,
    pub(super) level: Level,
    /// A number without a type of its own, and what type it is meant to be.
    pub(super) number: Option<Type>,
}

/// Functions that the text needs beside the systems.
#[derive(Debug, Default)]
pub(super) struct Helpers(BTreeSet<&'static str>);

impl Expr {
    pub(super) fn new(text: impl Into<String>, level: Level) -> Self {
        Expr {
            text: text.into(),
            level,
            number: None,
        }
    }

    pub(super) fn atom(text: impl Into<String>) -> Self {
        Expr::new(text, Level::Atom)
    }

    /// As an operand of what holds this tightly.
    pub(super) fn at(&self, level: Level) -> String {
        if self.level < level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    /// A whole number without sign as it is written, which is the same of every type.
    pub(super) fn counted(&self) -> Option<&str> {
        let whole = self.number.is_some_and(|ty| !ty.is_float());
        (whole && !self.text.starts_with('-')).then_some(&self.text)
    }

    /// As what a method is called on, or what is cast: its type must be plain to see.
    pub(super) fn typed(&self, level: Level) -> String {
        match self.number {
            Some(ty) => {
                let text = format!("{}_{}", self.text, ty.name());
                Expr::new(text, self.level).at(level)
            }
            None => self.at(level),
        }
    }
}

pub(super) fn constant(value: Const) -> Expr {
    let number = |text: String| {
        let level = if text.starts_with('-') {
            Level::Unary
        } else {
            Level::Atom
        };
        Expr {
            text,
            level,
            number: Some(value.ty()),
        }
    };
    match value {
        Const::F32(bits) => {
            let float = f32::from_bits(bits);
            if float.is_finite() {
                number(format!("{float:?}"))
            } else {
                Expr::atom(format!("f32::from_bits({bits:#x})"))
            }
        }
        Const::F64(bits) => {
            let float = f64::from_bits(bits);
            if float.is_finite() {
                number(format!("{float:?}"))
            } else {
                Expr::atom(format!("f64::from_bits({bits:#x})"))
            }
        }
        Const::I32(value) => number(value.to_string()),
        Const::I64(value) => number(value.to_string()),
        Const::Bool(value) => Expr::atom(value.to_string()),
    }
}

/// The function of `layerw::math`.
fn math(name: &str, ty: Type) -> String {
    match ty {
        Type::F64 => name.to_owned(),
        _ => format!("{name}f"),
    }
}

pub(super) fn unary(op: Unary, ty: Type, a: &Expr) -> Expr {
    let method = |name: &str| Expr::atom(format!("{}.{name}()", a.typed(Level::Atom)));
    match op {
        Unary::Neg => Expr::new(format!("-{}", a.typed(Level::Unary)), Level::Unary),
        Unary::Not => Expr::new(format!("!{}", a.at(Level::Unary)), Level::Unary),
        Unary::Abs => method("abs"),
        Unary::Sqrt => method("sqrt"),
        Unary::Floor => method("floor"),
        Unary::Ceil => method("ceil"),
        Unary::Trunc => method("trunc"),
        op => Expr::atom(format!("layerw::math::{}({})", math(op.name(), ty), a.text)),
    }
}

/// Two operands of type `ty`.
pub(super) fn binary(op: Binary, ty: Type, a: &Expr, b: &Expr, helpers: &mut Helpers) -> Expr {
    // `a - (b - c)` keeps its brackets: what stands to the right must hold more tightly.
    let infix = |sign: &str, level: Level, tighter: Level| {
        let left = if a.number.is_some() && b.number.is_some() {
            a.typed(level)
        } else {
            a.at(level)
        };
        Expr::new(format!("{left} {sign} {}", b.at(tighter)), level)
    };
    let method = |name: &str, b: &str| Expr::atom(format!("{}.{name}({b})", a.typed(Level::Atom)));
    let unsigned = |name: &str, b: String| {
        let (wide, narrow) = match ty {
            Type::I64 => ("u64", "i64"),
            _ => ("u32", "i32"),
        };
        let a = a.typed(Level::Cast);
        Expr::new(
            format!("({a} as {wide}).{name}({b}) as {narrow}"),
            Level::Cast,
        )
    };
    let as_unsigned = || {
        if let Some(counted) = b.counted() {
            return counted.to_owned();
        }
        let wide = if ty == Type::I64 { "u64" } else { "u32" };
        format!("{} as {wide}", b.typed(Level::Cast))
    };
    match (op, ty.is_float()) {
        (Binary::Add, true) => infix("+", Level::Sum, Level::Product),
        (Binary::Sub, true) => infix("-", Level::Sum, Level::Product),
        (Binary::Mul, true) => infix("*", Level::Product, Level::Cast),
        (Binary::Div, _) => infix("/", Level::Product, Level::Cast),
        (Binary::Add, false) => method("wrapping_add", &b.text),
        (Binary::Sub, false) => method("wrapping_sub", &b.text),
        (Binary::Mul, false) => method("wrapping_mul", &b.text),
        (Binary::DivS, _) => method("wrapping_div", &b.text),
        (Binary::RemS, _) => method("wrapping_rem", &b.text),
        (Binary::DivU, _) => unsigned("wrapping_div", as_unsigned()),
        (Binary::RemU, _) => unsigned("wrapping_rem", as_unsigned()),
        (Binary::Min, _) => Expr::atom(helpers.call("min", ty, a, b)),
        (Binary::Max, _) => Expr::atom(helpers.call("max", ty, a, b)),
        (Binary::Copysign, _) => method("copysign", &b.text),
        (Binary::Atan2 | Binary::Pow | Binary::Hypot, _) => Expr::atom(format!(
            "layerw::math::{}({}, {})",
            math(op.name(), ty),
            a.text,
            b.text
        )),
        (Binary::And, _) => infix("&", Level::And, Level::Sum),
        (Binary::Xor, _) => infix("^", Level::Xor, Level::And),
        (Binary::Or, _) => infix("|", Level::Or, Level::Xor),
        (Binary::Shl, _) => method("wrapping_shl", &as_amount(b)),
        (Binary::ShrS, _) => method("wrapping_shr", &as_amount(b)),
        (Binary::ShrU, _) => unsigned("wrapping_shr", as_amount(b)),
    }
}

/// The amount of a shift.
fn as_amount(b: &Expr) -> String {
    if let Some(counted) = b.counted() {
        return counted.to_owned();
    }
    format!("{} as u32", b.typed(Level::Cast))
}

/// Two operands of type `ty`.
pub(super) fn compare(op: Compare, ty: Type, a: &Expr, b: &Expr) -> Expr {
    let (sign, unsigned) = match op {
        Compare::Eq => ("==", false),
        Compare::Ne => ("!=", false),
        Compare::Lt => ("<", false),
        Compare::Le => ("<=", false),
        Compare::Gt => (">", false),
        Compare::Ge => (">=", false),
        Compare::LtU => ("<", true),
        Compare::LeU => ("<=", true),
        Compare::GtU => (">", true),
        Compare::GeU => (">=", true),
    };
    let side = |side: &Expr, other: &Expr| {
        if unsigned {
            if let (Some(counted), None) = (side.counted(), other.counted()) {
                return counted.to_owned();
            }
            let wide = if ty == Type::I64 { "u64" } else { "u32" };
            return format!("({} as {wide})", side.typed(Level::Cast));
        }
        // `a as f32 < b` reads as the beginning of a list of types.
        let cast = side.level == Level::Cast;
        let level = if cast { Level::Unary } else { Level::Or };
        match (side.number, other.number) {
            (Some(_), Some(_)) => side.typed(level),
            _ => side.at(level),
        }
    };
    let (left, right) = (side(a, b), side(b, a));
    Expr::new(format!("{left} {sign} {right}"), Level::Compare)
}

pub(super) fn select(on: &Expr, a: &Expr, b: &Expr) -> Expr {
    let (on, a, b) = (&on.text, a.typed(Level::Open), &b.text);
    Expr::new(format!("if {on} {{ {a} }} else {{ {b} }}"), Level::Open)
}

/// `as` does what the operation says: to integers towards 0, to the nearest there is, NaN to 0.
pub(super) fn convert(op: Convert, a: &Expr) -> Expr {
    use Convert::*;
    let a = a.typed(Level::Cast);
    let types: &[&str] = match op {
        F32ToF64 | I32ToF64S | I64ToF64S => &["f64"],
        F64ToF32 | I32ToF32S | I64ToF32S => &["f32"],
        I32ToF32U => &["u32", "f32"],
        I32ToF64U => &["u32", "f64"],
        I64ToF32U => &["u64", "f32"],
        I64ToF64U => &["u64", "f64"],
        F32ToI32S | F64ToI32S | I64ToI32 | BoolToI32 => &["i32"],
        F32ToI32U | F64ToI32U => &["u32", "i32"],
        F32ToI64S | F64ToI64S | I32ToI64S => &["i64"],
        F32ToI64U | F64ToI64U => &["u64", "i64"],
        I32ToI64U => &["u32", "i64"],
    };
    let casts: String = types.iter().map(|ty| format!(" as {ty}")).collect();
    Expr::new(format!("{a}{casts}"), Level::Cast)
}

impl Helpers {
    /// A call of one of ours; `name` and type say which. A constant that is not -0 needs less to be asked.
    fn call(&mut self, name: &str, ty: Type, a: &Expr, b: &Expr) -> String {
        let plain = |expr: &Expr| expr.number.is_some() && !expr.text.starts_with("-0");
        let (a, b) = match plain(a) && !plain(b) {
            true => (b, a),
            false => (a, b),
        };
        let function = match (name, ty, plain(b)) {
            ("min", Type::F64, false) => "min_f64",
            ("min", _, false) => "min_f32",
            ("min", Type::F64, true) => "at_most_f64",
            ("min", _, true) => "at_most_f32",
            (_, Type::F64, false) => "max_f64",
            (_, _, false) => "max_f32",
            (_, Type::F64, true) => "at_least_f64",
            (_, _, true) => "at_least_f32",
        };
        self.0.insert(function);
        format!("{function}({}, {})", a.text, b.text)
    }

    /// Their definitions.
    pub(super) fn text(&self) -> String {
        let define = |function: &&str| {
            let (name, ty) = function.rsplit_once('_').expect("a name and a type");
            let (about, test, first, second) = match name {
                "min" => (
                    "The smaller one; NaN if one is; -0 is smaller than 0",
                    "a < b || a.is_nan() || (a == b && a.is_sign_negative())",
                    "a",
                    "b",
                ),
                "max" => (
                    "The larger one; NaN if one is; -0 is smaller than 0",
                    "a > b || a.is_nan() || (a == b && a.is_sign_positive())",
                    "a",
                    "b",
                ),
                "at_most" => (
                    "The smaller one; NaN if the first is. The second is a constant",
                    "b < a",
                    "b",
                    "a",
                ),
                _ => (
                    "The larger one; NaN if the first is. The second is a constant",
                    "a <= b",
                    "b",
                    "a",
                ),
            };
            let body = match name.len() {
                3 => format!("let first = {test};\n    if first {{ {first} }} else {{ {second} }}"),
                _ => format!("if {test} {{ {first} }} else {{ {second} }}"),
            };
            format!("\n/// {about}.\nfn {function}(a: {ty}, b: {ty}) -> {ty} {{\n    {body}\n}}\n")
        };
        self.0.iter().map(define).collect()
    }
}
