//! Rows in memory of the device, cut into buffers where the adapter does not let a pass see all of them at once.

use super::{Buffer, Gpu};
use crate::device::Limits;

/// Rows of one kind on the device.
#[derive(Debug)]
pub struct Array {
    stride: u32,
    /// Rows of all buffers but the last: a power of two, so that the buffers of several arrays end at common rows.
    segment_rows: u32,
    capacity: u32,
    segments: Vec<Buffer>,
}

/// The fewest rows that a buffer is made for. Rows of a part of an array begin at multiples of it, so that parts of any stride are aligned as adapters want it: 64 rows of
/// 4 bytes are 256.
pub(super) const ROWS_MIN: u32 = 64;

impl Array {
    /// An empty array of rows of so many bytes, a multiple of 4. `None` where the adapter lets a pass see too few of them.
    pub fn new(stride: u32, limits: Limits) -> Option<Array> {
        let bytes = limits.binding_bytes.min(limits.buffer_bytes);
        let rows = u32::try_from(bytes / u64::from(stride.max(4))).unwrap_or(u32::MAX);
        let segment_rows = 1 << rows.checked_ilog2()?;
        (segment_rows >= ROWS_MIN && stride.is_multiple_of(4)).then_some(Array {
            stride,
            segment_rows,
            capacity: 0,
            segments: Vec::new(),
        })
    }

    /// Bytes of a row.
    pub fn stride(&self) -> u32 {
        self.stride
    }

    /// Rows that there is room for.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Rows that a pass can see together.
    pub fn segment_rows(&self) -> u32 {
        self.segment_rows
    }

    /// The buffer that a row stands in, and where.
    pub(super) fn find(&self, row: u32) -> (&Buffer, u64) {
        let segment = &self.segments[(row / self.segment_rows) as usize];
        (
            segment,
            u64::from(row % self.segment_rows) * u64::from(self.stride),
        )
    }

    /// The rows from `first` on that stand in one buffer, at most `rows`.
    fn run(&self, first: u32, rows: u32) -> u32 {
        rows.min(self.segment_rows - first % self.segment_rows)
    }
}

impl Gpu {
    /// Makes room for rows. True where that took new buffers: then what stood in the array is forgotten.
    pub fn reserve(&mut self, array: &mut Array, rows: u32) -> bool {
        if rows <= array.capacity {
            return false;
        }
        array.segments.clear();
        let whole = rows.next_power_of_two().clamp(ROWS_MIN, array.segment_rows);
        let count = rows.div_ceil(whole);
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::UNIFORM
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC;
        for _ in 0..count {
            let bytes = u64::from(whole) * u64::from(array.stride);
            let buffer = self.buffer("layerw rows", bytes, usage);
            array.segments.push(buffer);
        }
        array.capacity = whole.saturating_mul(count);
        true
    }

    /// Copies rows to the device, from row `first` on; what was dispatched before sees what was there before.
    ///
    /// # Panics
    /// There is no room, or the bytes are no whole rows.
    pub fn upload(&mut self, array: &Array, first: u32, bytes: &[u8]) {
        let stride = array.stride as usize;
        assert!(
            bytes.len().is_multiple_of(stride),
            "{} bytes are no rows of {stride}",
            bytes.len()
        );
        self.figures.uploaded += bytes.len() as u64;
        let (mut first, mut rest) = (first, bytes);
        while !rest.is_empty() {
            let rows = array.run(first, (rest.len() / stride) as u32);
            let (part, after) = rest.split_at(rows as usize * stride);
            let (buffer, offset) = array.find(first);
            let target = buffer.raw.clone();
            self.stage(part, &target, offset);
            (first, rest) = (first + rows, after);
        }
    }

    /// Copies rows from one array to another of the same stride.
    ///
    /// # Panics
    /// There is no room.
    pub fn copy(&mut self, from: &Array, source: u32, to: &Array, target: u32, rows: u32) {
        debug_assert_eq!(from.stride, to.stride);
        let (mut done, stride) = (0, u64::from(from.stride));
        while done < rows {
            let run = to.run(target + done, from.run(source + done, rows - done));
            let (source, at) = from.find(source + done);
            let (target, to) = to.find(target + done);
            self.encoder().copy_buffer_to_buffer(
                &source.raw,
                at,
                &target.raw,
                to,
                u64::from(run) * stride,
            );
            done += run;
        }
    }

    /// Calls `part` with each buffer's part of some rows.
    pub(super) fn parts(
        array: &Array,
        first: u32,
        rows: u32,
        mut part: impl FnMut(&wgpu::Buffer, u64, u64),
    ) {
        let mut done = 0;
        while done < rows {
            let run = array.run(first + done, rows - done);
            let (buffer, offset) = array.find(first + done);
            part(
                &buffer.raw,
                offset,
                u64::from(run) * u64::from(array.stride),
            );
            done += run;
        }
    }
}
