//! What the solar system looks like: the Sun that shines, the planets in its light on their orbits, the asteroids as dust.
//!
//! Places are true, in astronomical units; sizes are not, or nothing would be seen. The Moon is shown thirty times as far from the Earth as it is.

use layerw::draw::{Camera, Colour, Dot, Instance, Lamp, Line, Material, Mesh, Sky, View};
use layerw::math::{DQuat, DVec3, Vec3, cbrt, sincos};
use layerw::{Sim, World};

use crate::bodies::{EARTH, MOON, SUN, State};
use crate::forces::Model;
use crate::sim::{Body, Laws, Position, gather};

/// Kilometres of an astronomical unit.
const UNIT: f64 = 149_597_870.7;

/// Between the planes of the Earth's equator and its orbit, radians.
const OBLIQUITY: f64 = 0.409_092_804;

/// How many times as far from the Earth the Moon is shown.
const MOON_APART: f64 = 30.0;

/// Lines of an orbit.
const PARTS: usize = 240;

/// Radius in those of the Earth and colour of what is shown of the massive bodies.
const SHOWN: [(f64, u32); 11] = [
    (22.0, 0xff_d8_8a),
    (0.38, 0xb8_a8_98),
    (0.95, 0xf0_d0_90),
    (1.00, 0x4c_90_f0),
    (0.27, 0xc8_c8_c8),
    (0.53, 0xe0_70_40),
    (11.2, 0xe0_b8_88),
    (9.45, 0xe8_d0_98),
    (4.01, 0x98_e0_e8),
    (3.88, 0x50_78_f0),
    (0.19, 0xd0_b8_a0),
];

/// Says what the simulation looks like.
pub fn look(sim: &mut Sim) {
    sim.camera(camera).draw(show);
}

/// Above the belt, and slowly around it: once in forty years.
fn camera(world: &World) -> Camera {
    let years = world.step() as f64 * world.dt() / (365.25 * 86_400.0);
    let (sin, cos) = sincos(0.4 + years * 0.157);
    let eye = DVec3::new(6.9 * sin, 3.1, 6.9 * cos).as_vec3();
    Camera::new(eye, Vec3::new(0.0, -0.35, 0.0))
        .opening_degrees(46.0)
        .near(0.01)
        .shadows(0.0)
}

fn show(view: &mut View) {
    let world = view.world();
    let state = gather(world.query::<&Body>().copied());
    let sun = state.position[SUN];
    view.sky(Sky::SPACE);
    shine(view);
    for (index, &(radius, colour)) in SHOWN.iter().enumerate().skip(1) {
        let mut from_sun = state.position[index] - sun;
        if index == MOON {
            let from_earth = state.position[MOON] - state.position[EARTH];
            from_sun += from_earth * (MOON_APART - 1.0);
        }
        let radius = 0.045 * cbrt(radius) as f32;
        let material = Material::matte(Colour::hex(colour)).roughness(0.7);
        view.all(
            Mesh::SPHERE,
            material,
            [Instance::at(seen(from_sun)).sized(radius)],
        );
        if let (Some(laws), true) = (world.local::<Laws>(), index != MOON) {
            view.lines(orbit(&laws.model, &state, index, Colour::hex(colour)));
        }
    }
    view.dots::<&Position>(move |at| {
        let at = seen(at.0 - sun);
        // Far out they are darker and bluer.
        let far = ((at.length() - 1.9) / 1.6).clamp(0.0, 1.0);
        let colour = Colour::linear(1.0, 0.72, 0.44).mix(Colour::linear(0.40, 0.56, 0.95), far);
        Dot::pixels(at, 1.0, colour).glow(0.34 - 0.16 * far)
    });
}

/// The Sun, and the light that it gives.
fn shine(view: &mut View) {
    let light = Colour::hex(SHOWN[SUN].1);
    let radius = 0.045 * cbrt(SHOWN[SUN].0) as f32;
    view.lamp(
        Lamp::new(Vec3::ZERO, 80.0)
            .colour(Colour::linear(1.0, 0.95, 0.88))
            .strength(14.0),
    )
    .all(
        Mesh::SPHERE,
        Material::light(light, 14.0),
        [Instance::at(Vec3::ZERO).sized(radius)],
    )
    .dot(Dot::new(Vec3::ZERO, 0.5, light).glow(1.6))
    .dot(Dot::new(Vec3::ZERO, 2.4, Colour::hex(0xff_a8_50)).glow(0.07));
}

/// From kilometres along the Earth's axes to units in which the planets' plane lies flat.
fn seen(at: DVec3) -> Vec3 {
    let ecliptic = DQuat::from_rotation_x(-OBLIQUITY) * (at / UNIT);
    Vec3::new(ecliptic.x as f32, ecliptic.z as f32, -ecliptic.y as f32)
}

/// The ellipse on which a body is now, bright where it has just been.
fn orbit(model: &Model, state: &State, body: usize, colour: Colour) -> impl Iterator<Item = Line> {
    let at = state.position[body] - state.position[SUN];
    let velocity = state.velocity[body] - state.velocity[SUN];
    let pull = model.gm[SUN] + model.gm[body];
    let axis = 1.0 / (2.0 / at.length() - velocity.length_squared() / pull);
    let turning = at.cross(velocity);
    // Towards the nearest place to the Sun, as long as the ellipse is eccentric.
    let eccentric = velocity.cross(turning) / pull - at.normalize();
    let eccentricity = eccentric.length().min(0.99);
    let near = eccentric.normalize_or(at.normalize());
    let side = turning.normalize_or(DVec3::Z).cross(near);
    let narrow = (1.0 - eccentricity * eccentricity).sqrt();
    let centre = near * (-eccentricity * axis);
    let now = layerw::math::atan2(
        (at - centre).dot(side) / (axis * narrow),
        (at - centre).dot(near) / axis,
    );
    let place = move |part: usize| {
        let (sin, cos) = sincos(now - part as f64 * std::f64::consts::TAU / PARTS as f64);
        seen(centre + near * (axis * cos) + side * (axis * narrow * sin))
    };
    (0..PARTS).map(move |part| {
        let fresh = 1.0 - part as f32 / PARTS as f32;
        let line = colour.cover(0.08 + 0.55 * fresh * fresh);
        Line::new(place(part), place(part + 1), line).width(1.6)
    })
}
