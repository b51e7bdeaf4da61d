//! What a recording found.

use crate::label::Label;

/// Everything that happened between start and finish of a [`Recording`](crate::Recording).
///
/// All times are readings of [`now_ns`](crate::now_ns).
#[derive(Debug, Clone, Default)]
pub struct Capture {
    /// The names of the threads that left events; events name a thread by its index here. A thread that was never
    /// named is called `thread N`.
    pub threads: Vec<String>,
    /// Zones that began and ended while recording, by thread, then by begin, outer ones first.
    pub zones: Vec<ZoneEvent>,
    /// The times of the frame marks, in order, in ns.
    pub frames: Vec<u64>,
    /// Plotted values, in order of time.
    pub plots: Vec<PlotEvent>,
    /// When the recording started, in ns.
    pub start_ns: u64,
    /// When it finished, in ns.
    pub finish_ns: u64,
    /// Events that are missing here because their thread's buffer was full, or more threads than 64 left events.
    pub dropped: u64,
}

/// One zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneEvent {
    /// Index into [`Capture::threads`].
    pub thread: usize,
    /// What ran.
    pub label: Label,
    /// The number given to [`zone_value`](crate::zone_value).
    pub value: Option<u64>,
    /// Begin, in ns.
    pub begin_ns: u64,
    /// End, in ns, not before the begin.
    pub end_ns: u64,
}

/// One plotted value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlotEvent {
    /// The quantity.
    pub label: Label,
    /// When, in ns.
    pub time_ns: u64,
    /// Its value from then on.
    pub value: f64,
}
