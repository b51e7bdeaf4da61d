//! What stands between a system of a script and what runs it: so that the schedule's side is written once, for native code, interpreters and JavaScript alike.

use super::script::Shared;
use super::system::ScriptSystem;
use super::{Form, Options};
use crate::abi::{Manifest, SystemDecl};
use layerw_ecs::commands::Template;
use layerw_ecs::system::System;
use layerw_ecs::{ChunkId, Held, Run, World};
use layerw_memory::{Arena, PAGE};
use std::sync::Arc;

/// What every runtime knows of a script.
pub(super) struct Common {
    pub(super) name: String,
    pub(super) manifest: Manifest,
    pub(super) options: Options,
}

impl Common {
    pub(super) fn new(name: &str, manifest: Manifest, options: &Options) -> Arc<Common> {
        Arc::new(Common {
            name: name.to_owned(),
            manifest,
            options: Options {
                // The window begins behind.
                memory_bytes: options.memory_bytes.min(255 << 20),
                ..options.clone()
            },
        })
    }
}

/// A script as one runtime holds it: read, checked, ready to make instances.
pub(super) trait Program: Send + Sync + Sized + 'static {
    type Instance: Instance;

    /// As it stands in settings and reports.
    const RUNTIME: &'static str;

    /// How columns of this arena come to it.
    fn form(&self, arena: &Arena) -> Form;

    /// Why they are copied, where the script's options do not ask for it.
    fn why_copied(&self, arena: &Arena) -> String;

    /// Makes ready what instances of a form share. The error is a sentence.
    fn prepare(&self, form: Form) -> Result<(), String>;

    /// An instance of a system's function over an arena, with `area` bytes of room for copies. The error is a sentence.
    fn instance(
        &self,
        system: &SystemDecl,
        form: Form,
        arena: &Arena,
        area: usize,
    ) -> Result<Self::Instance, String>;

    /// What a call's failure means.
    fn stop(&self, failure: <Self::Instance as Instance>::Failure) -> Stop;
}

/// One system's function, with what it is given for a call. Each worker has one for each system, so that none is ever shared, and so that two systems of
/// one script do not see each other's columns.
///
/// A call is: [`begin`](Instance::begin), one argument after another in the manifest's order, [`call`](Instance::call), and what was copied out.
pub(super) trait Instance: Send {
    /// Why a call came to no end of its own; [`Program::stop`] says it in words.
    type Failure;

    /// Begins the arguments of a call.
    fn begin(&mut self, world: &World) -> Result<(), String>;

    /// Says which rows the call is for, before its arguments: those of a chunk from the first on.
    fn rows_of(&mut self, _chunk: ChunkId, _first: usize) {}

    /// A number as the next argument.
    fn word(&mut self, value: Word);

    /// Bytes of the Logic pool, `offset` from its base, as the next argument.
    ///
    /// # Safety
    /// The calling thread has the access to them that `write` says, until the call has ended.
    unsafe fn show(
        &mut self,
        held: Held,
        offset: usize,
        bytes: usize,
        write: bool,
    ) -> Result<(), String>;

    /// A copy as the next argument; `place` is where it stands in the room for copies. The bytes that are copied for scripts are copied here and in [`Instance::copy_out`].
    ///
    /// # Safety
    /// `from` leads to so many bytes that nobody writes meanwhile.
    unsafe fn copy_in(&mut self, place: usize, from: *const u8, bytes: usize);

    /// A copy that is still there from an earlier call as the next argument, so many bytes of it.
    fn copied_before(&mut self, place: usize, bytes: usize);

    /// A copy of bytes that are only read as the next argument, in room that is made as it is needed. The error is a sentence.
    ///
    /// # Safety
    /// `from` leads to so many bytes that nobody writes meanwhile.
    unsafe fn copy_more(&mut self, from: *const u8, bytes: usize) -> Result<(), String>;

    /// What a call left of a copy.
    fn copied(&mut self, place: usize, bytes: usize) -> &[u8];

    /// Copies back what a call left of a copy.
    ///
    /// # Safety
    /// `to` leads to so many bytes that nobody else uses meanwhile, and what [`Instance::copied`] shows are values of what stands there.
    unsafe fn copy_out(&mut self, place: usize, to: *mut u8, bytes: usize) {
        let source = self.copied(place, bytes);
        // SAFETY: the caller's promise; the source is a slice of as many bytes, of the instance's own memory.
        unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), to, bytes) };
    }

    /// Calls the function with the arguments so far. Commands are recorded for `run` where there are templates.
    ///
    /// # Safety
    /// One argument was passed for each parameter of the manifest, of its type. The calling thread runs as `run.worker`, with the access that its system declared.
    unsafe fn call(
        &mut self,
        run: &Run<'_>,
        templates: Option<&[Template]>,
    ) -> Result<(), Self::Failure>;

    /// The row that the function was at when it stopped, from the first of the call.
    fn row(&mut self) -> Option<u32>;

    /// What is shown at an address: the pages' holder, and whether they may be written.
    fn shown_at(&self, address: u64) -> Option<(Held, bool)>;
}

/// A number that a function is called with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}

/// Why a call came to no end of its own.
#[derive(Debug)]
pub(super) struct Stop {
    /// What happened, in words.
    pub(super) what: String,
    /// The address that it must not touch, if that is what happened; what stands there is said in place of `what`.
    pub(super) touched: Option<u64>,
    /// `file.ts:line:column`.
    pub(super) at: Option<String>,
    /// Whether it happens again with the same world.
    pub(super) repeats: bool,
}

/// A [`Program`] without its type.
pub(super) trait AnyProgram: Send + Sync {
    fn runtime(&self) -> &'static str;
    fn form(&self, arena: &Arena) -> Form;
    fn why_copied(&self, arena: &Arena) -> String;
    fn system(self: Arc<Self>, shared: Arc<Shared>, number: usize) -> Box<dyn System>;
}

impl<P: Program> AnyProgram for P {
    fn runtime(&self) -> &'static str {
        P::RUNTIME
    }

    fn form(&self, arena: &Arena) -> Form {
        Program::form(self, arena)
    }

    fn why_copied(&self, arena: &Arena) -> String {
        Program::why_copied(self, arena)
    }

    fn system(self: Arc<Self>, shared: Arc<Shared>, number: usize) -> Box<dyn System> {
        Box::new(ScriptSystem::new(shared, self, number))
    }
}

/// Room in a module's memory that grows, by the argument that it is for: what is outgrown is left behind.
#[derive(Debug, Default)]
pub(super) struct More(Vec<Room>);

#[derive(Debug, Clone, Copy, Default)]
struct Room {
    at: usize,
    bytes: usize,
}

impl More {
    /// The address of room for so many bytes; `grow` adds pages at the memory's end and says where that was.
    pub(super) fn place(
        &mut self,
        argument: usize,
        bytes: usize,
        grow: impl FnOnce(usize) -> Option<usize>,
    ) -> Result<usize, String> {
        if self.0.len() <= argument {
            self.0.resize(argument + 1, Room::default());
        }
        let room = &mut self.0[argument];
        if room.bytes < bytes {
            // Twice as much as before at least, so that not much is ever left behind.
            let pages = bytes.max(2 * room.bytes).div_ceil(PAGE);
            let at = grow(pages).ok_or_else(|| {
                format!("its memory leaves no room for {bytes} bytes of events; raise `memory_bytes`, or send fewer")
            })?;
            *room = Room {
                at,
                bytes: pages * PAGE,
            };
        }
        Ok(room.at)
    }
}
