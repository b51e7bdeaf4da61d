//! Where regions come from and go back to.

use std::fmt;
use std::marker::PhantomData;

use super::{Core, Free, Phase, Region};
use crate::consts::{PAGE, pages_for};
use crate::sync::{Arc, Mutex, lock};
use crate::{Arena, MemoryError, Owner, POISON, PageRun, Pool, Tier};

/// A fixed number of equal regions of one pool, reserved once and used again and again. Clones share them; all methods may be called from
/// any thread.
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
        let each = pages_for(bytes).saturating_mul(PAGE as u64);
        let owner = pool.owner(name, each.saturating_mul(count as u64))?;
        let shared = Shared {
            arena: arena.clone(),
            tier,
            owner,
            name: name.to_owned(),
            slots: Mutex::new(Vec::new()),
        };
        let pages = pages_for(bytes) as u32;
        for _ in 0..count {
            // On failure `shared` is dropped and gives everything back.
            let run = pool.reserve(owner, pages)?;
            lock(&shared.slots).push(Slot {
                run,
                place: Place::Here,
            });
        }
        Ok(Regions {
            home: Home(Arc::new(shared)),
        })
    }

    /// The lowest free region.
    ///
    /// # Errors
    /// [`MemoryError::RegionsBusy`] when all are out or in flight, with a list of what each is doing.
    pub fn take(&self) -> Result<Region<Free>, MemoryError> {
        let shared = &*self.home.0;
        let mut slots = lock(&shared.slots);
        let Some(index) = slots.iter().position(|slot| slot.place == Place::Here) else {
            return Err(shared.busy(&slots));
        };
        slots[index].place = Place::Out {
            phase: Phase::Free,
            frame: 0,
        };
        let run = slots[index].run;
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
        let shared = &*self.home.0;
        let mut landed = 0;
        for slot in &mut *lock(&shared.slots) {
            if matches!(slot.place, Place::Flying { fence } if fence <= passed) {
                shared.poison(slot.run);
                slot.place = Place::Here;
                landed += 1;
            }
        }
        landed
    }

    /// Regions that [`take`](Self::take) could give now.
    pub fn free(&self) -> usize {
        lock(&self.home.0.slots)
            .iter()
            .filter(|slot| slot.place == Place::Here)
            .count()
    }

    /// Regions in all.
    pub fn count(&self) -> usize {
        lock(&self.home.0.slots).len()
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

/// What a region knows of where it came from.
#[derive(Clone)]
pub(super) struct Home(Arc<Shared>);

impl Home {
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn pool_name(&self) -> &'static str {
        self.0.tier.name()
    }

    /// Remembers what a region that is out is doing, for the message when none is left.
    pub(super) fn note(&self, index: usize, phase: Phase, frame: u32) {
        lock(&self.0.slots)[index].place = Place::Out { phase, frame };
    }

    /// A region ends: its pages are free again, at once or when its fence has passed.
    pub(super) fn come_back(&self, index: usize, fence: Option<u64>) {
        lock(&self.0.slots)[index].place =
            fence.map_or(Place::Here, |fence| Place::Flying { fence });
    }
}

struct Shared {
    arena: Arena,
    tier: Tier,
    owner: Owner,
    name: String,
    slots: Mutex<Vec<Slot>>,
}

struct Slot {
    run: PageRun,
    place: Place,
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

    /// Debug builds make what has landed unrecognisable.
    fn poison(&self, run: PageRun) {
        if cfg!(debug_assertions) {
            let bytes = run.pages as usize * PAGE;
            // SAFETY: the run is ours, its region is gone, and its reader has passed the fence.
            unsafe { self.pool().address(run).write_bytes(POISON, bytes) };
        }
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
        let slots = lock(&self.slots);
        for slot in slots.iter().filter(|slot| slot.place == Place::Here) {
            pool.release(self.owner, slot.run);
        }
        if slots.iter().all(|slot| slot.place == Place::Here) {
            pool.retire(self.owner);
        }
    }
}
