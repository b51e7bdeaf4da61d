//! From the lists of a scene to buffers, and to what is drawn from them.

use std::ops::Range;

use crate::scene::{Dot, Instance, Line, Mesh, Scene};
use crate::work::Gpu;

/// Instances of a mesh that stand after one another in the buffer.
pub(super) struct Draw {
    pub(super) mesh: Mesh,
    /// Those that are seen.
    pub(super) seen: Range<u32>,
    /// Those and what only throws shadows.
    pub(super) all: Range<u32>,
}

/// Lists on the device, in buffers that grow and stay.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) instances: Growing,
    pub(super) dots: Growing,
    pub(super) lines: Growing,
    /// What covers.
    pub(super) solid: Vec<Draw>,
    /// What is seen through, from far to near.
    pub(super) clear: Vec<Draw>,
    pub(super) dot_count: u32,
    pub(super) line_count: u32,
    /// What is seen through: how far away, where in which part.
    order: Vec<(f32, Mesh, Instance)>,
    sorted: Vec<Instance>,
}

/// A buffer that is made anew, larger, where it does not suffice.
#[derive(Default)]
pub(super) struct Growing {
    buffer: Option<wgpu::Buffer>,
    bytes: u64,
}

/// The smallest, bytes.
const GROWING_MIN: u64 = 64 << 10;

impl Growing {
    /// A buffer with room for so many bytes; what was in it may be lost.
    fn with(&mut self, gpu: &mut Gpu, label: &str, bytes: u64) -> wgpu::Buffer {
        if let Some(buffer) = &self.buffer
            && self.bytes >= bytes
        {
            return buffer.clone();
        }
        self.bytes = bytes.next_power_of_two().max(GROWING_MIN);
        let usage = wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_DST;
        let made = gpu.buffer(label, self.bytes, usage).raw;
        self.buffer.insert(made).clone()
    }

    /// All of it; a picture without such things has none.
    pub(super) fn get(&self) -> Option<&wgpu::Buffer> {
        self.buffer.as_ref()
    }
}

impl Lists {
    /// Uploads what a scene shows.
    pub(super) fn upload(&mut self, gpu: &mut Gpu, scene: &Scene) {
        self.upload_instances(gpu, scene);
        self.upload_dots(gpu, scene);
        self.line_count = scene.lines.len() as u32;
        let lines: &[Line] = &scene.lines;
        if !lines.is_empty() {
            let bytes: &[u8] = bytemuck::cast_slice(lines);
            let buffer = self.lines.with(gpu, "layerw lines", bytes.len() as u64);
            gpu.stage(bytes, &buffer, 0);
        }
    }

    fn upload_instances(&mut self, gpu: &mut Gpu, scene: &Scene) {
        self.solid.clear();
        self.clear.clear();
        let count: usize = (0..scene.instances.len())
            .map(|part| {
                let part = scene.instances.part(part);
                part.seen.len() + part.shades.len()
            })
            .sum();
        if count == 0 {
            return;
        }
        const SIZE: u64 = size_of::<Instance>() as u64;
        let buffer = self
            .instances
            .with(gpu, "layerw instances", count as u64 * SIZE);
        let mut end = 0_u32;
        let mut put = |gpu: &mut Gpu, instances: &[Instance]| {
            if !instances.is_empty() {
                let at = u64::from(end) * SIZE;
                gpu.stage(bytemuck::cast_slice(instances), &buffer, at);
                end += instances.len() as u32;
            }
            end
        };
        for batch in scene.batches.iter().filter(|batch| !batch.is_clear) {
            let first = put(gpu, &[]);
            let mut seen = first;
            for part in batch.parts.clone() {
                seen = put(gpu, &scene.instances.part(part).seen);
            }
            let mut all = seen;
            for part in batch.parts.clone() {
                all = put(gpu, &scene.instances.part(part).shades);
            }
            if all > first {
                self.solid.push(Draw {
                    mesh: batch.mesh,
                    seen: first..seen,
                    all: first..all,
                });
            }
        }
        let (eye, forward) = (scene.camera.eye, scene.camera.forward());
        self.order.clear();
        for batch in scene.batches.iter().filter(|batch| batch.is_clear) {
            for part in batch.parts.clone() {
                for instance in &scene.instances.part(part).seen {
                    let depth = (instance.at - eye).dot(forward);
                    self.order.push((depth, batch.mesh, *instance));
                }
            }
        }
        // In place; what is equally far away keeps no order, and looks the same in any unless it overlaps.
        self.order
            .sort_unstable_by(|(a, ..), (b, ..)| b.total_cmp(a));
        self.sorted.clear();
        self.sorted
            .extend(self.order.iter().map(|(.., instance)| *instance));
        let first = put(gpu, &[]);
        put(gpu, &self.sorted);
        for run in self.order.chunk_by(|(_, a, _), (_, b, _)| a == b) {
            let begin = self.clear.last().map_or(first, |draw| draw.seen.end);
            let seen = begin..begin + run.len() as u32;
            self.clear.push(Draw {
                mesh: run[0].1,
                all: seen.clone(),
                seen,
            });
        }
    }

    fn upload_dots(&mut self, gpu: &mut Gpu, scene: &Scene) {
        const SIZE: u64 = size_of::<Dot>() as u64;
        let parts = 0..scene.dots.len();
        let count: usize = parts
            .clone()
            .map(|part| scene.dots.part(part).seen.len())
            .sum();
        self.dot_count = count as u32;
        if count == 0 {
            return;
        }
        let buffer = self.dots.with(gpu, "layerw dots", count as u64 * SIZE);
        let mut at = 0;
        for part in parts {
            let part = scene.dots.part(part);
            if !part.seen.is_empty() {
                gpu.stage(bytemuck::cast_slice(&part.seen), &buffer, at);
                at += part.seen.len() as u64 * SIZE;
            }
        }
    }
}
