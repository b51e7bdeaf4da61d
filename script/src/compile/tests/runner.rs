//! Runs a module over columns of plain bytes.

use crate::abi::{self, Manifest, MathFunction, Param};
use crate::compile::ir::Act;
use wasmi::{Caller, Engine, F32, F64, Linker, Memory, MemoryType, Module, Store, Val};

/// The address of the first column: a null page before it.
const BASE: usize = 4096;

/// What a run is given besides its columns.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub dt: f32,
    pub step: u64,
    pub seed: u64,
}

impl Default for Step {
    fn default() -> Self {
        Step {
            dt: 0.5,
            step: 7,
            seed: 99,
        }
    }
}

/// A column or resource by its component's name.
pub type Column<'a> = (&'a str, Vec<u8>);

/// Runs one system over `rows` rows and gives the trap, if there was one, with the row it happened at.
pub fn run(
    module: &[u8],
    system: &str,
    rows: usize,
    columns: &mut [Column<'_>],
    step: Step,
) -> Result<(), (String, i32)> {
    let manifest: Manifest = abi::read(module).expect("the module has a manifest");
    let decl = manifest
        .systems
        .iter()
        .find(|decl| decl.name == system)
        .expect("the system is there");
    let engine = Engine::default();
    let compiled = Module::new(&engine, module).expect("the module is valid");
    let mut store = Store::new(&engine, Vec::new());
    let bytes: usize = columns.iter().map(|(_, bytes)| bytes.len() + 64).sum();
    let pages = ((BASE + bytes) >> 16) as u32 + 1;
    let memory =
        Memory::new(&mut store, MemoryType::new(pages, Some(65_535))).expect("there is memory");
    let mut linker: Linker<Vec<u8>> = Linker::new(&engine);
    linker
        .define("env", "memory", memory)
        .expect("it is the only one");
    for (name, function) in abi::MATH {
        let linked = match *function {
            MathFunction::F32(of) => {
                linker.func_wrap(abi::IMPORTS, name, move |a: F32| F32::from(of(a.into())))
            }
            MathFunction::F64(of) => {
                linker.func_wrap(abi::IMPORTS, name, move |a: F64| F64::from(of(a.into())))
            }
            MathFunction::F32x2(of) => {
                linker.func_wrap(abi::IMPORTS, name, move |a: F32, b: F32| {
                    F32::from(of(a.into(), b.into()))
                })
            }
            MathFunction::F64x2(of) => {
                linker.func_wrap(abi::IMPORTS, name, move |a: F64, b: F64| {
                    F64::from(of(a.into(), b.into()))
                })
            }
        };
        linked.expect("each name stands once");
    }
    record_commands(&mut linker, memory, &manifest);
    let instance = linker
        .instantiate_and_start(&mut store, &compiled)
        .expect("nothing else is imported");
    let mut addresses = Vec::new();
    let mut end = BASE;
    for (_, bytes) in columns.iter() {
        memory.write(&mut store, end, bytes).expect("it fits");
        addresses.push(end);
        end += bytes.len().next_multiple_of(64);
    }
    let place = |component: &str| {
        let number = columns.iter().position(|(name, _)| *name == component);
        Val::I32(
            addresses[number.unwrap_or_else(|| panic!("no column of {component} was given"))]
                as i32,
        )
    };
    let params: Vec<Val> = decl
        .params
        .iter()
        .map(|param| match param {
            Param::Column { component, .. } | Param::Resource { component, .. } => place(component),
            Param::Events { component } => place(component),
            Param::EventCount { component } => {
                let size = manifest.component(component).expect("it is declared").size as usize;
                let found = columns.iter().find(|(name, _)| *name == component);
                Val::I32((found.expect("they were given").1.len() / size) as i32)
            }
            Param::Entities => place("Entity"),
            Param::Count => Val::I32(rows as i32),
            Param::Dt => Val::F32(step.dt.into()),
            Param::Dt64 => Val::F64(f64::from(step.dt).into()),
            Param::Step => Val::I64(step.step as i64),
            Param::Seed => Val::I64(step.seed as i64),
        })
        .collect();
    let function = instance
        .get_func(&store, &decl.export)
        .expect("the system is exported");
    let outcome = function.call(&mut store, &params, &mut []);
    for ((name, bytes), address) in columns.iter_mut().zip(addresses) {
        match *name {
            COMMANDS => bytes.clone_from(store.data()),
            _ => memory.read(&store, address, bytes).expect("it fitted"),
        }
    }
    outcome.map_err(|error| {
        let row = instance
            .get_global(&store, abi::ROW_GLOBAL)
            .expect("the row is exported");
        (
            error.to_string(),
            row.get(&store).i32().expect("it is an i32"),
        )
    })
}

/// A column of this name is what a run records: of each command what it is, the entity, the template and the values.
pub const COMMANDS: &str = "(commands)";

/// One command as it is recorded.
pub fn recorded(act: Act, entity: i64, template: i32, values: &[u8]) -> Vec<u8> {
    let head = [
        &[act as u8][..],
        &entity.to_le_bytes(),
        &template.to_le_bytes(),
    ]
    .concat();
    [head, values.to_vec()].concat()
}

fn record_commands(linker: &mut Linker<Vec<u8>>, memory: Memory, manifest: &Manifest) {
    let sizes = manifest.templates.iter().map(|template| {
        let size = |name: &String| manifest.component(name).expect("it is declared").size as usize;
        template.iter().map(size).sum()
    });
    let sizes: Vec<usize> = sizes.collect();
    let record =
        move |mut caller: Caller<'_, Vec<u8>>, act, entity, template: i32, at: Option<i32>| {
            let mut values = Vec::new();
            if let Some(at) = at {
                values.resize(sizes[template as usize], 0);
                let found = memory.read(&caller, at as usize, &mut values);
                found.expect("values are in memory");
            }
            caller
                .data_mut()
                .extend(recorded(act, entity, template, &values));
        };
    type Host<'c> = Caller<'c, Vec<u8>>;
    let name = |act: Act| (abi::IMPORTS, act.name());
    let again = record.clone();
    let (from, act) = name(Act::Spawn);
    let spawn = move |caller: Host<'_>, template: i32, at: i32| {
        again(caller, Act::Spawn, 0, template, Some(at))
    };
    linker.func_wrap(from, act, spawn).expect("it stands once");
    let again = record.clone();
    let (from, act) = name(Act::Send);
    let send = move |caller: Host<'_>, template: i32, at: i32| {
        again(caller, Act::Send, 0, template, Some(at))
    };
    linker.func_wrap(from, act, send).expect("it stands once");
    let again = record.clone();
    let (from, act) = name(Act::Insert);
    let insert = move |caller: Host<'_>, entity: i64, template: i32, at: i32| {
        again(caller, Act::Insert, entity, template, Some(at));
    };
    linker.func_wrap(from, act, insert).expect("it stands once");
    let again = record.clone();
    let (from, act) = name(Act::Remove);
    let remove = move |caller: Host<'_>, entity: i64, template: i32| {
        again(caller, Act::Remove, entity, template, None)
    };
    linker.func_wrap(from, act, remove).expect("it stands once");
    let (from, act) = name(Act::Despawn);
    let despawn =
        move |caller: Host<'_>, entity: i64| record(caller, Act::Despawn, entity, -1, None);
    linker
        .func_wrap(from, act, despawn)
        .expect("it stands once");
}

/// Numbers as the bytes of a column.
pub fn bytes<T: bytemuck::NoUninit>(values: &[T]) -> Vec<u8> {
    bytemuck::cast_slice(values).to_vec()
}

/// The bytes of a column as numbers.
pub fn numbers<T: bytemuck::Pod>(bytes: &[u8]) -> Vec<T> {
    bytemuck::pod_collect_to_vec(bytes)
}
