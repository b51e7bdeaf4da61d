//! How long to look before lying down.

use std::cell::Cell;

use crate::sync::{now_ns, spin_loop, yield_now};

/// Spin hints between two looks at the clock and at the work: 0.3 to 1.5 µs, by processor.
const HINTS_PER_TURN: u32 = 8;

/// How long somebody has waited in vain.
///
/// Spinning for as long as a wake costs is at most twice as expensive as knowing the future (the ski rental problem),
/// which is why limits are of the order of [`super::Sleep::wake_ns`].
pub(crate) struct Patience {
    /// When the waiting began, in ns. None: it has not.
    since_ns: Cell<Option<u64>>,
}

impl Patience {
    pub(crate) fn new() -> Patience {
        Patience {
            since_ns: Cell::new(None),
        }
    }

    /// Something was found: the next turn begins to count anew.
    #[inline]
    pub(crate) fn renew(&self) {
        self.since_ns.set(None);
    }

    /// Waits for one turn. False when `limit_ns` have passed since the first turn after the last renewal.
    ///
    /// `crowded` says that there are more workers than CPUs: then somebody else needs this one.
    pub(crate) fn turn(&self, limit_ns: u64, crowded: bool) -> bool {
        if cfg!(feature = "loom") {
            // Models explore every time to lie down anyway.
            return false;
        }
        let now = now_ns();
        let since = self.since_ns.get().unwrap_or(now);
        self.since_ns.set(Some(since));
        if now.saturating_sub(since) >= limit_ns {
            return false;
        }
        if crowded {
            yield_now();
        } else {
            (0..HINTS_PER_TURN).for_each(|_| spin_loop());
        }
        true
    }
}
