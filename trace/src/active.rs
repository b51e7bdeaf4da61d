//! Who is listening, in one word that every zone reads.
//!
//! ```text
//! bit 0        a Tracy viewer is connected
//! bits 1..=31  epoch of the running recording, 0 when there is none
//! ```
//!
//! Each recording has its own epoch, so a zone that began under one recording and ends under the next is told apart
//! from one that lies within either. 2³¹ - 1 recordings pass before an epoch comes again.

use std::sync::atomic::{AtomicU32, Ordering};

/// A copy of the word as a zone saw it at its begin; 0 is idle.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) struct Active(u32);

const TRACY: u32 = 1;
const EPOCH_SHIFT: u32 = 1;

/// The largest epoch; the next one is 1 again.
pub(crate) const EPOCH_MAX: u32 = u32::MAX >> EPOCH_SHIFT;

static ACTIVE: AtomicU32 = AtomicU32::new(0);

impl Active {
    /// Nobody listens.
    pub(crate) const IDLE: Active = Active(0);

    /// The present state, for the begin of a zone.
    ///
    /// Relaxed: it only decides whether to look further. Whoever writes to a buffer loads again with
    /// [`recording_epoch`], which acquires.
    #[inline(always)]
    pub(crate) fn now() -> Active {
        Active(ACTIVE.load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(crate) fn is_idle(self) -> bool {
        self.0 == 0
    }

    /// Whether a Tracy viewer was connected.
    #[inline(always)]
    pub(crate) fn tracy(self) -> bool {
        self.0 & TRACY != 0
    }

    /// The epoch of the recording, 0 for none.
    #[inline(always)]
    pub(crate) fn epoch(self) -> u32 {
        self.0 >> EPOCH_SHIFT
    }
}

/// The epoch of the running recording, 0 for none.
///
/// Acquire: pairs with the release in [`set_recording_epoch`]; whoever sees an epoch also sees the buffers that were
/// prepared for it, and that every reader of an earlier epoch's events is done.
#[inline(always)]
pub(crate) fn recording_epoch() -> u32 {
    ACTIVE.load(Ordering::Acquire) >> EPOCH_SHIFT
}

/// Starts (epoch > 0) or ends (0) the recording; called only by the one who holds the recorder.
///
/// Release at the start publishes the buffers. At the end it publishes nothing: threads that have not seen it yet go
/// on appending, which `record::lane` allows for.
pub(crate) fn set_recording_epoch(epoch: u32) {
    debug_assert!(epoch <= EPOCH_MAX);
    // The closure always returns Some, so the update cannot fail.
    let _ = ACTIVE.fetch_update(Ordering::Release, Ordering::Relaxed, |word| {
        Some((word & TRACY) | (epoch << EPOCH_SHIFT))
    });
}

/// Notes whether a Tracy viewer is connected. Writes only on a change: the word stays in every core's cache.
///
/// Relaxed: Tracy checks its connection again at each event, so a late view costs a zone more or less, never safety.
pub(crate) fn set_tracy(connected: bool) {
    if Active::now().tracy() == connected {
        return;
    }
    if connected {
        ACTIVE.fetch_or(TRACY, Ordering::Relaxed);
    } else {
        ACTIVE.fetch_and(!TRACY, Ordering::Relaxed);
    }
}
