//! What is seen of statements and expressions without writing them.

use crate::compile::ir::{Const, Scalar};
use crate::compile::tree::{Base, Element, Expr, Kind, Local, LoopId, Stmt};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a value can be NaN, as far as can be seen at once.
pub fn may_be_nan(value: &Expr) -> bool {
    match &value.kind {
        Kind::Const(Const::F32(bits)) => f32::from_bits(*bits).is_nan(),
        Kind::Const(Const::F64(bits)) => f64::from_bits(*bits).is_nan(),
        Kind::Convert(from) => matches!(from.ty, Scalar::F32 | Scalar::F64),
        _ => true,
    }
}

/// Whether an element is the row with that index.
pub fn is_index(element: &Element, index: Local) -> bool {
    matches!(&element.base, Base::Row(_, row, _) if matches!(row.kind, Kind::Local(local) if local == index))
}

/// Whether functions are called by statements, at any depth of them.
pub fn calls_any(body: &[Stmt]) -> bool {
    let mut found = false;
    super::expr::each(body, &mut |expr| {
        found |= matches!(expr.kind, Kind::Call(..))
    });
    found
}

/// Whether some statements hold one of a kind, at any depth.
pub fn any(body: &[Stmt], is: &dyn Fn(&Stmt) -> bool) -> bool {
    body.iter().any(|statement| {
        is(statement)
            || match statement {
                Stmt::If(_, then, otherwise, _) => any(then, is) || any(otherwise, is),
                Stmt::Count(counted) => any(&counted.body, is),
                Stmt::Loop(general) => any(&general.body, is) || any(&general.update, is),
                _ => false,
            }
    })
}

/// Counts how often each variable is set, and finds the loops that are left from within others.
pub fn walk(
    body: &[Stmt],
    around: &mut Vec<LoopId>,
    sets: &mut BTreeMap<u32, u32>,
    labelled: &mut BTreeSet<u32>,
) {
    for statement in body {
        match statement {
            Stmt::Set(local, _) => *sets.entry(local.0).or_default() += 1,
            Stmt::If(_, then, otherwise, _) => {
                walk(then, around, sets, labelled);
                walk(otherwise, around, sets, labelled);
            }
            Stmt::Count(counted) => {
                around.push(counted.id);
                walk(&counted.body, around, sets, labelled);
                around.pop();
            }
            Stmt::Loop(general) => {
                around.push(general.id);
                walk(&general.body, around, sets, labelled);
                walk(&general.update, around, sets, labelled);
                around.pop();
            }
            Stmt::Break(id) | Stmt::Continue(id) if around.last() != Some(id) => {
                labelled.insert(id.0);
            }
            _ => {}
        }
    }
}
