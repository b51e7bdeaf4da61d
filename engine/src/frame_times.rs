//! How long steps took, as a histogram of fixed size: recording a step is one addition and allocates nothing.

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time told apart, in nanoseconds; longer steps count as this long.
const LONGEST_NS: u64 = 3_600_000_000_000;

/// Significant digits kept of every time, so quantiles are within 0.1 %. With three the histogram takes some 300 KiB.
const DIGITS: u8 = 3;

/// The times of all steps so far.
#[derive(Debug)]
pub(crate) struct FrameTimes {
    histogram: Histogram<u64>,
    longest_ns: u64,
}

/// Milliseconds; None where there was no step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct FrameMilliseconds {
    /// Half of the steps took at most this long.
    pub(crate) p50: Option<f64>,
    /// 99 of 100 steps took at most this long.
    pub(crate) p99: Option<f64>,
    /// The longest step, exactly.
    pub(crate) max: Option<f64>,
}

impl FrameTimes {
    pub(crate) fn new() -> FrameTimes {
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS);
        FrameTimes {
            histogram: histogram.expect("bounds that a histogram can have"),
            longest_ns: 0,
        }
    }

    /// Adds a step of `ns` nanoseconds.
    pub(crate) fn record(&mut self, ns: u64) {
        self.histogram.saturating_record(ns);
        self.longest_ns = self.longest_ns.max(ns);
    }

    /// What the report says.
    pub(crate) fn milliseconds(&self) -> FrameMilliseconds {
        let some = |ns: u64| (!self.histogram.is_empty()).then_some(ns as f64 / 1e6);
        // A bucket's upper end may lie above the longest time.
        let quantile = |q| some(self.histogram.value_at_quantile(q).min(self.longest_ns));
        FrameMilliseconds {
            p50: quantile(0.5),
            p99: quantile(0.99),
            max: some(self.longest_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_thousandth() {
        let mut times = FrameTimes::new();
        for step in 1..=10_000 {
            times.record(step * 1_000);
        }
        let FrameMilliseconds { p50, p99, max } = times.milliseconds();
        let near = |value: Option<f64>, expected: f64| {
            let value = value.expect("there were steps");
            assert!((value / expected - 1.0).abs() < 1e-3, "{value} {expected}");
        };
        near(p50, 5.0);
        near(p99, 9.9);
        assert_eq!(max, Some(10.0));
    }

    #[test]
    fn no_steps_have_no_times_and_endless_ones_count() {
        let mut times = FrameTimes::new();
        let none = FrameMilliseconds {
            p50: None,
            p99: None,
            max: None,
        };
        assert_eq!(times.milliseconds(), none);
        times.record(0);
        times.record(u64::MAX);
        assert!(times.milliseconds().p99 > Some(3.5e6));
    }
}
