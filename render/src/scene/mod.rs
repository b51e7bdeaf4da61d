//! What a picture shows, as plain values: a camera, lights, and lists of instances, dots and lines.
//!
//! ```text
//!   whoever fills it                         whoever draws it
//!   ── jobs write lists, part by part ──>    Scene    ── uploads, passes ──> a picture
//! ```
//!
//! Nothing here needs a GPU, so a simulation can say how it looks in a program that cannot draw.
//!
//! Lengths are metres or whatever the simulation takes for them, y is up, the right hand rules, colours are linear light.

mod camera;
mod light;
mod list;
mod material;
mod mesh;
#[cfg(feature = "device")]
mod shapes;
mod thing;

pub use camera::{Camera, Frustum, Sight};
pub use light::{Lamp, Sky, Sun};
pub use list::{Batch, List, Part, Scene};
pub use material::{Colour, Material};
pub use mesh::{Mesh, MeshError, Meshes, Vertex, Vertices};
pub use thing::{Dot, Instance, Line};
