//! Any file as a snapshot: refused and the world is as before, or taken and the world works.
//!
//! Half of the inputs are patches to a good image whose checksum is made right again, because no random file gets past a checksum.
#![no_main]

use std::sync::OnceLock;

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

fn world() -> World {
    let arena = Arena::new(&MemoryConfig::with_total(32 << 20)).expect("32 MiB");
    let mut world = World::new(&arena).expect("a fresh arena");
    world.insert_resource(Score(7));
    let entities: Vec<Entity> = world
        .spawn_batch((0..100).map(|number| (Position([number as f32; 3]), Tag(number))))
        .collect();
    world.spawn_batch((0..10).map(|number| (Tag(number),)));
    for entity in entities.iter().step_by(3) {
        world.despawn(*entity).expect("it lives");
    }
    world
}

fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let mut image = Vec::new();
        world()
            .snapshot(&mut image, b"{}")
            .expect("memory takes all");
        image
    })
}

fuzz_target!(|input: (Option<Vec<(u32, u8)>>, Vec<u8>)| {
    let image = match input {
        (None, bytes) => bytes,
        (Some(patches), _) => {
            let mut image = good().to_vec();
            let end = image.len() - 16;
            for (at, byte) in patches {
                image[at as usize % end] = byte;
            }
            let sum = xxh3_128(&image[..end]).to_le_bytes();
            image[end..].copy_from_slice(&sum);
            image
        }
    };
    let mut world = world();
    let before = world.hash();
    match world.restore(&image) {
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            assert_eq!(world.hash(), before, "a refused image changed the world");
        }
        Ok(_) => {
            let entity = world.spawn((Position([1.0; 3]), Tag(1)));
            assert!(world.get::<Tag>(entity).is_some());
            let all: Vec<Entity> = world.query::<Entity>().collect();
            for entity in all {
                world.despawn(entity).expect("it was found just now");
            }
            assert!(world.is_empty());
            world
                .snapshot(&mut Vec::new(), b"")
                .expect("memory takes all");
        }
    }
});
