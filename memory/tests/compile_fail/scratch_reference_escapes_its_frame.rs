//! A reference into scratch cannot be kept across frames.

use layerw_memory::{Arena, MemoryConfig, Scratch};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let mut scratch = Scratch::new(&arena, 0, 1 << 20).unwrap();
    let kept = scratch.alloc(1);
    scratch.vent();
    println!("{kept}");
}
