//! The Tracy sink of builds without Tracy: nothing listens.

#![cfg_attr(
    not(feature = "zones"),
    allow(dead_code, reason = "without zones nobody sends")
)]

use super::PlotUnit;
use crate::label::Label;

/// What Tracy wants to know about a label: nothing.
#[derive(Copy, Clone)]
pub(crate) struct Site;

impl Site {
    pub(crate) fn new(_name: &'static str) -> Site {
        Site
    }
}

/// A zone that is open in Tracy: none.
#[derive(Copy, Clone)]
pub(crate) struct Open;

impl Open {
    pub(crate) const NONE: Open = Open;
}

#[inline(always)]
pub(crate) fn connected() -> bool {
    false
}

#[inline(always)]
pub(crate) fn begin(_label: Label, _value: Option<u64>) -> Open {
    Open
}

#[inline(always)]
pub(crate) fn end(_zone: Open) {}

#[inline(always)]
pub(crate) fn frame_mark() {}

#[inline(always)]
pub(crate) fn plot(_label: Label, _value: f64) {}

#[inline(always)]
pub(crate) fn plot_unit(_label: Label, _unit: PlotUnit) {}

#[inline(always)]
pub(crate) fn name_thread(_name: Label) {}
