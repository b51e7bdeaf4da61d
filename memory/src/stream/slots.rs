//! The slots: what is in each, who may still read it, and which is overwritten next.
//!
//! ```text
//!            take()                    leave()                  drain(retired)
//!   Idle ─────────────▶ Kept ───────────────────▶ Draining ──────────────────────▶ Idle
//!     ▲                  ▲                           │
//!     └──────────────────┴──────── keep() ◀──────────┘            an item that is wanted again before it is overwritten
//! ```
//!
//! *Kept*: the present frame reads it. *Draining*: it does not, but a frame in flight may; a list, ordered by the last frame that reads,
//! because slots join at its end. *Idle*: nobody reads it; a heap, with what is overwritten next on top. Both give up a slot from the
//! middle in O(1) and O(log n), which is why neither is a collection of std.

use super::Want;
use super::index::KeyIndex;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

pub(super) struct Slots {
    slots: Box<[Slot]>,
    /// Slots by the keys of their items.
    index: KeyIndex,
    /// Idle slots; each knows its place in here.
    heap: Vec<u32>,
    drain_first: u32,
    drain_last: u32,
}

#[derive(Clone)]
pub(super) struct Slot {
    /// The item, or none.
    pub key: Option<u64>,
    /// How the item was wanted by the last frame that did.
    pub want: Want,
    /// The last frame that wanted the item, and its place in that frame's list.
    pub wanted: Option<u64>,
    pub place: u32,
    /// The last frame that may read the slot.
    pub read: Option<u64>,
    pub state: State,
    /// Place among the slots given in the frame that gave it to the item.
    pub given: u32,
    /// Whether the bytes are the item's, since the end of that frame.
    pub filled: bool,
    /// The item is wanted, but has to give way: it was not kept in the last frame.
    pub condemned: bool,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum State {
    Kept,
    Draining { before: u32, after: u32 },
    Idle { place: u32 },
}

impl Slots {
    /// Empty slots; those that a frame up to `read` may still see are drained before they are used.
    pub fn new(count: usize, read: Option<u64>) -> Slots {
        let idle = |place| Slot {
            key: None,
            want: Want::distance(f32::INFINITY),
            wanted: None,
            place: 0,
            read,
            state: State::Idle { place },
            given: 0,
            filled: false,
            condemned: false,
        };
        let mut slots = Slots {
            slots: (0..count as u32).map(idle).collect(),
            index: KeyIndex::new(count),
            heap: (0..count as u32).collect(),
            drain_first: NONE,
            drain_last: NONE,
        };
        if read.is_some() {
            slots.heap.clear();
            (0..count as u32).for_each(|slot| slots.leave(slot));
        }
        slots
    }

    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// Slots that nobody reads.
    pub fn idle(&self) -> usize {
        self.heap.len()
    }

    /// Where an item is, if it is anywhere.
    pub fn find(&self, key: u64) -> Option<u32> {
        self.index.get(key)
    }

    pub fn slot(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub fn slot_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    /// The frame reads the slot, whatever it was.
    pub fn keep(&mut self, slot: u32, frame: u64) {
        match self.slot(slot).state {
            State::Kept => {}
            State::Draining { before, after } => self.unlink(before, after),
            State::Idle { place } => self.take_from(place),
        }
        let slot = self.slot_mut(slot);
        (slot.state, slot.read, slot.condemned) = (State::Kept, Some(frame), false);
    }

    /// No frame from now on reads the slot, which none of the lists holds.
    pub fn leave(&mut self, slot: u32) {
        let before = self.drain_last;
        let after = NONE;
        self.slot_mut(slot).state = State::Draining { before, after };
        self.set_after(before, slot);
        self.drain_last = slot;
    }

    /// Makes slots idle whose last reader has retired.
    pub fn drain(&mut self, retired: Option<u64>) {
        while self.drain_first != NONE && self.slot(self.drain_first).read <= retired {
            let slot = self.drain_first;
            if let State::Draining { before, after } = self.slot(slot).state {
                self.unlink(before, after);
            }
            self.make_idle(slot);
        }
    }

    /// Takes the slot that is overwritten next, for an item that is nowhere. Returns the slot and what was in it.
    pub fn take(&mut self, key: u64, frame: u64) -> Option<(u32, Option<u64>)> {
        let slot = *self.heap.first()?;
        let old = self.slot(slot).key;
        if let Some(old) = old {
            self.index.remove(old);
        }
        self.keep(slot, frame);
        self.index.insert(key, slot);
        let taken = self.slot_mut(slot);
        (taken.key, taken.filled) = (Some(key), false);
        Some((slot, old))
    }

    /// Empties a slot that was never filled, so that no frame reads it.
    pub fn abandon(&mut self, slot: u32) {
        if let Some(key) = self.slot_mut(slot).key.take() {
            self.index.remove(key);
        }
        self.make_idle(slot);
    }

    fn make_idle(&mut self, slot: u32) {
        let place = self.heap.len() as u32;
        self.heap.push(slot);
        self.slot_mut(slot).state = State::Idle { place };
        self.rise(place as usize);
    }

    /// What is overwritten first is least: empty slots, then the item that no frame has wanted for longest, then the farthest; in the end
    /// the key decides, so that the order in which slots became idle does not.
    fn order(&self, slot: u32) -> (bool, Option<u64>, std::cmp::Reverse<u32>, u64, u32) {
        let Slot {
            key, read, want, ..
        } = self.slot(slot);
        match key {
            None => (false, None, std::cmp::Reverse(0), 0, slot),
            Some(key) => (true, *read, std::cmp::Reverse(want.rank()), *key, slot),
        }
    }

    fn is_less(&self, a: usize, b: usize) -> bool {
        self.order(self.heap[a]) < self.order(self.heap[b])
    }

    /// Removes the slot at a place of the heap.
    fn take_from(&mut self, place: u32) {
        let place = place as usize;
        let last = self.heap.len() - 1;
        self.swap(place, last);
        self.heap.pop();
        if place < last {
            self.rise(place);
            self.sink(place);
        }
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 && self.is_less(place, (place - 1) / 2) {
            self.swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let mut least = place;
            for child in [left, right] {
                if child < self.heap.len() && self.is_less(child, least) {
                    least = child;
                }
            }
            if least == place {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for place in [a, b] {
            let slot = self.heap[place];
            self.slot_mut(slot).state = State::Idle {
                place: place as u32,
            };
        }
    }

    fn unlink(&mut self, before: u32, after: u32) {
        self.set_after(before, after);
        if after == NONE {
            self.drain_last = before;
        } else if let State::Draining { before: link, .. } = &mut self.slot_mut(after).state {
            *link = before;
        }
    }

    /// What follows a slot of the list, or begins it.
    fn set_after(&mut self, before: u32, slot: u32) {
        if before == NONE {
            self.drain_first = slot;
        } else if let State::Draining { after, .. } = &mut self.slot_mut(before).state {
            *after = slot;
        }
    }
}
