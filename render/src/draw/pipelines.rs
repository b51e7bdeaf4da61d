//! How each kind of thing is drawn.

use std::mem::offset_of;

use crate::scene::{Dot, Instance, Line, Vertex};

use super::targets::{DEPTH, LIGHT};

pub(super) struct Pipelines {
    pub(super) layouts: Layouts,
    pub(super) solid: wgpu::RenderPipeline,
    pub(super) clear: wgpu::RenderPipeline,
    pub(super) sky: wgpu::RenderPipeline,
    pub(super) dots: wgpu::RenderPipeline,
    pub(super) lines: wgpu::RenderPipeline,
    pub(super) shade: wgpu::RenderPipeline,
    pub(super) shrink: wgpu::RenderPipeline,
    pub(super) widen: wgpu::RenderPipeline,
    /// By the format of the picture, which a window chooses.
    pub(super) develop: Vec<(wgpu::TextureFormat, wgpu::RenderPipeline)>,
    screen: wgpu::ShaderModule,
    developing: wgpu::PipelineLayout,
}

/// What shaders are given.
pub(super) struct Layouts {
    pub(super) frame: wgpu::BindGroupLayout,
    pub(super) shade: wgpu::BindGroupLayout,
    pub(super) screen: wgpu::BindGroupLayout,
    pub(super) tone: wgpu::BindGroupLayout,
}

/// One idea a file; what needs another's words has them in front.
macro_rules! shader {
    ($device:expr, $label:literal, $($file:literal),+) => {
        $device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some($label),
            source: wgpu::ShaderSource::Wgsl(concat!($(include_str!(concat!("shaders/", $file, ".wgsl")), "\n"),+).into()),
        })
    };
}

impl Pipelines {
    pub(super) fn new(device: &wgpu::Device, samples: u32) -> Pipelines {
        let layouts = Layouts::new(device);
        let solid = shader!(
            device, "solid", "frame", "sky", "instance", "surface", "lamps", "solid"
        );
        let background = shader!(device, "background", "frame", "sky", "background");
        let dot = shader!(device, "dot", "frame", "dot");
        let line = shader!(device, "line", "frame", "line");
        let shade = shader!(device, "shade", "instance", "shade");
        let screen = shader!(device, "screen", "screen", "bloom", "tone");

        let drawing = layout(device, &[&layouts.frame]);
        let shading = layout(device, &[&layouts.shade]);
        let glowing = layout(device, &[&layouts.screen]);
        let developing = layout(device, &[&layouts.screen, &layouts.tone]);
        let corners = [Some(CORNERS), Some(INSTANCES)];
        let base = Draw {
            device,
            samples,
            layout: &drawing,
            module: &solid,
            entries: ("corner", "solid"),
            buffers: &corners,
            strip: false,
            cull: true,
            writes_depth: true,
            blend: None,
        };
        Pipelines {
            solid: base.pipeline(),
            clear: Draw {
                writes_depth: false,
                blend: Some(OVER),
                ..base
            }
            .pipeline(),
            sky: Draw {
                module: &background,
                entries: ("background", "sky"),
                buffers: &[],
                cull: false,
                writes_depth: false,
                ..base
            }
            .pipeline(),
            dots: Draw {
                module: &dot,
                entries: ("spot", "glow"),
                buffers: &[Some(DOTS)],
                strip: true,
                cull: false,
                writes_depth: false,
                blend: Some(ADDED),
                ..base
            }
            .pipeline(),
            lines: Draw {
                module: &line,
                entries: ("stroke", "ink"),
                buffers: &[Some(LINES)],
                strip: true,
                cull: false,
                writes_depth: false,
                blend: Some(OVER),
                ..base
            }
            .pipeline(),
            shade: device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some("layerw shade"),
                layout: Some(&shading),
                vertex: wgpu::VertexState {
                    module: &shade,
                    entry_point: Some("shade"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    buffers: &corners,
                },
                primitive: wgpu::PrimitiveState::default(),
                depth_stencil: Some(wgpu::DepthStencilState {
                    format: DEPTH,
                    depth_write_enabled: Some(true),
                    depth_compare: Some(wgpu::CompareFunction::Less),
                    stencil: wgpu::StencilState::default(),
                    bias: wgpu::DepthBiasState {
                        constant: 0,
                        slope_scale: 2.0,
                        clamp: 0.0,
                    },
                }),
                multisample: wgpu::MultisampleState::default(),
                fragment: None,
                multiview_mask: None,
                cache: None,
            }),
            shrink: over_screen(device, &glowing, &screen, "shrink", LIGHT, None),
            widen: over_screen(
                device,
                &glowing,
                &screen,
                "widen",
                LIGHT,
                Some(wgpu::BlendState {
                    color: wgpu::BlendComponent {
                        src_factor: wgpu::BlendFactor::One,
                        dst_factor: wgpu::BlendFactor::One,
                        operation: wgpu::BlendOperation::Add,
                    },
                    alpha: wgpu::BlendComponent::REPLACE,
                }),
            ),
            develop: Vec::new(),
            layouts,
            screen,
            developing,
        }
    }

    /// The last step, for pictures of this format.
    pub(super) fn develop(
        &mut self,
        device: &wgpu::Device,
        format: wgpu::TextureFormat,
    ) -> &wgpu::RenderPipeline {
        let known = self.develop.iter().position(|(known, _)| *known == format);
        let place = known.unwrap_or_else(|| {
            let (layout, module) = (&self.developing, &self.screen);
            let made = over_screen(device, layout, module, "develop", format, None);
            self.develop.push((format, made));
            self.develop.len() - 1
        });
        &self.develop[place].1
    }
}

/// Light that covers what is behind by its cover; colours are multiplied already.
const OVER: wgpu::BlendState = wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING;

/// Light that is added.
const ADDED: wgpu::BlendState = wgpu::BlendState {
    color: wgpu::BlendComponent {
        src_factor: wgpu::BlendFactor::One,
        dst_factor: wgpu::BlendFactor::One,
        operation: wgpu::BlendOperation::Add,
    },
    alpha: wgpu::BlendComponent::OVER,
};

const fn attribute(
    location: u32,
    offset: usize,
    format: wgpu::VertexFormat,
) -> wgpu::VertexAttribute {
    wgpu::VertexAttribute {
        format,
        offset: offset as u64,
        shader_location: location,
    }
}

const CORNERS: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Vertex>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &[
        attribute(0, offset_of!(Vertex, at), wgpu::VertexFormat::Float32x3),
        attribute(1, offset_of!(Vertex, normal), wgpu::VertexFormat::Float32x3),
    ],
};

const INSTANCES: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Instance>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[
        attribute(2, offset_of!(Instance, at), wgpu::VertexFormat::Float32x3),
        attribute(3, offset_of!(Instance, size), wgpu::VertexFormat::Float32x3),
        attribute(4, offset_of!(Instance, turn), wgpu::VertexFormat::Float32x4),
        attribute(5, Instance::COLOUR, wgpu::VertexFormat::Unorm8x4),
        attribute(6, Instance::SURFACE, wgpu::VertexFormat::Uint32),
    ],
};

const DOTS: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Dot>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[
        attribute(0, 0, wgpu::VertexFormat::Float32x3),
        attribute(1, 12, wgpu::VertexFormat::Float32),
        attribute(2, 16, wgpu::VertexFormat::Unorm8x4),
        attribute(3, 20, wgpu::VertexFormat::Float32),
    ],
};

const LINES: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Line>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[
        attribute(0, 0, wgpu::VertexFormat::Float32x3),
        attribute(1, 12, wgpu::VertexFormat::Float32),
        attribute(2, 16, wgpu::VertexFormat::Float32x3),
        attribute(3, 28, wgpu::VertexFormat::Unorm8x4),
    ],
};

/// What differs between things that are drawn into light.
#[derive(Clone, Copy)]
struct Draw<'a> {
    device: &'a wgpu::Device,
    samples: u32,
    layout: &'a wgpu::PipelineLayout,
    module: &'a wgpu::ShaderModule,
    entries: (&'a str, &'a str),
    buffers: &'a [Option<wgpu::VertexBufferLayout<'a>>],
    strip: bool,
    cull: bool,
    writes_depth: bool,
    blend: Option<wgpu::BlendState>,
}

impl Draw<'_> {
    fn pipeline(&self) -> wgpu::RenderPipeline {
        let (vertex, fragment) = self.entries;
        let topology = match self.strip {
            true => wgpu::PrimitiveTopology::TriangleStrip,
            false => wgpu::PrimitiveTopology::TriangleList,
        };
        self.device
            .create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some(fragment),
                layout: Some(self.layout),
                vertex: wgpu::VertexState {
                    module: self.module,
                    entry_point: Some(vertex),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    buffers: self.buffers,
                },
                primitive: wgpu::PrimitiveState {
                    topology,
                    cull_mode: self.cull.then_some(wgpu::Face::Back),
                    ..wgpu::PrimitiveState::default()
                },
                // 1 is near, 0 infinitely far.
                depth_stencil: Some(wgpu::DepthStencilState {
                    format: DEPTH,
                    depth_write_enabled: Some(self.writes_depth),
                    depth_compare: Some(wgpu::CompareFunction::GreaterEqual),
                    stencil: wgpu::StencilState::default(),
                    bias: wgpu::DepthBiasState::default(),
                }),
                multisample: wgpu::MultisampleState {
                    count: self.samples,
                    ..wgpu::MultisampleState::default()
                },
                fragment: Some(wgpu::FragmentState {
                    module: self.module,
                    entry_point: Some(fragment),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    targets: &[Some(wgpu::ColorTargetState {
                        format: LIGHT,
                        blend: self.blend,
                        write_mask: wgpu::ColorWrites::ALL,
                    })],
                }),
                multiview_mask: None,
                cache: None,
            })
    }
}

fn over_screen(
    device: &wgpu::Device,
    layout: &wgpu::PipelineLayout,
    module: &wgpu::ShaderModule,
    entry: &str,
    format: wgpu::TextureFormat,
    blend: Option<wgpu::BlendState>,
) -> wgpu::RenderPipeline {
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(entry),
        layout: Some(layout),
        vertex: wgpu::VertexState {
            module,
            entry_point: Some("screen"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState {
                format,
                blend,
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn layout(device: &wgpu::Device, groups: &[&wgpu::BindGroupLayout]) -> wgpu::PipelineLayout {
    let groups: Vec<Option<&wgpu::BindGroupLayout>> = groups.iter().copied().map(Some).collect();
    device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &groups,
        immediate_size: 0,
    })
}

impl Layouts {
    fn new(device: &wgpu::Device) -> Layouts {
        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let fragment = wgpu::ShaderStages::FRAGMENT;
        let uniform = |dynamic| wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: dynamic,
            min_binding_size: None,
        };
        let picture = |sample_type, view_dimension| wgpu::BindingType::Texture {
            sample_type,
            view_dimension,
            multisampled: false,
        };
        let flat = wgpu::TextureViewDimension::D2;
        let light = picture(wgpu::TextureSampleType::Float { filterable: true }, flat);
        let depth = |dimension| picture(wgpu::TextureSampleType::Depth, dimension);
        let group = |entries: &[(wgpu::ShaderStages, wgpu::BindingType)]| {
            let entry = |(binding, &(visibility, ty))| wgpu::BindGroupLayoutEntry {
                binding,
                visibility,
                ty,
                count: None,
            };
            let entries: Vec<_> = (0..).zip(entries).map(entry).collect();
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: None,
                entries: &entries,
            })
        };
        let sampler = wgpu::BindingType::Sampler;
        Layouts {
            frame: group(&[
                (both, uniform(false)),
                (fragment, uniform(false)),
                (fragment, picture(wgpu::TextureSampleType::Uint, flat)),
                (fragment, depth(flat)),
                (fragment, depth(wgpu::TextureViewDimension::D2Array)),
                (fragment, sampler(wgpu::SamplerBindingType::Comparison)),
            ]),
            shade: group(&[(wgpu::ShaderStages::VERTEX, uniform(true))]),
            screen: group(&[
                (fragment, light),
                (fragment, sampler(wgpu::SamplerBindingType::Filtering)),
            ]),
            tone: group(&[(fragment, uniform(false)), (fragment, light)]),
        }
    }
}
