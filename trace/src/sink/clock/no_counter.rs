//! Hosts without a counter that we trust: the clock is `std::time::Instant`.

/// There is none.
pub(super) enum Counter {}

impl Counter {
    pub(super) fn calibrate() -> Option<Counter> {
        None
    }

    #[inline]
    pub(super) fn now_ns(&self) -> u64 {
        match *self {}
    }
}
