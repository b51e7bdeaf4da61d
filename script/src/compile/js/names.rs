//! Names: those of the source, told apart where two would meet.

use super::prelude;
use std::collections::{BTreeMap, BTreeSet};

/// What JavaScript keeps for itself, of what TypeScript takes for a name or the text uses.
const TAKEN: [&str; 15] = [
    "Math",
    "BigInt",
    "NaN",
    "Infinity",
    "Number",
    "Object",
    "Error",
    "undefined",
    "arguments",
    "eval",
    "let",
    "static",
    "yield",
    "await",
    "globalThis",
];

/// The names that can be seen at a place.
#[derive(Debug, Clone, Default)]
pub struct Names {
    visible: Vec<String>,
    taken: BTreeSet<String>,
    /// The number that a name was last told apart by.
    numbers: BTreeMap<String, u32>,
    /// How many were visible where each block around began.
    blocks: Vec<usize>,
    /// Names of the top level, which no other may hide: their calls stand everywhere.
    global: BTreeSet<String>,
}

impl Names {
    /// With what the top level declares.
    pub fn new(global: impl IntoIterator<Item = String>) -> Self {
        Names {
            global: global.into_iter().collect(),
            ..Names::default()
        }
    }

    /// A name that is nobody's yet: that of the source if it is free.
    pub fn declare(&mut self, wanted: &str) -> String {
        let free = |name: &str| {
            !TAKEN.contains(&name)
                && prelude::names().all(|known| known != name)
                && !self.global.contains(name)
                && !self.taken.contains(name)
        };
        let mut name = wanted.to_owned();
        let mut number = self.numbers.get(wanted).map_or(1, |number| *number);
        while !free(&name) {
            number += 1;
            name = format!("{wanted}{number}");
        }
        if number > 1 {
            self.numbers.insert(wanted.to_owned(), number);
        }
        self.visible.push(name.clone());
        self.taken.insert(name.clone());
        name
    }

    /// Makes a name one of the top level: nobody hides it from now on.
    pub fn keep(&mut self, name: &str) {
        self.global.insert(name.to_owned());
    }

    pub fn open(&mut self) {
        self.blocks.push(self.visible.len());
    }

    pub fn close(&mut self) {
        let known = self.blocks.pop().expect("a block was opened");
        for name in self.visible.drain(known..) {
            self.taken.remove(&name);
        }
    }
}
