//! The arena: one reservation of address space, split into three pools that never move.

use crate::map::{Mapping, catch_faults};
use crate::sync::Arc;
use crate::table::Table;
use crate::{ArenaLayout, MemoryConfig, MemoryError, Pool, Protection, RegionInfo, Tier};

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
    /// Whether pages have rights on this backing.
    has_rights: bool,
    mapping: Arc<Mapping>,
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
        let mapping = Mapping::reserve(config.backing, &layout.windows, bytes)
            .map_err(|source| MemoryError::map(bytes, source))?;
        let backing = mapping.kind();
        let has_rights = mapping.has_rights();
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
                has_rights,
                mapping,
            }),
        })
    }

    /// Where the bytes are.
    pub(crate) fn mapping(&self) -> &Mapping {
        &self.shared.mapping
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

    /// Protects all pools from now on, and returns how: [`Protection::Pages`] becomes [`Protection::Checksums`] where the backing's pages have no
    /// rights. Protection stays, as it was first asked for, as long as the arena. Scratch and regions that exist get their edges not, so
    /// this is best done first; see [`protect`](crate::protect).
    ///
    /// # Errors
    /// [`MemoryError::TooManyProtected`], [`MemoryError::NoFaults`].
    pub fn protect(&self, protection: Protection) -> Result<Protection, MemoryError> {
        let mode = match protection {
            Protection::Off => return Ok(self.logic().protection()),
            Protection::Pages if !self.shared.has_rights => Protection::Checksums,
            mode => mode,
        };
        // Also with checksums, where the guards around the pools may fault.
        if self.shared.has_rights {
            catch_faults().map_err(|source| MemoryError::NoFaults { source })?;
        }
        for pool in &self.shared.pools {
            pool.protect(mode)?;
        }
        Ok(self.logic().protection())
    }

    /// Looks whether anything was written where nothing is: to the edges of scratch blocks and regions, and to the guards around the pools. Only
    /// [`Protection::Checksums`] need it; pages with rights fault at once.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] for the first place, with region, owner and frame.
    pub fn check(&self) -> Result<(), MemoryError> {
        let shields = self.shared.pools.iter().filter_map(Pool::shield);
        shields.into_iter().try_for_each(|shield| shield.check())
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
