//! `[view]`: what pictures are to be, and the window that they are shown in.

use super::error::ConfigError;
use super::reader::Section;
use crate::draw::{PictureOptions, Quality};

/// What a width or height may be. Whether the adapter can draw so much shows when it does.
const PIXELS: &str = "a whole number of pixels from 1 to 16384";

/// What `[view]` says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ViewConfig {
    pub(crate) picture: PictureOptions,
    /// Whether a window covers the screen from the beginning.
    pub(crate) fullscreen: bool,
}

/// Reads `[view]`.
pub(super) fn read(mut section: Section<'_>) -> Result<ViewConfig, ConfigError> {
    let default = PictureOptions::default();
    let pixels = |number: u64| {
        let number = u32::try_from(number).ok();
        number.filter(|number| (1..=16_384).contains(number))
    };
    let picture = PictureOptions {
        width: section
            .whole("width", PIXELS, pixels)?
            .unwrap_or(default.width),
        height: section
            .whole("height", PIXELS, pixels)?
            .unwrap_or(default.height),
        quality: section
            .text(
                "quality",
                "\"auto\", \"low\", \"medium\" or \"high\"",
                |quality| match quality {
                    "auto" => Some(Quality::Auto),
                    "low" => Some(Quality::Low),
                    "medium" => Some(Quality::Medium),
                    "high" => Some(Quality::High),
                    _ => None,
                },
            )?
            .unwrap_or_default(),
    };
    let fullscreen = section.flag("fullscreen")?.unwrap_or_default();
    section.finish()?;
    Ok(ViewConfig {
        picture,
        fullscreen,
    })
}
