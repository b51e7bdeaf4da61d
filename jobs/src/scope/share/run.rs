//! Running the jobs of a share, and the end of a scope.

use std::cell::Cell;

use layerw_trace::zone;

use super::Share;
use crate::board::Which;
use crate::scope::record::Record;
use crate::sleep::{Nap, Patience};
use crate::sync::{Relaxed, now_ns};

/// Jobs run between two readings of the clock: as many as take about so long, in ns, but never more than so many.
const BATCH_NS: f32 = 2_000.0;
const BATCH_MAX: u32 = 256;

impl Share<'_> {
    /// The owner's end of the scope: runs jobs until there are none anywhere.
    pub(in crate::scope) fn finish(&self) {
        let here = self.here;
        let patience = Patience::new();
        loop {
            if self.work() {
                patience.renew();
            }
            if here.run_pinned() {
                // It may have spawned.
                continue;
            }
            if self.is_over() {
                break;
            }
            if self.slot.is_some_and(|slot| here.help(Which::Below(slot))) {
                patience.renew();
            } else if !patience.turn(here.look_ns(), here.pool().crowded) {
                self.doze();
                patience.renew();
            }
        }
        if let (Some(key), Some(job_ns)) = (self.key.get(), self.job_ns()) {
            // The table wants a time and a count: 64 jobs keep six more bits of the average.
            here.pool().costs.learn(key, (job_ns * 64.0) as u64, 64);
        }
    }

    /// Runs what it holds and what it can take from others until there is nothing. False if there was nothing.
    pub(super) fn work(&self) -> bool {
        let mut worked = false;
        loop {
            if self.slot.is_some() {
                self.offer(true);
            }
            let jobs = self.batch();
            if jobs == 0 {
                let Some(slot) = self.slot else { break };
                let board = &self.here.pool().board;
                board.unhint(slot);
                if !slot.windows.any() {
                    break;
                }
                board.hint(slot);
                continue;
            }
            worked = true;
            self.here.patience.renew();
        }
        worked
    }

    /// Runs some jobs, highest priority first, and measures them. Returns how many.
    fn batch(&self) -> u32 {
        let most = self
            .job_ns()
            .map_or(1.0, |job_ns| BATCH_NS / job_ns.max(1.0));
        let most = (most as u32).clamp(1, BATCH_MAX);
        let (position, ran) = (Cell::new(0), Cell::new(0));
        let start_ns = now_ns();
        self.core.caught.watch(&position, || {
            while ran.get() < most {
                let Some(record) = self.take() else { break };
                ran.set(ran.get() + 1);
                // SAFETY: taken, so it is ours, to run once. Its entry is free again as soon as the closure has moved
                // out, which `Record::run` sees to before it calls it.
                unsafe {
                    position.set(1 + u64::from((*record).number()));
                    let _zone = zone((*record).label());
                    Record::run(record, &self.here.pool().cells);
                }
            }
        });
        let ran = ran.get();
        if ran > 0 {
            let measured = (now_ns() - start_ns) as f32 / ran as f32;
            let averaged = self
                .job_ns()
                .map_or(measured, |old| old + (measured - old) * 0.25);
            // Racing workers may drop one another's measurements: it is an estimate.
            self.core
                .job_ns
                .store(averaged.max(f32::MIN_POSITIVE).to_bits(), Relaxed);
        }
        ran
    }

    /// No job of the scope is left anywhere. Only the owner knows, and only when it holds none.
    fn is_over(&self) -> bool {
        self.core.no_pinned()
            && self
                .slot
                .is_none_or(|slot| slot.seats.is_empty() && !slot.windows.any())
    }

    /// The owner sleeps until the helpers have left, something is shared, or a pinned job ends or comes.
    fn doze(&self) {
        let (here, core) = (self.here, self.core);
        let sleep = &here.pool().sleep;
        sleep.start_looking();
        match self.slot {
            Some(slot) => {
                let board = &here.pool().board;
                here.rest(Nap::Below(slot.index), None, || {
                    let inside = slot.seats.owner_waits();
                    (inside || !core.no_pinned()) && !board.is_hinted(slot)
                });
                slot.seats.owner_rises();
            }
            None => {
                here.rest(Nap::Waiting, None, || !core.no_pinned());
            }
        }
        sleep.stop_looking();
    }
}
