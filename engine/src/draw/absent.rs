//! A program without what draws.

use super::{DrawError, Look, PictureOptions};
use crate::error::Result;

/// Nobody.
pub(crate) enum Painter {}

impl Painter {
    /// A refusal.
    pub(crate) fn new(_: &Look, _: &PictureOptions) -> Result<Painter> {
        Err(DrawError::Absent.into())
    }

    /// Not to be reached.
    pub(crate) fn png(
        &mut self,
        _: &Look,
        _: &layerw_ecs::World,
        _: &layerw_jobs::Jobs,
    ) -> Result<Vec<u8>> {
        match *self {}
    }
}
