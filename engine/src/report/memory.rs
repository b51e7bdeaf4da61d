//! The account of memory in reports and in `doctor --json`.

use layerw_memory::{Arena, Fitting, HostLimits, Tier};
use serde::Serialize;

/// The arena as a whole.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ArenaFigures {
    /// Bytes of address space.
    pub(crate) total: u64,
    /// `memfd` or `plain pages`.
    pub(crate) backing: &'static str,
    /// The default total in bytes, where the process had too little address space for it and nobody asked for another.
    pub(crate) reduced_from: Option<u64>,
}

/// A pool, in bytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PoolFigures {
    pub(crate) name: &'static str,
    pub(crate) used: u64,
    pub(crate) peak: u64,
    pub(crate) budget: u64,
    pub(crate) free: u64,
    /// The longest free run.
    pub(crate) longest_free: u64,
    pub(crate) pressure: PressureFigures,
}

/// What running out has cost a pool.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PressureFigures {
    pub(crate) recycles: u64,
    pub(crate) recycled: u64,
    pub(crate) degrades: u64,
    pub(crate) degraded: u64,
    pub(crate) refusals: u64,
}

/// What one owner holds of a pool, in bytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RegionFigures {
    pub(crate) pool: &'static str,
    pub(crate) owner: String,
    pub(crate) used: u64,
    pub(crate) peak: u64,
    pub(crate) budget: u64,
    pub(crate) runs: u32,
    /// Frame of its newest run.
    pub(crate) frame: u32,
}

/// A run of pages of 64 KiB, or a gap between runs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MapFigures {
    pub(crate) pool: &'static str,
    /// First page, from the arena's base.
    pub(crate) first: u32,
    pub(crate) pages: u32,
    /// `None` for a gap, and then so is all that follows.
    pub(crate) owner: Option<String>,
    pub(crate) frame: Option<u32>,
    pub(crate) state: Option<&'static str>,
}

/// What the host lets the process have, in bytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LimitFigures {
    pub(crate) address_space: Option<u64>,
    pub(crate) overcommit: Option<&'static str>,
    pub(crate) huge_pages: Option<String>,
    pub(crate) huge_pages_shared: Option<String>,
    pub(crate) memory: Option<u64>,
    pub(crate) available: Option<u64>,
    /// The largest arena that could be reserved beside the one there is.
    pub(crate) reservable: Option<u64>,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MemoryFigures {
    pub(crate) memory: ArenaFigures,
    pub(crate) pools: Vec<PoolFigures>,
    pub(crate) regions: Vec<RegionFigures>,
    pub(crate) map: Vec<MapFigures>,
    pub(crate) limits: LimitFigures,
}

impl ArenaFigures {
    pub(crate) fn of(arena: &Arena, reduced_from: Option<u64>) -> ArenaFigures {
        ArenaFigures {
            total: arena.layout().bytes(),
            backing: arena.backing(),
            reduced_from,
        }
    }
}

/// The pools, in order of address.
pub(crate) fn pools(arena: &Arena) -> Vec<PoolFigures> {
    let figures = |tier| {
        let pool = arena.pool(tier);
        let (stats, pressure) = (pool.stats(), pool.pressure());
        PoolFigures {
            name: stats.name,
            used: stats.used,
            peak: stats.peak,
            budget: stats.budget,
            free: stats.budget - stats.used,
            longest_free: pool.longest_free(),
            pressure: PressureFigures {
                recycles: pressure.recycles,
                recycled: pressure.recycled,
                degrades: pressure.degrades,
                degraded: pressure.degraded,
                refusals: pressure.refusals,
            },
        }
    };
    Tier::ALL.map(figures).into()
}

/// The owners, pool by pool, the largest holder first.
pub(crate) fn regions(arena: &Arena) -> Vec<RegionFigures> {
    let holdings = arena.table().holdings.into_iter();
    let figures = holdings.map(|holding| RegionFigures {
        pool: holding.tier.name(),
        owner: holding.owner,
        used: holding.used,
        peak: holding.peak,
        budget: holding.budget,
        runs: holding.runs,
        frame: holding.frame,
    });
    figures.collect()
}

/// Every run and every gap, in order of address.
fn map(arena: &Arena) -> Vec<MapFigures> {
    let figures = arena.map().into_iter().map(|region| {
        let (frame, state) = region
            .holder
            .as_ref()
            .map_or((None, None), |holder| (Some(holder.frame), holder.state));
        MapFigures {
            pool: region.tier.name(),
            first: region.first,
            pages: region.pages,
            owner: region.holder.map(|holder| holder.owner),
            frame,
            state,
        }
    });
    figures.collect()
}

impl LimitFigures {
    pub(crate) fn read() -> LimitFigures {
        let limits = HostLimits::read();
        LimitFigures {
            address_space: limits.address_space,
            overcommit: limits.overcommit,
            huge_pages: limits.huge_pages,
            huge_pages_shared: limits.huge_pages_shared,
            memory: limits.memory,
            available: limits.available,
            reservable: Fitting::find(Default::default())
                .ok()
                .map(|fitting| fitting.total),
        }
    }
}

impl MemoryFigures {
    pub(crate) fn of(arena: &Arena, reduced_from: Option<u64>) -> MemoryFigures {
        MemoryFigures {
            memory: ArenaFigures::of(arena, reduced_from),
            pools: pools(arena),
            regions: regions(arena),
            map: map(arena),
            limits: LimitFigures::read(),
        }
    }
}
