//! One worker's bed: it lies down unless there is a reason not to, and is woken at most once per nap.

use crate::sync::{
    AcqRel, AtomicU32, AtomicU64, OnceLock, Relaxed, SeqCst, Thread, current, fence, now_ns, park,
    park_for,
};

/// Why a worker lies, which decides who may wake it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nap {
    /// It does not.
    Awake,
    /// No open work: anybody with work may wake it. It sleeps until then.
    Idle,
    /// The same, and a timer wakes it ahead of a predicted frame.
    Timed,
    /// It owns the team on this slot and found nothing to do: work in the team may wake it.
    Team(u32),
    /// It owns what is on this slot and waits for the helpers: work on it or below it may wake it.
    Below(u32),
    /// It waits for the end of something: only who brings that about wakes it.
    Waiting,
}

impl Nap {
    /// ```text
    /// bits 0..8   which
    /// bits 8..32  the slot
    /// ```
    fn bits(self) -> u32 {
        match self {
            Nap::Awake => 0,
            Nap::Idle => 1,
            Nap::Timed => 2,
            Nap::Team(slot) => 3 | slot << 8,
            Nap::Below(slot) => 4 | slot << 8,
            Nap::Waiting => 5,
        }
    }

    fn from_bits(bits: u32) -> Nap {
        match bits & 0xFF {
            0 => Nap::Awake,
            1 => Nap::Idle,
            2 => Nap::Timed,
            3 => Nap::Team(bits >> 8),
            4 => Nap::Below(bits >> 8),
            _ => Nap::Waiting,
        }
    }
}

/// A worker's bed. Only its own worker lies in it; everybody may wake.
///
/// # Protocol
///
/// The sleeper announces itself, then looks for a reason to stay awake. The waker makes a reason, then looks for
/// sleepers. A `SeqCst` fence lies between the two steps of each: at least one of them sees the other (Dekker). The
/// race to be afraid of is the lost wake-up: both look first and announce later. The module
/// `models` runs it.
pub struct Parker {
    /// A [`Nap`], as bits.
    nap: AtomicU32,
    /// When somebody called, in ns: for measuring how long a wake takes. 0 = nobody.
    called_ns: AtomicU64,
    thread: OnceLock<Thread>,
}

impl Parker {
    pub(crate) fn new() -> Parker {
        Parker {
            nap: AtomicU32::new(Nap::Awake.bits()),
            called_ns: AtomicU64::new(0),
            thread: OnceLock::new(),
        }
    }

    /// Makes the calling thread the one that lies here. Once, before anybody may wake it.
    pub(crate) fn adopt(&self) {
        let first = self.thread.set(current()).is_ok();
        debug_assert!(first, "a parker has one thread");
    }

    /// A thread lies here, or may.
    pub(crate) fn is_adopted(&self) -> bool {
        self.thread.get().is_some()
    }

    /// Sleeps until woken, or for `timeout_ns` where given, unless `blocked` says after the announcement that there
    /// is no more reason to. May return early for no reason: callers look again. True if it did lie down.
    ///
    /// What makes `blocked` false must be written before [`Parker::wake`] or [`Parker::call`].
    pub(crate) fn lie(
        &self,
        nap: Nap,
        timeout_ns: Option<u64>,
        blocked: impl FnOnce() -> bool,
    ) -> bool {
        debug_assert!(nap != Nap::Awake);
        // An exchange, and AcqRel: behind the exchange of a waker that is late from the last nap, so that nobody who
        // sees this nap announced can read that waker's "awake" instead.
        self.nap.swap(nap.bits(), AcqRel);
        // Pairs with the fence in `wake` and `call`: either `blocked` sees the reason, or the waker sees the nap.
        fence(SeqCst);
        let lies = blocked();
        if lies {
            match timeout_ns {
                None => park(),
                Some(ns) => park_for(ns),
            }
        }
        // Relaxed: a waker that still sees the nap sends a token too many, and the next nap ends at once.
        self.nap.store(Nap::Awake.bits(), Relaxed);
        lies
    }

    /// Wakes the worker whatever it waits for, if it lies.
    pub(crate) fn wake(&self) -> bool {
        // Pairs with the fence in `lie`.
        fence(SeqCst);
        self.nap.load(Relaxed) != Nap::Awake.bits() && self.rouse()
    }

    /// Wakes the worker if it lies and its nap `answers`. The caller has a `SeqCst` fence behind it since it published
    /// what it calls for.
    pub(crate) fn call(&self, answers: impl FnOnce(Nap) -> bool) -> bool {
        let nap = Nap::from_bits(self.nap.load(Relaxed));
        nap != Nap::Awake && answers(nap) && self.rouse()
    }

    /// How long ago a waker called, once per call: the delay of the wake that just ended.
    pub(crate) fn delay_ns(&self) -> Option<u64> {
        let called = self.called_ns.swap(0, Relaxed);
        (called != 0).then(|| now_ns().saturating_sub(called))
    }

    /// Of several wakers one wins the exchange and pays for the system call.
    fn rouse(&self) -> bool {
        // Release: pairs with the exchange in `lie`. Acquire: not before what the worker is woken for. Nothing else is
        // published by this word, `park` and `unpark` synchronise.
        if self.nap.swap(Nap::Awake.bits(), AcqRel) == Nap::Awake.bits() {
            return false;
        }
        self.called_ns.store(now_ns(), Relaxed);
        match self.thread.get() {
            Some(thread) => thread.unpark(),
            None => debug_assert!(false, "only an adopted parker lies"),
        }
        true
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn a_nap_survives_its_packing() {
        for nap in [
            Nap::Awake,
            Nap::Idle,
            Nap::Timed,
            Nap::Team(63),
            Nap::Below(0),
            Nap::Waiting,
        ] {
            assert_eq!(Nap::from_bits(nap.bits()), nap);
        }
    }
}
