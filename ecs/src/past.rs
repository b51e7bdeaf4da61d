//! States that the world was in: steps to go back to, and forks that others read while the world goes on.
//!
//! ```text
//!   step 7 ── step 8 ── step 9 ── now          rewind(2): the world is what it was after step 7
//!                │
//!                └── Fork: a handle, read, written to a file or made a world, on any thread
//! ```
//!
//! Neither copies the world. Each is a point in the [history](layerw_memory::history) of the world's pages, which keeps the old bytes of a
//! block before it is written for the first time after the point, on the worker that is about to write it. So the world's own
//! addresses never move, and what a point costs is what was written since.

mod fork;
mod rewind;

pub use fork::Fork;
pub use rewind::Kept;

use crate::image::HeldRun;
use crate::registry::Known;
use crate::world::World;
use layerw_memory::Point;
use std::sync::Arc;

/// The past of one world.
#[derive(Default)]
pub(crate) struct Past {
    steps: rewind::Steps,
    /// Points of forks, with their steps; those that were dropped are found out when the next one is made.
    forks: Vec<(Point, u64)>,
    /// The components, as last seen: points of worlds that know the same share them.
    known: Option<(u64, u32, Arc<Known>)>,
}

/// What a point needs to know beside the bytes.
struct Moment {
    point: Point,
    step: u64,
    runs: Vec<HeldRun>,
    known: Arc<Known>,
}

impl World {
    /// The components of the world as it is.
    fn known(&mut self) -> Arc<Known> {
        let (restored, count) = (self.restored, self.components.len());
        if let Some((then, known_count, known)) = &self.past.known
            && (*then, *known_count) == (restored, count)
        {
            return known.clone();
        }
        let known = Arc::new(self.components.known());
        self.past.known = Some((restored, count, known.clone()));
        known
    }
}
