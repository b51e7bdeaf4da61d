//! Which slots are overwritten by which items: one frame's decision, a function of the slots and of what the frame wants.
//!
//! 1. **Cut.** If the frame wants more items than there are slots, the nearest are *admitted*, as many as there are slots. What is there counts as nearer
//!    by the hysteresis, so that two items of nearly the same distance do not take turns. What is not admitted is not fetched: it would be
//!    overwritten before it is of use.
//! 2. **Keep.** Wanted items that are there are kept, those beyond the cut too, as long as nobody can use their slots yet. If the requests of the next
//!    few frames need more slots than unwanted items leave, the farthest beyond the cut are *condemned*: this frame does not read them, so
//!    that their slots become idle when earlier frames retire.
//! 3. **Serve.** The nearest admitted items that are not there get idle slots, as many as one frame may overwrite. Idle slots hold nothing, or items
//!    that no frame wants, or condemned ones: all farther than what is admitted. So a nearer item overwrites a farther one, never the
//!    reverse.
//! 4. **Wait.** Who finds no idle slot waits; every frame tries again.
//!
//! All orders are total (distance, then key), so the result does not depend on the order in which items were wanted. Cost: O(wanted) for cut and
//! keep, by selection instead of sorting; O(log slots) for each slot that changes hands.

use std::cmp::Ordering;

use super::Want;
use super::log::Overwrite;
use super::slots::{NONE, Slots, State};

/// An item of this frame's list.
#[derive(Copy, Clone, Debug)]
pub(super) struct Wanted {
    pub key: u64,
    pub want: Want,
    /// Where it is, or [`NONE`].
    pub slot: u32,
    pub fate: Fate,
    /// Whether this frame gave it its slot.
    pub given: bool,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Admitted,
    Beyond,
    Condemned,
}

/// What a decision is made with beside slots and wants. All of it keeps its memory from frame to frame.
pub(super) struct Desk {
    /// Wants by number, for selections.
    order: Vec<Ranked>,
    /// Slots that the last frame reads.
    kept: Vec<u32>,
    waiting: Vec<Waiting>,
    waiting_before: Vec<Waiting>,
}

/// A want by its number. The rank is looked up once: a selection compares many times, and wants and slots are far apart in memory.
#[derive(Copy, Clone, Debug)]
struct Ranked {
    rank: u32,
    number: u32,
}

impl Ranked {
    /// By distance, then by key.
    fn cmp(&self, other: &Ranked, wants: &[Wanted]) -> Ordering {
        let key = |ranked: &Ranked| wants[ranked.number as usize].key;
        let ranks = self.rank.cmp(&other.rank);
        ranks.then_with(|| key(self).cmp(&key(other)))
    }
}

/// A request without a slot.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Waiting {
    pub key: u64,
    /// Earlier frames in which it waited, without a break.
    pub frames: u64,
}

/// The parameters of a decision.
pub(super) struct Terms {
    pub frame: u64,
    pub retired: Option<u64>,
    /// Frames begun and not retired, this one included.
    pub in_flight: usize,
    pub overwrites_max: usize,
    /// 1 + hysteresis.
    pub factor: f32,
    pub bytes: u64,
}

impl Desk {
    pub fn new(slots: usize, wants_max: usize, overwrites_max: usize) -> Desk {
        let most = overwrites_max.min(wants_max);
        Desk {
            order: Vec::with_capacity(wants_max),
            kept: Vec::with_capacity(slots),
            waiting: Vec::with_capacity(most),
            waiting_before: Vec::with_capacity(most),
        }
    }

    /// Decides; calls `overwrite` for every slot that changes hands.
    pub fn decide(
        &mut self,
        terms: &Terms,
        slots: &mut Slots,
        wants: &mut [Wanted],
        mut overwrite: impl FnMut(Overwrite),
    ) {
        self.cut(terms, slots, wants);
        self.keep(terms, slots, wants);
        slots.drain(terms.retired);
        self.choose(terms, slots, wants);
        std::mem::swap(&mut self.waiting, &mut self.waiting_before);
        self.waiting.clear();
        let mut given = 0;
        for &Ranked { number, .. } in &self.order {
            let Wanted { key, want, .. } = wants[number as usize];
            let Some((slot, old)) = slots.take(key, terms.frame) else {
                self.waiting.push(Waiting { key, frames: 0 });
                continue;
            };
            self.kept.push(slot);
            let taken = slots.slot_mut(slot);
            let old_wanted = (old.is_some() && taken.wanted == Some(terms.frame))
                .then(|| &mut wants[taken.place as usize]);
            let old_reach = old_wanted.map(|old| {
                old.slot = NONE;
                old.want.reach()
            });
            (taken.want, taken.wanted, taken.place) = (want, Some(terms.frame), number);
            taken.given = given;
            given += 1;
            let wanted = &mut wants[number as usize];
            (wanted.slot, wanted.given) = (slot, true);
            overwrite(Overwrite {
                frame: terms.frame,
                slot,
                old,
                old_reach,
                new: key,
                new_reach: want.reach(),
                bytes: terms.bytes,
            });
        }
        self.count_waiting();
    }

    /// Requests that found no slot in the last decision, in order of key.
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// The one that has waited longest; of several, that with the lowest key.
    pub fn longest_waiting(&self) -> Option<Waiting> {
        let longest = |best: Waiting, next: Waiting| {
            if next.frames > best.frames {
                next
            } else {
                best
            }
        };
        self.waiting.iter().copied().reduce(longest)
    }

    fn cut(&mut self, terms: &Terms, slots: &Slots, wants: &mut [Wanted]) {
        let room = slots.count();
        if wants.len() <= room {
            return;
        }
        let rank = |wanted: &Wanted| {
            // What is condemned has lost its bonus: it takes as much to come back as it took to go.
            let is_held = wanted.slot != NONE && !slots.slot(wanted.slot).condemned;
            if is_held {
                wanted.want.rank_held(terms.factor)
            } else {
                wanted.want.rank()
            }
        };
        let ranked = |(number, wanted): (u32, &Wanted)| Ranked {
            rank: rank(wanted),
            number,
        };
        self.order.clear();
        self.order.extend((0..).zip(&*wants).map(ranked));
        self.order
            .select_nth_unstable_by(room, |a, b| a.cmp(b, wants));
        let mut missing = 0;
        for &Ranked { number, .. } in &self.order[..room] {
            missing += usize::from(wants[number as usize].slot == NONE);
        }
        self.order.drain(..room);
        for &Ranked { number, .. } in &self.order {
            wants[number as usize].fate = Fate::Beyond;
        }
        self.order
            .retain(|ranked| wants[ranked.number as usize].slot != NONE);
        // As many as can be overwritten until this frame has retired.
        let wanted_soon = missing.min(terms.overwrites_max.saturating_mul(terms.in_flight));
        let unwanted = missing - self.order.len().min(missing);
        let condemned = wanted_soon.saturating_sub(unwanted).min(self.order.len());
        if condemned == 0 {
            return;
        }
        let from = self.order.len() - condemned;
        self.order
            .select_nth_unstable_by(from, |a, b| a.cmp(b, wants));
        for &Ranked { number, .. } in &self.order[from..] {
            wants[number as usize].fate = Fate::Condemned;
        }
    }

    fn keep(&mut self, terms: &Terms, slots: &mut Slots, wants: &[Wanted]) {
        for &number in &self.kept {
            let slot = slots.slot_mut(number);
            let is_wanted = slot.wanted == Some(terms.frame);
            slot.condemned = is_wanted && wants[slot.place as usize].fate == Fate::Condemned;
            // What was never filled is idle already.
            if slot.state == State::Kept && (slot.condemned || !is_wanted) {
                slots.leave(number);
            }
        }
        self.kept.clear();
        for wanted in wants.iter().filter(|wanted| wanted.slot != NONE) {
            if wanted.fate == Fate::Condemned {
                slots.slot_mut(wanted.slot).condemned = true;
            } else {
                slots.keep(wanted.slot, terms.frame);
                slots.slot_mut(wanted.slot).want = wanted.want;
                self.kept.push(wanted.slot);
            }
        }
    }

    /// The requests to serve, nearest first.
    fn choose(&mut self, terms: &Terms, slots: &Slots, wants: &[Wanted]) {
        // Where nothing but pinned items fits, all others wait, so that it does not go unnoticed.
        let pinned = wants.iter().filter(|wanted| wanted.want.is_pinned());
        let is_full = pinned.count() >= slots.count();
        let is_request =
            |wanted: &Wanted| wanted.slot == NONE && (is_full || wanted.fate == Fate::Admitted);
        let requests = (0..).zip(wants).filter(|(_, wanted)| is_request(wanted));
        let ranked = |(number, wanted): (u32, &Wanted)| Ranked {
            rank: wanted.want.rank(),
            number,
        };
        self.order.clear();
        self.order.extend(requests.map(ranked));
        let by_rank = |a: &Ranked, b: &Ranked| a.cmp(b, wants);
        if self.order.len() > terms.overwrites_max {
            self.order
                .select_nth_unstable_by(terms.overwrites_max, by_rank);
            self.order.truncate(terms.overwrites_max);
        }
        self.order.sort_unstable_by(by_rank);
    }

    fn count_waiting(&mut self) {
        self.waiting.sort_unstable_by_key(|waiting| waiting.key);
        for waiting in &mut self.waiting {
            let before = self
                .waiting_before
                .binary_search_by_key(&waiting.key, |before| before.key);
            waiting.frames = before.map_or(0, |place| self.waiting_before[place].frames + 1);
        }
    }
}
