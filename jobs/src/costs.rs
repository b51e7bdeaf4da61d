//! What loops and jobs cost, learned from running them, so that small ones stay where they are and large ones wake
//! workers.
//!
//! A table like a branch predictor's: addressed by a hash of the label and of the code, without chains and without
//! locks. Two users of one entry throw each other out; then a loop is measured again, nothing else. Costs decide where
//! work runs, never what it computes.

use std::hash::{Hash, Hasher};

use layerw_trace::Label;

use crate::sync::{AtomicU64, Relaxed, sized};

/// Entries of the table: 8 KiB. Many more than a frame has loops.
const ENTRIES: usize = sized(1024, 2);

/// Share of a new measurement in the average.
const NEW_SHARE: f32 = 0.25;

/// See the module's head.
pub(crate) struct Costs {
    /// ```text
    /// bits  0..32  ns per unit, as f32
    /// bits 32..64  which label and code it is about; 0 = empty
    /// ```
    entries: Box<[AtomicU64]>,
}

/// A label together with the code that runs under it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    /// `code` is the address of a function that exists once per closure type.
    #[inline]
    pub(crate) fn new(label: Label, code: usize) -> Key {
        let mut mix = Mix(code as u64);
        label.hash(&mut mix);
        Key(mix.finish())
    }

    fn entry(self) -> usize {
        self.0 as usize % ENTRIES
    }

    fn tag(self) -> u64 {
        (self.0 >> 32) | 1
    }
}

impl Costs {
    pub(crate) fn new() -> Costs {
        Costs {
            entries: (0..ENTRIES).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// ns per unit of work, if it was measured before.
    #[inline]
    pub(crate) fn estimate(&self, key: Key) -> Option<f32> {
        let word = self.entries[key.entry()].load(Relaxed);
        (word >> 32 == key.tag()).then(|| f32::from_bits(word as u32))
    }

    /// Takes a measurement into the average. Racing ones may drop one another.
    pub(crate) fn learn(&self, key: Key, elapsed_ns: u64, units: usize) {
        if units == 0 {
            return;
        }
        let measured = elapsed_ns as f32 / units as f32;
        let averaged = self
            .estimate(key)
            .map_or(measured, |old| old + (measured - old) * NEW_SHARE);
        let word = key.tag() << 32 | u64::from(averaged.to_bits());
        self.entries[key.entry()].store(word, Relaxed);
    }
}

/// Multiply and fold: two instructions for the four bytes of a label.
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // 2^64 divided by the golden ratio, odd: spreads neighbours over all bits.
        let wide = u128::from(self.0 ^ value) * 0x9E37_79B9_7F4A_7C15;
        self.0 = wide as u64 ^ (wide >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use layerw_trace::label;

    #[test]
    fn costs_follow_the_measurements() {
        let costs = Costs::new();
        let key = Key::new(label("costs::gravity"), 0x1000);
        assert_eq!(costs.estimate(key), None);
        costs.learn(key, 1_000, 100);
        assert_eq!(costs.estimate(key), Some(10.0));
        for _ in 0..40 {
            costs.learn(key, 2_000, 100);
        }
        assert!((costs.estimate(key).unwrap() - 20.0).abs() < 0.1);
        costs.learn(key, 5, 0);
        assert!(costs.estimate(key).unwrap() > 19.0, "no units, no news");
    }

    #[test]
    fn label_and_code_tell_entries_apart() {
        let (one, two) = (label("costs::one"), label("costs::two"));
        let keys = [
            Key::new(one, 0x1000),
            Key::new(two, 0x1000),
            Key::new(one, 0x2000),
        ];
        let costs = Costs::new();
        for (index, &key) in keys.iter().enumerate() {
            costs.learn(key, 100 * (index as u64 + 1), 100);
        }
        let estimates = keys.map(|key| costs.estimate(key));
        assert_eq!(estimates, [Some(1.0), Some(2.0), Some(3.0)]);
    }
}
