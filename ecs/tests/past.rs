//! States that a world was in: forks and past steps are the states that they were taken of, whatever was written since.

mod scene;

use layerw_ecs::row::IntoRow;
use layerw_ecs::schedule::Entry;
use layerw_ecs::whole::{Exclusive, IntoWhole};
use layerw_ecs::{
    Commands, Cx, EcsError, Entity, Events, Fork, Query, ResMut, StateHash, World, component,
};
use layerw_jobs::on_fresh_thread;
use layerw_memory::{Arena, MemoryConfig, PAGE};
use scene::Scene;

#[component]
struct Position([f32; 3]);

#[component]
struct Age(u8);

#[component]
struct Mark;

#[component]
struct Wide([u64; 40]);

#[component]
struct Total(u64);

#[component]
struct Born(u32);

#[component]
struct Late(u16);

fn arena() -> Arena {
    Arena::new(&MemoryConfig::with_total(512 << 20)).expect("a small arena")
}

fn world() -> World {
    let mut world = World::new(&arena()).expect("a fresh arena");
    world.insert_resource(Total(0));
    world.spawn_batch((0..9_000).map(|x| (Position([x as f32; 3]), Age(x as u8))));
    world.spawn_batch((0..700).map(|x| (Age(x as u8), Wide([x; 40]))));
    world
}

fn image(world: &World) -> Vec<u8> {
    let mut image = Vec::new();
    world.snapshot(&mut image, b"").expect("memory takes all");
    image
}

fn image_of(fork: &Fork) -> Vec<u8> {
    let mut image = Vec::new();
    fork.snapshot(&mut image, b"").expect("kept whole");
    image
}

fn drift(position: &mut Position, cx: Cx) {
    position.0[0] += cx.random(1).unit();
}

fn grow_old(age: &mut Age, entity: Entity, mut commands: Commands, cx: Cx) {
    age.0 = age.0.wrapping_add(1);
    if age.0 == 255 {
        commands.despawn(entity);
    } else if age.0 % 50 == 7 {
        let child = commands.spawn((Position([cx.time() as f32; 3]), Age(age.0 / 2)));
        commands.insert(child, Mark);
        commands.send(Born(u32::from(age.0)));
    } else if age.0 % 90 == 3 {
        commands.remove::<Mark>(entity);
    }
}

fn sum(positions: Query<&Position>, born: Events<Born>, mut total: ResMut<Total>) {
    total.0 += positions.len() as u64 + born.into_iter().map(|born| u64::from(born.0)).sum::<u64>();
}

fn stretch(mut wide: Query<&mut Wide>, cx: Cx) {
    if cx.step.is_multiple_of(3) {
        wide.iter_mut().for_each(|wide| wide.0[7] += cx.step);
    }
}

/// The systems above over a world, and more behind them, on two workers.
fn scene(world: World, more: Vec<Entry>) -> Scene {
    let mut entries = vec![
        Entry::System(drift.decl().finish()),
        Entry::System(grow_old.decl().finish()),
        Entry::System(IntoWhole::decl(stretch).finish()),
        Entry::Apply,
        Entry::System(IntoWhole::decl(sum).finish()),
    ];
    entries.extend(more);
    Scene::new(2, world, entries)
}

/// The hash after each of so many steps.
fn steps(scene: &mut Scene, count: usize) -> Vec<StateHash> {
    let mut hashes = Vec::new();
    for _ in 0..count {
        scene.step().expect("no system fails");
        hashes.push(scene.world.hash());
    }
    hashes
}

/// On a thread of its own: a thread makes workers once.
fn on_thread(test: impl FnOnce() + Send) {
    on_fresh_thread("test", 8 << 20, test);
}

fn next(random: &mut u64) -> usize {
    *random = random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize
}

/// One change by hand, of any kind that there is.
fn change(world: &mut World, random: &mut u64) {
    let all: Vec<Entity> = world.query::<Entity>().collect();
    let number = next(random);
    let some = |random: &mut u64| all.get(next(random) % all.len().max(1)).copied();
    // Not each time: what is written beside the root must not lean on this.
    if number.is_multiple_of(2) {
        world.set_tick(world.tick() + 1);
    }
    match number % 17 {
        0 => {
            world.spawn((Position([0.5; 3]), Mark));
        }
        1 => {
            world.spawn_batch((0..number % 3_000).map(|x| (Age(x as u8), Mark)));
        }
        2 => {
            for &entity in all.iter().skip(number % 13).step_by(1 + number % 29) {
                world.despawn(entity).expect("lives");
            }
        }
        3 => {
            for &entity in all.iter().step_by(17) {
                world.insert(entity, Mark).expect("lives");
            }
        }
        4 => {
            for &entity in all.iter().step_by(11) {
                world.remove::<(Mark, Age)>(entity).expect("lives");
            }
        }
        5 | 6 => {
            let entity = some(random);
            if let Some(age) = entity.and_then(|entity| world.get_mut::<Age>(entity)) {
                age.0 ^= 0x55;
            }
        }
        7 => world
            .query_mut::<&mut Wide>()
            .for_each(|wide| wide.0[3] += 1),
        8 => {
            if let Some(total) = world.resource_mut::<Total>() {
                total.0 += 1;
            }
        }
        9 => {
            world.remove_resource::<Total>();
        }
        10 => {
            world.insert_resource(Total(number as u64));
        }
        11 => (0..number % 40_000).for_each(|x| world.send_event(Born(x as u32))),
        12 => world.flip_events(),
        13 => {
            world.spawn((Late(number as u16), Wide([9; 40])));
        }
        14 => world.set_seed(number as u64),
        15 => {
            if let Some(entity) = some(random) {
                let ids = [world.register::<Late>().expect("a free name")];
                // SAFETY: `write` puts a value of the component's type.
                let write = &mut |_, to: *mut u8| unsafe { to.cast::<Late>().write(Late(3)) };
                // SAFETY: as above.
                unsafe { world.insert_raw(entity, &ids, write) }.expect("lives");
            }
        }
        _ => {
            let whole = image(world);
            world.restore(&whole).expect("its own image");
        }
    }
}

/// A path that writes without asking first would show here: everything that a fork holds is compared, byte for byte.
#[test]
fn a_fork_is_the_world_of_its_moment_whatever_is_done_since() {
    for seed in 0..24 {
        let (mut world, mut random) = (world(), seed);
        let mut kept: Vec<(Fork, Vec<u8>)> = Vec::new();
        for round in 0..60 {
            if next(&mut random).is_multiple_of(5) {
                kept.push((world.fork().expect("room"), image(&world)));
            }
            change(&mut world, &mut random);
            if next(&mut random).is_multiple_of(12) && !kept.is_empty() {
                let (fork, then) = kept.remove(next(&mut random) % kept.len());
                assert!(image_of(&fork) == then, "seed {seed}, round {round}");
            }
        }
        for (fork, then) in kept.into_iter().rev() {
            assert!(image_of(&fork) == then, "seed {seed}, at the end");
            let again = fork.world().expect("room for another world");
            assert!(image(&again) == then, "seed {seed}, as a world");
        }
        world.keep_steps(0, 0).expect("nothing runs");
        let scene = world.arena().scene().stats().used;
        assert_eq!(scene, 0, "seed {seed}: what nobody needs is given back");
    }
}

#[test]
fn going_back_and_on_again_gives_the_same_hashes() {
    on_thread(|| {
        let mut scene = scene(world(), Vec::new());
        scene.world.keep_steps(20, 64 << 20).expect("room");
        let hashes = steps(&mut scene, 30);
        for back in [1, 7, 12] {
            scene.world.rewind(back).expect("kept");
            let step = scene.world.step() as usize;
            assert_eq!(scene.world.hash(), hashes[step - 1], "after step {step}");
            assert_eq!(steps(&mut scene, 30 - step), hashes[step..]);
        }
        let kept = scene.world.kept();
        assert_eq!(
            (kept.steps, kept.oldest, kept.newest, kept.dropped),
            (20, Some(10), Some(29), 0)
        );
        assert!(kept.bytes > 0 && kept.bytes <= kept.peak && kept.peak <= kept.budget);
        let refusal = scene.world.rewind(21).expect_err("too far").to_string();
        assert_eq!(
            refusal,
            "world: step 9 is not kept, and those from 10 to 29 are; keep more steps, or give them a larger budget"
        );
        scene.world.rewind(20).expect("kept");
        assert_eq!(scene.world.hash(), hashes[9]);
        assert_eq!(scene.world.kept().steps, 0);
        assert_eq!(steps(&mut scene, 20), hashes[10..]);
    });
}

#[test]
fn what_is_edited_between_steps_is_part_of_the_step_before() {
    on_thread(|| {
        let mut scene = scene(world(), Vec::new());
        scene.world.keep_steps(4, 64 << 20).expect("room");
        steps(&mut scene, 2);
        scene.world.spawn((Mark, Late(7)));
        let edited = scene.world.hash();
        let after = steps(&mut scene, 1);
        scene.world.rewind(1).expect("kept");
        assert_eq!(scene.world.hash(), edited);
        assert_eq!(steps(&mut scene, 1), after);
    });
}

fn fail_at_five(total: ResMut<Total>, cx: Cx) {
    assert!(cx.step != 5, "this is step 5, after {}", total.0);
}

#[test]
fn a_step_that_failed_is_undone() {
    on_thread(|| {
        let fails = Entry::System(IntoWhole::decl(fail_at_five).finish());
        let mut scene = scene(world(), vec![fails]);
        scene.world.keep_steps(1, 64 << 20).expect("room");
        let hashes = steps(&mut scene, 5);
        assert!(scene.step().is_err());
        assert_ne!(scene.world.hash(), hashes[4], "half of a step is done");
        scene.world.rewind(0).expect("kept");
        assert_eq!((scene.world.step(), scene.world.hash()), (5, hashes[4]));
    });
}

#[test]
fn the_oldest_steps_go_where_the_budget_does_not_suffice() {
    on_thread(|| {
        let mut scene = scene(world(), Vec::new());
        scene.world.keep_steps(50, 1 << 20).expect("room");
        let hashes = steps(&mut scene, 40);
        let kept = scene.world.kept();
        assert!((1..40).contains(&kept.steps), "{kept:?}");
        assert_eq!(kept.oldest, Some(40 - kept.steps as u64), "{kept:?}");
        assert_eq!(kept.dropped, 40 - kept.steps as u64, "{kept:?}");
        scene.world.rewind(kept.steps as u64).expect("kept");
        assert_eq!(
            scene.world.hash(),
            hashes[39 - kept.steps],
            "what is kept is whole"
        );
        // Not even one step.
        scene.world.keep_steps(5, PAGE as u64).expect("room");
        steps(&mut scene, 3);
        let kept = scene.world.kept();
        assert_eq!((kept.steps, kept.dropped), (0, 3), "{kept:?}");
        assert!(matches!(
            scene.world.rewind(1),
            Err(EcsError::NotKept { kept: None, .. })
        ));
    });
}

#[test]
fn a_fork_is_written_on_another_thread_while_the_world_steps() {
    on_thread(|| {
        let mut scene = scene(world(), Vec::new());
        steps(&mut scene, 3);
        let then = image(&scene.world);
        let fork = scene.world.fork().expect("room");
        assert_eq!(fork.step(), 3);
        std::thread::scope(|scope| {
            let writers = [0, 1].map(|_| scope.spawn(|| image_of(&fork)));
            steps(&mut scene, 30);
            for writer in writers {
                assert!(writer.join().expect("no panic") == then);
            }
        });
        // It goes its own way: the same steps from there, on its own arena.
        let mut other = fork.world().expect("room for another world");
        other.set_seed(1);
        assert!(image_of(&fork) == then, "a fork is not its copy");
        drop(fork);
        steps(&mut scene, 1);
        assert_eq!(scene.world.kept().bytes, 0);
    });
}

#[test]
fn a_fork_outlives_its_world() {
    let mut world = world();
    let then = image(&world);
    let fork = world.fork().expect("room");
    let arena = world.arena().clone();
    drop(world);
    let mut next = World::new(&arena).expect("the pool is free again");
    next.spawn_batch((0..50_000).map(|x| (Position([x as f32; 3]), Wide([x; 40]))));
    assert!(image_of(&fork) == then);
}

#[test]
fn a_fork_without_room_is_lost_and_the_world_goes_on() {
    let config = MemoryConfig {
        scene: PAGE as u64,
        ..MemoryConfig::with_total(256 << 20)
    };
    let mut world = World::new(&Arena::new(&config).expect("small")).expect("fresh");
    world.spawn_batch((0..50_000).map(|x| Position([x as f32; 3])));
    let fork = world.fork().expect("an owner");
    let mut other = World::new(&world.arena().clone());
    assert!(other.is_err(), "the pool is taken");
    for position in world.query_mut::<&mut Position>() {
        position.0[1] = 1.0;
    }
    assert!(!fork.is_whole());
    let refusal = fork.world().err().expect("lost").to_string();
    assert!(
        refusal.starts_with("world: the fork of step 0 is lost"),
        "{refusal}"
    );
    other = World::new(&arena());
    let lost = fork.world_in(other.expect("fresh").arena());
    assert!(lost.is_err());
    assert!(fork.snapshot(&mut Vec::new(), b"").is_err());
    assert_eq!(
        world
            .query::<&Position>()
            .map(|p| p.0[1] as u32)
            .sum::<u32>(),
        50_000
    );
}

#[test]
fn a_fork_newer_than_the_step_to_go_back_to_is_in_the_way() {
    on_thread(|| {
        let mut scene = scene(world(), Vec::new());
        scene.world.keep_steps(4, 64 << 20).expect("room");
        let hashes = steps(&mut scene, 3);
        let fork = scene.world.fork().expect("room");
        steps(&mut scene, 1);
        scene.world.rewind(1).expect("the fork is older");
        assert_eq!(scene.world.hash(), hashes[2]);
        let refusal = scene.world.rewind(2).expect_err("held").to_string();
        assert!(
            refusal.contains("cannot go back to step 1 while a fork of step 3 is held"),
            "{refusal}"
        );
        assert_eq!(scene.world.hash(), hashes[2]);
        assert_eq!(fork.world().expect("room").hash(), hashes[2]);
        drop(fork);
        scene.world.rewind(2).expect("nothing is in the way");
        assert_eq!(scene.world.hash(), hashes[0]);
    });
}

#[test]
fn nothing_is_kept_of_a_world_in_the_middle_of_a_step() {
    on_thread(|| {
        let look = |world: &mut World| {
            let refusals = [
                world.fork().err(),
                world.snapshot(&mut Vec::new(), b"").err(),
                world.rewind(0).err(),
                world.keep_steps(1, 1 << 20).err(),
            ];
            for refusal in refusals {
                let text = refusal.expect("refused").to_string();
                assert!(
                    text.contains("while the systems of step 0 run; ask between two steps"),
                    "{text}"
                );
            }
        };
        let looks = Entry::System(Exclusive::decl("look", look));
        let mut scene = scene(world(), vec![looks]);
        scene.step().expect("no system fails");
        assert!(scene.world.fork().is_ok());
    });
}

/// A world that is changed by hand, with a snapshot and the deltas after it.
fn chain(seed: u64, deltas: usize) -> (World, Vec<u8>, Vec<Vec<u8>>, Vec<StateHash>) {
    let (mut world, mut random) = (world(), seed);
    let (mut first, mut files, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    let mut base = world.snapshot_base(&mut first, b"base").expect("memory");
    for number in 0..deltas {
        for _ in 0..number % 5 {
            change(&mut world, &mut random);
        }
        let mut file = Vec::new();
        let header = [b'0' + number as u8];
        let bytes = world
            .snapshot_delta(&mut base, &mut file, &header)
            .expect("memory");
        assert_eq!(bytes, file.len() as u64);
        assert_eq!(base.checksum().to_le_bytes(), file[file.len() - 16..]);
        files.push(file);
        hashes.push(world.hash());
    }
    (world, first, files, hashes)
}

fn slices(files: &[Vec<u8>]) -> Vec<&[u8]> {
    files.iter().map(Vec::as_slice).collect()
}

#[test]
fn a_snapshot_and_its_deltas_are_the_world() {
    for seed in 0..12 {
        let (_, first, files, hashes) = chain(seed, 9);
        for count in 0..=files.len() {
            let mut again = World::new(&arena()).expect("a fresh arena");
            let header = again
                .restore_deltas(&first, &slices(&files[..count]))
                .expect("in order");
            match count.checked_sub(1) {
                None => assert_eq!(header, b"base"),
                Some(last) => {
                    assert_eq!(header, [b'0' + last as u8]);
                    assert_eq!(again.hash(), hashes[last], "seed {seed}, {count} deltas");
                }
            }
        }
    }
}

#[test]
fn a_delta_is_as_large_as_what_changed() {
    let mut world = world();
    let entities: Vec<_> = world
        .spawn_batch((0..200_000).map(|x| Position([x as f32; 3])))
        .collect();
    let mut first = Vec::new();
    let mut base = world.snapshot_base(&mut first, b"").expect("memory");
    let delta = |world: &mut World, base: &mut _| {
        let bytes = world.snapshot_delta(base, &mut Vec::new(), b"");
        bytes.expect("memory") as usize
    };
    let nothing = delta(&mut world, &mut base);
    assert!(nothing < 8 << 10, "{nothing} of {}", first.len());
    world.set_tick(world.tick() + 1);
    world
        .get_mut::<Position>(entities[77_777])
        .expect("lives")
        .0[0] = -1.0;
    let one = delta(&mut world, &mut base) - nothing;
    assert!((4 << 10..=16 << 10).contains(&one), "{one}");
    world
        .query_mut::<&mut Position>()
        .for_each(|position| position.0[1] = 1.0);
    let all = delta(&mut world, &mut base);
    assert!(
        (200_000 * 12..first.len()).contains(&all),
        "{all} of {}",
        first.len()
    );
    drop(base);
    world.keep_steps(0, 0).expect("nothing runs");
    assert_eq!(world.kept().bytes, 0);
}

#[test]
fn deltas_that_do_not_follow_are_named() {
    let (_, first, files, _) = chain(3, 4);
    let (mut another, _, other, _) = chain(4, 2);
    another.spawn(Mark);
    let other_first = image(&another);
    let mut target = world();
    let before = target.hash();
    let mut refusal = |first: &[u8], deltas: &[&[u8]]| {
        let refusal = target.restore_deltas(first, deltas).expect_err("refused");
        assert_eq!(target.hash(), before, "nothing has changed");
        refusal.to_string()
    };
    let files = slices(&files);
    for (deltas, number) in [
        (vec![files[1]], 1),
        (vec![files[0], files[2]], 2),
        (vec![files[0], files[2], files[1]], 2),
        (vec![files[0], files[1], other[1].as_slice()], 3),
        (vec![files[0], files[0]], 2),
    ] {
        let text = refusal(&first, &deltas);
        assert!(
            text.starts_with(&format!("delta {number}: image: it changes the state with")),
            "{text}"
        );
    }
    let text = refusal(&other_first, &files);
    assert!(text.starts_with("delta 1: image: it changes"), "{text}");
    let text = refusal(&first, &[files[0], &first]);
    assert!(
        text.starts_with("delta 2: image: this is no Layer-W image: it begins with \"LayerWim\""),
        "{text}"
    );
    let text = refusal(files[0], &[]);
    assert!(text.contains("not with \"LayerWim\""), "{text}");
    for end in [3, 30, 70, files[3].len() / 2, files[3].len() - 1] {
        let text = refusal(&first, &[files[0], files[1], files[2], &files[3][..end]]);
        assert!(text.starts_with("delta 4: image: "), "{text}");
    }
    for at in (0..files[3].len()).step_by(files[3].len() / 60) {
        let mut damaged = files[3].to_vec();
        damaged[at] ^= 0x10;
        let text = refusal(&first, &[files[0], files[1], files[2], &damaged]);
        assert!(text.starts_with("delta 4: image: "), "{text}");
    }
}

#[test]
fn a_delta_of_another_world_is_refused() {
    let (mut one, mut two) = (world(), world());
    let mut base = one.snapshot_base(&mut Vec::new(), b"").expect("memory");
    let refusal = two.snapshot_delta(&mut base, &mut Vec::new(), b"");
    let text = refusal.expect_err("another world").to_string();
    assert!(
        text.contains("only of the world that the snapshot before it was of"),
        "{text}"
    );
}
