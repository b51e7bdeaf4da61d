//! The same calls when the feature `zones` is off: they compile to nothing.

use crate::capture::Capture;
use crate::error::TraceError;
use crate::label::Label;
use crate::sink::PlotUnit;

/// A running zone: nothing, as zones are compiled out.
#[must_use = "a zone ends when its guard is dropped: bind it to a name, `let _zone = ...`"]
pub struct Zone(std::marker::PhantomData<*const ()>);

/// Begins a zone: nothing, as zones are compiled out.
#[inline(always)]
pub fn zone(_label: Label) -> Zone {
    Zone(std::marker::PhantomData)
}

/// Begins a zone that carries a number: nothing, as zones are compiled out.
#[inline(always)]
pub fn zone_value(_label: Label, _value: u64) -> Zone {
    Zone(std::marker::PhantomData)
}

/// Whether anybody listens to zones: never, as zones are compiled out.
#[inline(always)]
pub fn is_watched() -> bool {
    false
}

/// Ends a frame: nothing, as zones are compiled out.
#[inline(always)]
pub fn frame_mark() {}

/// Plots a value: nothing, as zones are compiled out.
#[inline(always)]
pub fn plot(_label: Label, _value: f64) {}

/// Sets the unit of a plot: nothing, as zones are compiled out.
#[inline(always)]
pub fn plot_unit(_label: Label, _unit: PlotUnit) {}

/// Names the calling thread: nothing, as zones are compiled out.
#[inline(always)]
pub fn name_thread(_name: &str) {}

/// Whether a Tracy viewer is connected: never, as zones are compiled out.
#[inline(always)]
#[must_use]
pub fn viewer_connected() -> bool {
    false
}

/// A recording: there is none, as zones are compiled out.
#[derive(Debug)]
pub enum Recording {}

impl Recording {
    /// Refuses, as zones are compiled out.
    ///
    /// # Errors
    ///
    /// Always [`TraceError::CompiledOut`].
    pub fn start(_events_per_thread: usize) -> Result<Recording, TraceError> {
        Err(TraceError::CompiledOut)
    }

    /// Cannot be called: there is no recording.
    #[must_use]
    pub fn finish(self) -> Capture {
        match self {}
    }
}
