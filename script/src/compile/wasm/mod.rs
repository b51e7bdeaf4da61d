//! WebAssembly out of systems: a function for each, the manifest, and a source map.
//!
//! Values become locals, regions become the `block`, `loop` and `if` that they already are, and a column is an address that is added up once for each row. Nothing is
//! clever here: what can be improved is improved by the passes before, and registers are the run-time's business.

mod function;
mod imports;
mod locals;
pub mod map;
mod ops;
mod vectors;

use super::Source;
use super::diagnostic::Lines;
use super::ir::{Const, Initial, Input, Module, Type};
use super::passes::Facts;
use crate::abi::{
    self, BytesDecl, ComponentDecl, FieldDecl, Manifest, Param, ResourceDecl, SystemDecl,
};
use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, ImportSection, MemoryType, TypeSection, ValType,
};
use wasmparser::{Parser, Payload};

/// The type of a value in WebAssembly.
fn val_type(ty: Type) -> ValType {
    match ty {
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::I32 | Type::Bool => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32x4 | Type::I32x4 | Type::Boolx4 => ValType::V128,
    }
}

/// The module with everything attached. Loops may make that many rounds for a row.
pub fn module(module: &Module, facts: &[Facts], sources: &[Source], budget: i32) -> Vec<u8> {
    let (mut types, mut functions, mut exports, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        ExportSection::new(),
        CodeSection::new(),
    );
    let called = imports::Imports::of(module);
    let mut imports = ImportSection::new();
    let commands = called.records_commands();
    let memory = MemoryType {
        // Room for the values of a command.
        minimum: u64::from(commands),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    imports.import("env", "memory", EntityType::Memory(memory));
    called.declare(&mut types, &mut imports);
    let mut marks = Vec::new();
    for (number, system) in (called.len()..).zip(&module.systems) {
        let params = system.inputs.iter().map(|input| match input.ty() {
            None => ValType::I32,
            Some(ty) => val_type(ty),
        });
        functions.function(types.len());
        types.ty().function(params, []);
        exports.export(&system.name, ExportKind::Func, number);
        let emitted = function::emit(module, &called, system, budget);
        code.function(&emitted.function);
        marks.push(emitted.marks);
    }
    let mut globals = GlobalSection::new();
    let row = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(row, &ConstExpr::i32_const(0));
    exports.export(abi::ROW_GLOBAL, ExportKind::Global, 0);
    let mut bytes = wasm_encoder::Module::new();
    bytes
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&globals)
        .section(&exports)
        .section(&code);
    let bytes = bytes.finish();
    let starts = Parser::new(0)
        .parse_all(&bytes)
        .filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => Some(body.range().start as usize),
            _ => None,
        });
    let lines: Vec<Lines> = sources
        .iter()
        .map(|source| Lines::new(&source.text))
        .collect();
    let mut map = map::Map::default();
    for (start, marks) in starts.zip(marks) {
        for mark in marks {
            let place = mark.at.and_then(|at| {
                let source = at.source as usize;
                let (line, column) = lines.get(source)?.place(&sources[source].text, at.byte);
                Some((source, line, column))
            });
            map.add(
                start + mark.offset,
                place,
                mark.trap.map(super::ir::Trap::words),
            );
        }
    }
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    abi::attach(
        bytes,
        &manifest(module, facts),
        Some(map.json(&names).as_bytes()),
    )
}

/// What the module declares.
pub fn manifest(module: &Module, facts: &[Facts]) -> Manifest {
    let components = module.components.iter().map(|component| {
        let mut offset = 0;
        let fields = component.fields.iter().map(|field| {
            let start = offset;
            offset += field.scalar.size() * field.count;
            FieldDecl {
                name: field.name.clone(),
                primitive: field.scalar.name().to_owned(),
                offset: start,
                count: field.count,
            }
        });
        ComponentDecl {
            name: component.name.clone(),
            fields: fields.collect(),
            size: component.size(),
            align: component.align(),
            hashed: true,
        }
    });
    let name = |component: u32| module.components[component as usize].name.clone();
    let systems = module.systems.iter().zip(facts).map(|(system, facts)| {
        let access = &facts.access;
        let params = system
            .inputs
            .iter()
            .enumerate()
            .map(|(number, input)| match *input {
                Input::Column(component) => Param::Column {
                    component: name(component),
                    write: access.writes(number),
                },
                Input::Resource(component) => Param::Resource {
                    component: name(component),
                    write: access.writes(number),
                },
                Input::Entities => Param::Entities,
                Input::Events(component) => Param::Events {
                    component: name(component),
                },
                Input::EventCount(component) => Param::EventCount {
                    component: name(component),
                },
                Input::Count => Param::Count,
                Input::Dt => Param::Dt,
                Input::Dt64 => Param::Dt64,
                Input::Step => Param::Step,
                Input::Seed => Param::Seed,
            });
        SystemDecl {
            name: system.name.clone(),
            export: system.name.clone(),
            params: params.collect(),
            with: system.filter.with.iter().copied().map(name).collect(),
            without: system.filter.without.iter().copied().map(name).collect(),
            commands: access.records_commands(),
            whole_chunks: access.needs_whole_chunks(),
            start: system.start,
        }
    });
    Manifest {
        one_nan: true,
        abi: abi::VERSION,
        sources: module.sources.clone(),
        components: components.collect(),
        templates: module
            .templates
            .iter()
            .map(|list| list.iter().map(|&one| name(one)).collect())
            .collect(),
        resources: module
            .resources
            .iter()
            .map(|one| initial(module, one))
            .collect(),
        systems: systems.collect(),
    }
}

/// The bytes that a resource begins with.
fn initial(module: &Module, resource: &Initial) -> ResourceDecl {
    let component = &module.components[resource.component as usize];
    let run = |(slot, value): &(u32, Const)| {
        let slot = component.slot(*slot).expect("the slot is there");
        let bytes = match *value {
            Const::F32(bits) => bits.to_le_bytes().to_vec(),
            Const::F64(bits) => bits.to_le_bytes().to_vec(),
            Const::I32(value) => value.to_le_bytes().to_vec(),
            Const::I64(value) => value.to_le_bytes().to_vec(),
            Const::Bool(value) => vec![u8::from(value)],
        };
        BytesDecl {
            offset: slot.offset,
            bytes,
        }
    };
    ResourceDecl {
        component: component.name.clone(),
        values: resource.values.iter().map(run).collect(),
    }
}
