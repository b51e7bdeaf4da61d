//! One mechanism at a time.

use std::sync::Arc;

use loom::thread;

use super::explore;
use crate::board::{Entry, Seats};
use crate::latch::{Latch, Thief};
use crate::ranges::Ranges;
use crate::sleep::{Nap, Parker, Sleep};
use crate::sync::{AtomicU32, Relaxed, SeqCst, UnsafeCell, fence};
use crate::window::Window;

/// A cell that several threads of a model use; loom checks that they never do at the same time.
struct Watched<T>(UnsafeCell<T>);
// SAFETY: loom runs one thread at a time and reports accesses that are not ordered.
unsafe impl<T> Sync for Watched<T> {}
// SAFETY: as above.
unsafe impl<T> Send for Watched<T> {}

impl<T: Copy> Watched<T> {
    fn new(value: T) -> Self {
        Watched(UnsafeCell::new(value))
    }

    fn get(&self) -> T {
        // SAFETY: see `Watched`.
        self.0.with(|value| unsafe { *value })
    }

    fn set(&self, to: T) {
        // SAFETY: see `Watched`.
        self.0.with_mut(|value| unsafe { *value = to });
    }
}

#[test]
fn shares_hand_out_each_index_once_and_publish_what_came_before() {
    explore(3, || {
        let ranges = Arc::new((Ranges::new(2), Watched::new(0)));
        let take = |worker, most| {
            let ranges = ranges.clone();
            move || {
                let mut taken = Vec::new();
                while let Some(range) = ranges.0.next(worker, most) {
                    assert_eq!(
                        ranges.1.get(),
                        7,
                        "what was written before the reset is seen"
                    );
                    taken.extend(range);
                }
                taken
            }
        };
        let thief = thread::spawn(take(1, 1));
        ranges.1.set(7);
        ranges.0.reset(5);
        let mut all = take(0, 2)();
        all.extend(thief.join().unwrap());
        // The thief may have come before the reset and gone; what is left then is the owner's.
        all.extend(take(1, 1)());
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn two_thieves_of_one_share() {
    explore(2, || {
        let ranges = Arc::new(Ranges::new(3));
        ranges.reset(4);
        let take = |worker| {
            let ranges = ranges.clone();
            move || {
                let mut taken = Vec::new();
                while let Some(range) = ranges.next(worker, 2) {
                    taken.extend(range);
                }
                taken
            }
        };
        let thieves = [thread::spawn(take(1)), thread::spawn(take(2))];
        let mut all = take(0)();
        all.extend(thieves.into_iter().flat_map(|thief| thief.join().unwrap()));
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3]);
    });
}

/// A slot's door with work behind it: what the owner wrote, what helpers did, and the owner's bed.
struct Door {
    seats: Seats,
    parker: Parker,
    work: Watched<u32>,
    done: AtomicU32,
}

impl Door {
    fn new() -> Arc<Door> {
        let door = Door {
            seats: Seats::new(),
            parker: Parker::new(),
            work: Watched::new(0),
            done: AtomicU32::new(0),
        };
        door.parker.adopt();
        Arc::new(door)
    }

    /// What `Local::help` does.
    fn help(&self) {
        match self.seats.enter() {
            Entry::Inside { .. } => {
                self.done.fetch_add(self.work.get(), Relaxed);
                if self.seats.leave() {
                    self.parker.wake();
                }
            }
            Entry::Refused { wake_owner } => {
                if wake_owner {
                    self.parker.wake();
                }
            }
        }
    }

    /// What `Local::post` does.
    fn post(&self, work: u32) {
        self.work.set(work);
        self.seats.open(1);
        self.seats.shut();
        while !self.seats.is_empty() {
            self.parker
                .lie(Nap::Waiting, None, || self.seats.owner_waits());
            self.seats.owner_rises();
        }
        // Nobody is inside: the owner may do with the work what it likes.
        self.work.set(1_000);
    }
}

#[test]
fn helpers_are_inside_only_while_the_work_is_there() {
    explore(3, || {
        let door = Door::new();
        let helper = {
            let door = door.clone();
            thread::spawn(move || {
                door.help();
                door.help();
            })
        };
        door.post(1);
        door.post(10);
        helper.join().unwrap();
        let done = door.done.load(Relaxed);
        assert!(
            [0, 1, 2, 10, 11, 20].contains(&done),
            "work that was not open was helped with"
        );
    });
}

#[test]
fn two_helpers_and_one_seat() {
    explore(2, || {
        let door = Door::new();
        let helpers = [0, 1].map(|_| {
            let door = door.clone();
            thread::spawn(move || door.help())
        });
        door.post(1);
        helpers
            .into_iter()
            .for_each(|helper| helper.join().unwrap());
        assert!(door.done.load(Relaxed) <= 2);
    });
}

#[test]
fn a_sleeper_never_misses_what_was_posted() {
    explore(3, || {
        let posted = Arc::new((AtomicU32::new(0), Parker::new(), Sleep::new()));
        // Not on the main thread: loom's `join` there trips over a token that was left behind.
        let sleeper = {
            let posted = posted.clone();
            thread::spawn(move || {
                let (hints, parker, sleep) = &*posted;
                parker.adopt();
                sleep.start_looking();
                // What `Local::run` does. A wake-up that is lost ends as a deadlock.
                loop {
                    let seen = hints.load(Relaxed);
                    if seen == 3 {
                        break;
                    }
                    sleep.start_resting();
                    parker.lie(Nap::Idle, None, || hints.load(Relaxed) == seen);
                    sleep.rise();
                }
            })
        };
        let post = |bit| {
            let posted = posted.clone();
            move || {
                let (hints, parker, sleep) = &*posted;
                hints.fetch_or(bit, Relaxed);
                // What `Pool::call` does for work that is worth it.
                let (_, resting) = sleep.settle();
                if resting > 0 {
                    parker.call(|_| true);
                }
            }
        };
        let other = thread::spawn(post(1));
        post(2)();
        other.join().unwrap();
        sleeper.join().unwrap();
    });
}

#[test]
fn a_member_that_leaves_is_seen_or_sees() {
    explore(3, || {
        // Hint and readiness; `notify` must find the hint down, or `leaves` must find something ready.
        let team = Arc::new((AtomicU32::new(1), AtomicU32::new(0), Sleep::new()));
        let (hint, ready, sleep) = &*team;
        let notifier = {
            let team = team.clone();
            thread::spawn(move || {
                let (hint, ready, sleep) = &*team;
                ready.store(1, Relaxed);
                let (looking, resting) = sleep.settle();
                if looking + resting > 0 && hint.load(Relaxed) == 0 {
                    hint.fetch_or(1, Relaxed);
                }
            })
        };
        sleep.start_looking();
        hint.fetch_and(0, Relaxed);
        fence(SeqCst);
        let stays = ready.load(Relaxed) == 1;
        notifier.join().unwrap();
        assert!(
            stays || hint.load(Relaxed) == 1,
            "left, and nobody called it back"
        );
    });
}

/// A stack with its window, as a join uses it: an entry is used again when its thief has ended.
#[test]
fn a_stack_loses_no_job_and_gives_none_away_twice() {
    explore(3, || {
        struct Stack {
            window: Window,
            entries: [Watched<u32>; 2],
        }
        let stack = Arc::new(Stack {
            window: Window::new(),
            entries: [Watched::new(0), Watched::new(0)],
        });
        let thief = {
            let stack = stack.clone();
            thread::spawn(move || {
                let mut taken = 0;
                for _ in 0..2 {
                    let seen = stack.window.view();
                    if seen.len() > 0 && stack.window.claim(seen, 1, 1) {
                        taken += stack.entries[seen.lo() as usize].get();
                        stack.window.untag(1);
                    }
                }
                taken
            })
        };
        let mut own = 0;
        // Jobs 1 and 10 are shared, taken back if still there.
        stack.entries[0].set(1);
        stack.entries[1].set(10);
        stack.window.publish(2);
        if stack.window.retract(1) == 1 {
            own += stack.entries[1].get();
        }
        if stack.window.retract(1) == 1 {
            own += stack.entries[0].get();
        }
        // When all have been read the array is used again from the bottom.
        let mut all = 11;
        if stack.window.is_settled() {
            stack.window.place(0, 0);
            stack.entries[0].set(100);
            stack.window.publish(1);
            all = 111;
            if stack.window.retract(1) == 1 {
                own += stack.entries[0].get();
            }
        }
        assert_eq!(own + thief.join().unwrap(), all);
    });
}

#[test]
fn a_latch_publishes_the_result_and_wakes_its_owner() {
    explore(3, || {
        let job = Arc::new((Latch::new(), Watched::new(0), Parker::new()));
        job.2.adopt();
        let thief = {
            let job = job.clone();
            thread::spawn(move || {
                let (latch, result, parker) = &*job;
                latch.take(Thief { worker: 3, tag: 9 });
                result.set(42);
                if latch.set() {
                    parker.wake();
                }
            })
        };
        let (latch, result, parker) = &*job;
        while !latch.is_set() {
            assert!(
                latch
                    .thief()
                    .is_none_or(|thief| thief == Thief { worker: 3, tag: 9 })
            );
            parker.lie(Nap::Waiting, None, || latch.owner_waits());
        }
        assert_eq!(result.get(), 42);
        thief.join().unwrap();
    });
}
