//! The functions `$pause` and `$show`, by which a text that was made for a debugger asks before each statement.

use crate::compile::js::{Statement, Variable};
use crate::runtime::calls::Call;
use crate::runtime::debugger::{Debugger, Seen, Stopped, Value};
use layerw_ecs::{ChunkId, Entity};
use rquickjs::{Array, Ctx, Function, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// The call at hand, while it lasts.
pub(super) type Here = Arc<Mutex<Option<Place>>>;

/// A call, and where its rows stand.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) call: Call,
    /// The chunk, and the first row of the call in it.
    pub(super) rows: Option<(ChunkId, usize)>,
}

impl Place {
    fn entity(&self, row: i32) -> Option<Entity> {
        let (chunk, first) = self.rows?;
        let row = first.checked_add(usize::try_from(row).ok()?)?;
        let chunk = self.call.run().step.world.chunk(chunk);
        chunk.entities().get(row).copied()
    }
}

/// Makes the functions known to a context.
pub(super) fn define(
    ctx: &Ctx<'_>,
    here: &Here,
    statements: &Arc<Vec<Statement>>,
    debugger: &Arc<dyn Debugger>,
) -> Result<()> {
    // What `$pause` was asked last, which is what `$show` is about.
    let last = Arc::new(Mutex::new((0, -1)));
    let look = {
        let (here, statements) = (here.clone(), statements.clone());
        move |number: usize, row: i32, then: &mut dyn FnMut(&Stopped<'_>, &[Variable])| {
            let place = *here.lock().unwrap_or_else(PoisonError::into_inner);
            let (Some(place), Some(statement)) = (place, statements.get(number)) else {
                return;
            };
            let stopped = Stopped {
                file: &statement.file,
                line: statement.line,
                column: statement.column,
                text: &statement.text,
                first: statement.first,
                within: &statement.within,
                step: place.call.run().step.step,
                entity: place.entity(row),
            };
            then(&stopped, &statement.variables);
        }
    };
    let (asked, asks, looks) = (last.clone(), debugger.clone(), look.clone());
    let pause = move |number: usize, row: i32| {
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = (number, row);
        let mut wanted = false;
        looks(number, row, &mut |at, _| wanted = asks.wants(at));
        wanted
    };
    let (debugger, look) = (debugger.clone(), look);
    let show = move |values: Array<'_>| -> Result<()> {
        let (number, row) = *last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shown = Ok(());
        look(number, row, &mut |at, variables| {
            shown = seen(&values, variables).map(|seen| debugger.stopped(at, &seen));
        });
        shown
    };
    let globals = ctx.globals();
    globals.set("$pause", Function::new(ctx.clone(), pause)?)?;
    globals.set("$show", Function::new(ctx.clone(), show)?)
}

/// The values with their names.
fn seen<'s>(values: &Array<'_>, variables: &'s [Variable]) -> Result<Vec<Seen<'s>>> {
    let mut next = 0;
    let mut seen = Vec::with_capacity(variables.len());
    for variable in variables {
        let places = next..next + variable.values;
        next = places.end;
        let values: Result<Vec<Value>> = places
            .map(|place| value(&values.get(place)?, variable.entity))
            .collect();
        seen.push(Seen {
            name: &variable.name,
            values: values?,
        });
    }
    Ok(seen)
}

fn value(value: &rquickjs::Value<'_>, entity: bool) -> Result<Value> {
    Ok(match value.as_big_int() {
        Some(bits) => match bits.clone().to_i64()? {
            bits if entity => Value::Entity(Entity::from_bits(bits as u64)),
            number => Value::Whole(number),
        },
        None => match value.as_bool() {
            Some(value) => Value::Bool(value),
            None => Value::Number(value.as_number().unwrap_or(f64::NAN)),
        },
    })
}
