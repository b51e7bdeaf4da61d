//! Which of the two copies of a loop is the faster one, by measurement.
//!
//! Wide vectors double the speed of loops that the compiler can run over several rows at once. Of others, such as a chain of matrix products per
//! row, they make worse code: inverting 4×4 matrices takes a tenth longer. No rule tells the two apart, so once in a while a chunk is timed with each.
//! Both give the same bits, so the choice never shows in a result.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// Each copy is timed in one step of so many; a power of two.
const STEPS: u64 = 16;

/// Share of a new measurement in the average.
const NEW_SHARE: f32 = 0.25;

/// What a row takes in each copy of one loop.
#[derive(Default)]
pub(crate) struct Gauge {
    /// In ns, as bits of an f32; 0 before the first measurement. Wide first.
    row_ns: [AtomicU32; 2],
}

/// How a loop is to be run.
#[derive(Copy, Clone)]
pub(crate) struct Choice {
    pub(crate) wide: bool,
    /// Whether the gauge wants to know what it took.
    pub(crate) timed: bool,
}

impl Gauge {
    /// The copy to run in a step.
    #[inline]
    pub(crate) fn choose(&self, step: u64) -> Choice {
        match step & (STEPS - 1) {
            turn @ 0..2 => Choice {
                wide: turn == 0,
                timed: true,
            },
            _ => Choice {
                wide: self.get(0) <= self.get(1),
                timed: false,
            },
        }
    }

    /// What a row takes in the faster copy, in ns, once both were timed.
    pub(crate) fn row_ns(&self) -> Option<f32> {
        let (wide, plain) = (self.get(0), self.get(1));
        (wide > 0.0 && plain > 0.0).then(|| wide.min(plain))
    }

    /// Takes a measurement.
    pub(crate) fn learn(&self, choice: Choice, ns: u64, rows: usize) {
        let place = usize::from(!choice.wide);
        let (old, new) = (self.get(place), ns as f32 / rows.max(1) as f32);
        let average = if old > 0.0 {
            old + (new - old) * NEW_SHARE
        } else {
            new
        };
        self.row_ns[place].store(average.to_bits(), Relaxed);
    }

    #[inline]
    fn get(&self, place: usize) -> f32 {
        // Relaxed, here and above: a number that stands for itself. Workers that learn at the same time may lose a measurement, no more.
        f32::from_bits(self.row_ns[place].load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_copy_is_chosen_once_both_are_known() {
        let gauge = Gauge::default();
        assert_eq!(gauge.row_ns(), None);
        let (wide, plain) = (gauge.choose(32), gauge.choose(33));
        assert!(wide.wide && wide.timed && !plain.wide && plain.timed);
        gauge.learn(wide, 3_000, 1_000);
        assert_eq!(gauge.row_ns(), None);
        gauge.learn(plain, 2_000, 1_000);
        assert_eq!(gauge.row_ns(), Some(2.0));
        assert!(!gauge.choose(34).wide && !gauge.choose(34).timed);
        // Measurements that say otherwise change the mind, not one alone.
        gauge.learn(wide, 1_000, 1_000);
        assert!(!gauge.choose(47).wide);
        for _ in 0..8 {
            gauge.learn(wide, 1_000, 1_000);
        }
        assert!(gauge.choose(47).wide);
    }
}
