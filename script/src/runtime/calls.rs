//! What a module may ask of its host during a call: commands, events, and functions of numbers. What runs the module passes the question on to here.

use super::module::{Signature, Type};
use crate::abi::{self, MathFunction};
use layerw_ecs::commands::{InvalidValue, Template};
use layerw_ecs::{Commands, Entity, Run};
use std::ptr;

/// The functions by name, each with its parameters.
const FUNCTIONS: [(&str, &[Type]); 5] = [
    ("despawn", &[Type::I64]),
    ("spawn", &[Type::I32, Type::I32]),
    ("insert", &[Type::I64, Type::I32, Type::I32]),
    ("remove", &[Type::I64, Type::I32]),
    ("send", &[Type::I32, Type::I32]),
];

/// Elements that all tables of an instance may have together.
pub(super) const ELEMENTS_MAX: usize = 1 << 16;

/// Whether a function records something, so that a system has to say that it calls it.
pub(super) fn records(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, _)| *known == name)
}

/// Whether a module may import a function, and if not, why.
pub(super) fn check(name: &str, found: &Signature) -> Result<(), String> {
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
    if found.params == *params && found.results.is_empty() {
        return Ok(());
    }
    let takes: Vec<String> = params.iter().map(ToString::to_string).collect();
    Err(format!(
        "it is {found}, and the function of that name takes {} and returns nothing; compile the script again",
        takes.join(", ")
    ))
}

fn check_math(function: MathFunction, found: &Signature) -> Result<(), String> {
    let (ty, count) = match function {
        MathFunction::F32(_) => (Type::F32, 1),
        MathFunction::F64(_) => (Type::F64, 1),
        MathFunction::F32x2(_) => (Type::F32, 2),
        MathFunction::F64x2(_) => (Type::F64, 2),
    };
    let is = |other: &Type| *other == ty;
    let same = found.params.len() == count
        && found.results.len() == 1
        && found.params.iter().chain(&found.results).all(is);
    match same {
        true => Ok(()),
        false => Err(format!(
            "it is {found}, and the function of that name takes {count} {ty} and returns one; compile the script again"
        )),
    }
}

/// A module in the middle of a call.
pub(super) trait Guest {
    /// The run at hand, if its system records commands.
    fn call(&self) -> Option<Call>;

    /// Bytes of the instance's own memory, or of a column of the call at hand.
    fn see(&self, at: u32, bytes: usize) -> Option<&[u8]>;
}

/// The run that a call belongs to and the module's templates, without their lifetimes: valid while the call lasts.
#[derive(Clone, Copy)]
pub(super) struct Call {
    run: *const Run<'static>,
    templates: *const [Template],
}

// SAFETY: set before a call and taken away after it, by the thread that calls; in between only that thread's host functions use it.
unsafe impl Send for Call {}
// SAFETY: as above.
unsafe impl Sync for Call {}

impl Call {
    /// For as long as an instance's call lasts: it is taken away from where host functions find it before that returns.
    pub(super) fn new(run: &Run<'_>, templates: &[Template]) -> Call {
        Call {
            run: ptr::from_ref(run).cast(),
            templates,
        }
    }

    pub(super) fn run(&self) -> &Run<'_> {
        // SAFETY: the instance that made this lends it to host functions only while its call lasts; the lifetime given here ends with the host's function.
        unsafe { &*self.run.cast() }
    }

    pub(super) fn templates(&self) -> &[Template] {
        // SAFETY: as above.
        unsafe { &*self.templates }
    }
}

/// What a module did wrong at a host's function, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misuse(pub(super) String);

/// Records that an entity is to be despawned.
pub(super) fn despawn(guest: &impl Guest, entity: i64) -> Result<(), Misuse> {
    let entity = self::entity(entity)?;
    with(guest, |commands, _| {
        commands.despawn(entity);
        Ok(())
    })
}

/// Records an entity.
pub(super) fn spawn(guest: &impl Guest, number: i32, at: i32) -> Result<(), Misuse> {
    values(guest, number, at, |commands, template, values| {
        commands.spawn_values(template, values).map(drop)
    })
}

/// Records that an entity is to have components.
pub(super) fn insert(guest: &impl Guest, entity: i64, number: i32, at: i32) -> Result<(), Misuse> {
    let entity = self::entity(entity)?;
    values(guest, number, at, |commands, template, values| {
        commands.insert_values(entity, template, values)
    })
}

/// Records that an entity is to lose components.
pub(super) fn remove(guest: &impl Guest, entity: i64, number: i32) -> Result<(), Misuse> {
    let entity = self::entity(entity)?;
    with(guest, |commands, templates| {
        commands.remove_components(entity, template(templates, number)?);
        Ok(())
    })
}

/// Records an event.
pub(super) fn send(guest: &impl Guest, number: i32, at: i32) -> Result<(), Misuse> {
    values(guest, number, at, |commands, template, values| {
        commands.send_value(template, values)
    })
}

fn entity(bits: i64) -> Result<Entity, Misuse> {
    Entity::from_bits(bits as u64).ok_or_else(|| {
        Misuse(format!(
            "recorded a command on {bits:#x}, which no entity ever is"
        ))
    })
}

fn template(templates: &[Template], number: i32) -> Result<&Template, Misuse> {
    let found = templates.get(number as u32 as usize);
    found.ok_or_else(|| {
        Misuse(format!(
            "named template {} of {} in its manifest",
            number as u32,
            templates.len()
        ))
    })
}

/// Runs `record` with the commands of the run at hand.
fn with(
    guest: &impl Guest,
    record: impl FnOnce(&mut Commands<'_>, &[Template]) -> Result<(), Misuse>,
) -> Result<(), Misuse> {
    let Some(call) = guest.call() else {
        return Err(Misuse(format!(
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
    guest: &impl Guest,
    number: i32,
    at: i32,
    record: impl FnOnce(&mut Commands<'_>, &Template, &[u8]) -> Result<(), InvalidValue>,
) -> Result<(), Misuse> {
    with(guest, |commands, templates| {
        let template = template(templates, number)?;
        let (at, bytes) = (at as u32, template.bytes());
        let Some(values) = guest.see(at, bytes) else {
            return Err(Misuse(format!(
                "passed values of {bytes} bytes at address {at:#x}, which is neither its own memory nor a column of this call"
            )));
        };
        let recorded = record(commands, template, values);
        recorded.map_err(|invalid| Misuse(format!("recorded values that are none: {invalid}")))
    })
}
