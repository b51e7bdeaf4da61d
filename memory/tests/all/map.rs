//! The live map under random use of all pools at once: whole, in order, and in agreement with the table.

use layerw_memory::{Arena, MemoryConfig, Owner, PAGE, PageRun, Regions, Rung, Tier};

use crate::random::{Random, length};

#[test]
fn the_map_is_the_arena_whatever_happens() {
    for seed in 0..20 * length() {
        Scene::new(seed).run(400);
    }
}

struct Scene {
    random: Random,
    seed: u64,
    arena: Arena,
    owners: Vec<(Tier, Owner, Vec<PageRun>)>,
}

impl Scene {
    fn new(seed: u64) -> Scene {
        let mut random = Random::new(seed);
        let pages = 12 + random.below(300) as u64;
        let arena = Arena::new(&MemoryConfig::with_total(pages * PAGE as u64)).unwrap();
        let owner = |(index, tier)| {
            let pool = arena.pool(tier);
            let owner = pool.owner(&format!("owner {index}"), pool.bytes()).unwrap();
            (tier, owner, Vec::new())
        };
        let tiers = Tier::ALL.into_iter().cycle().take(6);
        let owners = tiers.enumerate().map(owner).collect();
        Scene {
            random,
            seed,
            arena,
            owners,
        }
    }

    fn run(&mut self, operations: u32) {
        for frame in 0..operations {
            self.arena.begin_frame(frame);
            let who = self.random.below(self.owners.len());
            let (tier, owner, runs) = &mut self.owners[who];
            let pool = self.arena.pool(*tier);
            if self.random.below(5) < 3 {
                let pages = 1 + self.random.below(9) as u32;
                runs.extend(pool.reserve_at_least(*owner, 1, pages));
            } else if !runs.is_empty() {
                let run = runs.swap_remove(self.random.below(runs.len()));
                pool.release(*owner, run);
            }
            self.check(frame);
        }
    }

    fn check(&self, now: u32) {
        let (seed, map, table) = (self.seed, self.arena.map(), self.arena.table());
        let mut next = 0;
        for region in &map {
            assert!(
                region.first == next && region.pages > 0,
                "seed {seed}: {region:?}"
            );
            next += region.pages;
            let window = self.arena.layout().windows[region.tier as usize];
            assert!(
                region.first >= window.first && next <= window.first + window.pages,
                "seed {seed}: {region:?} is not in its pool"
            );
        }
        let windows = self.arena.layout().windows;
        assert_eq!(next, windows.iter().map(|window| window.pages).sum::<u32>());
        for holding in &table.holdings {
            let held = map.iter().filter_map(|region| {
                let holder = region.holder.as_ref()?;
                (region.tier == holding.tier && holder.owner == holding.owner)
                    .then_some((region.pages, holder))
            });
            let (mut pages, mut runs, mut newest) = (0, 0, 0);
            for (length, holder) in held {
                pages += u64::from(length);
                runs += 1;
                newest = newest.max(holder.frame);
                assert_eq!((holder.peak, holder.budget), (holding.peak, holding.budget));
            }
            assert_eq!(
                (pages * PAGE as u64, runs),
                (holding.used, holding.runs),
                "seed {seed}"
            );
            assert!(
                newest <= holding.frame && holding.frame <= now,
                "seed {seed}"
            );
            assert!(holding.used <= holding.peak && holding.peak <= holding.budget);
        }
        for pool in &table.pools {
            let used = map
                .iter()
                .filter(|region| region.tier.name() == pool.name && region.holder.is_some());
            let pages: u32 = used.map(|region| region.pages).sum();
            assert_eq!(u64::from(pages) * PAGE as u64, pool.used, "seed {seed}");
        }
    }
}

#[test]
fn regions_say_what_they_are_doing() {
    let arena = Arena::new(&MemoryConfig::with_total(64 * PAGE as u64)).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", PAGE as u64, 4).unwrap();
    let cache = arena.gpu().owner("cache", PAGE as u64).unwrap();
    let run = arena.gpu().reserve(cache, 1).unwrap();
    let filling = staging.take().unwrap().fill(1);
    let sealed = staging.take().unwrap().fill(1).seal();
    drop(staging.take().unwrap().fill(1).seal().launch(5));
    let states = || -> Vec<_> {
        let holders = arena.map().into_iter().filter_map(|region| region.holder);
        holders.map(|holder| holder.state).collect()
    };
    let (filled, flies) = (Some("being filled"), Some("in flight"));
    assert_eq!(
        states(),
        [filled, Some("sealed"), flies, Some("free"), None]
    );
    drop(sealed);
    assert_eq!(states()[1], Some("free"));
    let telling = arena
        .gpu()
        .on_map(cache, move |asked| (asked == run).then_some("near"));
    assert_eq!(states()[4], Some("near"));
    drop((telling, filling));
    assert_eq!(states()[..2], [Some("free"); 2]);
    assert_eq!(states()[4], None);
    let registration = arena.gpu().on_pressure(cache, Rung::Degrade, |_, _| ());
    assert_eq!(format!("{registration:?}"), "Registration { id: 3, .. }");
}
