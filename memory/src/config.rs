//! One configuration of all memory: how much there is, how it is split, and the proof that it fits.

use crate::consts::{PAGE, PAGES_MAX, pages_for};
use crate::map::{Backing, RESERVE_DEFAULT};
use crate::{MemoryError, Tier};

/// Budgets of the arena. Sizes are bytes; sizes that are no multiple of the page are rounded up and
/// [reported](ArenaLayout::roundings). Address space only: hosts that can commit memory when it is first touched.
///
/// ```
/// use layerw_memory::{Arena, MemoryConfig};
/// let config = MemoryConfig { logic: 64 << 20, ..MemoryConfig::default() };
/// let arena = Arena::new(&config)?;
/// assert_eq!(arena.logic().bytes(), 64 << 20);
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemoryConfig {
    /// Bytes of the whole arena. At least 1, at most 4 GiB; default [`RESERVE_DEFAULT`].
    pub total: u64,
    /// Budget of the Logic pool: columns, tables, resources. Default half the total.
    pub logic: u64,
    /// Budget of the Scene pool: scratch of all workers. Default a quarter.
    pub scene: u64,
    /// Budget of the GPU pool: staging. Default a quarter.
    pub gpu: u64,
    /// Named regions, each a promise kept for an owner of that name. Default none.
    pub regions: Vec<RegionConfig>,
    /// What the arena stands on. Default [`Backing::Best`].
    pub backing: Backing,
}

/// A part of a pool promised to one owner: nobody else can use those pages up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegionConfig {
    /// Name of the owner, unique within the pool.
    pub name: String,
    /// The pool.
    pub tier: Tier,
    /// Bytes promised, and the most that the owner may hold. At least 1.
    pub budget: u64,
}

/// A validated configuration in pages: where each pool lies and what was promised.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ArenaLayout {
    /// Pages of the arena.
    pub pages: u32,
    /// The windows of [`Tier::ALL`], in that order, one behind the other from page 0.
    pub windows: [Window; 3],
    /// Named regions with their budgets rounded up to pages.
    pub regions: Vec<RegionConfig>,
    /// Every size that was not a multiple of the page.
    pub roundings: Vec<Rounding>,
}

/// A pool's place in the arena.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Window {
    /// First page, counted from the arena's base.
    pub first: u32,
    /// Pages.
    pub pages: u32,
}

/// A size that was rounded up to whole pages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rounding {
    /// What it is the size of: `total`, a pool's name, or a region's.
    pub name: String,
    /// Bytes as configured.
    pub asked: u64,
    /// Bytes given.
    pub given: u64,
}

impl ArenaLayout {
    /// Bytes of the arena.
    pub fn bytes(&self) -> u64 {
        u64::from(self.pages) * PAGE as u64
    }
}

impl Default for MemoryConfig {
    fn default() -> MemoryConfig {
        MemoryConfig::with_total(RESERVE_DEFAULT)
    }
}

impl MemoryConfig {
    /// The default split of another total: half for Logic, a quarter each for Scene and GPU, in whole pages. A total of
    /// fewer than 4 pages leaves nothing for some pools.
    pub fn with_total(total: u64) -> MemoryConfig {
        let quarter = total / 4 / PAGE as u64 * PAGE as u64;
        MemoryConfig {
            total,
            logic: 2 * quarter,
            scene: quarter,
            gpu: quarter,
            regions: Vec::new(),
            backing: Backing::Best,
        }
    }

    /// Rounds up to pages and proves that everything fits.
    ///
    /// # Errors
    /// [`MemoryError::Total`], [`PoolsDoNotFit`](MemoryError::PoolsDoNotFit), [`RegionName`](MemoryError::RegionName),
    /// [`OwnerBudget`](MemoryError::OwnerBudget) for an empty region,
    /// [`RegionsDoNotFit`](MemoryError::RegionsDoNotFit).
    pub fn validate(&self) -> Result<ArenaLayout, MemoryError> {
        let mut roundings = Vec::new();
        let mut whole = |name: &str, asked: u64| {
            let pages = pages_for(asked);
            let given = pages.saturating_mul(PAGE as u64);
            if given != asked {
                roundings.push(Rounding {
                    name: name.into(),
                    asked,
                    given,
                });
            }
            pages
        };
        let pages = whole("total", self.total);
        if pages == 0 || pages > PAGES_MAX as u64 {
            return Err(MemoryError::Total { total: self.total });
        }
        let sizes = [self.logic, self.scene, self.gpu];
        let split: [u64; 3] =
            std::array::from_fn(|index| whole(Tier::ALL[index].name(), sizes[index]));
        if split
            .iter()
            .fold(0, |sum: u64, pages| sum.saturating_add(*pages))
            > pages
        {
            let [logic, scene, gpu] = split.map(|pages| pages.saturating_mul(PAGE as u64));
            return Err(MemoryError::PoolsDoNotFit {
                logic,
                scene,
                gpu,
                total: pages * PAGE as u64,
            });
        }
        let regions = self.validate_regions(split, &mut whole)?;
        let [logic, scene, gpu] = split.map(|pages| pages as u32);
        let windows = [
            Window {
                first: 0,
                pages: logic,
            },
            Window {
                first: logic,
                pages: scene,
            },
            Window {
                first: logic + scene,
                pages: gpu,
            },
        ];
        Ok(ArenaLayout {
            pages: pages as u32,
            windows,
            regions,
            roundings,
        })
    }

    fn validate_regions(
        &self,
        split: [u64; 3],
        whole: &mut impl FnMut(&str, u64) -> u64,
    ) -> Result<Vec<RegionConfig>, MemoryError> {
        let mut promised = [0; 3];
        let mut regions: Vec<RegionConfig> = Vec::with_capacity(self.regions.len());
        for RegionConfig { name, tier, budget } in &self.regions {
            let (name, pool) = (name.clone(), tier.name());
            let window = split[*tier as usize] * PAGE as u64;
            let same = |other: &RegionConfig| other.tier == *tier && other.name == name;
            if name.is_empty() {
                return Err(MemoryError::RegionName {
                    pool,
                    name,
                    problem: "empty",
                });
            }
            if regions.iter().any(same) {
                return Err(MemoryError::RegionName {
                    pool,
                    name,
                    problem: "taken",
                });
            }
            if *budget == 0 {
                return Err(MemoryError::OwnerBudget {
                    pool,
                    owner: name,
                    asked: 0,
                    budget: window,
                });
            }
            let asked = whole(&name, *budget).saturating_mul(PAGE as u64);
            let before = promised[*tier as usize];
            if asked > window - before {
                return Err(MemoryError::RegionsDoNotFit {
                    pool,
                    name,
                    asked,
                    promised: before,
                    budget: window,
                });
            }
            promised[*tier as usize] += asked;
            regions.push(RegionConfig {
                name,
                tier: *tier,
                budget: asked,
            });
        }
        Ok(regions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB_64: u64 = PAGE as u64;

    fn small() -> MemoryConfig {
        MemoryConfig {
            total: 8 * KIB_64,
            logic: 4 * KIB_64,
            scene: 2 * KIB_64,
            gpu: 2 * KIB_64,
            ..Default::default()
        }
    }

    fn region(name: &str, tier: Tier, budget: u64) -> RegionConfig {
        RegionConfig {
            name: name.into(),
            tier,
            budget,
        }
    }

    fn refusal(config: MemoryConfig) -> String {
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn pools_lie_one_behind_the_other() {
        let layout = small().validate().unwrap();
        let windows = layout.windows.map(|window| (window.first, window.pages));
        assert_eq!((layout.pages, windows), (8, [(0, 4), (4, 2), (6, 2)]));
        assert_eq!(layout.roundings, []);
    }

    #[test]
    fn the_default_fills_what_offsets_reach() {
        let config = MemoryConfig::default();
        let layout = config.validate().unwrap();
        assert_eq!(u64::from(layout.pages) * KIB_64, RESERVE_DEFAULT);
        assert_eq!(
            layout
                .windows
                .iter()
                .map(|window| window.pages)
                .sum::<u32>(),
            layout.pages
        );
    }

    #[test]
    fn odd_sizes_round_up_and_are_reported() {
        let mut config = MemoryConfig {
            scene: KIB_64 + 1,
            ..small()
        };
        config.regions.push(region("terrain", Tier::Logic, 100));
        let layout = config.validate().unwrap();
        assert_eq!(layout.windows[1].pages, 2);
        assert_eq!(layout.regions[0].budget, KIB_64);
        let names: Vec<_> = layout
            .roundings
            .iter()
            .map(|r| (r.name.as_str(), r.asked, r.given))
            .collect();
        assert_eq!(
            names,
            [("scene", KIB_64 + 1, 2 * KIB_64), ("terrain", 100, KIB_64)]
        );
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_cure() {
        assert_eq!(
            refusal(MemoryConfig {
                total: 0,
                ..small()
            }),
            "memory: total is 0 B, it must be between 1 B and 4 GiB; set another total"
        );
        assert_eq!(
            refusal(MemoryConfig {
                total: (1 << 32) + 1,
                ..small()
            }),
            "memory: total is 4294967297 B, it must be between 1 B and 4 GiB; set another total"
        );
        assert_eq!(
            refusal(MemoryConfig {
                gpu: 3 * KIB_64,
                ..small()
            }),
            "memory: the pools logic (256 KiB), scene (128 KiB) and gpu (192 KiB) need 576 KiB together, more than \
             the total of 512 KiB; lower a pool's budget or raise the total"
        );
        let huge = MemoryConfig {
            logic: u64::MAX,
            scene: u64::MAX,
            ..small()
        };
        assert!(matches!(
            huge.validate(),
            Err(MemoryError::PoolsDoNotFit { .. })
        ));
    }

    #[test]
    fn regions_need_names_sizes_and_room() {
        let with = |regions: &[RegionConfig]| {
            refusal(MemoryConfig {
                regions: regions.into(),
                ..small()
            })
        };
        assert_eq!(
            with(&[region("", Tier::Scene, 1)]),
            "memory: a region of pool scene is named \"\", which is empty; give it another name"
        );
        assert_eq!(
            with(&[region("a", Tier::Scene, 1), region("a", Tier::Scene, 1)]),
            "memory: a region of pool scene is named \"a\", which is taken; give it another name"
        );
        assert_eq!(
            with(&[region("a", Tier::Gpu, 0)]),
            "memory: owner \"a\" asks for a budget of 0 B in pool gpu, which has 128 KiB; ask for at least a byte and \
             at most the pool"
        );
        assert_eq!(
            with(&[
                region("a", Tier::Gpu, 1),
                region("b", Tier::Gpu, KIB_64 + 1)
            ]),
            "memory: region \"b\" asks for 128 KiB of pool gpu, where 64 KiB of 128 KiB are promised to regions \
             before it; lower its budget or raise the pool's"
        );
        let same_name_elsewhere = [region("a", Tier::Gpu, 1), region("a", Tier::Scene, 1)];
        assert!(
            MemoryConfig {
                regions: same_name_elsewhere.into(),
                ..small()
            }
            .validate()
            .is_ok()
        );
    }
}
