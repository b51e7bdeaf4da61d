//! Shares of a loop: every worker owns one part of `0..count` and works it off from the front; a worker that has
//! finished its own takes the back half of somebody else's.
//!
//! ```text
//! count = 12, three workers
//!
//!   worker 0        worker 1        worker 2
//!   [0 1 2 3]       [4 5 6 7]       [8 9 10 11]       reset
//!    x x x .         x . . .         x x x x          worker 2 is done first
//!        [3]         x [5]            [6 7]           and takes the back half of what is left of worker 1's part
//!    front ->   <- back half goes to thieves
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
//! exactly one worker. A part that is empty changes only by a plain store of its owner (what it stole) or by `reset`.
//! A word may well return to an older value between a thief's load and its exchange. That is harmless: an index means
//! the same work whenever it is taken, and whoever takes it synchronises with the store that made it available.

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
/// assert_eq!(ranges.next(1, 9), Some(4..5)); // and then the back half of what worker 0 has left
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

    /// Takes up to `most` (at least 1) indices for `worker`: from the front of its own part, else from the back of the
    /// fullest other one. None when nothing is left to take; what others have taken may still be running.
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

    /// Moves the back half of the fullest part over to `worker`, whose own part is empty, and takes from it.
    #[cold]
    fn steal(&self, worker: usize, most: u32) -> Option<Range<usize>> {
        loop {
            let (victim, word) = self.fullest(worker)?;
            let (first, end) = unpack(word);
            let middle = first + left(word) / 2;
            // AcqRel: as in `own`. A failed exchange means that somebody else got on; look again.
            if self.parts[victim]
                .compare_exchange(word, pack(first, middle), AcqRel, Relaxed)
                .is_err()
            {
                continue;
            }
            let taken = middle + (end - middle).min(most);
            // Release: thieves of this part see what was written before the reset, through this worker.
            self.parts[worker].store(pack(taken, end), Release);
            return Some(middle as usize..taken as usize);
        }
    }

    /// The part of another worker with most left in it, and its word.
    fn fullest(&self, worker: usize) -> Option<(usize, u64)> {
        let others = (1..self.parts.len()).map(|step| (worker + step) % self.parts.len());
        others
            .map(|other| (other, self.parts[other].load(Relaxed)))
            .filter(|&(_, word)| left(word) > 0)
            .max_by_key(|&(_, word)| left(word))
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
    fn a_thief_takes_the_back_half_of_the_fullest_part() {
        let ranges = Ranges::new(3);
        ranges.reset(30);
        assert_eq!(ranges.next(0, 10), Some(0..10));
        assert_eq!(ranges.next(1, 4), Some(10..14));
        // Worker 2's part 20..30 is the fullest: its back half is 25..30.
        assert_eq!(ranges.next(0, 2), Some(25..27));
        assert_eq!(ranges.next(0, 9), Some(27..30));
        assert_eq!(ranges.next(2, 9), Some(20..25));
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
