//! Any file as a snapshot or as what follows one: refused and the world is as before, or taken and the world works.
//!
//! Most inputs are patches to a good file whose checksum is made right again, because no random file gets past a checksum. All runs share one
//! world, which goes back to its first state by a snapshot: making one takes longer than everything else.
#![no_main]

use std::cell::RefCell;

use arbitrary::Arbitrary;
use layerw_ecs::{Entity, World, component};
use layerw_memory::{Arena, MemoryConfig};
use libfuzzer_sys::fuzz_target;
use xxhash_rust::xxh3::xxh3_128;

#[component]
struct Position([f32; 3]);

#[component]
struct Tag(u8);

#[component]
struct Score(u64);

/// Bytes of the checksum at the end of a file.
const SUM: usize = 16;

#[derive(Arbitrary, Debug)]
enum File {
    /// An image.
    Image(Vec<u8>),
    /// The good image with bytes replaced.
    PatchedImage(Vec<(u32, u8)>),
    /// A delta after the good image.
    Delta(Vec<u8>),
    /// The good delta with bytes replaced, after the good image.
    PatchedDelta(Vec<(u32, u8)>),
}

/// A world, and the files that it wrote.
struct Stand {
    world: World,
    image: Vec<u8>,
    delta: Vec<u8>,
    /// Hash of the image's state, which the world is in between two runs.
    hash: layerw_ecs::StateHash,
}

thread_local! {
    static STAND: RefCell<Stand> = RefCell::new(Stand::new());
}

impl Stand {
    fn new() -> Stand {
        let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).expect("16 MiB");
        let mut world = World::new(&arena).expect("a fresh arena");
        world.insert_resource(Score(7));
        let entities: Vec<Entity> = world
            .spawn_batch((0..100).map(|number| (Position([number as f32; 3]), Tag(number))))
            .collect();
        world.spawn_batch((0..10).map(|number| (Tag(number),)));
        for entity in entities.iter().step_by(3) {
            world.despawn(*entity).expect("it lives");
        }
        let (mut image, mut delta) = (Vec::new(), Vec::new());
        let hash = world.hash();
        let mut base = world
            .snapshot_base(&mut image, b"{}")
            .expect("memory takes all");
        world.spawn((Position([3.0; 3]), Tag(3)));
        world.insert_resource(Score(8));
        world
            .snapshot_delta(&mut base, &mut delta, b"{}")
            .expect("memory takes all");
        drop(base);
        world.restore(&image).expect("its own image");
        Stand {
            world,
            image,
            delta,
            hash,
        }
    }

    fn take(&mut self, file: File) {
        let world = &mut self.world;
        let taken = match file {
            File::Image(bytes) => world.restore(&bytes),
            File::PatchedImage(patches) => world.restore(&patched(&self.image, &patches)),
            File::Delta(bytes) => world.restore_deltas(&self.image, &[&bytes]),
            File::PatchedDelta(patches) => {
                world.restore_deltas(&self.image, &[&patched(&self.delta, &patches)])
            }
        };
        match taken {
            Err(refusal) => {
                assert!(!refusal.to_string().is_empty());
                assert_eq!(world.hash(), self.hash, "a refused file changed the world");
            }
            Ok(_) => {
                use_all(world);
                world.restore(&self.image).expect("its own image");
                assert_eq!(world.hash(), self.hash);
            }
        }
    }
}

fn patched(good: &[u8], patches: &[(u32, u8)]) -> Vec<u8> {
    let mut file = good.to_vec();
    let end = file.len() - SUM;
    for &(at, byte) in patches {
        file[at as usize % end] = byte;
    }
    let sum = xxh3_128(&file[..end]).to_le_bytes();
    file[end..].copy_from_slice(&sum);
    file
}

fn use_all(world: &mut World) {
    let entity = world.spawn((Position([1.0; 3]), Tag(1)));
    assert!(world.get::<Tag>(entity).is_some());
    let all: Vec<Entity> = world.query::<Entity>().collect();
    for entity in all {
        world.despawn(entity).expect("it was found just now");
    }
    assert!(world.is_empty());
    world
        .snapshot(&mut std::io::sink(), b"")
        .expect("memory takes all");
}

fuzz_target!(|file: File| STAND.with_borrow_mut(|stand| stand.take(file)));
