//! The peers: textbook policies over the same tiles, slots and uploads. They keep their books in plain arrays, since only misses are compared.

use std::cmp::Reverse;

use layerw_memory::stream::StreamError;

use super::flight::{Flight, SLOTS, UPLOADS};
use super::world::{Tile, View, World};

/// Decides what is uploaded in each frame.
pub trait Policy {
    /// Sees a frame before it is drawn, and uploads as many tiles as a frame may.
    ///
    /// # Errors
    /// What a stream region refuses.
    fn frame(&mut self, number: usize) -> Result<(), StreamError>;

    /// Whether a tile can be drawn in the frame that was seen last.
    fn has(&self, tile: Tile) -> bool;
}

/// No frame: never used.
const NEVER: u32 = u32::MAX;

/// What is resident, by slot and by tile.
struct Cache {
    slots: Vec<Option<Tile>>,
    resident: Vec<bool>,
}

impl Cache {
    fn new(world: &World) -> Cache {
        Cache {
            slots: vec![None; SLOTS],
            resident: vec![false; world.tiles()],
        }
    }

    fn has(&self, tile: Tile) -> bool {
        self.resident[tile as usize]
    }

    /// Uploads tiles over the worst, as long as that is worse than the new one.
    fn put<W: Ord + Copy>(&mut self, tiles: &[Tile], worst: W, worth: impl Fn(Tile) -> W) {
        for &tile in tiles {
            let worth_of = |slot: &usize| self.slots[*slot].map_or(worst, &worth);
            let Some(slot) = (0..SLOTS).max_by_key(worth_of) else {
                return;
            };
            if worth_of(&slot) <= worth(tile) {
                return;
            }
            if let Some(old) = self.slots[slot].replace(tile) {
                self.resident[old as usize] = false;
            }
            self.resident[tile as usize] = true;
        }
    }
}

/// Least recently used: fetches what the frame needs, nearest first, over what was needed longest ago.
pub struct Lru<'f> {
    flight: &'f Flight<'f>,
    cache: Cache,
    /// By tile, the frame behind the last that needed it.
    used: Vec<u32>,
    looks_ahead: bool,
}

impl<'f> Lru<'f> {
    /// One that knows what frames need, or, if it `looks_ahead`, also what the foreseen ones do: it fetches those with the uploads that are left,
    /// the next view first, and what is foreseen counts as used.
    pub fn new(flight: &'f Flight<'f>, looks_ahead: bool) -> Self {
        Lru {
            flight,
            cache: Cache::new(flight.world),
            used: vec![0; flight.world.tiles()],
            looks_ahead,
        }
    }
}

impl Policy for Lru<'_> {
    fn frame(&mut self, number: usize) -> Result<(), StreamError> {
        let now = number as u32 + 1;
        for &tile in self.flight.needed(number) {
            self.used[tile as usize] = now;
        }
        let mut missing = self
            .flight
            .nearest_missing(number, |tile| self.cache.has(tile));
        if self.looks_ahead {
            self.flight.foreseen(number, |_, tile, _| {
                self.used[tile as usize] = now;
                if missing.len() < UPLOADS && !self.cache.has(tile) && !missing.contains(&tile) {
                    missing.push(tile);
                }
            });
        }
        let age = |tile: Tile| now - self.used[tile as usize];
        self.cache.put(&missing, NEVER, age);
        Ok(())
    }

    fn has(&self, tile: Tile) -> bool {
        self.cache.has(tile)
    }
}

/// Plain distance: fetches what the frame needs, nearest first, over what is farthest from the camera among what it does not need. (The purer form,
/// over what is farthest whatever is needed, misses ten times as much: coarse tiles are far, and needed.)
pub struct Distance<'f> {
    flight: &'f Flight<'f>,
    cache: Cache,
    /// By tile, the frame behind the last that needed it.
    used: Vec<u32>,
}

impl<'f> Distance<'f> {
    /// With an empty memory.
    pub fn new(flight: &'f Flight<'f>) -> Self {
        Distance {
            flight,
            cache: Cache::new(flight.world),
            used: vec![0; flight.world.tiles()],
        }
    }
}

impl Policy for Distance<'_> {
    fn frame(&mut self, number: usize) -> Result<(), StreamError> {
        let (world, view) = (self.flight.world, &self.flight.views[number]);
        let now = number as u32 + 1;
        for &tile in self.flight.needed(number) {
            self.used[tile as usize] = now;
        }
        let missing = self
            .flight
            .nearest_missing(number, |tile| self.cache.has(tile));
        let worth = |tile: Tile| {
            let is_needed = self.used[tile as usize] == now;
            (!is_needed, world.distance(view, tile).to_bits())
        };
        self.cache.put(&missing, (true, NEVER), worth);
        Ok(())
    }

    fn has(&self, tile: Tile) -> bool {
        self.cache.has(tile)
    }
}

/// Puts tiles in order of distance, ties by number.
pub fn nearest(world: &World, view: &View, tiles: &mut [Tile]) {
    tiles.sort_by_cached_key(|&tile| (world.distance(view, tile).to_bits(), tile));
}

/// Knows the future (Belady 1966): fetches what is needed soonest, of equals what is needed longest, over what is needed again last. With a limit
/// on uploads it is a strong reference and no longer a proven bound.
pub struct Belady<'f> {
    flight: &'f Flight<'f>,
    cache: Cache,
    /// Spans of frames that need a tile, in order of the first.
    spans: Vec<Span>,
    /// By tile, its spans' numbers in order.
    by_tile: Vec<Vec<u32>>,
}

#[derive(Copy, Clone)]
struct Span {
    tile: Tile,
    first: u32,
    last: u32,
}

impl<'f> Belady<'f> {
    /// Reads the whole flight.
    pub fn new(flight: &'f Flight<'f>) -> Self {
        let mut by_tile = vec![Vec::new(); flight.world.tiles()];
        let mut spans: Vec<Span> = Vec::new();
        for frame in 0..flight.views.len() {
            let now = frame as u32;
            for &tile in flight.needed(frame) {
                let known: &mut Vec<u32> = &mut by_tile[tile as usize];
                match known.last().map(|&span| &mut spans[span as usize]) {
                    Some(span) if span.last + 1 == now => span.last = now,
                    _ => {
                        known.push(spans.len() as u32);
                        spans.push(Span {
                            tile,
                            first: now,
                            last: now,
                        });
                    }
                }
            }
        }
        Belady {
            flight,
            cache: Cache::new(flight.world),
            spans,
            by_tile,
        }
    }

    /// The span in which a frame from `now` on first needs the tile.
    fn next(&self, tile: Tile, now: u32) -> Option<Span> {
        let spans = self.by_tile[tile as usize].iter();
        spans
            .map(|&span| self.spans[span as usize])
            .find(|span| span.last >= now)
    }

    fn next_use(&self, tile: Tile, now: u32) -> u32 {
        self.next(tile, now)
            .map_or(NEVER, |span| span.first.max(now))
    }

    /// What to fetch: what is missing now, then what will be, as far as memory reaches.
    fn missing(&self, number: usize) -> Vec<Tile> {
        let now = number as u32;
        let mut missing = self.flight.needed(number).to_vec();
        missing.retain(|&tile| !self.cache.has(tile));
        let lasts = |tile: Tile| self.next(tile, now).map_or(0, |span| span.last);
        missing.sort_by_cached_key(|&tile| (Reverse(lasts(tile)), tile));
        let later = self.spans.partition_point(|span| span.first <= now);
        for span in self.spans[later..].iter().take(SLOTS) {
            if missing.len() >= UPLOADS {
                break;
            }
            if !self.cache.has(span.tile) && !missing.contains(&span.tile) {
                missing.push(span.tile);
            }
        }
        missing.truncate(UPLOADS);
        missing
    }
}

impl Policy for Belady<'_> {
    fn frame(&mut self, number: usize) -> Result<(), StreamError> {
        let missing = self.missing(number);
        let mut cache = std::mem::replace(
            &mut self.cache,
            Cache {
                slots: Vec::new(),
                resident: Vec::new(),
            },
        );
        if !missing.is_empty() {
            cache.put(&missing, NEVER, |tile| self.next_use(tile, number as u32));
        }
        self.cache = cache;
        Ok(())
    }

    fn has(&self, tile: Tile) -> bool {
        self.cache.has(tile)
    }
}
