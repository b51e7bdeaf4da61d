//! The functions of [`calls`], as entries of this program's table, so that a module calls them without JavaScript in between.

use super::js;
use crate::abi::{self, MathFunction};
use crate::runtime::calls::{self, Call, Guest, Misuse};
use std::cell::{Cell, OnceCell, RefCell};

thread_local! {
    /// The instance that is being called, and the run that the call belongs to.
    static AT_HAND: Cell<(u32, Option<Call>)> = const { Cell::new((0, None)) };
    /// Whether a function of the host is on its way.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static MISUSE: RefCell<Option<Misuse>> = const { RefCell::new(None) };
    /// Room for values, kept so that commands allocate nothing.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How a call ended that stopped in one of these functions.
pub(super) enum Ended {
    /// Elsewhere.
    Outside,
    Misused(Misuse),
    /// In a panic of this program, which has said what it is.
    Broken,
}

/// Says which instance is called, and for which run.
pub(super) fn begin(number: u32, call: Option<Call>) {
    INSIDE.set(false);
    AT_HAND.set((number, call));
}

/// Forgets the run; says how the call ended if it stopped.
pub(super) fn end() -> Ended {
    AT_HAND.set((0, None));
    let misuse = MISUSE.take();
    match (misuse, INSIDE.get()) {
        (Some(misuse), _) => Ended::Misused(misuse),
        (None, true) => Ended::Broken,
        (None, false) => Ended::Outside,
    }
}

/// The place in the table of the function of that name, which [`calls::check`] let pass.
pub(super) fn function(name: &str) -> Option<u32> {
    if let Some(function) = abi::math(name) {
        return Some(match function {
            MathFunction::F32(of) => of as usize,
            MathFunction::F64(of) => of as usize,
            MathFunction::F32x2(of) => of as usize,
            MathFunction::F64x2(of) => of as usize,
        } as u32);
    }
    Some(match name {
        "despawn" => despawn as extern "C" fn(i64) as usize,
        "spawn" => spawn as extern "C" fn(i32, i32) as usize,
        "insert" => insert as extern "C" fn(i64, i32, i32) as usize,
        "remove" => remove as extern "C" fn(i64, i32) as usize,
        "send" => send as extern "C" fn(i32, i32) as usize,
        _ => return None,
    } as u32)
}

extern "C" fn despawn(entity: i64) {
    host(|guest| calls::despawn(guest, entity));
}

extern "C" fn spawn(number: i32, at: i32) {
    host(|guest| calls::spawn(guest, number, at));
}

extern "C" fn insert(entity: i64, number: i32, at: i32) {
    host(|guest| calls::insert(guest, entity, number, at));
}

extern "C" fn remove(entity: i64, number: i32) {
    host(|guest| calls::remove(guest, entity, number));
}

extern "C" fn send(number: i32, at: i32) {
    host(|guest| calls::send(guest, number, at));
}

/// Does what a module asked for, or stops it, which JavaScript catches behind the module.
fn host(record: impl FnOnce(&Caller) -> Result<(), Misuse>) {
    INSIDE.set(true);
    let (number, call) = AT_HAND.get();
    let caller = Caller {
        number,
        call,
        room: Cell::new(ROOM.take()),
        seen: OnceCell::new(),
    };
    let recorded = record(&caller);
    ROOM.set(caller.seen.into_inner().unwrap_or(caller.room.into_inner()));
    if let Err(misuse) = recorded {
        MISUSE.set(Some(misuse));
        // Nothing of this function is left to be dropped.
        core::arch::wasm32::unreachable();
    }
    INSIDE.set(false);
}

/// A module in the middle of a call.
struct Caller {
    number: u32,
    call: Option<Call>,
    room: Cell<Vec<u8>>,
    /// Its values, of which a function looks at one run at most.
    seen: OnceCell<Vec<u8>>,
}

impl Guest for Caller {
    fn call(&self) -> Option<Call> {
        self.call
    }

    fn see(&self, at: u32, bytes: usize) -> Option<&[u8]> {
        let mut room = self.room.take();
        room.clear();
        room.resize(bytes, 0);
        if !js::read(
            self.number,
            at,
            room.as_mut_ptr().expose_provenance() as u32,
            bytes as u32,
        ) {
            return None;
        }
        Some(self.seen.get_or_init(|| room))
    }
}
