//! The stream region on the same flight, as an engine would use it.

use layerw_memory::stream::{Fills, StreamConfig, StreamError, StreamRegion, Want};
use layerw_memory::{Arena, MemoryError};

use super::flight::{Flight, SLOTS, TILE_BYTES, UPLOADS};
use super::policy::Policy;
use super::world::{TOLERANCE, Tile, first, mix};

/// Tiles of the coarsest levels are pinned, so that there is something to draw everywhere.
const PINNED: Tile = first(3);

/// Frames that a device is behind.
const LATENCY: u64 = 2;

/// A stream region and a way to fill slots.
pub struct Streamed<'f, F> {
    flight: &'f Flight<'f>,
    /// The region.
    pub region: StreamRegion,
    fill: F,
}

impl<'f, F: FnMut(Fills<'_>)> Streamed<'f, F> {
    /// A region on the flight's terms.
    ///
    /// # Errors
    /// Those of [`StreamRegion::new`].
    pub fn new(arena: &Arena, flight: &'f Flight<'f>, fill: F) -> Result<Self, MemoryError> {
        let config = StreamConfig {
            granularity: TILE_BYTES,
            overwrites_max: UPLOADS,
            wants_max: 8_192,
            ..StreamConfig::new("terrain", TILE_BYTES * SLOTS as u64)
        };
        Ok(Streamed {
            flight,
            region: StreamRegion::new(arena, &config)?,
            fill,
        })
    }

    fn want(&mut self, number: usize) -> Result<(), StreamError> {
        let region = &mut self.region;
        let mut refused = Ok(());
        let mut want = |tile: Tile, want| {
            if refused.is_ok() {
                refused = region.want(u64::from(tile), want);
            }
        };
        // Ahead, because most of them are not in the cut: their absence is no miss.
        (0..PINNED).for_each(|tile| want(tile, Want::pinned().ahead(1.0)));
        let now = &self.flight.views[number];
        let seen = |error: f32| Want::screen_error(error / TOLERANCE);
        self.flight
            .world
            .cut(now, |tile, error| want(tile, seen(error)));
        self.flight.foreseen(number, |ahead, tile, error| {
            want(tile, seen(error).ahead(ahead))
        });
        refused
    }
}

impl<F: FnMut(Fills<'_>)> Policy for Streamed<'_, F> {
    fn frame(&mut self, number: usize) -> Result<(), StreamError> {
        let frame = number as u64 + 1;
        if number > 0 {
            self.region.end()?;
        }
        if frame > LATENCY {
            self.region.retire(frame - LATENCY)?;
        }
        self.region.begin(frame)?;
        self.want(number)?;
        self.region.decide()?;
        (self.fill)(self.region.fills());
        Ok(())
    }

    fn has(&self, tile: Tile) -> bool {
        let reader = self.region.reader();
        reader.is_ok_and(|reader| reader.find(u64::from(tile)).is_some())
    }
}

/// Fills a slot with what a tile is made of: numbers from its own.
pub fn paint(tile: u64, bytes: &mut [u8]) {
    for (word, place) in bytes.chunks_exact_mut(8).zip(0_u64..) {
        word.copy_from_slice(&mix(tile << 32 | place).to_le_bytes());
    }
}

/// Whether a slot holds what the tile is made of.
pub fn is_painted(tile: u64, bytes: &[u8]) -> bool {
    let mut words = bytes.chunks_exact(8).zip(0_u64..);
    words.all(|(word, place)| *word == mix(tile << 32 | place).to_le_bytes())
}
