//! The pictures on the way to the picture.

use super::clusters::{TEXELS_ACROSS, TEXELS_DOWN};
use super::quality::Quality;

/// Light before it is developed: more than screens show.
pub(super) const LIGHT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba16Float;

/// Depth of pictures and shadow maps.
pub(super) const DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// What is made anew when the size changes.
pub(super) struct Targets {
    pub(super) size: [u32; 2],
    /// Several samples a pixel, where the quality has them.
    pub(super) sampled: Option<wgpu::TextureView>,
    pub(super) light: wgpu::TextureView,
    pub(super) depth: wgpu::TextureView,
    /// Each half as large as the one before.
    pub(super) glow: Vec<wgpu::TextureView>,
}

impl Targets {
    pub(super) fn new(device: &wgpu::Device, size: [u32; 2], quality: Quality) -> Targets {
        let attachment = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let read = attachment | wgpu::TextureUsages::TEXTURE_BINDING;
        let samples = quality.samples();
        let full =
            |label, format, samples, usage| view(device, label, size, 1, format, samples, usage);
        let halves = (1..=quality.halvings()).map(|halving| {
            let size = size.map(|edge| (edge >> halving).max(1));
            view(device, "layerw glow", size, 1, LIGHT, 1, read)
        });
        Targets {
            size,
            sampled: (samples > 1).then(|| full("layerw samples", LIGHT, samples, attachment)),
            light: full("layerw light", LIGHT, 1, read),
            depth: full("layerw depth", DEPTH, samples, attachment),
            glow: halves.collect(),
        }
    }
}

/// What stays.
pub(super) struct Maps {
    pub(super) sun: wgpu::TextureView,
    /// All layers, to read.
    pub(super) spots: wgpu::TextureView,
    /// Each, to draw on.
    pub(super) spot: Vec<wgpu::TextureView>,
    pub(super) clusters: wgpu::Texture,
}

impl Maps {
    pub(super) fn new(device: &wgpu::Device, quality: Quality) -> Maps {
        let usage = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING;
        let edge = quality.sun_map();
        let layers = quality.spots().max(2) as u32;
        let spots = texture(
            device,
            "layerw spot shadows",
            [quality.spot_map(); 2],
            layers,
            DEPTH,
            1,
            usage,
        );
        let layer = |layer: u32| {
            spots.create_view(&wgpu::TextureViewDescriptor {
                dimension: Some(wgpu::TextureViewDimension::D2),
                base_array_layer: layer,
                array_layer_count: Some(1),
                ..wgpu::TextureViewDescriptor::default()
            })
        };
        Maps {
            sun: view(device, "layerw sun shadow", [edge; 2], 1, DEPTH, 1, usage),
            spots: spots.create_view(&wgpu::TextureViewDescriptor {
                dimension: Some(wgpu::TextureViewDimension::D2Array),
                ..wgpu::TextureViewDescriptor::default()
            }),
            spot: (0..layers).map(layer).collect(),
            clusters: texture(
                device,
                "layerw clusters",
                [TEXELS_ACROSS, TEXELS_DOWN],
                1,
                wgpu::TextureFormat::Rgba32Uint,
                1,
                wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::TEXTURE_BINDING,
            ),
        }
    }
}

pub(super) fn texture(
    device: &wgpu::Device,
    label: &str,
    [width, height]: [u32; 2],
    layers: u32,
    format: wgpu::TextureFormat,
    samples: u32,
    usage: wgpu::TextureUsages,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: layers,
        },
        mip_level_count: 1,
        sample_count: samples,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage,
        view_formats: &[],
    })
}

fn view(
    device: &wgpu::Device,
    label: &str,
    size: [u32; 2],
    layers: u32,
    format: wgpu::TextureFormat,
    samples: u32,
    usage: wgpu::TextureUsages,
) -> wgpu::TextureView {
    texture(device, label, size, layers, format, samples, usage)
        .create_view(&wgpu::TextureViewDescriptor::default())
}
