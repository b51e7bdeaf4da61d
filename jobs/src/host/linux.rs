//! Linux, through rustix.

use std::num::NonZeroU64;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity, set_current_timer_slack};

pub(super) fn allowed_cpus() -> Vec<usize> {
    match sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU)
            .filter(|&cpu| set.is_set(cpu))
            .collect(),
        Err(_) => Vec::new(),
    }
}

pub(super) fn pin_to(cpu: usize) -> bool {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).is_ok()
}

pub(super) fn exact_timers() {
    // A refusal costs precision, not correctness: the worker then wakes up to 50 µs later.
    let _ = set_current_timer_slack(NonZeroU64::new(1_000));
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use crate::{Jobs, on_fresh_thread};

    #[test]
    fn this_host_pins() {
        on_fresh_thread("pinned", 0, || {
            let jobs = Jobs::builder().threads(1).pin(true).build();
            assert!(jobs.expect("one worker is this thread").is_pinned());
        });
    }
}
