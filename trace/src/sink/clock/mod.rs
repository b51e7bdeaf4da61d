//! The clock: nanoseconds since its first reading, monotonic, cheap.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod counter;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[path = "no_counter.rs"]
mod counter;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[path = "instant.rs"]
mod steady;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[path = "page.rs"]
mod steady;

use std::sync::OnceLock;

use counter::Counter;
use steady::Steady;

/// Nanoseconds since the first call in this process, on a clock that never goes back.
///
/// The clock of all traces, and the cheapest that the host has: for measuring work, never for results. The processor's
/// time stamp counter where that can be trusted (Linux on x86-64, 8 ns a reading where
/// `std::time::Instant` takes 20), and `Instant` elsewhere. The first call takes about 2 ms to find out.
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
        Clock::Steady(steady) => steady.now_ns(),
    }
}

enum Clock {
    Counter(Counter),
    Steady(Steady),
}

impl Clock {
    fn new() -> Clock {
        match Counter::calibrate() {
            Some(counter) => Clock::Counter(counter),
            None => Clock::Steady(Steady::start()),
        }
    }
}

static CLOCK: OnceLock<Clock> = OnceLock::new();

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn readings_of_a_thread_never_decrease() {
        let mut last = now_ns();
        for _ in 0..100_000 {
            let now = now_ns();
            assert!(last <= now, "{last} then {now}");
            last = now;
        }
    }

    #[test]
    fn it_agrees_with_the_system_clock() {
        let _ = now_ns();
        // Each clock brackets the other in turn, so being descheduled cannot make the test fail.
        let (instant, ours) = (Instant::now(), now_ns());
        std::thread::sleep(Duration::from_millis(20));
        let (ours_inner, instant_outer) = (now_ns() - ours, instant.elapsed().as_nanos() as u64);
        assert!(
            ours_inner as f64 <= instant_outer as f64 * 1.001,
            "{ours_inner} in {instant_outer}"
        );

        let (ours, instant) = (now_ns(), Instant::now());
        std::thread::sleep(Duration::from_millis(20));
        let (instant_inner, ours_outer) = (instant.elapsed().as_nanos() as u64, now_ns() - ours);
        assert!(
            instant_inner as f64 <= ours_outer as f64 * 1.001,
            "{instant_inner} in {ours_outer}"
        );
    }
}
