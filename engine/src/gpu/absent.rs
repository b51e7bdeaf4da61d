//! A program without GPU passes.

use std::ops::Range;

use layerw_ecs::World;
use layerw_ecs::schedule::Entry;

use super::{GpuChoice, GpuError, GpuFigures};
use crate::error::Result;

/// None.
#[derive(Default)]
pub(crate) struct Passes {}

/// Nothing.
pub(crate) struct Handle;

/// Nothing to prepare, or a refusal.
pub(crate) fn prepare(
    _: Passes,
    _: &mut Vec<Entry>,
    _: &mut World,
    _: &mut Range<usize>,
    choice: GpuChoice,
) -> Result<Handle> {
    match choice {
        GpuChoice::Require => Err(GpuError::Absent.into()),
        GpuChoice::Auto | GpuChoice::Off => Ok(Handle),
    }
}

/// `None`: nobody looks for them.
pub(crate) fn adapters() -> Option<Vec<String>> {
    None
}

impl Handle {
    pub(crate) fn figures(&self) -> Option<GpuFigures> {
        None
    }

    pub(crate) fn note(&self) -> Option<String> {
        None
    }
}
