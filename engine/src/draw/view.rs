//! A picture while it is said what it shows.

use std::ops::Range;

use layerw_ecs::fetch::ReadFetch;
use layerw_ecs::{ChunkRows, World};
use layerw_jobs::Jobs;
use layerw_render::scene::{
    Batch, Camera, Dot, Frustum, Instance, Lamp, Line, Material, Mesh, Meshes, Scene, Sky, Sun,
};

use super::labels;

/// A picture while it is said what it shows: what [`Sim::draw`](crate::Sim::draw) calls its function with.
pub struct View<'a> {
    world: &'a World,
    jobs: &'a Jobs,
    scene: &'a mut Scene,
    meshes: &'a Meshes,
    frustum: Frustum,
    behind: f32,
}

impl<'a> View<'a> {
    pub(super) fn new(
        world: &'a World,
        jobs: &'a Jobs,
        scene: &'a mut Scene,
        meshes: &'a Meshes,
        aspect: f32,
        behind: f32,
    ) -> View<'a> {
        View {
            world,
            jobs,
            frustum: scene.camera.frustum(aspect),
            scene,
            meshes,
            behind,
        }
    }

    /// The world, to read: resources, single entities, `dt`, the step.
    pub fn world(&self) -> &'a World {
        self.world
    }

    /// Simulated seconds by which the moment of the picture lies before the last step: 0 in pictures of runs, and from 0 to `dt` in a window, which shows more moments than there are
    /// steps. What moves evenly is in its place if it is drawn so far back along its way:
    ///
    /// ```
    /// # use layerw::draw::{Colour, Instance, Material, Mesh, View};
    /// # use layerw::{component, math::Vec3};
    /// # #[component] struct Position(Vec3);
    /// # #[component] struct Velocity(Vec3);
    /// fn view(view: &mut View) {
    ///     let behind = view.behind();
    ///     let paint = Material::matte(Colour::WHITE);
    ///     view.each::<(&Position, &Velocity)>(Mesh::CONE, paint, move |(at, velocity)| {
    ///         Instance::at(at.0 - velocity.0 * behind)
    ///     });
    /// }
    /// ```
    pub fn behind(&self) -> f32 {
        self.behind
    }

    /// Where the picture is taken from.
    pub fn camera(&self) -> &Camera {
        &self.scene.camera
    }

    /// Sets the sky; [`Sky::DAY`] where nobody does.
    pub fn sky(&mut self, sky: Sky) -> &mut Self {
        self.scene.sky = sky;
        self
    }

    /// Lets a sun shine; there is one at most.
    pub fn sun(&mut self, sun: Sun) -> &mut Self {
        self.scene.sun = Some(sun);
        self
    }

    /// Adds a lamp. Of more than 256 the nearest for their reach are taken.
    pub fn lamp(&mut self, lamp: Lamp) -> &mut Self {
        self.scene.lamps.push(lamp);
        self
    }

    /// Draws a mesh for each entity with the components `Q`, such as `&Position` or `(&Position, &Velocity)`; runs on all workers.
    ///
    /// ```
    /// # use layerw::draw::{Colour, Instance, Material, Mesh, View};
    /// # use layerw::{component, math::Vec3};
    /// # #[component] struct Position(Vec3);
    /// # #[component] struct Velocity(Vec3);
    /// fn view(view: &mut View) {
    ///     let paint = Material::matte(Colour::WHITE);
    ///     view.each::<(&Position, &Velocity)>(Mesh::CONE, paint, |(at, velocity)| {
    ///         Instance::at(at.0).along(velocity.0)
    ///     });
    /// }
    /// ```
    pub fn each<Q: ReadFetch>(
        &mut self,
        mesh: Mesh,
        material: Material,
        instance: impl for<'w> Fn(Q::Item<'w>) -> Instance + Sync,
    ) -> &mut Self {
        let chunks = self.world.count_chunks::<Q>();
        let parts = self.scene.instances.add_parts(chunks);
        let (first, list) = (parts.start, &self.scene.instances);
        let (radius, frustum) = (self.meshes.radius(mesh), &self.frustum);
        let fill = |chunk: usize, rows: ChunkRows<'_, Q>| {
            let mut part = list.part(first + chunk);
            part.extend(rows.map(&instance), &material, radius, frustum);
        };
        self.world.par_chunks(self.jobs, labels().each, fill);
        self.batch(mesh, &material, parts)
    }

    /// Draws a mesh at some places, on this worker: for what is no entity.
    pub fn all(
        &mut self,
        mesh: Mesh,
        material: Material,
        instances: impl IntoIterator<Item = Instance>,
    ) -> &mut Self {
        let parts = self.scene.instances.add_parts(1);
        let mut part = self.scene.instances.part(parts.start);
        let radius = self.meshes.radius(mesh);
        part.extend(instances.into_iter(), &material, radius, &self.frustum);
        drop(part);
        self.batch(mesh, &material, parts)
    }

    fn batch(&mut self, mesh: Mesh, material: &Material, parts: Range<usize>) -> &mut Self {
        self.scene.batches.push(Batch {
            mesh,
            is_clear: material.is_clear(),
            parts,
        });
        self
    }

    /// Draws a spot of light for each entity with the components `Q`; runs on all workers.
    pub fn dots<Q: ReadFetch>(
        &mut self,
        dot: impl for<'w> Fn(Q::Item<'w>) -> Dot + Sync,
    ) -> &mut Self {
        let chunks = self.world.count_chunks::<Q>();
        let first = self.scene.dots.add_parts(chunks).start;
        let (list, frustum) = (&self.scene.dots, &self.frustum);
        let fill = |chunk: usize, rows: ChunkRows<'_, Q>| {
            list.part(first + chunk).extend(rows.map(&dot), frustum);
        };
        self.world.par_chunks(self.jobs, labels().each, fill);
        self
    }

    /// Draws a spot of light.
    pub fn dot(&mut self, dot: Dot) -> &mut Self {
        let part = self.scene.dots.add_parts(1).start;
        let once = std::iter::once(dot);
        self.scene.dots.part(part).extend(once, &self.frustum);
        self
    }

    /// Draws lines.
    pub fn lines(&mut self, lines: impl IntoIterator<Item = Line>) -> &mut Self {
        self.scene.lines.extend(lines);
        self
    }
}
