//! A sealed region is complete: whoever reads it may rely on that.

use layerw_memory::{Arena, MemoryConfig, Regions, Tier};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", 1 << 16, 1).unwrap();
    let mut region = staging.take().unwrap().fill(0).seal();
    region.push(&[1, 2, 3]).unwrap();
}
