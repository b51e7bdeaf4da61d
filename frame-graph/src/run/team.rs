//! A step on several workers: lanes, and open row groups.
//!
//! Every member of the team does the same: take a lane and run it until it ends or needs something
//! that is not there; else help an open row group; else idle. What it prefers, in order: the pinned
//! lane (worker 0), the lanes planned for it, open groups, lanes of others. Any number of members
//! gets the step done, one included.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_utils::CachePadded;
use layerw_jobs::Member;
use layerw_trace::now_ns;

use super::Work;
use super::balance::{Need, Schedule, Slot, Strip};
use super::costs::{Notes, is_turn};
use super::failure::Spot;
use super::lane::{Lane, State, tagged};
use super::rows::{Rooms, Rows};
use super::shape::TaskShape;
use super::step::Step;
use crate::sync::{AcqRel, Acquire, AtomicU32, AtomicU64, Relaxed};

/// How long a worker waits for another lane before it looks for other work, in ns. A good schedule
/// has shorter waits, and what else there is to do takes longer.
const WAIT_NS: u64 = 3_000;
/// Spin hints between two looks at what is waited for.
const HINTS: u32 = 4;

/// A cache line pair of [`Lanes::seen`].
type SeenLine = CachePadded<[AtomicU64; SEEN_PER_LINE]>;
const SEEN_PER_LINE: usize = 16;

/// The atomics of all lanes. Nothing but `left` is reset: words are tagged with a generation.
pub(super) struct Lanes {
    lanes: Box<[Lane]>,
    rooms: Rooms,
    /// For each worker, the progress it has seen of each lane: spares looks at the other's line.
    /// Written by that worker only, and padded so that no other shares a cache line with it.
    seen: Box<[Box<[SeenLine]>]>,
    /// Lanes that are not done.
    left: CachePadded<AtomicU32>,
    generation: u32,
}

impl Lanes {
    pub(super) fn new(lanes: usize, workers: usize) -> Lanes {
        Lanes {
            lanes: (0..lanes).map(|_| Lane::new()).collect(),
            rooms: Rooms::new(lanes),
            seen: (0..workers).map(|_| seen_lines(lanes)).collect(),
            left: CachePadded::new(AtomicU32::new(0)),
            generation: 0,
        }
    }

    /// Begins a step over that many lanes: all are free and nothing is done. Returns the step's
    /// generation. When generations have run out, after 2³² steps, forgets all of them, also in
    /// `rows`.
    pub(super) fn begin(&mut self, lanes: usize, rows: &mut [Rows]) -> u32 {
        self.left = CachePadded::new(AtomicU32::new(lanes as u32));
        if self.generation == u32::MAX {
            self.lanes.iter_mut().for_each(Lane::forget);
            self.rooms.forget();
            let seen = self.seen.iter().flatten().flat_map(|line| line.iter());
            seen.for_each(|seen| seen.store(0, Relaxed));
            rows.iter_mut().for_each(Rows::forget);
            self.generation = 0;
        }
        self.generation += 1;
        self.generation
    }

    /// Pretends that only so many generations are left.
    #[cfg(all(test, not(feature = "loom")))]
    pub(super) fn wear_out(&mut self, left: u32) {
        self.generation = u32::MAX - left;
    }
}

fn seen_lines(lanes: usize) -> Box<[SeenLine]> {
    let line = || CachePadded::new(std::array::from_fn(|_| AtomicU64::new(0)));
    (0..lanes.div_ceil(SEEN_PER_LINE)).map(|_| line()).collect()
}

/// What a member shares with the others.
pub(super) struct Team<'a, W: ?Sized> {
    pub step: &'a Step<'a, W>,
    pub schedule: &'a Schedule,
    pub lanes: &'a Lanes,
    pub notes: &'a Notes,
    pub generation: u32,
}

impl<W: Work + ?Sized> Team<'_, W> {
    /// Takes part in the step until it is over or the worker had better rest.
    pub(super) fn join(&self, member: &Member<'_>) {
        let spot = Spot::new();
        let this = MemberOf {
            team: self,
            member,
            worker: member.worker(),
            spot: &spot,
            hint: Cell::new(None),
        };
        // Unwind safety: as in `alone`.
        let caught = catch_unwind(AssertUnwindSafe(|| this.take_part()));
        if let Err(payload) = caught {
            self.step
                .blame
                .report(&spot, payload, &self.step.shape.places);
            member.wake_owner();
        }
    }

    fn is_over(&self) -> bool {
        // Acquire: pairs with the AcqRel of `finish_lane`: who sees the end sees what was done.
        self.lanes.left.load(Acquire) == 0 || self.step.blame.is_stopped()
    }
}

/// Something to do.
#[derive(Copy, Clone)]
enum Find {
    /// A free lane whose next task may start: lane, cursor, and the word to claim it with.
    Lane(u32, u32, u64),
    /// A group that is or was open at a lane.
    Rows(u32, u32),
}

/// One worker in the team.
struct MemberOf<'a, W: ?Sized> {
    team: &'a Team<'a, W>,
    member: &'a Member<'a>,
    worker: usize,
    spot: &'a Spot,
    /// The lane that the last one waits for: without it nothing goes on, so it comes first.
    hint: Cell<Option<u32>>,
}

impl<W: Work + ?Sized> MemberOf<'_, W> {
    fn take_part(&self) {
        while !self.team.is_over() {
            match self.find() {
                Some(Find::Lane(lane, cursor, seen)) => {
                    if self.lane(lane).claim(self.team.generation, seen) {
                        self.run_lane(lane, cursor);
                    }
                }
                Some(Find::Rows(lane, group)) => self.help_rows(lane, group),
                None => {
                    if !self
                        .member
                        .idle(|| self.team.is_over() || self.find().is_some())
                    {
                        return;
                    }
                }
            }
        }
    }

    /// The first thing to do in the order of preference.
    fn find(&self) -> Option<Find> {
        let schedule = self.team.schedule;
        let pinned = schedule.pinned.filter(|_| self.worker == 0);
        let home = schedule.homes.get(self.worker).copied().unwrap_or((0, 0));
        let shared = schedule.homes.last().map_or(0, |home| home.1);
        let hint = self
            .hint
            .take()
            .filter(|&lane| schedule.pinned != Some(lane));
        (pinned.into_iter().chain(hint).chain(home.0..home.1))
            .find_map(|lane| self.look_at(lane))
            .or_else(|| (0..shared).find_map(|lane| self.open_rows(lane)))
            .or_else(|| {
                (home.1..shared)
                    .chain(0..home.0)
                    .find_map(|lane| self.look_at(lane))
            })
    }

    /// The lane if it is free and its next task may start.
    fn look_at(&self, lane: u32) -> Option<Find> {
        let State::Free(cursor, seen) = self.lane(lane).state(self.team.generation) else {
            return None;
        };
        let slot = self.slots(lane).get(cursor as usize)?;
        let starts = match slot.shape {
            TaskShape::Rows(group)
                if self.step().rows[group as usize].is_open(self.team.generation) =>
            {
                self.step().rows[group as usize].is_done()
            }
            _ => self.needs(slot).iter().all(|need| self.is_met(need)),
        };
        starts.then_some(Find::Lane(lane, cursor, seen))
    }

    fn open_rows(&self, lane: u32) -> Option<Find> {
        let group = self
            .team
            .lanes
            .rooms
            .group(lane as usize, self.team.generation)?;
        Some(Find::Rows(lane, group))
    }

    /// Runs a lane that this worker has claimed, from the cursor to the end or to where it has to
    /// be released. After a panic elsewhere it is left as it is.
    fn run_lane(&self, lane: u32, cursor: u32) {
        let slots = self.slots(lane);
        let generation = self.team.generation;
        let first = self.team.schedule.lanes[lane as usize].first;
        for (slot, cursor) in slots[cursor as usize..].iter().zip(cursor..) {
            if self.step().blame.is_stopped() {
                return;
            }
            if !self.wait_for(slot) || !self.run_slot(lane, (first + cursor) as usize, slot) {
                return self.lane(lane).release(generation, cursor);
            }
            if slot.publish {
                self.publish(lane, cursor + 1, slot);
            }
        }
        self.lane(lane).finish(generation, slots.len() as u32);
        // AcqRel: see `is_over`; each lane's end is seen by who sees the last one's.
        if self.team.lanes.left.fetch_sub(1, AcqRel) == 1 {
            self.member.wake_owner();
        }
    }

    fn publish(&self, lane: u32, count: u32, slot: &Slot) {
        self.lane(lane).publish(self.team.generation, count);
        if slot.calls > 0 {
            self.member.notify(slot.calls as usize);
        }
        if slot.wakes_owner && self.worker != 0 {
            self.member.wake_owner();
        }
    }

    /// Runs the task at a place of the schedule. False if it is a row group that others are still
    /// at work on.
    #[inline(always)]
    fn run_slot(&self, lane: u32, place: usize, slot: &Slot) -> bool {
        let timed = is_turn(self.step().number, place, slot.sample_mask);
        let spent = match slot.shape {
            TaskShape::Node(node) | TaskShape::Pinned(node) => {
                self.step().run_node(node, self.worker, self.spot, timed)
            }
            TaskShape::Rows(group) => match self.run_rows(lane, group, timed) {
                Some(spent) => spent,
                None => return false,
            },
        };
        if let Some(spent) = spent {
            self.team.notes.add(place, spent);
        }
        true
    }

    /// Runs a row group. None if others are still at work on it, else what it took if that was
    /// asked for.
    fn run_rows(&self, lane: u32, group: u32, timed: bool) -> Option<Option<u64>> {
        let (step, generation) = (self.step(), self.team.generation);
        let rows = &step.rows[group as usize];
        if !rows.is_open(generation) {
            let chunks = step.chunks(group, self.spot);
            if !rows.is_worth_spreading(chunks) && step.seed.is_none() {
                return Some(step.run_rows(group, chunks, self.worker, self.spot, timed));
            }
            rows.open(generation, chunks, step.seed);
            self.team.lanes.rooms.show(lane as usize, generation, group);
            self.call_helpers(rows.predict_ns(chunks), chunks);
            self.help_rows(lane, group);
        }
        rows.is_done().then(|| Some(rows.close()).filter(|_| timed))
    }

    /// Calls as many members as can be of use before one worker alone would be done.
    fn call_helpers(&self, predicted_ns: Option<f32>, chunks: usize) {
        let wake_ns = self.member.wake_ns() as f32;
        let useful = predicted_ns.map_or(chunks, |predicted| (predicted / wake_ns) as usize);
        if useful > 1 {
            self.member.notify(useful.min(chunks) - 1);
        }
    }

    /// Takes chunks of an open group until there are none.
    fn help_rows(&self, lane: u32, group: u32) {
        let step = self.step();
        let stopped = || step.blame.is_stopped();
        let run = |chunk| step.run_chunk(group, chunk, self.worker, self.spot);
        step.rows[group as usize].work(self.worker, stopped, run);
        self.team
            .lanes
            .rooms
            .hide(lane as usize, self.team.generation, group);
    }

    /// Waits until a task may start. False if that takes long, or if nobody is working on what it
    /// needs: then this worker should.
    #[inline(always)]
    fn wait_for(&self, slot: &Slot) -> bool {
        self.needs(slot)
            .iter()
            .all(|need| self.is_met(need) || self.wait(need))
    }

    #[cold]
    fn wait(&self, need: &Need) -> bool {
        let until = now_ns() + WAIT_NS;
        loop {
            if self.lane(need.lane).state(self.team.generation) != State::Held {
                // Either it has just got there, or it waits to be taken.
                self.hint.set(Some(need.lane));
                return self.is_met(need);
            }
            (0..HINTS).for_each(|_| std::hint::spin_loop());
            if self.is_met(need) {
                return true;
            }
            if self.step().blame.is_stopped() || now_ns() >= until {
                return false;
            }
        }
    }

    #[inline(always)]
    fn is_met(&self, need: &Need) -> bool {
        let wanted = tagged(self.team.generation, need.count);
        let lane = need.lane as usize;
        let seen = &self.team.lanes.seen[self.worker][lane / SEEN_PER_LINE][lane % SEEN_PER_LINE];
        // Relaxed: this worker wrote it, behind an Acquire look at the lane's progress.
        if seen.load(Relaxed) >= wanted {
            return true;
        }
        let progress = self.lane(need.lane).progress();
        seen.store(progress, Relaxed);
        progress >= wanted
    }

    fn step(&self) -> &Step<'_, W> {
        self.team.step
    }

    fn lane(&self, lane: u32) -> &Lane {
        &self.team.lanes.lanes[lane as usize]
    }

    fn slots(&self, lane: u32) -> &[Slot] {
        let Strip { first, end } = self.team.schedule.lanes[lane as usize];
        &self.team.schedule.slots[first as usize..end as usize]
    }

    fn needs(&self, slot: &Slot) -> &[Need] {
        &self.team.schedule.needs[slot.needs.0 as usize..slot.needs.1 as usize]
    }
}
