//! What scripts record, and resources: as for Rust systems.

use crate::support::*;
use layerw_ecs::row::IntoRow;
use layerw_ecs::whole::IntoWhole;
use layerw_ecs::{Commands, Entity, Events, Query, Res, ResMut, StateHash, component};
use layerw_jobs::on_fresh_thread;
use layerw_memory::Backing;
use layerw_script::abi::Param;
use layerw_script::runtime::{Columns, Form, Options};

/// Where a spawned position came from.
#[component]
struct Child(Entity);

/// What is sent.
#[component]
struct Born(u32);

const ENTITIES: usize = 10_000;

fn in_rust(entity: Entity, position: &Position, mut commands: Commands) {
    let x = position.0[0];
    if x < 100.0 {
        commands.spawn((Position([x, 1.0]), Child(entity)));
        commands.send(Born(entity.index()));
    } else if x < 200.0 {
        commands.despawn(entity);
    } else if x < 300.0 {
        commands.remove::<Velocity>(entity);
    } else if x < 400.0 {
        commands.insert(entity, Flag(true));
    }
}

/// The same. Values are put together at address 64 of its own memory; `Flag` stands at 32, the position to spawn partly comes from the column.
const IN_A_SCRIPT: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (import "layerw" "spawn" (func $spawn (param i32 i32)))
  (import "layerw" "despawn" (func $despawn (param i64)))
  (import "layerw" "insert" (func $insert (param i64 i32 i32)))
  (import "layerw" "remove" (func $remove (param i64 i32)))
  (import "layerw" "send" (func $send (param i32 i32)))
  (data (i32.const 32) "\01")
  (func (export "Breed") (param $e i32) (param $p i32) (param $n i32)
    (local $end i32) (local $x f32) (local $entity i64)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))
    (loop $rows
      (local.set $x (f32.load (local.get $p)))
      (local.set $entity (i64.load (local.get $e)))
      (if (f32.lt (local.get $x) (f32.const 100)) (then
          (i64.store (i32.const 64) (local.get $entity))
          (f32.store (i32.const 72) (local.get $x))
          (f32.store (i32.const 76) (f32.const 1))
          (call $spawn (i32.const 0) (i32.const 64))
          (call $send (i32.const 3) (local.get $e)))
        (else (if (f32.lt (local.get $x) (f32.const 200)) (then
          (call $despawn (local.get $entity)))
        (else (if (f32.lt (local.get $x) (f32.const 300)) (then
          (call $remove (local.get $entity) (i32.const 1)))
        (else (if (f32.lt (local.get $x) (f32.const 400)) (then
          (call $insert (local.get $entity) (i32.const 2) (i32.const 32))))))))))
      (local.set $e (i32.add (local.get $e) (i32.const 8)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br_if $rows (i32.lt_u (local.get $p) (local.get $end)))))
)"#;

fn gather(born: Events<Born>, mut total: ResMut<Total>) {
    total.0 += born.into_iter().map(|born| born.0 as f32).sum::<f32>();
}

fn run(threads: usize, script: bool, columns: Columns) -> StateHash {
    on_fresh_thread("commands", 0, || {
        let mut world = world(Backing::Best, ENTITIES);
        world.insert_resource(Total(0.0));
        let mut systems = Vec::new();
        if script {
            let mut breed = system(
                "Breed",
                &[Param::Entities, column::<Position>(false), Param::Count],
            );
            breed.commands = true;
            let mut manifest = manifest(&[breed]);
            manifest
                .components
                .extend([decl::<Child>(), decl::<Born>()]);
            let names = |names: &[&str]| {
                names
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect::<Vec<_>>()
            };
            manifest.templates = vec![
                names(&["Child", "Position"]),
                names(&["Velocity"]),
                names(&["Flag"]),
                names(&["Born"]),
            ];
            let options = Options {
                columns,
                ..Options::default()
            };
            let loaded = load(&module(IN_A_SCRIPT, &manifest), &options);
            systems.extend(loaded.bind(&mut world).expect("the same layouts"));
        } else {
            systems.push(in_rust.named("Breed").finish());
        }
        systems.push(gather.decl().finish());
        let mut scene = Scene::new(threads, world, systems);
        scene.steps(4);
        assert!(scene.world.len() > ENTITIES);
        assert!(scene.world.resource::<Total>().expect("inserted").0 > 0.0);
        scene.hash()
    })
}

#[test]
fn commands_and_events_come_in_the_order_of_rust() {
    let expected = run(1, false, Columns::Best);
    for threads in [1, 2, 8] {
        for columns in [Columns::Best, Columns::Copied] {
            assert_eq!(
                run(threads, true, columns),
                expected,
                "{threads} workers, {columns:?}"
            );
        }
    }
}

/// Adds what a row system reads from a resource, and a system without rows that writes it.
const RESOURCES: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Count") (param $total i32) (param $dt f64) (param $step i64) (param $seed i64)
    (f32.store (local.get $total) (f32.add (f32.load (local.get $total)) (f32.convert_i64_u (i64.add (local.get $step) (local.get $seed)))))
    (if (f64.ne (local.get $dt) (f64.const 0.5)) (then unreachable)))
  (func (export "Add") (param $p i32) (param $total i32)
    (f32.store (local.get $p) (f32.add (f32.load (local.get $p)) (f32.load (local.get $total)))))
)"#;

#[test]
fn resources_are_read_in_row_systems_and_written_in_systems_of_their_own() {
    fn sum(positions: Query<&Position>, total: Res<Total>) {
        assert!(positions.iter().next().expect("lives").0[0] >= total.0);
    }
    for columns in [Columns::Best, Columns::Copied] {
        let manifest = manifest(&[
            system(
                "Count",
                &[
                    resource::<Total>(true),
                    Param::Dt64,
                    Param::Step,
                    Param::Seed,
                ],
            ),
            system("Add", &[column::<Position>(true), resource::<Total>(false)]),
        ]);
        let options = Options {
            columns,
            ..Options::default()
        };
        let loaded = load(&module(RESOURCES, &manifest), &options);
        let mut world = world(Backing::Best, 10);
        world.insert_resource(Total(0.0));
        world.set_dt(0.5);
        world.set_seed(100);
        let mut systems = loaded.bind(&mut world).expect("the same layouts");
        systems.push(sum.decl().finish());
        let mut scene = Scene::new(1, world, systems);
        scene.steps(3);
        // 100, 101, 102: after each step 100, 201, 303, which the first row of the chunk got one after another.
        assert_eq!(scene.world.resource::<Total>().expect("inserted").0, 303.0);
        assert_eq!(
            scene.world.query::<&Position>().next().expect("lives").0[0],
            604.0
        );
        let mapped = loaded.form(scene.world.arena()) == Form::Mapped;
        assert_eq!(loaded.bytes_copied() == 0, mapped);
    }
}

#[test]
fn filters_choose_the_entities() {
    let text_of = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Mark") (param $p i32) (param $n i32)
    (loop $rows
      (f32.store (local.get $p) (f32.const 5))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br_if $rows (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
)"#;
    let mut mark = system("Mark", &[column::<Position>(true), Param::Count]);
    mark.with = vec!["Velocity".to_owned()];
    mark.without = vec!["Flag".to_owned()];
    let loaded = load(&module(text_of, &manifest(&[mark])), &Options::default());
    let mut world = layerw_ecs::World::new(&arena(Backing::Best)).expect("a fresh arena");
    let (position, velocity) = (Position([0.0; 2]), Velocity([0.0; 2]));
    world.spawn_batch((0..3).map(|_| position));
    world.spawn_batch((0..5).map(|_| (position, velocity)));
    world.spawn_batch((0..7).map(|_| (position, velocity, Flag(false))));
    let systems = loaded.bind(&mut world).expect("the same layouts");
    let mut scene = Scene::new(1, world, systems);
    // An archetype that comes later is seen, too.
    scene.steps(1);
    scene
        .world
        .spawn_batch((0..11).map(|_| (position, velocity, Total(0.0))));
    scene.steps(1);
    let marked = scene
        .world
        .query::<&Position>()
        .filter(|position| position.0[0] == 5.0)
        .count();
    assert_eq!(marked, 5 + 11);
}
