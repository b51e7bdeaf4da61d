//! Hosts without an interface for affinity in our dependencies: threads run where the system puts them.

pub(super) fn allowed_cpus() -> Vec<usize> {
    Vec::new()
}

pub(super) fn pin_to(_cpu: usize) -> bool {
    false
}

pub(super) fn exact_timers() {}
