//! From a scene to a picture: forward rendering with lamps in clusters.
//!
//! ```text
//!   lists ──upload──> instances, dots, lines, lamps, clusters
//!                         │
//!     depth from the sun, from spots ──> shadow maps
//!                         │
//!     solids, sky, lines, what is seen through, dots ──> light (several samples) ──> light
//!                                                                                      │ halved, halved, …, widened
//!                                                        a picture of any size <── developed
//! ```
//!
//! - **Light is not colour** until the last pass: 16 bits of floats, as bright as it is, then the curve of a screen.
//! - **One place for a picture**: whoever asks says what to draw on, a texture that is read back or a window's.
//! - **Buffers and textures stay** from picture to picture; they are made when something grows or the size changes.
//! - **Everything runs without compute shaders and storage buffers**, so OpenGL draws the same, in the lowest tier.

mod clusters;
mod encode;
mod error;
mod frame;
mod lists;
mod meshes;
mod picture;
mod pipelines;
mod quality;
mod screen;
mod targets;

pub use error::DrawError;
pub use picture::{Difference, Exposure, Picture};
pub use quality::Quality;
pub use screen::{Screen, Window};

use clusters::{Bits, Slices};
use frame::{FrameValues, LAMPS, LampValues, SPOTS, Shadows};
use lists::Lists;
use meshes::Uploaded;
use pipelines::Pipelines;
use targets::{Maps, Targets};

use crate::scene::{Lamp, Meshes, Scene};
use crate::work::Gpu;

/// What draws scenes on a device.
pub struct Renderer {
    quality: Quality,
    pipelines: Pipelines,
    meshes: Uploaded,
    lists: Lists,
    maps: Maps,
    targets: Option<(Targets, Screens)>,
    frame: wgpu::Buffer,
    lamps: wgpu::Buffer,
    cells: wgpu::Buffer,
    /// Matrices of the sun and of spots, each at a multiple of [`SPACE_BYTES`].
    spaces: wgpu::Buffer,
    tone: wgpu::Buffer,
    smooth: wgpu::Sampler,
    frame_group: wgpu::BindGroup,
    shade_group: wgpu::BindGroup,
    bits: Box<Bits>,
    lamp_list: Vec<Lamp>,
    lamp_values: Vec<LampValues>,
}

/// What a picture is drawn on.
struct Canvas<'a> {
    view: &'a wgpu::TextureView,
    format: wgpu::TextureFormat,
    /// Left and upper edge, width and height of the part that is drawn on, if it is not all of it; the rest becomes black.
    place: Option<[u32; 4]>,
}

/// Where dynamic offsets may point on every device.
const SPACE_BYTES: u64 = 256;

/// Passes over whole pictures: what each reads.
struct Screens {
    /// The light, then each half of it.
    sources: Vec<wgpu::BindGroup>,
    tone: wgpu::BindGroup,
}

impl Renderer {
    /// Makes pipelines and uploads meshes. Without a quality it takes what suits the adapter.
    ///
    /// # Errors
    /// The device lacks what pictures need.
    pub fn new(
        gpu: &mut Gpu,
        meshes: &Meshes,
        quality: Option<Quality>,
    ) -> Result<Renderer, DrawError> {
        let quality = quality.unwrap_or_else(|| Quality::suiting(gpu.adapter()));
        let pipelines = Pipelines::new(&gpu.device, quality.samples());
        let meshes = Uploaded::new(gpu, meshes);
        let maps = Maps::new(&gpu.device, quality);
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let mut buffer = |label, size: usize, usage| gpu.buffer(label, size as u64, usage).raw;
        let frame = buffer("layerw frame", size_of::<FrameValues>(), uniform);
        let lamps = buffer("layerw lamps", LAMPS * size_of::<LampValues>(), uniform);
        let spaces = buffer("layerw spaces", (1 + SPOTS) * SPACE_BYTES as usize, uniform);
        let tone = buffer("layerw tone", 16, uniform);
        let cells = buffer(
            "layerw cells",
            size_of::<Bits>(),
            wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        );
        let sampler = |compare| {
            gpu.device.create_sampler(&wgpu::SamplerDescriptor {
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                compare,
                ..wgpu::SamplerDescriptor::default()
            })
        };
        let (smooth, compare) = (
            sampler(None),
            sampler(Some(wgpu::CompareFunction::LessEqual)),
        );
        let clusters = maps
            .clusters
            .create_view(&wgpu::TextureViewDescriptor::default());
        let frame_group = group(
            &gpu.device,
            &pipelines.layouts.frame,
            &[
                frame.as_entire_binding(),
                lamps.as_entire_binding(),
                wgpu::BindingResource::TextureView(&clusters),
                wgpu::BindingResource::TextureView(&maps.sun),
                wgpu::BindingResource::TextureView(&maps.spots),
                wgpu::BindingResource::Sampler(&compare),
            ],
        );
        let space = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &spaces,
            offset: 0,
            size: wgpu::BufferSize::new(64),
        });
        let shade_group = group(&gpu.device, &pipelines.layouts.shade, &[space]);
        gpu.check()?;
        let bits: Box<[u32]> = vec![0; size_of::<Bits>() / 4].into();
        Ok(Renderer {
            quality,
            pipelines,
            meshes,
            lists: Lists::default(),
            maps,
            targets: None,
            frame,
            lamps,
            cells,
            spaces,
            tone,
            smooth,
            frame_group,
            shade_group,
            bits: bits.try_into().expect("as long as that"),
            lamp_list: Vec::with_capacity(LAMPS),
            lamp_values: Vec::with_capacity(LAMPS),
        })
    }

    /// The tier that it draws in.
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// Draws a scene, `size` pixels wide and high, onto a picture of whatever size and format. The commands are handed over with the next submission.
    ///
    /// # Errors
    /// The device cannot draw so many pixels.
    fn draw(
        &mut self,
        gpu: &mut Gpu,
        scene: &Scene,
        size: [u32; 2],
        onto: &Canvas<'_>,
    ) -> Result<(), DrawError> {
        self.fits(gpu, size)?;
        let size = size.map(|edge| edge.max(1));
        self.fit(gpu, size);
        self.lists.upload(gpu, scene);
        let shadows = self.upload_frame(gpu, scene, size, onto.format);
        self.encode(gpu, shadows, onto);
        Ok(())
    }

    /// # Errors
    /// The device cannot draw so many pixels.
    fn fits(&self, gpu: &Gpu, [width, height]: [u32; 2]) -> Result<(), DrawError> {
        let most = gpu.device.limits().max_texture_dimension_2d;
        if width.max(height) <= most {
            return Ok(());
        }
        Err(DrawError::Size {
            width,
            height,
            name: gpu.adapter().name.clone(),
            most,
        })
    }

    /// Makes what depends on the size, if it has changed.
    fn fit(&mut self, gpu: &Gpu, size: [u32; 2]) {
        if self
            .targets
            .as_ref()
            .is_some_and(|(targets, _)| targets.size == size)
        {
            return;
        }
        let targets = Targets::new(&gpu.device, size, self.quality);
        let layouts = &self.pipelines.layouts;
        let source = |view: &wgpu::TextureView| {
            let smooth = wgpu::BindingResource::Sampler(&self.smooth);
            let view = wgpu::BindingResource::TextureView(view);
            group(&gpu.device, &layouts.screen, &[view, smooth])
        };
        let sources = std::iter::once(&targets.light).chain(&targets.glow);
        let glow = targets.glow.first().unwrap_or(&targets.light);
        let tone = group(
            &gpu.device,
            &layouts.tone,
            &[
                self.tone.as_entire_binding(),
                wgpu::BindingResource::TextureView(glow),
            ],
        );
        let screens = Screens {
            sources: sources.map(source).collect(),
            tone,
        };
        self.targets = Some((targets, screens));
    }

    fn upload_frame(
        &mut self,
        gpu: &mut Gpu,
        scene: &Scene,
        size: [u32; 2],
        format: wgpu::TextureFormat,
    ) -> Shadows {
        self.choose_lamps(scene);
        let camera = &scene.camera;
        let slices = Slices::new(camera, &self.lamp_list);
        let (values, shadows) =
            FrameValues::new(scene, size, self.quality, &self.lamp_list, &slices);
        gpu.stage(bytemuck::bytes_of(&values), &self.frame, 0);
        gpu.stage(bytemuck::bytes_of(&values.sun_space), &self.spaces, 0);
        for (space, at) in values.spot_space.iter().zip(1..) {
            gpu.stage(bytemuck::bytes_of(space), &self.spaces, at * SPACE_BYTES);
        }
        let halvings = self.quality.halvings() as f32;
        let glow = if halvings > 0.0 { 0.06 } else { 0.0 };
        let coded = f32::from(u8::from(format.is_srgb()));
        let tone = [camera.exposure.max(0.0), glow, halvings.max(1.0), coded];
        gpu.stage(bytemuck::bytes_of(&tone), &self.tone, 0);
        if self.lamp_list.is_empty() {
            return shadows;
        }
        let mut maps = 0..shadows.spots;
        self.lamp_values.clear();
        self.lamp_values.extend(self.lamp_list.iter().map(|lamp| {
            let map = if lamp.is_spot() { maps.next() } else { None };
            LampValues::new(lamp, map)
        }));
        gpu.stage(bytemuck::cast_slice(&self.lamp_values), &self.lamps, 0);
        let half = camera.half_extent(size[0] as f32 / size[1] as f32);
        clusters::fill(&mut self.bits, camera, half, &self.lamp_list, &slices);
        gpu.stage(bytemuck::cast_slice(&self.bits[..]), &self.cells, 0);
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(clusters::TEXELS_ACROSS * 16),
            rows_per_image: None,
        };
        gpu.encoder().copy_buffer_to_texture(
            wgpu::TexelCopyBufferInfo {
                buffer: &self.cells,
                layout,
            },
            self.maps.clusters.as_image_copy(),
            self.maps.clusters.size(),
        );
        shadows
    }

    /// The lamps of a scene that can be, or as many as there is room for: those that are nearest for their reach.
    fn choose_lamps(&mut self, scene: &Scene) {
        let eye = scene.camera.eye;
        let far = |lamp: &Lamp| (lamp.at - eye).length() / lamp.reach;
        self.lamp_list.clear();
        let shines =
            |lamp: &Lamp| lamp.at.is_finite() && lamp.reach > 0.0 && lamp.reach.is_finite();
        self.lamp_list
            .extend(scene.lamps.iter().copied().filter(shines));
        if self.lamp_list.len() > LAMPS {
            self.lamp_list.sort_by(|a, b| far(a).total_cmp(&far(b)));
            self.lamp_list.truncate(LAMPS);
        }
    }
}

fn group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry {
            binding,
            resource: resource.clone(),
        })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    })
}

#[cfg(test)]
mod tests;
