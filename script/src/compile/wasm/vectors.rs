//! Four rows at a time of a column whose components have several words.
//!
//! ```text
//!   rows of two words       x0 y0 x1 y1 | x2 y2 x3 y3      two registers as they stand in memory
//!   slot 0 of four rows     x0 x1 x2 x3                    one shuffle of them
//! ```
//!
//! Up to [`WORDS_MAX`] words a row, the registers are loaded as they stand and shuffled; what is stored waits until the region ends and is then put together,
//! register by register, so that a register of which all words are new is never loaded. Rows of more words are read and written lane by lane: of a large
//! component a system usually touches few words.

use super::super::ir::{Index, Place, Slot, Value};
use super::function::Emit;
use super::ops;
use std::collections::BTreeMap;
use wasm_encoder::{Instruction as I, ValType};

/// Words of a row up to which whole registers are loaded.
const WORDS_MAX: u32 = 4;

/// Four rows from each of some first rows.
#[derive(Debug, Default)]
pub struct Rows {
    groups: BTreeMap<(u32, Value), Group>,
    /// Locals of values that ended and wait to be written.
    kept: Vec<u32>,
}

#[derive(Debug, Default)]
struct Group {
    words: u32,
    /// The registers as they stand in memory, by number, where they were loaded.
    raw: BTreeMap<u32, u32>,
    /// What is to be written to each word of the rows: the value and the local it is in.
    waiting: BTreeMap<u32, (Value, u32)>,
}

impl Rows {
    /// Whether a value that ends waits to be written; then its local is given back later.
    pub fn keeps(&mut self, value: Value, local: u32) -> bool {
        let waits = self
            .groups
            .values()
            .any(|group| group.waiting.values().any(|one| *one == (value, local)));
        if waits {
            self.kept.push(local);
        }
        waits
    }

    /// Every local that it holds.
    pub fn locals(self) -> impl Iterator<Item = u32> {
        let raw = self
            .groups
            .into_values()
            .flat_map(|group| group.raw.into_values());
        raw.chain(self.kept)
    }
}

impl Emit<'_> {
    /// Pushes one word of each of four rows.
    pub fn load_rows(&mut self, input: u32, row: Value, slot: Slot, size: u32) {
        let (words, word) = (size / 4, slot.offset / 4);
        let place = Place {
            input,
            index: Index::Row(row, 0),
        };
        if words > WORDS_MAX {
            for lane in 0..4u8 {
                let word = slot.offset + u32::from(lane) * size;
                match lane {
                    0 => {
                        let ahead = self.address_near(place, size, true);
                        self.push(I::V128Load32Splat(ops::mem(word + ahead, 4)));
                    }
                    lane => {
                        // The address goes below the register.
                        let register = self.locals.take(ValType::V128);
                        self.push(I::LocalSet(register));
                        let ahead = self.address_near(place, size, true);
                        let memarg = ops::mem(word + ahead, 4);
                        self.push(I::LocalGet(register));
                        self.push(I::V128Load32Lane { memarg, lane });
                        self.locals.give(register);
                    }
                }
            }
            return;
        }
        self.turn_to(row);
        let waiting = self
            .rows()
            .groups
            .get(&(input, row))
            .and_then(|group| group.waiting.get(&word))
            .copied();
        if let Some((_, local)) = waiting {
            return self.push(I::LocalGet(local));
        }
        let from = [0, 1, 2, 3].map(|lane| {
            let place = lane * words + word;
            (place / 4, (place % 4) as u8)
        });
        let from = from.map(|(register, lane)| (self.raw(place, words, register), lane));
        self.gather(from);
    }

    /// One word of each of four rows is to be written.
    pub fn store_rows(&mut self, input: u32, row: Value, slot: Slot, size: u32, value: Value) {
        let (words, word) = (size / 4, slot.offset / 4);
        if words > WORDS_MAX {
            let place = Place {
                input,
                index: Index::Row(row, 0),
            };
            for lane in 0..4u8 {
                let ahead = self.address_near(place, size, true);
                self.get(value);
                let memarg = ops::mem(slot.offset + u32::from(lane) * size + ahead, 4);
                self.push(I::V128Store32Lane { memarg, lane });
            }
            return;
        }
        self.turn_to(row);
        let local = self.locals.of[value.index()].expect("a vector is in a local");
        let group = self.rows().groups.entry((input, row)).or_default();
        group.words = words;
        group.waiting.insert(word, (value, local));
    }

    /// Work goes on with the group that begins at that row: what waits in others is written, and their registers are free.
    fn turn_to(&mut self, row: Value) {
        if self.rows().groups.keys().all(|(_, other)| *other == row) {
            return;
        }
        self.flush_rows();
        let done = std::mem::take(self.rows());
        done.locals().for_each(|local| self.locals.give(local));
    }

    /// Writes what waits.
    pub fn flush_rows(&mut self) {
        let groups: Vec<_> = self
            .rows()
            .groups
            .iter()
            .map(|(key, group)| (*key, group.words, group.waiting.clone()))
            .collect();
        for ((input, row), words, waiting) in groups {
            if waiting.is_empty() {
                continue;
            }
            let place = Place {
                input,
                index: Index::Row(row, 0),
            };
            for register in 0..words {
                let lanes = [0, 1, 2, 3].map(|lane| register * 4 + lane);
                let is_new = |word: &u32| waiting.contains_key(&(word % words));
                if !lanes.iter().any(is_new) {
                    continue;
                }
                let from = lanes.map(|word| match waiting.get(&(word % words)) {
                    Some((_, local)) => (*local, (word / words) as u8),
                    None => (self.raw(place, words, register), (word % 4) as u8),
                });
                let ahead = self.address_near(place, words * 4, true);
                self.gather(from);
                self.push(I::V128Store(ops::mem(register * 16 + ahead, 4)));
            }
        }
    }

    /// The local with a register as it stands in memory.
    fn raw(&mut self, place: Place, words: u32, register: u32) -> u32 {
        let Index::Row(row, _) = place.index else {
            unreachable!("groups of rows have a first row");
        };
        let key = (place.input, row);
        if let Some(local) = self
            .rows()
            .groups
            .get(&key)
            .and_then(|group| group.raw.get(&register))
        {
            return *local;
        }
        let ahead = self.address_near(place, words * 4, true);
        self.push(I::V128Load(ops::mem(register * 16 + ahead, 4)));
        let local = self.locals.take(ValType::V128);
        self.push(I::LocalSet(local));
        let group = self.rows().groups.entry(key).or_default();
        group.words = words;
        group.raw.insert(register, local);
        local
    }

    /// Pushes a register of one lane each of four registers: one shuffle if they are two at most, three otherwise.
    fn gather(&mut self, from: [(u32, u8); 4]) {
        let mut registers: Vec<u32> = from.iter().map(|(register, _)| *register).collect();
        registers.dedup();
        let mut distinct = registers.clone();
        distinct.sort_unstable();
        distinct.dedup();
        match distinct[..] {
            [only] if [0, 1, 2, 3] == from.map(|(_, lane)| lane) => self.push(I::LocalGet(only)),
            [_] | [_, _] => {
                let (first, second) = (distinct[0], distinct[distinct.len() - 1]);
                self.push(I::LocalGet(first));
                self.push(I::LocalGet(second));
                self.shuffle(
                    from.map(|(register, lane)| if register == first { lane } else { lane + 4 }),
                );
            }
            _ => {
                for half in [[from[0], from[1]], [from[2], from[3]]] {
                    self.push(I::LocalGet(half[0].0));
                    self.push(I::LocalGet(half[1].0));
                    let second = half[1].1 + 4;
                    self.shuffle([half[0].1, second, half[0].1, second]);
                }
                self.shuffle([0, 1, 4, 5]);
            }
        }
    }

    /// Lanes 0 to 3 are of the first register, 4 to 7 of the second.
    fn shuffle(&mut self, lanes: [u8; 4]) {
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = lanes[place / 4] * 4 + (place % 4) as u8;
        }
        self.push(I::I8x16Shuffle(bytes));
    }
}
