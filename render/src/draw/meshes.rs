//! Meshes on the device.

use crate::scene::{Mesh, Meshes, Vertex};
use crate::work::Gpu;

/// All meshes in one buffer of corners and one of indices.
pub(super) struct Uploaded {
    pub(super) vertices: wgpu::Buffer,
    pub(super) indices: wgpu::Buffer,
    /// First index, indices, first corner; of each.
    places: Vec<(u32, u32, i32)>,
}

impl Uploaded {
    /// Uploads all, in the order of their numbers.
    pub(super) fn new(gpu: &mut Gpu, meshes: &Meshes) -> Uploaded {
        let mut vertices = Vec::<Vertex>::new();
        let mut indices = Vec::<u32>::new();
        let mut places = Vec::new();
        meshes.each(|mesh| {
            let (first, corner) = (indices.len() as u32, vertices.len() as i32);
            places.push((first, mesh.indices.len() as u32, corner));
            vertices.extend_from_slice(&mesh.vertices);
            indices.extend_from_slice(&mesh.indices);
        });
        let mut upload = |label, bytes: &[u8], usage| {
            let usage = usage | wgpu::BufferUsages::COPY_DST;
            let buffer = gpu.buffer(label, bytes.len() as u64, usage).raw;
            gpu.stage(bytes, &buffer, 0);
            buffer
        };
        let corners = bytemuck::cast_slice(&vertices);
        let places_of = bytemuck::cast_slice(&indices);
        Uploaded {
            vertices: upload("layerw corners", corners, wgpu::BufferUsages::VERTEX),
            indices: upload("layerw indices", places_of, wgpu::BufferUsages::INDEX),
            places,
        }
    }

    /// First index, indices and first corner; a mesh of another simulation is a cube here.
    pub(super) fn place(&self, mesh: Mesh) -> (u32, u32, i32) {
        let known = self.places.get(mesh.index());
        known.copied().unwrap_or(self.places[Mesh::CUBE.index()])
    }
}
