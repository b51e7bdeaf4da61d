//! Passes: a kernel made ready for a device, and its dispatches.

use super::array::ROWS_MIN;
use super::{Array, Gpu};
use crate::device::one_line;
use crate::shader::{Kernel, Rows, Shape};

/// Contexts that passes of one submission can have before places are used again, which orders them.
const SLOTS: u64 = 64;

/// Bytes between two contexts: what every adapter is content with.
const SLOT_BYTES: u64 = 256;

/// Arrays and values that a pass can have.
pub const COLUMNS_MAX: usize = 16;

/// Where each dispatch finds its context.
pub(super) struct Contexts {
    buffer: wgpu::Buffer,
    layout: wgpu::BindGroupLayout,
    group: wgpu::BindGroup,
    next: u64,
}

/// A kernel made ready for a device.
pub struct Pass {
    /// Its number, by which it is timed.
    number: usize,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    workgroup: u32,
    shapes: Vec<Shape>,
    groups: Vec<Cached>,
    /// Buffers made when the groups were looked at last: new ones may make some of them useless.
    buffers: u64,
}

struct Cached {
    key: Vec<Key>,
    group: wgpu::BindGroup,
}

/// A buffer, from where on, how far.
type Key = (u64, u64, u64);

/// What a variable of a kernel is, for one dispatch; in order of the variables.
#[derive(Clone, Copy)]
pub enum Bound<'a> {
    /// Rows of which each invocation sees its own.
    Own(&'a Array),
    /// So many rows, all of which each invocation sees.
    All(&'a Array, u32),
    /// The first row, which is a value.
    Value(&'a Array),
}

/// What all invocations of a dispatch see as `cx`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context {
    /// Simulated seconds a step.
    pub dt: f32,
    /// Steps done before this one.
    pub step: u64,
}

impl Contexts {
    pub(super) fn new(device: &wgpu::Device) -> Contexts {
        let size = std::num::NonZeroU64::new(crate::shader::CX_BYTES as u64);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("layerw contexts"),
            size: SLOTS * SLOT_BYTES,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("layerw contexts"),
            entries: &[wgpu::BindGroupLayoutEntry {
                binding: 0,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: true,
                    min_binding_size: size,
                },
                count: None,
            }],
        });
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("layerw contexts"),
            layout: &layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: 0,
                    size,
                }),
            }],
        });
        Contexts {
            buffer,
            layout,
            group,
            next: 0,
        }
    }
}

impl Gpu {
    /// Makes a kernel ready, as the pass of this number.
    ///
    /// # Errors
    /// The adapter refuses it, in its own words.
    pub fn pass(&mut self, kernel: &Kernel, number: usize) -> Result<Pass, String> {
        let columns = kernel.columns.len();
        if columns > COLUMNS_MAX.min(self.limits.columns as usize) {
            return Err(format!(
                "the pass touches {columns} arrays and values, and this GPU lets it touch {}",
                COLUMNS_MAX.min(self.limits.columns as usize)
            ));
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = self
            .device
            .create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(&kernel.name),
                source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(kernel.module.clone())),
            });
        let entries: Vec<wgpu::BindGroupLayoutEntry> = kernel
            .columns
            .iter()
            .zip(0..)
            .map(|(column, binding)| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: match column.is_uniform {
                        true => wgpu::BufferBindingType::Uniform,
                        false => wgpu::BufferBindingType::Storage {
                            read_only: !column.written,
                        },
                    },
                    has_dynamic_offset: false,
                    min_binding_size: std::num::NonZeroU64::new(u64::from(column.stride)),
                },
                count: None,
            })
            .collect();
        let layout = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(&kernel.name),
                entries: &entries,
            });
        let pipeline_layout = self
            .device
            .create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(&kernel.name),
                bind_group_layouts: &[Some(&layout), Some(&self.contexts.layout)],
                immediate_size: 0,
            });
        let pipeline = self
            .device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&kernel.name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(crate::shader::ENTRY),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            });
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(one_line(&error.to_string()));
        }
        if let Some(timing) = &mut self.timing {
            timing.know(number);
        }
        Ok(Pass {
            number,
            pipeline,
            layout,
            workgroup: kernel.workgroup,
            shapes: kernel.columns.iter().map(|column| column.shape).collect(),
            groups: Vec::new(),
            buffers: 0,
        })
    }

    /// Whether a pass can see so many rows of an array together.
    pub fn sees(&self, array: &Array, rows: u32) -> bool {
        rows <= array.segment_rows()
    }

    /// Runs a pass for so many rows, in as many dispatches as the adapter wants.
    ///
    /// # Panics
    /// What is bound is not what the kernel declares.
    pub fn dispatch(&mut self, pass: &mut Pass, bound: &[Bound<'_>], rows: u32, context: Context) {
        assert_eq!(
            bound.len(),
            pass.shapes.len(),
            "each variable is bound once"
        );
        if self.figures.buffers_created != pass.buffers {
            pass.groups.clear();
            pass.buffers = self.figures.buffers_created;
        }
        let most = u64::from(self.limits.groups)
            * u64::from(self.limits.groups)
            * u64::from(pass.workgroup);
        let mut part_rows = 1 << u32::try_from(most).unwrap_or(u32::MAX).max(1).ilog2();
        for (bound, shape) in bound.iter().zip(&pass.shapes) {
            match (bound, shape) {
                (Bound::Own(array), Shape::Rows(Rows::Own)) => {
                    part_rows = array.segment_rows().min(part_rows);
                }
                (Bound::All(..), Shape::Rows(Rows::All)) | (Bound::Value(_), Shape::Value) => {}
                _ => panic!("a variable is bound as something else than it is"),
            }
        }
        debug_assert!(part_rows >= ROWS_MIN || most < u64::from(ROWS_MIN));
        let mut first = 0;
        while first < rows {
            let part = part_rows.min(rows - first);
            self.dispatch_part(pass, bound, first, part, context);
            first += part;
        }
    }

    fn dispatch_part(
        &mut self,
        pass: &mut Pass,
        bound: &[Bound<'_>],
        first: u32,
        rows: u32,
        context: Context,
    ) {
        let groups = rows.div_ceil(pass.workgroup);
        let x = groups.min(self.limits.groups);
        let y = groups.div_ceil(x);
        let words = [
            rows,
            first,
            x,
            0,
            context.dt.to_bits(),
            context.step as u32,
            (context.step >> 32) as u32,
            0,
        ];
        let mut bytes = [0; crate::shader::CX_BYTES];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let offset = self.contexts.next * SLOT_BYTES;
        self.contexts.next = (self.contexts.next + 1) % SLOTS;
        let target = self.contexts.buffer.clone();
        self.stage(&bytes, &target, offset);

        let group = self.group(pass, bound, first, rows);
        let device = &self.device;
        let encoder = self.encoder.get_or_insert_with(|| {
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
        });
        let timestamp_writes = match &mut self.timing {
            Some(timing) => timing.begin(pass.number),
            None => None,
        };
        let mut run = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes,
        });
        run.set_pipeline(&pass.pipeline);
        run.set_bind_group(0, &pass.groups[group].group, &[]);
        run.set_bind_group(1, &self.contexts.group, &[offset as u32]);
        run.dispatch_workgroups(x, y, 1);
        drop(run);
        self.figures.dispatches += 1;
    }

    /// The place of the bind group for these rows, made if there is none.
    fn group(&mut self, pass: &mut Pass, bound: &[Bound<'_>], first: u32, rows: u32) -> usize {
        let mut key = [(0, 0, 0); COLUMNS_MAX];
        let mut buffers = [None; COLUMNS_MAX];
        for ((bound, key), found) in bound.iter().zip(&mut key).zip(&mut buffers) {
            let (array, row, rows) = match *bound {
                Bound::Own(array) => (array, first, rows),
                Bound::All(array, rows) => (array, 0, rows),
                Bound::Value(array) => (array, 0, 1),
            };
            let (buffer, offset) = array.find(row);
            *key = (
                buffer.id,
                offset,
                u64::from(rows) * u64::from(array.stride()),
            );
            *found = Some(&buffer.raw);
        }
        let key = &key[..bound.len()];
        if let Some(place) = pass.groups.iter().position(|cached| cached.key == key) {
            return place;
        }
        // A number of rows that changes from step to step makes a group each time; the old ones are of no use.
        if pass.groups.len() >= 64 {
            pass.groups.clear();
        }
        let entries: Vec<wgpu::BindGroupEntry<'_>> = buffers
            .iter()
            .flatten()
            .zip(key)
            .zip(0..)
            .map(
                |((buffer, &(_, offset, size)), binding)| wgpu::BindGroupEntry {
                    binding,
                    resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer,
                        offset,
                        size: std::num::NonZeroU64::new(size),
                    }),
                },
            )
            .collect();
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pass.layout,
            entries: &entries,
        });
        self.figures.groups_created += 1;
        pass.groups.push(Cached {
            key: key.to_vec(),
            group,
        });
        pass.groups.len() - 1
    }

    /// Nanoseconds that the device took for a pass, and the dispatches that it took them for, as far as they were read back; `None` where the adapter has no clock.
    pub fn timed(&self, pass: &Pass) -> Option<(u64, u64)> {
        self.timing.as_ref().map(|timing| timing.sum(pass.number))
    }
}
