//! A flight over a world, frame by frame, and what a policy misses in it.

use layerw_memory::stream::StreamError;

use super::path::{Path, foreseen};
use super::policy::{Policy, nearest};
use super::world::{Tile, View, World};

/// Bytes of a tile: 128 × 128 heights and normals.
pub const TILE_BYTES: u64 = 64 << 10;

/// Tiles that memory holds: 64 MiB.
pub const SLOTS: usize = 1_024;

/// Tiles that one frame may upload: 15 MiB a second at 60 Hz.
pub const UPLOADS: usize = 4;

/// Frames to the views that look-ahead foresees.
pub const AHEAD: [f32; 5] = [6.0, 12.0, 24.0, 48.0, 96.0];

/// The frames of a flight: the same for all policies.
pub struct Flight<'w> {
    /// The terrain.
    pub world: &'w World,
    /// The camera, frame by frame.
    pub views: Vec<View>,
    needed: Vec<Tile>,
    /// Where each frame's part of `needed` ends.
    ends: Vec<usize>,
}

impl<'w> Flight<'w> {
    /// The first frames of a path.
    pub fn new(world: &'w World, path: Path, seed: u64, frames: usize) -> Self {
        let mut views = path.views(world, seed);
        views.truncate(frames);
        let (mut needed, mut ends) = (Vec::new(), Vec::new());
        for view in &views {
            world.cut(view, |tile, _| needed.push(tile));
            ends.push(needed.len());
        }
        Flight {
            world,
            views,
            needed,
            ends,
        }
    }

    /// What a frame needs.
    pub fn needed(&self, frame: usize) -> &[Tile] {
        let start = if frame == 0 { 0 } else { self.ends[frame - 1] };
        &self.needed[start..self.ends[frame]]
    }

    /// What a frame needs and does not have, nearest first, as much as it may upload.
    pub fn nearest_missing(&self, frame: usize, has: impl Fn(Tile) -> bool) -> Vec<Tile> {
        let mut tiles = self.needed(frame).to_vec();
        tiles.retain(|&tile| !has(tile));
        nearest(self.world, &self.views[frame], &mut tiles);
        tiles.truncate(UPLOADS);
        tiles
    }

    /// What the views need that the camera's motion foresees: frames ahead, tile, and the error on the screen without it.
    pub fn foreseen(&self, frame: usize, mut visit: impl FnMut(f32, Tile, f32)) {
        let (before, now) = (&self.views[frame.saturating_sub(1)], &self.views[frame]);
        for ahead in AHEAD {
            let view = foreseen(before, now, ahead);
            self.world
                .cut(&view, |tile, error| visit(ahead, tile, error));
        }
    }

    /// Tiles that each frame needed and did not have when it was drawn.
    ///
    /// # Errors
    /// What the policy refuses.
    pub fn misses(&self, policy: &mut impl Policy) -> Result<Vec<u32>, StreamError> {
        let count = |frame| {
            policy.frame(frame)?;
            let missed = self.needed(frame).iter().filter(|&&tile| !policy.has(tile));
            Ok(missed.count() as u32)
        };
        (0..self.views.len()).map(count).collect()
    }
}
