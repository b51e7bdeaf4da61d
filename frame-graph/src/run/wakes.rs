//! Whether a step is worth spreading: what it saves against what it costs to get workers to come.
//!
//! A worker that is awake and looks for work joins within a microsecond. One that sleeps starts
//! 40-80 µs after it is woken, when a small step is over; it has then been woken for nothing, unless
//! the next step follows at once. So:
//!
//! - workers that look are used for any step that saves more than joining costs;
//! - sleeping ones are woken for a step that saves more than a wake takes;
//! - and for smaller steps when they follow each other so closely that workers would stay awake
//!   between them, and enough has been lost by not waking them to pay for it (the ski rental
//!   problem: at worst this costs twice what knowing the future would).

use layerw_jobs::Jobs;
use layerw_trace::now_ns;

/// What spreading a step costs when workers are awake, in ns: opening, joining, leaving, and lines
/// of cache on their way.
pub(super) const JOIN_NS: f32 = 3_000.0;
/// Steps that follow each other within this time, in ns, find workers awake that the first has
/// woken: they look for work for about 50 µs before they sleep.
const CLOSE_NS: u64 = 30_000;
/// So many wakes' worth must have been lost before workers are woken for small steps.
const LOST_WAKES: f32 = 2.0;

/// What has been saved by not waking anybody, and lost.
#[derive(Default)]
pub(super) struct Wakes {
    lost_ns: f32,
    step_ended_ns: u64,
}

impl Wakes {
    /// Whether a step that saves `gain_ns` if it is spread should be.
    pub(super) fn are_worth(&mut self, gain_ns: f32, jobs: &Jobs) -> bool {
        if gain_ns <= JOIN_NS {
            return false;
        }
        let wake_ns = jobs.wake_ns() as f32;
        if gain_ns > wake_ns || jobs.somebody_looks() {
            return true;
        }
        self.decide(gain_ns, wake_ns, now_ns())
    }

    /// Notes when a step that was worth a thought has ended.
    pub(super) fn step_ended(&mut self, gain_ns: f32) {
        if gain_ns > JOIN_NS {
            self.step_ended_ns = now_ns();
        }
    }

    /// For small steps while everybody sleeps.
    fn decide(&mut self, gain_ns: f32, wake_ns: f32, now_ns: u64) -> bool {
        let close = now_ns.saturating_sub(self.step_ended_ns) < CLOSE_NS;
        self.lost_ns = if close { self.lost_ns + gain_ns } else { 0.0 };
        let enough = self.lost_ns > LOST_WAKES * wake_ns;
        if enough {
            self.lost_ns = 0.0;
        }
        enough
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// How many of 100 steps wake workers; a step takes 20 µs and saves 10 µs.
    fn wakes(pause_ns: u64) -> usize {
        let mut wakes = Wakes::default();
        let mut now = 1_000_000;
        let mut step = || {
            let wakes_up = wakes.decide(10_000.0, 50_000.0, now);
            wakes.step_ended_ns = now + 20_000;
            now += 20_000 + pause_ns;
            wakes_up
        };
        (0..100).filter(|_| step()).count()
    }

    #[test]
    fn small_steps_wake_workers_only_when_they_come_close_together() {
        assert_eq!(wakes(16_000_000), 0, "at 60 Hz");
        let often = wakes(1_000);
        assert!((5..15).contains(&often), "one after the other: {often}");
    }
}
