//! What a module may ask of its host during a call: commands, events, and functions of numbers.

use super::cell::Host;
use crate::abi::{self, MathFunction};
use layerw_ecs::commands::{InvalidValue, Template};
use layerw_ecs::{Commands, Entity};
use wasmtime::{Caller, Func, FuncType, Store, ValType};

/// The functions by name, each with its parameters.
const FUNCTIONS: [(&str, &[Type]); 5] = [
    ("despawn", &[Type::I64]),
    ("spawn", &[Type::I32, Type::I32]),
    ("insert", &[Type::I64, Type::I32, Type::I32]),
    ("remove", &[Type::I64, Type::I32]),
    ("send", &[Type::I32, Type::I32]),
];

#[derive(Clone, Copy)]
enum Type {
    I32,
    I64,
}

/// Whether a function records something, so that a system has to say that it calls it.
pub(super) fn records(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, _)| *known == name)
}

/// Whether a module may import a function, and if not, why.
pub(super) fn check(name: &str, found: &FuncType) -> Result<(), String> {
    if let Some(function) = abi::math(name) {
        return check_math(function, found);
    }
    let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
    let Some((_, params)) = known else {
        let names = FUNCTIONS.map(|(name, _)| name).join(", ");
        return Err(format!(
            "a host offers {names}, functions of numbers like sin_f32, and nothing else; leave it out"
        ));
    };
    let wanted = params.iter().map(|param| match param {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
    });
    let same = found.params().len() == wanted.len()
        && found.params().zip(wanted).all(|(a, b)| ValType::eq(&a, &b))
        && found.results().len() == 0;
    if same {
        return Ok(());
    }
    Err(format!(
        "it is {found}, and the function of that name takes {} and returns nothing; compile the script again",
        params
            .iter()
            .map(|param| if matches!(param, Type::I32) {
                "i32"
            } else {
                "i64"
            })
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

fn check_math(function: MathFunction, found: &FuncType) -> Result<(), String> {
    let (ty, count) = match function {
        MathFunction::F32(_) => (ValType::F32, 1),
        MathFunction::F64(_) => (ValType::F64, 1),
        MathFunction::F32x2(_) => (ValType::F32, 2),
        MathFunction::F64x2(_) => (ValType::F64, 2),
    };
    let is = |other: ValType| ValType::eq(&other, &ty);
    let same = found.params().len() == count
        && found.results().len() == 1
        && found.params().chain(found.results()).all(is);
    match same {
        true => Ok(()),
        false => Err(format!(
            "it is {found}, and the function of that name takes {count} {ty} and returns one; compile the script again"
        )),
    }
}

/// The function of that name, which [`check`] let pass.
pub(super) fn function(store: &mut Store<Host>, name: &str) -> Option<Func> {
    if let Some(function) = abi::math(name) {
        return Some(match function {
            MathFunction::F32(of) => Func::wrap(store, of),
            MathFunction::F64(of) => Func::wrap(store, of),
            MathFunction::F32x2(of) => Func::wrap(store, of),
            MathFunction::F64x2(of) => Func::wrap(store, of),
        });
    }
    Some(match name {
        "despawn" => Func::wrap(store, |caller: Caller<'_, Host>, entity: i64| {
            let entity = self::entity(entity)?;
            with(&caller, |commands, _| {
                commands.despawn(entity);
                Ok(())
            })
        }),
        "spawn" => Func::wrap(store, |caller: Caller<'_, Host>, number: i32, at: i32| {
            values(&caller, number, at, |commands, template, values| {
                commands.spawn_values(template, values).map(drop)
            })
        }),
        "insert" => Func::wrap(
            store,
            |caller: Caller<'_, Host>, entity: i64, number: i32, at: i32| {
                let entity = self::entity(entity)?;
                values(&caller, number, at, |commands, template, values| {
                    commands.insert_values(entity, template, values)
                })
            },
        ),
        "remove" => Func::wrap(
            store,
            |caller: Caller<'_, Host>, entity: i64, number: i32| {
                let entity = self::entity(entity)?;
                with(&caller, |commands, templates| {
                    commands.remove_components(entity, template(templates, number)?);
                    Ok(())
                })
            },
        ),
        "send" => Func::wrap(store, |caller: Caller<'_, Host>, number: i32, at: i32| {
            values(&caller, number, at, |commands, template, values| {
                commands.send_value(template, values)
            })
        }),
        _ => return None,
    })
}

/// What a module did wrong at a host's function, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misuse(pub(super) String);

fn misuse(what: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(Misuse(what.into()))
}

fn entity(bits: i64) -> wasmtime::Result<Entity> {
    Entity::from_bits(bits as u64).ok_or_else(|| {
        misuse(format!(
            "recorded a command on {bits:#x}, which no entity ever is"
        ))
    })
}

fn template(templates: &[Template], number: i32) -> wasmtime::Result<&Template> {
    let found = templates.get(number as u32 as usize);
    found.ok_or_else(|| {
        misuse(format!(
            "named template {} of {} in its manifest",
            number as u32,
            templates.len()
        ))
    })
}

/// Runs `record` with the commands of the run at hand.
fn with(
    caller: &Caller<'_, Host>,
    record: impl FnOnce(&mut Commands<'_>, &[Template]) -> wasmtime::Result<()>,
) -> wasmtime::Result<()> {
    let Some(call) = caller.data().call() else {
        return Err(misuse(format!(
            "recorded a command, which its manifest does not say; add `\"commands\": true` to the system in section `{}`",
            abi::SECTION
        )));
    };
    // SAFETY: the call lasts, on the thread that runs as the run's worker.
    let mut commands = unsafe { Commands::of_run(call.run()) };
    record(&mut commands, call.templates())
}

/// Runs `record` with the values of a template that stand at an address: in the module's own memory, or in a column of the call.
fn values(
    caller: &Caller<'_, Host>,
    number: i32,
    at: i32,
    record: impl FnOnce(&mut Commands<'_>, &Template, &[u8]) -> Result<(), InvalidValue>,
) -> wasmtime::Result<()> {
    with(caller, |commands, templates| {
        let template = template(templates, number)?;
        let (at, bytes) = (at as u32, template.bytes());
        let Some(values) = caller.data().see(caller, at, bytes) else {
            return Err(misuse(format!(
                "passed values of {bytes} bytes at address {at:#x}, which is neither its own memory nor a column of this call"
            )));
        };
        let recorded = record(commands, template, values);
        recorded.map_err(|invalid| misuse(format!("recorded values that are none: {invalid}")))
    })
}
