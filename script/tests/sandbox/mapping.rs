//! The mapped form: the same pages, twice, with the declared rights, and no byte copied.

use crate::support::*;
use layerw_ecs::Entity;
use layerw_ecs::schedule::Failure;
use layerw_memory::Backing;
use layerw_script::abi::Param;
use layerw_script::runtime::{Form, Options};
use std::collections::BTreeMap;

/// A line of `/proc/self/maps` that maps an arena: rights, and bytes of the file.
fn arena_maps() -> Vec<(String, u64, u64, usize)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let arenas = maps
        .lines()
        .filter(|line| line.contains("memfd:layerw-arena"));
    arenas
        .map(|line| {
            let mut words = line.split_whitespace();
            let (from, to) = words
                .next()
                .and_then(|range| range.split_once('-'))
                .expect("a range");
            let hex = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
            let rights = words.next().expect("rights").to_owned();
            let offset = hex(words.next().expect("an offset"));
            let inode: usize = words.nth(1).expect("an inode").parse().expect("a number");
            (rights, offset, offset + hex(to) - hex(from), inode)
        })
        .collect()
}

#[test]
fn a_granted_page_is_in_the_process_twice_with_its_right_and_nothing_is_copied() {
    let mut world = world(Backing::Best, 20_000);
    let loaded = load(&module(MOVEMENT_V128, &movement()), &Options::default());
    if loaded.form(world.arena()) != Form::Mapped {
        return;
    }
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let arena = world.arena().clone();
    // Which of the arenas in this process it is, by a page that only it has.
    let mut scene = Scene::new(2, world, systems);
    let before: usize = arena_maps().len();
    scene.steps(100);
    assert_eq!(loaded.bytes_copied(), 0);
    assert!(arena_maps().len() > before, "nothing was mapped");
    let world = &scene.world;
    let mut rights_of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (position, velocity, secret) = (
        world.component_id::<Position>().expect("known"),
        world.component_id::<Velocity>().expect("known"),
        world.component_id::<Secret>().expect("known"),
    );
    let archetype = &world.archetypes()[0];
    let maps = arena_maps();
    // The file that holds this world is the one whose whole Logic pool is mapped at the arena's own address.
    let base = arena.logic().base().as_ptr().addr() as u64;
    let inode = inode_at(base);
    for &chunk in archetype.chunks() {
        for (name, id) in [
            ("position", position),
            ("velocity", velocity),
            ("secret", secret),
        ] {
            let column = archetype.column(id).expect("has it");
            let held = world.column_pages(chunk, column).expect("has bytes");
            let at = held.run().offset();
            let seen = maps
                .iter()
                .filter(|(_, from, to, file)| (*from..*to).contains(&at) && *file == inode);
            rights_of.entry(name).or_default().push(
                seen.map(|(rights, ..)| rights.clone())
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
    }
    let all =
        |name: &str, test: &dyn Fn(&str) -> bool| rights_of[name].iter().all(|rights| test(rights));
    // The arena's own mapping, and one of each worker that ran on the chunk (each may be one and the same).
    assert!(
        all("position", &|rights| rights.matches("rw-s").count() >= 2),
        "{rights_of:?}"
    );
    assert!(
        all("velocity", &|rights| rights.matches("r--s").count() >= 1),
        "{rights_of:?}"
    );
    assert!(
        all("velocity", &|rights| rights.matches("rw-s").count() == 1),
        "{rights_of:?}"
    );
    assert!(all("secret", &|rights| rights == "rw-s"), "{rights_of:?}");
    drop(scene);
}

/// The inode of what is mapped at an address.
fn inode_at(address: u64) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let hex = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
    let line = maps.lines().find(|line| {
        let range = line
            .split_whitespace()
            .next()
            .and_then(|range| range.split_once('-'));
        range.is_some_and(|(from, to)| (hex(from)..hex(to)).contains(&address))
    });
    let words = line.expect("mapped").split_whitespace();
    words
        .into_iter()
        .nth(4)
        .expect("an inode")
        .parse()
        .expect("a number")
}

/// Writes the addresses that it is given to the rows: what host and guest must agree on.
const ADDRESSES: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Tell") (param $p i32) (param $e i32) (param $n i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))
    (loop $rows
      (i32.store (local.get $p) (local.get $p))
      (i32.store offset=4 (local.get $p) (i32.load (local.get $e)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $e (i32.add (local.get $e) (i32.const 8)))
      (br_if $rows (i32.lt_u (local.get $p) (local.get $end)))))
)"#;

#[test]
fn an_address_in_the_guest_is_the_offset_in_the_arena() {
    let mut world = world(Backing::Best, 9_000);
    let manifest = manifest(&[system(
        "Tell",
        &[column::<Secret>(true), Param::Entities, Param::Count],
    )]);
    let loaded = load(&module(ADDRESSES, &manifest), &Options::default());
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let mut scene = Scene::new(1, world, systems);
    scene.steps(1);
    let mapped = loaded.form(scene.world.arena()) == Form::Mapped;
    let base = scene.world.arena().logic().base().as_ptr().addr();
    let rows: Vec<(Entity, u64, usize)> = scene
        .world
        .query::<(Entity, &Secret)>()
        .map(|(entity, secret)| (entity, secret.0, std::ptr::from_ref(secret).addr()))
        .collect();
    for (entity, told, address) in rows {
        assert_eq!((told >> 32) as u32, entity.index());
        if mapped {
            assert_eq!(told as u32 as usize - 0x1000_0000, address - base);
        }
    }
}

/// Walks up from its column until it is stopped.
const WALK: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Walk") (param $p i32)
    (loop $up
      (i32.store8 (local.get $p) (i32.const 0xee))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $up)))
)"#;

#[test]
fn pages_that_come_to_another_component_are_no_longer_shown() {
    // A world in which one component's pages are freed and taken by another one, while the script's instance lives on.
    let mut world = layerw_ecs::World::new(&arena(Backing::Best)).expect("a fresh arena");
    let entities: Vec<_> = world
        .spawn_batch((0..60_000).map(|_| Position([1.0, 1.0])))
        .collect();
    let loaded = load(
        &module(
            WALK,
            &manifest(&[system("Walk", &[column::<Position>(true)])]),
        ),
        &Options {
            on_fault: layerw_script::runtime::OnFault::Stop,
            ..Options::default()
        },
    );
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let mut scene = Scene::new(1, world, systems);
    let stopped: Failure = scene.step().expect_err("it walks until it is stopped");
    assert!(
        text(&stopped).contains("touched address"),
        "{}",
        text(&stopped)
    );
    // All but a few go; their pages come back as another component's.
    for &entity in entities[10..].iter().rev() {
        scene.world.despawn(entity).expect("lives");
    }
    let before: Vec<_> = scene
        .world
        .spawn_batch((0..60_000).map(|index| Secret(index ^ 0x5eed)))
        .collect();
    assert_eq!(before.len(), 60_000);
    let _ = scene.step().expect_err("it walks again");
    let _ = scene.step().expect_err("and again");
    let intact = scene
        .world
        .query::<&Secret>()
        .zip(0..)
        .all(|(secret, index)| secret.0 == index ^ 0x5eed);
    assert!(
        intact,
        "a page was shown that is another component's by now"
    );
}

#[test]
fn two_systems_of_one_script_do_not_see_each_others_columns() {
    let text_of = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "A") (param $p i32) (param $n i32) (f32.store (local.get $p) (f32.const 5)))
  (func (export "B") (param $v i32) (param $n i32)
    (f32.store (i32.const ADDRESS) (f32.const 6)))
)"#;
    let mut world = world(Backing::Best, 5_000);
    let position = world.component_id::<Position>().expect("known");
    let archetype = &world.archetypes()[0];
    let first = world
        .chunk(archetype.chunks()[0])
        .column_ptr(archetype.column(position).expect("has it"));
    let address =
        0x1000_0000 + first.as_ptr().addr() - world.arena().logic().base().as_ptr().addr();
    let manifest = manifest(&[
        system("A", &[column::<Position>(true), Param::Count]),
        system("B", &[column::<Velocity>(true), Param::Count]),
    ]);
    let loaded = load(
        &module(&text_of.replace("ADDRESS", &address.to_string()), &manifest),
        &Options::default(),
    );
    if loaded.form(world.arena()) != Form::Mapped {
        return;
    }
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let mut scene = Scene::new(1, world, systems);
    let stopped = scene.step().expect_err("B has no positions");
    assert_eq!(stopped.system, "B");
    assert!(
        text(&stopped).contains("touched address"),
        "{}",
        text(&stopped)
    );
    let first = scene.world.query::<&Position>().next().expect("lives").0[0];
    assert_eq!(first, 5.0);
}

#[test]
fn columns_that_can_hold_nonsense_are_copied_and_looked_at() {
    let text_of = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Set") (param $f i32) (param $n i32) (i32.store8 (local.get $f) (i32.const VALUE)))
)"#;
    let manifest = manifest(&[system("Set", &[column::<Flag>(true), Param::Count])]);
    for (value, fails) in [("1", false), ("2", true)] {
        let mut world = layerw_ecs::World::new(&arena(Backing::Best)).expect("a fresh arena");
        world.spawn_batch((0..100).map(|_| Flag(false)));
        let loaded = load(
            &module(&text_of.replace("VALUE", value), &manifest),
            &Options::default(),
        );
        let systems = loaded.bind(&mut world).expect("the same layouts");
        let mut scene = Scene::new(1, world, systems);
        let stepped = scene.step();
        assert_eq!(stepped.is_err(), fails);
        if let Err(stopped) = stepped {
            assert!(
                text(&stopped).contains("field `0` of component `Flag` that are no bool"),
                "{}",
                text(&stopped)
            );
        }
        let set = scene.world.query::<&Flag>().filter(|flag| flag.0).count();
        assert_eq!(set, usize::from(!fails));
        assert!(loaded.bytes_copied() > 0, "copied and counted");
    }
}
