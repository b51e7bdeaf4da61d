//! What happens when a pool has no room: recycle, then degrade, then a typed error.
//!
//! ```text
//!   no room ──▶ Recycle: caches of what is vented ──▶ Degrade: what can do with less ──▶ error with the table of holders
//!               in order of registration               in order of registration            (refusals + 1)
//!               └── each is called, and called again as long as pages come back; after each call the request is tried again ──┘
//! ```
//!
//! Owners register what they can do ([`Pool::on_pressure`]); within a rung the order is that of registration, so the same calls in the
//! same order free the same pages. Where an owner's own budget refused, only what that owner registered is called: the memory of others
//! does not help it. A request that could not be met by an empty pool is refused at once, before anybody gives up anything.
//!
//! **No lock of the pool is held during a call**, which may release pages, look at the map, and reserve. A reservation made by it
//! climbs no ladder of its own (it would call itself): it is met from what is free, or refused. The list of registrations is
//! copied first, so one that is dropped meanwhile may be called once more; what it captured lives as long.

use std::cell::Cell;
use std::fmt;

use super::{Owner, Pool, Registration};
use crate::consts::PAGE;
use crate::sync::{Arc, Mutex, lock};
use crate::{MemoryError, PageRun};

/// The steps that an exhausted pool takes before it refuses, in this order.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Rung {
    /// Give back what is held for speed alone: spare blocks, free regions, caches. No result changes by it.
    Recycle,
    /// Do with less: drop a level of detail, shorten a history.
    Degrade,
}

/// What the pool lacks.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Need {
    /// Pages asked for, in one piece.
    pub pages: u32,
}

impl Need {
    /// The same in bytes.
    pub fn bytes(self) -> u64 {
        u64::from(self.pages) * PAGE as u64
    }
}

/// What pressure has cost a pool so far.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct PressureStats {
    /// Calls on rung [`Rung::Recycle`] that gave pages back.
    pub recycles: u64,
    /// Bytes that they gave back.
    pub recycled: u64,
    /// Calls on rung [`Rung::Degrade`] that gave pages back.
    pub degrades: u64,
    /// Bytes that they gave back.
    pub degraded: u64,
    /// Requests that were refused in the end.
    pub refusals: u64,
}

impl PressureStats {
    fn note(&mut self, rung: Rung, pages: u64) {
        let (calls, bytes) = match rung {
            Rung::Recycle => (&mut self.recycles, &mut self.recycled),
            Rung::Degrade => (&mut self.degrades, &mut self.degraded),
        };
        *calls += 1;
        *bytes += pages * PAGE as u64;
    }
}

type Relieve = dyn Fn(&Pool, Need) + Send + Sync;
type Describe = dyn Fn(PageRun) -> Option<&'static str> + Send + Sync;

/// What an owner registered.
pub(super) enum Work {
    Relieve(Rung, Box<Relieve>),
    Describe(Box<Describe>),
}

pub(super) struct Hook {
    id: u64,
    owner: Owner,
    work: Work,
}

/// What the owners of a pool registered, in that order.
#[derive(Default)]
pub(super) struct Hooks {
    list: Mutex<List>,
}

/// Replaced as a whole, so that whoever calls hooks holds no lock.
#[derive(Default)]
struct List {
    next: u64,
    hooks: Arc<Vec<Arc<Hook>>>,
}

impl Hooks {
    pub(super) fn add(hooks: &Arc<Hooks>, owner: Owner, work: Work) -> Registration {
        let mut list = lock(&hooks.list);
        let id = list.next;
        list.next += 1;
        let mut all: Vec<_> = list.hooks.iter().cloned().collect();
        all.push(Arc::new(Hook { id, owner, work }));
        list.hooks = Arc::new(all);
        let hooks = hooks.clone();
        Registration { hooks, id }
    }

    pub(super) fn remove(&self, id: u64) {
        let mut list = lock(&self.list);
        let left: Vec<_> = list
            .hooks
            .iter()
            .filter(|hook| hook.id != id)
            .cloned()
            .collect();
        let before = std::mem::replace(&mut list.hooks, Arc::new(left));
        // What the hook captured may do anything when it is dropped: not under the lock.
        drop(list);
        drop(before);
    }

    fn all(&self) -> Arc<Vec<Arc<Hook>>> {
        lock(&self.list).hooks.clone()
    }

    /// What the owner of a run says about its state.
    pub(super) fn describe(&self, owner: Owner, run: PageRun) -> Option<&'static str> {
        self.all().iter().find_map(|hook| match &hook.work {
            Work::Describe(describe) if hook.owner == owner => describe(run),
            _ => None,
        })
    }
}

/// Why the books have no run to give.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    ZeroPages,
    OverBudget,
    Exhausted,
}

impl Pool {
    /// The ladder. The flag of what it finds says that some of the pages may not be zero.
    #[cold]
    pub(super) fn climb(
        &self,
        owner: Owner,
        pages: u32,
        refused: Refused,
    ) -> Result<(PageRun, bool), MemoryError> {
        let possible = lock(&self.ledger).could_ever(owner, pages);
        let climbing = if possible { Climbing::begin() } else { None };
        if climbing.is_some() {
            let hooks = self.hooks.all();
            for rung in [Rung::Recycle, Rung::Degrade] {
                let helps =
                    |hook: &&Arc<Hook>| refused == Refused::Exhausted || hook.owner == owner;
                for hook in hooks.iter().filter(helps) {
                    if let Some(found) = self.relieve(hook, rung, owner, pages) {
                        return Ok(found);
                    }
                }
            }
        }
        let mut ledger = lock(&self.ledger);
        // Once more, and the error from the same look: another thread may have released.
        ledger.fit(owner, pages, self.frame()).map_err(|refused| {
            ledger.pressure.refusals += 1;
            ledger.refused(owner, pages, refused)
        })
    }

    /// Calls one hook as long as it gives pages back and the request does not fit.
    fn relieve(
        &self,
        hook: &Hook,
        rung: Rung,
        owner: Owner,
        pages: u32,
    ) -> Option<(PageRun, bool)> {
        let Work::Relieve(its_rung, relieve) = &hook.work else {
            return None;
        };
        if *its_rung != rung {
            return None;
        }
        // Each turn gives back a page at least; the bound is for a hook that takes again what it gave.
        for _ in 0..self.pages() {
            let before = lock(&self.ledger).released();
            relieve(self, Need { pages });
            let mut ledger = lock(&self.ledger);
            let given = ledger.released() - before;
            if given == 0 {
                return None;
            }
            ledger.pressure.note(rung, given);
            if let Ok(found) = ledger.fit(owner, pages, self.frame()) {
                return Some(found);
            }
        }
        None
    }
}

crate::sync::thread_local! {
    /// Whether this thread is on a ladder.
    static ON_LADDER: Cell<bool> = Cell::default();
}

/// This thread climbs; ends with the value, also when a hook panics.
struct Climbing(());

impl Climbing {
    /// `None` where this thread climbs already.
    fn begin() -> Option<Climbing> {
        ON_LADDER.with(|on| (!on.replace(true)).then_some(Climbing(())))
    }
}

impl Drop for Climbing {
    fn drop(&mut self) {
        ON_LADDER.with(|on| on.set(false));
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hooks.remove(self.id);
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
