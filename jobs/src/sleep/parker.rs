//! One worker's bed: it lies down unless there is a reason not to, and is woken at most once per nap.

use crate::sync::{
    AcqRel, AtomicU32, AtomicU64, OnceLock, Relaxed, SeqCst, Thread, current, fence, now_ns, park,
    park_for,
};

/// Why a worker lies, which decides who may wake it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Nap {
    /// It does not.
    Awake = 0,
    /// No open work: anybody with work may wake it. It sleeps until then.
    Idle = 1,
    /// The same, and a timer wakes it ahead of a predicted frame.
    Timed = 2,
    /// The owner of an open team with nothing to do: anybody with work may wake it.
    Team = 3,
    /// It waits for helpers or for a stolen job to end: only who knows that wakes it.
    Waiting = 4,
}

impl Nap {
    /// Whether work in general is a reason to wake it.
    fn takes_work(bits: u32) -> bool {
        matches!(bits, 1..=3)
    }
}

/// A worker's bed. Only its own worker lies in it; everybody may wake.
///
/// # Protocol
///
/// The sleeper announces itself, then looks for a reason to stay awake. The waker makes a reason, then looks for
/// sleepers. A `SeqCst` fence lies between the two steps of each: at least one of them sees the other (Dekker). The
/// race to be afraid of is the lost wake-up: both look first and announce later. `tests/loom.rs` runs it.
pub struct Parker {
    /// A [`Nap`].
    nap: AtomicU32,
    /// When somebody called, in ns: for measuring how long a wake takes. 0 = nobody.
    called_ns: AtomicU64,
    thread: OnceLock<Thread>,
}

impl Parker {
    pub(crate) fn new() -> Parker {
        Parker {
            nap: AtomicU32::new(Nap::Awake as u32),
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
        self.nap.swap(nap as u32, AcqRel);
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
        self.nap.store(Nap::Awake as u32, Relaxed);
        lies
    }

    /// Wakes the worker whatever it waits for, if it lies.
    pub(crate) fn wake(&self) -> bool {
        // Pairs with the fence in `lie`.
        fence(SeqCst);
        self.nap.load(Relaxed) != Nap::Awake as u32 && self.rouse()
    }

    /// Wakes the worker if it would take work and lies. The caller has a `SeqCst` fence behind it since it published.
    pub(crate) fn call(&self) -> bool {
        Nap::takes_work(self.nap.load(Relaxed)) && self.rouse()
    }

    /// Wakes the worker if it sleeps without a timer, so that it may set one.
    pub(crate) fn call_untimed(&self) -> bool {
        self.nap.load(Relaxed) == Nap::Idle as u32 && self.rouse()
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
        if self.nap.swap(Nap::Awake as u32, AcqRel) == Nap::Awake as u32 {
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
