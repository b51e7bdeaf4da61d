//! Which local holds which value, and when it is free again.

use super::super::ir::{Region, System, Type, Value};
use super::val_type;
use std::collections::BTreeMap;
use wasm_encoder::ValType;

/// The locals of a function behind its parameters.
#[derive(Debug)]
pub struct Locals {
    params: u32,
    types: Vec<ValType>,
    free: Vec<(ValType, Vec<u32>)>,
    /// The local of each value that has one.
    pub of: Vec<Option<u32>>,
}

impl Locals {
    pub fn new(system: &System) -> Self {
        Locals {
            params: system.inputs.len() as u32,
            types: Vec::new(),
            free: Vec::new(),
            of: vec![None; system.types.len()],
        }
    }

    /// A local that nothing else uses.
    pub fn take(&mut self, ty: ValType) -> u32 {
        let free = self.free.iter_mut().find(|(of, _)| *of == ty);
        free.and_then(|(_, free)| free.pop()).unwrap_or_else(|| {
            self.types.push(ty);
            self.params + self.types.len() as u32 - 1
        })
    }

    /// A local for a value.
    pub fn define(&mut self, value: Value, ty: Type) -> u32 {
        let local = self.take(val_type(ty));
        self.of[value.index()] = Some(local);
        local
    }

    /// The local may be used for something else.
    pub fn give(&mut self, local: u32) {
        let Some(number) = local.checked_sub(self.params) else {
            return;
        };
        let ty = self.types[number as usize];
        match self.free.iter_mut().find(|(of, _)| *of == ty) {
            Some((_, free)) => free.push(local),
            None => self.free.push((ty, vec![local])),
        }
    }

    pub fn types(&self) -> &[ValType] {
        &self.types
    }
}

/// For each instruction of a region by its number, the region's own values that nothing uses after it.
pub fn deaths(region: &Region) -> BTreeMap<usize, Vec<Value>> {
    let mut last: BTreeMap<Value, usize> = BTreeMap::new();
    for (number, inst) in region.insts.iter().enumerate() {
        for result in &inst.results {
            last.insert(*result, number);
        }
        let mut used = |value: Value| {
            if let Some(place) = last.get_mut(&value) {
                *place = number;
            }
        };
        inst.op.operands(&mut used);
        for inner in inst.op.regions() {
            inner.walk(&mut |inst| inst.op.operands(&mut used));
            inner
                .each_region(&mut |region| region.end.values().iter().copied().for_each(&mut used));
        }
    }
    // What the end passes on lives until then, and then everything ends.
    for value in region.end.values() {
        last.remove(value);
    }
    let mut deaths: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for (value, place) in last {
        deaths.entry(place).or_default().push(value);
    }
    deaths
}
