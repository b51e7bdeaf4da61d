//! Scratch forgets what is in it, so only plain values go in.

use layerw_memory::{Arena, MemoryConfig, Scratch};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let scratch = Scratch::new(&arena, 0, 1 << 20).unwrap();
    scratch.alloc(String::from("never freed"));
}
