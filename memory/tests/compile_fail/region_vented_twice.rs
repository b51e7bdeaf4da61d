//! A region is vented once.

use layerw_memory::{Arena, MemoryConfig, Regions, Tier};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", 1 << 16, 1).unwrap();
    let sealed = staging.take().unwrap().fill(0).seal();
    sealed.vent();
    sealed.vent();
}
