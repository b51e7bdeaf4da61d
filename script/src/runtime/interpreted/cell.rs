//! One instance of a module, all in its own memory: what it is given for a call is copied there.

use super::imports;
use super::program::Interpreted;
use crate::abi::{IMPORTS, ROW_GLOBAL};
use crate::runtime::calls::{Call, ELEMENTS_MAX};
use crate::runtime::host::{Instance, More, Word};
use crate::runtime::marks::AT_GLOBAL;
use crate::runtime::module::PAGES_MAX;
use layerw_ecs::commands::Template;
use layerw_ecs::{Held, Run, World};
use layerw_memory::PAGE;
use std::ptr;
use wasmi::{
    Error, Extern, Func, Global, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder, Val,
};

/// Tables of an instance, which share the elements that it may have.
const TABLES_MAX: usize = 8;

/// An instance.
pub(in crate::runtime) struct Cell {
    store: Store<Host>,
    func: Option<Func>,
    row: Option<Global>,
    /// The offset in the module of what may stop, before it does.
    at: Option<Global>,
    memory: Memory,
    /// Address of the room for copies, in the script's own memory.
    area: usize,
    /// Room behind that for what has no size of its own.
    more: More,
    fuel: Option<u64>,
    arguments: Vec<Val>,
}

/// What the functions of the host reach.
pub(super) struct Host {
    limits: StoreLimits,
    pub(super) own: Option<Memory>,
    pub(super) call: Option<Call>,
}

impl Cell {
    /// An instance of a system's function with `area` bytes of room for copies. The error is a sentence.
    pub(super) fn new(
        program: &Interpreted,
        export: Option<&str>,
        area: usize,
    ) -> Result<Cell, String> {
        let sentence = |error: Error| program.sentence(&error);
        let area_pages = area.div_ceil(PAGE);
        let host = Host {
            limits: StoreLimitsBuilder::new()
                .memory_size(program.common.options.memory_bytes as usize + area_pages * PAGE)
                .table_elements(ELEMENTS_MAX / TABLES_MAX)
                .tables(TABLES_MAX)
                // Its own is counted as made and as imported.
                .memories(2)
                .instances(1)
                .build(),
            own: None,
            call: None,
        };
        let module = &program.module;
        let mut store = Store::new(module.engine(), host);
        store.limiter(|host| &mut host.limits);
        if let Some(fuel) = program.fuel {
            store.set_fuel(fuel).map_err(sentence)?;
        }
        let pages = u32::try_from(program.memory_pages).unwrap_or(u32::MAX);
        let memory = MemoryType::new(pages, Some(PAGES_MAX as u32));
        let memory = Memory::new(&mut store, memory).map_err(sentence)?;
        store.data_mut().own = Some(memory);
        let mut wanted: Vec<Extern> = Vec::new();
        for import in module.imports() {
            wanted.push(if import.module() == IMPORTS {
                let function = imports::function(&mut store, import.name());
                function.ok_or("an import that no host offers")?.into()
            } else {
                memory.into()
            });
        }
        let instance = wasmi::Instance::new(&mut store, module, &wanted).map_err(sentence)?;
        // Behind whatever the module has by now, so that nothing of its own moves.
        let own = memory.data_size(&store);
        memory.grow(&mut store, area_pages as u64).map_err(|_| {
            format!(
                "its memory of {own} bytes leaves no room for {area} bytes of columns; let it begin with less, or raise `memory_bytes`"
            )
        })?;
        let func = match export {
            Some(export) => Some(
                instance
                    .get_func(&store, export)
                    .ok_or("an export that is gone")?,
            ),
            None => None,
        };
        Ok(Cell {
            func,
            row: instance.get_global(&store, ROW_GLOBAL),
            at: instance.get_global(&store, AT_GLOBAL),
            memory,
            area: own,
            more: More::default(),
            fuel: program.fuel,
            arguments: Vec::with_capacity(16),
            store,
        })
    }

    fn number(&self, global: Option<Global>) -> Option<u32> {
        match global?.get(&self.store) {
            Val::I32(number) => Some(number as u32),
            _ => None,
        }
    }
}

/// What stopped a call, and the offset in the module if it is known.
pub(in crate::runtime) struct Failure {
    pub(super) error: Error,
    pub(super) at: Option<usize>,
}

impl Instance for Cell {
    type Failure = Failure;

    fn begin(&mut self, _: &World) -> Result<(), String> {
        self.arguments.clear();
        Ok(())
    }

    fn word(&mut self, value: Word) {
        self.arguments.push(match value {
            Word::I32(value) => Val::I32(value),
            Word::I64(value) => Val::I64(value),
            Word::F32(value) => Val::F32(value.into()),
            Word::F64(value) => Val::F64(value.into()),
        });
    }

    unsafe fn show(&mut self, _: Held, _: usize, _: usize, _: bool) -> Result<(), String> {
        Err("columns are copied here".to_owned())
    }

    unsafe fn copy_in(&mut self, place: usize, from: *const u8, bytes: usize) {
        let at = self.area + place;
        let target = &mut self.memory.data_mut(&mut self.store)[at..at + bytes];
        // SAFETY: the caller's promise; the target is a slice of as many bytes, of the instance's own memory.
        unsafe { ptr::copy_nonoverlapping(from, target.as_mut_ptr(), bytes) };
        self.arguments.push(Val::I32(at as u32 as i32));
    }

    fn copied_before(&mut self, place: usize, _: usize) {
        self.word(Word::I32((self.area + place) as u32 as i32));
    }

    unsafe fn copy_more(&mut self, from: *const u8, bytes: usize) -> Result<(), String> {
        let at = self.more.place(self.arguments.len(), bytes, |pages| {
            let end = self.memory.data_size(&self.store);
            let grown = self.memory.grow(&mut self.store, pages as u64);
            grown.is_ok().then_some(end)
        })?;
        let target = &mut self.memory.data_mut(&mut self.store)[at..at + bytes];
        // SAFETY: the caller's promise; the target is a slice of as many bytes, of the instance's own memory.
        unsafe { ptr::copy_nonoverlapping(from, target.as_mut_ptr(), bytes) };
        self.arguments.push(Val::I32(at as u32 as i32));
        Ok(())
    }

    fn copied(&mut self, place: usize, bytes: usize) -> &[u8] {
        let at = self.area + place;
        &self.memory.data(&self.store)[at..at + bytes]
    }

    unsafe fn call(
        &mut self,
        run: &Run<'_>,
        templates: Option<&[Template]>,
    ) -> Result<(), Failure> {
        let Some(func) = self.func else { return Ok(()) };
        let plain = |error| Failure { error, at: None };
        if let Some(fuel) = self.fuel {
            self.store.set_fuel(fuel).map_err(plain)?;
        }
        if let Some(at) = self.at {
            let reset = at.set(&mut self.store, Val::I32(0));
            reset.map_err(|error| plain(Error::new(error.to_string())))?;
        }
        self.store.data_mut().call = templates.map(|templates| Call::new(run, templates));
        let called = func.call(&mut self.store, &self.arguments, &mut []);
        self.store.data_mut().call = None;
        called.map_err(|error| Failure {
            error,
            at: self
                .number(self.at)
                .filter(|&at| at > 0)
                .map(|at| at as usize),
        })
    }

    fn row(&mut self) -> Option<u32> {
        self.number(self.row)
    }

    fn shown_at(&self, _: u64) -> Option<(Held, bool)> {
        None
    }
}
