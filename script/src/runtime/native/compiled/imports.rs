//! The functions of [`calls`], as wasmtime wants them.

use super::cell::Host;
use crate::abi::{self, MathFunction};
use crate::runtime::calls::{self, Call, Guest, Misuse};
use wasmtime::{Caller, Error, Func, Store};

impl Guest for Caller<'_, Host> {
    fn call(&self) -> Option<Call> {
        self.data().call()
    }

    fn see(&self, at: u32, bytes: usize) -> Option<&[u8]> {
        self.data().see(self, at, bytes)
    }
}

/// The function of that name, which [`calls::check`] let pass.
pub(super) fn function(store: &mut Store<Host>, name: &str) -> Option<Func> {
    if let Some(function) = abi::math(name) {
        return Some(match function {
            MathFunction::F32(of) => Func::wrap(store, of),
            MathFunction::F64(of) => Func::wrap(store, of),
            MathFunction::F32x2(of) => Func::wrap(store, of),
            MathFunction::F64x2(of) => Func::wrap(store, of),
        });
    }
    type Host<'h> = Caller<'h, super::cell::Host>;
    Some(match name {
        "despawn" => Func::wrap(store, |host: Host<'_>, entity: i64| {
            said(calls::despawn(&host, entity))
        }),
        "spawn" => Func::wrap(store, |host: Host<'_>, number: i32, at: i32| {
            said(calls::spawn(&host, number, at))
        }),
        "insert" => Func::wrap(
            store,
            |host: Host<'_>, entity: i64, number: i32, at: i32| {
                said(calls::insert(&host, entity, number, at))
            },
        ),
        "remove" => Func::wrap(store, |host: Host<'_>, entity: i64, number: i32| {
            said(calls::remove(&host, entity, number))
        }),
        "send" => Func::wrap(store, |host: Host<'_>, number: i32, at: i32| {
            said(calls::send(&host, number, at))
        }),
        _ => return None,
    })
}

fn said(recorded: Result<(), Misuse>) -> wasmtime::Result<()> {
    recorded.map_err(Error::new)
}
