//! When a share gives jobs away, and when it wakes somebody for them.

use super::Share;
use super::stack::Segment;
use crate::board::Slot;
use crate::scope::Priority;
use crate::sync::now_ns;

/// What a worker keeps to itself while others look for work, in ns of jobs.
const KEEP_NS: f32 = 2_000.0;

/// Jobs that cost less are not shared, in ns: fetching the record from the other core's cache takes longer.
const SHARED_NS_MIN: f32 = 20.0;

/// Fewer ns of jobs are not offered while nobody looks: they end before somebody comes.
const OFFERED_NS: f32 = 10_000.0;

impl Share<'_> {
    /// Shares what others should have, and with `calls`, calls sleepers if what is left is worth it.
    pub(super) fn offer(&self, calls: bool) {
        let Some(slot) = self.slot else { return };
        let pool = self.here.pool();
        let job_ns = self.job_ns();
        let held = self.segments.iter().map(Segment::private).sum();
        let total_ns = job_ns.map(|job_ns| job_ns * held as f32);
        let nobody = !pool.sleep.somebody_looks();
        if job_ns.is_some_and(|job_ns| job_ns < SHARED_NS_MIN)
            || nobody && total_ns.is_some_and(|total_ns| total_ns < OFFERED_NS)
        {
            return;
        }
        let mut published = false;
        for priority in Priority::ALL {
            let (segment, Some(window)) =
                (&self.segments[priority as usize], self.window(priority))
            else {
                continue;
            };
            let spare = segment.private().saturating_sub(self.kept());
            if spare > 0 && window.view().len() == 0 {
                window.publish(spare);
                segment.split.set(segment.split.get() + spare);
                published = true;
            }
        }
        if published {
            pool.board.hint(slot);
        }
        if calls && held > 1 {
            self.call(slot, held, job_ns);
        }
    }

    /// Calls as many sleepers as have at least a wake's time to work.
    fn call(&self, slot: &Slot, held: u32, job_ns: Option<f32>) {
        let sleep = &self.here.pool().sleep;
        let (looking, resting) = sleep.settle();
        if resting == 0 {
            return;
        }
        let wake_ns = sleep.wake_ns();
        let worth = match job_ns {
            // Not known: one wake is a small price for finding out that they take a second each.
            None => 1,
            Some(job_ns) => {
                let total_ns = job_ns * held as f32;
                if total_ns < 2.0 * wake_ns as f32 {
                    0
                } else {
                    (total_ns / wake_ns as f32) as usize
                }
            }
        };
        let count = worth
            .min(held as usize - 1)
            .saturating_sub(looking)
            .min(resting);
        let now = now_ns();
        if count > 0 && now.saturating_sub(self.called_ns.get()) > wake_ns {
            self.called_ns.set(now);
            self.here.pool().call(slot, count);
        }
    }

    /// How many jobs a worker keeps to itself: some µs of work, and at least the one that it runs next.
    pub(super) fn kept(&self) -> u32 {
        self.job_ns()
            .map_or(1, |job_ns| ((KEEP_NS / job_ns.max(1.0)) as u32).max(1))
    }
}
