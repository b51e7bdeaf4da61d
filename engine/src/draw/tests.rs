use layerw_ecs::component;
use layerw_jobs::{Jobs, on_fresh_thread};

use super::*;
use crate::math::Vec3;
use crate::{Runner, RunnerOptions, Sim};

#[component]
struct Position(Vec3);

#[component]
struct Lit {
    strength: f32,
}

fn rise(position: &mut Position) {
    position.0.y += 0.01;
}

/// 3 000 things, of which a third is behind the camera, 10 that shine, and one that is written of.
fn sim(look: bool) -> Sim {
    let mut sim = Sim::new();
    sim.world.spawn_batch((0..3000).map(|n| {
        let (x, z) = ((n % 50) as f32 - 25.0, (n / 50) as f32 - 40.0);
        Position(Vec3::new(x, 0.0, z))
    }));
    sim.world.spawn_batch((0..10).map(|n| {
        let at = Vec3::new(n as f32 - 5.0, 1.0, -3.0);
        (Position(at), Lit { strength: 2.0 })
    }));
    sim.each(rise);
    if look {
        sim.camera(|_| Camera::new(Vec3::new(0.0, 3.0, 8.0), Vec3::ZERO).shadows(5.0));
        sim.draw(|view| {
            let red = Material::glossy(Colour::hex(0xd0_40_30));
            view.sun(Sun::new(Vec3::new(1.0, 2.0, 0.5)));
            view.each::<&Position>(Mesh::CUBE, red, |at| Instance::at(at.0).sized(0.4));
            view.dots::<(&Position, &Lit)>(|(at, lit)| {
                Dot::new(at.0, 0.2, Colour::WHITE).glow(lit.strength)
            });
        });
        sim.draw(|view| {
            let clear = Material::matte(Colour::WHITE.cover(0.5));
            view.all(Mesh::SPHERE, clear, [Instance::at(Vec3::ZERO)])
                .lines(Line::grid(Vec3::ZERO, 1.0, 4, Colour::WHITE));
        });
    }
    sim
}

fn with_runner<R: Send>(look: bool, threads: usize, f: impl FnOnce(&mut Runner) -> R + Send) -> R {
    on_fresh_thread("test", 0, || {
        let jobs = Jobs::new(threads).expect("workers");
        let options = RunnerOptions::default();
        let mut runner = Runner::new(sim(look), &jobs, options).expect("a runner");
        f(&mut runner)
    })
}

/// Instances that are seen and that only throw shadows, dots, of all parts.
fn counts(scene: &Scene) -> (usize, usize, usize) {
    let parts = (0..scene.instances.len()).map(|part| scene.instances.part(part));
    let (seen, shades) = parts.fold((0, 0), |(seen, shades), part| {
        (seen + part.seen.len(), shades + part.shades.len())
    });
    let dots = (0..scene.dots.len()).map(|part| scene.dots.part(part).seen.len());
    (seen, shades, dots.sum())
}

#[test]
fn what_the_camera_sees_is_listed_and_the_rest_is_not() {
    let lists = |threads| {
        with_runner(true, threads, |runner| {
            let mut scene = Scene::default();
            runner.extract(&mut scene, 1.5);
            let counts = counts(&scene);
            let all: Vec<Vec<Instance>> = (0..scene.instances.len())
                .map(|part| scene.instances.part(part).seen.clone())
                .collect();
            let batches: Vec<_> = scene.batches.iter().map(|batch| batch.is_clear).collect();
            assert_eq!(batches, [false, true]);
            assert_eq!(scene.lines.len(), 18);
            (counts, all)
        })
    };
    let ((seen, shades, dots), one) = lists(1);
    let seen_by_hand = with_runner(true, 1, |runner| {
        let frustum = Camera::new(Vec3::new(0.0, 3.0, 8.0), Vec3::ZERO)
            .shadows(5.0)
            .frustum(1.5);
        let near =
            |at: &&Position| frustum.sight(at.0, 0.4 * 0.867) == layerw_render::scene::Sight::Seen;
        runner.world().query::<&Position>().filter(near).count()
    });
    assert_eq!(seen, seen_by_hand + 1, "all that are seen, and the sphere");
    assert!((300..2500).contains(&seen), "{seen}");
    assert!((1..500).contains(&shades), "{shades}");
    assert_eq!(dots, 10);
    assert_eq!(
        lists(2).1,
        one,
        "in the same order for any number of workers"
    );
}

#[test]
fn what_is_drawn_moves_no_hash() {
    let hash = |look: bool| {
        with_runner(look, 2, |runner| {
            let mut scene = Scene::default();
            for _ in 0..5 {
                runner.step().expect("a step");
                runner.extract(&mut scene, 1.0);
            }
            runner.hash()
        })
    };
    assert_eq!(hash(true), hash(false));
}

#[test]
fn meshes_of_ones_own_have_to_be_triangles() {
    let mut sim = Sim::new();
    let error = sim.mesh(Vertices::default()).expect_err("no mesh");
    assert_eq!(error.code(), "draw");
    assert!(error.to_string().contains("0 indices"), "{error}");
}

#[cfg(not(feature = "gpu"))]
#[test]
fn without_what_draws_there_is_a_sentence() {
    with_runner(true, 1, |runner| {
        let error = runner
            .png(&PictureOptions::default())
            .expect_err("nothing draws");
        let sentence = "this program was built without what draws pictures; build it with `--features layerw/gpu`, or leave `--capture` out";
        assert_eq!(error.to_string(), sentence);
    });
}

#[cfg(feature = "gpu")]
mod on_a_device {
    use super::*;

    const SMALL: PictureOptions = PictureOptions {
        width: 96,
        height: 64,
        quality: Quality::Low,
    };

    /// Red of the cubes, in the middle of the picture.
    #[test]
    fn pictures_show_what_was_said() {
        let picture = with_runner(true, 2, |runner| {
            let hash = runner.hash();
            let picture = runner.picture(&SMALL).expect("a picture");
            assert_eq!(runner.hash(), hash);
            picture
        });
        assert_eq!((picture.width, picture.height), (96, 64));
        let red = picture
            .pixels
            .chunks_exact(4)
            .filter(|pixel| pixel[0] > 60 && pixel[0] / 2 > pixel[1].max(pixel[2]));
        let share = red.count() as f32 / (96.0 * 64.0);
        assert!((0.05..0.8).contains(&share), "{share}");
    }

    /// The second one with the device of the first, which another size takes leave of.
    #[test]
    fn pictures_can_be_taken_again_and_of_other_sizes() {
        with_runner(true, 1, |runner| {
            let first = runner.picture(&SMALL).expect("a picture");
            assert_eq!(runner.picture(&SMALL).expect("another"), first);
            let wide = PictureOptions { width: 7, ..SMALL };
            assert_eq!(runner.picture(&wide).expect("a third").width, 7);
            let huge = PictureOptions {
                width: 1 << 30,
                ..SMALL
            };
            let error = runner.picture(&huge).expect_err("too large").to_string();
            assert!(error.contains("ask for at most"), "{error}");
            runner.picture(&SMALL).expect("a fourth");
        });
    }
}
