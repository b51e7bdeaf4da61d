//! What the flock looks like: a dart for each boid, in a colour that says where it flies.

use layerw::draw::{Camera, Colour, Instance, Material, Mesh, Sky, Sun, Vertex, Vertices, View};
use layerw::math::{Vec3, sincosf};
use layerw::{Result, Sim, World};

use crate::{Position, Rules, Velocity};

/// Length of a boid.
const LENGTH: f32 = 0.34;

/// Says what the simulation looks like.
pub fn look(sim: &mut Sim) -> Result<()> {
    let dart = sim.mesh(dart())?;
    sim.camera(camera).draw(move |view| show(view, dart));
    Ok(())
}

/// Goes around the flock, once in a minute and a half.
fn camera(world: &World) -> Camera {
    let home = world.resource::<Rules>().map_or(10.0, |rules| rules.home);
    let seconds = (world.step() as f64 * world.dt()) as f32;
    let (sin, cos) = sincosf(0.6 + seconds * 0.07);
    let eye = Vec3::new(sin * 2.2, 0.3, cos * 2.2) * home;
    Camera::new(eye, Vec3::NEG_Y * 0.1 * home)
        .opening_degrees(48.0)
        .near(0.05)
        .shadows(3.0 * home)
        .exposure(1.1)
}

fn show(view: &mut View, dart: Mesh) {
    view.sky(Sky {
        zenith: Colour::linear(0.05, 0.10, 0.28),
        horizon: Colour::linear(0.72, 0.42, 0.30),
        ground: Colour::linear(0.11, 0.12, 0.22),
        stars: 0.0,
    });
    view.sun(
        Sun::new(Vec3::new(0.9, 0.34, -0.5))
            .colour(Colour::linear(1.0, 0.78, 0.52))
            .strength(4.2),
    );
    let feathers = Material::glossy(Colour::WHITE).roughness(0.5);
    let behind = view.behind();
    view.each::<(&Position, &Velocity)>(dart, feathers, move |(at, velocity)| {
        Instance::at(at.0 - velocity.0 * behind)
            .along(velocity.0)
            .sized(LENGTH)
            .coloured(heading(velocity.0))
    });
}

/// A colour for each direction.
fn heading(velocity: Vec3) -> Colour {
    let towards = velocity * (0.5 / velocity.length().max(1e-6)) + 0.5;
    let warm = Colour::linear(0.95, 0.36, 0.10).mix(Colour::linear(0.85, 0.08, 0.22), towards.z);
    let cool = Colour::linear(0.06, 0.32, 0.75).mix(Colour::linear(0.10, 0.62, 0.50), towards.y);
    warm.mix(cool, towards.x)
}

/// Four sides and a tail that is drawn in; points along z, 1 long.
fn dart() -> Vertices {
    let corners = [
        Vec3::new(0.0, 0.0, 0.5),
        Vec3::new(0.32, 0.0, -0.5),
        Vec3::new(0.0, 0.11, -0.34),
        Vec3::new(-0.32, 0.0, -0.5),
        Vec3::new(0.0, -0.06, -0.34),
    ];
    let vertex = |at: Vec3| Vertex {
        at,
        normal: Vec3::Y,
    };
    let smooth = Vertices {
        vertices: corners.map(vertex).to_vec(),
        indices: vec![0, 1, 2, 0, 2, 3, 0, 3, 4, 0, 4, 1, 1, 4, 2, 3, 2, 4],
    };
    smooth.flat()
}
