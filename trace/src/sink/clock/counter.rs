//! The time stamp counter of x86-64: a register that counts at a constant rate, read in a third of a system clock's time.
//!
//! Trusted only when three witnesses agree, since virtual machines move, and old machines had counters that stopped or
//! differed between cores:
//!
//! 1. The processor says that the counter is invariant (`cpuid` 8000_0007h, EDX bit 8).
//! 2. Linux itself keeps time by it (`current_clocksource` is `tsc`), so it has checked that cores agree, and watches it.
//! 3. Its rate, measured over two spans, agrees within [`RATE_ERROR_MAX`].
//!
//! The counter is read without a fence. A fence (`lfence` or `rdtscp`) costs 6-8 ns more and orders the reading after
//! earlier loads; without it a reading may stand for a moment some ns away, which is less than a trace shows.

use std::arch::x86_64::{__cpuid, _rdtsc};
use std::time::{Duration, Instant};

/// A counter and its rate.
pub(super) struct Counter {
    /// Reading at time 0.
    origin: u64,
    /// Nanoseconds per tick, times 2³².
    ns_per_tick: u64,
}

/// How long each of the two spans of the calibration takes. An end of a span is known within about 20 ns, so the rate
/// comes out within 20-40 parts per million.
const SPAN: Duration = Duration::from_micros(1_000);

/// Largest relative difference between the two measured rates. The ends of the spans explain 100 parts per million;
/// a counter that is emulated, scaled on the fly or stopped is off by far more.
const RATE_ERROR_MAX: f64 = 500e-6;

/// How often to measure before giving up: being descheduled in the middle of a reading spoils a measurement.
const ATTEMPTS: usize = 3;

impl Counter {
    /// The counter, or None where it should not be trusted.
    pub(super) fn calibrate() -> Option<Counter> {
        if !processor_vouches() || !system_vouches() {
            return None;
        }
        (0..ATTEMPTS).find_map(|_| measure())
    }

    /// Nanoseconds since the calibration.
    #[inline]
    pub(super) fn now_ns(&self) -> u64 {
        // Saturating: a core that lags by some ticks must not turn the first readings into centuries.
        let ticks = ticks().saturating_sub(self.origin);
        ((u128::from(ticks) * u128::from(self.ns_per_tick)) >> 32) as u64
    }
}

fn measure() -> Option<Counter> {
    let (origin, start) = both();
    let (middle, middle_time) = after(start + SPAN);
    let (end, end_time) = after(middle_time + SPAN);
    let rate = |ticks: u64, time: Duration| time.as_nanos() as f64 / ticks as f64;
    let first = rate(
        middle.checked_sub(origin).filter(|&t| t > 0)?,
        middle_time - start,
    );
    let second = rate(
        end.checked_sub(middle).filter(|&t| t > 0)?,
        end_time - middle_time,
    );
    if (first / second - 1.0).abs() > RATE_ERROR_MAX {
        return None;
    }
    let ns_per_tick = rate(end - origin, end_time - start);
    // From 100 MHz to 100 GHz: what a counter can plausibly be.
    if !(0.01..=10.0).contains(&ns_per_tick) {
        return None;
    }
    Some(Counter {
        origin,
        ns_per_tick: (ns_per_tick * 2f64.powi(32)) as u64,
    })
}

/// Both clocks at one moment: of a few tries the one that took the counter least, so the least disturbed one.
fn both() -> (u64, Instant) {
    (0..8)
        .map(|_| {
            let before = ticks();
            let time = Instant::now();
            let after = ticks();
            (
                after.saturating_sub(before),
                before + after.saturating_sub(before) / 2,
                time,
            )
        })
        .min_by_key(|&(width, ..)| width)
        .map(|(_, middle, time)| (middle, time))
        .expect("there are tries")
}

/// Both clocks soon after `time`.
fn after(time: Instant) -> (u64, Instant) {
    while Instant::now() < time {
        std::hint::spin_loop();
    }
    both()
}

/// Whether the counter runs at a constant rate, whatever the clock of the core does.
fn processor_vouches() -> bool {
    const EXTENDED_MAX: u32 = 0x8000_0000;
    const POWER: u32 = 0x8000_0007;
    const INVARIANT: u32 = 1 << 8;
    __cpuid(EXTENDED_MAX).eax >= POWER && __cpuid(POWER).edx & INVARIANT != 0
}

/// Whether Linux keeps time by the counter.
fn system_vouches() -> bool {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::fs::read_to_string(path).is_ok_and(|source| source.trim() == "tsc")
}

#[inline]
fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; where a system forbids it to programs, Linux does not use the
    // counter as its clock for them either, and calibration asks `system_vouches` first.
    unsafe { _rdtsc() }
}
