//! The way back: rows are copied into a chunk that the CPU can see once the device has come so far.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::timing::Timing;
use super::{Array, Gpu};
use crate::error::Lost;

/// Bytes of the smallest chunk.
const CHUNK_MIN: u64 = 64 << 10;

/// How long a device may take until it counts as lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A buffer that the CPU reads.
pub(super) struct Chunk {
    buffer: wgpu::Buffer,
    size: u64,
    /// [`WAITING`], [`THERE`] or [`NEVER`].
    state: Arc<AtomicU8>,
}

const WAITING: u8 = 0;
const THERE: u8 = 1;
const NEVER: u8 = 2;

/// Rows on their way back, in the order in which they were asked for.
#[must_use = "what is read has to be waited for"]
pub struct Reading {
    chunk: Chunk,
    used: u64,
    index: Option<wgpu::SubmissionIndex>,
    /// Pairs of times at the end.
    times: u32,
}

impl Gpu {
    /// Begins to read so many bytes at most, after what was dispatched so far.
    pub fn read(&mut self, bytes: u64) -> Reading {
        let bytes = bytes + self.timing.as_ref().map_or(0, |timing| timing.bytes());
        let fits = self.readings.iter().position(|chunk| chunk.size >= bytes);
        let chunk = match fits {
            Some(place) => self.readings.swap_remove(place),
            None => {
                let size = bytes.next_power_of_two().max(CHUNK_MIN);
                let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                Chunk {
                    buffer: self.buffer("layerw reading", size, usage).raw,
                    size,
                    state: Arc::new(AtomicU8::new(WAITING)),
                }
            }
        };
        Reading {
            chunk,
            used: 0,
            index: None,
            times: 0,
        }
    }

    /// Adds rows of an array to what is read.
    ///
    /// # Panics
    /// They are more than were announced.
    pub fn read_rows(&mut self, reading: &mut Reading, array: &Array, first: u32, rows: u32) {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(
                self.device
                    .create_command_encoder(&wgpu::CommandEncoderDescriptor::default()),
            ),
        };
        Gpu::parts(array, first, rows, |buffer, offset, bytes| {
            assert!(
                reading.used + bytes <= reading.chunk.size,
                "more is read than was announced"
            );
            encoder.copy_buffer_to_buffer(
                buffer,
                offset,
                &reading.chunk.buffer,
                reading.used,
                bytes,
            );
            reading.used += bytes;
            self.figures.read += bytes;
        });
    }

    /// Adds a whole texture to what is read, with rows of `row_bytes` each.
    ///
    /// # Panics
    /// It is more than was announced.
    pub(crate) fn read_texture(
        &mut self,
        reading: &mut Reading,
        texture: &wgpu::Texture,
        row_bytes: u32,
    ) {
        let bytes = u64::from(row_bytes) * u64::from(texture.height());
        assert!(
            reading.used + bytes <= reading.chunk.size,
            "more is read than was announced"
        );
        let layout = wgpu::TexelCopyBufferLayout {
            offset: reading.used,
            bytes_per_row: Some(row_bytes),
            rows_per_image: None,
        };
        self.encoder().copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &reading.chunk.buffer,
                layout,
            },
            texture.size(),
        );
        reading.used += bytes;
        self.figures.read += bytes;
    }

    /// Hands all commands to the driver; the rows come back while others work.
    pub fn send(&mut self, reading: &mut Reading) {
        if let Some(timing) = &mut self.timing
            && timing.pending() > 0
        {
            let at = reading.used.next_multiple_of(8);
            let device = &self.device;
            let encoder = self.encoder.get_or_insert_with(|| {
                device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
            });
            reading.times = timing.resolve(encoder, &reading.chunk.buffer, at);
        }
        self.submit();
        reading.index = self.last.clone();
        // Relaxed: nobody else looks at it before the callback.
        reading.chunk.state.store(WAITING, Ordering::Relaxed);
        let state = Arc::clone(&reading.chunk.state);
        reading
            .chunk
            .buffer
            .map_async(wgpu::MapMode::Read, .., move |result| {
                let came = if result.is_ok() { THERE } else { NEVER };
                // Release: the bytes are read by whoever sees this.
                state.store(came, Ordering::Release);
            });
    }

    /// Waits for the rows and calls `take` with all of them, one after another, without gaps.
    ///
    /// # Errors
    /// The device was lost before they came.
    pub fn wait<R>(&mut self, reading: Reading, take: impl FnOnce(&[u8]) -> R) -> Result<R, Lost> {
        let wait = wgpu::PollType::Wait {
            submission_index: reading.index.clone(),
            timeout: Some(PATIENCE),
        };
        let polled = self.device.poll(wait);
        self.check()?;
        if let Err(error) = polled {
            return Err(self.lost(error.to_string()));
        }
        // Acquire: pairs with the store in the callback.
        if reading.chunk.state.load(Ordering::Acquire) != THERE {
            return Err(self.lost("a buffer cannot be mapped".to_owned()));
        }
        let all = reading.used.next_multiple_of(8) + Timing::BYTES * u64::from(reading.times);
        let view = reading.chunk.buffer.get_mapped_range(..all.max(8));
        let view = view.map_err(|error| self.lost(error.to_string()))?;
        let taken = take(&view[..reading.used as usize]);
        if let Some(timing) = &mut self.timing {
            timing.take(
                &view[reading.used.next_multiple_of(8) as usize..],
                reading.times,
            );
        }
        drop(view);
        reading.chunk.buffer.unmap();
        self.readings.push(reading.chunk);
        Ok(taken)
    }
}
