//! What a simulation looks like: a camera, lights, and what is drawn for entities.
//!
//! ```
//! use layerw::draw::{Camera, Colour, Instance, Material, Mesh, Sky, Sun, View};
//! use layerw::math::Vec3;
//! use layerw::{Sim, World, component};
//! #[component]
//! struct Position(Vec3);
//!
//! fn camera(_: &World) -> Camera {
//!     Camera::new(Vec3::new(0.0, 4.0, 10.0), Vec3::ZERO)
//! }
//!
//! fn view(view: &mut View) {
//!     view.sky(Sky::DAY).sun(Sun::new(Vec3::new(1.0, 2.0, 1.0)));
//!     let paint = Material::glossy(Colour::hex(0xd0_50_30));
//!     view.each::<&Position>(Mesh::SPHERE, paint, |at| Instance::at(at.0).sized(0.2));
//! }
//!
//! let mut sim = Sim::new();
//! sim.world.spawn(Position(Vec3::Y));
//! sim.camera(camera).draw(view);
//! ```
//!
//! What is said is said anew for each picture, between two steps, and only reads: no picture moves the state's hash. [`View::each`] and [`View::dots`] run on all
//! workers, chunk by chunk, leave out what the camera cannot see, and write into lists that are kept, so that a picture like the one before allocates nothing.
//!
//! Pictures themselves need the feature `gpu`; without it everything here is there all the same, and `--capture` says what is missing.

#[cfg(not(feature = "gpu"))]
mod absent;
#[cfg(feature = "gpu")]
mod present;
mod view;
#[cfg(feature = "window")]
mod window;

#[cfg(not(feature = "gpu"))]
use absent as host;
#[cfg(feature = "gpu")]
use present as host;

pub(crate) use host::Painter;
pub use layerw_render::scene::{
    Batch, Camera, Colour, Dot, Instance, Lamp, Line, List, Material, Mesh, MeshError, Part, Scene,
    Sky, Sun, Vertex, Vertices,
};
#[cfg(feature = "gpu")]
pub use layerw_render::{Difference, Picture};
pub use view::View;
#[cfg(feature = "window")]
pub(crate) use window::{Display, Moment};

use layerw_ecs::World;
use layerw_jobs::Jobs;
use layerw_render::scene::Meshes;
use layerw_trace::Label;

use crate::error::Result;
use crate::sim::Sim;

/// How much a picture may cost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Quality {
    /// What suits the adapter.
    #[default]
    Auto,
    /// One sample a pixel, coarse shadows of the sun, no glow around what is bright.
    Low,
    /// Four samples a pixel, soft shadows of the sun and of two spots, glow.
    Medium,
    /// As medium, with finer shadows, of four spots.
    High,
}

/// What a picture is to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PictureOptions {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// What it may cost.
    pub quality: Quality,
}

impl Default for PictureOptions {
    /// 1280 by 720.
    fn default() -> PictureOptions {
        PictureOptions {
            width: 1280,
            height: 720,
            quality: Quality::Auto,
        }
    }
}

/// Why there is no picture.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// The program was built without what draws.
    #[error(
        "this program was built without what draws pictures; build it with `--features layerw/gpu`, or leave `--capture` out"
    )]
    Absent,
    /// The program was built without what opens windows.
    #[error(
        "this program was built without what opens windows; use `layerw play`, which builds it with `--features layerw/window`, or `layerw run`, which needs no window"
    )]
    NoWindows,
    /// There is no display, or nothing that draws on it.
    #[error(
        "{0}; run it without a window by `layerw run`, and with `--capture FILE` for a picture"
    )]
    Window(String),
    /// The project says nothing of how it looks.
    #[error(
        "this project does not say what it looks like; add `sim.camera(…).draw(…)`, or leave `--capture` out"
    )]
    NoLook,
    /// The same, where a window would show it.
    #[error(
        "this project does not say what it looks like, so there is nothing to play; add `sim.camera(…).draw(…)`, or use `layerw run`"
    )]
    NothingToPlay,
    /// The display went away in mid-run.
    #[error(
        "the run ended where it was, because {0}; go on from a snapshot of it, if there is one, with `--restore`"
    )]
    Lost(String),
    /// There is no GPU, it is lost, or the picture is too large for it.
    #[error("{0}")]
    Device(String),
    /// A mesh is none.
    #[error(transparent)]
    Mesh(#[from] MeshError),
}

type CameraHook = Box<dyn Fn(&World) -> Camera + Send>;
type ViewHook = Box<dyn Fn(&mut View<'_>) + Send>;

/// What a simulation says of how it looks.
#[derive(Default)]
pub(crate) struct Look {
    camera: Option<CameraHook>,
    views: Vec<ViewHook>,
    pub(crate) meshes: Meshes,
}

impl Sim {
    /// Says where pictures are taken from; called for each. Without it they are taken from (0, 2, 5) towards the origin.
    pub fn camera(&mut self, camera: impl Fn(&World) -> Camera + Send + 'static) -> &mut Self {
        self.look.camera = Some(Box::new(camera));
        self
    }

    /// Adds to what pictures show; called for each picture, in written order. See [`draw`](crate::draw).
    pub fn draw(&mut self, view: impl Fn(&mut View<'_>) + Send + 'static) -> &mut Self {
        self.look.views.push(Box::new(view));
        self
    }

    /// Takes a mesh of the project's own; what it is called in [`View::each`].
    ///
    /// # Errors
    /// Its triangles are none: [`MeshError`] says why.
    pub fn mesh(&mut self, vertices: Vertices) -> Result<Mesh> {
        let mesh = self.look.meshes.add(vertices);
        Ok(mesh.map_err(DrawError::from)?)
    }
}

impl Look {
    /// Whether there is anything to draw.
    pub(crate) fn is_there(&self) -> bool {
        !self.views.is_empty()
    }

    /// Where the project has pictures taken from.
    pub(crate) fn camera(&self, world: &World) -> Camera {
        let camera = self.camera.as_ref().map(|camera| camera(world));
        camera.unwrap_or(Scene::default().camera)
    }

    /// Writes what a picture of the world shows, `aspect` times as wide as high, of a moment `behind` the last step.
    pub(crate) fn extract(
        &self,
        world: &World,
        jobs: &Jobs,
        scene: &mut Scene,
        camera: Camera,
        aspect: f32,
        behind: f32,
    ) {
        let _zone = layerw_trace::zone(labels().extract);
        scene.begin(camera);
        let mut view = View::new(world, jobs, scene, &self.meshes, aspect, behind);
        for hook in &self.views {
            hook(&mut view);
        }
    }
}

/// Names of zones.
#[derive(Clone, Copy)]
struct Labels {
    extract: Label,
    each: Label,
    #[cfg(feature = "gpu")]
    draw: Label,
}

fn labels() -> Labels {
    static LABELS: std::sync::OnceLock<Labels> = std::sync::OnceLock::new();
    *LABELS.get_or_init(|| Labels {
        extract: layerw_trace::label("extract"),
        each: layerw_trace::label("extract each"),
        #[cfg(feature = "gpu")]
        draw: layerw_trace::label("foreign:draw"),
    })
}

#[cfg(test)]
mod tests;
