//! Work whose size and answer are known: burnt time, and sums that say which jobs ran.

use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use layerw_trace::now_ns;

/// Keeps a core busy for a number of turns; see [`turns`].
#[inline]
pub fn burn(turns: u32) {
    let mut state = 0x9E37_79B9_u32;
    for _ in 0..turns {
        // A chain of dependent operations: it runs no faster beside other work.
        state = black_box(state.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F));
    }
}

/// How many turns of [`burn`] take `ns`.
pub fn turns(ns: u32) -> u32 {
    /// Turns in 1 ms, found once, while nothing else runs.
    static PER_MS: OnceLock<f64> = OnceLock::new();
    let per_ms = *PER_MS.get_or_init(|| {
        const TURNS: u32 = 200_000;
        let time = || {
            let start_ns = now_ns();
            burn(TURNS);
            now_ns() - start_ns
        };
        let shortest_ns = (0..20).map(|_| time()).min().unwrap_or(1);
        f64::from(TURNS) * 1e6 / shortest_ns as f64
    });
    (f64::from(ns) * per_ms / 1e6) as u32
}

/// A sum over all threads that costs about a nanosecond to add to: every thread has a cell of its own.
pub struct Tally {
    cells: [Padded; CELLS],
}

/// A cache line to itself, and the one that prefetchers bring along.
#[repr(align(128))]
struct Padded(AtomicU64);

/// As many threads as may add at a time: one bit each in [`TAKEN`].
const CELLS: usize = u64::BITS as usize;

impl Tally {
    pub fn new() -> Tally {
        Tally {
            cells: [const { Padded(AtomicU64::new(0)) }; CELLS],
        }
    }

    #[inline]
    pub fn add(&self, value: u64) {
        let cell = &self.cells[Place::of_this_thread()].0;
        // A load and a store: nobody else writes to the cell.
        cell.store(cell.load(Relaxed).wrapping_add(value), Relaxed);
    }

    /// The sum, and back to 0. When nobody adds.
    pub fn take(&self) -> u64 {
        // Relaxed: whoever asks has waited for all that added.
        self.cells
            .iter()
            .map(|cell| cell.0.swap(0, Relaxed))
            .fold(0, u64::wrapping_add)
    }
}

/// A number below [`CELLS`] that no other living thread has.
struct Place(usize);

/// The numbers given to threads that live.
static TAKEN: AtomicU64 = AtomicU64::new(0);

impl Place {
    #[inline]
    fn of_this_thread() -> usize {
        thread_local! {
            static PLACE: Place = Place::take();
        }
        PLACE.with(|place| place.0)
    }

    fn take() -> Place {
        // Release and acquire: the cell's next owner goes on from the last one's sum.
        let taken = TAKEN.fetch_update(AcqRel, Acquire, |taken| {
            let free = taken.trailing_ones();
            (free < u64::BITS).then(|| taken | 1 << free)
        });
        match taken {
            Ok(before) => Place(before.trailing_ones() as usize),
            Err(_) => panic!("more than {CELLS} threads count at a time"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TAKEN.fetch_and(!(1 << self.0), AcqRel);
    }
}
