//! Ctrl-C and SIGTERM as a flag that the step loop looks at between two steps.
//!
//! The first signal asks: the run ends after its step, with its snapshot and its report. The second one ends the process at once, by the
//! signal's own default action, so that the shell sees what happened and a run that hangs can still be stopped.
//! Browsers and WASI have no signals: there the flag is set only by [`Stop::request`].

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to end, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
}

impl Stop {
    /// A request that no signal makes.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Whether somebody asked. One relaxed load: the flag publishes nothing but itself, and a step later is early enough.
    pub fn requested(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Asks.
    pub fn request(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }
}

/// Why signals cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch signal {signal}: {source}; run where signals may be handled")]
pub struct SignalError {
    /// The host's number of the signal.
    pub signal: i32,
    /// What the host said.
    pub source: io::Error,
}

/// A request that Ctrl-C and SIGTERM make. Call it once, from the driver that owns the loop: it changes what these signals do to the process,
/// and each call watches anew.
///
/// # Errors
/// The host refuses to set a handler.
#[cfg(any(unix, windows))]
pub fn watch() -> Result<Stop, SignalError> {
    let stop = Stop::new();
    watch_for(&stop)?;
    Ok(stop)
}

/// The same for a request that others may make, too.
///
/// # Errors
/// As [`watch`].
#[cfg(any(unix, windows))]
pub fn watch_for(stop: &Stop) -> Result<(), SignalError> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    for signal in [SIGINT, SIGTERM] {
        // In this order, for a signal's actions run as they were registered: the default action sees the flag as the signal before left it.
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop.flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop.flag)))
            .map_err(|source| SignalError { signal, source })?;
    }
    Ok(())
}

/// A request that nobody makes: this host has no signals.
///
/// # Errors
/// None.
#[cfg(not(any(unix, windows)))]
pub fn watch() -> Result<Stop, SignalError> {
    Ok(Stop::new())
}

/// Nothing: this host has no signals.
///
/// # Errors
/// None.
#[cfg(not(any(unix, windows)))]
pub fn watch_for(_: &Stop) -> Result<(), SignalError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Stop;

    #[test]
    fn clones_share_the_request() {
        let stop = Stop::new();
        let other = stop.clone();
        assert!(!other.requested());
        stop.request();
        assert!(other.requested());
    }
}
