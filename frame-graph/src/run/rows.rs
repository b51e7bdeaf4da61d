//! A row group in a step: its chunks are handed out to whoever comes.
//!
//! The worker whose lane reaches the group *opens* it: it asks how many chunks there are, deals them
//! out (`layerw_jobs::Ranges`: the same worker gets the same chunks in every step, so they are in
//! its cache) and shows the group in [`Rooms`]. Workers with nothing better to do take chunks until
//! none is left. The group is done when all chunks are; then whoever holds the lane goes on. Nobody
//! waits inside: the lane is released meanwhile, like any lane that needs something.
//!
//! A worker that comes late, after the group is done, finds no chunks and does nothing: chunks are
//! dealt out at most once per step, and a step ends only when all workers have left it.

use crossbeam_utils::CachePadded;
use layerw_jobs::Ranges;
use layerw_trace::now_ns;

use super::balance::SPREAD_NS;
use super::lane::tagged;
use super::shuffle::{Dice, Stride};
use crate::sync::{Acquire, AtomicU32, AtomicU64, Relaxed, Release};

/// How much work a worker takes at once, in ns: small enough that the last ones end together, large
/// enough that taking (20 ns, and two clock readings) is nothing.
const GRAB_NS: f32 = 20_000.0;
/// Share of a new measurement in the average cost of a chunk.
const NEW_SHARE: f32 = 0.25;

/// The state of one group.
pub(super) struct Rows {
    chunks: Ranges,
    /// The generation in which the chunks were dealt out.
    opened: AtomicU32,
    /// Chunks that are not done. Counted by all workers, so away from what they only read.
    left: CachePadded<AtomicU32>,
    /// Time spent by all workers on the chunks of this step.
    spent_ns: AtomicU64,
    /// Average cost of a chunk as f32, negative while unknown.
    chunk_ns: AtomicU32,
    /// Chunks run in all steps.
    chunks_total: AtomicU64,
    /// What is dealt out in this step.
    deal: Deal,
}

/// How a group's chunks are handed out in a step; written before they are dealt, read after.
struct Deal {
    count: AtomicU32,
    grab: AtomicU32,
    /// 0, or the seed of the chunks' order.
    seed: AtomicU64,
}

impl Rows {
    pub(super) fn new(workers: usize) -> Rows {
        Rows {
            chunks: Ranges::new(workers),
            opened: AtomicU32::new(0),
            left: CachePadded::new(AtomicU32::new(0)),
            spent_ns: AtomicU64::new(0),
            chunk_ns: AtomicU32::new((-1.0_f32).to_bits()),
            chunks_total: AtomicU64::new(0),
            deal: Deal {
                count: AtomicU32::new(0),
                grab: AtomicU32::new(1),
                seed: AtomicU64::new(0),
            },
        }
    }

    /// What `chunks` chunks will cost, in ns; `None` before the first measurement.
    pub(super) fn predict_ns(&self, chunks: usize) -> Option<f32> {
        let chunk_ns = f32::from_bits(self.chunk_ns.load(Relaxed));
        (chunk_ns >= 0.0).then_some(chunk_ns * chunks as f32)
    }

    /// Whether that many chunks are worth spreading over workers.
    pub(super) fn is_worth_spreading(&self, chunks: usize) -> bool {
        chunks > 1
            && self
                .predict_ns(chunks)
                .is_none_or(|predicted| predicted >= SPREAD_NS)
    }

    /// Deals the chunks out. By the holder of the group's lane, once per generation.
    pub(super) fn open(&self, generation: u32, chunks: usize, seed: Option<u64>) {
        let grab = match (self.predict_ns(1), seed) {
            (Some(chunk_ns), None) => GRAB_NS / chunk_ns.max(1.0),
            _ => 1.0,
        };
        // No more at once than leaves every worker four helpings.
        let most = chunks / (4 * self.chunks.workers());
        let grab = (grab as usize).min(most).max(1);
        self.deal.count.store(chunks as u32, Relaxed);
        self.deal.grab.store(grab as u32, Relaxed);
        self.deal
            .seed
            .store(seed.map_or(0, |seed| seed | 1), Relaxed);
        self.spent_ns.store(0, Relaxed);
        self.left.store(chunks as u32, Relaxed);
        // Relaxed: read by holders of the lane only, behind its claim.
        self.opened.store(generation, Relaxed);
        // Publishes all of the above, and what the group needs, to whoever takes a chunk.
        self.chunks.reset(chunks);
    }

    /// Whether the chunks were dealt out in this generation. For the holder of the lane.
    pub(super) fn is_open(&self, generation: u32) -> bool {
        self.opened.load(Relaxed) == generation
    }

    /// Whether all chunks are done; if so, the caller sees what they did.
    pub(super) fn is_done(&self) -> bool {
        // Acquire: pairs with the Release of `work`; each subtraction continues the release
        // sequence of those before it, so the last value stands for all of them.
        self.left.load(Acquire) == 0
    }

    /// Takes chunks and runs them until there are none or `stopped` says so. For whoever saw the
    /// group in its room, or opened it.
    pub(super) fn work(
        &self,
        worker: usize,
        stopped: impl Fn() -> bool,
        mut run: impl FnMut(usize),
    ) {
        let grab = self.deal.grab.load(Relaxed) as usize;
        let order = self.order();
        let mut begin = None;
        while !stopped() {
            let Some(places) = self.chunks.next(worker, grab) else {
                return;
            };
            let taken = places.len() as u32;
            let begun = begin.unwrap_or_else(now_ns);
            places.for_each(|place| run(order.at(place)));
            let ended = now_ns();
            begin = Some(ended);
            self.spent_ns
                .fetch_add(ended.saturating_sub(begun), Relaxed);
            // Release: see `is_done`.
            self.left.fetch_sub(taken, Release);
        }
    }

    /// The order of the chunks dealt out.
    fn order(&self) -> Stride {
        let count = self.deal.count.load(Relaxed) as usize;
        match self.deal.seed.load(Relaxed) {
            0 => Stride::natural(count),
            seed => Stride::random(count, &mut Dice::new(seed, 0)),
        }
    }

    /// Takes the step's cost into the averages. By the holder of the lane, when all is done.
    pub(super) fn close(&self) -> u64 {
        let spent = self.spent_ns.load(Relaxed);
        self.learn(self.deal.count.load(Relaxed) as usize, Some(spent));
        spent
    }

    /// Counts chunks that one worker ran, and what they cost where that was measured.
    pub(super) fn learn(&self, chunks: usize, spent_ns: Option<u64>) {
        let total = self.chunks_total.load(Relaxed) + chunks as u64;
        self.chunks_total.store(total, Relaxed);
        if let Some(spent) = spent_ns.filter(|_| chunks > 0) {
            let measured = spent as f32 / chunks as f32;
            let old = self.predict_ns(1).unwrap_or(measured);
            let average = old + (measured - old) * NEW_SHARE;
            self.chunk_ns.store(average.to_bits(), Relaxed);
        }
    }

    pub(super) fn chunks_total(&self) -> u64 {
        self.chunks_total.load(Relaxed)
    }

    /// After a step that ended early: throws away what was not taken.
    pub(super) fn forget(&mut self) {
        while self.chunks.next(0, usize::MAX).is_some() {}
        self.opened.store(0, Relaxed);
    }
}

/// Where open groups are shown: one place per lane, so that the lane's holder needs no search.
pub(super) struct Rooms {
    /// Group + 1, tagged with the generation; 0 = none.
    places: Box<[CachePadded<AtomicU64>]>,
}

impl Rooms {
    pub(super) fn new(lanes: usize) -> Rooms {
        Rooms {
            places: (0..lanes)
                .map(|_| CachePadded::new(AtomicU64::new(0)))
                .collect(),
        }
    }

    pub(super) fn show(&self, lane: usize, generation: u32, group: u32) {
        // Release: pairs with `group`; helpers see the deal.
        self.places[lane].store(tagged(generation, group + 1), Release);
    }

    /// The group shown at a lane, if it has not been hidden since.
    pub(super) fn group(&self, lane: usize, generation: u32) -> Option<u32> {
        let place = self.places[lane].load(Acquire);
        ((place >> 32) as u32 == generation)
            .then_some(place as u32)?
            .checked_sub(1)
    }

    /// Stops showing a group. Does nothing if the lane shows another by now.
    pub(super) fn hide(&self, lane: usize, generation: u32, group: u32) {
        let shown = tagged(generation, group + 1);
        // Relaxed: it publishes nothing; who still sees the group finds no chunks.
        let _ = self.places[lane].compare_exchange(shown, tagged(generation, 0), Relaxed, Relaxed);
    }

    /// Forgets all generations.
    pub(super) fn forget(&mut self) {
        for place in &mut self.places {
            *place = CachePadded::new(AtomicU64::new(0));
        }
    }
}
