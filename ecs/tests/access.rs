//! Systems over one world: what they declare, what they may touch, and what a step that fails leaves behind.

mod scene;

use layerw_ecs::row::IntoRow;
use layerw_ecs::schedule::{Entry, Failure, OverScratch, Schedule, ScratchBudget};
use layerw_ecs::whole::{Exclusive, IntoWhole};
use layerw_ecs::workers::Workers;
use layerw_ecs::{
    Changed, Commands, Cx, Entity, LocalMut, Query, Res, ResMut, World, component, par,
};
use layerw_frame_graph::RunOptions;
use layerw_jobs::on_fresh_thread;
use layerw_memory::{Arena, MemoryConfig};
use layerw_trace::label;
use scene::Scene;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

#[component]
#[derive(Debug, PartialEq)]
struct Mass(u32);

#[component]
#[derive(Debug, PartialEq)]
struct Heat(u32);

#[component]
#[derive(Debug, PartialEq)]
struct Seen(u32);

/// Wider than the others, so that taking it for one of them shows.
#[component]
struct Wide([u64; 8]);

fn world() -> World {
    let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).expect("a small arena");
    World::new(&arena).expect("a fresh arena")
}

fn row<Marker>(system: impl IntoRow<Marker>) -> Entry {
    Entry::System(system.decl().finish())
}

fn whole<Marker>(system: impl IntoWhole<Marker>) -> Entry {
    Entry::System(system.decl().finish())
}

fn exclusive(system: impl Fn(&mut World) + Send + Sync + 'static) -> Entry {
    Entry::System(Exclusive::decl("alone", system))
}

fn exclusive_named(name: &str, system: impl Fn(&mut World) + Send + Sync + 'static) -> Entry {
    Entry::System(Exclusive::decl(name, system))
}

/// On a thread of its own: a thread makes workers once.
fn on_thread(test: impl FnOnce() + Send) {
    on_fresh_thread("test", 8 << 20, test);
}

fn message(failure: &Failure) -> &str {
    let payload = &failure.payload;
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .expect("a panic in words")
}

fn count(mut seen: ResMut<Seen>) {
    seen.0 += 1;
}

#[test]
fn a_resource_that_a_system_writes_is_known_to_have_changed() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(0));
        let mut scene = Scene::new(1, world, vec![whole(count)]);
        let mut checkpoint = scene.world.checkpoint();
        for step in 1..4 {
            scene.step().expect("nothing fails");
            checkpoint.update(&scene.world);
            let hash = scene.world.hash();
            scene.step().expect("nothing fails");
            scene.world.roll_back(&checkpoint).expect("its own pages");
            assert_eq!(scene.world.resource(), Some(&Seen(step)));
            assert_eq!(scene.world.hash(), hash);
        }
    });
}

fn heat(mut heats: Query<&mut Heat>, cx: Cx) {
    if cx.step.is_multiple_of(2) {
        heats.iter_mut().for_each(|heat| heat.0 += 1);
    }
}

fn look(changed: Query<&Mass, Changed<Heat>>, mut seen: ResMut<Seen>) {
    seen.0 += changed.len() as u32;
}

fn cool(heat: &mut Heat) {
    heat.0 = 0;
}

fn weigh(mass: &mut Mass) {
    mass.0 += 1;
}

#[test]
fn looking_for_changes_waits_for_who_makes_them() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(0));
        let after = row(cool.changed::<Heat>().named("cool what changed"));
        let entries = vec![
            whole(heat),
            whole(look),
            row(weigh.changed::<Heat>()),
            after,
        ];
        let scene = Scene::new(1, world, entries);
        let plan = scene.schedule.plan();
        let names = |edge: &layerw_frame_graph::Edge| {
            [edge.from, edge.to].map(|node| plan.node(node).name.as_str())
        };
        let edges: Vec<_> = plan.edges().iter().map(names).collect();
        for edge in [
            ["heat", "look"],
            ["heat", "weigh"],
            ["look", "cool what changed"],
            ["weigh", "cool what changed"],
        ] {
            assert!(edges.contains(&edge), "{edge:?} is not in {edges:?}");
        }
    });
}

#[test]
fn changes_are_seen_once_after_each_write() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(0));
        world.spawn((Mass(1), Heat(0)));
        let mut scene = Scene::new(1, world, vec![whole(look), whole(heat)]);
        let mut seen = Vec::new();
        for _ in 0..6 {
            scene.step().expect("nothing fails");
            seen.push(scene.world.resource::<Seen>().expect("is there").0);
        }
        // New in step 0; written in steps 0, 2 and 4, and seen in the steps after.
        assert_eq!(seen, [1, 2, 2, 3, 3, 4]);
    });
}

/// What a restored run makes of changes does not hang on how many systems the program had that made them.
#[test]
fn changes_are_news_to_a_program_with_other_systems() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(0));
        world.spawn((Mass(1), Heat(0)));
        let more = (0..5).map(|number| exclusive_named(&format!("rest {number}"), |_| {}));
        let first = more.chain([whole(heat), whole(look)]).collect();
        let mut scene = Scene::new(1, world, first);
        for _ in 0..3 {
            scene.step().expect("nothing fails");
        }
        let mut image = Vec::new();
        scene.world.snapshot(&mut image, b"").expect("memory");
        // One system where seven were, which wrote in step 2.
        for entries in [vec![whole(look)], vec![whole(look), exclusive(|_| {})]] {
            let mut world = self::world();
            world.restore(&image).expect("its own image");
            let seen = scene.world.resource::<Seen>().expect("is there").0;
            let mut schedule = Schedule::new(entries, &mut world, 1).expect("a graph");
            let mut workers = Workers::new(world.arena(), 1, 1 << 20).expect("room");
            let mut step = || {
                let options = RunOptions::default();
                schedule
                    .step(&mut world, &scene.jobs, &mut workers, options)
                    .expect("nothing fails");
                world.resource::<Seen>().expect("is there").0
            };
            assert_eq!([step(), step()], [seen + 1, seen + 1]);
        }
    });
}

#[test]
fn what_systems_cost_is_remembered_when_the_world_goes_back() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(0));
        let mut scene = Scene::new(1, world, vec![whole(count)]);
        scene.world.keep_steps(3, 1 << 20).expect("room");
        let calls = |scene: &Scene| scene.schedule.costs().map(|cost| cost.calls).sum::<u64>();
        (0..3).for_each(|_| scene.step().expect("nothing fails"));
        scene.world.rewind(2).expect("kept");
        scene.step().expect("nothing fails");
        assert_eq!(calls(&scene), 4);
        assert_eq!(scene.world.resource(), Some(&Seen(2)));
    });
}

fn count_twice(mut seen: ResMut<Seen>) {
    seen.0 += 2;
}

#[test]
fn systems_are_replaced_between_two_steps_or_not_at_all() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(0));
        let entries = vec![Entry::Apply, whole(count), Entry::Apply];
        let mut scene = Scene::new(1, world, entries);
        let budget = ScratchBudget {
            bytes: 1 << 10,
            over: OverScratch::Error,
        };
        let schedule = &mut scene.schedule;
        schedule.set_scratch_budget("count", budget).expect("there");
        scene.step().expect("nothing fails");

        let (schedule, world) = (&mut scene.schedule, &mut scene.world);
        let more = vec![whole(count), Entry::Apply, whole(count_twice)];
        schedule.replace(1..2, more, world).expect("a graph");
        let names: Vec<_> = schedule.costs().map(|cost| cost.name).collect();
        let applies = ["apply commands", "count", "apply commands 2", "count_twice"];
        assert_eq!(names[..4], applies);
        assert_eq!(names[4], "apply commands 3");
        let kept = schedule.costs().nth(1).expect("count").scratch.budget;
        assert_eq!(kept, Some(budget), "what a system may take stays");
        scene.step().expect("nothing fails");
        assert_eq!(scene.world.resource(), Some(&Seen(4)));

        let (schedule, world) = (&mut scene.schedule, &mut scene.world);
        let twice = vec![whole(count_twice), whole(count_twice)];
        let refused = schedule.replace(1..2, twice, world);
        let said = refused.expect_err("two of one name").to_string();
        assert!(said.contains("count_twice"), "{said}");
        scene.step().expect("those from before go on");
        assert_eq!(scene.world.resource(), Some(&Seen(7)));
    });
}

fn nobody(masses: Query<&Mass>, mut seen: ResMut<Seen>) {
    seen.0 = u32::from(masses.is_empty());
}

#[test]
fn a_query_is_empty_when_the_last_entity_has_gone() {
    on_thread(|| {
        let mut world = world();
        world.insert_resource(Seen(7));
        let last = world.spawn(Mass(1));
        let mut scene = Scene::new(1, world, vec![whole(nobody)]);
        scene.step().expect("nothing fails");
        assert_eq!(scene.world.resource(), Some(&Seen(0)));
        scene.world.despawn(last).expect("lives");
        scene.step().expect("nothing fails");
        assert_eq!(scene.world.resource(), Some(&Seen(1)));
    });
}

#[test]
fn another_world_in_its_place_has_numbers_of_its_own() {
    on_thread(|| {
        let mut first = world();
        first.spawn((Mass(1), Heat(2)));
        let mut scene = Scene::new(1, first, vec![row(weigh), row(cool)]);
        scene.step().expect("nothing fails");

        let mut other = world();
        other.register::<Wide>().expect("a new name");
        let entity = other.spawn((Wide([9; 8]), Heat(3), Mass(10)));
        scene.world = other;
        scene
            .step()
            .expect("the systems find their components again");
        let world = &scene.world;
        assert_eq!(world.get(entity), Some(&Mass(11)));
        assert_eq!(world.get(entity), Some(&Heat(0)));
        assert_eq!(world.get::<Wide>(entity).map(|wide| wide.0), Some([9; 8]));
    });
}

#[test]
fn a_world_that_is_restored_in_the_middle_of_a_step_stops_it() {
    on_thread(|| {
        let mut image = Vec::new();
        let mut other = world();
        other.register::<Wide>().expect("a new name");
        other.spawn((Wide([9; 8]), Mass(10)));
        other.snapshot(&mut image, b"").expect("memory takes all");

        let mut world = world();
        world.spawn((Mass(1), Heat(2)));
        let restore = move |world: &mut World| drop(world.restore(&image));
        let mut scene = Scene::new(1, world, vec![exclusive(restore), row(weigh)]);
        let failure = scene.step().expect_err("columns have moved");
        assert_eq!(failure.system, "alone");
        assert_eq!(
            message(&failure),
            "the world was restored or replaced in the middle of a step; do it between two steps"
        );
        let masses: Vec<_> = scene.world.query::<&Mass>().map(|mass| mass.0).collect();
        assert_eq!(masses, [10], "no system has touched the restored world");
    });
}

fn flood(mut commands: Commands) {
    for _ in 0..10_000 {
        commands.spawn(Wide([1; 8]));
    }
}

#[test]
fn commands_that_memory_does_not_suffice_for_fail_for_their_system() {
    on_thread(|| {
        for apply in [false, true] {
            let config = MemoryConfig {
                logic: 24 << 16,
                ..MemoryConfig::with_total(16 << 20)
            };
            let arena = Arena::new(&config).expect("a small arena");
            let mut world = World::new(&arena).expect("a fresh arena");
            world.spawn(Mass(1));
            let mut image = Vec::new();
            world.snapshot(&mut image, b"").expect("memory takes all");
            let mut entries = vec![row(weigh), whole(flood)];
            entries.extend(apply.then_some(Entry::Apply));
            let mut scene = Scene::new(1, world, entries);
            for _ in 0..3 {
                let failure = scene.step().expect_err("24 pages hold no flood");
                assert_eq!((failure.system.as_str(), failure.step), ("flood", 0));
                assert!(message(&failure).contains("world"), "{}", message(&failure));
                scene.world.restore(&image).expect("a good image");
            }
        }
    });
}

fn bear(mut commands: Commands) {
    commands.spawn(Mass(1));
}

#[test]
fn commands_of_a_step_that_was_broken_off_are_forgotten() {
    on_thread(|| {
        let mut scene = Scene::new(1, world(), vec![whole(bear)]);
        let Scene {
            world,
            schedule,
            workers,
            jobs,
        } = &mut scene;
        let watched = catch_unwind(AssertUnwindSafe(|| {
            schedule.step_watched(world, jobs, workers, &mut |_, _| panic!("seen enough"))
        }));
        assert!(watched.is_err(), "the watcher's own panic goes through");
        assert!(scene.world.is_empty());
        scene.step().expect("nothing fails");
        assert_eq!(scene.world.len(), 1, "of two steps one was done");
    });
}

fn needs(_seen: Res<Seen>) {}

#[test]
fn a_restored_world_that_lacks_a_resource_is_refused_in_words() {
    on_thread(|| {
        let mut image = Vec::new();
        world().snapshot(&mut image, b"").expect("memory takes all");
        let mut world = world();
        world.insert_resource(Seen(0));
        let Scene {
            mut world,
            mut schedule,
            ..
        } = Scene::new(1, world, vec![whole(needs)]);
        schedule.bind(&mut world).expect("bound already");
        world.restore(&image).expect("a good image");
        let refusal = schedule.bind(&mut world).expect_err("there is no `Seen`");
        assert!(
            refusal
                .to_string()
                .contains("`needs` reads `resource Seen`"),
            "{refusal}"
        );
        world.insert_resource(Seen(0));
        schedule.bind(&mut world).expect("now there is");
    });
}

/// Panics in one kind of loop per step, and in none from step 4 on.
fn stumble(mut masses: Query<&mut Mass>, mut seen: ResMut<Seen>, cx: Cx) {
    let (kind, name) = (cx.step, label("stumble"));
    let here = |step: u64, index: usize| assert!(step != kind || index != 9_000, "a stone");
    masses.par_for_each(cx, name, |mass, _| here(0, mass.0 as usize));
    masses.par_enumerate(cx, name, |index, _| here(1, index));
    let keys = par::map(cx, name, 10_000, 64, |index| {
        here(2, index);
        index as u32 % 7
    });
    let groups = par::group(cx, name, &keys, if kind == 3 { 5 } else { 7 });
    seen.0 = groups.of(6).len() as u32;
}

#[test]
fn a_loop_that_panics_fails_its_step_and_no_other() {
    on_thread(|| {
        let mut world = world();
        world.spawn_batch((0..10_000).map(Mass));
        world.insert_resource(Seen(0));
        let mut scene = Scene::new(2, world, vec![whole(stumble)]);
        for step in 0..4 {
            scene.world.set_step(step);
            for _ in 0..20 {
                let failure = scene.step().expect_err("there is a stone");
                assert_eq!((failure.system.as_str(), failure.step), ("stumble", step));
                let said = message(&failure);
                let expected = if step == 3 {
                    "out of bounds"
                } else {
                    "a stone"
                };
                assert!(said.contains(expected), "{said}");
            }
        }
        scene.world.set_step(4);
        scene.step().expect("no stone any more");
        assert_eq!(scene.world.resource(), Some(&Seen(10_000 / 7)));
    });
}

/// What a system must not keep from step to step.
#[derive(Default)]
struct Kept(Option<layerw_ecs::Pending>);

fn hoard(mut kept: LocalMut<Kept>, mut commands: Commands) {
    let new = commands.spawn(Mass(1));
    if let Some(old) = kept.0.replace(new) {
        commands.despawn(old);
    }
}

#[test]
fn a_pending_of_another_step_is_no_entity_of_this_one() {
    on_thread(|| {
        let mut world = world();
        world.insert_local(Kept::default());
        let mut scene = Scene::new(1, world, vec![whole(hoard)]);
        scene.step().expect("nothing was kept yet");
        let failure = scene
            .step()
            .expect_err("the kept one is of the step before");
        assert_eq!(failure.system, "hoard");
        assert!(
            message(&failure).contains("keep it within one run"),
            "{}",
            message(&failure)
        );
    });
}

#[test]
fn a_chain_goes_over_a_chunk_in_blocks_and_keeps_the_order_of_rows() {
    on_thread(|| {
        let mut world = world();
        world.register::<Seen>().expect("a component");
        world.spawn_batch((0..6_000).map(|number| (Mass(number), Heat(0))));
        let order = Arc::new(Mutex::new(Vec::new()));
        let [first, second] = ["first", "second"].map(|name| {
            let order = order.clone();
            let note = move |mass: &mut Mass, heat: &mut Heat, mut commands: Commands, cx: Cx| {
                heat.0 += 1;
                if mass.0.is_multiple_of(2_048) && mass.0 < 4_096 {
                    order.lock().expect("no panic").push((name, mass.0));
                }
                if cx.step == 5 && mass.0.is_multiple_of(1_000) {
                    commands.spawn((Seen(mass.0),));
                }
            };
            row(note.named(name))
        });
        let mut scene = Scene::new(1, world, vec![first, second]);
        for _ in 0..6 {
            order.lock().expect("no panic").clear();
            scene.step().expect("nothing fails");
        }
        // All of the chain on the first block of the chunk, then all on the second.
        assert_eq!(
            *order.lock().expect("no panic"),
            [
                ("first", 0),
                ("second", 0),
                ("first", 2_048),
                ("second", 2_048)
            ]
        );
        let heats: Vec<_> = scene.world.query::<&Heat>().map(|heat| heat.0).collect();
        assert_eq!(heats, vec![12; 6_000]);
        // Commands are applied in order of system and row, whatever the blocks.
        let spawned: Vec<_> = scene.world.query::<&Seen>().map(|seen| seen.0).collect();
        let rows = [0, 1_000, 2_000, 3_000, 4_000, 5_000];
        assert_eq!(spawned, [rows, rows].concat());
    });
}

#[test]
fn rows_of_a_heavy_system_are_shared_and_a_panic_names_its_entity() {
    on_thread(|| {
        let mut world = world();
        let entities: Vec<_> = world.spawn_batch((0..1_000).map(|_| (Heat(0),))).collect();
        let (workers, fatal) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicU64::new(u64::MAX)),
        );
        let (met, at) = (workers.clone(), fatal.clone());
        let toil = move |heat: &mut Heat, entity: Entity, cx: Cx| {
            let busy = (0..400_u64).fold(u64::from(heat.0), |sum, turn| {
                std::hint::black_box(sum.wrapping_mul(31) ^ turn)
            });
            std::hint::black_box(busy);
            heat.0 += 1;
            met.fetch_or(1 << cx.worker(), Relaxed);
            assert!(entity.to_bits() != at.load(Relaxed), "enough");
        };
        let mut scene = Scene::new(2, world, vec![row(toil.named("toil"))]);
        // There is one chunk; when the second worker comes is the machine's affair.
        let mut steps = 0;
        while workers.load(Relaxed) != 0b11 && steps < 5_000 {
            scene.step().expect("nothing fails");
            steps += 1;
        }
        assert_eq!(workers.load(Relaxed), 0b11, "after {steps} steps");
        assert!(scene.world.query::<&Heat>().all(|heat| heat.0 == steps));
        fatal.store(entities[777].to_bits(), Relaxed);
        let failure = scene.step().expect_err("a panic in a row");
        assert_eq!(
            (failure.system.as_str(), failure.entity, message(&failure)),
            ("toil", Some(entities[777]), "enough")
        );
    });
}
