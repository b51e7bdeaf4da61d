//! One instance of a module: a memory, a function, and what it is given for a call.

use super::creator::{RESERVATION, WINDOW, with_mirror};
use super::engine::{mirror, new_memory};
use super::imports;
use super::program::Native;
use crate::abi::{IMPORTS, ROW_GLOBAL};
use crate::runtime::Form;
use crate::runtime::calls::{Call, ELEMENTS_MAX};
use crate::runtime::host::{More, Word};
use crate::runtime::module::PAGES_MAX;
use layerw_ecs::commands::Template;
use layerw_ecs::{Held, Run, World};
use layerw_memory::{Arena, Mirror, PAGE, PageRun};
use std::ptr;
use std::sync::Arc;
use wasmtime::{
    AsContext, Extern, Func, Global, Instance, Memory, ResourceLimiter, Store, Val, ValRaw,
};

/// An instance.
pub(in crate::runtime) struct Cell {
    store: Store<Host>,
    func: Func,
    row: Option<Global>,
    memory: Memory,
    window: Option<Window>,
    /// Address of the room for copies, in the script's own memory.
    area: usize,
    /// Room behind that for what has no size of its own.
    more: More,
    /// Counts of the clock that a call may take.
    ticks: Option<u64>,
    arguments: Vec<ValRaw>,
}

impl Cell {
    /// An instance of a system's function over an arena, with `area` bytes of room for copies. The error is a sentence.
    pub(super) fn new(
        program: &Native,
        export: Option<&str>,
        form: Form,
        arena: &Arena,
        area: usize,
    ) -> Result<Cell, String> {
        let sentence = |error: wasmtime::Error| program.sentence(&error);
        let module = program.module(form)?;
        let area_pages = area.div_ceil(PAGE);
        let host = Host {
            bytes_max: program.common.options.memory_bytes as usize + area_pages * PAGE,
            elements: 0,
            own: None,
            granted: Vec::with_capacity(16),
            call: None,
        };
        let mut store = Store::new(module.engine(), host);
        store.limiter(|host| host);
        if let Some(ticks) = program.ticks {
            store.set_epoch_deadline(ticks);
        }
        let window = match form {
            Form::Mapped => {
                let made = mirror(arena)?;
                Some(made.ok_or("the arena's pages cannot be mapped a second time")?)
            }
            Form::Copied => None,
        };
        let pages = program.memory_pages;
        let memory = match &window {
            Some(mirror) => with_mirror(mirror.clone(), || new_memory(&mut store, pages)),
            None => new_memory(&mut store, pages),
        };
        let memory = memory.map_err(sentence)?;
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
        let instance = Instance::new(&mut store, module, &wanted).map_err(sentence)?;
        // Behind whatever the module has by now, so that nothing of its own moves.
        let own = memory.data_size(&store);
        memory.grow(&mut store, area_pages as u64).map_err(|_| {
            format!(
                "its memory of {own} bytes leaves no room for {area} bytes of columns; let it begin with less, or raise `memory_bytes`"
            )
        })?;
        let func = match export {
            Some(export) => instance.get_func(&mut store, export),
            // Something to hold: nobody calls it.
            None => Some(Func::wrap(&mut store, || {})),
        };
        Ok(Cell {
            func: func.ok_or("an export that is gone")?,
            row: instance.get_global(&mut store, ROW_GLOBAL),
            memory,
            window: window.map(|mirror| Window::new(mirror, arena)),
            area: own,
            more: More::default(),
            ticks: program.ticks,
            arguments: Vec::with_capacity(16),
            store,
        })
    }
}

impl crate::runtime::host::Instance for Cell {
    type Failure = wasmtime::Error;

    fn begin(&mut self, world: &World) -> Result<(), String> {
        self.arguments.clear();
        self.store.data_mut().granted.clear();
        match &mut self.window {
            Some(window) => window.refresh(world),
            None => Ok(()),
        }
    }

    #[inline]
    fn word(&mut self, value: Word) {
        self.arguments.push(match value {
            Word::I32(value) => ValRaw::i32(value),
            Word::I64(value) => ValRaw::i64(value),
            Word::F32(value) => ValRaw::f32(value.to_bits()),
            Word::F64(value) => ValRaw::f64(value.to_bits()),
        });
    }

    /// Shows the pages around them, at the address that follows from their offset.
    #[inline]
    unsafe fn show(
        &mut self,
        held: Held,
        offset: usize,
        bytes: usize,
        write: bool,
    ) -> Result<(), String> {
        let window = self.window.as_mut().ok_or("columns are copied here")?;
        window.show(held, write)?;
        let at = (WINDOW + offset) as u32;
        self.arguments.push(ValRaw::i32(at as i32));
        self.store.data_mut().granted.push((at, bytes as u32));
        Ok(())
    }

    unsafe fn copy_in(&mut self, place: usize, from: *const u8, bytes: usize) {
        let at = self.area + place;
        let target = &mut self.memory.data_mut(&mut self.store)[at..at + bytes];
        // SAFETY: the caller's promise; the target is a slice of as many bytes, of the instance's own memory.
        unsafe { ptr::copy_nonoverlapping(from, target.as_mut_ptr(), bytes) };
        self.arguments.push(ValRaw::i32(at as u32 as i32));
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
        self.arguments.push(ValRaw::i32(at as u32 as i32));
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
    ) -> wasmtime::Result<()> {
        if let Some(ticks) = self.ticks {
            self.store.set_epoch_deadline(ticks);
        }
        self.store.data_mut().call = templates.map(|templates| Call::new(run, templates));
        let arguments: *mut [ValRaw] = self.arguments.as_mut_slice();
        // SAFETY: the caller's promise on arguments, whose types the function was held against when the script was loaded, and it returns nothing; the slice
        // lives in `self`, which nobody else touches during the call.
        let called = unsafe { self.func.call_unchecked(&mut self.store, arguments) };
        self.store.data_mut().call = None;
        called
    }

    fn row(&mut self) -> Option<u32> {
        match self.row?.get(&mut self.store) {
            Val::I32(row) => Some(row as u32),
            _ => None,
        }
    }

    fn shown_at(&self, address: u64) -> Option<(Held, bool)> {
        let window = self.window.as_ref()?;
        let offset = address.checked_sub(WINDOW as u64)?;
        let within = |run: PageRun| (run.offset()..run.offset() + run.bytes()).contains(&offset);
        let found = window.held.iter().find(|(held, _)| within(held.run()));
        found.copied()
    }
}

/// What the functions of the host reach.
pub(super) struct Host {
    /// Bytes that its memory may have.
    bytes_max: usize,
    /// Elements that its tables asked for so far.
    elements: usize,
    own: Option<Memory>,
    /// Columns of the call at hand, by address and length.
    granted: Vec<(u32, u32)>,
    call: Option<Call>,
}

impl Host {
    /// The run at hand, if its system records commands.
    pub(super) fn call(&self) -> Option<Call> {
        self.call
    }

    /// Bytes of the instance's own memory, or of a column of the call at hand.
    pub(super) fn see<'a>(
        &self,
        store: &'a impl AsContext<Data = Host>,
        at: u32,
        bytes: usize,
    ) -> Option<&'a [u8]> {
        let memory = self.own?;
        let own = memory.data(store);
        let (first, end) = (at as usize, (at as usize).checked_add(bytes)?);
        if let Some(values) = own.get(first..end) {
            return Some(values);
        }
        let within =
            |&(start, len): &(u32, u32)| start <= at && end <= start as usize + len as usize;
        if !self.granted.iter().any(within) {
            return None;
        }
        // SAFETY: the range lies in pages that are shown in this memory's window, for a column to which the system at hand has access, so nobody
        // else writes it meanwhile; the store outlives the call.
        Some(unsafe { std::slice::from_raw_parts(own.as_ptr().wrapping_add(first), bytes) })
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.bytes_max)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        let granted = elements <= ELEMENTS_MAX;
        if granted {
            self.elements = elements;
        }
        Ok(granted)
    }
}

/// Which pages of the Logic pool an instance sees.
struct Window {
    mirror: Arc<Mirror>,
    /// What is shown, by page: nothing, read only, writable.
    rights: Box<[u8]>,
    /// The same in runs.
    held: Vec<(Held, bool)>,
    /// [`World::page_holders`] when this was true.
    holders: u64,
}

impl Window {
    fn new(mirror: Arc<Mirror>, arena: &Arena) -> Window {
        let pages = arena.logic().bytes() / PAGE as u64;
        Window {
            mirror,
            rights: vec![0; pages as usize].into(),
            held: Vec::with_capacity(64),
            holders: 0,
        }
    }

    /// Hides what has come to others since the last call.
    #[inline]
    fn refresh(&mut self, world: &World) -> Result<(), String> {
        if self.holders == world.page_holders() {
            return Ok(());
        }
        self.hide_stale(world)
    }

    #[cold]
    fn hide_stale(&mut self, world: &World) -> Result<(), String> {
        let (mirror, rights) = (&self.mirror, &mut self.rights);
        let mut refusal = None;
        self.held.retain(|(held, _)| {
            if world.still_holds(*held) {
                return true;
            }
            if let Err(error) = mirror.hide(held.run()) {
                refusal = Some(error.to_string());
                return true;
            }
            rights[pages(held.run())].fill(0);
            false
        });
        // What could not be hidden is tried again before the next call.
        match refusal {
            Some(refusal) => Err(refusal),
            None => {
                self.holders = world.page_holders();
                Ok(())
            }
        }
    }

    /// Shows a run, unless it is shown so already.
    #[inline]
    fn show(&mut self, held: Held, write: bool) -> Result<(), String> {
        if self.rights[held.run().first as usize] == right(write) {
            return Ok(());
        }
        self.show_now(held, write)
    }

    #[cold]
    fn show_now(&mut self, held: Held, write: bool) -> Result<(), String> {
        let run = held.run();
        let end = WINDOW as u64 + run.offset() + run.bytes();
        if end > RESERVATION as u64 {
            return Err(format!(
                "a column at offset {:#x} of pool logic lies behind what a script can address ({:#x} bytes); lower the pool's budget to that, or load the script with `Columns::Copied`",
                run.offset(),
                RESERVATION - WINDOW
            ));
        }
        self.mirror
            .show(run, write)
            .map_err(|refusal| refusal.to_string())?;
        self.rights[pages(run)].fill(right(write));
        self.held.push((held, write));
        Ok(())
    }
}

fn right(write: bool) -> u8 {
    if write { 2 } else { 1 }
}

fn pages(run: PageRun) -> std::ops::Range<usize> {
    run.first as usize..run.end() as usize
}

const _: () = assert!(PAGES_MAX as usize * PAGE + PAGE == RESERVATION);
