//! Systems that write what they did not declare: processes that die of it by name, and checksums that find it in the same frame.

mod scene;

use layerw_ecs::row::IntoRow;
use layerw_ecs::schedule::Entry;
use layerw_ecs::whole::{Exclusive, IntoWhole};
use layerw_ecs::{Changed, Commands, Cx, Entity, Query, Res, ResMut, World, component};
use layerw_jobs::on_fresh_thread;
use layerw_memory::protect::FAULT_STATUS;
use layerw_memory::{Arena, Backing, MemoryConfig, MemoryError, Protection};
use layerw_trace::label;
use scene::Scene;
use std::process::Command;
use std::ptr::NonNull;

#[component]
#[derive(Debug, PartialEq)]
struct Mass(u32);

#[component]
#[derive(Debug, PartialEq)]
struct Heat(u32);

#[component]
struct Total(u64);

/// Names the program that a child runs, and `pages`, `checksums` or `off`.
const PROGRAM: &str = "LAYERW_TEST_PROGRAM";
const PROTECTION: &str = "LAYERW_TEST_PROTECTION";

/// What a program prints when nothing stopped it.
const SURVIVED: &str = "survived";

/// Two chunks and a half of masses, of which some have heat.
fn world(protection: Protection, backing: Backing) -> World {
    let config = MemoryConfig {
        backing,
        ..MemoryConfig::with_total(32 << 20)
    };
    let arena = Arena::new(&config).expect("a small arena");
    arena.protect(protection).expect("protection");
    let mut world = World::new(&arena).expect("a fresh arena");
    world.spawn_batch((0..10_000).map(|i| (Mass(i), Heat(1))));
    world.spawn_batch((0..10).map(|i| (Mass(i),)));
    world.insert_resource(Total(0));
    world
}

fn row<Marker>(system: impl IntoRow<Marker>) -> Entry {
    Entry::System(system.decl().finish())
}

fn whole<Marker>(system: impl IntoWhole<Marker>) -> Entry {
    Entry::System(system.decl().finish())
}

/// The address of the first row of a component, as a number that systems can take along.
fn first_row(world: &World, name: &str, chunk: usize) -> usize {
    let id = world.component_id_by_name(name).expect("known");
    let archetype = &world.archetypes()[0];
    let place = archetype.components().iter().position(|&known| known == id);
    let chunk = world.chunk(archetype.chunks()[chunk]);
    chunk.column_ptr(place.expect("held")).addr().get()
}

/// Flips a bit where nobody said that it would.
fn stray(address: usize) {
    let place = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: none: this is the access that protection is to stop or find. The byte is the arena's, which is alive, and is plain data.
    unsafe { place.write_volatile(place.read_volatile() ^ 4) };
}

/// Makes addresses in the world usable as numbers.
fn expose(world: &World) {
    world.arena().logic().base().as_ptr().expose_provenance();
}

fn grow(mass: &mut Mass) {
    mass.0 += 1;
}

/// A row system that reads heat and writes to it, in the third step, in the second chunk.
fn sneak(world: &World) -> Entry {
    let address = first_row(world, "Heat", 1) + 17 * 4;
    let sneak = move |heat: &Heat, entity: Entity, cx: Cx| {
        assert!(heat.0 < 10);
        if cx.step == 2 && entity.index() == 5_000 {
            stray(address);
        }
    };
    row(sneak.named("sneak"))
}

fn undeclared(world: World) -> Scene {
    let sneak = sneak(&world);
    Scene::new(
        1,
        world,
        vec![row(grow), sneak, row(grow.named("grow again"))],
    )
}

/// A loop of a system, on all workers, writes to a resource that the system reads.
fn helper(world: World) -> Scene {
    let id = world.component_id::<Total>().expect("known");
    let address = world.resource_ptr(id).expect("inserted").addr().get();
    let gather = move |total: Res<Total>, cx: Cx| {
        assert!(total.0 < 9);
        cx.par_for(label("parts"), 1_000, 1, |range, _| {
            if range.contains(&700) {
                stray(address);
            }
        });
    };
    Scene::new(2, world, vec![whole(IntoWhole::named(gather, "gather"))])
}

/// A system writes to the world's clock.
fn clockwork(world: World) -> Scene {
    let address = world.arena().logic().base().addr().get() + 16;
    let tinker = move |_: Query<&Mass>, cx: Cx| {
        if cx.step == 2 {
            stray(address);
        }
    };
    Scene::new(1, world, vec![whole(IntoWhole::named(tinker, "tinker"))])
}

/// Somebody writes between two steps, to a world that is closed.
fn between(world: World) -> Scene {
    let mut scene = Scene::new(1, world, vec![row(grow)]);
    scene.step().expect("nothing strays yet");
    scene.world.close();
    stray(first_row(&scene.world, "Mass", 0));
    scene
}

/// Something that strays over a world.
type Program = fn(World) -> Scene;

const PROGRAMS: [(&str, Program); 4] = [
    ("undeclared", undeclared),
    ("helper", helper),
    ("clockwork", clockwork),
    ("between", between),
];

/// Does nothing unless a test started it as a child.
#[test]
fn child() {
    let Ok(name) = std::env::var(PROGRAM) else {
        return;
    };
    let protection = match std::env::var(PROTECTION).as_deref() {
        Ok("pages") => Protection::Pages,
        Ok("off") => Protection::Off,
        other => panic!("{other:?}"),
    };
    let world = world(protection, Backing::Best);
    expose(&world);
    let program = PROGRAMS.iter().find(|(known, _)| *known == name);
    let mut scene = program.expect("a program of the list").1(world);
    for _ in 0..4 {
        scene.step().expect("nothing fails");
    }
    println!("{SURVIVED}");
}

/// Exit status, and what was said on both ways out.
fn start(program: &str, protection: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child", "--nocapture"]);
    command.env(PROGRAM, program).env(PROTECTION, protection);
    let output = command.output().expect("this program starts again");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn assert_caught(program: &str, parts: &[&str]) {
    let arena = Arena::new(&MemoryConfig::with_total(1 << 20)).expect("a small arena");
    if arena.protect(Protection::Pages).expect("protection") != Protection::Pages {
        return;
    }
    let (code, out, said) = start(program, "pages");
    assert_eq!(code, Some(FAULT_STATUS), "{said}");
    assert!(!out.contains(SURVIVED) && said.ends_with('\n') && said.lines().count() == 1);
    for part in parts {
        assert!(said.contains(part), "{said} lacks {part}");
    }
    let (code, out, said) = start(program, "off");
    assert!(
        code == Some(0) && out.contains(SURVIVED),
        "unprotected: {said}"
    );
}

#[test]
fn a_system_that_writes_what_it_only_reads_is_caught() {
    assert_caught(
        "undeclared",
        &[
            "memory: system `sneak` on worker 0 wrote to byte ",
            " of pool logic in frame 3, in region \"component Heat\" (page ",
            ", held since frame 0; chunk 1, row 17), which the system did not declare to write; take it as `&mut T` or \
             `ResMut<T>` in the system's signature, or look for a pointer that strays",
        ],
    );
}

#[test]
fn a_loop_of_a_system_is_caught_under_its_name_on_whatever_worker() {
    assert_caught(
        "helper",
        &[
            "memory: system `gather` on worker ",
            "in frame 1, in region \"component Total\" (page ",
            "; the resource), which the system did not declare to write",
        ],
    );
}

#[test]
fn a_system_that_writes_to_tables_is_caught() {
    assert_caught(
        "clockwork",
        &[
            "memory: system `tinker` on worker 0 wrote to byte 16 of pool logic in frame 3, in region \"world tables\" (page 0, \
             held since frame 0; the world's root), which",
        ],
    );
}

#[test]
fn who_writes_to_a_closed_world_is_caught() {
    assert_caught(
        "between",
        &[
            "memory: code that no system is known to run wrote to byte ",
            " in frame 1, in region \"component Mass\"",
            "; chunk 0, row 0), which only systems that declare it may write; change the world through `&mut World`",
        ],
    );
}

/// The sentence of the step that finds damage, and its number.
fn first_damage(mut scene: Scene) -> (u64, String) {
    for step in 0..5 {
        if let Err(failure) = scene.step() {
            let damaged = failure.payload.downcast::<MemoryError>();
            let damaged = damaged.expect("what protection found");
            assert!(matches!(*damaged, MemoryError::Damaged(_)));
            return (step, damaged.to_string());
        }
    }
    panic!("nobody found anything");
}

#[test]
fn checksums_find_a_flipped_bit_in_the_same_frame() {
    for backing in [Backing::Best, Backing::Plain] {
        let world = || {
            let world = world(Protection::Checksums, backing);
            expose(&world);
            world
        };
        let find =
            |program: Program| on_fresh_thread("test", 8 << 20, || first_damage(program(world())));
        let (step, said) = find(undeclared);
        assert_eq!(step, 2, "{said}");
        for part in [
            "of pool logic, in region \"component Heat\" (page ",
            "; chunk 0, row 3968",
            " to chunk 1, row 127), ",
            "was changed without a declared write in frame 3, found while no system ran",
        ] {
            assert!(said.contains(part), "{said} lacks {part}");
        }
        let (step, said) = find(clockwork);
        assert!(step == 2 && said.contains("the world's root"), "{said}");
        let (step, said) = find(helper);
        assert!(step == 0 && said.contains("the resource"), "{said}");
        // Between two steps: found when the first system of the next one is to write.
        let (step, said) = find(between);
        assert_eq!(step, 0, "{said}");
        assert!(said.contains("found before system `grow` ran"), "{said}");
    }
}

#[test]
fn what_is_declared_works_as_without() {
    fn warm(mut all: Query<(&mut Heat, &Mass)>, mut total: ResMut<Total>, cx: Cx) {
        for (heat, mass) in all.iter_mut() {
            heat.0 = mass.0 % 7;
            total.0 += u64::from(heat.0);
        }
        all.par_for_each(cx, label("warm"), |(heat, _), _| heat.0 += 1);
    }
    fn cool(heat: Option<&mut Heat>, mass: &Mass, entity: Entity, mut commands: Commands) {
        match heat {
            Some(heat) => heat.0 -= 1,
            None if mass.0 > 12 => commands.despawn(entity),
            None if mass.0 < 12 => {}
            None => {
                commands.spawn((Mass(0),));
            }
        }
    }
    fn count(changed: Query<&Mass, Changed<Heat>>, mut total: ResMut<Total>) {
        total.0 += changed.len() as u64;
    }
    fn scene(protection: Protection) -> Scene {
        let entries = vec![
            row(grow),
            whole(warm),
            Entry::Apply,
            row(cool),
            Entry::System(Exclusive::decl("reset", |world| {
                world.spawn((Heat(3),));
            })),
            whole(count),
        ];
        Scene::new(2, world(protection, Backing::Best), entries)
    }
    let run = |protection| {
        let mut scene = scene(protection);
        let mut hashes = Vec::new();
        for _ in 0..20 {
            scene.step().expect("everything is declared");
            hashes.push(scene.world.hash());
            scene.world.close();
            assert!(!scene.world.is_empty());
            scene.world.open().expect("nobody strays");
            scene.world.spawn((Mass(1), Heat(1)));
        }
        let mut image = Vec::new();
        scene
            .world
            .snapshot(&mut image, b"")
            .expect("a vector takes all");
        scene.world.restore(&image).expect("the image is whole");
        scene.step().expect("a restored world goes on");
        hashes.push(scene.world.hash());
        hashes
    };
    let run = |protection| on_fresh_thread("test", 8 << 20, || run(protection));
    let plain = run(Protection::Off);
    assert_eq!(plain, run(Protection::Pages));
    assert_eq!(plain, run(Protection::Checksums));
}

/// A world that was closed gives its pages back as it found them.
#[test]
fn a_closed_world_can_be_dropped() {
    for protection in [Protection::Pages, Protection::Checksums] {
        let mut closed = world(protection, Backing::Best);
        let arena = closed.arena().clone();
        closed.close();
        drop(closed);
        assert_eq!(arena.logic().stats().used, 0);
        let owner = arena.logic().owner("next", 1 << 20).expect("a name");
        let run = arena.logic().reserve(owner, 16).expect("room");
        let first: NonNull<u64> = arena.logic().address(run).cast();
        // SAFETY: the run is held by this test alone.
        unsafe {
            assert_eq!(first.read(), 0);
            first.write(1);
        }
    }
}
