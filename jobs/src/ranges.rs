//! Shares of a loop: every worker owns one part of `0..count` and works it off from the front; a worker that has
//! finished its own takes from the back of the others'.
//!
//! ```text
//! count = 12, three workers
//!
//!   worker 0        worker 1        worker 2
//!   [0 1 2 3]       [4 5 6 7]       [8 9 10 11]       reset
//!    x x x .         x . . .         x x x x          worker 2 is done first
//!                    x . . 7                          and takes from the back of another part
//!    front ->          <- thieves
//! ```
//!
//! The same worker gets the same part every time, so from one frame to the next its share of the data stays in its own
//! cache: that, and not the balance, is what makes two cores faster than twice one (`rayon` splits by who is idle).
//!
//! # Layout
//!
//! A part is one word on a cache line pair of its own, so that both ends move in one compare-exchange:
//!
//! ```text
//! bits  0..32  first index that is left
//! bits 32..64  one past the last index that is left
//! ```
//!
//! # Why no index is lost or done twice
//!
//! A part that is not empty changes only by compare-exchange, and each exchange hands the indices that disappear to
//! exactly one worker. A part that is empty changes only in `reset`. A word may well return to an older value between
//! somebody's load and exchange. That is harmless: an index means the same work whenever it is taken, and whoever takes
//! it synchronises with the store that made it available.
//!
//! A thief does not move what it steals into its own part, as thieves of ranges often do. It would have to store to a
//! part that `reset` may be storing to: a worker that is late from the last loop would then lose indices of the next.

use std::ops::Range;

use crossbeam_utils::CachePadded;

use crate::sync::{AcqRel, Acquire, AtomicU64, Relaxed, Release};

/// The shares of a loop, preallocated for a number of workers and used again for every loop.
///
/// ```
/// use layerw_jobs::Ranges;
/// let ranges = Ranges::new(2);
/// ranges.reset(10);
/// assert_eq!(ranges.next(0, 3), Some(0..3)); // worker 0, own part 0..5
/// assert_eq!(ranges.next(1, 9), Some(5..10)); // worker 1, all of its own
/// assert_eq!(ranges.next(1, 1), Some(4..5)); // and then the back of what worker 0 has left
/// assert_eq!(ranges.next(0, 9), Some(3..4));
/// assert_eq!(ranges.next(0, 9), None);
/// ```
pub struct Ranges {
    parts: Box<[CachePadded<AtomicU64>]>,
}

impl Ranges {
    /// Empty shares for `workers` workers.
    ///
    /// # Panics
    ///
    /// With 0 workers: nobody could take anything.
    #[must_use]
    pub fn new(workers: usize) -> Ranges {
        assert!(
            workers > 0,
            "Ranges for 0 workers: nobody could take anything, give at least 1"
        );
        Ranges {
            parts: (0..workers)
                .map(|_| CachePadded::new(AtomicU64::new(EMPTY)))
                .collect(),
        }
    }

    /// How many workers have a part.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.parts.len()
    }

    /// Deals `0..count` out anew, in parts that differ by one index at most.
    ///
    /// What was written before is seen by every worker that takes one of the new indices. Workers may call
    /// [`next`](Ranges::next) at the same time. All indices dealt out before must have been taken.
    ///
    /// # Panics
    ///
    /// With more than 2³² - 1 indices.
    pub fn reset(&self, count: usize) {
        self.reset_from(0..count);
    }

    /// Deals out a loop that begins somewhere else than at 0.
    pub(crate) fn reset_from(&self, indices: Range<usize>) {
        assert!(
            u32::try_from(indices.end).is_ok(),
            "a loop of {} indices: at most {} fit, use a coarser grain",
            indices.end,
            u32::MAX
        );
        debug_assert!(self.is_empty(), "Ranges::reset while indices are left");
        for (worker, part) in self.parts.iter().enumerate() {
            let share = part_of(&indices, worker, self.parts.len());
            // Release, for the Acquire of `take`: whoever takes an index sees what was written before the reset.
            part.store(pack(share.start as u32, share.end as u32), Release);
        }
    }

    /// Takes up to `most` (at least 1) indices for `worker`: from the front of its own part, else from the back of
    /// another one. None when nothing is left to take; what others have taken may still be running.
    ///
    /// # Panics
    ///
    /// If there is no part for `worker`.
    #[inline]
    pub fn next(&self, worker: usize, most: usize) -> Option<Range<usize>> {
        let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        self.own(worker, most).or_else(|| self.steal(worker, most))
    }

    /// Nothing is left to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| left(part.load(Acquire)) == 0)
    }

    /// Drops what is left, so that a failed loop ends early. Indices that were taken go on.
    pub(crate) fn clear(&self) {
        for part in &self.parts {
            // A swap, not a store: a thief's compare-exchange then fails or came before.
            part.swap(EMPTY, AcqRel);
        }
    }

    /// Takes from the front of the worker's own part.
    #[inline]
    fn own(&self, worker: usize, most: u32) -> Option<Range<usize>> {
        let part = &self.parts[worker];
        let mut word = part.load(Relaxed);
        loop {
            let taken = left(word).min(most);
            if taken == 0 {
                return None;
            }
            let (first, end) = unpack(word);
            // AcqRel: Acquire pairs with the Release of `reset` and with that of thieves, whose exchanges lie between.
            match part.compare_exchange_weak(word, pack(first + taken, end), AcqRel, Relaxed) {
                Ok(_) => return Some(first as usize..(first + taken) as usize),
                Err(now) => word = now,
            }
        }
    }

    /// Takes from the back of somebody else's part, the next worker's first.
    #[cold]
    fn steal(&self, worker: usize, most: u32) -> Option<Range<usize>> {
        let workers = self.parts.len();
        (1..workers).find_map(|step| self.back(&self.parts[(worker + step) % workers], most))
    }

    fn back(&self, part: &AtomicU64, most: u32) -> Option<Range<usize>> {
        let mut word = part.load(Relaxed);
        loop {
            let taken = left(word).min(most);
            if taken == 0 {
                return None;
            }
            let (first, end) = unpack(word);
            // AcqRel: as in `own`.
            match part.compare_exchange_weak(word, pack(first, end - taken), AcqRel, Relaxed) {
                Ok(_) => return Some((end - taken) as usize..end as usize),
                Err(now) => word = now,
            }
        }
    }
}

/// A part with nothing in it.
const EMPTY: u64 = 0;

/// The indices of which `worker` of `workers` is the owner.
pub(crate) fn part_of(indices: &Range<usize>, worker: usize, workers: usize) -> Range<usize> {
    let cut = |part: usize| indices.start + indices.len() * part / workers;
    cut(worker)..cut(worker + 1)
}

fn pack(first: u32, end: u32) -> u64 {
    u64::from(first) | u64::from(end) << 32
}

fn unpack(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn left(word: u64) -> u32 {
    let (first, end) = unpack(word);
    end - first
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_taken_once_by_owners_and_thieves_alike() {
        for workers in 1..6 {
            for count in [0, 1, 2, 7, 64, 1_000] {
                let ranges = Ranges::new(workers);
                ranges.reset(count);
                let mut seen = vec![0; count];
                // One worker after the other takes all that it can get: the first one takes everything.
                for worker in (0..workers).rev() {
                    while let Some(range) = ranges.next(worker, 3) {
                        range.for_each(|index| seen[index] += 1);
                    }
                }
                assert!(
                    seen.iter().all(|&times| times == 1),
                    "{workers} workers, {count} indices: {seen:?}"
                );
                assert!(ranges.is_empty());
            }
        }
    }

    #[test]
    fn the_same_worker_owns_the_same_part_each_time() {
        let ranges = Ranges::new(4);
        for _ in 0..3 {
            ranges.reset(100);
            for worker in 0..4 {
                assert_eq!(ranges.next(worker, 25), Some(worker * 25..worker * 25 + 25));
            }
        }
    }

    #[test]
    fn a_thief_takes_from_the_back_of_the_next_part() {
        let ranges = Ranges::new(3);
        ranges.reset(30);
        assert_eq!(ranges.next(0, 10), Some(0..10));
        assert_eq!(ranges.next(0, 4), Some(16..20));
        assert_eq!(ranges.next(1, 9), Some(10..16), "less than asked for");
        assert_eq!(ranges.next(1, 4), Some(26..30));
        assert_eq!(
            ranges.next(0, 9),
            Some(20..26),
            "nothing is left with worker 1"
        );
        assert_eq!(ranges.next(2, 9), None);
    }

    #[test]
    fn cleared_shares_are_empty() {
        let ranges = Ranges::new(2);
        ranges.reset(9);
        ranges.clear();
        assert!(ranges.is_empty());
        assert_eq!(ranges.next(0, 1), None);
    }

    #[test]
    #[should_panic(expected = "use a coarser grain")]
    fn too_many_indices_are_refused() {
        Ranges::new(1).reset(1 << 32);
    }
}
