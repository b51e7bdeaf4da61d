//! How long a system takes for a row, as far as is known: it decides who runs rows, and never what comes out.

use layerw_trace::now_ns;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rows that are shared out at once: a call for so few costs some hundred nanoseconds more than its part of a longer one.
pub(super) const PART_ROWS: usize = 128;

/// Time of a call from which on its rows are worth sharing, in ns: what waking a worker takes, and as much again to gain from it.
const HEAVY_NS: f32 = 100_000.0;

/// What a row took when it was last looked at, in ns.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU32);

impl Pace {
    /// Whether a call for so many rows takes long.
    pub(super) fn is_heavy(&self, rows: usize) -> bool {
        // Relaxed, here and below: a guess that orders nothing.
        let row_ns = f32::from_bits(self.0.load(Ordering::Relaxed));
        rows >= 2 * PART_ROWS && row_ns * rows as f32 >= HEAVY_NS
    }

    /// Runs `call` for so many rows, and looks at the clock if `look`.
    pub(super) fn learn(&self, look: bool, rows: usize, call: impl FnOnce()) {
        if !look {
            return call();
        }
        let begin = now_ns();
        call();
        let row_ns = now_ns().saturating_sub(begin) as f32 / rows as f32;
        self.0.store(row_ns.to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{PART_ROWS, Pace};

    #[test]
    fn what_takes_long_is_heavy_from_the_next_call_on() {
        let pace = Pace::default();
        assert!(!pace.is_heavy(1 << 20), "nothing is known");
        let rows = 4 * PART_ROWS;
        let work = || std::thread::sleep(core::time::Duration::from_millis(1));
        pace.learn(false, rows, work);
        assert!(!pace.is_heavy(rows), "nobody looked");
        pace.learn(true, rows, work);
        assert!(pace.is_heavy(rows));
        assert!(!pace.is_heavy(PART_ROWS), "too few to share");
        pace.learn(true, rows, || {});
        assert!(!pace.is_heavy(rows));
    }
}
