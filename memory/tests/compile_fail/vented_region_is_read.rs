//! After venting, a region's bytes belong to the next frame.

use layerw_memory::{Arena, MemoryConfig, Regions, Tier};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let staging = Regions::new(&arena, Tier::Gpu, "staging", 1 << 16, 1).unwrap();
    let mut region = staging.take().unwrap().fill(0);
    let numbers = region.push(&[1, 2, 3]).unwrap();
    let vented = region.seal().vent();
    println!("{:?}", vented.get(numbers));
}
