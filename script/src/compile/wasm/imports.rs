//! The functions of the host that a module asks for: those that its systems call, in an order of their own.

use super::super::ir::{Act, Binary, Module, Op, System, Type, Unary, Value};
use crate::abi::IMPORTS;
use std::collections::BTreeMap;
use wasm_encoder::{EntityType, ImportSection, TypeSection, ValType};

/// One function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Import {
    Command(Act),
    /// A function of numbers, and whether they have 64 bits.
    Unary(Unary, bool),
    Binary(Binary, bool),
}

/// Functions by their number in the module: they stand before its own.
#[derive(Debug, Default)]
pub struct Imports(BTreeMap<Import, u32>);

impl Imports {
    /// What the systems of a module call.
    pub fn of(module: &Module) -> Self {
        let mut found = BTreeMap::new();
        for system in &module.systems {
            system.body.walk(&mut |inst| {
                let import = match &inst.op {
                    Op::Command(one) => Some(Import::Command(one.act)),
                    Op::Unary(op, a) if op.is_hosts() => {
                        Some(Import::Unary(*op, is_wide(system, *a)))
                    }
                    Op::Binary(op, a, _) if op.is_hosts() => {
                        Some(Import::Binary(*op, is_wide(system, *a)))
                    }
                    _ => None,
                };
                found.extend(import.map(|import| (import, 0)));
            });
        }
        (0..)
            .zip(found.values_mut())
            .for_each(|(number, place)| *place = number);
        Imports(found)
    }

    /// The number of a function.
    pub fn get(&self, import: Import) -> u32 {
        *self
            .0
            .get(&import)
            .expect("what a system calls is imported")
    }

    /// Whether commands are among them.
    pub fn records_commands(&self) -> bool {
        self.0
            .keys()
            .any(|import| matches!(import, Import::Command(_)))
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.0.len() as u32
    }

    /// Adds their types and names.
    pub fn declare(&self, types: &mut TypeSection, imports: &mut ImportSection) {
        for import in self.0.keys() {
            let (params, results) = import.types();
            let ty = types.len();
            types.ty().function(params, results);
            imports.import(IMPORTS, &import.name(), EntityType::Function(ty));
        }
    }
}

impl Import {
    fn name(self) -> String {
        match self {
            Import::Command(act) => act.name().to_owned(),
            Import::Unary(op, wide) => format!("{}_{}", op.name(), float(wide).0),
            Import::Binary(op, wide) => format!("{}_{}", op.name(), float(wide).0),
        }
    }

    fn types(self) -> (Vec<ValType>, Vec<ValType>) {
        match self {
            Import::Command(act) => {
                let mut params = Vec::new();
                params.extend(act.takes_entity().then_some(ValType::I64));
                params.extend(act.takes_template().then_some(ValType::I32));
                params.extend(act.takes_values().then_some(ValType::I32));
                (params, Vec::new())
            }
            Import::Unary(_, wide) => (vec![float(wide).1], vec![float(wide).1]),
            Import::Binary(_, wide) => (vec![float(wide).1; 2], vec![float(wide).1]),
        }
    }
}

/// Whether a float has 64 bits.
pub fn is_wide(system: &System, value: Value) -> bool {
    system.ty(value) == Type::F64
}

fn float(wide: bool) -> (&'static str, ValType) {
    match wide {
        true => ("f64", ValType::F64),
        false => ("f32", ValType::F32),
    }
}
