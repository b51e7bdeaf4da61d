//! Work for a device: arrays of rows, passes over them, and the way back.
//!
//! ```text
//!   upload ─┐
//!   upload ─┤ staging ring ──copy──> arrays ──dispatch──> arrays ──copy──> reading ──wait──> bytes
//!   context ┘      ^                                                          │
//!                  └──────────────── recycled when its submission is done ────┘
//! ```
//!
//! Commands are collected until [`Gpu::submit`]; everything after one another, so what a pass writes, the next one sees.

mod array;
mod pass;
mod reading;
mod staging;
mod timing;

use std::sync::Arc;

pub use array::Array;
pub use pass::{Bound, Context, Pass};
pub use reading::Reading;

use crate::device::{self, Adapter, Health, Limits, Wanted};
use crate::error::{Lost, NoGpu};
use staging::Staging;
use timing::Timing;

/// An open device and all that belongs to it. Stays on the thread that opened it.
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    adapter: Adapter,
    limits: Limits,
    health: Arc<Health>,
    encoder: Option<wgpu::CommandEncoder>,
    staging: Staging,
    readings: Vec<reading::Chunk>,
    contexts: pass::Contexts,
    timing: Option<Timing>,
    /// Of buffers.
    next_id: u64,
    last: Option<wgpu::SubmissionIndex>,
    figures: Figures,
}

/// What a device has done so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Figures {
    /// Buffers made, of any kind.
    pub buffers_created: u64,
    /// Bind groups made.
    pub groups_created: u64,
    /// Times that commands were handed to the driver.
    pub submissions: u64,
    /// Dispatches.
    pub dispatches: u64,
    /// Bytes of rows and values copied to the device.
    pub uploaded: u64,
    /// Bytes of rows copied back.
    pub read: u64,
}

impl Gpu {
    /// Opens the best adapter that fits.
    ///
    /// # Errors
    /// None is wanted, there is none, or it gives no device.
    pub fn open(wanted: &Wanted) -> Result<Gpu, NoGpu> {
        Ok(Gpu::with(device::open(wanted)?))
    }

    /// Opens the best adapter to draw with, which need not compute; a program that pretends to be a GPU draws as well.
    ///
    /// # Errors
    /// There is none, or it gives no device.
    pub fn open_to_draw() -> Result<Gpu, NoGpu> {
        Ok(Gpu::with(device::open_to_draw()?))
    }

    pub(crate) fn with(opened: device::Opened) -> Gpu {
        let contexts = pass::Contexts::new(&opened.device);
        let timing = opened
            .timestamps
            .then(|| Timing::new(&opened.device, opened.queue.get_timestamp_period()));
        let figures = Figures {
            buffers_created: 1 + u64::from(timing.is_some()),
            ..Figures::default()
        };
        Gpu {
            device: opened.device,
            queue: opened.queue,
            adapter: opened.adapter,
            limits: opened.limits,
            health: opened.health,
            encoder: None,
            staging: Staging::default(),
            readings: Vec::new(),
            contexts,
            timing,
            next_id: 0,
            last: None,
            figures,
        }
    }

    /// What it runs on.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// What it can do at most.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What it has done.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// Invocations of a group that suit the adapter.
    pub fn workgroup(&self) -> u32 {
        self.limits.workgroup.min(64)
    }

    /// Whether the device still works.
    ///
    /// # Errors
    /// It is lost, or refused something that it should not have; nothing that was not read back before is to be had from it.
    pub fn check(&self) -> Result<(), Lost> {
        match self.health.illness() {
            None => Ok(()),
            Some(why) => Err(self.lost(why)),
        }
    }

    /// Destroys the device, as if the driver had lost it: for tests.
    pub fn lose(&self) {
        self.device.destroy();
        // The callback runs here.
        let _ = self.device.poll(wgpu::PollType::Poll);
    }

    pub(crate) fn lost(&self, why: String) -> Lost {
        Lost {
            name: self.adapter.name.clone(),
            why,
        }
    }

    /// The commands so far.
    pub(crate) fn encoder(&mut self) -> &mut wgpu::CommandEncoder {
        let device = &self.device;
        self.encoder.get_or_insert_with(|| {
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
        })
    }

    /// Hands all commands to the driver, if there are any.
    pub fn submit(&mut self) {
        let Some(encoder) = self.encoder.take() else {
            return;
        };
        self.staging.close();
        let index = self.queue.submit([encoder.finish()]);
        self.figures.submissions += 1;
        self.staging.fly(&index);
        self.last = Some(index);
    }

    pub(crate) fn buffer(&mut self, label: &str, size: u64, usage: wgpu::BufferUsages) -> Buffer {
        self.figures.buffers_created += 1;
        self.next_id += 1;
        let descriptor = wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        };
        Buffer {
            id: self.next_id,
            raw: self.device.create_buffer(&descriptor),
        }
    }
}

/// A buffer with a number of its own, by which bind groups are found again.
#[derive(Debug)]
pub(crate) struct Buffer {
    id: u64,
    pub(crate) raw: wgpu::Buffer,
}

#[cfg(test)]
mod tests;
