//! What a guard lets read lasts as long as the frame, however long the handle is kept.

use layerw_memory::{Arena, MemoryConfig, Scratch};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let mut scratch = Scratch::new(&arena, 0, 1 << 20).unwrap();
    let lent = scratch.lend(&[1, 2, 3]);
    let values = lent.get(scratch.guard()).unwrap();
    scratch.vent();
    println!("{values:?}");
}
