//! The arena: one reservation of address space, split into three pools that never move.

use crate::map::Mapping;
use crate::sync::Arc;
use crate::table::Table;
use crate::{ArenaLayout, MemoryConfig, MemoryError, Pool, RegionInfo, Tier};

/// A handle on the arena; clones are cheap and share it. The memory is given back when the last handle is gone, so
/// whoever keeps pointers into a pool keeps a clone beside them.
#[derive(Clone, Debug)]
pub struct Arena {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    layout: ArenaLayout,
    pools: [Pool; 3],
    backing: &'static str,
}

impl Arena {
    /// Validates the configuration and reserves the address space. Memory is committed as pages are touched where the host can
    /// do that.
    ///
    /// # Errors
    /// Whatever [`MemoryConfig::validate`] finds; [`MemoryError::Map`] when the host has no room;
    /// [`MemoryError::OwnersFull`] for too many named regions.
    pub fn new(config: &MemoryConfig) -> Result<Arena, MemoryError> {
        let layout = config.validate()?;
        let bytes = layout.bytes();
        let mapping = Mapping::reserve(config.backing, bytes)
            .map_err(|source| MemoryError::map(bytes, source))?;
        let backing = mapping.kind();
        let mapping = Arc::new(mapping);
        let pool = |tier: Tier| {
            Pool::new(
                tier,
                mapping.clone(),
                layout.windows[tier as usize],
                &layout.regions,
            )
        };
        let pools = [pool(Tier::Logic)?, pool(Tier::Scene)?, pool(Tier::Gpu)?];
        Ok(Arena {
            shared: Arc::new(Shared {
                layout,
                pools,
                backing,
            }),
        })
    }

    /// The pool of a tier.
    pub fn pool(&self, tier: Tier) -> &Pool {
        &self.shared.pools[tier as usize]
    }

    /// Columns, tables and resources.
    pub fn logic(&self) -> &Pool {
        self.pool(Tier::Logic)
    }

    /// Scratch of the frame.
    pub fn scene(&self) -> &Pool {
        self.pool(Tier::Scene)
    }

    /// Staging.
    pub fn gpu(&self) -> &Pool {
        self.pool(Tier::Gpu)
    }

    /// The validated configuration.
    pub fn layout(&self) -> &ArenaLayout {
        &self.shared.layout
    }

    /// What the arena stands on, for people: `memfd` or `plain pages`.
    pub fn backing(&self) -> &'static str {
        self.shared.backing
    }

    /// Labels what is reserved from now on with this frame in [`map`](Self::map).
    pub fn begin_frame(&self, frame: u32) {
        for pool in &self.shared.pools {
            pool.set_frame(frame);
        }
    }

    /// The live map: every run that someone holds and every gap, of all pools, in order of address. Regions are disjoint,
    /// page-aligned, and those of a pool add up to its budget.
    pub fn map(&self) -> Vec<RegionInfo> {
        self.shared.pools.iter().flat_map(Pool::map).collect()
    }

    /// Who holds what, for people.
    pub fn table(&self) -> Table {
        let mut all = Table::default();
        for Table { holdings, pools } in self.shared.pools.iter().map(Pool::table) {
            all.holdings.extend(holdings);
            all.pools.extend(pools);
        }
        all
    }
}
