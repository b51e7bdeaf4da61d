//! The shapes that are always there.

use glam::{Vec2, Vec3};

use super::mesh::{Mesh, Vertex, Vertices};

impl Vertices {
    /// All of them, in the order of their numbers.
    pub(crate) fn given() -> [Vertices; Mesh::GIVEN as usize] {
        [
            ball(4),
            ball(1),
            rock(),
            cube(),
            cone(),
            cylinder(),
            plane(1),
            plane(64),
        ]
    }
}

/// An icosahedron whose triangles are cut into four so many times.
fn ball(cuts: u32) -> Vertices {
    let golden = 0.5 * (1.0 + 5.0_f32.sqrt());
    let mut points: Vec<Vec3> = Vec::new();
    for (one, other) in [
        (1.0, golden),
        (-1.0, golden),
        (1.0, -golden),
        (-1.0, -golden),
    ] {
        points.extend([
            Vec3::new(0.0, one, other),
            Vec3::new(one, other, 0.0),
            Vec3::new(other, 0.0, one),
        ]);
    }
    // Faces are triples of corners that are an edge apart.
    let near = |a: usize, b: usize| (points[a] - points[b]).length_squared() < 4.1;
    let mut faces = Vec::new();
    for a in 0..12 {
        for b in a + 1..12 {
            for c in b + 1..12 {
                if near(a, b) && near(b, c) && near(a, c) {
                    let outward = (points[b] - points[a])
                        .cross(points[c] - points[a])
                        .dot(points[a])
                        > 0.0;
                    faces.push(if outward { [a, b, c] } else { [a, c, b] });
                }
            }
        }
    }
    for _ in 0..cuts {
        let mut halves = std::collections::BTreeMap::new();
        let mut finer = Vec::with_capacity(4 * faces.len());
        for [a, b, c] in faces {
            let mut half = |a: usize, b: usize| {
                *halves.entry((a.min(b), a.max(b))).or_insert_with(|| {
                    points.push((points[a].normalize() + points[b].normalize()) * 0.5);
                    points.len() - 1
                })
            };
            let (ab, bc, ca) = (half(a, b), half(b, c), half(c, a));
            finer.extend([[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]);
        }
        faces = finer;
    }
    let vertex = |point: &Vec3| {
        let at = point.normalize();
        Vertex { at, normal: at }
    };
    Vertices {
        vertices: points.iter().map(vertex).collect(),
        indices: faces
            .iter()
            .flatten()
            .map(|&corner| corner as u32)
            .collect(),
    }
}

/// A ball with dents.
fn rock() -> Vertices {
    let mut stone = ball(2);
    for (number, vertex) in stone.vertices.iter_mut().enumerate() {
        // Any numbers that look like none in particular.
        let dent = (number as u32 + 1).wrapping_mul(0x9e37_79b1) >> 24;
        vertex.at *= 0.78 + 0.22 * dent as f32 / 255.0;
        vertex.at *= Vec3::new(1.0, 0.8, 0.9);
    }
    stone.flat()
}

fn cube() -> Vertices {
    let mut cube = Vertices::default();
    for axis in 0..3 {
        for side in [-1.0, 1.0] {
            let mut normal = Vec3::ZERO;
            normal[axis] = side;
            let (mut u, mut v) = (Vec3::ZERO, Vec3::ZERO);
            u[(axis + 1) % 3] = side;
            v[(axis + 2) % 3] = 1.0;
            let corner = |a: f32, b: f32| Vertex {
                at: 0.5 * (normal + a * u + b * v),
                normal,
            };
            cube.face(&[
                corner(-1.0, -1.0),
                corner(1.0, -1.0),
                corner(1.0, 1.0),
                corner(-1.0, 1.0),
            ]);
        }
    }
    cube
}

/// Sides of what is round.
const SIDES: u32 = 24;

fn round(side: u32) -> Vec2 {
    Vec2::from_angle(side as f32 * std::f32::consts::TAU / SIDES as f32)
}

/// A disc at a height that looks up or down.
fn disc(mesh: &mut Vertices, z: f32, radius: f32, up: bool) {
    let normal = if up { Vec3::Z } else { Vec3::NEG_Z };
    let corner = |side: u32| Vertex {
        at: (round(side) * radius).extend(z),
        normal,
    };
    let corners: Vec<Vertex> = match up {
        true => (0..SIDES).map(corner).collect(),
        false => (0..SIDES).rev().map(corner).collect(),
    };
    mesh.face(&corners);
}

fn cone() -> Vertices {
    let mut cone = Vertices::default();
    for side in 0..SIDES {
        let (a, b) = (round(side), round(side + 1));
        let normal = |around: Vec2| around.extend(0.25).normalize();
        let foot = |around: Vec2| Vertex {
            at: (around * 0.5).extend(-1.0),
            normal: normal(around),
        };
        let tip = Vertex {
            at: Vec3::Z,
            normal: normal((a + b).normalize()),
        };
        cone.face(&[foot(a), foot(b), tip]);
    }
    disc(&mut cone, -1.0, 0.5, false);
    cone
}

fn cylinder() -> Vertices {
    let mut cylinder = Vertices::default();
    for side in 0..SIDES {
        let corner = |side: u32, z: f32| Vertex {
            at: round(side).extend(z),
            normal: round(side).extend(0.0),
        };
        cylinder.face(&[
            corner(side, -1.0),
            corner(side + 1, -1.0),
            corner(side + 1, 1.0),
            corner(side, 1.0),
        ]);
    }
    disc(&mut cylinder, 1.0, 1.0, true);
    disc(&mut cylinder, -1.0, 1.0, false);
    cylinder
}

pub(super) fn plane(squares: u32) -> Vertices {
    let corners = squares + 1;
    let place = |n: u32| n as f32 / squares as f32 - 0.5;
    let vertex = |n: u32| Vertex {
        at: Vec3::new(place(n % corners), 0.0, place(n / corners)),
        normal: Vec3::Y,
    };
    let square = |n: u32| {
        let a = n / squares * corners + n % squares;
        let (b, c) = (a + corners, a + 1);
        [a, b, c, c, b, b + 1]
    };
    Vertices {
        vertices: (0..corners * corners).map(vertex).collect(),
        indices: (0..squares * squares).flat_map(square).collect(),
    }
}
