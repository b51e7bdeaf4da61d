//! Memory through which bytes go to the device: chunks that the CPU writes and the device copies from, used again when the device has done so.
//!
//! ```text
//!   idle (mapped) ──take──> open (being written) ──submit──> flying ──done and mapped again──> idle
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Gpu;

/// Bytes of the smallest chunk.
const CHUNK_MIN: u64 = 256 << 10;

/// Chunks in flight from which on one waits for the oldest instead of making more, as long as it is large enough.
const FLYING_MOST: usize = 8;

struct Chunk {
    buffer: wgpu::Buffer,
    size: u64,
    used: u64,
    mapped: Arc<AtomicBool>,
}

/// The ring.
#[derive(Default)]
pub(super) struct Staging {
    idle: Vec<Chunk>,
    open: Vec<Chunk>,
    flying: VecDeque<(wgpu::SubmissionIndex, Chunk)>,
}

impl Staging {
    /// Ends writing, before commands are handed over.
    pub(super) fn close(&mut self) {
        for chunk in &self.open {
            chunk.buffer.unmap();
        }
    }

    /// All that was written is in flight; it is mapped again when it has landed.
    pub(super) fn fly(&mut self, index: &wgpu::SubmissionIndex) {
        for mut chunk in self.open.drain(..) {
            chunk.used = 0;
            // Relaxed: nobody else looks at it before the callback.
            chunk.mapped.store(false, Ordering::Relaxed);
            let mapped = Arc::clone(&chunk.mapped);
            chunk
                .buffer
                .map_async(wgpu::MapMode::Write, .., move |result| {
                    // Release: the chunk is written by whoever sees this.
                    mapped.store(result.is_ok(), Ordering::Release);
                });
            self.flying.push_back((index.clone(), chunk));
        }
    }

    /// Brings back what has landed, oldest first.
    fn land(&mut self) {
        // Acquire: pairs with the store in the callback.
        let landed = |(_, chunk): &(_, Chunk)| chunk.mapped.load(Ordering::Acquire);
        while self.flying.front().is_some_and(landed) {
            self.idle
                .extend(self.flying.pop_front().map(|(_, chunk)| chunk));
        }
    }
}

impl Gpu {
    /// Writes bytes, a multiple of 4, to a place of a buffer, by way of a chunk.
    pub(crate) fn stage(&mut self, bytes: &[u8], target: &wgpu::Buffer, offset: u64) {
        let size = bytes.len() as u64;
        let place = match self
            .staging
            .open
            .iter()
            .position(|chunk| chunk.size - chunk.used >= size)
        {
            Some(place) => place,
            None => {
                let chunk = self.chunk(size);
                self.staging.open.push(chunk);
                self.staging.open.len() - 1
            }
        };
        let chunk = &mut self.staging.open[place];
        let at = chunk.used;
        // Mapped ranges begin at multiples of 8.
        chunk.used = (at + size).next_multiple_of(8);
        // It refuses only where the device is lost, which whoever waits will be told.
        if let Ok(mut view) = chunk.buffer.get_mapped_range_mut(at..at + size) {
            view.copy_from_slice(bytes);
        }
        let source = chunk.buffer.clone();
        self.encoder()
            .copy_buffer_to_buffer(&source, at, target, offset, size);
    }

    /// A mapped chunk with room for so many bytes.
    fn chunk(&mut self, size: u64) -> Chunk {
        self.staging.land();
        if self.staging.flying.len() >= FLYING_MOST {
            let oldest = self
                .staging
                .flying
                .front()
                .filter(|(_, chunk)| chunk.size >= size);
            if let Some((index, _)) = oldest {
                let wait = wgpu::PollType::Wait {
                    submission_index: Some(index.clone()),
                    timeout: Some(super::reading::PATIENCE),
                };
                let _ = self.device.poll(wait);
                self.staging.land();
            }
        }
        let fits = self
            .staging
            .idle
            .iter()
            .position(|chunk| chunk.size >= size);
        if let Some(place) = fits {
            return self.staging.idle.swap_remove(place);
        }
        let size = size.next_power_of_two().max(CHUNK_MIN);
        self.figures.buffers_created += 1;
        Chunk {
            buffer: self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("layerw staging"),
                size,
                usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            }),
            size,
            used: 0,
            mapped: Arc::new(AtomicBool::new(true)),
        }
    }
}
