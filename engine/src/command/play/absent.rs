//! A program without what opens windows.

use layerw_platform::signals::Stop;

use super::super::prepare::Project;
use super::super::steps::{Driver, Steps};
use crate::draw::DrawError;
use crate::error::{Error, Result};
use crate::report::WindowFigures;
use crate::runner::Runner;

/// Serves nobody.
pub(crate) struct Host;

/// Has no windows.
pub(crate) struct Desk;

/// Plays nothing.
pub(crate) struct Player;

/// A refusal.
pub(crate) fn connect() -> Result<(Host, Desk)> {
    Err(DrawError::NoWindows.into())
}

/// Never.
pub(crate) fn is_stranded() -> bool {
    false
}

impl Host {
    /// Nothing.
    pub(crate) fn serve(self) {}
}

impl Player {
    pub(crate) fn new(_: Desk) -> Player {
        Player
    }
}

impl Driver for Player {
    fn is_endless(&self) -> bool {
        true
    }

    fn stopped_by(&self) -> &'static str {
        "ended"
    }

    fn begin(&mut self, _: &Project, _: &mut Runner, _: &Stop) -> Result<()> {
        Err(DrawError::NoWindows.into())
    }

    fn drive(&mut self, _: &mut Steps<'_, '_>, _: &mut Runner) -> Result<Option<Error>> {
        Err(DrawError::NoWindows.into())
    }

    fn figures(&self) -> Option<WindowFigures> {
        None
    }
}
