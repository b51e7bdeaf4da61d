#![doc = include_str!("README.md")]

mod parker;
mod patience;

use crossbeam_utils::CachePadded;

pub(crate) use parker::Nap;
pub use parker::Parker;
pub(crate) use patience::Patience;

use crate::sync::{AcqRel, AtomicU64, Relaxed, SeqCst, fence};

/// Who is awake and looks for work, who rests, and what waking costs.
pub struct Sleep {
    /// Changed whenever a worker starts or stops looking, so on a line of its own:
    ///
    /// ```text
    /// bits  0..16  looking: awake without work, sees whatever is opened
    /// bits 16..32  asking: awake, waits for a job that was stolen from it, and takes what its thief shares
    /// bits 32..64  resting: asleep, or decided to sleep unless something turns up
    /// ```
    counts: CachePadded<AtomicU64>,
    /// From the call to the first instruction of the woken worker, in ns, averaged.
    wake_ns: AtomicU64,
    /// Predicted start of the next frame in ns, and for how many workers. See [`Alarm`].
    alarm: CachePadded<AtomicU64>,
}

/// One worker that looks.
const LOOKING: u64 = 1;
/// One worker that asks.
const ASKING: u64 = 1 << 16;
/// One worker that rests.
const RESTING: u64 = 1 << 32;

/// What is assumed until the first wake was measured, in ns. Usual on bare Linux: 40 000 to 80 000.
const WAKE_NS_ASSUMED: u64 = 60_000;
/// Bounds for one measured wake, in ns: a worker that lost its CPU for a time slice says nothing about waking.
const WAKE_NS_MIN: u64 = 2_000;
const WAKE_NS_MAX: u64 = 200_000;

/// Bits of the alarm word that hold the number of workers. The others are those of the time in ns: exact to 1 µs.
const ALARM_WORKERS_MASK: u64 = (1 << 10) - 1;
const _: () = assert!(crate::THREADS_MAX as u64 <= ALARM_WORKERS_MASK);

impl Sleep {
    pub(crate) fn new() -> Sleep {
        Sleep {
            counts: CachePadded::new(AtomicU64::new(0)),
            wake_ns: AtomicU64::new(WAKE_NS_ASSUMED),
            alarm: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// A worker starts to look for work.
    pub(crate) fn start_looking(&self) {
        self.counts.fetch_add(LOOKING, Relaxed);
    }

    /// It found some.
    pub(crate) fn stop_looking(&self) {
        self.counts.fetch_sub(LOOKING, Relaxed);
    }

    /// A worker waits for its thief.
    pub(crate) fn start_asking(&self) {
        self.counts.fetch_add(ASKING, Relaxed);
    }

    /// The thief is done, or the worker goes to sleep.
    pub(crate) fn stop_asking(&self) {
        self.counts.fetch_sub(ASKING, Relaxed);
    }

    /// A worker that looked decides to rest. It must look once more after this, and call [`Sleep::rise`] when it is
    /// awake again, whatever it finds.
    pub(crate) fn start_resting(&self) {
        self.counts.fetch_add(RESTING - LOOKING, Relaxed);
        // Pairs with the fence in `settle`: either the last look sees the work, or its publisher sees this worker.
        fence(SeqCst);
    }

    /// A worker that rested looks for work again.
    pub(crate) fn rise(&self) {
        self.counts.fetch_sub(RESTING - LOOKING, Relaxed);
    }

    /// Some worker is awake and would take work. A hint: no ordering.
    #[inline(always)]
    pub(crate) fn somebody_looks(&self) -> bool {
        self.counts.load(Relaxed) as u16 != 0
    }

    /// Some worker is awake and would take a job from a join. A hint: no ordering.
    #[inline(always)]
    pub(crate) fn somebody_asks(&self) -> bool {
        self.counts.load(Relaxed) as u32 != 0
    }

    /// How many workers look, and how many rest, as seen after everything that the caller has published: a worker
    /// that rests after this call has seen it.
    pub(crate) fn settle(&self) -> (usize, usize) {
        // Pairs with the fence in `start_resting`.
        fence(SeqCst);
        let counts = self.counts.load(Relaxed);
        (counts as u16 as usize, (counts >> 32) as usize)
    }

    /// How long a wake takes, in ns, measured.
    pub(crate) fn wake_ns(&self) -> u64 {
        self.wake_ns.load(Relaxed)
    }

    /// Takes one measured wake into the average. Racing measurements may drop one another: it is an estimate.
    pub(crate) fn learn_wake_ns(&self, measured: u64) {
        let old = self.wake_ns.load(Relaxed);
        let measured = measured.clamp(WAKE_NS_MIN, WAKE_NS_MAX);
        self.wake_ns.store((old * 7 + measured) / 8, Relaxed);
    }

    /// Predicts work for `workers` workers at `at_ns`.
    pub(crate) fn set_alarm(&self, alarm: Option<Alarm>) {
        let word = alarm.map_or(0, |alarm| {
            alarm.at_ns & !ALARM_WORKERS_MASK | (alarm.workers as u64).min(ALARM_WORKERS_MASK)
        });
        self.alarm.swap(word, AcqRel);
    }

    /// The prediction in force.
    pub(crate) fn alarm(&self) -> Option<Alarm> {
        match self.alarm.load(Relaxed) {
            0 => None,
            word => Some(Alarm {
                at_ns: word & !ALARM_WORKERS_MASK,
                workers: (word & ALARM_WORKERS_MASK) as usize,
            }),
        }
    }
}

/// The predicted start of a frame: the workers below `workers` rise by their own timers ahead of it, because one that
/// must be woken starts 40-80 µs late.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alarm {
    /// When the frame will start, on the clock of [`layerw_trace::now_ns`].
    pub(crate) at_ns: u64,
    /// How many workers it can use, worker 0 included.
    pub(crate) workers: usize,
}

/// How long before the frame armed workers rise: a timer and a wake may be this late.
const ALARM_LEAD_NS: u64 = 100_000;
/// How long after the predicted start they go on looking before they give the prediction up.
const ALARM_GRACE_NS: u64 = 250_000;

/// What a prediction means for a worker that has nothing to do.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Sleep until woken.
    Sleep,
    /// Sleep for so many ns.
    SleepFor(u64),
    /// The frame is about to start: go on looking.
    Look,
}

impl Alarm {
    /// What `worker` should do at `now_ns`.
    pub(crate) fn call(this: Option<Alarm>, worker: usize, now_ns: u64) -> Call {
        match this {
            Some(alarm) if worker < alarm.workers => {
                let rise_ns = alarm.at_ns.saturating_sub(ALARM_LEAD_NS);
                if now_ns < rise_ns {
                    Call::SleepFor(rise_ns - now_ns)
                } else if now_ns < alarm.at_ns + ALARM_GRACE_NS {
                    Call::Look
                } else {
                    Call::Sleep
                }
            }
            _ => Call::Sleep,
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_a_worker_through_its_day() {
        let sleep = Sleep::new();
        sleep.start_looking();
        assert_eq!(sleep.settle(), (1, 0));
        sleep.start_resting();
        assert_eq!(sleep.settle(), (0, 1));
        sleep.rise();
        assert_eq!(sleep.settle(), (1, 0));
        sleep.stop_looking();
        assert_eq!(sleep.settle(), (0, 0));
    }

    #[test]
    fn an_alarm_survives_its_packing() {
        let sleep = Sleep::new();
        assert_eq!(sleep.alarm(), None);
        let alarm = Alarm {
            at_ns: u64::MAX << 10,
            workers: 1_023,
        };
        sleep.set_alarm(Some(alarm));
        assert_eq!(sleep.alarm(), Some(alarm));
        sleep.set_alarm(None);
        assert_eq!(sleep.alarm(), None);
    }

    #[test]
    fn an_alarm_is_slept_for_then_awaited_then_given_up() {
        let alarm = Some(Alarm {
            at_ns: 1_000_000,
            workers: 2,
        });
        assert_eq!(Alarm::call(alarm, 1, 0), Call::SleepFor(900_000));
        assert_eq!(Alarm::call(alarm, 1, 950_000), Call::Look);
        assert_eq!(Alarm::call(alarm, 1, 1_200_000), Call::Look);
        assert_eq!(Alarm::call(alarm, 1, 1_300_000), Call::Sleep);
        assert_eq!(
            Alarm::call(alarm, 2, 950_000),
            Call::Sleep,
            "not one of the workers asked for"
        );
        assert_eq!(Alarm::call(None, 1, 950_000), Call::Sleep);
    }

    #[test]
    fn outliers_move_the_cost_of_a_wake_little() {
        let sleep = Sleep::new();
        sleep.learn_wake_ns(u64::MAX);
        assert!(sleep.wake_ns() < 80_000);
        for _ in 0..100 {
            sleep.learn_wake_ns(0);
        }
        assert!(sleep.wake_ns() < 3_000);
    }
}
