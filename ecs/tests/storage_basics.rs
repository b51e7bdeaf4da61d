//! The plain use of a world: entities, components, resources, events, locals.

use layerw_ecs::{
    CHUNK_ROWS, COMPONENTS_MAX, EcsError, Entity, Field, NoSuchEntity, Primitive, Schema, World,
    component,
};
use layerw_memory::{Arena, MemoryConfig, PAGE};

#[component]
#[derive(Debug, PartialEq)]
struct Position(glam::Vec3);

#[component]
#[derive(Debug, PartialEq)]
struct Velocity(glam::Vec3);

#[component]
#[derive(Debug, PartialEq)]
struct Mass(f64);

#[component]
#[derive(Debug, PartialEq)]
struct Tag;

#[component]
#[derive(Debug, PartialEq)]
#[repr(align(64))]
struct Line([f32; 16]);

fn world() -> World {
    World::new(&arena(64 << 20)).expect("a fresh arena")
}

fn arena(bytes: u64) -> Arena {
    Arena::new(&MemoryConfig::with_total(bytes)).expect("a small arena")
}

fn at(x: f32) -> Position {
    Position(glam::Vec3::new(x, 0.0, 0.0))
}

#[test]
fn components_come_and_go() {
    let mut world = world();
    let entity = world.spawn((at(1.0), (Mass(2.0), Tag)));
    assert_eq!(world.get::<Position>(entity), Some(&at(1.0)));
    assert_eq!(world.get::<Tag>(entity), Some(&Tag));
    assert_eq!(world.get::<Velocity>(entity), None);
    world
        .insert(entity, (Velocity(glam::Vec3::Y), at(3.0)))
        .expect("lives");
    assert_eq!(
        world.get::<Velocity>(entity),
        Some(&Velocity(glam::Vec3::Y))
    );
    assert_eq!(world.get::<Position>(entity), Some(&at(3.0)));
    world.get_mut::<Mass>(entity).expect("has one").0 = 5.0;
    world.remove::<(Tag, Velocity)>(entity).expect("lives");
    world
        .remove::<Tag>(entity)
        .expect("lives; passing over what is not there");
    assert_eq!(
        (world.get::<Tag>(entity), world.get::<Velocity>(entity)),
        (None, None)
    );
    assert_eq!(world.get::<Mass>(entity), Some(&Mass(5.0)));
    let bare = world.spawn(());
    assert_eq!(world.len(), 2);
    world.despawn(entity).expect("lives");
    assert_eq!(world.despawn(entity), Err(NoSuchEntity(entity)));
    assert_eq!(world.insert(entity, Tag), Err(NoSuchEntity(entity)));
    assert_eq!(world.remove::<Tag>(entity), Err(NoSuchEntity(entity)));
    assert_eq!(world.get::<Mass>(entity), None);
    let next = world.spawn(Mass(1.0));
    assert_eq!((next.index(), next.generation()), (entity.index(), 2));
    assert!(world.contains(bare) && world.contains(next) && !world.contains(entity));
    assert_eq!(
        Entity::new(99, 1).map(|entity| world.contains(entity)),
        Some(false)
    );
}

#[test]
fn batches_fill_chunks_in_order() {
    let mut world = world();
    let count = CHUNK_ROWS as usize * 2 + 100;
    let entities: Vec<Entity> = world
        .spawn_batch((0..count).map(|index| {
            (
                at(index as f32),
                Mass(index as f64),
                Line([index as f32; 16]),
            )
        }))
        .collect();
    assert_eq!((entities.len(), world.len()), (count, count));
    for (index, &entity) in entities.iter().enumerate() {
        assert_eq!(world.get::<Mass>(entity), Some(&Mass(index as f64)));
        assert_eq!(world.get::<Line>(entity), Some(&Line([index as f32; 16])));
    }
    let archetype = &world.archetypes()[0];
    let lens: Vec<usize> = archetype
        .chunks()
        .iter()
        .map(|&id| world.chunk(id).len())
        .collect();
    assert_eq!(lens, [4096, 4096, 100]);
    for &id in archetype.chunks() {
        for column in 0..archetype.components().len() {
            assert_eq!(world.chunk(id).column_ptr(column).as_ptr() as usize % 64, 0);
        }
    }
    for &entity in &entities[..4096] {
        world.despawn(entity).expect("lives");
    }
    assert_eq!(
        (world.len(), world.archetypes()[0].chunks().len()),
        (count - 4096, 2)
    );
    for (index, &entity) in entities.iter().enumerate().skip(4096) {
        assert_eq!(
            world.get::<Mass>(entity),
            Some(&Mass(index as f64)),
            "{entity}"
        );
    }
}

#[test]
fn a_first_chunk_grows_under_its_number_and_others_never_move() {
    let mut world = world();
    let mut capacities = Vec::new();
    let mut first = Vec::new();
    for index in 0..9000 {
        let before = world.structure();
        world.spawn(Mass(f64::from(index)));
        let chunks = world.archetypes()[0].chunks();
        let address = world.chunk(chunks[0]).column_ptr(0);
        if first.last() != Some(&address) {
            first.push(address);
            capacities.push(index);
            assert_ne!(
                world.structure(),
                before,
                "a replacement changes the structure"
            );
        }
        if index > 5000 {
            let second = world.chunk(chunks[1]).column_ptr(0);
            assert_eq!(
                second,
                world.chunk(world.archetypes()[0].chunks()[1]).column_ptr(0)
            );
        }
    }
    assert_eq!(
        capacities,
        [0, 64, 512],
        "replaced when 64 and when 512 rows were full"
    );
}

#[test]
fn resources_events_and_locals_are_kept_by_type() {
    let mut world = world();
    assert_eq!(world.insert_resource(Mass(1.0)), None);
    let id = world.component_id::<Mass>().expect("registered");
    let address = world.resource_ptr(id);
    world.set_tick(7);
    world.resource_mut::<Mass>().expect("there").0 = 3.0;
    assert_eq!(world.resource_changed(id), 7);
    assert_eq!(world.insert_resource(Mass(4.0)), Some(Mass(3.0)));
    assert_eq!(world.resource_ptr(id), address);
    assert_eq!(world.remove_resource::<Mass>(), Some(Mass(4.0)));
    assert_eq!(
        (world.resource::<Mass>(), world.resource_ptr(id)),
        (None, None)
    );

    world.register_event::<Position>().expect("a fresh name");
    for x in 0..100_000 {
        world.send_event(at(x as f32));
    }
    world.send_event(Tag);
    assert_eq!(
        (world.events::<Position>(), world.events::<Tag>()),
        (&[][..], &[][..])
    );
    world.flip_events();
    assert_eq!(
        (world.events::<Position>().len(), world.events::<Tag>()),
        (100_000, &[Tag][..])
    );
    assert_eq!(world.events::<Position>()[99_999], at(99_999.0));
    world.flip_events();
    assert_eq!(world.events::<Position>(), &[]);

    world.insert_local(String::from("kept beside"));
    world.local_mut::<String>().expect("there").push('!');
    assert_eq!(
        world.local::<String>().map(String::as_str),
        Some("kept beside!")
    );
}

#[test]
fn a_pool_holds_one_world_and_gets_everything_back() {
    let arena = arena(16 << 20);
    let mut first = World::new(&arena).expect("a fresh arena");
    first.spawn_batch((0..10_000).map(|x| (at(x as f32), Tag)));
    first.insert_resource(Mass(1.0));
    first.send_event(Mass(2.0));
    let second = World::new(&arena)
        .err()
        .expect("the pool is taken")
        .to_string();
    assert!(
        second.contains("world tables") && second.contains("another arena"),
        "{second}"
    );
    drop(first);
    assert_eq!(arena.logic().stats().used, 0);
    let mut second = World::new(&arena).expect("free again");
    second.spawn(Tag);
}

#[test]
fn names_stand_for_one_type_and_layout() {
    mod other {
        use layerw_ecs::component;
        #[component(name = "Mass")]
        pub struct Twin(pub f64);
        #[component(name = "Mass")]
        pub struct Different {
            pub kilograms: f32,
            pub grams: f32,
        }
    }
    let mut world = world();
    world.spawn(Mass(1.0));
    assert!(matches!(
        world.register::<other::Twin>(),
        Err(EcsError::TwoTypes { .. })
    ));
    let conflict = world
        .register::<other::Different>()
        .expect_err("another layout")
        .to_string();
    assert_eq!(
        conflict,
        "component `Mass` is declared twice with different layouts (alignment: 4 here, 8 there; field 0: `kilograms: f32 at 0` here, \
         `0: f64 at 0` there; field 1: `grams: f32 at 4` here, nothing there); make the two agree, or give one another name: \
         #[component(name = \"…\")]"
    );
    let twice = world
        .try_spawn((Mass(1.0), Mass(2.0)))
        .expect_err("twice")
        .to_string();
    assert!(
        twice.contains("component `Mass` stands in it twice"),
        "{twice}"
    );
}

#[test]
fn a_full_pool_refuses_with_a_table_and_loses_nothing() {
    let arena = Arena::new(&MemoryConfig {
        logic: 24 * PAGE as u64,
        ..MemoryConfig::with_total(4 << 20)
    })
    .expect("a small arena");
    let mut world = World::new(&arena).expect("a fresh arena");
    let mut entities = Vec::new();
    let refusal = loop {
        match world.try_spawn((
            Mass(entities.len() as f64),
            Line([entities.len() as f32; 16]),
        )) {
            Ok(entity) => entities.push(entity),
            Err(refusal) => break refusal,
        }
    };
    let text = refusal.to_string();
    assert!(matches!(refusal, EcsError::Memory { .. }));
    for part in [
        "component `Line`",
        "component Line",
        "component Mass",
        "world tables",
        "entity ids",
        "raise the pool's budget",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert_eq!(world.len(), entities.len());
    assert!(
        world
            .try_insert(entities[0], Position(glam::Vec3::ONE))
            .is_err()
            || world.get::<Position>(entities[0]).is_some()
    );
    for (index, &entity) in entities.iter().enumerate() {
        assert_eq!(world.get::<Mass>(entity), Some(&Mass(index as f64)));
        assert_eq!(world.get::<Line>(entity), Some(&Line([index as f32; 16])));
    }
    for &entity in &entities {
        world.despawn(entity).expect("a despawn needs no memory");
    }
    let again = world
        .spawn_batch((0..100).map(|index| (Mass(f64::from(index)), Line([0.0; 16]))))
        .count();
    assert_eq!((again, world.len()), (100, 100));
}

#[test]
fn spawn_panics_with_the_table() {
    let arena = Arena::new(&MemoryConfig {
        logic: 12 * PAGE as u64,
        ..MemoryConfig::with_total(4 << 20)
    })
    .expect("a small arena");
    let mut world = World::new(&arena).expect("a fresh arena");
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world
            .spawn_batch((0..1_000_000).map(|x| Mass(f64::from(x))))
            .count()
    }));
    let text = *outcome
        .expect_err("no room")
        .downcast::<String>()
        .expect("a message");
    assert!(
        text.contains("(whole pool)") && text.contains("component Mass"),
        "{text}"
    );
}

#[test]
fn a_layout_declared_elsewhere_is_the_same_component() {
    let field = |name: &str, offset| Field {
        name: name.to_owned(),
        primitive: Primitive::F64,
        offset,
        count: 1,
    };
    let mut world = world();
    let schema = Schema::new("Mass".to_owned(), 8, 8, true, vec![field("0", 0)]);
    let id = world.register_schema(schema.clone()).expect("a fresh name");
    assert_eq!(world.component_id::<Mass>(), None, "no Rust type yet");
    assert_eq!(world.register::<Mass>().expect("the same layout"), id);
    assert_eq!(world.schema(id), &schema);
    let entity = world.spawn(Mass(3.0));
    assert_eq!(world.get::<Mass>(entity), Some(&Mass(3.0)));

    let gap = Schema::new(
        "Gap".to_owned(),
        24,
        8,
        true,
        vec![field("a", 0), field("b", 16)],
    );
    let refusal = world.register_schema(gap).expect_err("a gap").to_string();
    assert_eq!(
        refusal,
        "component `Gap` cannot live in the world: field `b` starts at byte 16, and the one before it ends at 8; cover every byte by \
         one field, aligned, in order"
    );
    for number in 1.. {
        let schema = Schema::new(format!("Number{number}"), 8, 8, true, vec![field("0", 0)]);
        if let Err(refusal) = world.register_schema(schema) {
            assert_eq!(number, COMPONENTS_MAX, "with `Mass` before them");
            assert!(refusal.to_string().contains("is one too many"), "{refusal}");
            break;
        }
    }
}

#[test]
fn a_batch_names_its_entities_in_order_and_anywhere() {
    let mut world = world();
    world.spawn(Mass(-1.0));
    let spawned = world.spawn_batch((0..10_000).map(|x| Mass(f64::from(x))));
    assert_eq!(spawned.len(), 10_000);
    let (all, mut some) = (spawned.clone().collect::<Vec<_>>(), spawned);
    assert_eq!(some.nth(5_000), Some(all[5_000]));
    assert_eq!(some.next(), Some(all[5_001]));
    assert_eq!((some.nth(usize::MAX), some.next()), (None, None));
    assert_eq!(world.get::<Mass>(all[9_999]), Some(&Mass(9_999.0)));
    assert_eq!(world.spawn_batch(std::iter::empty::<Mass>()).count(), 0);
}
