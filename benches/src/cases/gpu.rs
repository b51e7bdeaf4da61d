//! N1: bodies that attract each other, by GPU passes and by a program for wgpu written by hand with the same arithmetic.

use anyhow::{Context, Result, ensure};
use layerw::{GpuChoice, Runner, RunnerOptions, Settings};
use layerw_trace::now_ns;
use nbody_gpu::{Body, Velocity};
use wgpu::util::DeviceExt;

use crate::harness::{Case, Effort, Entry, Figure, Round, single};
use crate::peers::ours;

/// The family.
pub const CASES: &[Case] = &[Case {
    name: "N1",
    about: "a step of 4 096 bodies on the GPU, results on the CPU after each; wgpu-kept leaves them on the device",
    figures: &[Figure::new("ms")],
    entries: |effort| {
        vec![
            Entry::new("layerw", 1, move || passes(effort)),
            Entry::new("wgpu", 1, move || by_hand(effort, true)),
            Entry::new("wgpu-kept", 1, move || by_hand(effort, false)),
        ]
    },
}];

/// Steps of a round.
const STEPS: usize = 8;

fn runner(effort: Effort, gpu: GpuChoice) -> Result<Runner> {
    let count = effort.pick(4096, 200).to_string();
    let sim = nbody_gpu::sim(&Settings::new().with("bodies", &count))?;
    let options = RunnerOptions {
        gpu,
        ..RunnerOptions::default()
    };
    Ok(Runner::new(sim, &ours::jobs(1)?, options)?)
}

/// Where the bodies are after a round, by the twins; the answer.
fn answer(effort: Effort) -> Result<Vec<Body>> {
    layerw::on_fresh_thread("answer", 0, || {
        let mut runner = runner(effort, GpuChoice::Off)?;
        (0..STEPS).for_each(|_| ours::step(&mut runner));
        Ok(runner.world().query::<&Body>().copied().collect())
    })
}

fn passes(effort: Effort) -> Result<Round> {
    let wanted = answer(effort)?;
    let mut runner = runner(effort, GpuChoice::Require)?;
    let mut checked = false;
    single(move || {
        let start_ns = now_ns();
        (0..STEPS).for_each(|_| ours::step(&mut runner));
        let ms = (now_ns() - start_ns) as f64 / STEPS as f64 / 1e6;
        if !checked {
            let found: Vec<Body> = runner.world().query::<&Body>().copied().collect();
            ensure!(
                found == wanted,
                "the GPU's bodies are not the twin's, bit for bit"
            );
            checked = true;
        }
        Ok(ms)
    })
}

/// What the passes do, as somebody would write it who has nothing but wgpu.
const KERNELS: &str = "
struct Body { x: f32, y: f32, z: f32, mass: f32 }
struct Velocity { x: f32, y: f32, z: f32 }
struct Rules { softening: f32, dt: f32 }
@group(0) @binding(0) var<storage, read_write> bodies: array<Body>;
@group(0) @binding(1) var<storage, read_write> velocities: array<Velocity>;
@group(0) @binding(2) var<uniform> rules: Rules;

fn inverse_root(x: f32) -> f32 {
    let half = x * 0.5;
    var root = bitcast<f32>(0x5f3759dfu - (bitcast<u32>(x) >> 1u));
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    return root;
}

@compute @workgroup_size(64)
fn attract(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let count = arrayLength(&bodies);
    if row >= count { return; }
    let own = bodies[row];
    var pull = vec3<f32>();
    for (var other = 0u; other < count; other++) {
        let body = bodies[other];
        let d = vec3(body.x - own.x, body.y - own.y, body.z - own.z);
        let inverse = inverse_root(d.x * d.x + d.y * d.y + d.z * d.z + rules.softening);
        pull += d * (body.mass * inverse * inverse * inverse);
    }
    velocities[row].x += pull.x * rules.dt;
    velocities[row].y += pull.y * rules.dt;
    velocities[row].z += pull.z * rules.dt;
}

@compute @workgroup_size(64)
fn drift(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if row >= arrayLength(&bodies) { return; }
    bodies[row].x += velocities[row].x * rules.dt;
    bodies[row].y += velocities[row].y * rules.dt;
    bodies[row].z += velocities[row].z * rules.dt;
}";

fn by_hand(effort: Effort, read_back: bool) -> Result<Round> {
    let wanted = answer(effort)?;
    // The same beginning.
    let start = runner(effort, GpuChoice::Off)?;
    let (mut bodies, mut velocities) = (Vec::new(), Vec::new());
    for (body, velocity) in start.world().query::<(&Body, &Velocity)>() {
        bodies.extend(
            [body.at.x, body.at.y, body.at.z, body.mass]
                .map(f32::to_le_bytes)
                .concat(),
        );
        velocities.extend(velocity.0.to_array().map(f32::to_le_bytes).concat());
    }
    let dt = start.world().dt() as f32;
    drop(start);
    let rows = wanted.len() as u32;

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
    let adapter = adapters.first().context("no Vulkan adapter")?;
    let (device, queue) =
        pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
    let buffer = |contents: &[u8], usage| {
        device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents,
            usage,
        })
    };
    let (bodies, velocities) = (buffer(&bodies, usage), buffer(&velocities, usage));
    let rules = buffer(
        &[0.01f32, dt].map(f32::to_le_bytes).concat(),
        wgpu::BufferUsages::UNIFORM,
    );
    let back = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bodies.size() + velocities.size(),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(KERNELS.into()),
    });
    let storage = |binding| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: match binding {
                2 => wgpu::BufferBindingType::Uniform,
                _ => wgpu::BufferBindingType::Storage { read_only: false },
            },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[storage(0), storage(1), storage(2)],
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let [attract, drift] = ["attract", "drift"].map(|entry| {
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
    });
    let entries = [&bodies, &velocities, &rules];
    let entries: Vec<_> = (0..)
        .zip(entries)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &layout,
        entries: &entries,
    });

    let (mut host, mut checked) = (vec![0; back.size() as usize], false);
    let step = move |host: &mut Vec<u8>, read_back: bool| -> Result<()> {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_bind_group(0, &group, &[]);
        for pipeline in [&attract, &drift] {
            pass.set_pipeline(pipeline);
            pass.dispatch_workgroups(rows.div_ceil(64), 1, 1);
        }
        drop(pass);
        if read_back {
            encoder.copy_buffer_to_buffer(&bodies, 0, &back, 0, bodies.size());
            encoder.copy_buffer_to_buffer(&velocities, 0, &back, bodies.size(), velocities.size());
        }
        queue.submit([encoder.finish()]);
        if read_back {
            back.map_async(wgpu::MapMode::Read, .., |_| {});
        }
        device.poll(wgpu::PollType::wait_indefinitely())?;
        if read_back {
            host.copy_from_slice(&back.get_mapped_range(..)?);
            back.unmap();
        }
        Ok(())
    };
    single(move || {
        let start_ns = now_ns();
        for last in 1..=STEPS {
            step(&mut host, read_back || (!checked && last == STEPS))?;
        }
        let ms = (now_ns() - start_ns) as f64 / STEPS as f64 / 1e6;
        if !checked {
            for (found, wanted) in host.chunks_exact(16).zip(&wanted) {
                let at = |place: usize| {
                    f32::from_le_bytes(found[4 * place..][..4].try_into().expect("4 bytes"))
                };
                let apart = (layerw::math::Vec3::new(at(0), at(1), at(2)) - wanted.at).length();
                ensure!(apart < 1e-4, "a body is {apart} from where the twin has it");
            }
            checked = true;
        }
        Ok(ms)
    })
}
