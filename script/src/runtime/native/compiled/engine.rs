//! The code generators, one for each form, made on first use and kept as long as the process: they install handlers of signals, which must not come and go.

use super::clock::Running;
use super::creator::{Creator, GUARD, RESERVATION, WINDOW, with_mirror};
use crate::runtime::Form;
use crate::runtime::module::PAGES_MAX;
use layerw_memory::{Arena, MemoryConfig, Mirror, PAGE, PageRun, Tier};
use std::sync::{Arc, OnceLock};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, MemArg, MemArgTarget, MemorySection, MemoryType, Module as Encoder, TypeSection,
    ValType,
};
use wasmtime::{Config, Engine, Instance, Memory, Module, OptLevel, Store, Trap};

/// Bytes of a wasm call stack; a worker's own stack is larger.
const STACK: usize = 256 << 10;

/// What code is generated for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) form: Form,
    /// Whether loops check the time.
    pub(super) limited: bool,
    /// Whether modules see to their NaNs themselves.
    pub(super) one_nan: bool,
}

/// The engine of a kind.
pub(super) fn engine(kind: Kind) -> Result<&'static Engine, String> {
    let place = usize::from(kind.form == Form::Copied) * 2 + usize::from(kind.one_nan);
    let made = ENGINES[usize::from(kind.limited)][place]
        .get_or_init(|| Engine::new(&config(kind)).map_err(|error| format!("{error:#}")));
    made.as_ref().map_err(String::clone)
}

/// By whether loops check the time, and then by the rest.
static ENGINES: [[OnceLock<Result<Engine, String>>; 4]; 2] =
    [const { [const { OnceLock::new() }; 4] }; 2];

/// Starts the clock of the engines with a time limit.
pub(super) fn start_clock() -> std::io::Result<Running> {
    Running::start(|| {
        let [_, limited] = &ENGINES;
        for made in limited {
            if let Some(Ok(engine)) = made.get() {
                engine.increment_epoch();
            }
        }
    })
}

fn config(kind: Kind) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(kind.limited)
        .max_wasm_stack(STACK)
        .cranelift_opt_level(OptLevel::Speed)
        // The same bits on every processor.
        .cranelift_nan_canonicalization(!kind.one_nan)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false);
    if kind.form == Form::Mapped {
        config
            .with_host_memory(Arc::new(Creator))
            .memory_reservation(RESERVATION as u64)
            .memory_guard_size(GUARD as u64)
            .memory_may_move(false)
            // Images of data segments know only wasmtime's own memories.
            .memory_init_cow(false);
    }
    config
}

/// Address space for a script over an arena.
pub(super) fn mirror(arena: &Arena) -> Result<Option<Arc<Mirror>>, String> {
    let mirror = Mirror::new(arena, Tier::Logic, RESERVATION + GUARD, WINDOW);
    let mirror = mirror.map_err(|refusal| refusal.to_string())?;
    Ok(mirror.map(Arc::new))
}

/// Whether columns can be mapped on this host: an arena to make a script's memory of before its world is known, or why not. Tried once per process.
pub(super) fn mapping() -> Result<&'static Arena, String> {
    static TRIED: OnceLock<Result<Arena, String>> = OnceLock::new();
    let tried = TRIED.get_or_init(|| {
        let arena = Arena::new(&MemoryConfig::with_total(64 << 20));
        let arena = arena.map_err(|refusal| refusal.to_string())?;
        self_test(&arena)?;
        Ok(arena)
    });
    tried.as_ref().map_err(String::clone)
}

/// Tries what the mapped form leans on, with pages that nobody needs.
fn self_test(arena: &Arena) -> Result<(), String> {
    let mirror = mirror(arena)?.ok_or("pages of this host's arenas cannot be mapped twice")?;
    let logic = arena.logic();
    let owner = logic.owner("test of scripts", logic.bytes());
    let owner = owner.map_err(|refusal| refusal.to_string())?;
    let run = logic
        .reserve(owner, 3)
        .map_err(|refusal| refusal.to_string())?;
    let page = |number: u32| PageRun {
        first: run.first + number,
        pages: 1,
    };
    // Page 0 can be written, page 1 read, page 2 is not there.
    for (number, writable) in [(0, true), (1, false)] {
        let shown = mirror.show(page(number), writable);
        shown.map_err(|refusal| refusal.to_string())?;
    }
    let outcome = probe(&mirror, WINDOW as u32 + run.offset() as u32);
    let first = logic.base().as_ptr().wrapping_add(run.offset() as usize);
    // SAFETY: the run was reserved above, and only the probe, which has ended, wrote to it.
    let (here, next) = unsafe {
        (
            first.cast::<i32>().read_volatile(),
            first.wrapping_add(PAGE).cast::<i32>().read_volatile(),
        )
    };
    logic.release(owner, run);
    outcome.map_err(|error| format!("{error:#}"))?;
    if (here, next) != (42, 0) {
        return Err(format!(
            "a store to a shown page left {here} and {next} in the arena"
        ));
    }
    Ok(())
}

/// Runs a module over three pages at `first`, as above.
fn probe(mirror: &Arc<Mirror>, first: u32) -> wasmtime::Result<()> {
    let kind = Kind {
        form: Form::Mapped,
        limited: false,
        one_nan: true,
    };
    let engine = engine(kind).map_err(wasmtime::Error::msg)?;
    let mut store = Store::new(engine, ());
    let memory = with_mirror(mirror.clone(), || new_memory(&mut store, 1))?;
    let module = Module::new(engine, probe_module())?;
    let instance = Instance::new(&mut store, &module, &[memory.into()])?;
    let load = instance.get_typed_func::<i32, i32>(&mut store, "load")?;
    let write = instance.get_typed_func::<(i32, i32), ()>(&mut store, "store")?;
    let fill = instance.get_typed_func::<(i32, i32), ()>(&mut store, "fill")?;
    let at = |page: u32| (first + page * PAGE as u32) as i32;
    let trapped = |result: wasmtime::Result<()>, what: &str| match result {
        Err(error) if error.downcast_ref() == Some(&Trap::MemoryOutOfBounds) => Ok(()),
        other => Err(wasmtime::Error::msg(format!(
            "{what} gave {other:?} and no trap"
        ))),
    };
    write.call(&mut store, (at(0), 42))?;
    let (seen, read_only) = (load.call(&mut store, at(0))?, load.call(&mut store, at(1))?);
    if (seen, read_only) != (42, 0) {
        return Err(wasmtime::Error::msg(format!(
            "loads gave {seen} and {read_only}"
        )));
    }
    trapped(
        write.call(&mut store, (at(1), 1)),
        "a store to a page shown for reading",
    )?;
    trapped(
        load.call(&mut store, at(2)).map(drop),
        "a load from a page not shown",
    )?;
    trapped(
        write.call(&mut store, (-4, 1)),
        "a store to the last address",
    )?;
    trapped(fill.call(&mut store, (at(0), 4)), "a fill of a shown page")?;
    fill.call(&mut store, (0, 4))
}

/// A memory of so many pages, made through the engine's creator where it has one.
pub(super) fn new_memory<T: 'static>(store: &mut Store<T>, pages: u64) -> wasmtime::Result<Memory> {
    let mut memories = MemorySection::new();
    memories.memory(memory_type(pages));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Encoder::new();
    module.section(&memories).section(&exports);
    let module = Module::new(store.engine(), module.finish())?;
    let instance = Instance::new(&mut *store, &module, &[])?;
    let memory = instance.get_memory(&mut *store, "memory");
    memory.ok_or_else(|| wasmtime::Error::msg("the module of a memory has none"))
}

fn memory_type(pages: u64) -> MemoryType {
    MemoryType {
        minimum: pages,
        maximum: Some(PAGES_MAX),
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

/// `load(address) -> value`, `store(address, value)`, `fill(address, bytes)`.
fn probe_module() -> Vec<u8> {
    use ValType::I32;
    let mut types = TypeSection::new();
    types.ty().function([I32], [I32]);
    types.ty().function([I32, I32], []);
    let mut imports = ImportSection::new();
    imports.import("env", "memory", EntityType::Memory(memory_type(1)));
    let mut functions = FunctionSection::new();
    functions.function(0).function(1).function(1);
    let mut exports = ExportSection::new();
    for (name, index) in [("load", 0), ("store", 1), ("fill", 2)] {
        exports.export(name, ExportKind::Func, index);
    }
    let word = MemArg {
        offset: 0,
        align: 2,
        target: MemArgTarget::default(),
        ordering: None,
    };
    let mut code = CodeSection::new();
    let body = |write: &dyn Fn(&mut Function)| {
        let mut function = Function::new([]);
        write(&mut function);
        function.instructions().end();
        function
    };
    code.function(&body(&|f| {
        f.instructions().local_get(0).i32_load(word);
    }));
    code.function(&body(&|f| {
        f.instructions().local_get(0).local_get(1).i32_store(word);
    }));
    code.function(&body(&|f| {
        // In a block, as a script's would be.
        let mut f = f.instructions();
        f.block(BlockType::Empty)
            .local_get(0)
            .i32_const(0)
            .local_get(1)
            .memory_fill(0)
            .end();
    }));
    let mut module = Encoder::new();
    module.section(&types).section(&imports).section(&functions);
    module.section(&exports).section(&code);
    module.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_can_map_columns_where_it_should() {
        let built_to = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        let refused = mapping().err();
        assert!(refused.is_none() || !built_to, "{refused:?}");
    }
}
