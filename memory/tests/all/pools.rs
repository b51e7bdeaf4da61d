//! A pool against a model of it: a plain list of pages, searched from the front, with every page's expected contents.

use layerw_memory::{
    Arena, Backing, MemoryConfig, MemoryError, Owner, PAGE, PageRun, Pool, RegionConfig, Tier,
};

use crate::random::{Random, length};

const OPERATIONS_PER_WORLD: usize = 40_000;

#[test]
fn pools_behave_like_the_model_over_a_million_operations() {
    let mut done = 0;
    for seed in 0..25 * length() {
        done += World::new(seed).run();
    }
    assert!(done >= 1_000_000, "{done}");
}

/// What the model knows of a page.
#[derive(Copy, Clone, Default)]
struct Page {
    /// Index of the owner that holds it.
    holder: Option<usize>,
    /// What its marked word holds.
    mark: u64,
}

struct Account {
    owner: Owner,
    budget: u32,
    promise: u32,
    used: u32,
    peak: u32,
    runs: Vec<PageRun>,
}

struct World {
    seed: u64,
    random: Random,
    arena: Arena,
    tier: Tier,
    pages: Vec<Page>,
    accounts: Vec<Account>,
    peak: u32,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let tier = Tier::ALL[random.below(3)];
        let size = 1 + random.below(200) as u32;
        let bytes = size as u64 * PAGE as u64;
        let promise = random.below(1 + size as usize / 2) as u32;
        let region = RegionConfig {
            name: "promised".into(),
            tier,
            budget: promise as u64 * PAGE as u64,
        };
        let regions = if promise > 0 {
            vec![region]
        } else {
            Vec::new()
        };
        // The two other pools are there to be run into.
        let backing = if random.below(2) == 0 {
            Backing::Best
        } else {
            Backing::Plain
        };
        let config = MemoryConfig {
            total: 3 * bytes,
            logic: bytes,
            scene: bytes,
            gpu: bytes,
            regions,
            backing,
        };
        let arena = Arena::new(&config).unwrap();
        let pool = arena.pool(tier);
        let mut accounts = Vec::new();
        let mut add = |owner, budget, promise| {
            accounts.push(Account {
                owner,
                budget,
                promise,
                used: 0,
                peak: 0,
                runs: Vec::new(),
            });
        };
        for index in 0..1 + random.below(4) {
            let budget = 1 + random.below(size as usize) as u32;
            add(
                pool.owner(&format!("owner {index}"), budget as u64 * PAGE as u64)
                    .unwrap(),
                budget,
                0,
            );
        }
        if let Some(owner) = pool.promised("promised") {
            add(owner, promise, promise);
        }
        World {
            seed,
            random,
            arena: arena.clone(),
            tier,
            pages: vec![Page::default(); size as usize],
            accounts,
            peak: 0,
        }
    }

    fn run(mut self) -> usize {
        for operation in 0..OPERATIONS_PER_WORLD {
            let who = self.random.below(self.accounts.len());
            match self.random.below(100) {
                0..40 => self.reserve(who, false),
                40..50 => self.reserve(who, true),
                50..55 => self.claim(who),
                55..99 => self.release(who),
                _ => self.wipe(who),
            }
            if operation % 500 == 0 {
                self.trim();
                self.check_books();
            }
        }
        self.check_books();
        OPERATIONS_PER_WORLD
    }

    fn pool(&self) -> &Pool {
        self.arena.pool(self.tier)
    }

    fn reserve(&mut self, who: usize, zeroed: bool) {
        // Mostly small, sometimes too large, sometimes nothing.
        let limit = [1, 4, 4, 20, self.pages.len() + 5][self.random.below(5)];
        let count = self.random.below(limit + 1) as u32;
        let owner = self.accounts[who].owner;
        let result = if zeroed {
            self.pool().reserve(owner, count)
        } else {
            self.pool().reserve_unzeroed(owner, count)
        };
        let want = self.lowest(count);
        let seed = self.seed;
        match result {
            Ok(run) => {
                assert!(
                    count > 0 && self.may_take(who, count),
                    "seed {seed}: {run:?} is beyond the budget"
                );
                assert_eq!(Some(run.first), want, "seed {seed}: not the first fit");
                self.enter(who, run, zeroed);
            }
            Err(MemoryError::ZeroPages { .. }) => assert_eq!(count, 0, "seed {seed}"),
            Err(MemoryError::OverBudget(refusal)) => {
                let account = &self.accounts[who];
                assert!(
                    account.used + count > account.budget,
                    "seed {seed}: {refusal:?}"
                );
                assert_eq!(
                    refusal.table.holdings.len(),
                    self.accounts.len(),
                    "seed {seed}"
                );
            }
            Err(MemoryError::Exhausted(refusal)) => {
                let fits = want.is_some() && self.within_reach(who) >= count;
                assert!(!fits, "seed {seed}: {refusal:?}");
                assert_eq!(refusal.longest, self.longest() * PAGE as u64, "seed {seed}");
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }

    fn claim(&mut self, who: usize) {
        let size = self.pages.len();
        let run = PageRun {
            first: self.random.below(size + 2) as u32,
            pages: self.random.below(5) as u32,
        };
        let free =
            run.end() <= size as u64 && self.within(run).iter().all(|page| page.holder.is_none());
        let possible = run.pages > 0 && free && self.may_take(who, run.pages);
        let result = self.pool().claim(self.accounts[who].owner, run);
        assert_eq!(
            result.is_ok(),
            possible,
            "seed {}: {run:?} {result:?}",
            self.seed
        );
        if possible {
            self.enter(who, run, false);
        }
    }

    fn release(&mut self, who: usize) {
        let Some(run) = self.pick(who) else { return };
        self.check_marks(run);
        self.pool().release(self.accounts[who].owner, run);
        self.accounts[who].runs.retain(|held| *held != run);
        self.accounts[who].used -= run.pages;
        self.within_mut(run)
            .iter_mut()
            .for_each(|page| page.holder = None);
    }

    fn wipe(&mut self, who: usize) {
        let Some(run) = self.pick(who) else { return };
        let owner = self.accounts[who].owner;
        match self.random.below(3) {
            0 => self.pool().zero(owner, run),
            1 => self.pool().discard(owner, run),
            _ => return self.pool().prefault(run).unwrap(),
        }
        self.within_mut(run)
            .iter_mut()
            .for_each(|page| page.mark = 0);
        self.check_marks(run);
    }

    /// Trimming zeroes free pages or leaves them, as the host likes: the model looks which.
    fn trim(&mut self) {
        self.pool().trim();
        for page in 0..self.pages.len() as u32 {
            // SAFETY: within the pool, which this test alone uses.
            let mark = unsafe { self.marked_word(page).read() };
            let entry = &mut self.pages[page as usize];
            let lost = mark == 0 && entry.holder.is_none();
            assert!(
                lost || mark == entry.mark,
                "seed {}: trimming changed page {page}",
                self.seed
            );
            entry.mark = mark;
        }
    }

    /// Enters a run into the model, checks its contents and marks its pages.
    fn enter(&mut self, who: usize, run: PageRun, zeroed: bool) {
        if zeroed {
            self.within_mut(run)
                .iter_mut()
                .for_each(|page| page.mark = 0);
        }
        self.check_marks(run);
        for page in run.first..run.first + run.pages {
            let mark = self.random.next();
            // SAFETY: within a run that was reserved just now.
            unsafe { self.marked_word(page).write(mark) };
            let entry = &mut self.pages[page as usize];
            assert!(
                entry.holder.is_none(),
                "seed {}: page {page} was given out twice",
                self.seed
            );
            *entry = Page {
                holder: Some(who),
                mark,
            };
        }
        let account = &mut self.accounts[who];
        account.runs.push(run);
        account.used += run.pages;
        account.peak = account.peak.max(account.used);
        self.peak = self.peak.max(self.used());
    }

    fn check_marks(&self, run: PageRun) {
        for page in run.first..run.first + run.pages {
            // SAFETY: within a run that this test holds.
            let mark = unsafe { self.marked_word(page).read() };
            assert_eq!(
                mark, self.pages[page as usize].mark,
                "seed {}: contents of page {page}",
                self.seed
            );
        }
    }

    /// A word of the page, a different one in each.
    fn marked_word(&self, page: u32) -> *mut u64 {
        let address = self.pool().address(PageRun {
            first: page,
            pages: 1,
        });
        // SAFETY: within the page.
        unsafe {
            address
                .cast::<u64>()
                .add(page as usize * 797 % (PAGE / 8))
                .as_ptr()
        }
    }

    fn check_books(&self) {
        let (seed, bytes) = (self.seed, |pages: u32| pages as u64 * PAGE as u64);
        let stats = self.pool().stats();
        assert_eq!(
            (stats.used, stats.peak),
            (bytes(self.used()), bytes(self.peak)),
            "seed {seed}"
        );
        for account in &self.accounts {
            let holding = self.pool().holding(account.owner);
            let want = (
                bytes(account.used),
                bytes(account.peak),
                account.runs.len() as u32,
            );
            assert_eq!(
                (holding.used, holding.peak, holding.runs),
                want,
                "seed {seed}"
            );
        }
        let window = self.arena.layout().windows[self.tier as usize];
        let mut next = window.first;
        for region in self.pool().map() {
            assert_eq!(
                region.first, next,
                "seed {seed}: the map has no holes and no overlaps"
            );
            next += region.pages;
            let run = PageRun {
                first: region.first - window.first,
                pages: region.pages,
            };
            let holders = self.within(run).iter().map(|page| page.holder.is_some());
            assert!(
                holders.eq((0..run.pages).map(|_| region.holder.is_some())),
                "seed {seed}: {region:?}"
            );
            let known = |account: &Account| account.runs.contains(&run);
            assert_eq!(
                self.accounts.iter().any(known),
                region.holder.is_some(),
                "seed {seed}: {region:?}"
            );
        }
        assert_eq!(
            next,
            window.first + window.pages,
            "seed {seed}: the map is complete"
        );
    }

    fn pick(&mut self, who: usize) -> Option<PageRun> {
        let count = self.accounts[who].runs.len();
        let index = self.random.below(count.max(1));
        self.accounts[who].runs.get(index).copied()
    }

    fn lowest(&self, count: u32) -> Option<u32> {
        let fits = |first: &usize| {
            self.pages[*first..]
                .iter()
                .take(count as usize)
                .all(|page| page.holder.is_none())
        };
        (0..(self.pages.len() + 1).saturating_sub(count as usize))
            .find(fits)
            .map(|first| first as u32)
    }

    fn longest(&self) -> u64 {
        let gaps = self.pages.split(|page| page.holder.is_some());
        gaps.map(|gap| gap.len() as u64).max().unwrap_or(0)
    }

    fn used(&self) -> u32 {
        self.accounts.iter().map(|account| account.used).sum()
    }

    fn may_take(&self, who: usize, count: u32) -> bool {
        self.accounts[who].used + count <= self.accounts[who].budget
            && self.within_reach(who) >= count
    }

    fn within_reach(&self, who: usize) -> u32 {
        let others = self
            .accounts
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != who);
        let promised: u32 = others
            .map(|(_, account)| account.promise.saturating_sub(account.used))
            .sum();
        self.pages.len() as u32 - self.used() - promised
    }

    fn within(&self, run: PageRun) -> &[Page] {
        &self.pages[run.first as usize..run.end() as usize]
    }

    fn within_mut(&mut self, run: PageRun) -> &mut [Page] {
        &mut self.pages[run.first as usize..run.end() as usize]
    }
}
