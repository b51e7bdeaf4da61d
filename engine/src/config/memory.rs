//! `[memory]` and its regions.

use layerw_memory::{MemoryConfig, RegionConfig, Tier};

use super::error::ConfigError;
use super::reader::Section;

/// What a size may be.
pub(crate) const SIZE: &str = "a size such as 1048576 or \"64 MiB\"";

/// What `[memory]` says; the rest depends on the total.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MemoryBudgets {
    /// `memory.total`.
    pub(crate) total: Option<u64>,
    /// `memory.logic`, `memory.scene` and `memory.gpu`.
    pools: [Option<u64>; 3],
    /// `[memory.NAME]`, in order of name.
    regions: Vec<RegionConfig>,
}

impl MemoryBudgets {
    /// The configuration of an arena of `total` bytes: what is not said is split as by default.
    pub(crate) fn with_total(&self, total: u64) -> MemoryConfig {
        let split = MemoryConfig::with_total(total);
        let [logic, scene, gpu] = self.pools;
        MemoryConfig {
            logic: logic.unwrap_or(split.logic),
            scene: scene.unwrap_or(split.scene),
            gpu: gpu.unwrap_or(split.gpu),
            regions: self.regions.clone(),
            ..split
        }
    }

    /// The configuration with the total that it says, or the default one.
    pub(crate) fn config(&self) -> MemoryConfig {
        self.with_total(self.total.unwrap_or(MemoryConfig::default().total))
    }
}

/// Reads the section, and proves that its budgets fit.
pub(super) fn read(mut section: Section<'_>) -> Result<MemoryBudgets, ConfigError> {
    let mut budgets = MemoryBudgets {
        total: section.size("total", SIZE)?,
        ..MemoryBudgets::default()
    };
    for tier in Tier::ALL {
        budgets.pools[tier as usize] = section.size(tier.name(), SIZE)?;
    }
    for (name, mut region) in section.subsections()? {
        let tier = region.text("pool", "\"logic\", \"scene\" or \"gpu\"", |pool| {
            Tier::ALL.into_iter().find(|tier| tier.name() == pool)
        })?;
        let budget = region.size("budget", SIZE)?;
        budgets.regions.push(RegionConfig {
            name,
            tier: region.required("pool", tier)?,
            budget: region.required("budget", budget)?,
        });
        region.finish()?;
    }
    let place = section.place();
    section.finish()?;
    match budgets.config().validate() {
        Ok(_) => Ok(budgets),
        Err(source) => Err(ConfigError::Memory { place, source }),
    }
}
