//! Which point keeps which old block where. Pure bookkeeping under one lock; it touches no block.
//!
//! ```text
//!   points, oldest first     p1 ──> versions that were saved for it      p2 ──> …
//!   heads, by block          newest version ──older──> … ──older──> oldest
//! ```
//!
//! A version is saved for the newest point of its time and serves that point and all earlier ones back to the next version of the block. So a point reads
//! the oldest version that is not older than itself, and when a point goes, its versions move to the point before it unless that one has a
//! version of the same block.
//!
//! **When the pool runs out for somebody else**, runs of pages without a version go back first ([`Rung::Recycle`]), then, one by one, the oldest points
//! ([`Rung::Degrade`]) until a run is without. The newest point that is held stays, since someone may be saving for it.

use std::collections::VecDeque;

use bytemuck::Zeroable;

use super::{HistoryStats, Lost, PAGE_BLOCKS};
use crate::sync::{Arc, Mutex};
use crate::{Arena, BLOCK, MemoryError, Need, Owner, PAGE, PageRun, Pool, Registration, Rung};

/// No version. Others are the number of a block of the Scene pool, plus 1: so zeros, which come lazily from the host, mean nothing yet.
pub(super) const NONE: u32 = 0;

/// Instead of the serial of a point: the place is free. Serials never get as far.
const FREE: u64 = u64::MAX;

/// Instead of the serial of a point: the place is about to go back to the pool with its run.
const GOING: u64 = u64::MAX - 1;

/// Who holds the pages of old blocks: the region of that name, if the configuration has one.
const OWNER: &str = "rewind";

/// Pages that are taken at once, where there are so many.
const TAKEN: u32 = 16;

/// The block of the Scene pool where a version is stored.
pub(super) fn block_of(place: u32) -> u32 {
    place - 1
}

/// An old block.
#[derive(Copy, Clone, Debug, Zeroable)]
struct Version {
    /// Of the point that it was saved for, or [`FREE`].
    serial: u64,
    /// Where it was.
    block: u32,
    /// The next older and newer version of the block.
    older: u32,
    newer: u32,
    /// The next one of the same point, or the next free one.
    next: u32,
}

#[derive(Debug)]
struct PointRecord {
    serial: u64,
    /// Its first version.
    first: u32,
    /// Whether its holder let it go; the newest ones stay a while then, because someone may be saving for them.
    released: bool,
    /// Whether a version is missing.
    lost: bool,
}

#[derive(Debug)]
pub(super) struct Books {
    owner: Option<Owner>,
    /// What the pool calls when it runs out.
    registered: Vec<Registration>,
    /// Pages that may be taken.
    budget: u32,
    taken: u32,
    runs: Vec<PageRun>,
    versions: Vec<Version>,
    /// The newest version, by block of the Logic pool.
    heads: Vec<u32>,
    /// The first free place.
    free: u32,
    points: VecDeque<PointRecord>,
    /// The newest serial ever.
    serial: u64,
    marks: usize,
    used: u64,
    peak: u64,
    dropped: u64,
}

impl Books {
    pub(super) fn new(budget_bytes: u64) -> Books {
        Books {
            owner: None,
            registered: Vec::new(),
            budget: (budget_bytes / PAGE as u64) as u32,
            taken: 0,
            runs: Vec::new(),
            versions: Vec::new(),
            heads: Vec::new(),
            free: NONE,
            points: VecDeque::new(),
            serial: 0,
            marks: 0,
            used: 0,
            peak: 0,
            dropped: 0,
        }
    }

    pub(super) fn set_budget(&mut self, bytes: u64) {
        self.budget = (bytes / PAGE as u64) as u32;
    }

    /// Gets ready to keep points of an arena. These are the books behind `shared`, through which the pool reaches them.
    pub(super) fn open(
        &mut self,
        arena: &Arena,
        shared: &Arc<Mutex<Books>>,
    ) -> Result<(), MemoryError> {
        let scene = arena.scene();
        if self.owner.is_none() && scene.pages() > 0 {
            let owner = match scene.promised(OWNER) {
                Some(promised) => promised,
                None => scene.owner(OWNER, scene.bytes())?,
            };
            self.owner = Some(owner);
            for rung in [Rung::Recycle, Rung::Degrade] {
                let books = shared.clone();
                let relieve = move |pool: &Pool, need| {
                    // Not `lock`: these books, too, ask the pool for pages under it, and then help themselves.
                    if let Ok(mut books) = books.try_lock() {
                        books.relieve(rung, pool, need);
                    }
                };
                self.registered
                    .push(scene.on_pressure(owner, rung, relieve));
            }
            self.runs.reserve((self.budget / TAKEN) as usize + 1);
        }
        if self.heads.is_empty() {
            self.heads = vec![NONE; (arena.logic().pages() * PAGE_BLOCKS) as usize];
            self.versions = bytemuck::zeroed_vec((scene.pages() * PAGE_BLOCKS) as usize + 1);
        }
        Ok(())
    }

    /// Gives everything back, once no point is left.
    pub(super) fn close(&mut self, scene: &Pool) {
        self.registered.clear();
        if let Some(owner) = self.owner.take() {
            for run in self.runs.drain(..) {
                scene.release(owner, run);
            }
            scene.retire(owner);
        }
        self.points.clear();
        (self.free, self.taken, self.used) = (NONE, 0, 0);
    }

    pub(super) fn keep(&mut self) -> u64 {
        self.serial += 1;
        self.points.push_back(PointRecord {
            serial: self.serial,
            first: NONE,
            released: false,
            lost: false,
        });
        self.serial
    }

    pub(super) fn mark(&mut self) -> u64 {
        self.marks += 1;
        self.serial += 1;
        self.serial
    }

    pub(super) fn forget(&mut self) {
        self.marks -= 1;
    }

    pub(super) fn marks(&self) -> usize {
        self.marks
    }

    pub(super) fn holds(&self, serial: u64) -> bool {
        self.index(serial).is_ok()
    }

    /// The serial of the newest point that is held.
    pub(super) fn saving(&self) -> u64 {
        let held = self.points.iter().rev().find(|point| !point.released);
        held.map_or(0, |point| point.serial)
    }

    pub(super) fn stats(&self) -> HistoryStats {
        let bytes = |count: u64| count * BLOCK as u64;
        HistoryStats {
            points: self
                .points
                .iter()
                .filter(|point| !point.released && !point.lost)
                .count(),
            bytes: bytes(self.used),
            peak: bytes(self.peak),
            budget: u64::from(self.budget) * PAGE as u64,
            dropped: self.dropped,
        }
    }

    fn index(&self, serial: u64) -> Result<usize, Lost> {
        let found = self
            .points
            .binary_search_by_key(&serial, |point| point.serial);
        let index = found.map_err(|_| Lost)?;
        if self.points[index].lost || self.points[index].released {
            return Err(Lost);
        }
        Ok(index)
    }

    /// A place for the old bytes of a block whose state was `old`; [`NONE`] where nobody needs them, or there is no room.
    pub(super) fn take(&mut self, block: u32, old: u64, scene: &Pool) -> u32 {
        let held = self.points.iter().rposition(|point| !point.released);
        let Some(index) = held else { return NONE };
        let PointRecord { serial, lost, .. } = self.points[index];
        if old >= serial || lost {
            return NONE;
        }
        let place = self.free_place(serial, scene);
        if place == NONE {
            return NONE;
        }
        self.used += 1;
        self.peak = self.peak.max(self.used);
        let older = std::mem::replace(&mut self.heads[block as usize], place);
        if older != NONE {
            self.versions[older as usize].newer = place;
        }
        let index = self
            .points
            .binary_search_by_key(&serial, |point| point.serial)
            .expect("the newest point is never dropped to make room");
        let next = std::mem::replace(&mut self.points[index].first, place);
        self.versions[place as usize] = Version {
            serial,
            block,
            older,
            newer: NONE,
            next,
        };
        place
    }

    /// Takes a place off the free ones: more pages where there are none, then those of the oldest points. Where even that does not suffice, the newest
    /// point is lost; its places stay until nobody can be saving to one.
    fn free_place(&mut self, newest: u64, scene: &Pool) -> u32 {
        while self.free == NONE && !self.grow(scene) {
            if self
                .points
                .front()
                .is_some_and(|point| point.serial < newest)
            {
                self.drop_oldest();
            } else {
                if let Some(point) = self.points.front_mut() {
                    point.lost = true;
                }
                self.dropped += 1;
                return NONE;
            }
        }
        let place = self.free;
        self.free = self.versions[place as usize].next;
        place
    }

    fn grow(&mut self, scene: &Pool) -> bool {
        let Some(owner) = self.owner else {
            return false;
        };
        let room = self.budget.saturating_sub(self.taken);
        if room == 0 {
            return false;
        }
        // Others are asked to give up a page at most: the oldest point may be worth less than what they have.
        let wanted = TAKEN.min(room);
        let Ok(run) = scene.reserve_unzeroed_at_least(owner, 1, wanted) else {
            return false;
        };
        self.taken += run.pages;
        self.runs.push(run);
        let first = run.first * PAGE_BLOCKS + 1;
        for place in (first..first + run.pages * PAGE_BLOCKS).rev() {
            self.put_free(place);
        }
        true
    }

    fn put_free(&mut self, place: u32) {
        let version = &mut self.versions[place as usize];
        (version.serial, version.next) = (FREE, self.free);
        self.free = place;
    }

    /// What the rung can do for a pool that lacks pages.
    fn relieve(&mut self, rung: Rung, scene: &Pool, need: Need) {
        let mut given = self.release_free(scene, need.pages);
        let newest = self.saving();
        while rung == Rung::Degrade
            && given == 0
            && self
                .points
                .front()
                .is_some_and(|point| point.serial < newest)
        {
            self.drop_oldest();
            given = self.release_free(scene, need.pages);
        }
    }

    /// Drops the oldest point, which is not the newest that is held.
    fn drop_oldest(&mut self) {
        self.merge(0);
        self.dropped += 1;
    }

    /// Gives runs without a version back, the newest first, until there are as many pages. Returns how many.
    fn release_free(&mut self, scene: &Pool, pages: u32) -> u32 {
        let Some(owner) = self.owner else { return 0 };
        let mut given = 0;
        for index in (0..self.runs.len()).rev() {
            if given >= pages {
                break;
            }
            let run = self.runs[index];
            let first = (run.first * PAGE_BLOCKS + 1) as usize;
            let places = &mut self.versions[first..first + (run.pages * PAGE_BLOCKS) as usize];
            if places.iter().all(|place| place.serial == FREE) {
                places.iter_mut().for_each(|place| place.serial = GOING);
                scene.release(owner, self.runs.remove(index));
                given += run.pages;
            }
        }
        self.taken -= given;
        if given > 0 {
            let mut place = std::mem::replace(&mut self.free, NONE);
            while place != NONE {
                let Version { serial, next, .. } = self.versions[place as usize];
                if serial == FREE {
                    self.put_free(place);
                }
                place = next;
            }
        }
        given
    }

    /// The version of a block that a point reads.
    pub(super) fn version(&self, block: u32, serial: u64) -> Result<u32, Lost> {
        self.index(serial)?;
        let (mut found, mut place) = (NONE, self.heads[block as usize]);
        while place != NONE && self.versions[place as usize].serial >= serial {
            found = place;
            place = self.versions[place as usize].older;
        }
        if found == NONE { Err(Lost) } else { Ok(found) }
    }

    pub(super) fn let_go(&mut self, serial: u64) {
        let found = self
            .points
            .binary_search_by_key(&serial, |point| point.serial);
        // It may have been dropped to make room.
        let Ok(index) = found else { return };
        self.points[index].released = true;
        // Someone may be saving to the newest that was held, so its places are recycled when nobody writes.
        if self.points.range(index..).any(|point| !point.released) {
            self.merge(index);
        }
    }

    /// Recycles points that were let go. Returns whether one is left.
    pub(super) fn sweep(&mut self) -> bool {
        for index in (0..self.points.len()).rev() {
            if self.points[index].released {
                self.merge(index);
            }
        }
        !self.points.is_empty()
    }

    /// Makes room for that many points at once.
    pub(super) fn expect(&mut self, points: usize) {
        self.points
            .reserve((points + 1).saturating_sub(self.points.len()));
    }

    /// Calls `back` with each block that was written since a point and the version that the point reads; then lets it and all later points go.
    pub(super) fn undo(&mut self, serial: u64, mut back: impl FnMut(u32, u32)) -> Result<(), Lost> {
        let index = self.index(serial)?;
        for point in self.points.range(index..) {
            let mut place = point.first;
            while place != NONE {
                let Version {
                    block, older, next, ..
                } = self.versions[place as usize];
                if older == NONE || self.versions[older as usize].serial < serial {
                    back(block, place);
                }
                place = next;
            }
        }
        while self.points.len() > index {
            self.merge(self.points.len() - 1);
        }
        Ok(())
    }

    /// Removes a point: its versions go to the one before, or, where that has its own or there is none, to the free places.
    fn merge(&mut self, index: usize) {
        let before = index
            .checked_sub(1)
            .map(|before| self.points[before].serial);
        let mut place = self.points[index].first;
        while place != NONE {
            let Version {
                older, block, next, ..
            } = self.versions[place as usize];
            let served = older != NONE
                && before.is_some_and(|before| self.versions[older as usize].serial >= before);
            match before {
                Some(before) if !served => {
                    self.versions[place as usize].serial = before;
                    let first = &mut self.points[index - 1].first;
                    self.versions[place as usize].next = std::mem::replace(first, place);
                }
                _ => {
                    let newer = self.versions[place as usize].newer;
                    match newer {
                        NONE => self.heads[block as usize] = older,
                        _ => self.versions[newer as usize].older = older,
                    }
                    if older != NONE {
                        self.versions[older as usize].newer = newer;
                    }
                    self.put_free(place);
                    self.used -= 1;
                }
            }
            place = next;
        }
        let gone = self.points.remove(index).expect("an index of a point");
        if gone.lost
            && let Some(before) = index.checked_sub(1)
        {
            self.points[before].lost = true;
        }
    }
}
