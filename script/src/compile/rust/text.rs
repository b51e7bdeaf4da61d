//! Small pieces of text: names of values and labels, tuples, what stands between the brackets of an access.

use super::expr::{Expr, Level};
use crate::compile::ir::{End, Label, Region, Value};

/// Components that stand in one tuple.
const BUNDLE_MAX: usize = 12;

pub(super) fn name(value: Value) -> String {
    format!("v{}", value.0)
}

pub(super) fn label(label: Label) -> String {
    format!("'l{}", label.0)
}

pub(super) fn tuple(values: &[String]) -> String {
    match values {
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    }
}

/// Components together: one alone, several in brackets, many in brackets within brackets.
pub(super) fn bundle(mut parts: Vec<String>) -> String {
    while parts.len() > BUNDLE_MAX {
        let groups = parts.chunks(BUNDLE_MAX);
        parts = groups
            .map(|group| format!("({})", group.join(", ")))
            .collect();
    }
    tuple(&parts)
}

pub(super) fn is_nothing(region: &Region) -> bool {
    region.insts.is_empty() && matches!(&region.end, End::Yield(values) if values.is_empty())
}

/// As what stands between the brackets of an access.
pub(super) fn index(expr: &Expr) -> String {
    match expr.counted() {
        Some(counted) => counted.to_owned(),
        None => format!("{} as usize", expr.at(Level::Cast)),
    }
}

/// As an end of a range.
pub(super) fn operand(expr: &Expr) -> String {
    expr.at(Level::Sum)
}
