//! Images: whole there and back, and refused with place and cure whatever is wrong with them.

use layerw_ecs::{EcsError, Entity, ImageError, World, component, image_header};
use layerw_memory::{Arena, MemoryConfig, PAGE};
use xxhash_rust::xxh3::xxh3_128;

#[component]
#[derive(Debug, PartialEq)]
struct Position(glam::Vec3);

#[component]
#[derive(Debug, PartialEq)]
struct Flags {
    owner: Entity,
    friend: Option<Entity>,
    alive: bool,
    _pad: [u8; 7],
}

#[component]
struct Tag;

fn world() -> World {
    World::new(&Arena::new(&MemoryConfig::with_total(64 << 20)).expect("a small arena"))
        .expect("a fresh arena")
}

fn filled(rows: u32) -> World {
    let mut world = world();
    let owner = world.spawn(Tag);
    let flags = Flags {
        owner,
        friend: None,
        alive: true,
        _pad: [0; 7],
    };
    let entities: Vec<_> = world
        .spawn_batch((0..rows).map(|x| (Position(glam::Vec3::splat(x as f32)), flags)))
        .collect();
    for &entity in entities.iter().step_by(5) {
        world.despawn(entity).expect("lives");
    }
    world.insert(entities[1], Tag).expect("lives");
    world.insert_resource(Position(glam::Vec3::ONE));
    world.send_event(flags);
    world.flip_events();
    world.send_event(Tag);
    world.set_step(12);
    world
}

fn image(world: &World) -> Vec<u8> {
    let mut bytes = Vec::new();
    world
        .snapshot(&mut bytes, b"settings")
        .expect("memory takes all");
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    let mut world = filled(100);
    let before = (
        world.hash(),
        world.restored(),
        world.structure(),
        world.arena().logic().stats().used,
    );
    let refusal = world.restore(bytes).expect_err("a bad image").to_string();
    assert_eq!(
        before,
        (
            world.hash(),
            world.restored(),
            world.structure(),
            world.arena().logic().stats().used
        ),
        "the world is as it was: {refusal}"
    );
    refusal
}

/// Makes the checksum fit again.
fn sign(bytes: &mut [u8]) {
    let body = bytes.len() - 16;
    let checksum = xxh3_128(&bytes[..body]);
    bytes[body..].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn a_world_comes_back_with_its_header() {
    let world = filled(5000);
    let bytes = image(&world);
    assert_eq!(image_header(&bytes).expect("whole"), b"settings");
    let mut other = filled(3);
    let restored = other.restored();
    assert_eq!(other.restore(&bytes).expect("a good image"), b"settings");
    assert_eq!(
        (other.hash(), other.len(), other.step(), other.restored()),
        (world.hash(), world.len(), 12, restored + 1)
    );
    assert_eq!(other.events::<Flags>(), world.events::<Flags>());
    assert_eq!(other.resource::<Position>(), world.resource::<Position>());
    assert_eq!(image(&other), bytes, "and is written as the same bytes");
    let mut again = other.copy().expect("room for a copy");
    assert_eq!(again.hash(), world.hash());
    again.spawn(Tag);
    assert_ne!(again.hash(), other.hash());
    assert_eq!(other.hash(), world.hash(), "a fork goes its own way");
}

#[test]
fn a_world_restores_over_itself_step_by_step() {
    let mut world = filled(5000);
    let early = image(&world);
    let hash = world.hash();
    for round in 0..20 {
        world.spawn_batch((0..round * 400).map(|x| (Tag, Position(glam::Vec3::splat(x as f32)))));
        world.restore(&early).expect("a good image");
        assert_eq!(world.hash(), hash);
    }
}

#[test]
fn components_keep_their_types_under_new_numbers() {
    #[component]
    #[derive(Debug, PartialEq)]
    struct Extra(u64);
    let source = filled(10);
    let mut world = world();
    let extra = world.register::<Extra>().expect("a fresh name");
    world.register::<Tag>().expect("a fresh name");
    world.restore(&image(&source)).expect("a good image");
    assert_eq!(
        world.hash(),
        source.hash(),
        "what is known besides does not count"
    );
    assert_ne!(world.component_id::<Extra>(), Some(extra));
    assert_eq!(
        world.component_id::<Tag>(),
        world.component_id_by_name("Tag")
    );
    let entity = world.spawn((Extra(1), Tag));
    assert_eq!(world.get::<Extra>(entity), Some(&Extra(1)));
}

#[test]
fn damage_is_found_and_named() {
    let good = image(&filled(200));
    assert_eq!(
        refusal(b"PK\x03\x04 something else"),
        "image: this is no Layer-W image: it begins with \"PK\\u{3}\\u{4} som\", not with \"LayerWim\"; name a file that a snapshot wrote"
    );
    assert!(refusal(b"").contains("0 bytes, where 56 belong there: it was cut short"));
    assert!(refusal(&good[..good.len() - 1]).contains("it was cut short"));
    assert!(refusal(&[&good[..], &[0]].concat()).contains("or added to"));
    let mut bytes = good.clone();
    bytes[good.len() / 2] ^= 1;
    assert!(refusal(&bytes).contains("it was damaged; take another snapshot"));
    let mut bytes = good.clone();
    bytes[8] = 9;
    assert!(refusal(&bytes).contains("format version 9, where this engine reads 2"));
    assert!(image_header(&bytes).is_err());
}

#[test]
fn another_layout_is_shown_field_by_field() {
    mod other {
        use layerw_ecs::component;
        #[component]
        pub struct Position {
            pub x: f32,
            pub y: f32,
        }
    }
    let mut world = world();
    world.spawn(other::Position { x: 1.0, y: 2.0 });
    let refusal = world
        .restore(&image(&filled(10)))
        .expect_err("another layout");
    assert!(matches!(
        refusal,
        EcsError::Image(ImageError::Layout { .. })
    ));
    let text = refusal.to_string();
    assert!(
        text.contains("component `Position`")
            && text.contains("size: 8 here, 12 there")
            && text.contains("`x: f32 at 0` here, `0: f32 x3 at 0` there"),
        "{text}"
    );
}

#[test]
fn a_checkpoint_of_a_world_with_another_layout_is_refused() {
    mod other {
        use layerw_ecs::component;
        #[component]
        pub struct Position(pub [f64; 64]);
    }
    let mut world = world();
    let entity = world.spawn(other::Position([1.0; 64]));
    let refusal = world
        .roll_back(&filled(10).checkpoint())
        .expect_err("another layout");
    assert!(matches!(
        refusal,
        EcsError::Image(ImageError::Layout { .. })
    ));
    let kept = world
        .get::<other::Position>(entity)
        .map(|position| position.0);
    assert_eq!(kept, Some([1.0; 64]), "the world is as it was");
}

#[test]
fn a_pool_too_small_or_taken_is_refused() {
    let bytes = image(&filled(5000));
    let small = Arena::new(&MemoryConfig {
        logic: 14 * PAGE as u64,
        ..MemoryConfig::with_total(16 << 20)
    })
    .expect("a small arena");
    let mut world = World::new(&small).expect("room for the tables");
    let text = world.restore(&bytes).expect_err("too small").to_string();
    assert!(
        text.contains("of the Logic pool, which has 14; give the Logic pool at least"),
        "{text}"
    );
    drop(world);
    let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).expect("a small arena");
    let mut world = World::new(&arena).expect("a fresh arena");
    let terrain = arena
        .logic()
        .owner("terrain", 1 << 20)
        .expect("a fresh name");
    arena.logic().reserve(terrain, 1).expect("room");
    let text = world.restore(&bytes).expect_err("taken").to_string();
    assert!(text.contains("where \"terrain\" holds page"), "{text}");
    world.spawn(Tag);
}

#[test]
fn bits_that_are_no_value_are_refused() {
    let mut world = world();
    let owner = world.spawn(());
    let entity = world.spawn(Flags {
        owner,
        friend: Some(owner),
        alive: true,
        _pad: [0xab; 7],
    });
    let value = world.get::<Flags>(entity).expect("has one");
    // SAFETY: a component is plain bytes.
    let value: [u8; 24] = unsafe { std::mem::transmute(*value) };
    let good = image(&world);
    let at = good
        .windows(24)
        .position(|bytes| bytes == value)
        .expect("its bytes stand in the image");
    for (offset, byte, field) in [
        (16, 2, "alive` of value 0 has bits that are no bool"),
        (4, 0, "owner` of value 0 has bits that are no Entity"),
        (
            12,
            0,
            "friend` of value 0 has bits that are no Option<Entity>",
        ),
    ] {
        let mut bytes = good.clone();
        bytes[at + offset] = byte;
        if byte == 0 {
            bytes[at + offset - 4] = 1; // an index without a generation
        }
        sign(&mut bytes);
        let text = refusal(&bytes);
        assert!(
            text.contains("column `Flags` of chunk") && text.contains(field),
            "{text}"
        );
    }
}

#[test]
fn a_clock_that_no_run_reaches_is_refused() {
    let good = image(&filled(10));
    let root = good.windows(8).position(|bytes| bytes == b"LWworld\n");
    let root = root.expect("the root page stands in the image");
    let (tick, step, dt) = (16, 24, 40);
    for (field, value, said) in [
        (tick, u64::MAX, "18446744073709551615"),
        (step, u64::MAX - 1, "18446744073709551614"),
        (dt, f64::NAN.to_bits(), "NaN simulated seconds"),
        (dt, (-1.0f64).to_bits(), "-1 simulated seconds"),
    ] {
        let mut bytes = good.clone();
        bytes[root + field..][..8].copy_from_slice(&value.to_le_bytes());
        sign(&mut bytes);
        let text = refusal(&bytes);
        assert!(text.contains("root page") && text.contains(said), "{text}");
    }
}

/// Whatever an image holds under a fitting checksum, restoring it ends with an error or with a world that can be used.
#[test]
fn hostile_images_never_reach_out_of_bounds() {
    let good = image(&filled(200));
    let mut state = 1_u64;
    let mut random = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(state) * bound as u128) >> 64) as usize
    };
    let rounds = if std::env::var_os("LAYERW_LONG").is_some() {
        200_000
    } else {
        1500
    };
    // Bytes that are not zero are where the structure is; half of the flips go there, the rest anywhere.
    let busy: Vec<usize> = (0..good.len()).filter(|&at| good[at] != 0).collect();
    // The frame and page 0 with all table headers come first.
    let front = good.len().min(2048);
    let (mut refused, mut restored) = (0, 0);
    let arena = Arena::new(&MemoryConfig::with_total(64 << 20)).expect("a small arena");
    for round in 0..rounds {
        let mut bytes = good.clone();
        for _ in 0..1 + random(3) {
            let at = match random(4) {
                0 => random(front),
                1 => random(bytes.len()),
                _ => busy[random(busy.len())],
            };
            match random(4) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = random(256) as u8,
                2 => bytes[at] = 0xff,
                _ => {
                    let from = random(bytes.len() - 8);
                    let to = at.min(bytes.len() - 8);
                    bytes.copy_within(from..from + 8, to);
                }
            }
        }
        if round % 16 == 0 {
            bytes.truncate(random(bytes.len()).max(100));
            let length = (bytes.len() as u64).to_le_bytes();
            bytes[16..24].copy_from_slice(&length);
        }
        sign(&mut bytes);
        let mut world = World::new(&arena).expect("a fresh arena");
        match world.restore(&bytes) {
            Err(_) => refused += 1,
            Ok(_) => {
                restored += 1;
                use_all(&mut world);
            }
        }
    }
    assert!(
        refused > rounds / 4 && restored > rounds / 50,
        "{refused} refused, {restored} restored"
    );
}

/// Does a little of everything that leads through tables.
fn use_all(world: &mut World) {
    world.hash();
    let entities: Vec<Entity> = world
        .archetypes()
        .iter()
        .flat_map(|archetype| archetype.chunks())
        .flat_map(|&id| world.chunk(id).entities().to_vec())
        .collect();
    assert_eq!(entities.len(), world.len());
    if world.register::<Position>().is_err()
        || world.register::<Flags>().is_err()
        || world.register::<Tag>().is_err()
    {
        return; // a component under this name with another layout, which the world then refuses to mix with ours
    }
    for &entity in &entities {
        world.get::<Flags>(entity);
        world
            .insert(entity, (Tag, Position(glam::Vec3::ZERO)))
            .expect("lives");
    }
    for &entity in entities.iter().rev() {
        world.remove::<Flags>(entity).expect("lives");
        world.despawn(entity).expect("lives");
    }
    assert_eq!(world.len(), 0);
    world.flip_events();
    world.events::<Tag>();
    world.insert_resource(Position(glam::Vec3::ZERO));
    world.remove_resource::<Position>();
    assert_eq!(world.spawn_batch((0..5000).map(|_| Tag)).count(), 5000);
    let bytes = image(world);
    world.restore(&bytes).expect("its own image");
}
