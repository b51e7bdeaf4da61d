//! The clock: nanoseconds since its first reading, monotonic, cheap.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod counter;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "no_counter.rs"]
mod counter;

use std::sync::OnceLock;
use std::time::Instant;

use counter::Counter;

/// Nanoseconds since the first call in this process, on a clock that never goes back.
///
/// The clock of all traces, and the cheapest that the host has: for measuring work, never for results. The processor's
/// time stamp counter where that can be trusted (Linux on x86-64, about 10 ns a reading on a virtual machine of 2026),
/// `std::time::Instant` elsewhere (about 24 ns there). The first call takes about 2 ms to find out.
///
/// Readings of one thread never decrease. Readings of two threads agree within some tens of ns, so subtract readings
/// of different threads with `saturating_sub`.
#[must_use]
#[inline]
pub fn now_ns() -> u64 {
    match CLOCK.get() {
        Some(Clock::Counter(counter)) => counter.now_ns(),
        _ => slow_now_ns(),
    }
}

#[inline(never)]
fn slow_now_ns() -> u64 {
    match CLOCK.get_or_init(Clock::new) {
        Clock::Counter(counter) => counter.now_ns(),
        Clock::Instant(origin) => origin.elapsed().as_nanos() as u64,
    }
}

enum Clock {
    Counter(Counter),
    Instant(Instant),
}

impl Clock {
    fn new() -> Clock {
        match Counter::calibrate() {
            Some(counter) => Clock::Counter(counter),
            None => Clock::Instant(Instant::now()),
        }
    }
}

static CLOCK: OnceLock<Clock> = OnceLock::new();
