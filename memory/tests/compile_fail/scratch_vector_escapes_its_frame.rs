//! Nor can a vector in scratch, or a slice of it.

use layerw_memory::{Arena, MemoryConfig, Scratch};

fn first<'a>(scratch: &mut Scratch) -> &'a [u32] {
    let mut values = scratch.vec(4);
    values.push(1);
    values.into_slice()
}

fn main() {
    let arena = Arena::new(&MemoryConfig::default()).unwrap();
    let mut scratch = Scratch::new(&arena, 0, 1 << 20).unwrap();
    println!("{:?}", first(&mut scratch));
}
