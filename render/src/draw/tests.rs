//! On whatever adapter there is; the suite `gpu` brings one, once with Vulkan and once with OpenGL.
//!
//! Pictures are compared with those in `render/golden`, which were looked at. One that differs is written to `target/`; with `LAYERW_GOLDEN=1` it takes the place of the old one.

use std::fs;
use std::path::Path;

use glam::{Quat, Vec3};

use super::*;
use crate::scene::{Batch, Camera, Colour, Dot, Instance, Line, Material, Mesh, Sky, Sun};

fn add(
    scene: &mut Scene,
    mesh: Mesh,
    material: Material,
    things: impl IntoIterator<Item = Instance>,
) {
    let frustum = scene.camera.frustum(16.0 / 9.0);
    let parts = scene.instances.add_parts(1);
    let mut part = scene.instances.part(parts.start);
    part.extend(things.into_iter(), &material, 2.0, &frustum);
    drop(part);
    scene.batches.push(Batch {
        mesh,
        is_clear: material.is_clear(),
        parts,
    });
}

/// Something of everything.
fn still_life() -> Scene {
    let mut scene = Scene::default();
    scene.begin(
        Camera::new(Vec3::new(0.0, 3.4, 9.5), Vec3::new(0.0, 0.7, 0.0))
            .opening_degrees(38.0)
            .shadows(24.0),
    );
    scene.sky = Sky::EVENING;
    scene.sun = Some(Sun::new(Vec3::new(-0.7, 0.55, 0.45)));
    add(
        &mut scene,
        Mesh::PLANE,
        Material::matte(Colour::hex(0x8a_84_7a)),
        [Instance::at(Vec3::ZERO).sized(60.0)],
    );
    // Metals in front, from mirror to matte; others behind.
    for column in 0..5 {
        let at = Vec3::new(column as f32 * 1.5 - 3.0, 0.6, 1.6);
        let roughness = 0.05 + 0.22 * column as f32;
        add(
            &mut scene,
            Mesh::SPHERE,
            Material::metal(Colour::hex(0xff_c2_5c), roughness),
            [Instance::at(at).sized(0.6)],
        );
    }
    let row = [
        Mesh::CUBE,
        Mesh::CONE,
        Mesh::CYLINDER,
        Mesh::ROCK,
        Mesh::PEBBLE,
    ];
    for (column, mesh) in row.into_iter().enumerate() {
        let at = Vec3::new(column as f32 * 1.7 - 3.4, 0.75, -0.9);
        let colour = [0xd0_3b_2f, 0x2f_7f_d0, 0x3f_a3_4d, 0x77_70_80, 0xe0_e0_e8][column];
        let upright = Quat::from_rotation_arc(Vec3::Z, Vec3::Y);
        add(
            &mut scene,
            mesh,
            Material::glossy(Colour::hex(colour)),
            [Instance::at(at).sized(0.75).turned(upright)],
        );
    }
    let glass = Material::glossy(Colour::hex(0x9a_d8_ff).cover(0.35)).roughness(0.08);
    add(
        &mut scene,
        Mesh::SPHERE,
        glass,
        [Vec3::new(-1.4, 0.8, 3.4), Vec3::new(1.6, 0.8, 3.1)].map(|at| Instance::at(at).sized(0.8)),
    );
    let lamp = Lamp::new(Vec3::new(4.6, 4.0, 3.0), 14.0).spot(Vec3::new(-1.6, -4.0, -2.6), 22.0);
    scene
        .lamps
        .push(lamp.colour(Colour::hex(0x70_a8_ff)).strength(60.0));
    for number in 0..24 {
        let around = glam::Vec2::from_angle(number as f32 * 0.7);
        let at = Vec3::new(around.x * 5.5, 0.35, around.y * 4.0 - 1.0);
        let colour = Colour::hex([0xff_50_30, 0x40_ff_70, 0x40_80_ff][number % 3]);
        scene
            .lamps
            .push(Lamp::new(at, 2.5).colour(colour).strength(0.9));
        add(
            &mut scene,
            Mesh::PEBBLE,
            Material::light(colour, 5.0),
            [Instance::at(at).sized(0.07)],
        );
    }
    scene.lines.extend(Line::grid(
        Vec3::Y * 0.01,
        2.0,
        6,
        Colour::hex(0x30_30_30).cover(0.5),
    ));
    let frustum = scene.camera.frustum(16.0 / 9.0);
    let dots = scene.dots.add_parts(1);
    let sparks = (0..60).map(|number| {
        let around = glam::Vec2::from_angle(number as f32 * 2.4) * (0.2 + 0.03 * number as f32);
        let at = Vec3::new(around.x, 1.6 + 0.03 * number as f32, around.y - 2.5);
        Dot::new(at, 0.05, Colour::hex(0xff_a0_40)).glow(3.0)
    });
    scene.dots.part(dots.start).extend(sparks, &frustum);
    scene
}

fn draw(scene: &Scene, quality: Quality) -> Picture {
    let mut gpu = Gpu::open_to_draw().unwrap_or_else(|none| panic!("{none}"));
    let mut renderer = Renderer::new(&mut gpu, &Meshes::default(), Some(quality))
        .unwrap_or_else(|error| panic!("{error}"));
    renderer
        .picture(&mut gpu, scene, 320, 180)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn check(name: &str, found: &Picture, mean: f32, largest: f32) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("golden").join(format!("{name}.png"));
    if std::env::var_os("LAYERW_GOLDEN").is_some() {
        fs::write(&golden, found.png()).expect("the folder is there");
    }
    let wanted = fs::read(&golden)
        .ok()
        .and_then(|file| Picture::from_png(&file));
    let wanted = wanted.unwrap_or_else(|| panic!("{} is no picture", golden.display()));
    let apart = found.difference(&wanted);
    if apart.mean > mean || apart.largest > largest {
        let beside = root.join("../target").join(format!("{name}.png"));
        let _ = fs::create_dir_all(root.join("../target"));
        let _ = fs::write(&beside, found.png());
        panic!(
            "{apart:?} is more than {mean} and {largest}: compare {} with {}",
            beside.display(),
            golden.display()
        );
    }
}

#[test]
fn a_still_life_in_the_lowest_tier() {
    check(
        "still-life-low",
        &draw(&still_life(), Quality::Low),
        0.6,
        24.0,
    );
}

#[test]
fn a_still_life_in_the_middle_tier() {
    check(
        "still-life",
        &draw(&still_life(), Quality::Medium),
        0.6,
        24.0,
    );
}

/// All that is in a picture and much that is not, many times: nothing is made after the first ones.
#[test]
fn steady_pictures_make_no_buffers() {
    let mut gpu = Gpu::open_to_draw().unwrap_or_else(|none| panic!("{none}"));
    let mut renderer =
        Renderer::new(&mut gpu, &Meshes::default(), Some(Quality::Low)).expect("it draws");
    let scene = still_life();
    let mut made = 0;
    for picture in 0..20 {
        renderer
            .picture(&mut gpu, &scene, 64, 36)
            .expect("it draws");
        if picture == 9 {
            made = gpu.figures().buffers_created;
        }
    }
    assert_eq!(gpu.figures().buffers_created, made);
}

#[test]
fn what_is_asked_too_much_is_refused() {
    let mut gpu = Gpu::open_to_draw().unwrap_or_else(|none| panic!("{none}"));
    let mut renderer =
        Renderer::new(&mut gpu, &Meshes::default(), Some(Quality::Low)).expect("it draws");
    let scene = Scene::default();
    let error = renderer.picture(&mut gpu, &scene, 1 << 20, 4).unwrap_err();
    assert!(
        matches!(
            error,
            DrawError::Size {
                width: 0x10_0000,
                ..
            }
        ),
        "{error}"
    );
    // Empty, and as small as can be.
    let picture = renderer.picture(&mut gpu, &scene, 0, 0).expect("it draws");
    assert_eq!(
        (picture.width, picture.height, picture.pixels.len()),
        (1, 1, 4)
    );
    gpu.lose();
    let error = renderer.picture(&mut gpu, &scene, 8, 8).unwrap_err();
    assert!(matches!(error, DrawError::Lost(_)), "{error}");
}

/// Nothing that is not a number ends in anything but a picture.
#[test]
fn numbers_that_are_none_are_drawn_somehow() {
    let mut scene = still_life();
    scene.camera.eye.x = f32::NAN;
    scene.lamps[0].at.y = f32::INFINITY;
    scene.lamps[1].reach = -1.0;
    scene.sun = Some(Sun::new(Vec3::ZERO));
    scene
        .lines
        .push(Line::new(Vec3::NAN, Vec3::ONE, Colour::WHITE));
    draw(&scene, Quality::Low);
}

#[test]
fn pictures_are_files_and_back() {
    let pixels = (0..4 * 30)
        .map(|n: u32| if n % 4 == 3 { 255 } else { (n * 7) as u8 })
        .collect();
    let picture = Picture {
        width: 6,
        height: 5,
        pixels,
    };
    assert_eq!(Picture::from_png(&picture.png()), Some(picture.clone()));
    let mut other = picture.clone();
    other.pixels[0] += 160;
    let apart = picture.difference(&other);
    assert_eq!(
        (apart.largest, apart.mean),
        (10.0, 2.5),
        "one of 16 pixels, in one of 4 blocks"
    );
    assert_eq!(Picture::from_png(b"no picture"), None);
}
