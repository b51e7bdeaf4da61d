//! Who holds which pages: runs, owners, budgets and promises. Pure bookkeeping; it touches no page.
//!
//! Every change checks first and changes after, so a panic for wrong use leaves the books balanced:
//! `used` is the sum over owners, every page of a run is taken, and `unmet` (pages promised to configured regions and
//! not held yet) never exceeds what is free.

use super::bits::Bits;
use super::pressure::{PressureStats, Refused};
use super::{Holder, Owner, RegionInfo, Tier};
use crate::consts::{OWNERS_MAX, PAGE, pages_for};
use crate::error::Refusal;
use crate::protect::Shield;
use crate::sync::stamp;
use crate::table::{Holding, PoolStats, Table};
use crate::{MemoryError, PageRun};

/// The books of one pool. Sizes are pages.
#[derive(Debug)]
pub(super) struct Ledger {
    tier: Tier,
    pages: u32,
    used: u32,
    peak: u32,
    /// Pages promised to configured regions and not held by them.
    unmet: u32,
    taken: Bits,
    /// Pages that may hold something else than zeros: they were released at least once.
    dirty: Bits,
    runs: Runs,
    slots: Vec<Slot>,
    /// Pages that ever came back.
    released: u64,
    pub(super) pressure: PressureStats,
}

/// What is known of the run that begins at a page. Three arrays and not one of structs: zeros come lazily from the host.
#[derive(Debug)]
struct Runs {
    /// Length of the run that begins here, 0 where none does.
    pages: Box<[u32]>,
    /// Slot of its owner.
    owner: Box<[u16]>,
    /// Frame in which it was reserved.
    frame: Box<[u32]>,
}

#[derive(Debug)]
struct Slot {
    /// Of the owner that the slot is for now.
    stamp: u64,
    account: Option<Account>,
}

/// One owner. Sizes are pages.
#[derive(Debug)]
struct Account {
    name: String,
    budget: u32,
    /// Pages that nobody else can use up; 0 for owners that the configuration does not name.
    promise: u32,
    /// Whether someone has the `Owner` value: it is given out once.
    fetched: bool,
    used: u32,
    peak: u32,
    runs: u32,
    /// Frame of its newest run.
    frame: u32,
}

impl Ledger {
    pub(super) fn new(tier: Tier, pages: u32) -> Ledger {
        let count = pages as usize;
        let runs = Runs {
            pages: vec![0; count].into(),
            owner: vec![0; count].into(),
            frame: vec![0; count].into(),
        };
        let (taken, dirty) = (Bits::new(pages), Bits::new(pages));
        Ledger {
            tier,
            pages,
            used: 0,
            peak: 0,
            unmet: 0,
            taken,
            dirty,
            runs,
            slots: Vec::new(),
            released: 0,
            pressure: PressureStats::default(),
        }
    }

    pub(super) fn register(
        &mut self,
        name: &str,
        budget_bytes: u64,
        promised: bool,
    ) -> Result<Owner, MemoryError> {
        let (pool, owner) = (self.tier.name(), name.to_owned());
        let total = self.pages as u64 * PAGE as u64;
        if budget_bytes == 0 || budget_bytes > total {
            return Err(MemoryError::OwnerBudget {
                pool,
                owner,
                asked: budget_bytes,
                budget: total,
            });
        }
        if self.accounts().any(|(_, account)| account.name == name) {
            return Err(MemoryError::OwnerTwice { pool, owner });
        }
        let vacant = self.slots.iter().position(|slot| slot.account.is_none());
        let index = vacant.unwrap_or(self.slots.len());
        if index == OWNERS_MAX {
            let table = Box::new(self.table());
            return Err(MemoryError::OwnersFull {
                pool,
                owner,
                max: OWNERS_MAX,
                table,
            });
        }
        if vacant.is_none() {
            self.slots.push(Slot {
                stamp: 0,
                account: None,
            });
        }
        let budget = pages_for(budget_bytes) as u32;
        let promise = if promised { budget } else { 0 };
        self.unmet += promise;
        let fetched = !promised;
        let account = Some(Account {
            name: owner,
            budget,
            promise,
            fetched,
            used: 0,
            peak: 0,
            runs: 0,
            frame: 0,
        });
        self.slots[index] = Slot {
            stamp: stamp(),
            account,
        };
        Ok(self.owner_at(index))
    }

    pub(super) fn fetch_promised(&mut self, name: &str) -> Option<Owner> {
        let wanted = |account: &Account| account.name == name && !account.fetched;
        let index = self
            .slots
            .iter()
            .position(|slot| slot.account.as_ref().is_some_and(wanted))?;
        self.slots[index].account.as_mut()?.fetched = true;
        Some(self.owner_at(index))
    }

    pub(super) fn retire(&mut self, owner: Owner) {
        let account = self.account(owner);
        let (name, pool) = (&account.name, self.tier.name());
        let (used, promise) = (account.used, account.promise);
        assert!(
            used == 0,
            "memory: owner {name:?} of pool {pool} retires but holds {used} pages; release them first"
        );
        // A promise of the configuration outlives who took it up: the name can be fetched again.
        let slot = &mut self.slots[owner.index as usize];
        slot.stamp = stamp();
        match &mut slot.account {
            Some(account) if promise > 0 => account.fetched = false,
            account => *account = None,
        }
    }

    /// Takes the lowest fitting run. The flag says that some of its pages may not be zero. A refusal changes nothing and costs no more than
    /// the search: [`Ledger::refused`] makes the error of it.
    pub(super) fn fit(
        &mut self,
        owner: Owner,
        pages: u32,
        frame: u32,
    ) -> Result<(PageRun, bool), Refused> {
        self.check_budget(owner, pages)?;
        if pages > self.within_reach(owner) {
            return Err(Refused::Exhausted);
        }
        let first = self.taken.find_absent(pages).ok_or(Refused::Exhausted)?;
        let run = PageRun { first, pages };
        self.enter(owner, run, frame);
        Ok((run, self.dirty.any(first, pages)))
    }

    /// Whether the owner could have so many pages if nobody held any.
    pub(super) fn could_ever(&self, owner: Owner, pages: u32) -> bool {
        let account = self.account(owner);
        let promised: u32 = self.accounts().map(|(_, other)| other.promise).sum();
        let others = promised - account.promise;
        pages > 0 && pages <= account.budget && pages <= self.pages - others
    }

    /// Pages that ever came back, by anybody.
    pub(super) fn released(&self) -> u64 {
        self.released
    }

    pub(super) fn claim(
        &mut self,
        owner: Owner,
        run: PageRun,
        frame: u32,
    ) -> Result<(), MemoryError> {
        self.check_budget(owner, run.pages)
            .map_err(|refused| self.refused(owner, run.pages, refused))?;
        let within = run.end() <= self.pages as u64;
        if !within || run.pages > self.within_reach(owner) || self.taken.any(run.first, run.pages) {
            let refusal = Box::new(self.refusal(owner, run.pages, self.used, self.pages));
            return Err(MemoryError::Taken {
                first: run.first,
                refusal,
            });
        }
        self.enter(owner, run, frame);
        Ok(())
    }

    pub(super) fn release(&mut self, owner: Owner, run: PageRun) {
        self.check_held(owner, run, "released");
        self.runs.pages[run.first as usize] = 0;
        self.taken.remove(run.first, run.pages);
        self.dirty.insert(run.first, run.pages);
        self.used -= run.pages;
        self.released += u64::from(run.pages);
        let account = self.account_mut(owner);
        let unmet = account.unmet();
        account.used -= run.pages;
        account.runs -= 1;
        let grown = account.unmet() - unmet;
        self.unmet += grown;
    }

    /// Panics unless the owner holds exactly this run.
    pub(super) fn check_held(&self, owner: Owner, run: PageRun, verb: &str) {
        let account = self.account(owner);
        let first = run.first as usize;
        let exact = run.pages > 0 && self.runs.pages.get(first) == Some(&run.pages);
        if !exact || self.runs.owner[first] != owner.index {
            self.wrong_run(&account.name, run, verb);
        }
    }

    /// Takes one run of pages off the dirty ones within `run`, for the caller to zero.
    pub(super) fn take_dirty_within(&mut self, run: PageRun) -> Option<PageRun> {
        let piece = first_run(run, |page| self.dirty.contains(page))?;
        self.dirty.remove(piece.first, piece.pages);
        Some(piece)
    }

    /// The first run of dirty pages that nobody holds, from this page on.
    pub(super) fn free_dirty_from(&self, page: u32) -> Option<PageRun> {
        let rest = PageRun {
            first: page,
            pages: self.pages - page,
        };
        first_run(rest, |page| {
            self.dirty.contains(page) && !self.taken.contains(page)
        })
    }

    /// These pages read as zero.
    pub(super) fn clean(&mut self, run: PageRun) {
        self.dirty.remove(run.first, run.pages);
    }

    pub(super) fn stats(&self) -> PoolStats {
        let [used, peak, budget] = [self.used, self.peak, self.pages].map(bytes_of);
        PoolStats {
            name: self.tier.name(),
            used,
            peak,
            budget,
        }
    }

    pub(super) fn longest_free(&self) -> u64 {
        bytes_of(self.taken.longest_absent())
    }

    pub(super) fn holding(&self, owner: Owner) -> Holding {
        self.account(owner).holding(self.tier)
    }

    pub(super) fn table(&self) -> Table {
        let holdings = self
            .accounts()
            .map(|(_, account)| account.holding(self.tier))
            .collect();
        let mut table = Table {
            holdings,
            pools: vec![self.stats()],
        };
        table.sort();
        table
    }

    /// Tells a shield all owners and all that they hold.
    pub(super) fn tell(&self, shield: &Shield) {
        for (index, account) in self.accounts() {
            shield.name(index as u16, &account.name);
        }
        for (first, &pages) in self.runs.pages.iter().enumerate() {
            if pages > 0 {
                let (owner, frame) = (self.runs.owner[first], self.runs.frame[first]);
                let first = first as u32;
                shield.hold(PageRun { first, pages }, owner, frame);
            }
        }
    }

    /// The runs and gaps, each run with its owner.
    pub(super) fn map(&self, window_first: u32) -> Vec<(RegionInfo, Option<Owner>)> {
        let mut regions = Vec::new();
        let mut page = 0;
        while page < self.pages {
            let held = self.runs.pages[page as usize];
            let gap = || {
                (page..self.pages)
                    .take_while(|&page| !self.taken.contains(page))
                    .count() as u32
            };
            let pages = if held > 0 { held } else { gap() };
            let holder = (held > 0).then(|| self.holder(page as usize));
            let owner = (held > 0).then(|| self.owner_at(self.runs.owner[page as usize] as usize));
            let region = RegionInfo {
                tier: self.tier,
                first: window_first + page,
                pages,
                holder,
            };
            regions.push((region, owner));
            page += pages;
        }
        regions
    }

    fn holder(&self, first: usize) -> Holder {
        let account = self.slots[self.runs.owner[first] as usize].account.as_ref();
        let account = account.expect("a run's owner cannot retire before it is released");
        let (peak, budget) = (bytes_of(account.peak), bytes_of(account.budget));
        Holder {
            owner: account.name.clone(),
            frame: self.runs.frame[first],
            peak,
            budget,
            state: None,
        }
    }

    fn check_budget(&self, owner: Owner, pages: u32) -> Result<(), Refused> {
        let account = self.account(owner);
        if pages == 0 {
            return Err(Refused::ZeroPages);
        }
        if pages > account.budget - account.used {
            return Err(Refused::OverBudget);
        }
        Ok(())
    }

    /// Pages that this owner could take, were they in one piece: what is free and not promised to others.
    fn within_reach(&self, owner: Owner) -> u32 {
        let promised_to_others = self.unmet - self.account(owner).unmet();
        self.pages - self.used - promised_to_others
    }

    fn enter(&mut self, owner: Owner, run: PageRun, frame: u32) {
        let first = run.first as usize;
        debug_assert!(!self.taken.any(run.first, run.pages));
        self.taken.insert(run.first, run.pages);
        self.runs.pages[first] = run.pages;
        self.runs.owner[first] = owner.index;
        self.runs.frame[first] = frame;
        self.used += run.pages;
        self.peak = self.peak.max(self.used);
        let account = self.account_mut(owner);
        let unmet = account.unmet();
        account.used += run.pages;
        account.peak = account.peak.max(account.used);
        account.runs += 1;
        account.frame = frame;
        let shrunk = unmet - account.unmet();
        self.unmet -= shrunk;
    }

    fn accounts(&self) -> impl Iterator<Item = (usize, &Account)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| Some((index, slot.account.as_ref()?)))
    }

    fn owner_at(&self, index: usize) -> Owner {
        Owner {
            tier: self.tier,
            index: index as u16,
            stamp: self.slots[index].stamp,
        }
    }

    fn account(&self, owner: Owner) -> &Account {
        match self.slots.get(owner.index as usize) {
            Some(Slot {
                stamp,
                account: Some(account),
            }) if *stamp == owner.stamp => account,
            _ => foreign_owner(self.tier, owner),
        }
    }

    fn account_mut(&mut self, owner: Owner) -> &mut Account {
        match self.slots.get_mut(owner.index as usize) {
            Some(Slot {
                stamp,
                account: Some(account),
            }) if *stamp == owner.stamp => account,
            _ => foreign_owner(self.tier, owner),
        }
    }

    /// The error of a refusal.
    #[cold]
    pub(super) fn refused(&self, owner: Owner, pages: u32, refused: Refused) -> MemoryError {
        let account = self.account(owner);
        match refused {
            Refused::ZeroPages => MemoryError::ZeroPages {
                pool: self.tier.name(),
                owner: account.name.clone(),
            },
            Refused::OverBudget => {
                let (used, budget) = (account.used, account.budget);
                MemoryError::OverBudget(Box::new(self.refusal(owner, pages, used, budget)))
            }
            Refused::Exhausted => {
                MemoryError::Exhausted(Box::new(self.refusal(owner, pages, self.used, self.pages)))
            }
        }
    }

    #[cold]
    fn refusal(&self, owner: Owner, asked: u32, used: u32, budget: u32) -> Refusal {
        let owner = self.account(owner).name.clone();
        let longest = self.longest_free();
        let [asked, used, budget] = [asked, used, budget].map(bytes_of);
        Refusal {
            pool: self.tier.name(),
            owner,
            asked,
            used,
            budget,
            longest,
            table: self.table(),
        }
    }

    #[cold]
    fn wrong_run(&self, owner: &str, run: PageRun, verb: &str) -> ! {
        let (pool, PageRun { first, pages }) = (self.tier.name(), run);
        let held = (0..=first.min(self.pages.saturating_sub(1)))
            .rev()
            .find(|&page| self.runs.pages[page as usize] > 0);
        let there = match held.map(|page| (page, self.runs.pages[page as usize])) {
            Some((page, length)) if page + length > first => {
                format!(
                    "page {first} is in the run of {length} from page {page}, held by {:?}",
                    self.holder(page as usize).owner
                )
            }
            _ => format!("nobody holds page {first} (was it released twice?)"),
        };
        panic!(
            "memory: {pages} pages from page {first} of pool {pool} cannot be {verb} by {owner:?}: {there}; \
             pass exactly what reserve or claim gave, once"
        )
    }
}

impl Account {
    /// Promised pages that it does not hold.
    fn unmet(&self) -> u32 {
        self.promise.saturating_sub(self.used)
    }

    fn holding(&self, tier: Tier) -> Holding {
        let [used, peak, budget] = [self.used, self.peak, self.budget].map(bytes_of);
        Holding {
            tier,
            owner: self.name.clone(),
            used,
            peak,
            budget,
            runs: self.runs,
            frame: self.frame,
        }
    }
}

/// The first maximal run within `within` of pages that satisfy `wanted`.
fn first_run(within: PageRun, wanted: impl Fn(u32) -> bool) -> Option<PageRun> {
    let mut pages = within.first..within.first + within.pages;
    let first = pages.find(|&page| wanted(page))?;
    let more = pages.take_while(|&page| wanted(page)).count() as u32;
    Some(PageRun {
        first,
        pages: 1 + more,
    })
}

fn bytes_of(pages: u32) -> u64 {
    pages as u64 * PAGE as u64
}

#[cold]
fn foreign_owner(tier: Tier, owner: Owner) -> ! {
    let (pool, other) = (tier.name(), owner.tier.name());
    panic!(
        "memory: {owner:?} is no owner of pool {pool}: it was retired or belongs to pool {other} or another arena; \
         pass one that this pool's owner() gave"
    )
}
