//! A scratch belongs to one thread at a time.

use layerw_memory::{Arena, MemoryConfig, Scratch};

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let scratch = Scratch::new(&arena, 0, 1 << 20).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| scratch.alloc(1));
        scratch.alloc(2);
    });
}
