//! Any budgets: they are refused with a sentence, or they fit.
#![no_main]

use layerw_memory::{Backing, MemoryConfig, PAGE, RegionConfig, Tier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, [u64; 3], Vec<(u8, u8, u64)>)| {
    let (total, [logic, scene, gpu], regions) = input;
    let regions: Vec<_> = regions
        .into_iter()
        .map(|(name, tier, budget)| RegionConfig {
            name: "x".repeat(usize::from(name % 4)),
            tier: Tier::ALL[usize::from(tier) % 3],
            budget,
        })
        .collect();
    let config = MemoryConfig {
        total,
        logic,
        scene,
        gpu,
        regions,
        backing: Backing::Best,
    };
    match config.validate() {
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
        Ok(layout) => {
            let pages: u32 = layout.windows.iter().map(|window| window.pages).sum();
            assert!(pages <= layout.pages && u64::from(layout.pages) <= (1 << 32) / PAGE as u64);
            for (tier, window) in Tier::ALL.iter().zip(layout.windows) {
                let promised: u64 = layout
                    .regions
                    .iter()
                    .filter(|region| region.tier == *tier)
                    .map(|region| region.budget)
                    .sum();
                assert!(promised <= u64::from(window.pages) * PAGE as u64);
            }
        }
    }
});
