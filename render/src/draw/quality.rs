//! How much a picture may cost.

/// A tier of what is drawn.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Quality {
    /// One sample a pixel, coarse shadows of the sun, none of spots, no glow: for OpenGL and what has little.
    Low,
    /// Four samples a pixel, soft shadows of the sun and of two spots, glow.
    Medium,
    /// As medium, with finer shadows, of four spots.
    High,
}

impl Quality {
    /// What suits an adapter.
    pub(crate) fn suiting(adapter: &crate::Adapter) -> Quality {
        match adapter.kind {
            _ if adapter.api == "gl" => Quality::Low,
            crate::Kind::Discrete => Quality::High,
            _ => Quality::Medium,
        }
    }

    pub(super) fn samples(self) -> u32 {
        match self {
            Quality::Low => 1,
            Quality::Medium | Quality::High => 4,
        }
    }

    /// Edge of the sun's shadow map, texels.
    pub(super) fn sun_map(self) -> u32 {
        match self {
            Quality::Low => 1024,
            Quality::Medium => 2048,
            Quality::High => 4096,
        }
    }

    /// Texels to each side that soften the sun's shadows.
    pub(super) fn taps(self) -> u32 {
        match self {
            Quality::Low => 0,
            Quality::Medium => 1,
            Quality::High => 2,
        }
    }

    /// How many spots throw shadows, at most [`super::frame::SPOTS`].
    pub(super) fn spots(self) -> usize {
        match self {
            Quality::Low => 0,
            Quality::Medium => 2,
            Quality::High => 4,
        }
    }

    /// Edge of a spot's shadow map, texels.
    pub(super) fn spot_map(self) -> u32 {
        match self {
            // One is always bound.
            Quality::Low => 4,
            Quality::Medium => 512,
            Quality::High => 1024,
        }
    }

    /// How many times the picture is halved for the glow around what is bright.
    pub(super) fn halvings(self) -> usize {
        match self {
            Quality::Low => 0,
            Quality::Medium | Quality::High => 5,
        }
    }
}
