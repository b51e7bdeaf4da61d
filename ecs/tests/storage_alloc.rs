//! A world in its steady state never calls the global allocator.

use layerw_ecs::{Checkpoint, Entity, World, component};
use layerw_memory::counting::{self, CountingAllocator};
use layerw_memory::{Arena, MemoryConfig};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[component]
struct Position(glam::Vec3);

#[component]
struct Mass(f64);

#[component]
struct Tag;

/// One step of a simulation whose entities come and go: the same numbers, in an order that changes from step to step.
fn step(world: &mut World, kept: &mut Checkpoint, entities: &mut Vec<Entity>, number: usize) {
    let spawned = world.spawn_batch(
        (0..5_000).map(|x| (Position(glam::Vec3::splat(x as f32)), Mass(f64::from(x)))),
    );
    entities.extend(spawned);
    for x in 0..200 {
        entities.push(world.spawn((Tag, Mass(f64::from(x)))));
    }
    for &entity in entities.iter().skip(number % 7).step_by(3) {
        world.insert(entity, Tag).expect("lives");
    }
    for &entity in entities.iter().skip(number % 5).step_by(2) {
        world.remove::<(Mass, Tag)>(entity).expect("lives");
    }
    world.send_event(Tag);
    (0..100).for_each(|x| world.send_event(Mass(f64::from(x))));
    world.flip_events();
    world.hash();
    kept.update(world);
    let half = entities.len() / 2;
    entities.rotate_left(number % half);
    for entity in entities.drain(..) {
        world.despawn(entity).expect("lives");
    }
}

#[test]
fn a_steady_world_does_not_allocate() {
    let arena = Arena::new(&MemoryConfig::with_total(64 << 20)).expect("a small arena");
    let mut world = World::new(&arena).expect("a fresh arena");
    let (mut kept, mut entities) = (world.checkpoint(), Vec::new());
    (0..10).for_each(|number| step(&mut world, &mut kept, &mut entities, number));
    let before = counting::snapshot().allocations;
    (10..60).for_each(|number| step(&mut world, &mut kept, &mut entities, number));
    assert_eq!(counting::snapshot().allocations - before, 0);
}
