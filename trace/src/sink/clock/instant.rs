//! The system's own steady clock, `std::time::Instant`.

use std::time::Instant;

pub(super) struct Steady(Instant);

impl Steady {
    pub(super) fn start() -> Steady {
        Steady(Instant::now())
    }

    /// Nanoseconds since the start.
    pub(super) fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}
