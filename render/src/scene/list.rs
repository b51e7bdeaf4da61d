//! The lists of a picture, in memory that is kept from one to the next.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::camera::{Camera, Frustum, Sight};
use super::light::{Lamp, Sky, Sun};
use super::material::Material;
use super::mesh::Mesh;
use super::thing::{Dot, Instance, Line, PackedMaterial};

/// All that a picture shows. Filled anew for each, in the memory of the one before.
#[derive(Debug)]
pub struct Scene {
    /// Where it is taken from.
    pub camera: Camera,
    /// What is seen where nothing stands.
    pub sky: Sky,
    /// The sun, if it shines.
    pub sun: Option<Sun>,
    /// Lights at places.
    pub lamps: Vec<Lamp>,
    /// What is drawn of the instances, in the order in which it was said.
    pub batches: Vec<Batch>,
    /// Meshes at places.
    pub instances: List<Instance>,
    /// Spots of light.
    pub dots: List<Dot>,
    /// Lines.
    pub lines: Vec<Line>,
}

/// Instances of one mesh and one material.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Their shape.
    pub mesh: Mesh,
    /// Whether something is seen through them, so that they are drawn from far to near.
    pub is_clear: bool,
    /// Where they are in the list.
    pub parts: Range<usize>,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene {
            camera: Camera::new(glam::Vec3::new(0.0, 2.0, 5.0), glam::Vec3::ZERO),
            sky: Sky::DAY,
            sun: None,
            lamps: Vec::new(),
            batches: Vec::new(),
            instances: List::default(),
            dots: List::default(),
            lines: Vec::new(),
        }
    }
}

impl Scene {
    /// Begins another picture, with nothing in it.
    pub fn begin(&mut self, camera: Camera) {
        self.camera = camera;
        (self.sky, self.sun) = (Sky::DAY, None);
        self.lamps.clear();
        self.batches.clear();
        self.instances.begin();
        self.dots.begin();
        self.lines.clear();
    }
}

/// A list in parts that workers fill at the same time, each part by one of them.
#[derive(Debug)]
pub struct List<T> {
    parts: Vec<Mutex<Part<T>>>,
    used: usize,
}

/// A part of a list.
#[derive(Debug)]
pub struct Part<T> {
    /// What can be seen.
    pub seen: Vec<T>,
    /// What cannot, but throws shadows.
    pub shades: Vec<T>,
}

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List {
            parts: Vec::new(),
            used: 0,
        }
    }
}

impl<T> List<T> {
    fn begin(&mut self) {
        self.used = 0;
    }

    /// So many empty parts more; where they stand.
    pub fn add_parts(&mut self, count: usize) -> Range<usize> {
        let parts = self.used..self.used + count;
        self.used = parts.end;
        while self.parts.len() < self.used {
            self.parts.push(Mutex::new(Part {
                seen: Vec::new(),
                shades: Vec::new(),
            }));
        }
        for part in &mut self.parts[parts.clone()] {
            let part = part.get_mut().unwrap_or_else(PoisonError::into_inner);
            part.seen.clear();
            part.shades.clear();
        }
        parts
    }

    /// A part, to fill or to read; nobody else has it.
    pub fn part(&self, place: usize) -> MutexGuard<'_, Part<T>> {
        // What a panic left there is what was written before it.
        self.parts[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many parts are in use.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
}

impl Part<Instance> {
    /// Takes those instances that concern the picture.
    pub fn extend(
        &mut self,
        instances: impl Iterator<Item = Instance>,
        material: &Material,
        mesh_radius: f32,
        frustum: &Frustum,
    ) {
        let material = PackedMaterial::from(material);
        self.seen.reserve(instances.size_hint().0);
        for instance in instances {
            let instance = instance.of(material);
            match frustum.sight(instance.at, instance.radius(mesh_radius)) {
                Sight::Seen => self.seen.push(instance),
                Sight::Shades => self.shades.push(instance),
                Sight::Hidden => {}
            }
        }
    }
}

impl Part<Dot> {
    /// Takes those dots that can be seen.
    pub fn extend(&mut self, dots: impl Iterator<Item = Dot>, frustum: &Frustum) {
        self.seen.reserve(dots.size_hint().0);
        for dot in dots {
            if frustum.sight(dot.at, dot.radius()) == Sight::Seen {
                self.seen.push(dot);
            }
        }
    }
}
