//! Where regions come from and go back to.

use std::fmt;
use std::marker::PhantomData;

use crossbeam_utils::CachePadded;

use super::{Core, Free, Phase, Region};
use crate::consts::{PAGE, pages_for};
use crate::sync::{Arc, Mutex, lock};
use crate::{Arena, MemoryError, Need, Owner, POISON, PageRun, Pool, Registration, Rung, Tier};

/// A fixed number of equal regions of one pool, reserved once and used again and again. Clones share them; all methods may be called from
/// any thread.
///
/// Where the pool runs out, free regions give their pages up, the highest first, and are reserved again when they are next taken.
#[derive(Clone)]
pub struct Regions {
    home: Home,
}

impl Regions {
    /// Reserves `count` regions of at least `bytes` each (rounded up to pages) for an owner of that name.
    ///
    /// # Errors
    /// Those of [`Pool::owner`] and [`Pool::reserve`]; then nothing stays reserved.
    pub fn new(
        arena: &Arena,
        tier: Tier,
        name: &str,
        bytes: u64,
        count: usize,
    ) -> Result<Regions, MemoryError> {
        let pool = arena.pool(tier);
        let edge = pool.edge_pages();
        // Nothing for regions of no pages, which are refused.
        let edges = if bytes == 0 { 0 } else { u64::from(2 * edge) };
        let each = (pages_for(bytes) + edges).saturating_mul(PAGE as u64);
        let owner = pool.owner(name, each.saturating_mul(count as u64))?;
        let pages = pages_for(bytes) as u32;
        let slots = Arc::new(Slots::default());
        let (giving, telling) = (slots.clone(), slots.clone());
        let relieve = move |pool: &Pool, need| giving.relieve(pool, owner, need);
        let describe = move |run| telling.describe(run);
        let mut shared = Shared {
            arena: arena.clone(),
            tier,
            owner,
            name: name.to_owned(),
            pages,
            edge,
            registered: vec![pool.on_map(owner, describe)],
            slots,
        };
        for _ in 0..count {
            // On failure `shared` is dropped and gives everything back.
            let run = Some(shared.reserve()?);
            let place = Place::Here;
            lock(&shared.slots.0).push(Slot { run, place });
        }
        // Last, so that the later ones do not take the pages of the first.
        let recycling = pool.on_pressure(owner, Rung::Recycle, relieve);
        shared.registered.push(recycling);
        Ok(Regions {
            home: Home(Arc::new(CachePadded::new(shared))),
        })
    }

    /// The lowest free region, of those that have their pages if there are such.
    ///
    /// # Errors
    /// [`MemoryError::RegionsBusy`] when all are out or in flight, with a list of what each is doing;
    /// [`Exhausted`](MemoryError::Exhausted) when the free ones gave their pages up and the pool has no others.
    pub fn take(&self) -> Result<Region<Free>, MemoryError> {
        let shared = &**self.home.0;
        let (index, held) = {
            let mut slots = lock(&shared.slots.0);
            let free = |slot: &&Slot| slot.place == Place::Here;
            let found = slots
                .iter()
                .position(|slot| free(&slot) && slot.run.is_some());
            let found = found.or_else(|| slots.iter().position(|slot| free(&slot)));
            let Some(index) = found else {
                return Err(shared.busy(&slots));
            };
            slots[index].place = Place::Out {
                phase: Phase::Free,
                frame: 0,
            };
            (index, slots[index].run)
        };
        let run = match held {
            Some(run) => run,
            None => shared.reserve_again(index)?,
        };
        let run = shared.usable(run);
        let start = shared.pool().address(run);
        let home = self.home.clone();
        let core = Core {
            home,
            index,
            run,
            start,
            used: 0,
            frame: 0,
            fence: 0,
            stamp: 0,
            phase: Phase::Free,
        };
        Ok(Region {
            core,
            state: PhantomData,
        })
    }

    /// Takes back all regions that were dropped in flight with a fence up to this one. Returns how many.
    pub fn land(&self, passed: u64) -> usize {
        let shared = &**self.home.0;
        let mut landed = 0;
        for slot in &mut *lock(&shared.slots.0) {
            if matches!(slot.place, Place::Flying { fence } if fence <= passed) {
                slot.run
                    .into_iter()
                    .for_each(|run| shared.poison(shared.usable(run)));
                slot.place = Place::Here;
                landed += 1;
            }
        }
        landed
    }

    /// Regions that [`take`](Self::take) could give now.
    pub fn free(&self) -> usize {
        lock(&self.home.0.slots.0)
            .iter()
            .filter(|slot| slot.place == Place::Here)
            .count()
    }

    /// Regions in all.
    pub fn count(&self) -> usize {
        lock(&self.home.0.slots.0).len()
    }
}

impl fmt::Debug for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, tier) = (&self.home.0.name, self.home.0.tier);
        f.debug_struct("Regions")
            .field("name", name)
            .field("tier", &tier)
            .finish_non_exhaustive()
    }
}

/// What a region knows of where it came from. It and the slots have cache lines of their own, since each worker may have regions of its own.
#[derive(Clone)]
pub(super) struct Home(Arc<CachePadded<Shared>>);

impl Home {
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn pool(&self) -> &Pool {
        self.0.pool()
    }

    pub(super) fn pool_name(&self) -> &'static str {
        self.0.tier.name()
    }

    /// Remembers what a region that is out is doing, for the message when none is left.
    pub(super) fn note(&self, index: usize, phase: Phase, frame: u32) {
        lock(&self.0.slots.0)[index].place = Place::Out { phase, frame };
    }

    /// A region ends: its pages are free again, at once or when its fence has passed.
    pub(super) fn come_back(&self, index: usize, fence: Option<u64>) {
        lock(&self.0.slots.0)[index].place =
            fence.map_or(Place::Here, |fence| Place::Flying { fence });
    }
}

struct Shared {
    arena: Arena,
    tier: Tier,
    owner: Owner,
    name: String,
    /// Of each region.
    pages: u32,
    /// Pages on either side of each that protection adds.
    edge: u32,
    registered: Vec<Registration>,
    slots: Arc<Slots>,
}

/// Apart from the rest, so that what the pool calls holds neither the arena nor the regions.
#[derive(Default)]
struct Slots(CachePadded<Mutex<Vec<Slot>>>);

#[repr(align(128))]
struct Slot {
    /// `None` after it gave its pages up; then it is free, or being taken. With the edges that protection adds.
    run: Option<PageRun>,
    place: Place,
}

impl Slots {
    /// Gives up the pages of free regions, the highest first, as many as are needed.
    fn relieve(&self, pool: &Pool, owner: Owner, need: Need) {
        let mut given = 0;
        for slot in lock(&self.0).iter_mut().rev() {
            if given >= need.pages {
                return;
            }
            if slot.place == Place::Here
                && let Some(run) = slot.run.take()
            {
                pool.release(owner, run);
                given += run.pages;
            }
        }
    }

    /// What the region with these pages is doing.
    fn describe(&self, run: PageRun) -> Option<&'static str> {
        let slots = lock(&self.0);
        let slot = slots.iter().find(|slot| slot.run == Some(run))?;
        Some(match slot.place {
            Place::Here => Phase::Free.name(),
            Place::Out { phase, .. } => phase.name(),
            Place::Flying { .. } => Phase::InFlight.name(),
        })
    }
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Place {
    /// Free.
    Here,
    /// Some `Region` has it.
    Out { phase: Phase, frame: u32 },
    /// Its `Region` was dropped in flight.
    Flying { fence: u64 },
}

impl Shared {
    fn pool(&self) -> &Pool {
        self.arena.pool(self.tier)
    }

    /// Pages for a region, with their edges.
    fn reserve(&self) -> Result<PageRun, MemoryError> {
        let pool = self.pool();
        let run = pool.reserve(self.owner, self.pages.saturating_add(2 * self.edge))?;
        pool.set_edges(run, self.edge);
        pool.take_in(self.usable(run));
        Ok(run)
    }

    /// What lies between the edges.
    fn usable(&self, run: PageRun) -> PageRun {
        PageRun {
            first: run.first + self.edge,
            pages: run.pages - 2 * self.edge,
        }
    }

    /// Pages for a region that gave its own up. Without the lock: the pool may call [`Slots::relieve`] for them.
    #[cold]
    fn reserve_again(&self, index: usize) -> Result<PageRun, MemoryError> {
        let reserved = self.reserve();
        let slot = &mut lock(&self.slots.0)[index];
        match reserved {
            Ok(run) => slot.run = Some(run),
            Err(_) => slot.place = Place::Here,
        }
        reserved
    }

    /// Debug builds make what has landed unrecognisable, protection makes it inaccessible.
    fn poison(&self, run: PageRun) {
        let pool = self.pool();
        if pool.poisons() {
            // It was sealed.
            pool.lend_out(run);
            let bytes = run.pages as usize * PAGE;
            // SAFETY: the run is ours, its region is gone, and its reader has passed the fence.
            unsafe { pool.address(run).write_bytes(POISON, bytes) };
        }
        pool.take_in(run);
    }

    #[cold]
    fn busy(&self, slots: &[Slot]) -> MemoryError {
        let doing = slots
            .iter()
            .enumerate()
            .map(|(index, slot)| match slot.place {
                Place::Here => format!("{index} free"),
                Place::Out { phase, frame } => format!("{index} {} (frame {frame})", phase.name()),
                Place::Flying { fence } => format!("{index} in flight (fence {fence})"),
            });
        let doing = doing.collect::<Vec<_>>().join(", ");
        MemoryError::RegionsBusy {
            pool: self.tier.name(),
            owner: self.name.clone(),
            count: slots.len(),
            doing,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Every region holds its home, so none is out. One in flight may still be read: better lost to the pool, and listed in its table,
        // than written by its next owner.
        let pool = self.arena.pool(self.tier);
        self.registered.clear();
        let mut slots = lock(&self.slots.0);
        let landed = slots.iter().all(|slot| slot.place == Place::Here);
        // Emptied, because the pool may still be calling `Slots::relieve` from another thread.
        for slot in slots.drain(..).filter(|slot| slot.place == Place::Here) {
            slot.run
                .into_iter()
                .for_each(|run| pool.release(self.owner, run));
        }
        if landed {
            pool.retire(self.owner);
        }
    }
}
