//! What can keep a recording from starting.

/// Why a [`Recording`](crate::Recording) could not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// Another recording has not finished yet; a process records once at a time.
    #[error("a trace is already being recorded: finish that recording before another is started")]
    AlreadyRecording,
    /// The event buffers do not fit.
    #[error(
        "a trace of {events_per_thread} events a thread needs {bytes} bytes of buffers, \
         which the system refuses: ask for fewer events"
    )]
    OutOfMemory {
        /// What was asked for.
        events_per_thread: usize,
        /// What that takes, over all threads.
        bytes: u128,
    },
    /// The crate was built without its feature `zones`, so there is nothing to record.
    #[error("zones are compiled out of this build: build with the feature `zones` of layerw-trace")]
    CompiledOut,
}
