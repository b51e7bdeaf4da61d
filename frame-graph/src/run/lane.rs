//! A lane: tasks that one worker at a time runs one after the other, with a plain counter.
//!
//! ```text
//!            claim                        run, publish, run …              finish
//!   free(0) ───────▶ held by one worker ─────────────────────▶ held ───────────────▶ done
//!                         ▲        │ release(cursor): something it needs is not there yet
//!                         └────────┘ claim, by any worker, from the cursor on
//! ```
//!
//! What crosses lanes is one number: **progress**, how many of the lane's tasks are done. A task
//! that needs a task of another lane waits until that lane's progress has passed it. Publishing is
//! one release store, waiting is one acquire load, neither is a read-modify-write; a claim is one
//! compare-exchange and happens once per lane and once more after each release.
//!
//! Nothing is reset between steps. Both words carry the step's **generation**; a word of another
//! generation means "free, at the start" and "nothing done".
//!
//! # Orderings
//!
//! *Progress.* The store of [`Lane::publish`] is Release and pairs with the Acquire load of
//! [`Lane::progress`]: whoever sees that k tasks are done sees what they wrote. Of a lane that
//! changed hands too: the later holder's claim (Acquire) read the earlier holder's release
//! (Release), so its own Release covers what the earlier one did.
//!
//! *Who goes on.* The race to be afraid of: worker A releases lane 1 because lane 2 is not far
//! enough, and finds nothing to do; meanwhile worker B brings lane 2 far enough, finds lane 1 still
//! held, and finds nothing to do either. Both would rest for ever. Each looks once more behind a
//! `SeqCst` fence before it rests (`Member::idle` of `layerw-jobs`), so the one whose fence comes
//! second sees what the other did.

use crossbeam_utils::CachePadded;

use crate::sync::{Acquire, AtomicU64, Relaxed, Release};

/// Words in this crate that carry a generation: generation in the upper half, value in the lower.
pub fn tagged(generation: u32, value: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(value)
}

/// See the module's head.
pub struct Lane {
    /// ```text
    /// bits  0..2   FREE, HELD, DONE
    /// bits  2..32  cursor: the next task to run, while free
    /// bits 32..64  generation
    /// ```
    word: CachePadded<AtomicU64>,
    /// How many tasks are done, tagged.
    progress: CachePadded<AtomicU64>,
}

const FREE: u32 = 0;
const HELD: u32 = 1;
const DONE: u32 = 2;
const STATE_BITS: u32 = 2;

/// Most tasks of a lane: what is left of half a word.
pub const TASKS_MAX: usize = (1 << (32 - STATE_BITS)) - 1;

/// What a lane looks like to somebody who might claim it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// Nobody runs it; this is the next task, and the word to claim it with.
    Free(u32, u64),
    /// Somebody runs it.
    Held,
    /// All its tasks are done.
    Done,
}

impl Lane {
    /// A lane that is free in generation 1 and later.
    pub fn new() -> Lane {
        Lane {
            word: CachePadded::new(AtomicU64::new(0)),
            progress: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// Looks without taking: by the time of the claim it may have changed.
    pub fn state(&self, generation: u32) -> State {
        // Acquire: pairs with `release`, so that what the last holder left behind can be looked at.
        let word = self.word.load(Acquire);
        if (word >> 32) as u32 != generation {
            return State::Free(0, word);
        }
        match word as u32 & ((1 << STATE_BITS) - 1) {
            FREE => State::Free(word as u32 >> STATE_BITS, word),
            DONE => State::Done,
            _ => State::Held,
        }
    }

    /// Takes a lane that looked free. `seen` is the word of [`State::Free`].
    pub fn claim(&self, generation: u32, seen: u64) -> bool {
        let held = tagged(generation, HELD);
        // Acquire: pairs with `release`, so the new holder sees what the tasks before the cursor
        // did. Since the whole word is compared, cursor and generation are still as seen.
        self.word
            .compare_exchange(seen, held, Acquire, Relaxed)
            .is_ok()
    }

    /// Gives the lane up before the task at `cursor`. Only by its holder.
    pub fn release(&self, generation: u32, cursor: u32) {
        // Release: see `claim`.
        self.word
            .store(tagged(generation, cursor << STATE_BITS | FREE), Release);
    }

    /// Says that `count` tasks are done. Only by its holder.
    #[inline(always)]
    pub fn publish(&self, generation: u32, count: u32) {
        // Release: pairs with `progress`.
        self.progress.store(tagged(generation, count), Release);
    }

    /// Says that all tasks, `count`, are done. Only by its holder.
    pub fn finish(&self, generation: u32, count: u32) {
        self.publish(generation, count);
        // Relaxed: nobody reads anything behind "done"; what the tasks did is behind `progress`.
        self.word.store(tagged(generation, DONE), Relaxed);
    }

    /// The tagged number of tasks that are done; of an older generation, none.
    #[inline(always)]
    pub fn progress(&self) -> u64 {
        // Acquire: pairs with `publish`.
        self.progress.load(Acquire)
    }

    /// Forgets all generations, so that the caller may start with 1 again.
    pub fn forget(&mut self) {
        *self = Lane::new();
    }
}

impl Default for Lane {
    fn default() -> Lane {
        Lane::new()
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    fn claim(lane: &Lane, generation: u32) -> Option<u32> {
        match lane.state(generation) {
            State::Free(cursor, seen) => lane.claim(generation, seen).then_some(cursor),
            State::Held | State::Done => None,
        }
    }

    #[test]
    fn a_lane_is_taken_over_where_it_was_left() {
        let lane = Lane::new();
        assert_eq!(claim(&lane, 1), Some(0));
        assert_eq!(claim(&lane, 1), None);
        lane.publish(1, 3);
        lane.release(1, 4);
        assert_eq!(lane.progress(), tagged(1, 3));
        assert_eq!(claim(&lane, 1), Some(4));
        lane.finish(1, 7);
        assert_eq!(lane.state(1), State::Done);
    }

    #[test]
    fn the_next_generation_starts_afresh() {
        let lane = Lane::new();
        assert_eq!(claim(&lane, 1), Some(0));
        lane.finish(1, 7);
        assert!(
            lane.progress() < tagged(2, 1),
            "nothing of generation 2 is done"
        );
        assert_eq!(claim(&lane, 2), Some(0));
    }

    #[test]
    fn a_claim_with_an_old_view_fails() {
        let lane = Lane::new();
        let State::Free(0, seen) = lane.state(1) else {
            panic!("a new lane is free")
        };
        assert_eq!(claim(&lane, 1), Some(0));
        lane.release(1, 2);
        assert!(!lane.claim(1, seen));
    }
}
