//! The object `$world`: commands, as the text gives them; and `$math`: functions of numbers.

use crate::abi::{MATH, MathFunction};
use crate::compile::ir::Scalar;
use crate::runtime::calls::{self, Call, Guest, Misuse};
use rquickjs::{Array, BigInt, Ctx, Exception, FromJs, Function, Object, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// The run at hand, while a call lasts, if its system records commands.
pub(super) type AtHand = Arc<Mutex<Option<Call>>>;

/// The values of a command.
struct Given {
    call: Option<Call>,
    bytes: Vec<u8>,
}

impl Guest for Given {
    fn call(&self) -> Option<Call> {
        self.call
    }

    fn see(&self, at: u32, bytes: usize) -> Option<&[u8]> {
        self.bytes
            .get(at as usize..(at as usize).checked_add(bytes)?)
    }
}

/// Makes the object known to a context. `templates` are what each template is made of.
pub(super) fn define(
    ctx: &Ctx<'_>,
    at_hand: &AtHand,
    templates: &Arc<Vec<Vec<Scalar>>>,
) -> Result<()> {
    let world = Object::new(ctx.clone())?;
    let given = {
        let (at_hand, templates) = (at_hand.clone(), templates.clone());
        move |number: i32, values: Option<Array<'_>>| -> Result<Given> {
            let call = *at_hand.lock().unwrap_or_else(PoisonError::into_inner);
            let template = usize::try_from(number)
                .ok()
                .and_then(|number| templates.get(number));
            let bytes = match (values, template) {
                (Some(values), Some(template)) => packed(&values, template)?,
                _ => Vec::new(),
            };
            Ok(Given { call, bytes })
        }
    };
    let make = given.clone();
    let spawn = move |ctx: Ctx<'_>, number: i32, values: Array<'_>| {
        said(&ctx, calls::spawn(&make(number, Some(values))?, number, 0))
    };
    world.set("spawn", Function::new(ctx.clone(), spawn)?)?;
    let make = given.clone();
    let despawn = move |ctx: Ctx<'_>, entity: BigInt<'_>| {
        said(&ctx, calls::despawn(&make(-1, None)?, entity.to_i64()?))
    };
    world.set("despawn", Function::new(ctx.clone(), despawn)?)?;
    let make = given.clone();
    let insert = move |ctx: Ctx<'_>, entity: BigInt<'_>, number: i32, values: Array<'_>| {
        let entity = entity.to_i64()?;
        said(
            &ctx,
            calls::insert(&make(number, Some(values))?, entity, number, 0),
        )
    };
    world.set("insert", Function::new(ctx.clone(), insert)?)?;
    let make = given.clone();
    let remove = move |ctx: Ctx<'_>, entity: BigInt<'_>, number: i32| {
        said(
            &ctx,
            calls::remove(&make(-1, None)?, entity.to_i64()?, number),
        )
    };
    world.set("remove", Function::new(ctx.clone(), remove)?)?;
    let make = given;
    let send = move |ctx: Ctx<'_>, number: i32, values: Array<'_>| {
        said(&ctx, calls::send(&make(number, Some(values))?, number, 0))
    };
    world.set("send", Function::new(ctx.clone(), send)?)?;
    ctx.globals().set("$world", world)?;
    let math = Object::new(ctx.clone())?;
    for (name, function) in MATH {
        let function = match *function {
            // What a script passes as f32 is one.
            MathFunction::F32(of) => {
                Function::new(ctx.clone(), move |a: f64| f64::from(of(a as f32)))
            }
            MathFunction::F64(of) => Function::new(ctx.clone(), move |a: f64| of(a)),
            MathFunction::F32x2(of) => Function::new(ctx.clone(), move |a: f64, b: f64| {
                f64::from(of(a as f32, b as f32))
            }),
            MathFunction::F64x2(of) => Function::new(ctx.clone(), move |a: f64, b: f64| of(a, b)),
        };
        math.set(*name, function?)?;
    }
    ctx.globals().set("$math", math)
}

fn said(ctx: &Ctx<'_>, recorded: std::result::Result<(), Misuse>) -> Result<()> {
    recorded.map_err(|Misuse(what)| Exception::throw_message(ctx, &what))
}

/// Values as they stand in components.
fn packed(values: &Array<'_>, template: &[Scalar]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (place, scalar) in template.iter().enumerate() {
        match scalar {
            Scalar::F32 => bytes.extend(one_nan(get::<f64>(values, place)?).to_le_bytes()),
            Scalar::F64 => {
                let value: f64 = get(values, place)?;
                let value = if value.is_nan() { f64::NAN } else { value };
                bytes.extend(value.to_le_bytes());
            }
            Scalar::I32 => bytes.extend(get::<i32>(values, place)?.to_le_bytes()),
            Scalar::U32 => bytes.extend((get::<f64>(values, place)? as u32).to_le_bytes()),
            Scalar::I64 | Scalar::U64 | Scalar::Entity => {
                let value: BigInt<'_> = get(values, place)?;
                bytes.extend(value.to_i64()?.to_le_bytes());
            }
            Scalar::U8 => bytes.push(get::<f64>(values, place)? as u8),
            Scalar::Bool => bytes.push(get::<bool>(values, place)?.into()),
        }
    }
    Ok(bytes)
}

fn get<'js, T: FromJs<'js>>(values: &Array<'js>, place: usize) -> Result<T> {
    values.get(place)
}

fn one_nan(value: f64) -> f32 {
    if value.is_nan() {
        f32::NAN
    } else {
        value as f32
    }
}
