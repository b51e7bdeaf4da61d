//! A region cannot be vented while someone still reads it.

use layerw_memory::{Arena, MemoryConfig, Regions, Tier};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", 1 << 16, 1).unwrap();
    let mut region = staging.take().unwrap().fill(0);
    let numbers = region.push(&[1, 2, 3]).unwrap();
    let region = region.seal();
    let values = region.get(numbers).unwrap();
    region.vent();
    println!("{values:?}");
}
