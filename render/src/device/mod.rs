//! Adapters: which there are, which is taken, and what it can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::NoGpu;

/// Whether a GPU is used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Choice {
    /// If there is one; a program that pretends to be one is none.
    #[default]
    Auto,
    /// No.
    Off,
    /// Yes, any: without one it is an error.
    Require,
}

/// What sort of thing an adapter is, best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU beside the CPU.
    Integrated,
    /// A part of a GPU.
    Virtual,
    /// Nobody knows.
    Other,
    /// A program on the CPU.
    Software,
}

impl Kind {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Discrete => "discrete GPU",
            Kind::Integrated => "integrated GPU",
            Kind::Virtual => "virtual GPU",
            Kind::Other => "unknown kind",
            Kind::Software => "software",
        }
    }
}

/// An adapter, for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Adapter {
    /// As the driver calls it.
    pub name: String,
    /// The driver and its version, as far as it tells.
    pub driver: String,
    /// `vulkan`, `gl`.
    pub api: String,
    /// What sort of thing it is.
    pub kind: Kind,
    /// Whether it runs compute passes.
    pub computes: bool,
    /// What it can do at most.
    pub limits: Limits,
}

/// Sizes that an adapter has an end of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of an array that a pass can see.
    pub binding_bytes: u64,
    /// Bytes of a buffer.
    pub buffer_bytes: u64,
    /// Groups in each direction.
    pub groups: u32,
    /// Invocations of a group.
    pub workgroup: u32,
    /// Arrays and values that a pass can have.
    pub columns: u32,
}

impl Limits {
    /// The smaller of each.
    #[must_use]
    pub fn at_most(self, other: Limits) -> Limits {
        Limits {
            binding_bytes: self.binding_bytes.min(other.binding_bytes),
            buffer_bytes: self.buffer_bytes.min(other.buffer_bytes),
            groups: self.groups.min(other.groups),
            workgroup: self.workgroup.min(other.workgroup),
            columns: self.columns.min(other.columns),
        }
    }

    fn of(limits: &wgpu::Limits) -> Limits {
        Limits {
            binding_bytes: limits.max_storage_buffer_binding_size,
            buffer_bytes: limits.max_buffer_size,
            groups: limits.max_compute_workgroups_per_dimension,
            workgroup: limits
                .max_compute_workgroup_size_x
                .min(limits.max_compute_invocations_per_workgroup),
            columns: limits.max_storage_buffers_per_shader_stage,
        }
    }
}

/// Which device to open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Whether one is wanted at all.
    pub choice: Choice,
    /// Less than the adapter can do: for tests of how work is split.
    pub at_most: Option<Limits>,
}

/// All adapters of this machine, the best first.
pub fn adapters() -> Vec<Adapter> {
    ranked(&windowless()).iter().map(facts).collect()
}

/// What adapters are asked of where there is no window.
fn windowless() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle())
}

/// Adapters in order of preference.
fn ranked(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    let found = instance.enumerate_adapters(wgpu::Backends::VULKAN | wgpu::Backends::GL);
    let mut adapters = pollster::block_on(found);
    adapters.sort_by_key(|adapter| {
        let facts = facts(adapter);
        let is_gl = adapter.get_info().backend == wgpu::Backend::Gl;
        (!facts.computes, facts.kind, is_gl)
    });
    adapters
}

fn facts(adapter: &wgpu::Adapter) -> Adapter {
    let info = adapter.get_info();
    let limits = Limits::of(&adapter.limits());
    let flags = adapter.get_downlevel_capabilities().flags;
    // OpenGL tells a program by its name only.
    let lower = info.name.to_lowercase();
    let pretends = ["llvmpipe", "swiftshader", "softpipe"]
        .iter()
        .any(|name| lower.contains(name));
    let kind = match info.device_type {
        _ if pretends => Kind::Software,
        wgpu::DeviceType::DiscreteGpu => Kind::Discrete,
        wgpu::DeviceType::IntegratedGpu => Kind::Integrated,
        wgpu::DeviceType::VirtualGpu => Kind::Virtual,
        wgpu::DeviceType::Cpu => Kind::Software,
        wgpu::DeviceType::Other => Kind::Other,
    };
    let driver = format!("{} {}", info.driver, info.driver_info);
    Adapter {
        name: info.name,
        driver: driver.trim().to_owned(),
        api: info.backend.to_string(),
        kind,
        computes: flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
            && limits.columns >= 4
            && limits.workgroup > 0,
        limits,
    }
}

/// A device just opened.
pub(crate) struct Opened {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) adapter: Adapter,
    pub(crate) limits: Limits,
    pub(crate) health: Arc<Health>,
    /// Whether passes can be timed.
    pub(crate) timestamps: bool,
}

/// Opens the best adapter that fits.
pub(crate) fn open(wanted: &Wanted) -> Result<Opened, NoGpu> {
    if wanted.choice == Choice::Off {
        return Err(NoGpu::Off);
    }
    let all = ranked(&windowless());
    let best = all.iter().find(|adapter| facts(adapter).computes);
    let best = best.ok_or(NoGpu::NoAdapter)?;
    let adapter = facts(best);
    if wanted.choice == Choice::Auto && adapter.kind == Kind::Software {
        return Err(NoGpu::OnlySoftware { name: adapter.name });
    }
    let limits = wanted
        .at_most
        .map_or(adapter.limits, |most| adapter.limits.at_most(most));
    request(best, adapter, limits)
}

/// Opens the best adapter to draw with.
pub(crate) fn open_to_draw() -> Result<Opened, NoGpu> {
    let all = ranked(&windowless());
    // Those that compute first, which are those that draw best.
    let best = all.first().ok_or(NoGpu::NothingDraws)?;
    let adapter = facts(best);
    let limits = adapter.limits;
    request(best, adapter, limits)
}

/// Whether there are any.
pub(crate) fn has_adapters(instance: &wgpu::Instance) -> bool {
    !ranked(instance).is_empty()
}

/// Opens the best adapter that draws on a surface, and says what the surface can.
pub(crate) fn open_on(
    instance: &wgpu::Instance,
    surface: &wgpu::Surface<'_>,
) -> Result<(Opened, wgpu::SurfaceCapabilities), NoGpu> {
    let all = ranked(instance);
    let mut able = all
        .iter()
        .map(|adapter| (adapter, surface.get_capabilities(adapter)));
    let best = able.find(|(_, can)| !can.formats.is_empty());
    let (best, can) = best.ok_or(NoGpu::NothingShows)?;
    let adapter = facts(best);
    let limits = adapter.limits;
    Ok((request(best, adapter, limits)?, can))
}

/// Asks an adapter for a device.
fn request(best: &wgpu::Adapter, adapter: Adapter, limits: Limits) -> Result<Opened, NoGpu> {
    let features = best.features() & wgpu::Features::TIMESTAMP_QUERY;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("layerw"),
        required_features: features,
        required_limits: wgpu::Limits {
            max_storage_buffer_binding_size: limits.binding_bytes,
            max_compute_workgroups_per_dimension: limits.groups,
            ..best.limits()
        },
        ..wgpu::DeviceDescriptor::default()
    };
    let (device, queue) =
        pollster::block_on(best.request_device(&descriptor)).map_err(|error| {
            let why = one_line(&error.to_string());
            NoGpu::Refused {
                name: adapter.name.clone(),
                why,
            }
        })?;
    let health = Arc::new(Health::default());
    let seen = Arc::clone(&health);
    device.set_device_lost_callback(move |_, message| seen.note(&message));
    let seen = Arc::clone(&health);
    // Without this, wgpu ends the program.
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        seen.note(&error.to_string())
    }));
    Ok(Opened {
        device,
        queue,
        adapter,
        limits,
        health,
        timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
    })
}

/// Whether a device still works.
#[derive(Debug, Default)]
pub(crate) struct Health {
    ill: AtomicBool,
    why: Mutex<String>,
}

impl Health {
    fn note(&self, message: &str) {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        // The first tells most.
        if why.is_empty() {
            *why = one_line(message);
        }
        // Release: whoever sees the flag sees the reason, which a lock guards anyway.
        self.ill.store(true, Ordering::Release);
    }

    /// Why it does not.
    pub(crate) fn illness(&self) -> Option<String> {
        // Acquire: pairs with the store above.
        let ill = self.ill.load(Ordering::Acquire);
        ill.then(|| {
            let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
            match why.is_empty() {
                true => "the driver gives no reason".to_owned(),
                false => why.clone(),
            }
        })
    }
}

/// Drivers write paragraphs.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
