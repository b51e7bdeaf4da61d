//! One system's function in a context of its own.

use super::program::{FILE, Text};
use super::steps::{self, Here, Place};
use super::views::View;
use super::world::{self, AtHand};
use crate::abi::{Param, SystemDecl};
use crate::runtime::calls::Call;
use crate::runtime::host::{Instance, Word};
use layerw_ecs::commands::Template;
use layerw_ecs::{ChunkId, Held, Run, World};
use layerw_memory::Arena;
use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::function::Args;
use rquickjs::{BigInt, Context, Ctx, Error, Exception, Function, Persistent, Runtime};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of the stack that a call may take.
const STACK: usize = 256 << 10;

/// An instance. What belongs to the context stands before it, so that it goes first.
pub(in crate::runtime) struct Cell {
    function: Persistent<Function<'static>>,
    row: Persistent<Function<'static>>,
    /// By argument; `None` where it is a number, or was not shown yet.
    views: Vec<Option<View>>,
    context: Context,
    /// The kinds of arrays of each argument, `None` where it is a number.
    kinds: Vec<Option<Vec<&'static str>>>,
    given: Vec<Given>,
    at_hand: AtHand,
    /// Where the next call is, for a debugger.
    here: Option<Here>,
    rows: Option<(ChunkId, usize)>,
    limit: Option<Duration>,
    clock: Arc<Clock>,
    /// Keeps the bytes that are shown.
    arena: Option<Arena>,
    area: Box<[u64]>,
    /// Room for what has no size of its own, by argument.
    more: Vec<Box<[u64]>>,
    outgrown: Vec<Box<[u64]>>,
}

/// When a call has to be over.
struct Clock {
    start: Instant,
    /// Nanoseconds from `start`.
    end: AtomicU64,
    late: AtomicBool,
}

/// An argument of the next call.
enum Given {
    Word(Word),
    Bytes(*mut u8, usize, bool),
}

// SAFETY: pointers are to the arena, `area` and `more`, which the cell holds; what belongs to the engine belongs to the one runtime of `context`, which may be
// used by any thread as long as it is one at a time, and a cell is only reached through `&mut`, or for its own bytes.
unsafe impl Send for Cell {}

/// What stopped a call.
pub(in crate::runtime) struct Failure {
    pub(super) message: String,
    pub(super) stack: String,
    pub(super) late: bool,
}

impl Cell {
    /// Reads the text into a context of its own. The error is a sentence.
    pub(super) fn new(
        program: &Text,
        system: &SystemDecl,
        arena: Option<&Arena>,
        area: usize,
    ) -> Result<Cell, String> {
        let options = &program.common.options;
        let known = program.js.systems.iter();
        let mut known = known.filter(|known| known.name == system.name);
        let known = known.next().ok_or("a system that is gone")?;
        let kinds = system.params.iter().zip(&known.arrays);
        let kinds = kinds.map(|(param, arrays)| match param {
            Param::Column { .. }
            | Param::Entities
            | Param::Resource { .. }
            | Param::Events { .. } => Some(arrays.clone()),
            _ => None,
        });
        let kinds: Vec<_> = kinds.collect();
        let sentence = |error: Error| error.to_string();
        let runtime = Runtime::new().map_err(sentence)?;
        runtime.set_max_stack_size(STACK);
        runtime.set_memory_limit(usize::try_from(options.memory_bytes).unwrap_or(usize::MAX));
        let clock = Arc::new(Clock {
            start: Instant::now(),
            end: AtomicU64::new(u64::MAX),
            late: AtomicBool::new(false),
        });
        if options.time_limit.is_some() {
            let clock = clock.clone();
            runtime.set_interrupt_handler(Some(Box::new(move || clock.is_over())));
        }
        let context = Context::custom::<(intrinsic::Eval, intrinsic::TypedArrays)>(&runtime)
            .map_err(sentence)?;
        let at_hand = AtHand::default();
        let here = program.debugger.as_ref().map(|_| Here::default());
        let made = context.with(|ctx| {
            let read = || {
                world::define(&ctx, &at_hand, &program.templates)?;
                if let (Some(debugger), Some(here)) = (&program.debugger, &here) {
                    steps::define(&ctx, here, &program.statements, debugger)?;
                }
                let mut options = EvalOptions::default();
                options.strict = true;
                options.filename = Some(FILE.to_owned());
                ctx.eval_with_options::<(), _>(program.js.text.as_str(), options)?;
                let globals = ctx.globals();
                let function: Function<'_> = globals.get(known.function.as_str())?;
                let row: Function<'_> = globals.get("$rowAtHand")?;
                Ok((
                    Persistent::save(&ctx, function),
                    Persistent::save(&ctx, row),
                ))
            };
            read().map_err(|error| failure(&ctx, &error, &clock).message)
        });
        let (function, row) = made?;
        Ok(Cell {
            function,
            row,
            views: kinds.iter().map(|_| None).collect(),
            context,
            given: Vec::with_capacity(kinds.len()),
            kinds,
            at_hand,
            here,
            rows: None,
            limit: options.time_limit,
            clock,
            arena: arena.cloned(),
            area: vec![0; area.div_ceil(8)].into(),
            more: Vec::new(),
            outgrown: Vec::new(),
        })
    }

    fn enter<'js>(&mut self, ctx: &Ctx<'js>) -> rquickjs::Result<()> {
        let count = self.kinds.iter();
        let count = count.map(|kinds| kinds.as_ref().map_or(1, Vec::len)).sum();
        let mut args = Args::new(ctx.clone(), count);
        for ((given, kinds), view) in self.given.iter().zip(&self.kinds).zip(&mut self.views) {
            match (given, kinds) {
                // A tag: nothing of it is passed.
                (Given::Word(_), Some(_)) => {}
                (Given::Word(Word::I32(value)), None) => args.push_arg(*value)?,
                (Given::Word(Word::F32(value)), None) => args.push_arg(f64::from(*value))?,
                (Given::Word(Word::F64(value)), None) => args.push_arg(*value)?,
                (Given::Word(Word::I64(value)), None) => {
                    args.push_arg(BigInt::from_i64(ctx.clone(), *value)?)?;
                }
                (&Given::Bytes(first, bytes, write), kinds) => {
                    let kinds = kinds.as_deref().unwrap_or_default();
                    let same = view
                        .as_ref()
                        .is_some_and(|view| view.is(first, bytes, write));
                    if !same {
                        if let Some(before) = view.take() {
                            before.detach(ctx)?;
                        }
                        *view = Some(View::new(ctx, first, bytes, write, kinds)?);
                    }
                    if let Some(view) = view {
                        args.push_args(view.arrays(ctx)?)?;
                    }
                }
            }
        }
        self.function.clone().restore(ctx)?.call_arg(args)
    }
}

impl Clock {
    fn is_over(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Relaxed: the thread that calls is the one that asks.
        let over = now >= self.end.load(Ordering::Relaxed);
        if over {
            self.late.store(true, Ordering::Relaxed);
        }
        over
    }

    fn set(&self, limit: Option<Duration>) {
        let end = limit.and_then(|limit| self.start.elapsed().checked_add(limit));
        let end = end.and_then(|end| u64::try_from(end.as_nanos()).ok());
        self.late.store(false, Ordering::Relaxed);
        self.end.store(end.unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What an error says; the exception of the context is taken with it.
fn failure(ctx: &Ctx<'_>, error: &Error, clock: &Clock) -> Failure {
    let thrown = match error {
        Error::Exception => ctx.catch().into_object().and_then(Exception::from_object),
        _ => None,
    };
    let (message, stack) = match thrown {
        Some(exception) => (exception.message(), exception.stack()),
        None => (None, None),
    };
    Failure {
        message: message.unwrap_or_else(|| error.to_string()),
        stack: stack.unwrap_or_default(),
        late: clock.late.load(Ordering::Relaxed),
    }
}

impl Instance for Cell {
    type Failure = Failure;

    fn begin(&mut self, _: &World) -> Result<(), String> {
        self.given.clear();
        self.rows = None;
        Ok(())
    }

    fn rows_of(&mut self, chunk: ChunkId, first: usize) {
        self.rows = Some((chunk, first));
    }

    fn word(&mut self, value: Word) {
        self.given.push(Given::Word(value));
    }

    unsafe fn show(
        &mut self,
        _: Held,
        offset: usize,
        bytes: usize,
        write: bool,
    ) -> Result<(), String> {
        let arena = self.arena.as_ref().ok_or("there is no world")?;
        let first = arena.logic().base().as_ptr().wrapping_add(offset);
        self.given.push(Given::Bytes(first, bytes, write));
        Ok(())
    }

    unsafe fn copy_in(&mut self, place: usize, from: *const u8, bytes: usize) {
        let target = self.area.as_mut_ptr().cast::<u8>().wrapping_add(place);
        assert!(place + bytes <= self.area.len() * 8);
        // SAFETY: the caller's promise; so many bytes of the room were asked for above.
        unsafe { ptr::copy_nonoverlapping(from, target, bytes) };
        self.given.push(Given::Bytes(target, bytes, true));
    }

    fn copied_before(&mut self, place: usize, bytes: usize) {
        assert!(place + bytes <= self.area.len() * 8);
        let target = self.area.as_mut_ptr().cast::<u8>().wrapping_add(place);
        self.given.push(Given::Bytes(target, bytes, true));
    }

    unsafe fn copy_more(&mut self, from: *const u8, bytes: usize) -> Result<(), String> {
        let argument = self.given.len();
        if self.more.len() <= argument {
            self.more.resize_with(argument + 1, Box::default);
        }
        let room = &mut self.more[argument];
        if room.len() * 8 < bytes || room.is_empty() {
            let larger = vec![0; bytes.div_ceil(8).max(2 * room.len()).max(1)].into();
            // An array may show it until the next call.
            self.outgrown.push(std::mem::replace(room, larger));
        }
        let target = room.as_mut_ptr().cast::<u8>();
        // SAFETY: the caller's promise; the room has as many bytes.
        unsafe { ptr::copy_nonoverlapping(from, target, bytes) };
        self.given.push(Given::Bytes(target, bytes, false));
        Ok(())
    }

    fn copied(&mut self, place: usize, bytes: usize) -> &[u8] {
        assert!(place + bytes <= self.area.len() * 8);
        let first = self.area.as_ptr().cast::<u8>().wrapping_add(place);
        // SAFETY: so many bytes of the room were asked for above; the script that could write them does not run meanwhile.
        unsafe { std::slice::from_raw_parts(first, bytes) }
    }

    unsafe fn call(
        &mut self,
        run: &Run<'_>,
        templates: Option<&[Template]>,
    ) -> Result<(), Failure> {
        let set = |cell: &Cell, call| {
            *cell.at_hand.lock().unwrap_or_else(PoisonError::into_inner) = call;
        };
        set(self, templates.map(|templates| Call::new(run, templates)));
        let stand = |cell: &Cell, place| {
            if let Some(here) = &cell.here {
                *here.lock().unwrap_or_else(PoisonError::into_inner) = place;
            }
        };
        let place = Place {
            call: Call::new(run, &[]),
            rows: self.rows,
        };
        stand(self, Some(place));
        self.clock.set(self.limit);
        let context = self.context.clone();
        let called = context.with(|ctx| {
            let called = self.enter(&ctx);
            called.map_err(|error| failure(&ctx, &error, &self.clock))
        });
        self.clock.set(None);
        set(self, None);
        stand(self, None);
        called
    }

    fn row(&mut self) -> Option<u32> {
        let row = self.row.clone();
        self.context
            .with(|ctx| row.restore(&ctx).ok()?.call(()).ok())
    }

    fn shown_at(&self, _: u64) -> Option<(Held, bool)> {
        None
    }
}
