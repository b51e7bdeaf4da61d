//! One instance of a module, all in its own memory: what it is given for a call is copied there.

use super::imports::{self, Ended};
use super::js::{self, Pages, Recipe};
use super::program::Module;
use crate::abi::ROW_GLOBAL;
use crate::runtime::calls::{Call, Misuse};
use crate::runtime::host::{Instance, More, Word};
use crate::runtime::marks::AT_GLOBAL;
use layerw_ecs::commands::Template;
use layerw_ecs::{Held, Run, World};
use layerw_memory::PAGE;
use std::sync::Arc;

thread_local! {
    /// This worker, among those of the program's life.
    static REALM: u32 = js::fresh();
}

/// An instance, or one to be.
pub(in crate::runtime) struct Cell {
    module: Arc<Module>,
    /// The system's function, and the types of its parameters.
    function: (String, String),
    number: u32,
    /// The worker in which it was made.
    realm: Option<u32>,
    /// Bytes of room for copies.
    area_bytes: usize,
    /// Address of the room for copies, in the script's own memory.
    area: usize,
    /// Room behind that for what has no size of its own.
    more: More,
    /// Floats of 64 bits, which hold all other numbers but whole ones of 64 bits exactly; those stand as they are.
    words: Vec<u64>,
    /// What was copied out to be looked at.
    seen: Vec<u8>,
}

impl Cell {
    /// An instance of a system's function with `area` bytes of room for copies, which the first worker that begins a call makes.
    pub(super) fn new(module: Arc<Module>, function: (String, String), area_bytes: usize) -> Cell {
        Cell {
            module,
            words: Vec::with_capacity(function.1.len()),
            function,
            number: js::fresh(),
            realm: None,
            area_bytes,
            area: 0,
            more: More::default(),
            seen: Vec::new(),
        }
    }

    /// Makes the instance, if this worker has not made it yet. The error is a sentence.
    pub(super) fn make(&mut self) -> Result<(), String> {
        let realm = REALM.with(|realm| *realm);
        if self.realm == Some(realm) {
            return Ok(());
        }
        let module = &self.module;
        let area = self.area_bytes.div_ceil(PAGE) as u64;
        let recipe = Recipe {
            module: module.number,
            bytes: &module.bytes,
            export: &self.function.0,
            types: &self.function.1,
            imports: (&module.names, &module.functions),
            pages: Pages {
                first: module.pages,
                most: module.pages_most + area,
                area,
            },
        };
        imports::begin(self.number, None);
        let made = js::make(self.number, &recipe);
        match imports::end() {
            Ended::Outside => {}
            Ended::Misused(Misuse(what)) => return Err(what),
            Ended::Broken => std::process::abort(),
        }
        self.area = made?;
        self.more = More::default();
        self.realm = Some(realm);
        Ok(())
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        // Of other workers, it ends with them.
        if self.realm == Some(REALM.with(|realm| *realm)) {
            js::drop(self.number);
        }
    }
}

/// What stopped a call.
pub(in crate::runtime) enum Failure {
    /// A function of the host, which knows why.
    Misused(Misuse),
    /// What the browser says of a trap, and the offset in the module if it is known.
    Trapped { said: String, at: Option<usize> },
}

impl Instance for Cell {
    type Failure = Failure;

    fn begin(&mut self, _: &World) -> Result<(), String> {
        self.words.clear();
        self.make()
    }

    fn word(&mut self, value: Word) {
        self.words.push(match value {
            Word::I32(value) => f64::from(value).to_bits(),
            Word::I64(value) => value as u64,
            Word::F32(value) => f64::from(value).to_bits(),
            Word::F64(value) => value.to_bits(),
        });
    }

    unsafe fn show(&mut self, _: Held, _: usize, _: usize, _: bool) -> Result<(), String> {
        Err("columns are copied here".to_owned())
    }

    unsafe fn copy_in(&mut self, place: usize, from: *const u8, bytes: usize) {
        let at = (self.area + place) as u32;
        js::write(
            self.number,
            at,
            from.expose_provenance() as u32,
            bytes as u32,
        );
        self.word(Word::I32(at as i32));
    }

    fn copied_before(&mut self, place: usize, _: usize) {
        self.word(Word::I32((self.area + place) as u32 as i32));
    }

    unsafe fn copy_more(&mut self, from: *const u8, bytes: usize) -> Result<(), String> {
        let number = self.number;
        let at = self.more.place(self.words.len(), bytes, |pages| {
            let end = js::grow(number, pages as u32);
            (end >= 0.0).then_some(end as usize)
        })?;
        js::write(
            number,
            at as u32,
            from.expose_provenance() as u32,
            bytes as u32,
        );
        self.word(Word::I32(at as u32 as i32));
        Ok(())
    }

    fn copied(&mut self, place: usize, bytes: usize) -> &[u8] {
        if self.seen.len() < bytes {
            // Once for all: no column is larger than the room for all of them.
            self.seen.resize(self.area_bytes.max(bytes), 0);
        }
        let at = (self.area + place) as u32;
        js::read(
            self.number,
            at,
            self.seen.as_mut_ptr().expose_provenance() as u32,
            bytes as u32,
        );
        &self.seen[..bytes]
    }

    unsafe fn copy_out(&mut self, place: usize, to: *mut u8, bytes: usize) {
        // From there to where it belongs, and not by way of `copied`.
        let at = (self.area + place) as u32;
        js::read(self.number, at, to.expose_provenance() as u32, bytes as u32);
    }

    unsafe fn call(
        &mut self,
        run: &Run<'_>,
        templates: Option<&[Template]>,
    ) -> Result<(), Failure> {
        imports::begin(
            self.number,
            templates.map(|templates| Call::new(run, templates)),
        );
        let done = js::call(self.number, self.words.as_ptr().expose_provenance() as u32);
        let ended = imports::end();
        if done {
            return Ok(());
        }
        match ended {
            Ended::Misused(misuse) => Err(Failure::Misused(misuse)),
            // A panic of this program ends it, whoever called.
            Ended::Broken => std::process::abort(),
            Ended::Outside => {
                let at = js::number(self.number, AT_GLOBAL);
                Err(Failure::Trapped {
                    said: js::said(),
                    at: (at > 0.0).then_some(at as usize),
                })
            }
        }
    }

    fn row(&mut self) -> Option<u32> {
        let row = js::number(self.number, ROW_GLOBAL);
        (row >= 0.0).then_some(row as u32)
    }

    fn shown_at(&self, _: u64) -> Option<(Held, bool)> {
        None
    }
}
