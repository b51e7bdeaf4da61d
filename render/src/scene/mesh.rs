//! Shapes: some that are always there, and those that somebody brings.

use bytemuck::{Pod, Zeroable};
use glam::Vec3;

/// A shape, by number. Those named here are always there, about 1 in size, with their middle at the origin.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mesh(pub(crate) u32);

impl Mesh {
    /// A ball of radius 1, smooth.
    pub const SPHERE: Mesh = Mesh(0);
    /// A ball of radius 1 of 80 triangles, for many.
    pub const PEBBLE: Mesh = Mesh(1);
    /// A stone of radius about 1 with flat faces.
    pub const ROCK: Mesh = Mesh(2);
    /// A cube with edges of 1.
    pub const CUBE: Mesh = Mesh(3);
    /// A cone that points along z, 2 long, of radius 0.5 at its foot.
    pub const CONE: Mesh = Mesh(4);
    /// A cylinder along z, 2 long, of radius 1.
    pub const CYLINDER: Mesh = Mesh(5);
    /// A square with edges of 1 that looks up.
    pub const PLANE: Mesh = Mesh(6);
    /// The same of 64 by 64 squares.
    pub const GRID: Mesh = Mesh(7);

    /// How many there always are.
    pub(crate) const GIVEN: u32 = 8;

    /// Of those that are always there, a little more than they need.
    const RADII: [f32; Mesh::GIVEN as usize] =
        [1.001, 1.001, 0.978, 0.867, 1.119, 1.415, 0.708, 0.708];

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The meshes of a simulation: the given ones, and those that it brings.
#[derive(Clone, Debug, Default)]
pub struct Meshes {
    own: Vec<Vertices>,
    radii: Vec<f32>,
}

impl Meshes {
    /// Takes another one.
    ///
    /// # Errors
    /// It is none, see [`Vertices::check`].
    pub fn add(&mut self, vertices: Vertices) -> Result<Mesh, MeshError> {
        vertices.check()?;
        self.radii.push(vertices.radius());
        self.own.push(vertices);
        Ok(Mesh(Mesh::GIVEN + self.own.len() as u32 - 1))
    }

    /// Radius of a ball around the origin that holds a mesh; 0 for one of another simulation.
    pub fn radius(&self, mesh: Mesh) -> f32 {
        let given = Mesh::RADII.get(mesh.index()).copied();
        let own = || {
            self.radii
                .get(mesh.index().wrapping_sub(Mesh::GIVEN as usize))
        };
        given.or_else(|| own().copied()).unwrap_or_default()
    }

    /// Calls `f` with each, in the order of their numbers.
    #[cfg(feature = "device")]
    pub(crate) fn each(&self, f: impl FnMut(&Vertices)) {
        Vertices::given().iter().chain(&self.own).for_each(f);
    }
}

/// A corner.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Vertex {
    /// Where it is.
    pub at: Vec3,
    /// Away from the surface, of length 1.
    pub normal: Vec3,
}

/// The triangles of a shape, seen from the side from which their corners go round against the clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vertices {
    /// Corners.
    pub vertices: Vec<Vertex>,
    /// Three for each triangle.
    pub indices: Vec<u32>,
}

/// Triangles that are none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MeshError {
    /// No triangle, or a third of one.
    Count {
        /// How many indices there are.
        indices: usize,
    },
    /// A corner that there is not.
    Index {
        /// Its place among the indices.
        place: usize,
        /// What it says.
        index: u32,
        /// How many corners there are.
        vertices: usize,
    },
    /// A corner at no place.
    Vertex {
        /// Which.
        vertex: usize,
    },
}

impl std::fmt::Display for MeshError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MeshError::Count { indices } => write!(
                f,
                "a mesh has {indices} indices; give three for each triangle, of one triangle at least"
            ),
            MeshError::Index {
                place,
                index,
                vertices,
            } => write!(
                f,
                "index {place} of a mesh is {index}, and it has {vertices} corners; count them from 0"
            ),
            MeshError::Vertex { vertex } => write!(
                f,
                "corner {vertex} of a mesh has a place or normal that is not finite; give finite numbers"
            ),
        }
    }
}

impl std::error::Error for MeshError {}

impl Vertices {
    /// Checks that they are triangles.
    ///
    /// # Errors
    /// A number of indices that is no multiple of 3, an index of no corner, a corner that is not finite.
    pub fn check(&self) -> Result<(), MeshError> {
        if self.indices.is_empty() || !self.indices.len().is_multiple_of(3) {
            let indices = self.indices.len();
            return Err(MeshError::Count { indices });
        }
        let vertices = self.vertices.len();
        let beyond = |index: &u32| *index as usize >= vertices;
        if let Some(place) = self.indices.iter().position(beyond) {
            let index = self.indices[place];
            return Err(MeshError::Index {
                place,
                index,
                vertices,
            });
        }
        let infinite = |vertex: &Vertex| !(vertex.at.is_finite() && vertex.normal.is_finite());
        match self.vertices.iter().position(infinite) {
            Some(vertex) => Err(MeshError::Vertex { vertex }),
            None => Ok(()),
        }
    }

    /// Radius of a ball around the origin that holds them.
    pub fn radius(&self) -> f32 {
        let squared = self
            .vertices
            .iter()
            .map(|vertex| vertex.at.length_squared());
        squared.fold(0.0, f32::max).sqrt()
    }

    /// Triangles with flat faces: corners of their own, which look where their triangle looks.
    #[must_use]
    pub fn flat(&self) -> Vertices {
        let mut flat = Vertices::default();
        for corners in self.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|corner| self.vertices[corners[corner] as usize].at);
            let normal = (b - a).cross(c - a).normalize_or(Vec3::Y);
            flat.face(&[a, b, c].map(|at| Vertex { at, normal }));
        }
        flat
    }

    /// A convex face of three corners or more.
    pub(super) fn face(&mut self, corners: &[Vertex]) {
        let first = self.vertices.len() as u32;
        self.vertices.extend_from_slice(corners);
        for corner in 1..corners.len() as u32 - 1 {
            self.indices
                .extend([first, first + corner, first + corner + 1]);
        }
    }
}

#[cfg(all(test, feature = "device"))]
mod tests {
    use super::super::shapes::plane;
    use super::*;

    /// All but the planes, which have no inside.
    #[test]
    fn what_is_given_is_closed_and_looks_outward() {
        for (number, mesh) in Vertices::given().iter().enumerate() {
            mesh.check()
                .unwrap_or_else(|error| panic!("{number}: {error}"));
            let radius = mesh.radius();
            let said = Meshes::default().radius(Mesh(number as u32));
            assert!(
                radius <= said && said < 1.01 * radius,
                "{number}: {radius}, not {said}"
            );
            // Six times the volume, by the divergence theorem; 0 or less for what is inside out.
            let volume: f32 = mesh
                .indices
                .chunks_exact(3)
                .map(|corners| {
                    let [a, b, c] =
                        [0, 1, 2].map(|corner| mesh.vertices[corners[corner] as usize].at);
                    a.dot(b.cross(c))
                })
                .sum();
            if number < Mesh::PLANE.index() {
                assert!(volume > 2.0, "{number}: {volume}");
            }
            for corners in mesh.indices.chunks_exact(3) {
                let [a, b, c] = [0, 1, 2].map(|corner| mesh.vertices[corners[corner] as usize]);
                let looks = (b.at - a.at).cross(c.at - a.at);
                assert!(looks.length() > 0.0, "{number}: a triangle without area");
                for corner in [a, b, c] {
                    assert!(looks.dot(corner.normal) > 0.0, "{number}: {corner:?}");
                    assert!((corner.normal.length() - 1.0).abs() < 1e-5);
                }
            }
        }
        let ball = &Vertices::given()[Mesh::SPHERE.index()];
        assert_eq!(ball.indices.len(), 3 * 20 * 256);
    }

    #[test]
    fn meshes_of_ones_own_have_numbers_and_radii() {
        let mut meshes = Meshes::default();
        let wide = Vertices {
            vertices: plane(1)
                .vertices
                .iter()
                .map(|vertex| Vertex {
                    at: vertex.at * 10.0,
                    ..*vertex
                })
                .collect(),
            ..plane(1)
        };
        let first = meshes.add(wide).unwrap();
        assert!((meshes.radius(first) - 50.0_f32.sqrt()).abs() < 1e-5);
        assert_ne!(meshes.add(plane(1)).unwrap(), first);
        assert!(meshes.add(Vertices::default()).is_err());
        assert_eq!(meshes.radius(Mesh(99)), 0.0);
    }

    #[test]
    fn triangles_that_are_none_are_refused() {
        let mut mesh = plane(1);
        mesh.indices.push(0);
        assert_eq!(mesh.check(), Err(MeshError::Count { indices: 7 }));
        mesh.indices.truncate(6);
        mesh.indices[4] = 4;
        let error = mesh.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "index 4 of a mesh is 4, and it has 4 corners; count them from 0"
        );
        mesh.indices[4] = 1;
        mesh.vertices[2].at.y = f32::INFINITY;
        assert_eq!(mesh.check(), Err(MeshError::Vertex { vertex: 2 }));
    }
}
